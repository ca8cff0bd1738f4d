//! Called by a runner, which hands over every input of the action, also those of other commands.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use lw_cli::{Entry, inputs};
use lw_ota_package::OtaPackage;

use crate::common::files;
use crate::images::{Esp, noise};

/// What a runner sets: every input of the action, empty where the workflow does not set it.
fn as_action(folder: &Path, given: &[(&str, &str)]) -> Output {
    let entry = Entry::of::<OtaPackage>();
    let tool = entry.command();
    let mut run = Command::new(env!("CARGO_BIN_EXE_ota-package"));
    run.current_dir(folder).env_clear().env("LW_ACTION", "ota-package");
    for arg in tool.get_subcommands().flat_map(clap::Command::get_arguments).chain(tool.get_arguments()) {
        run.env(variable(&inputs::name_of(arg)), "");
    }
    for (name, value) in given {
        run.env(variable(name), value);
    }
    run.output().unwrap()
}

fn variable(name: &str) -> String {
    format!("INPUT_{}", name.replace('-', "_").to_ascii_uppercase())
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn every_command_is_an_action() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::write(at.join("old.bin"), Esp { version: "1.0.0", data: noise(9000, 1), ..Esp::default() }.build())
        .unwrap();
    fs::write(at.join("new.bin"), Esp { version: "1.1.0", data: noise(9004, 1), ..Esp::default() }.build())
        .unwrap();
    let steps: [&[(&str, &str)]; 8] = [
        &[("command", "inspect"), ("firmware", "old.bin\nnew.bin"), ("report", "report.json")],
        &[
            ("command", "package"),
            ("firmware", "old.bin"),
            ("board", "s3"),
            ("sequence", "1"),
            ("output", "old.ota"),
        ],
        &[
            ("command", "package"),
            ("firmware", "s3=new.bin\n"),
            ("from", "s3=old.bin"),
            ("version", " v1.1.0 "),
            ("previous", "old.ota"),
            ("compress", "zstd"),
            ("output", "new.ota"),
        ],
        &[("command", "unpack"), ("package", "new.ota"), ("output", "public")],
        &[("command", "diff"), ("from", "old.ota"), ("to", "new.ota")],
        &[("command", "serve-manifest"), ("package", "new.ota"), ("url", "/ota"), ("output", "latest.json")],
        &[
            ("command", "delta"),
            ("from", "old.bin"),
            ("to", "new.bin"),
            ("delta-format", "detools"),
            ("output", "patch"),
        ],
        &[
            ("command", "apply"),
            ("from", "old.bin"),
            ("patch", "patch"),
            ("allow-unverified", "true"),
            ("output", "made.bin"),
        ],
    ];
    for step in steps {
        let output = as_action(at, step);
        assert_eq!(code(&output), 0, "{step:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(fs::read(at.join("made.bin")).unwrap() == fs::read(at.join("new.bin")).unwrap());
    let made = files(at);
    for name in ["report.json", "old.ota", "new.ota", "public/manifest.json", "latest.json", "patch"] {
        assert!(made.iter().any(|file| file == name), "{name} is missing: {made:?}");
    }
}

#[test]
fn an_input_of_another_command_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp::default().build()).unwrap();
    let output =
        as_action(folder.path(), &[("command", "inspect"), ("firmware", "app.bin"), ("compress", "zstd")]);
    assert_eq!(code(&output), 2);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("the input `compress` does not belong to the command `inspect`"), "{text}");
    assert_eq!(code(&as_action(folder.path(), &[("firmware", "app.bin")])), 2, "no command");
}

#[test]
fn a_projects_file_holds_what_all_commands_share() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join(".git")).unwrap();
    fs::write(at.join("app.bin"), Esp::default().build()).unwrap();
    fs::write(
        at.join("lw.toml"),
        "[ota-package]\nfirmware = [\"app.bin\"]\nchip = [\"esp32c3\"]\nboard = \"s3\"\n",
    )
    .unwrap();
    for arguments in [&["inspect"][..], &["package", "--output=app.ota"]] {
        let run = Command::new(env!("CARGO_BIN_EXE_ota-package"))
            .args(arguments)
            .current_dir(at)
            .env_clear()
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
        assert_eq!(code(&run), 1, "{text}");
        assert!(text.contains("wanted is ESP32-C3"), "{text}");
    }
    // The command line wins.
    let run = Command::new(env!("CARGO_BIN_EXE_ota-package"))
        .args(["inspect", "app.bin", "--chip=esp32s3"])
        .current_dir(at)
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(code(&run), 0);
}
