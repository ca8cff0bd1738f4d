//! Which ASN.1 structure some DER is, told by the tags of its first members.

use der::asn1::ObjectIdentifier;
use der::{Decode as _, Header, Length, Reader as _, SliceReader, Tag};

use super::error::KeyFileError;

/// A structure that is known by its first members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Structure {
    /// `PrivateKeyInfo` or `OneAsymmetricKey`: a version, an algorithm, an octet string (RFC 5958, 2).
    Pkcs8,
    /// `EncryptedPrivateKeyInfo`: an algorithm, an octet string (RFC 5958, 3).
    EncryptedPkcs8,
    /// `RSAPrivateKey`: nine numbers or more (RFC 8017, A.1.2).
    Pkcs1,
    /// `ECPrivateKey`: the number 1, an octet string (RFC 5915, 3).
    Sec1,
    /// The six numbers openssl writes of a DSA key.
    Dsa,
    /// `SubjectPublicKeyInfo`: an algorithm, a bit string (RFC 5280, 4.1).
    Spki,
    /// `RSAPublicKey`: two numbers (RFC 8017, A.1.1).
    Pkcs1Public,
    /// `Certificate`: a sequence, an algorithm, a bit string (RFC 5280, 4.1).
    Certificate,
    /// `CertificationRequest` (RFC 2986, 4.2).
    Request,
    /// `PFX`: the number 3, a `ContentInfo` (RFC 7292, 4).
    Pkcs12,
    /// `ContentInfo` of PKCS#7 or CMS (RFC 5652, 3).
    Cms,
    /// `ECDSA-Sig-Value`: two numbers of the length of a curve (RFC 3279, 2.2.3).
    EcdsaSignature,
    /// A sequence of something else.
    Other,
}

impl Structure {
    /// The label of the PEM block that holds it.
    pub(super) fn label(self) -> Option<&'static str> {
        Some(match self {
            Self::Pkcs8 => "PRIVATE KEY",
            Self::EncryptedPkcs8 => "ENCRYPTED PRIVATE KEY",
            Self::Pkcs1 => "RSA PRIVATE KEY",
            Self::Sec1 => "EC PRIVATE KEY",
            Self::Dsa => "DSA PRIVATE KEY",
            Self::Spki => "PUBLIC KEY",
            Self::Pkcs1Public => "RSA PUBLIC KEY",
            Self::Certificate => "CERTIFICATE",
            Self::Request => "CERTIFICATE REQUEST",
            Self::Cms => "CMS",
            Self::Pkcs12 | Self::EcdsaSignature | Self::Other => return None,
        })
    }
}

/// Tells what some DER is; `None` when it does not even start as a sequence.
///
/// A sequence that is longer or shorter than it says is an error, which every structure has in common.
pub(super) fn structure(bytes: &[u8]) -> Result<Option<Structure>, KeyFileError> {
    if bytes.first() != Some(&0x30) {
        return Ok(None);
    }
    let malformed = |reason: String| KeyFileError::Malformed { what: "DER structure", reason };
    let mut reader = SliceReader::new(bytes).map_err(|error| malformed(error.to_string()))?;
    let header = Header::decode(&mut reader).map_err(|error| malformed(error.to_string()))?;
    let (says, has) = (header.length(), reader.remaining_len());
    if says > has {
        return Err(malformed(format!(
            "it is cut off: its first structure has {says} bytes, of which {has} are there"
        )));
    }
    if says < has {
        let more = (has - says).unwrap_or(Length::ZERO);
        return Err(malformed(format!(
            "{more} bytes follow its end at byte {}",
            bytes.len() - as_usize(more)
        )));
    }
    Ok(Some(members(reader).unwrap_or(Structure::Other)))
}

fn as_usize(length: Length) -> usize {
    usize::try_from(length).unwrap_or(0)
}

/// Reads tags until it is clear what it is.
fn members(mut reader: SliceReader<'_>) -> der::Result<Structure> {
    let mut first = member(&mut reader)?;
    match first.tag {
        Tag::Integer => {
            let number = first.value;
            let second = member(&mut reader)?;
            let mut numbers = 2;
            let mut tags = reader.clone();
            while !tags.is_finished() && member(&mut tags).is_ok_and(|member| member.tag == Tag::Integer) {
                numbers += 1;
            }
            Ok(match second.tag {
                Tag::OctetString if number == [1] => Structure::Sec1,
                Tag::Sequence if number == [3] => Structure::Pkcs12,
                Tag::Sequence => Structure::Pkcs8,
                // The modulus of RSA has at least 64 bytes, which no number of a curve here has.
                Tag::Integer if numbers == 2 && number.len() < 64 => Structure::EcdsaSignature,
                Tag::Integer if numbers == 2 => Structure::Pkcs1Public,
                Tag::Integer if numbers == 6 => Structure::Dsa,
                Tag::Integer if numbers >= 9 => Structure::Pkcs1,
                _ => Structure::Other,
            })
        }
        Tag::Sequence => {
            let second = member(&mut reader)?;
            let inner = member(&mut first.reader()?)?;
            Ok(match (inner.tag, second.tag) {
                (Tag::ObjectIdentifier, Tag::OctetString) => Structure::EncryptedPkcs8,
                (Tag::ObjectIdentifier, Tag::BitString) => Structure::Spki,
                (Tag::ContextSpecific { .. } | Tag::Integer, Tag::Sequence) => {
                    // A version in [0], or none and the serial number: a certificate. The version bare: a request, whose
                    // second member is a name and whose third a key.
                    let mut reader = first.reader()?;
                    let version = member(&mut reader)?;
                    let is_request = version.tag == Tag::Integer && version.value == [0] && {
                        member(&mut reader)?;
                        member(&mut reader)
                            .and_then(|mut key| member(&mut key.reader()?))
                            .is_ok_and(|algorithm| algorithm.tag == Tag::Sequence)
                    };
                    if is_request { Structure::Request } else { Structure::Certificate }
                }
                _ => Structure::Other,
            })
        }
        Tag::ObjectIdentifier => {
            let id = ObjectIdentifier::from_bytes(first.value);
            let is_content = id.is_ok_and(|id| id.to_string().starts_with("1.2.840.113549.1.7."));
            Ok(if is_content { Structure::Cms } else { Structure::Other })
        }
        _ => Ok(Structure::Other),
    }
}

struct Member<'a> {
    tag: Tag,
    value: &'a [u8],
}

impl<'a> Member<'a> {
    fn reader(&mut self) -> der::Result<SliceReader<'a>> {
        SliceReader::new(self.value)
    }
}

fn member<'a>(reader: &mut SliceReader<'a>) -> der::Result<Member<'a>> {
    let header = Header::decode(reader)?;
    Ok(Member { tag: header.tag(), value: reader.read_slice(header.length())? })
}
