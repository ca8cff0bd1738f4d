//! Keys as files other programs read, and what keys are called elsewhere.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use base64ct::{Base64, Base64Unpadded, Encoding as _};
use der::asn1::OctetStringRef;
use der::pem::LineEnding;
use der::{Document, SecretDocument};
use pbkdf2::pbkdf2_hmac;
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::pkcs5::pbes2;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::error::KeyFileError;
use super::pbes2::{MAX_SCRYPT_BYTES, Scrypt, scrypt};
use super::{KeyFormat, openssh, signify};
use crate::error::KeyError;
use crate::hash::{Digest, Hash};
use crate::key::{KeyKind, PrivateKey, PublicKey};

/// Iterations of PBKDF2-HMAC-SHA256, as OWASP's "Password Storage Cheat Sheet" asks for.
const ITERATIONS: u32 = 600_000;
/// `N` = 2^14, `r` = 8, `p` = 5: of the costs that sheet calls equal, the one within the 32 MiB openssl gives scrypt.
const SCRYPT: Scrypt = Scrypt { log_n: 14, r: 8, p: 5 };

/// How the key of the cipher is derived from a passphrase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PassphraseFunction {
    /// scrypt (RFC 7914) with 16 MiB.
    #[default]
    Scrypt,
    /// PBKDF2-HMAC-SHA256 (RFC 8018) with 600 000 iterations.
    Pbkdf2,
}

impl PrivateKey {
    /// PKCS#8 as PEM, not encrypted, as `openssl genpkey` writes it.
    ///
    /// # Errors
    /// When it cannot be written, which a key that was read does not do.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        pem(&self.to_pkcs8_der()?, "PRIVATE KEY")
    }

    /// PKCS#8 as PEM, encrypted with AES-256-CBC (PBES2), which openssl 1.1 and later read.
    ///
    /// # Errors
    /// When the passphrase is empty, or there are no random numbers.
    pub fn to_encrypted_pem(
        &self,
        passphrase: &[u8],
        function: PassphraseFunction,
    ) -> Result<Zeroizing<String>, KeyFileError> {
        let format = KeyFormat::EncryptedPkcs8;
        if passphrase.is_empty() {
            return Err(KeyFileError::NoPassphrase { format });
        }
        let failed = |reason: &dyn std::fmt::Display| KeyFileError::Key {
            format,
            source: KeyError::Invalid {
                kind: "private",
                reason: format!("it cannot be encrypted ({reason})"),
            },
        };
        let of_key = |source| KeyFileError::Key { format, source };
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        getrandom::fill(&mut salt).map_err(|error| failed(&error))?;
        getrandom::fill(&mut iv).map_err(|error| failed(&error))?;
        let mut key = Zeroizing::new([0; 32]);
        let parameters = match function {
            PassphraseFunction::Scrypt => {
                scrypt(format, MAX_SCRYPT_BYTES, &SCRYPT, &salt, passphrase, key.as_mut())?;
                let cost =
                    scrypt::Params::new(SCRYPT.log_n, SCRYPT.r, SCRYPT.p).map_err(|error| failed(&error))?;
                pbes2::Parameters::generate_scrypt_aes256cbc(cost, &salt, iv)
            }
            PassphraseFunction::Pbkdf2 => {
                pbkdf2_hmac::<Sha256>(passphrase, &salt, ITERATIONS, key.as_mut());
                pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ITERATIONS, &salt, iv)
            }
        };
        let parameters = parameters.map_err(|error| failed(&error))?;
        let plain = self.to_pkcs8_der().map_err(of_key)?;
        let cipher = cbc::Encryptor::<aes::Aes256>::new_from_slices(key.as_ref(), &iv)
            .map_err(|error| failed(&error))?;
        let data = cipher.encrypt_padded_vec::<Pkcs7>(plain.as_bytes());
        let encrypted_data = OctetStringRef::new(&data).map_err(|error| failed(&error))?;
        let info = EncryptedPrivateKeyInfoRef { encryption_algorithm: parameters.into(), encrypted_data };
        let document = SecretDocument::encode_msg(&info).map_err(|error| failed(&error))?;
        pem(&document, "ENCRYPTED PRIVATE KEY").map_err(of_key)
    }
}

