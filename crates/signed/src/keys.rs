//! The keys a file is held to.

use lw_signature::{PublicKey, secure_boot_v2};

/// A key and what people call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedKey {
    /// Its name, such as `prod`, or the file it came from.
    pub name: String,
    /// The key.
    pub key: PublicKey,
}

/// The keys a file is held to.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Keys whose signatures make a file acceptable.
    pub trusted: Vec<NamedKey>,
    /// Keys that have a name and are not trusted: a file that only they have signed is refused by that name.
    pub known: Vec<NamedKey>,
    /// Trusted keys of which only a digest is at hand: SHA-256 of the key fields of a Secure Boot V2 block, which eFuses
    /// hold, or of the public key in DER.
    pub digests: Vec<[u8; 32]>,
}

impl Keys {
    /// Whether nobody is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.trusted.is_empty() && self.digests.is_empty()
    }

    /// The trusted keys alone.
    #[must_use]
    pub fn trusted_keys(&self) -> Vec<PublicKey> {
        self.trusted.iter().map(|named| named.key.clone()).collect()
    }

    /// The known ones alone.
    #[must_use]
    pub fn known_keys(&self) -> Vec<PublicKey> {
        self.known.iter().map(|named| named.key.clone()).collect()
    }

    /// What people call a key.
    #[must_use]
    pub fn name_of(&self, is_it: impl Fn(&PublicKey) -> bool) -> Option<&str> {
        let mut all = self.trusted.iter().chain(&self.known);
        all.find(|named| is_it(&named.key)).map(|named| named.name.as_str())
    }

    /// A key in a message: `prod (SHA-256 0123…)`.
    #[must_use]
    pub fn shown(&self, id: &str, is_it: impl Fn(&PublicKey) -> bool) -> String {
        self.name_of(is_it).map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"))
    }

    /// Who was asked for, in a message.
    #[must_use]
    pub fn wanted(&self) -> String {
        let digests = self.digests.iter().map(|digest| base16ct::lower::encode_string(digest));
        let all: Vec<String> = self.trusted.iter().map(|named| named.name.clone()).chain(digests).collect();
        if all.is_empty() { "a trusted key, of which none is given".to_owned() } else { all.join(" or ") }
    }

    /// Whether a key is trusted.
    #[must_use]
    pub fn trusts(&self, key: &PublicKey) -> bool {
        self.trusted.iter().any(|named| named.key == *key)
            || self.digests.iter().any(|digest| {
                key.fingerprint().as_bytes() == digest
                    || secure_boot_v2::key_digest(key).is_ok_and(|own| own.0 == *digest)
            })
    }

    /// What eFuses hold of the trusted keys that Secure Boot V2 can have.
    #[must_use]
    pub fn efuse_digests(&self) -> Vec<secure_boot_v2::KeyDigest> {
        let of_keys = self.trusted.iter().filter_map(|named| secure_boot_v2::key_digest(&named.key).ok());
        of_keys.chain(self.digests.iter().map(|digest| secure_boot_v2::KeyDigest(*digest))).collect()
    }
}
