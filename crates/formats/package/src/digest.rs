//! Digests as packages write them: lower-case hexadecimal text of fixed width.

use std::fmt;
use std::str::FromStr;

use md5::Md5 as Md5Hasher;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256 as Sha256Hasher;
use sha2::digest::Digest as _;

use crate::hex;

/// A digest of `N` bytes; its text is `2 * N` lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest<const N: usize>(pub [u8; N]);

/// SHA-256 (FIPS 180-4).
pub type Sha256 = Digest<32>;

/// MD5 (RFC 1321). It detects accidents, not attackers; ESPHome and the JSON package ask for it.
pub type Md5 = Digest<16>;

/// A text that is no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} hexadecimal digits, found {found:?}")]
pub struct DigestError {
    /// How many digits the digest has.
    pub expected: usize,
    /// What stood there, cut after 80 characters.
    pub found: String,
}

impl<const N: usize> Digest<N> {
    /// The digest of all zeros, where one is not known yet.
    pub const ZERO: Self = Self([0; N]);

    /// Its text.
    #[must_use]
    pub fn hex(&self) -> String {
        self.to_string()
    }
}

impl Sha256 {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256Hasher::digest(bytes).into())
    }

    /// The digest a hasher has come to.
    pub(crate) fn finish(hasher: Sha256Hasher) -> Self {
        Self(hasher.finalize().into())
    }
}

impl Md5 {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Md5Hasher::digest(bytes).into())
    }

    /// The digest a hasher has come to.
    pub(crate) fn finish(hasher: Md5Hasher) -> Self {
        Self(hasher.finalize().into())
    }
}

impl<const N: usize> Default for Digest<N> {
    fn default() -> Self {
        Self::ZERO
    }
}

impl<const N: usize> fmt::Display for Digest<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<const N: usize> fmt::Debug for Digest<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> FromStr for Digest<N> {
    type Err = DigestError;

    /// Upper-case digits are accepted.
    fn from_str(text: &str) -> Result<Self, DigestError> {
        let mut digest = [0; N];
        if text.len() == 2 * N && hex::decode(text.as_bytes(), &mut digest) == N {
            return Ok(Self(digest));
        }
        Err(DigestError { expected: 2 * N, found: text.chars().take(80).collect() })
    }
}

impl<const N: usize> Serialize for Digest<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Digest<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const N: usize>;
        impl<const N: usize> serde::de::Visitor<'_> for Visitor<N> {
            type Value = Digest<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a digest of {} hexadecimal digits", 2 * N)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Digest<N>, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_its_text() {
        let text = "00ff10".to_owned() + &"ab".repeat(29);
        let digest: Sha256 = text.parse().unwrap();
        assert_eq!(digest.hex(), text);
        assert_eq!(text.to_uppercase().parse(), Ok(digest));
        assert_eq!(serde_json::to_string(&digest).unwrap(), format!("{text:?}"));
    }

    #[test]
    fn too_short_too_long_and_no_digits_are_refused() {
        let good = "ab".repeat(16);
        for bad in ["", &good[1..], &format!("{good}0"), &good.replacen('a', "x", 1), &"é".repeat(16)] {
            assert_eq!(bad.parse::<Md5>(), Err(DigestError { expected: 32, found: bad.into() }), "{bad}");
        }
    }
}
