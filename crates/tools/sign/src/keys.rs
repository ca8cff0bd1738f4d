//! Keys as the command line names them.

use std::path::Path;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use lw_cli::{Bytes, Context, Error, Program, ProgramCall, ResultExt};
use lw_model::{Finding, Report};
use lw_secret::{Secret, SecretSource};
use lw_signature::{
    Algorithm, Digest, KeyFileError, KeyFormat, PrivateKey, PrivateKeyFile, PublicKey, PublicKeyFile,
    SignError, Signer, detached, read_private,
};
use lw_signed::{KeyReader, Keys, NamedKey, ReadKeys, Role};

use crate::args::{ExecInput, KeyArgs, TrustArgs};
use crate::pkcs11;

/// A key that signs.
pub(crate) struct SigningKey<'a> {
    /// What signs.
    pub(crate) signer: Box<dyn Signer + 'a>,
    /// The format of its file; none of a program or a token.
    pub(crate) format: Option<KeyFormat>,
    /// The id that minisign and signify keep beside a key.
    pub(crate) key_id: Option<[u8; 8]>,
    /// Where it comes from, for messages.
    pub(crate) source: String,
}

impl SigningKey<'_> {
    pub(crate) fn public(&self) -> &PublicKey {
        self.signer.public_key()
    }
}

/// Reads the keys that sign. To be called when everything else is known to be in order.
///
/// # Errors
/// When none is given, one cannot be read, or is one that must not be used.
pub(crate) fn signing<'a>(
    args: &KeyArgs,
    cx: &'a Context,
    report: &mut Report,
) -> Result<Vec<SigningKey<'a>>, Error> {
    if args.key.is_empty() {
        return Err(Error::usage("no key is given").hint(
            "give --key: a file, env:NAME for a secret of the CI, or exec:PROGRAM for a card or a cloud",
        ));
    }
    let passphrase = passphrase(args, cx)?;
    let public = match &args.public_key {
        Some(path) => Some(public_file(path, cx, report)?),
        None => None,
    };
    let mut keys = Vec::new();
    for source in &args.key {
        refuse_by_scheme(source)?;
        let key = if let Some(uri) = source.strip_prefix("pkcs11:") {
            pkcs11::signing_key(uri, args, public.as_ref().map(|public| &public.key), cx, report)?
        } else if let Some(program) = source.strip_prefix("exec:") {
            let program: Program = program.parse().context("--key exec:")?;
            let Some(public) = &public else {
                return Err(Error::usage("--key exec: needs --public-key").hint(
                    "give the public key or the certificate of what signs: every signature is verified with it before it is written",
                ));
            };
            let source = format!("exec:{program}");
            let variables = args.exec_variable.clone();
            let signer = Asked { cx, program, public: public.key.clone(), input: args.exec_input, variables };
            SigningKey { signer: Box::new(signer), format: None, key_id: None, source }
        } else {
            let parsed: SecretSource = source.parse().context("--key")?;
            let secret = cx.secret(&parsed, "signing key")?;
            let file = private_file(&parsed, &secret, passphrase.as_ref())?;
            if let Some(public) = &public
                && public.key != *file.key.public_key()
            {
                return Err(Error::input(format!(
                    "the private key of {parsed} and --public-key are two keys: SHA-256 {} and {}",
                    hex(file.key.public_key()),
                    hex(&public.key)
                ))
                .hint(
                    "give the public key or certificate that belongs to the private key, or leave it out",
                ));
            }
            let signer: Box<PrivateKey> = Box::new(file.key);
            SigningKey { signer, format: Some(file.format), key_id: file.key_id, source: parsed.to_string() }
        };
        refuse_test_key(key.public(), &key.source, args.allow_test_key)?;
        keys.push(key);
    }
    Ok(keys)
}

/// Refuses what names a key where no key can be read from, with what does the same.
fn refuse_by_scheme(source: &str) -> Result<(), Error> {
    let (kind, hint) = match source.split_once(':').map(|(kind, _)| kind) {
        Some("awskms" | "arn") => (
            "a key of AWS KMS",
            "ask it through a program: a script that runs `aws kms sign --message fileb:///dev/stdin --message-type DIGEST`, as --key exec:/path/of/the/script with --public-key; or sign in two steps with `lw sign digest` and `lw sign attach`",
        ),
        Some("gcpkms" | "azurekms" | "hashivault" | "ssh-agent" | "tpm2" | "yubikey") => (
            "a key somewhere else",
            "ask it through a program, with --key exec:PROGRAM and --public-key; or sign in two steps with `lw sign digest` and `lw sign attach`",
        ),
        _ => return Ok(()),
    };
    Err(Error::usage(format!(
        "--key {}: {kind} is not read",
        source.split_once(':').map_or(source, |(kind, _)| kind)
    ))
    .hint(hint))
}

