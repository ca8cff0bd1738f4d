//! Certificates (X.509): as holders of a public key with a time it is valid in.
//!
//! Nothing here follows a chain: a certificate is trusted because its key is, or because the person names it.

use std::fmt;
use std::time::Duration;

use der::{DateTime, Decode as _, Encode as _};

use super::KeyFormat;
use super::error::KeyFileError;
use crate::hash::{Digest, Hash};
use crate::key::PublicKey;

/// A certificate, read.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    key: PublicKey,
    subject: String,
    issuer: String,
    serial: String,
    not_before: Duration,
    not_after: Duration,
    fingerprint: Digest,
}

/// Why a certificate does not stand for a key at a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Its time is over.
    #[error("the certificate of {subject} has expired: it was valid until {not_after}, and it is {now}")]
    Expired {
        /// Whose it is.
        subject: String,
        /// Its last second.
        not_after: String,
        /// The time it was looked at.
        now: String,
    },
    /// Its time has not come.
    #[error("the certificate of {subject} is not valid yet: it is valid from {not_before}, and it is {now}")]
    NotYetValid {
        /// Whose it is.
        subject: String,
        /// Its first second.
        not_before: String,
        /// The time it was looked at.
        now: String,
    },
    /// It is one of another key.
    #[error(
        "the certificate of {subject} belongs to another key: it has the key with SHA-256 {found}, the key given has \
         {expected}"
    )]
    OtherKey {
        /// Whose it is.
        subject: String,
        /// The fingerprint of its key.
        found: String,
        /// The fingerprint of the key given.
        expected: String,
    },
}

impl lw_model::Diagnose for CertificateError {
    fn hint(&self) -> Option<std::borrow::Cow<'static, str>> {
        Some(
            match self {
                Self::Expired { .. } => "give the certificate that came after it",
                Self::NotYetValid { .. } => {
                    "see to the clock of this machine, or give the certificate that is valid now"
                }
                Self::OtherKey { .. } => "give the key and the certificate that belong together",
            }
            .into(),
        )
    }
}

impl Certificate {
    /// Reads a `Certificate` (RFC 5280, 4.1).
    ///
    /// # Errors
    /// When it is malformed, or its key is of a kind that is not supported.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyFileError> {
        let malformed = |error: &dyn fmt::Display| KeyFileError::Malformed {
            what: KeyFormat::Certificate.name(),
            reason: error.to_string(),
        };
        let read = x509_cert::Certificate::from_der(der).map_err(|error| malformed(&error))?;
        let body = read.tbs_certificate();
        let spki = body.subject_public_key_info().to_der().map_err(|error| malformed(&error))?;
        let key = PublicKey::from_spki_der(&spki)
            .map_err(|source| KeyFileError::Key { format: KeyFormat::Certificate, source })?;
        let serial = body.serial_number().as_bytes();
        Ok(Self {
            key,
            subject: printable(&body.subject().to_string()),
            issuer: printable(&body.issuer().to_string()),
            serial: serial.iter().map(|byte| format!("{byte:02x}")).collect(),
            not_before: body.validity().not_before.to_unix_duration(),
            not_after: body.validity().not_after.to_unix_duration(),
            fingerprint: Hash::Sha256.of(der),
        })
    }

    /// Its public key.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whose it is: a distinguished name as RFC 4514 writes it, such as `CN=lw`.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Who made it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its serial number, in hexadecimal.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// SHA-256 of the certificate.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    /// The first time it is valid at, since 1970.
    #[must_use]
    pub fn not_before(&self) -> Duration {
        self.not_before
    }

    /// The last time it is valid at, since 1970.
    #[must_use]
    pub fn not_after(&self) -> Duration {
        self.not_after
    }

    /// Whether it is valid at a time, given since 1970.
    ///
    /// # Errors
    /// When it has expired or is not valid yet.
    pub fn valid_at(&self, now: Duration) -> Result<(), CertificateError> {
        let subject = self.subject.clone();
        // Times of certificates are whole seconds, and the last one belongs to them.
        if now.as_secs() > self.not_after.as_secs() {
            return Err(CertificateError::Expired {
                subject,
                not_after: time(self.not_after),
                now: time(now),
            });
        }
        if now < self.not_before {
            return Err(CertificateError::NotYetValid {
                subject,
                not_before: time(self.not_before),
                now: time(now),
            });
        }
        Ok(())
    }

    /// Whether it is a certificate of this key.
    ///
    /// # Errors
    /// When it is one of another key; both fingerprints are named.
    pub fn is_of(&self, key: &PublicKey) -> Result<(), CertificateError> {
        if self.key == *key {
            return Ok(());
        }
        Err(CertificateError::OtherKey {
            subject: self.subject.clone(),
            found: super::hex(self.key.fingerprint().as_bytes()),
            expected: super::hex(key.fingerprint().as_bytes()),
        })
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject)
            .field("serial", &self.serial)
            .field("not_before", &time(self.not_before))
            .field("not_after", &time(self.not_after))
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// Names in certificates are foreign text: control characters are shown as `?`, and long ones are cut.
fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '?' } else { character }).take(200).collect()
}

/// `2036-11-18T08:20:57Z`.
fn time(since_1970: Duration) -> String {
    let seconds = Duration::from_secs(since_1970.as_secs());
    DateTime::from_unix_duration(seconds)
        .map_or_else(|_| format!("{} s after 1970", seconds.as_secs()), |time| time.to_string())
}
