//! `keys`: makes keys, shows what names them, plans how one takes the place of another.

use std::path::{Path, PathBuf};

use lw_cli::{Context, Error};
use lw_model::{Align, Cell, Fact, Report, Table};
use lw_secret::Secret;
use lw_signature::{
    Hash, KeyKind, PassphraseFunction, PrivateKey, PublicKey, PublicKeyFile, Signer as _, key_id_text,
    known_test_key, secure_boot_v2,
};

use crate::args::{Keys, KeysAction, NewKey};
use crate::keys;

/// Runs one of the actions.
///
/// # Errors
/// When something is not given, or a key cannot be read or made.
pub(crate) fn run(args: &Keys, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    match args.action {
        Some(KeysAction::Make) => make(args, cx, report),
        Some(KeysAction::Show) => show(args, cx, report),
        Some(KeysAction::Rotate) => rotate(args, cx, report),
        None => {
            Err(Error::usage("keys: what to do is not given").hint("write make, show or rotate after `keys`"))
        }
    }
}

/// Makes a private key, and its public one beside it.
fn make(args: &Keys, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let Some(output) = &args.output.output else {
        return Err(
            Error::usage("--output is not given").hint("name the file of the private key: release.pem")
        );
    };
    let kind = match args.kind {
        NewKey::Rsa2048 => KeyKind::Rsa { bits: 2048 },
        NewKey::Rsa3072 => KeyKind::Rsa { bits: 3072 },
        NewKey::Rsa4096 => KeyKind::Rsa { bits: 4096 },
        NewKey::EcdsaP256 => KeyKind::EcdsaP256,
        NewKey::EcdsaP384 => KeyKind::EcdsaP384,
        NewKey::Ed25519 => KeyKind::Ed25519,
    };
    let passphrase = keys::passphrase(&args.key, cx)?;
    let key = PrivateKey::generate(kind)?;
    let pem = match &passphrase {
        Some(passphrase) => key.to_encrypted_pem(passphrase.expose(), PassphraseFunction::default())?,
        None => key.to_pem()?,
    };
    cx.write_secret(output, &Secret::new(pem.as_bytes().to_vec()))?;
    let public = public_beside(output);
    cx.write(&public, |out| out.write_all(key.public_key().to_spki_pem().as_bytes()))?;
    report.tables.push(table(key.public_key(), None));
    let encrypted = if passphrase.is_some() { "encrypted" } else { "not encrypted" };
    report.facts.push(Fact { name: "private key".into(), subject: None, value: encrypted.into() });
    cx.output("path", format!("{}\n{}", cx.display_path(output), cx.display_path(&public)));
    cx.output("key-id", keys::hex(key.public_key()));
    cx.figure(format!("{kind} key in {}, its public key in {}", output.display(), public.display()));
    Ok(())
}

/// `release.pem` and `release.pub.pem`.
fn public_beside(private: &Path) -> PathBuf {
    let extension =
        private.extension().map_or_else(|| "pem".to_owned(), |text| text.to_string_lossy().into_owned());
    private.with_extension(format!("pub.{extension}"))
}

/// Shows everything that names a key, which is all that a private key gives away.
fn show(args: &Keys, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let [source] = args.key.key.as_slice() else {
        return Err(
            Error::usage("one --key is needed").hint("give a public key, a certificate or a private key")
        );
    };
    let (file, public) = match keys::public(source, cx, report) {
        Ok(file) => {
            let key = file.key.clone();
            (Some(file), key)
        }
        // A private key shows its public one.
        Err(error) => match keys::private_alone(&args.key, source, cx)? {
            Some(key) => (None, key),
            None => return Err(error),
        },
    };
    report.tables.push(table(&public, file.as_ref()));
    let pem = public.to_spki_pem();
    if let Some(output) = &args.output.output {
        cx.write(output, |out| out.write_all(pem.as_bytes()))?;
        cx.output("path", cx.display_path(output));
    }
    cx.output("key-id", keys::hex(&public));
    cx.figure(format!("{} key, SHA-256 {}", public.kind(), keys::hex(&public)));
    Ok(())
}

