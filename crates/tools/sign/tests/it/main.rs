//! sign as its users meet it: the binary, on files made here and on third-party ones, with the programs of the other side
//! as judges.

#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]
// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod artifacts;
mod bad_input;
mod detached;
mod embedded;
mod fixtures;
mod forks;
mod keys;
mod pkcs11;
mod secrets;
mod two_steps;

#[cfg(unix)]
#[cfg(target_os = "linux")]
mod memory;
#[cfg(unix)]
mod programs;
#[cfg(unix)]
mod softhsm;

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use lw_model::Level;
use lw_package::lw::{Compression, Writer, room};
use lw_package::{Expected, Image, ImageKind, Manifest, Sha256};
use lw_signature::{KeyKind, PrivateKey, Signer as _};
use lw_testkit::tool::{Run, ToolBinary, transcripts, words};

const SIGN: ToolBinary = ToolBinary::new(env!("CARGO_BIN_EXE_sign"));

const RSA_2048: KeyKind = KeyKind::Rsa { bits: 2048 };
const RSA_3072: KeyKind = KeyKind::Rsa { bits: 3072 };

#[test]
fn every_call_prints_what_it_did() {
    transcripts();
}

/// A folder with a file to sign, where keys are made and programs run.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        desk.write("app.bin", bytes);
        desk
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), bytes).unwrap();
    }

    /// A file that nobody else can read.
    fn write_private(&self, name: &str, bytes: impl AsRef<[u8]>) {
        self.write(name, bytes);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let private = fs::Permissions::from_mode(0o600);
            fs::set_permissions(self.path().join(name), private).unwrap();
        }
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn has(&self, name: &str) -> bool {
        self.path().join(name).exists()
    }

    /// A new key: `NAME.pem` and `NAME.pub.pem`.
    fn key(&self, kind: KeyKind, name: &str) -> PrivateKey {
        let key = PrivateKey::generate(kind).unwrap();
        self.write_private(&format!("{name}.pem"), key.to_pem().unwrap().as_bytes());
        self.write(&format!("{name}.pub.pem"), key.public_key().to_spki_pem());
        key
    }

    /// An lw package of one image.
    fn package(&self, name: &str) {
        let mut draft = Manifest::new("1.2.3");
        draft.images.push(Image::new("board", ImageKind::EspApp));
        let bytes = b"firmware ".repeat(1000);
        let mut writer = Writer::new(Cursor::new(Vec::new()), room(&draft)).unwrap();
        let mut image = writer.image("board", Compression::None).unwrap();
        image.write_all(&bytes).unwrap();
        let (size, sha256) = (Some(bytes.len() as u64), Some(Sha256::of(&bytes)));
        image.finish(Expected { size, sha256 }).unwrap();
        let (file, _) = writer.finish(draft).unwrap();
        self.write(name, file.into_inner());
    }

    /// A copy of a third-party file, when it is there.
    fn shared(&self, path: &str, name: &str) -> Option<()> {
        let from = lw_testkit::shared_fixture(&format!("ota/{path}"))?;
        fs::copy(from, self.path().join(name)).unwrap();
        Some(())
    }

    fn run(&self, line: &str) -> Run {
        SIGN.run(self.path(), &words(line), &[])
    }

    /// A run that has to succeed.
    fn passes(&self, line: &str) -> Run {
        let run = self.run(line);
        assert_eq!(run.code, 0, "{line}: {}{}", run.stdout, run.stderr);
        run
    }

    /// A run that has to find something wrong: exit code 1 and one error of this rule, which says this.
    fn finds(&self, line: &str, rule: &str, says: &str) {
        let run = self.run(line);
        assert_eq!(run.code, 1, "{line}: {}{}", run.stdout, run.stderr);
        assert_eq!(run.found(Level::Error), [rule], "{line}: {}", run.stdout);
        let findings = &run.report().findings;
        let said =
            findings.iter().any(|finding| finding.level == Level::Error && finding.message.contains(says));
        assert!(said, "{line}: {says:?} is not said in {findings:#?}");
    }

    /// A run that has to refuse, with this exit code and these words on standard error, and that writes no `out`.
    fn refuses(&self, line: &str, code: i32, says: &[&str]) {
        self.refuses_with(line, &[], code, says);
    }

    fn refuses_with(&self, line: &str, env: &[(&str, &str)], code: i32, says: &[&str]) {
        let run = SIGN.run(self.path(), &words(line), env);
        assert_eq!(run.code, code, "{line}: {}{}", run.stdout, run.stderr);
        for says in says {
            // Lines are broken where the terminal ends.
            let said: Vec<&str> = run.stderr.split_whitespace().collect();
            assert!(said.join(" ").contains(says), "{line}: {says:?} is not said: {}", run.stderr);
        }
        assert!(!self.has("out"), "{line}: something was written");
    }

    /// Whether a program accepts, and what it says; `''` is an empty word.
    fn judge(&self, program: &Path, line: &str) -> (bool, String) {
        let words = line.split_whitespace().map(|word| if word == "''" { "" } else { word });
        let output = Command::new(program).current_dir(self.path()).args(words).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    /// A program that has to succeed; what it says.
    fn must(&self, program: &Path, line: &str) -> String {
        let (accepted, text) = self.judge(program, line);
        assert!(accepted, "{} {line}: {text}", program.display());
        text
    }

    /// Changes one bit of a file.
    fn flip(&self, name: &str, at: usize) {
        let mut bytes = self.read(name);
        bytes[at] ^= 1;
        self.write(name, bytes);
    }
}

/// A program the tests need, or nothing where it may be missing.
fn program(name: &str) -> Option<PathBuf> {
    lw_testkit::program(name)
}
