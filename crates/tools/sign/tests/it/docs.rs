//! The commands of `docs/sign.md`, run as they are written.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::{Desk, program};

#[test]
fn every_command_of_the_page_does_what_it_says() {
    for name in ["openssl", "minisign", "signify-openbsd", "ssh-keygen", "espsecure", "imgtool"] {
        if program(name).is_none() {
            return;
        }
    }
    let page = fs::read_to_string(lw_testkit::root().join("docs/sign.md")).unwrap();
    let blocks: Vec<&str> = page
        .split("```sh\n")
        .skip(1)
        .map(|rest| rest.split_once("\n```").expect("a block that ends").0)
        .collect();
    assert!(blocks.len() >= 5, "the page has lost its commands");
    let desk = Desk::new();
    fs::rename(desk.path().join("app.bin"), desk.path().join("firmware.bin")).unwrap();
    let image = lw_testkit::tool::example("esp32c3").join("firmware.bin");
    fs::copy(image, desk.path().join("app.bin")).unwrap();
    // `lw sign …` of the page is the binary under test.
    let bin = desk.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let lw = format!(
        "#!/bin/sh\n[ \"$1\" = sign ] && shift && exec {} --config=none \"$@\"\n",
        env!("CARGO_BIN_EXE_sign")
    );
    fs::write(bin.join("lw"), lw).unwrap();
    fs::set_permissions(bin.join("lw"), fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["espsecure", "imgtool"] {
        std::os::unix::fs::symlink(program(name).unwrap(), bin.join(name)).unwrap();
    }
    let path = format!("{}:{}", bin.display(), lw_testkit::env("PATH").unwrap_or_default());
    for block in blocks {
        let mut shell = Command::new("sh");
        shell.args(["-eux", "-c", block]).current_dir(desk.path()).env_clear();
        let output = shell.env("PATH", &path).env("HOME", desk.path()).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{block}\n{}", String::from_utf8_lossy(&said));
    }
}