/// Reads the passphrase of a private key, where one is given.
///
/// # Errors
/// When it is empty or cannot be read.
pub(crate) fn passphrase(args: &KeyArgs, cx: &Context) -> Result<Option<Secret>, Error> {
    let Some(source) = &args.passphrase else { return Ok(None) };
    // A file of one line ends in a line break, which is no part of what people type.
    cx.secret(source, "passphrase").map(|secret| Some(secret.without_line_break()))
}

/// The public key of a private one; `None` where it is something else.
///
/// # Errors
/// When it is a private key that cannot be read.
pub(crate) fn private_alone(args: &KeyArgs, source: &str, cx: &Context) -> Result<Option<PublicKey>, Error> {
    let parsed: SecretSource = source.parse().context("--key")?;
    let secret = cx.secret(&parsed, "private key")?;
    let passphrase = passphrase(args, cx)?;
    let other = read_private(secret.expose(), passphrase.as_ref().map(Secret::expose));
    if let Err(KeyFileError::Empty { .. } | KeyFileError::Other { .. } | KeyFileError::Unknown { .. }) = other
    {
        return Ok(None);
    }
    private_file(&parsed, &secret, passphrase.as_ref()).map(|file| Some(file.key.public_key().clone()))
}

fn private_file(
    source: &SecretSource,
    secret: &Secret,
    passphrase: Option<&Secret>,
) -> Result<PrivateKeyFile, Error> {
    match read_private(secret.expose(), passphrase.map(Secret::expose)) {
        Err(error @ KeyFileError::NoPassphrase { .. }) => Err(Error::from(error)
            .context(source.to_string())
            .hint("give --passphrase: env:NAME, a file or fd:N; nobody is asked for one")),
        file => file.context(source.to_string()),
    }
}

/// SHA-256 of a public key in hexadecimal, which names it everywhere.
pub(crate) fn hex(key: &PublicKey) -> String {
    base16ct::lower::encode_string(key.fingerprint().as_bytes())
}

/// Refuses a key that everybody has, by where it comes from.
pub(crate) fn refuse_test_key(key: &PublicKey, source: &str, allowed: bool) -> Result<(), Error> {
    Ok(lw_signed::refuse_test_key(key, source, allowed)?)
}

/// A program that is asked to sign.
struct Asked<'a> {
    cx: &'a Context,
    program: Program,
    public: PublicKey,
    input: ExecInput,
    variables: Vec<String>,
}

impl Asked<'_> {
    fn ask(&self, bytes: &[u8]) -> Result<Vec<u8>, SignError> {
        let call =
            ProgramCall::new(&self.program).stdin(bytes).variables(self.variables.iter().map(String::as_str));
        let output = self.cx.run_program(&call).map_err(|error| {
            let reason = match error.advice() {
                Some(advice) => format!("{}; {advice}", error.message()),
                None => error.message(),
            };
            SignError::Signer { reason }
        })?;
        if output.stdout.is_empty() {
            return Err(SignError::Signer { reason: format!("{} wrote nothing", self.program) });
        }
        Ok(unarmoured(output.stdout))
    }
}

/// A signature as bytes: clouds answer in Base64.
fn unarmoured(output: Vec<u8>) -> Vec<u8> {
    let text: Option<String> =
        std::str::from_utf8(&output).ok().map(|text| text.split_ascii_whitespace().collect());
    text.filter(|text| text.len() >= 64).and_then(|text| Base64::decode_vec(&text).ok()).unwrap_or(output)
}

impl Signer for Asked<'_> {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign_digest_unchecked(&self, algorithm: Algorithm, digest: &Digest) -> Result<Vec<u8>, SignError> {
        let signature = match (self.input, algorithm) {
            (ExecInput::DigestInfo, Algorithm::RsaPkcs1v15Sha256) => {
                self.ask(&detached::digest_info(digest).unwrap_or_default())?
            }
            _ => self.ask(digest.as_bytes())?,
        };
        // Cards answer with r and s as raw bytes.
        let attached = detached::attach(&self.public, algorithm, digest, &signature);
        attached.map(|attached| attached.signature).map_err(|error| SignError::Signer {
            reason: format!("what {} returned does not verify with --public-key: {error}", self.program),
        })
    }

    fn sign_message_unchecked(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.ask(message)
    }
}

/// Reads a public key or a certificate, whose time has to be now.
pub(crate) fn public_file(path: &Path, cx: &Context, report: &mut Report) -> Result<PublicKeyFile, Error> {
    let (name, bytes) = open(path, cx)?;
    public_bytes(&name, &bytes, cx, report)
}

