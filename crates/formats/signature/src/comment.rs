//! What files of minisign and signify share: lines, one of them a comment and one of them 74 bytes in Base64.

use std::fmt;

use base64ct::{Base64, Encoding as _};

use crate::error::{FormError, SignError, VerifyError};
use crate::key::PublicKey;

/// What the first line begins with.
pub(crate) const UNTRUSTED: &str = "untrusted comment: ";

/// The longest comment minisign reads (its `COMMENTMAXBYTES`, with the text before it); signify's is as long.
pub(crate) const MAX_COMMENT: usize = 1024;

/// The eight bytes minisign and signify name a key by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 8]);

impl KeyId {
    /// The one of a key that has none, because it was made by another program: the first bytes of its fingerprint. So it is
    /// the same each time, and the same in the public key we write for it.
    #[must_use]
    pub fn of(key: &PublicKey) -> Self {
        let mut id = [0; 8];
        id.iter_mut().zip(key.fingerprint().as_bytes()).for_each(|(to, from)| *to = *from);
        Self(id)
    }
}

impl fmt::Display for KeyId {
    /// As minisign prints it: a little-endian number in hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", u64::from_le_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// The lines of a file, one after the other.
pub(crate) struct Lines<'bytes> {
    what: &'static str,
    rest: &'bytes [u8],
    number: usize,
}

impl<'bytes> Lines<'bytes> {
    pub(crate) fn new(what: &'static str, bytes: &'bytes [u8]) -> Self {
        Self { what, rest: bytes, number: 0 }
    }

    /// The next line without its end: LF, or CR and LF as editors on Windows write them and minisign reads them.
    pub(crate) fn next(&mut self) -> Result<&'bytes [u8], FormError> {
        self.number += 1;
        if self.rest.is_empty() {
            return Err(self.malformed("it is missing"));
        }
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let line = self.rest.get(..end.unwrap_or(self.rest.len())).unwrap_or_default();
        self.rest = end.and_then(|end| self.rest.get(end + 1..)).unwrap_or_default();
        Ok(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// The next line without what it has to begin with.
    pub(crate) fn prefixed(&mut self, prefix: &str, longest: usize) -> Result<&'bytes [u8], FormError> {
        let line = self.next()?;
        let Some(comment) = line.strip_prefix(prefix.as_bytes()) else {
            return Err(self.malformed(format!("it does not begin with {prefix:?}")));
        };
        if line.len() > longest {
            return Err(self.malformed(format!("it has {} bytes; expected at most {longest}", line.len())));
        }
        Ok(comment)
    }

    /// The next line, decoded: `count` bytes.
    pub(crate) fn base64<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], FormError> {
        let line = self.next()?;
        let text = std::str::from_utf8(line).map_err(|_| self.malformed("it is no Base64"))?;
        let bytes = Base64::decode_vec(text)
            .map_err(|_| self.malformed("it is no Base64, or has white space before or after it"))?;
        let length = bytes.len();
        bytes
            .try_into()
            .map_err(|_| self.malformed(format!("decoded it has {length} bytes; expected {COUNT}")))
    }

    /// Refuses what stands after the last line.
    pub(crate) fn end(&mut self) -> Result<(), FormError> {
        self.number += 1;
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(self.malformed("it belongs to no signature: something was added to the file"))
    }

    pub(crate) fn malformed(&self, problem: impl Into<String>) -> FormError {
        FormError::Malformed {
            what: self.what,
            place: format!("line {}", self.number),
            problem: problem.into(),
        }
    }
}

/// The 74 bytes: two of an algorithm, eight of a key id, 64 of Ed25519.
pub(crate) fn split(bytes: &[u8; 74]) -> ([u8; 2], KeyId, [u8; 64]) {
    let (mut algorithm, mut id, mut signature) = ([0; 2], [0; 8], [0; 64]);
    let all = algorithm.iter_mut().chain(&mut id).chain(&mut signature);
    all.zip(bytes).for_each(|(to, from)| *to = *from);
    (algorithm, KeyId(id), signature)
}

/// The other way round, in Base64.
pub(crate) fn join(algorithm: [u8; 2], id: KeyId, signature: &[u8; 64]) -> String {
    Base64::encode_string(&[&algorithm[..], &id.0, signature].concat())
}

/// A comment that fits into its line.
pub(crate) fn checked(what: &'static str, text: &str, longest: usize) -> Result<(), SignError> {
    let problem = if text.chars().any(|c| c.is_control() && c != '\t') {
        "it has control characters or more than one line"
    } else if text.len() > longest {
        "it is too long"
    } else {
        return Ok(());
    };
    Err(SignError::Text { what, text: text.chars().take(80).collect(), problem })
}

/// Refuses the signature of another key, when the wanted one's id is known.
pub(crate) fn same_key(found: KeyId, wanted: Option<KeyId>) -> Result<(), VerifyError> {
    match wanted {
        Some(wanted) if wanted != found => {
            Err(VerifyError::Untrusted { signer: format!("the key {found}"), wanted: wanted.to_string() })
        }
        _ => Ok(()),
    }
}
