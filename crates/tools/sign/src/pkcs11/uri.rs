//! The name of a key in a token: a `pkcs11:` URI (RFC 7512).

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use lw_model::{Class, Diagnose};
use lw_secret::SecretSource;

/// Longest URI that is read, in bytes; labels have 32, and ids hardly more.
const LONGEST: usize = 4096;

/// Why a URI is not taken. None repeats a value, since a PIN may be in one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UriError {
    #[error("--key pkcs11: the URI has {0} bytes; at most {LONGEST} are read")]
    Long(usize),
    #[error("--key pkcs11: part {0} of the URI is no NAME=VALUE with a value")]
    Part(usize),
    #[error("--key pkcs11: the value of {0} is not percent-encoded as RFC 7512 has it")]
    Encoding(&'static str),
    #[error("--key pkcs11: {0} is given twice")]
    Twice(&'static str),
    #[error("--key pkcs11: {0:?} is no attribute that is looked at here")]
    Unknown(String),
    #[error("--key pkcs11: the URI has a PIN in it (pin-value)")]
    PinValue,
    #[error("--key pkcs11: pin-source names no environment variable and no descriptor")]
    PinSource,
    #[error("--key pkcs11: module-name is not looked for")]
    ModuleName,
    #[error("--key pkcs11: the URI does not say which module to load: module-path is missing")]
    NoModule,
    #[error("--key pkcs11: module-path is not absolute")]
    RelativeModule,
    #[error("--key pkcs11: the URI names neither id nor object")]
    NoObject,
    #[error("--key pkcs11: type is not private")]
    Type,
    #[error("--key pkcs11: slot-id is no decimal number")]
    SlotId,
}

impl Diagnose for UriError {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Long(_) => "name the key by token and id alone",
                Self::Part(_) | Self::NoObject => {
                    "write pkcs11:token=LABEL;id=%01;type=private?module-path=/usr/lib/MODULE.so; `pkcs11-tool --list-objects` shows the names"
                }
                Self::Encoding(_) => "write other bytes than letters, digits and -._~ as % and two hexadecimal digits",
                Self::Twice(_) => "name one key: give --key once for each",
                Self::Unknown(_) => {
                    "token, serial, manufacturer, model, slot-id, object, id and type name a key; after `?`, module-path and pin-source"
                }
                Self::PinValue => {
                    "every user of a machine can read command lines: take the PIN out, change it, and give pin-source=env:NAME or --passphrase env:NAME"
                }
                Self::PinSource => "write pin-source=env:NAME or pin-source=fd:N; --passphrase takes a file as well",
                Self::ModuleName | Self::NoModule | Self::RelativeModule => {
                    "nothing is looked for where a change under test could put it: write where the module is, ?module-path=/usr/lib/softhsm/libsofthsm2.so"
                }
                Self::Type => "a private key signs: write type=private, or leave it out",
                Self::SlotId => "`pkcs11-tool --list-slots` shows the numbers; they may change when a token is plugged in, its label does not",
            }
            .into(),
        )
    }
}

/// The key that is meant, and how to get at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Uri {
    pub(crate) token: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) manufacturer: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) slot: Option<u64>,
    /// `CKA_LABEL`.
    pub(crate) object: Option<String>,
    /// `CKA_ID`.
    pub(crate) id: Option<Vec<u8>>,
    /// Absolute.
    pub(crate) module: PathBuf,
    /// Where the PIN is read from.
    pub(crate) pin: Option<SecretSource>,
    /// The URI up to its `?`.
    path: String,
}

impl fmt::Display for Uri {
    /// `pkcs11:token=ci;id=%01`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkcs11:{}", self.path)
    }
}

impl Uri {
    /// Reads what follows `pkcs11:`.
    ///
    /// # Errors
    /// When it names no one key, or holds a PIN.
    pub(crate) fn parse(text: &str) -> Result<Self, UriError> {
        if text.len() > LONGEST {
            return Err(UriError::Long(text.len()));
        }
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let mut uri = Self { path: path.to_owned(), ..Self::default() };
        let mut seen: Vec<&'static str> = Vec::new();
        let mut module = None;
        let parts = path.split(';').map(|part| (part, false));
        let parts = parts.chain(query.split('&').map(|part| (part, true)));
        for (index, (part, is_query)) in parts.enumerate().filter(|(_, (part, _))| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or(UriError::Part(index + 1))?;
            let name = known(name, is_query)?;
            if value.is_empty() {
                return Err(UriError::Part(index + 1));
            }
            if seen.contains(&name) {
                return Err(UriError::Twice(name));
            }
            seen.push(name);
            let bytes = decoded(value).ok_or(UriError::Encoding(name))?;
            if name == "id" {
                uri.id = Some(bytes);
                continue;
            }
            let value = String::from_utf8(bytes).map_err(|_| UriError::Encoding(name))?;
            match name {
                "token" => uri.token = Some(value),
                "serial" => uri.serial = Some(value),
                "manufacturer" => uri.manufacturer = Some(value),
                "model" => uri.model = Some(value),
                "object" => uri.object = Some(value),
                "slot-id" => uri.slot = Some(number(&value)?),
                "type" if value == "private" => {}
                "type" => return Err(UriError::Type),
                "module-path" => module = Some(PathBuf::from(value)),
                _ => match value.parse() {
                    Ok(source @ (SecretSource::Env(_) | SecretSource::Descriptor(_))) => {
                        uri.pin = Some(source);
                    }
                    _ => return Err(UriError::PinSource),
                },
            }
        }
        if uri.id.is_none() && uri.object.is_none() {
            return Err(UriError::NoObject);
        }
        uri.module = module.ok_or(UriError::NoModule)?;
        if !uri.module.is_absolute() {
            return Err(UriError::RelativeModule);
        }
        Ok(uri)
    }
}