fn pem(document: &SecretDocument, label: &'static str) -> Result<Zeroizing<String>, KeyError> {
    document.to_pem(label, LineEnding::LF).map_err(|error| KeyError::Invalid {
        kind: "private",
        reason: format!("it cannot be written ({error})"),
    })
}

impl PublicKey {
    /// `SubjectPublicKeyInfo` as PEM, as `openssl pkey -pubout` writes it.
    #[must_use]
    pub fn to_spki_pem(&self) -> String {
        // The label is one of PEM and the DER is what was written: neither step can fail.
        let document = Document::try_from(self.to_spki_der());
        document.and_then(|document| document.to_pem("PUBLIC KEY", LineEnding::LF)).unwrap_or_default()
    }

    /// The line of an `id_*.pub` of OpenSSH. Line breaks in the comment become blanks.
    #[must_use]
    pub fn to_openssh_line(&self, comment: &str) -> String {
        let comment = one_line(comment);
        let blob = Base64::encode_string(&openssh::public_blob(self));
        let line = format!("{} {blob} {comment}", openssh::type_of(self.kind()));
        format!("{}\n", line.trim_end())
    }

    /// What `ssh-keygen -l` calls the key: `SHA256:` and the hash of its public key in base64.
    #[must_use]
    pub fn openssh_fingerprint(&self) -> String {
        let digest = Hash::Sha256.of(&openssh::public_blob(self));
        format!("SHA256:{}", Base64Unpadded::encode_string(digest.as_bytes()))
    }

    /// What MCUboot's `KEYHASH` holds: the hash of the `SubjectPublicKeyInfo`, or for RSA of the `RSAPublicKey` (imgtool,
    /// `image.py`: `get_public_bytes`). The hash function is the one of the image.
    #[must_use]
    pub fn mcuboot_key_hash(&self, hash: Hash) -> Digest {
        hash.of(&self.to_pkcs1_der().unwrap_or_else(|| self.to_spki_der()))
    }

    /// The id a key without one of its own has in signatures of minisign and signify: the first 8 bytes of its fingerprint.
    /// Both programs make theirs of random numbers.
    #[must_use]
    pub fn default_key_id(&self) -> [u8; 8] {
        let digest = self.fingerprint();
        digest.as_bytes().first_chunk().copied().unwrap_or_default()
    }

    /// A public key of minisign; `None` when the key is not Ed25519.
    #[must_use]
    pub fn to_minisign(&self, key_id: [u8; 8]) -> Option<String> {
        self.to_signify_lines(&format!("minisign public key {}", signify::id_text(key_id)), key_id)
    }

    /// A public key of signify; `None` when the key is not Ed25519. Line breaks in the comment become blanks.
    #[must_use]
    pub fn to_signify(&self, comment: &str, key_id: [u8; 8]) -> Option<String> {
        self.to_signify_lines(&one_line(comment), key_id)
    }

    fn to_signify_lines(&self, comment: &str, key_id: [u8; 8]) -> Option<String> {
        let mut bytes = b"Ed".to_vec();
        bytes.extend(key_id);
        bytes.extend(self.ed25519()?);
        Some(format!("untrusted comment: {comment}\n{}\n", Base64::encode_string(&bytes)))
    }
}

impl KeyKind {
    /// What OpenSSH calls a key of this kind in public lines and signatures: `ecdsa-sha2-nistp256`.
    #[must_use]
    pub fn openssh_name(self) -> &'static str {
        openssh::type_of(self)
    }
}

/// The id of a minisign or signify key as minisign shows it: `81906755E6C0E943`.
#[must_use]
pub fn key_id_text(key_id: [u8; 8]) -> String {
    signify::id_text(key_id)
}

fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
