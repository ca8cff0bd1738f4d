//! A token of softhsm, in the place of a card.

use std::path::{Path, PathBuf};

use lw_testkit::tool::words;

use crate::{Desk, program};

/// The PIN of its user.
pub(crate) const PIN: &str = "19283746";

/// A folder of tokens.
pub(crate) struct SoftHsm {
    /// The module that a program loads.
    pub(crate) module: &'static str,
    /// `pkcs11-tool`.
    pub(crate) tool: PathBuf,
    /// What `SOFTHSM2_CONF` has to be.
    pub(crate) configuration: String,
    util: PathBuf,
}

impl SoftHsm {
    /// With one token, `ci`; nothing where softhsm may be missing.
    pub(crate) fn new(desk: &Desk) -> Option<Self> {
        let (tool, util) = (program("pkcs11-tool")?, program("softhsm2-util")?);
        let module = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"];
        let module =
            module.into_iter().find(|path| Path::new(path).is_file()).expect("the module of softhsm");
        let folder = desk.path().display();
        std::fs::create_dir(desk.path().join("tokens")).unwrap();
        desk.write("softhsm.conf", format!("directories.tokendir = {folder}/tokens\n"));
        let softhsm = Self { module, tool, util, configuration: format!("{folder}/softhsm.conf") };
        softhsm.add_token("ci");
        Some(softhsm)
    }

    /// Another token.
    pub(crate) fn add_token(&self, label: &str) {
        self.must(&self.util, &format!("--init-token --free --label {label} --pin {PIN} --so-pin 5678"));
    }

    fn must(&self, program: &Path, line: &str) {
        let mut command = std::process::Command::new(program);
        command.args(words(line)).env("SOFTHSM2_CONF", &self.configuration);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// `pkcs11-tool`, logged into the token `ci`.
    pub(crate) fn asks(&self, line: &str) {
        let tool = self.tool.clone();
        self.must(&tool, &format!("--module {} --token-label ci --login --pin {PIN} {line}", self.module));
    }

    /// Makes a key in the token, and writes its public half to `LABEL.pub.pem`.
    pub(crate) fn key(&self, desk: &Desk, label: &str, id: &str, key_type: &str) {
        let openssl = program("openssl").expect("openssl");
        let der = desk.path().join("key.der");
        self.asks(&format!("--keypairgen --key-type {key_type} --label {label} --id {id}"));
        self.asks(&format!("--read-object --type pubkey --id {id} --output-file {}", der.display()));
        desk.must(&openssl, &format!("pkey -pubin -inform DER -in key.der -out {label}.pub.pem"));
    }

    /// Puts the key `LABEL.pem` into the token.
    #[cfg(feature = "pkcs11")]
    pub(crate) fn import(&self, desk: &Desk, label: &str, id: &str) {
        let file = desk.path().join(format!("{label}.pem"));
        let file = file.display();
        self.must(&self.util, &format!("--import {file} --token ci --label {label} --id {id} --pin {PIN}"));
    }

    /// `sign`, with the PIN in the variable `PIN`.
    #[cfg(feature = "pkcs11")]
    pub(crate) fn sign(&self, desk: &Desk, line: &[&str]) -> lw_testkit::tool::Run {
        crate::SIGN.run(desk.path(), line, &[("PIN", PIN), ("SOFTHSM2_CONF", &self.configuration)])
    }
}