/// The attribute of this name, in the part of the URI where it belongs.
fn known(name: &str, is_query: bool) -> Result<&'static str, UriError> {
    const PATH: [&str; 8] = ["token", "serial", "manufacturer", "model", "slot-id", "object", "id", "type"];
    const QUERY: [&str; 2] = ["module-path", "pin-source"];
    match name {
        // Wherever it stands.
        "pin-value" => return Err(UriError::PinValue),
        "module-name" => return Err(UriError::ModuleName),
        _ => {}
    }
    let names: &[&'static str] = if is_query { &QUERY } else { &PATH };
    let known = names.iter().copied().find(|known| *known == name);
    known.ok_or_else(|| UriError::Unknown(name.chars().take(40).collect()))
}

/// A decimal number without sign.
fn number(text: &str) -> Result<u64, UriError> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(UriError::SlotId);
    }
    text.parse().map_err(|_| UriError::SlotId)
}

/// Percent-encoded text as bytes; `None` where a `%` has no two digits, or a byte stands that has to be encoded.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => decoded.push(digit(bytes.next()?)? << 4 | digit(bytes.next()?)?),
            // RFC 7512 has a space encoded; people do not.
            b' '..=b'~' => decoded.push(byte),
            _ => return None,
        }
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_as_other_programs_print_it() {
        // p11tool --list-privkeys, and what has to be added.
        let uri = Uri::parse(
            "model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=6f3e1a;token=ci;slot-id=3;id=%01%Ff;object=release%3Bkey;type=private?module-path=/usr/lib/p11.so&pin-source=env:PIN",
        )
        .unwrap();
        assert_eq!(uri.model.as_deref(), Some("SoftHSM v2"));
        assert_eq!(uri.manufacturer.as_deref(), Some("SoftHSM project"));
        assert_eq!((uri.serial.as_deref(), uri.token.as_deref()), (Some("6f3e1a"), Some("ci")));
        assert_eq!((uri.slot, uri.id.as_deref()), (Some(3), Some(&[1, 255][..])));
        assert_eq!(uri.object.as_deref(), Some("release;key"));
        assert_eq!(uri.module, PathBuf::from("/usr/lib/p11.so"));
        assert_eq!(uri.pin, Some(SecretSource::Env("PIN".into())));
        let least = Uri::parse("id=a?module-path=/m.so").unwrap();
        assert_eq!((least.to_string(), least.id), ("pkcs11:id=a".to_owned(), Some(b"a".to_vec())));
    }

    #[test]
    fn what_names_no_one_key_is_refused() {
        for (text, expected) in [
            ("", UriError::NoObject),
            ("token=t?module-path=/m", UriError::NoObject),
            ("id=%01", UriError::NoModule),
            ("id=%01?module-path=m.so", UriError::RelativeModule),
            ("id=%01?module-name=softhsm2", UriError::ModuleName),
            ("id=%01;pin-value=1234?module-path=/m", UriError::PinValue),
            ("id=%01?module-path=/m&pin-value=1234", UriError::PinValue),
            ("id=%01?module-path=/m&pin-source=|/bin/pin", UriError::PinSource),
            ("id=%01?module-path=/m&pin-source=file:/etc/pin", UriError::PinSource),
            ("id=%01?module-path=/m&pin-source=1234", UriError::PinSource),
            ("id=%01;id=%02?module-path=/m", UriError::Twice("id")),
            ("id=%0?module-path=/m", UriError::Encoding("id")),
            ("id=%0g?module-path=/m", UriError::Encoding("id")),
            ("object=%FF?module-path=/m", UriError::Encoding("object")),
            ("object=\u{1b}[0m?module-path=/m", UriError::Encoding("object")),
            ("object?module-path=/m", UriError::Part(1)),
            ("token=t;object=?module-path=/m", UriError::Part(2)),
            ("id=%01;type=public?module-path=/m", UriError::Type),
            ("id=%01;slot-id=+1?module-path=/m", UriError::SlotId),
            ("id=%01;slot-id=18446744073709551616?module-path=/m", UriError::SlotId),
            ("id=%01;library-version=3?module-path=/m", UriError::Unknown("library-version".into())),
            // In the wrong part.
            ("id=%01;module-path=/m", UriError::Unknown("module-path".into())),
            ("?id=%01&module-path=/m", UriError::Unknown("id".into())),
        ] {
            let error = Uri::parse(text).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(error.hint().is_some() && !error.to_string().contains("1234"), "{error}");
        }
        assert_eq!(Uri::parse(&"a".repeat(5000)), Err(UriError::Long(5000)));
    }
}