/// The same of what was read already, by its name.
pub(crate) fn public_bytes(
    name: &str,
    bytes: &[u8],
    cx: &Context,
    report: &mut Report,
) -> Result<PublicKeyFile, Error> {
    let mut reader = reader(false, cx);
    let file = reader.read(name, bytes)?;
    add_findings(reader.finish().findings, report);
    Ok(file)
}

fn reader(allow_test_key: bool, cx: &Context) -> KeyReader {
    KeyReader::new("sign", Duration::from_secs(cx.now()), allow_test_key)
}

/// A file: what messages call it, and what is in it.
fn open(path: &Path, cx: &Context) -> Result<(String, Bytes), Error> {
    Ok((cx.display_path(path), cx.open(path)?))
}

fn add_findings(findings: Vec<Finding>, report: &mut Report) {
    findings.into_iter().for_each(|finding| report.add_finding(finding));
}

/// A public key that verifies, by where it comes from: a file, or a source of text.
pub(crate) fn public(source: &str, cx: &Context, report: &mut Report) -> Result<PublicKeyFile, Error> {
    let mut reader = reader(false, cx);
    let file = with_public(source, cx, |name, bytes| Ok(reader.read(name, bytes)?))?;
    add_findings(reader.finish().findings, report);
    Ok(file)
}

/// Gives `take` what a public key's source is called, and what is in it.
fn with_public<T>(
    source: &str,
    cx: &Context,
    take: impl FnOnce(&str, &[u8]) -> Result<T, Error>,
) -> Result<T, Error> {
    for kind in ["exec:", "pkcs11:"] {
        if source.starts_with(kind) {
            return Err(Error::usage(format!("--key {kind} signs; it is no public key"))
                .hint("give the public key or the certificate itself"));
        }
    }
    match source.parse::<SecretSource>().context("--key")? {
        SecretSource::File(path) => {
            let (name, bytes) = open(&path, cx)?;
            take(&name, &bytes)
        }
        other => {
            let text = cx.secret(&other, "public key")?;
            let name = other.to_string();
            take(&name, text.expose())
        }
    }
}

/// The keys that verify, and what their files say beside the keys.
pub(crate) struct Trusted {
    /// For what lies inside files.
    pub(crate) keys: Keys,
    /// With their files, for what lies beside them.
    pub(crate) files: Vec<(NamedKey, PublicKeyFile)>,
}

impl Trusted {
    /// Refuses keys that may sign in some namespaces only, by their line of `allowed_signers`: signatures of `what` have none.
    ///
    /// # Errors
    /// When there is one.
    pub(crate) fn without_namespaces(&self, what: &str) -> Result<(), Error> {
        match self.files.iter().find(|(_, file)| !file.limits.namespaces.is_empty()) {
            None => Ok(()),
            Some((named, file)) => {
                let allowed = file.limits.namespaces.join(", ");
                Err(Error::input(format!(
                    "{}: the key may sign in {allowed} only, and a signature of {what} is in no namespace",
                    named.name
                ))
                .hint("give the public key itself where it may sign this as well"))
            }
        }
    }
}

/// Reads the keys a file is held to.
///
/// # Errors
/// When nobody is trusted, a key cannot be read, or is one that must not be trusted.
pub(crate) fn trusted(
    key: &[String],
    trust: &TrustArgs,
    allow_test_key: bool,
    cx: &Context,
    report: &mut Report,
) -> Result<Trusted, Error> {
    let mut reader = reader(allow_test_key, cx);
    for source in key {
        with_public(source, cx, |name, bytes| Ok(reader.add(Role::Trusted, name, name, bytes)?))?;
    }
    let file = |path: &str| open(Path::new(path), cx);
    reader.add_named(Role::Trusted, "expect-key", &trust.expect_key, file)?;
    reader.add_named(Role::Known, "known-key", &trust.known_key, file)?;
    for digest in &trust.key_digest {
        let bytes = base16ct::mixed::decode_vec(digest.trim()).ok().and_then(|bytes| bytes.try_into().ok());
        reader.add_digest(bytes.ok_or_else(|| {
            Error::usage(format!("--key-digest {digest}: expected 64 hexadecimal digits"))
                .hint("`lw sign keys show --key FILE` shows the digests of a key")
        })?);
    }
    let ReadKeys { keys, files, findings } = reader.finish();
    add_findings(findings, report);
    if keys.is_empty() {
        return Err(Error::usage("no key is trusted: nothing can be verified").hint(
            "give --key PUBLIC, --expect-key NAME=FILE or --key-digest HEX; --known-key only tells who signed",
        ));
    }
    Ok(Trusted { keys, files })
}
