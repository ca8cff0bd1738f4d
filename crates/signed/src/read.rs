//! Reading the keys a file is held to, as every tool takes them: public keys and certificates, by a name.

use std::borrow::Cow;
use std::ops::Deref;
use std::time::Duration;

use lw_model::{Class, Diagnose, Finding, Level, Location};
use lw_signature::{KeyFileError, PublicKey, PublicKeyFile, known_test_key, read_public};

use crate::{Keys, NamedKey};

/// The most bytes of a public key or a certificate.
const LARGEST: usize = 1 << 20;

/// Why a key is not taken.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// There is no name before the file.
    #[error("--{flag} {text}: expected a name and a file")]
    NoName {
        /// The flag it was given to.
        flag: &'static str,
        /// What was given.
        text: String,
    },
    /// A file that is too large for a key.
    #[error("{file}: it has {bytes} bytes, which no public key has")]
    TooLarge {
        /// The file.
        file: String,
        /// Its size.
        bytes: usize,
    },
    /// A file with no key in it that can be used.
    #[error("{file}")]
    Key {
        /// The file, or where else the key comes from.
        file: String,
        /// What is wrong with it.
        source: KeyFileError,
    },
    /// A key that everybody can sign with.
    #[error("{file}: this is {known}, whose private half is published: anybody can sign with it")]
    TestKey {
        /// The file, or where else the key comes from.
        file: String,
        /// Which key it is.
        known: &'static str,
    },
}

impl Diagnose for TrustError {
    fn class(&self) -> Class {
        match self {
            Self::NoName { .. } => Class::Usage,
            Self::Key { source, .. } => source.class(),
            Self::TooLarge { .. } | Self::TestKey { .. } => Class::Input,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NoName { flag, .. } => {
                format!("write --{flag} NAME=FILE, such as --{flag} prod=keys/prod.pem").into()
            }
            Self::TooLarge { .. } => "give the file of the public key or the certificate".into(),
            Self::Key { source, .. } => return source.hint(),
            Self::TestKey { .. } => {
                "make a key of your own with `lw sign keys make`; --allow-test-key accepts it in tests".into()
            }
        })
    }
}

/// Refuses a key whose private half is published, unless that is allowed. `file` says in messages where it comes from.
///
/// # Errors
/// [`TrustError::TestKey`].
pub fn refuse_test_key(key: &PublicKey, file: &str, is_allowed: bool) -> Result<(), TrustError> {
    match known_test_key(key) {
        Some(known) if !is_allowed => Err(TrustError::TestKey { file: file.to_owned(), known }),
        _ => Ok(()),
    }
}

/// Whether a key is trusted, or only has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its signature makes a file acceptable (`--expect-key`).
    Trusted,
    /// It tells who signed (`--known-key`).
    Known,
}

/// Reads keys, one file after the other.
///
/// It has no files and no clock: whoever uses it gives the bytes and the time.
#[derive(Clone, Debug)]
pub struct KeyReader {
    tool: &'static str,
    now: Duration,
    allows_test_keys: bool,
    keys: Keys,
    files: Vec<(NamedKey, PublicKeyFile)>,
    findings: Vec<Finding>,
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct ReadKeys {
    /// The keys.
    pub keys: Keys,
    /// The same keys with what their files say beside, in the order they were read.
    pub files: Vec<(NamedKey, PublicKeyFile)>,
    /// Certificates that are not valid now. They are errors, so that a run that has one fails, whatever it verifies.
    pub findings: Vec<Finding>,
}

impl KeyReader {
    /// A reader for a tool, which its findings are named after. `now` is the time since 1970 that certificates are held to.
    #[must_use]
    pub fn new(tool: &'static str, now: Duration, allows_test_keys: bool) -> Self {
        let (keys, files, findings) = (Keys::default(), Vec::new(), Vec::new());
        Self { tool, now, allows_test_keys, keys, files, findings }
    }

    /// Reads a public key or a certificate, whose time has to be now, and trusts nobody yet. That is a finding, and no error.
    ///
    /// # Errors
    /// When there is no key in it.
    pub fn read(&mut self, file: &str, bytes: &[u8]) -> Result<PublicKeyFile, TrustError> {
        if bytes.len() > LARGEST {
            return Err(TrustError::TooLarge { file: file.to_owned(), bytes: bytes.len() });
        }
        let read = read_public(bytes).map_err(|source| TrustError::Key { file: file.to_owned(), source })?;
        if let Some(certificate) = &read.certificate
            && let Err(error) = certificate.valid_at(self.now)
        {
            self.find(file, &error.to_string(), error.hint().unwrap_or_default());
        }
        // A line of `allowed_signers` has a time as well.
        if let Err(why) = read.limits.valid_at(self.now) {
            self.find(
                file,
                &why,
                "give the line of a key that counts today, or the public key itself".into(),
            );
        }
        Ok(read)
    }

    fn find(&mut self, file: &str, why: &str, help: Cow<'static, str>) {
        let rule = format!("{}/certificate", self.tool);
        let finding = Finding::new(rule, Level::Error, file, format!("{file}: {why}"));
        self.findings.push(finding.at(Some(Location::file(file))).help(help));
    }

    /// Reads a key and takes it under a name. A published test key may be known, and is not trusted.
    ///
    /// # Errors
    /// As [`read`](Self::read), and when a test key is to be trusted.
    pub fn add(&mut self, role: Role, name: &str, file: &str, bytes: &[u8]) -> Result<(), TrustError> {
        let read = self.read(file, bytes)?;
        let named = NamedKey { name: name.to_owned(), key: read.key.clone() };
        match role {
            Role::Trusted => {
                refuse_test_key(&named.key, file, self.allows_test_keys)?;
                self.keys.trusted.push(named.clone());
            }
            Role::Known => self.keys.known.push(named.clone()),
        }
        self.files.push((named, read));
        Ok(())
    }

    /// Reads the keys that a flag gives as NAME=FILE. `open` returns a file by its path: what messages call it, and its bytes.
    ///
    /// # Errors
    /// Those of `open`, as [`add`](Self::add), and when one has no name.
    pub fn add_named<B: Deref<Target = [u8]>, E: From<TrustError>>(
        &mut self,
        role: Role,
        flag: &'static str,
        given: &[String],
        mut open: impl FnMut(&str) -> Result<(String, B), E>,
    ) -> Result<(), E> {
        for text in given {
            let parts = text.split_once('=').map(|(name, path)| (name.trim(), path.trim()));
            let Some((name, path)) = parts.filter(|(name, path)| !name.is_empty() && !path.is_empty()) else {
                return Err(TrustError::NoName { flag, text: text.clone() }.into());
            };
            let (file, bytes) = open(path)?;
            self.add(role, name, &file, &bytes)?;
        }
        Ok(())
    }

    /// Trusts a key of which only a digest is at hand.
    pub fn add_digest(&mut self, digest: [u8; 32]) {
        self.keys.digests.push(digest);
    }

    /// The keys.
    #[must_use]
    pub fn finish(self) -> ReadKeys {
        let Self { keys, files, findings, .. } = self;
        ReadKeys { keys, files, findings }
    }
}
