//! Encrypted PKCS#8: PBES2 with PBKDF2 or scrypt, and AES-CBC (RFC 8018, RFC 7914).

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{AnyRef, Decode as _, Reader as _, SliceReader};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::KeyFormat;
use super::error::KeyFileError;

const FORMAT: KeyFormat = KeyFormat::EncryptedPkcs8;

/// Iterations of PBKDF2 that are computed at most: a few seconds. openssl writes 2048, this suite 600 000.
pub(super) const MAX_ITERATIONS: u32 = 10_000_000;
/// Memory scrypt may take: `128 * N * r`. openssl writes keys of 16 MiB.
pub(super) const MAX_SCRYPT_BYTES: u64 = 256 << 20;
/// Times scrypt goes through its memory: `p`.
pub(super) const MAX_SCRYPT_PASSES: u32 = 16;

const CONVERT: &str = "encrypt it anew: `openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW`";

/// `id-PBES2`, RFC 8018 A.4.
const PBES2: &str = "1.2.840.113549.1.5.13";
/// `id-PBKDF2`, RFC 8018 A.2.
const PBKDF2: &str = "1.2.840.113549.1.5.12";
/// `id-scrypt`, RFC 7914 7.
const SCRYPT: &str = "1.3.6.1.4.1.11591.4.11";

/// Decrypts an `EncryptedPrivateKeyInfo` to the `PrivateKeyInfo` in it.
pub(super) fn decrypt(der: &[u8], passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let mut reader = SliceReader::new(der).map_err(malformed)?;
    let (algorithm, data): (AlgorithmIdentifierRef<'_>, &OctetStringRef) = reader
        .sequence(|reader| Ok::<_, der::Error>((reader.decode()?, reader.decode()?)))
        .map_err(malformed)?;
    if algorithm.oid.to_string() != PBES2 {
        return Err(unsupported(scheme_name(algorithm.oid)));
    }
    let (kdf, cipher): (AlgorithmIdentifierRef<'_>, AlgorithmIdentifierRef<'_>) = parameters(&algorithm)?
        .sequence(|reader| Ok::<_, der::Error>((reader.decode()?, reader.decode()?)))
        .map_err(malformed)?;
    let key_length = match cipher.oid.to_string().as_str() {
        "2.16.840.1.101.3.4.1.2" => 16,
        "2.16.840.1.101.3.4.1.22" => 24,
        "2.16.840.1.101.3.4.1.42" => 32,
        _ => return Err(unsupported(cipher_name(cipher.oid))),
    };
    let iv: &OctetStringRef = parameters(&cipher)?.decode_as().map_err(malformed)?;
    let key = derive(&kdf, key_length, passphrase)?;

    let mut buffer = Zeroizing::new(data.as_bytes().to_vec());
    let wrong = || KeyFileError::WrongPassphrase { format: FORMAT };
    let iv = iv.as_bytes();
    let plain = match key_length {
        16 => cbc::Decryptor::<aes::Aes128>::new_from_slices(&key, iv)
            .map(|cipher| cipher.decrypt_padded::<Pkcs7>(&mut buffer)),
        24 => cbc::Decryptor::<aes::Aes192>::new_from_slices(&key, iv)
            .map(|cipher| cipher.decrypt_padded::<Pkcs7>(&mut buffer)),
        _ => cbc::Decryptor::<aes::Aes256>::new_from_slices(&key, iv)
            .map(|cipher| cipher.decrypt_padded::<Pkcs7>(&mut buffer)),
    };
    let length = plain
        .map_err(|_| malformed("its initialization vector has not 16 bytes"))?
        .map_err(|_| wrong())?
        .len();
    buffer.truncate(length);
    // One wrong passphrase in 256 leaves a padding that is right; what it leaves is no key.
    let is_key = SliceReader::new(&buffer)
        .and_then(|mut reader| {
            reader.sequence(|reader| {
                u8::decode(reader)?;
                AlgorithmIdentifierRef::decode(reader)?;
                <&OctetStringRef>::decode(reader)?;
                while !reader.is_finished() {
                    AnyRef::decode(reader)?;
                }
                Ok::<_, der::Error>(())
            })
        })
        .is_ok();
    if is_key { Ok(buffer) } else { Err(wrong()) }
}

/// Derives the key of the cipher from the passphrase, when it is not too costly.
fn derive(
    kdf: &AlgorithmIdentifierRef<'_>,
    length: usize,
    passphrase: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let mut key = Zeroizing::new(vec![0; length]);
    let parameters = parameters(kdf)?;
    let key_length = match kdf.oid.to_string().as_str() {
        PBKDF2 => {
            let read = |reader: &mut SliceReader<'_>| {
                let salt = <&OctetStringRef>::decode(reader)?.as_bytes().to_vec();
                let iterations = u64::decode(reader)?;
                let length = Option::<u16>::decode(reader)?;
                let function = Option::<AlgorithmIdentifierRef<'_>>::decode(reader)?.map(|id| id.oid);
                Ok::<_, der::Error>((salt, iterations, length, function))
            };
            let (salt, iterations, key_length, function) = parameters.sequence(read).map_err(malformed)?;
            let function: fn(&[u8], &[u8], u32, &mut [u8]) =
                match function.map(|id| id.to_string()).as_deref() {
                    // `hmacWithSHA1` is the default.
                    None | Some("1.2.840.113549.2.7") => pbkdf2_hmac::<Sha1>,
                    Some("1.2.840.113549.2.9") => pbkdf2_hmac::<Sha256>,
                    Some("1.2.840.113549.2.10") => pbkdf2_hmac::<Sha384>,
                    Some("1.2.840.113549.2.11") => pbkdf2_hmac::<Sha512>,
                    Some(other) => return Err(unsupported(format!("PBKDF2 and the function {other}"))),
                };
            let count = u32::try_from(iterations).ok().filter(|count| *count <= MAX_ITERATIONS);
            let count = count.ok_or_else(|| KeyFileError::Cost {
                format: FORMAT,
                asked: format!("{iterations} iterations of PBKDF2"),
                most: MAX_ITERATIONS.to_string(),
            })?;
            if count == 0 {
                return Err(malformed("it has 0 iterations of PBKDF2"));
            }
            function(passphrase, &salt, count, &mut key);
            key_length
        }
        SCRYPT => {
            let read = |reader: &mut SliceReader<'_>| {
                let salt = <&OctetStringRef>::decode(reader)?.as_bytes().to_vec();
                let (n, r, p) = (u64::decode(reader)?, u32::decode(reader)?, u32::decode(reader)?);
                Ok::<_, der::Error>((salt, n, r, p, Option::<u16>::decode(reader)?))
            };
            let (salt, n, r, p, key_length) = parameters.sequence(read).map_err(malformed)?;
            if !n.is_power_of_two() || n < 2 || r == 0 || p == 0 {
                return Err(malformed("the numbers of scrypt are not ones it can have"));
            }
            let log_n = u8::try_from(n.trailing_zeros()).unwrap_or(u8::MAX);
            scrypt(FORMAT, MAX_SCRYPT_BYTES, &Scrypt { log_n, r, p }, &salt, passphrase, &mut key)?;
            key_length
        }
        _ => return Err(unsupported(format!("a key derived by the function {}", kdf.oid))),
    };
    if key_length.is_some_and(|found| usize::from(found) != length) {
        return Err(malformed("the length of its key is not the one of its cipher"));
    }
    Ok(key)
}

