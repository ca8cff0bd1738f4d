//! What the tests share: the binary, the release tree, other programs.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

pub(crate) use lw_testkit::{e2e_cache, env, program, which};
use lw_testkit::{required, root, skip};

/// The target of the static binary for this machine.
pub(crate) fn target() -> String {
    format!("{}-unknown-linux-musl", std::env::consts::ARCH)
}

/// The suite's binary: what users download where everything is required, else a quickly built one.
pub(crate) fn binary() -> PathBuf {
    if required() || env("LW_E2E_BINARY").is_some() {
        static_binary().unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_lw-e2e")))
    } else {
        PathBuf::from(env!("CARGO_BIN_EXE_lw-e2e"))
    }
}

/// The static binary users download: the one `LW_E2E_BINARY` names, or one built here. Building it takes minutes, so
/// that is done only where it is required.
pub(crate) fn static_binary() -> Option<PathBuf> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            if let Some(given) = env("LW_E2E_BINARY") {
                return Some(PathBuf::from(given));
            }
            if !required() {
                return skip("LW_E2E_BINARY names no static binary");
            }
            let status = Command::new(env!("CARGO"))
                .args(["build", "--quiet", "--package", "lw", "--release", "--target", &target()])
                .current_dir(root())
                .status()
                .expect("cargo runs");
            assert!(status.success(), "the static binary is not built");
            // <target folder>/debug/lw-e2e
            let folder = Path::new(env!("CARGO_BIN_EXE_lw-e2e")).ancestors().nth(2).expect("a target folder");
            Some(folder.join(target()).join("release/lw"))
        })
        .clone()
}

/// A copy of the release tree with a binary in it, as `cargo xtask dist --with-binary` leaves it.
pub(crate) struct Tree {
    folder: tempfile::TempDir,
}

impl Tree {
    /// With this binary.
    pub(crate) fn with(binary: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("lw-tree-").tempdir().expect("a folder");
        copy_tree(&root().join("dist"), folder.path(), &["bin"]);
        let bin = folder.path().join("bin").join(target());
        std::fs::create_dir_all(&bin).expect("bin");
        std::fs::copy(binary, bin.join("lw")).expect("the binary is copied");
        // Containers and actions run as other users.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("readable");
        Self { folder }
    }

    /// With a binary that takes a moment to fail, for act on its own host: that does not wait for what a failing step has
    /// printed last (`exec` of its pkg/container/host_environment.go returns before the copy of the terminal is done).
    pub(crate) fn slow_to_fail(binary: &Path) -> Self {
        let tree = Self::with(Path::new("/bin/false"));
        let script = slow_to_fail(&binary.to_string_lossy(), "");
        write_program(&tree.path().join("bin").join(target()).join("lw"), &script);
        tree
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A script that runs a program, then a command, and takes a moment when the program has failed.
pub(crate) fn slow_to_fail(program: &str, then: &str) -> String {
    format!("#!/bin/sh\n{program} \"$@\"\ncode=$?\n{then}\n[ $code -eq 0 ] || sleep 1\nexit $code\n")
}

/// Copies files and folders, but for those of these names at the top.
pub(crate) fn copy_tree(from: &Path, to: &Path, without: &[&str]) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        if without.iter().any(|known| name == *known) {
            continue;
        }
        if entry.file_type().expect("a type").is_dir() {
            copy_tree(&entry.path(), &to.join(&name), &[]);
        } else {
            std::fs::copy(entry.path(), to.join(&name)).expect("a copy");
        }
    }
}

/// Writes a program.
pub(crate) fn write_program(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("executable");
}

/// What a program said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs a program to its end.
pub(crate) fn say(command: &mut Command) -> Said {
    command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", command.get_program().to_string_lossy()))
        .into()
}

/// Runs a program that has to succeed, and returns its standard output.
pub(crate) fn must(command: &mut Command) -> String {
    let said = say(command);
    let name = command.get_program().to_string_lossy().into_owned();
    let args: Vec<&OsStr> = command.get_args().collect();
    assert_eq!(said.code, 0, "{name} {args:?}\n{}\n{}", said.stdout, said.stderr);
    said.stdout
}