/// Everything that names a key.
fn table(key: &PublicKey, file: Option<&PublicKeyFile>) -> Table {
    let mut table = Table::new("key", "Key", &[("Name", Align::Left), ("Value", Align::Left)]);
    let mut row =
        |name: &str, value: String| table.rows.push(vec![Cell::Text(name.into()), Cell::Code(value)]);
    row("kind", key.kind().to_string());
    row("SHA-256 of the public key", keys::hex(key));
    row("OpenSSH", key.openssh_fingerprint());
    if let Ok(digest) = secure_boot_v2::key_digest(key) {
        row("Secure Boot V2 (eFuse)", digest.to_string());
    }
    row("MCUboot (KEYHASH)", base16ct::lower::encode_string(key.mcuboot_key_hash(Hash::Sha256).as_bytes()));
    if key.ed25519().is_some() {
        let id = file.and_then(|file| file.key_id).unwrap_or_else(|| key.default_key_id());
        row("minisign, signify (key id)", key_id_text(id));
        if let Some(line) = key.to_minisign(id).as_deref().and_then(|text| text.lines().nth(1)) {
            row("minisign -P", line.to_owned());
        }
    }
    row("OpenSSH public key", key.to_openssh_line("").trim_end().to_owned());
    if let Some(certificate) = file.and_then(|file| file.certificate.as_ref()) {
        row("certificate of", certificate.subject().to_owned());
        row("serial number", certificate.serial().to_owned());
    }
    if let Some(name) = known_test_key(key) {
        row("published test key", name.to_owned());
    }
    table
}

/// Plans how a new key takes the place of an old one without a device that trusts neither.
fn rotate(args: &Keys, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let [source] = args.key.key.as_slice() else {
        return Err(Error::usage("one --key is needed: the public key that is in use"));
    };
    let Some(new) = &args.new_key else {
        return Err(Error::usage("--new-key is not given")
            .hint("make one with `lw sign keys make`, and give its public key"));
    };
    let old = keys::public(source, cx, report)?.key;
    let new_name = cx.display_path(new);
    let new = keys::public_file(new, cx, report)?.key;
    if old == new {
        return Err(
            Error::input("--key and --new-key are the same key").hint("give the public key of the new one")
        );
    }
    keys::refuse_test_key(&new, &new_name, args.key.allow_test_key)?;
    let (from, to) = (short(&old), short(&new));
    let mut steps = Table::new(
        "rotation",
        "Rotation",
        &[("Step", Align::Right), ("What to do", Align::Left), ("Devices then trust", Align::Left)],
    );
    let mut step = |what: String, trust: String| {
        let number = steps.rows.len() + 1;
        steps.rows.push(vec![Cell::Text(number.to_string()), Cell::Text(what), Cell::Text(trust)]);
    };
    let both = format!("{from} and {to}");
    step(
        format!("Release an update that is signed by {from} and makes devices trust {to} as well"),
        both.clone(),
    );
    step(
        "Sign every release with both keys (--key OLD --key NEW) until no device is left that has not got step 1".to_owned(),
        both,
    );
    step(format!("Release an update that is signed by {to} and takes the trust in {from} away"), to.clone());
    step(format!("Sign with {to} alone; destroy the private key of {from}"), to);
    let mut notes = Vec::new();
    let fuses = [&old, &new].map(|key| secure_boot_v2::key_digest(key).ok());
    if let [Some(old), Some(new)] = fuses {
        notes.push(format!(
            "Secure Boot V2: step 1 burns the key digest {new} into a free eFuse slot, step 3 revokes the slot of {old}; the ESP32 and the ESP32-C2 have one slot, so their key cannot be replaced."
        ));
    }
    if matches!(old.kind(), KeyKind::Rsa { .. }) != matches!(new.kind(), KeyKind::Rsa { .. }) {
        notes.push(
            "The two keys are of different kinds: a Secure Boot V2 bootloader is built for one of them."
                .into(),
        );
    }
    steps.note = (!notes.is_empty()).then(|| notes.join(" "));
    report.tables.push(steps);
    cx.figure(format!("{} to {}", old.kind(), new.kind()));
    Ok(())
}

fn short(key: &PublicKey) -> String {
    let id = keys::hex(key);
    format!("{} {}", key.kind(), id.get(..8).unwrap_or(&id))
}
