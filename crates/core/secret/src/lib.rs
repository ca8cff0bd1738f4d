//! Secrets that are never printed, and where they come from.
//!
//! A [`Secret`] is bytes that are wiped when it is dropped, and that nothing can format: its `Debug` shows no byte and no
//! length, and it has neither `Display` nor `Serialize` nor `Clone`. What is in it is had by [`Secret::expose`] alone, which
//! only the crates may call that `crates/xtask/src/tidy.rs` lists.
//!
//! A command line holds a [`SecretSource`]: the name of an environment variable, the number of a descriptor, a file. The
//! secret itself has no place there, since every user of a machine can read the command lines of all its processes; what
//! [looks like a secret](looks_like_secret) is refused, and the refusal does not repeat it. `lw_cli::Context::secret` reads
//! a source.

mod forms;
mod looks;
mod source;

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use forms::{Form, forms};
pub use looks::{is_key_material, looks_like_secret};
pub use source::{SecretSource, SourceError};

/// Bytes nobody else may see: wiped when dropped, never printed.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes over a buffer, which is wiped in the end with all its capacity. What the buffer was copied from, or where it
    /// was before it grew, is the caller's to wipe.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes. They must not reach a message, a report, a file or an argument of a program.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text; `None` when they are no UTF-8.
    #[must_use]
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Whether nothing but white space is in it: what a CI gives to a run that gets no secrets.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.0.iter().all(u8::is_ascii_whitespace)
    }

    /// The same without one line break at the end, which editors and `echo` add to a passphrase.
    #[must_use]
    pub fn without_line_break(mut self) -> Self {
        if self.0.last() == Some(&b'\n') {
            self.0.pop();
            if self.0.last() == Some(&b'\r') {
                self.0.pop();
            }
        }
        self
    }
}

impl From<Zeroizing<Vec<u8>>> for Secret {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(not shown)")
    }
}

impl Zeroize for Secret {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Secret {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_bytes_nor_their_number() {
        #[derive(Debug)]
        struct Holder {
            _key: Option<Secret>,
        }
        let shown = format!("{:#?}", Holder { _key: Some(Secret::new(b"hunter2".to_vec())) });
        assert!(!shown.contains("hunter2") && !shown.contains('7') && !shown.contains("104"), "{shown}");
        assert_eq!(format!("{:?}", Secret::new(b"a".to_vec())), format!("{:?}", Secret::new(vec![0; 64])));
    }

    #[test]
    fn a_wiped_secret_is_empty() {
        let mut secret = Secret::new(b"hunter2".to_vec());
        secret.zeroize();
        assert!(secret.expose().is_empty());
        const fn wiped_on_drop<T: ZeroizeOnDrop>() {}
        wiped_on_drop::<Secret>();
    }

    #[test]
    fn one_line_break_is_no_part_of_a_passphrase() {
        for (given, expected) in
            [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a ", "a "), ("", ""), ("a\r", "a\r")]
        {
            let secret = Secret::new(given.into()).without_line_break();
            assert_eq!(secret.expose_text(), Some(expected));
        }
        assert_eq!(Secret::new(vec![0xff]).expose_text(), None);
    }

    #[test]
    fn blank_is_what_holds_nothing() {
        assert!(Secret::new(Vec::new()).is_blank() && Secret::new(b" \r\n\t".to_vec()).is_blank());
        assert!(!Secret::new(b" x ".to_vec()).is_blank());
    }
}
