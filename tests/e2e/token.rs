//! Keys of a PKCS#11 token. This crate asks for the feature of `sign` that reads a module, so that the tests of `sign` have it; what users
//! download is static, cannot load one, and says what does the same.

use std::process::Command;

use crate::support::{say, static_binary};

#[test]
fn a_static_binary_says_what_does_the_same_as_a_module_of_pkcs11() {
    let Some(lw) = static_binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.bin"), "firmware").unwrap();
    let mut command = Command::new(lw);
    command.args(["sign", "sign", "--input", "app.bin", "--output", "app.sig"]);
    command.args(["--key", "pkcs11:token=ci;id=%01?module-path=/usr/lib/softhsm/libsofthsm2.so"]);
    // As on a laptop: what the variables of a CI say of a run is no part of this.
    let said = say(command.current_dir(folder.path()).env_clear());
    assert_eq!(said.code, 2, "{}{}", said.stdout, said.stderr);
    for words in [
        "a PKCS#11 module is not read",
        "a static program cannot load one",
        "--key 'exec:/usr/bin/pkcs11-tool",
    ] {
        assert!(said.stderr.contains(words), "{words}: {}", said.stderr);
    }
    assert!(!folder.path().join("app.sig").exists());
}