/// What scrypt costs: `N` as its logarithm, `r`, `p`.
pub(super) struct Scrypt {
    pub(super) log_n: u8,
    pub(super) r: u32,
    pub(super) p: u32,
}

/// scrypt (RFC 7914), when it does not take more memory than `max`.
pub(super) fn scrypt(
    format: KeyFormat,
    max: u64,
    cost: &Scrypt,
    salt: &[u8],
    passphrase: &[u8],
    key: &mut [u8],
) -> Result<(), KeyFileError> {
    let bytes = 1_u64
        .checked_shl(u32::from(cost.log_n))
        .and_then(|n| n.checked_mul(128))
        .and_then(|n| n.checked_mul(u64::from(cost.r)));
    let too_much = |asked| KeyFileError::Cost {
        format,
        asked,
        most: format!("{} MiB and {MAX_SCRYPT_PASSES} passes", max >> 20),
    };
    let bytes = bytes
        .filter(|_| cost.log_n < 64)
        .ok_or_else(|| too_much("more memory for scrypt than there is".into()))?;
    if bytes > max || cost.p > MAX_SCRYPT_PASSES {
        return Err(too_much(format!(
            "{} MiB of memory and {} passes of scrypt",
            bytes.div_ceil(1 << 20),
            cost.p
        )));
    }
    let memory = usize::try_from(bytes).map_err(|_| ());
    if memory.and_then(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).map_err(|_| ())).is_err() {
        return Err(too_much(format!("{} MiB of memory, which this machine does not have", bytes >> 20)));
    }
    let invalid =
        || KeyFileError::Malformed { what: format.name(), reason: "scrypt cannot have these numbers".into() };
    let parameters = scrypt::Params::new(cost.log_n, cost.r, cost.p).map_err(|_| invalid())?;
    scrypt::scrypt(passphrase, salt, &parameters, key).map_err(|_| invalid())
}

fn parameters<'a>(algorithm: &AlgorithmIdentifierRef<'a>) -> Result<AnyRef<'a>, KeyFileError> {
    algorithm.parameters.ok_or_else(|| malformed("its encryption has no parameters"))
}

#[allow(clippy::needless_pass_by_value, reason = "for `map_err`, which passes by value")]
fn malformed(reason: impl ToString) -> KeyFileError {
    KeyFileError::Malformed { what: FORMAT.name(), reason: reason.to_string() }
}

fn unsupported(found: impl Into<String>) -> KeyFileError {
    KeyFileError::Encryption { format: FORMAT, found: found.into(), hint: CONVERT }
}

fn scheme_name(id: ObjectIdentifier) -> String {
    match id.to_string().as_str() {
        "1.2.840.113549.1.5.3" => "MD5 and DES (PBES1)".into(),
        "1.2.840.113549.1.5.10" => "SHA-1 and DES (PBES1)".into(),
        "1.2.840.113549.1.5.6" | "1.2.840.113549.1.5.11" => "RC2 (PBES1)".into(),
        "1.2.840.113549.1.12.1.3" => "SHA-1 and triple DES (PKCS#12)".into(),
        "1.2.840.113549.1.12.1.1" | "1.2.840.113549.1.12.1.2" => "RC4 (PKCS#12)".into(),
        other => format!("the scheme {other}"),
    }
}

fn cipher_name(id: ObjectIdentifier) -> String {
    match id.to_string().as_str() {
        "1.2.840.113549.3.7" => "triple DES".into(),
        "1.3.14.3.2.7" => "DES".into(),
        "1.2.840.113549.3.2" => "RC2".into(),
        "2.16.840.1.101.3.4.1.6" | "2.16.840.1.101.3.4.1.26" | "2.16.840.1.101.3.4.1.46" => "AES-GCM".into(),
        other => format!("the cipher {other}"),
    }
}
