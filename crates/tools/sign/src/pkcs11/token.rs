//! A token: found, opened, asked to sign.

use std::borrow::Cow;
use std::fmt;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, CertificateType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::RawAuthPin;
use lw_model::{Class, Diagnose};
use lw_secret::Secret;
use lw_signature::{Algorithm, Digest, KeyError, KeyKind, PublicKey, detached};

use crate::pkcs11::uri::Uri;

/// Most objects that are looked at, and tokens that are listed.
const MOST: usize = 16;

/// Bytes of the salt of RSA-PSS: those of SHA-256.
const SALT: usize = 32;

/// Why a token does not sign.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("the module {module} cannot be loaded: {reason}")]
    Module { module: String, reason: String },
    #[error("no token is the one that is named; there {}", are(.present, "is no token"))]
    NoToken { present: Vec<String> },
    #[error("{} tokens are what is named: {}", .matching.len(), .matching.join(", "))]
    Tokens { matching: Vec<String> },
    #[error("the token asks for a PIN, and none is named")]
    NoPin,
    #[error("the token takes its PIN from its own keypad")]
    Keypad,
    #[error("the token has no PIN of a user yet")]
    PinNotSet,
    #[error("the PIN is wrong")]
    WrongPin,
    #[error("the PIN has a length or bytes that the token does not take")]
    PinForm,
    #[error("the PIN has expired")]
    PinExpired,
    #[error("the PIN is locked: it was given wrongly too often")]
    PinLocked,
    #[error("the next wrong PIN locks the token, so none is tried")]
    LastTry,
    #[error("the token has no private key of this name; there {}", are(.present, "is none"))]
    NoKey { present: Vec<String> },
    #[error("{}{} private keys have this name: {}", .matching.len(), if *.more { " or more" } else { "" }, .matching.join(", "))]
    Keys { matching: Vec<String>, more: bool },
    #[error("{key}: it is a key of the type {found}; expected RSA, or ECDSA on P-256 or P-384")]
    Kind { key: String, found: String },
    #[error("{key}: it is a key of the type {found}, and its public key is {public}")]
    Two { key: String, found: &'static str, public: KeyKind },
    #[error("{key}: it asks for the PIN before each signature (CKA_ALWAYS_AUTHENTICATE)")]
    AlwaysAuthenticate { key: String },
    #[error("{key}: the token has neither its public key nor a certificate of it")]
    NoPublic { key: String },
    #[error("{key}: {count} public keys or certificates lie beside it, and they are not of one key")]
    Publics { key: String, count: usize },
    #[error("{key}: its public key is refused: {source}")]
    Public { key: String, source: KeyError },
    #[error("the token does not sign with {mechanism}, which {algorithm} needs")]
    Mechanism { mechanism: &'static str, algorithm: Algorithm },
    #[error("the token refuses: {reason}")]
    Refused { reason: String },
}

fn are(present: &[String], none: &str) -> String {
    if present.is_empty() { none.to_owned() } else { format!("are: {}", present.join(", ")) }
}

impl Diagnose for TokenError {
    fn class(&self) -> Class {
        match self {
            Self::NoPin | Self::NoPublic { .. } => Class::Usage,
            Self::Refused { .. } => Class::Remote,
            _ => Class::Input,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Module { .. } => "give the shared library of the token's maker, for this machine, as module-path=/usr/lib/MODULE.so; `pkcs11-tool --module FILE --list-slots` tries one",
                Self::NoToken { .. } => "is it plugged in, and is the module the right one? `pkcs11-tool --module FILE --list-slots` shows the tokens",
                Self::Tokens { .. } => "name one: token=LABEL;serial=NUMBER",
                Self::NoPin => "give pin-source=env:NAME in the URI, or --passphrase env:NAME; nobody is asked for one",
                Self::Keypad => "nobody is there to type: use a token whose PIN is given by a program, or sign in two steps with `lw sign digest` and `lw sign attach`",
                Self::PinNotSet => "set one with `pkcs11-tool --init-pin`",
                Self::WrongPin => "some tries more, and the token locks it: is the secret that of this token?",
                Self::PinForm => "is the secret the PIN alone, without quotes or spaces around it?",
                Self::PinExpired => "set another one with `pkcs11-tool --change-pin`",
                Self::PinLocked => "unlock it with the PIN of the security officer: `pkcs11-tool --unlock-pin`",
                Self::LastTry => "log in by hand with the right PIN (`pkcs11-tool --login --list-objects`), which gives the token its tries back",
                Self::NoKey { .. } => "`pkcs11-tool --login --list-objects --type privkey` shows the keys; id is written as %01, object is the label",
                Self::Keys { .. } => "name one by its id: id=%01",
                Self::Kind { .. } => "Ed25519 over a file needs the private key itself: give it as a file or env:NAME",
                Self::Two { .. } => "give --public-key with the public key that belongs to it",
                Self::AlwaysAuthenticate { .. } => "ask it through `pkcs11-tool` with --key exec:, or sign in two steps with `lw sign digest` and `lw sign attach`",
                Self::NoPublic { .. } | Self::Publics { .. } | Self::Public { .. } => "give --public-key: every signature is verified with it before it is written",
                Self::Mechanism { .. } => "give another --scheme, or another token: `pkcs11-tool --list-mechanisms` shows what it can",
                Self::Refused { .. } => "`pkcs11-tool` with the same module tells whether the token works at all",
            }
            .into(),
        )
    }
}

/// What a module returned, in its words.
fn refused(error: &Error) -> TokenError {
    let reason = match error {
        Error::Pkcs11(RvError::DeviceRemoved | RvError::TokenNotPresent, function) => {
            format!("C_{function:?}: the token was taken out")
        }
        Error::Pkcs11(value, function) => format!("C_{function:?}: {value:?}"),
        other => other.to_string(),
    };
    TokenError::Refused { reason }
}

/// What a token answered to a PIN.
fn of_login(error: &Error) -> TokenError {
    match error {
        Error::Pkcs11(RvError::PinIncorrect, _) => TokenError::WrongPin,
        Error::Pkcs11(RvError::PinLocked, _) => TokenError::PinLocked,
        Error::Pkcs11(RvError::PinExpired, _) => TokenError::PinExpired,
        Error::Pkcs11(RvError::PinInvalid | RvError::PinLenRange, _) => TokenError::PinForm,
        Error::Pkcs11(RvError::UserPinNotInitialized, _) => TokenError::PinNotSet,
        other => refused(other),
    }
}

/// A module in this process; its maker's code lets go of the token when it is dropped.
struct Module(Pkcs11);

impl Module {
    fn load(uri: &Uri) -> Result<Self, TokenError> {
        let failed = |reason: String| TokenError::Module { module: uri.module.display().to_string(), reason };
        let module = Pkcs11::new(&uri.module).map_err(|error| match error {
            // Without the words of the crate around those of the system.
            Error::LibraryLoading(error) => failed(error.to_string()),
            Error::MissingSymbol(name) => failed(format!("it is no module of PKCS#11: it has no {name}")),
            other => failed(other.to_string()),
        })?;
        match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // By another key of the same run.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(Self(module)),
            Err(error) => Err(refused(&error)),
        }
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // Of several keys of one module the first ends it, when all of them are no longer used; the others are told so.
        let _ = self.0.clone().finalize();
    }
}

/// A token.
pub(crate) struct Token {
    // Closed before the module ends.
    session: Option<Session>,
    slot: Slot,
    info: TokenInfo,
    module: Module,
}

/// A token's public key of a private one.
pub(crate) enum Public {
    /// As numbers.
    Key(PublicKey),
    /// In a certificate, in DER.
    Certificate(Vec<u8>),
}

/// A private key of a token.
pub(crate) struct Key {
    handle: ObjectHandle,
    kind: KeyType,
    id: Vec<u8>,
    label: Vec<u8>,
}

impl fmt::Display for Key {
    /// `"release" (id 01)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.label))?;
        if self.id.is_empty() {
            return f.write_str(" (without id)");
        }
        write!(f, " (id {})", base16ct::lower::encode_string(&self.id))
    }
}

impl Key {
    /// Refuses a public key of another kind.
    pub(crate) fn check_kind(&self, public: KeyKind) -> Result<(), TokenError> {
        let (is_one, found) = match self.kind {
            KeyType::RSA => (matches!(public, KeyKind::Rsa { .. }), "RSA"),
            _ => (matches!(public, KeyKind::EcdsaP256 | KeyKind::EcdsaP384), "ECDSA"),
        };
        if is_one { Ok(()) } else { Err(TokenError::Two { key: self.to_string(), found, public }) }
    }
}

impl Token {
    /// Loads the module, and finds the one token that is named.
    pub(crate) fn find(uri: &Uri) -> Result<Self, TokenError> {
        let module = Module::load(uri)?;
        let (mut matching, mut present) = (Vec::new(), Vec::new());
        for slot in module.0.get_slots_with_token().map_err(|error| refused(&error))? {
            // Another slot may have been emptied just now, or hold something that is no token of this module.
            let Ok(info) = module.0.get_token_info(slot) else { continue };
            if !info.token_initialized() {
                continue;
            }
            let name = format!("{:?} (serial {:?}, slot {slot})", info.label(), info.serial_number());
            let is =
                |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
            if is(&uri.token, info.label())
                && is(&uri.serial, info.serial_number())
                && is(&uri.manufacturer, info.manufacturer_id())
                && is(&uri.model, info.model())
                && uri.slot.is_none_or(|wanted| wanted == slot.id())
            {
                matching.push((name, slot, info));
            } else if present.len() < MOST {
                present.push(name);
            }
        }
        if matching.len() > 1 {
            let matching = matching.into_iter().map(|(name, ..)| name).take(MOST).collect();
            return Err(TokenError::Tokens { matching });
        }
        let Some((_, slot, info)) = matching.pop() else { return Err(TokenError::NoToken { present }) };
        Ok(Self { session: None, slot, info, module })
    }

    /// Whether it makes sense to try a PIN, or to do without one.
    pub(crate) fn check_pin(&self, is_given: bool) -> Result<(), TokenError> {
        let info = &self.info;
        if !is_given {
            return match (info.login_required(), info.protected_authentication_path()) {
                (false, _) => Ok(()),
                (true, false) => Err(TokenError::NoPin),
                (true, true) => Err(TokenError::Keypad),
            };
        }
        if info.user_pin_locked() {
            return Err(TokenError::PinLocked);
        }
        if !info.user_pin_initialized() {
            return Err(TokenError::PinNotSet);
        }
        if info.user_pin_final_try() {
            return Err(TokenError::LastTry);
        }
        Ok(())
    }

    /// Opens it, with the PIN when there is one, which is wiped.
    pub(crate) fn log_in(mut self, pin: Option<Secret>) -> Result<Self, TokenError> {
        let session = self.module.0.open_ro_session(self.slot).map_err(|error| refused(&error))?;
        if let Some(pin) = pin {
            // Wiped as well, when it is dropped.
            let pin = RawAuthPin::new(Box::new(pin.expose().to_vec()));
            match session.login_with_raw(UserType::User, &pin) {
                // By another key of the same run.
                Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
                Err(error) => return Err(of_login(&error)),
            }
        }
        self.session = Some(session);
        Ok(self)
    }

    fn session(&self) -> Result<&Session, TokenError> {
        self.session.as_ref().ok_or_else(|| TokenError::Refused { reason: "it is not open".into() })
    }

    fn objects(&self, template: &[Attribute]) -> Result<Vec<ObjectHandle>, TokenError> {
        let found = self.session()?.iter_objects(template).map_err(|error| refused(&error))?;
        found.take(MOST + 1).collect::<Result<_, _>>().map_err(|error| refused(&error))
    }

    fn attributes(
        &self,
        handle: ObjectHandle,
        types: &[AttributeType],
    ) -> Result<Vec<Attribute>, TokenError> {
        self.session()?.get_attributes(handle, types).map_err(|error| refused(&error))
    }

    fn private_keys(&self, more: &[Attribute]) -> Result<Vec<(Key, bool)>, TokenError> {
        let template = [&[Attribute::Class(ObjectClass::PRIVATE_KEY)][..], more].concat();
        let types = [
            AttributeType::KeyType,
            AttributeType::Id,
            AttributeType::Label,
            AttributeType::AlwaysAuthenticate,
        ];
        let mut keys = Vec::new();
        for handle in self.objects(&template)? {
            let mut key = Key { handle, kind: KeyType::GENERIC_SECRET, id: Vec::new(), label: Vec::new() };
            let mut always = false;
            for attribute in self.attributes(handle, &types)? {
                match attribute {
                    Attribute::KeyType(kind) => key.kind = kind,
                    Attribute::Id(id) => key.id = id,
                    Attribute::Label(label) => key.label = label,
                    Attribute::AlwaysAuthenticate(it_does) => always = it_does,
                    _ => {}
                }
            }
            keys.push((key, always));
        }
        Ok(keys)
    }

    /// The one private key that is named.
    pub(crate) fn key(&self, uri: &Uri) -> Result<Key, TokenError> {
        let id = uri.id.iter().map(|id| Attribute::Id(id.clone()));
        let label = uri.object.iter().map(|label| Attribute::Label(label.clone().into_bytes()));
        let mut found = self.private_keys(&id.chain(label).collect::<Vec<_>>())?;
        let names = |keys: Vec<(Key, bool)>| -> Vec<String> {
            keys.iter().take(MOST).map(|(key, _)| key.to_string()).collect()
        };
        if found.len() > 1 {
            return Err(TokenError::Keys { more: found.len() > MOST, matching: names(found) });
        }
        let Some((key, always)) = found.pop() else {
            return Err(TokenError::NoKey { present: names(self.private_keys(&[])?) });
        };
        if key.kind != KeyType::RSA && key.kind != KeyType::EC {
            return Err(TokenError::Kind { found: key.kind.to_string(), key: key.to_string() });
        }
        if always {
            return Err(TokenError::AlwaysAuthenticate { key: key.to_string() });
        }
        Ok(key)
    }

    /// The public key of a private one: that of the same id, else of the same label; else a certificate's.
    pub(crate) fn public(&self, key: &Key) -> Result<Option<Public>, TokenError> {
        let name = if key.id.is_empty() {
            if key.label.is_empty() {
                return Ok(None);
            }
            Attribute::Label(key.label.clone())
        } else {
            Attribute::Id(key.id.clone())
        };
        let template =
            [Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::KeyType(key.kind), name.clone()];
        let mut keys = Vec::new();
        let found = self.objects(&template)?;
        let several = |count| TokenError::Publics { key: key.to_string(), count };
        for handle in &found {
            let public = self.public_key(*handle, key)?;
            if !keys.contains(&public) {
                keys.push(public);
            }
        }
        match (keys.pop(), keys.is_empty()) {
            (Some(public), true) => return Ok(Some(Public::Key(public))),
            (Some(_), false) => return Err(several(found.len())),
            (None, _) => {}
        }
        let template = [
            Attribute::Class(ObjectClass::CERTIFICATE),
            Attribute::CertificateType(CertificateType::X_509),
            name,
        ];
        let mut certificates = Vec::new();
        for handle in self.objects(&template)? {
            for attribute in self.attributes(handle, &[AttributeType::Value])? {
                if let Attribute::Value(der) = attribute
                    && !certificates.contains(&der)
                {
                    certificates.push(der);
                }
            }
        }
        if certificates.len() > 1 {
            return Err(several(certificates.len()));
        }
        Ok(certificates.pop().map(Public::Certificate))
    }

    fn public_key(&self, handle: ObjectHandle, key: &Key) -> Result<PublicKey, TokenError> {
        let types = if key.kind == KeyType::RSA {
            [AttributeType::Modulus, AttributeType::PublicExponent]
        } else {
            [AttributeType::EcParams, AttributeType::EcPoint]
        };
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for attribute in self.attributes(handle, &types)? {
            match attribute {
                Attribute::Modulus(bytes) | Attribute::EcParams(bytes) => first = bytes,
                Attribute::PublicExponent(bytes) | Attribute::EcPoint(bytes) => second = bytes,
                _ => {}
            }
        }
        let public = if key.kind == KeyType::RSA {
            PublicKey::from_rsa(&first, &second)
        } else {
            let Some(curve) = curve(&first) else {
                let found = format!("ECDSA on another curve ({})", base16ct::lower::encode_string(&first));
                return Err(TokenError::Kind { key: key.to_string(), found });
            };
            PublicKey::from_ec_point(curve, point(&second))
        };
        public.map_err(|source| TokenError::Public { key: key.to_string(), source })
    }

    /// Signs; what comes back is not yet verified, and of ECDSA r and s in raw bytes.
    pub(crate) fn sign(
        &self,
        key: &Key,
        algorithm: Algorithm,
        digest: &Digest,
    ) -> Result<Vec<u8>, TokenError> {
        let (mechanism, name, input) = match algorithm {
            Algorithm::RsaPkcs1v15Sha256 | Algorithm::RsaPkcs1v15Sha512 => {
                // The token pads what it gets, and knows no hash function.
                let input = detached::digest_info(digest).unwrap_or_default();
                (Mechanism::RsaPkcs, "CKM_RSA_PKCS", input)
            }
            Algorithm::RsaPssSha256 => {
                let parameters = PkcsPssParams {
                    hash_alg: MechanismType::SHA256,
                    mgf: PkcsMgfType::MGF1_SHA256,
                    s_len: SALT.try_into().map_err(|error| refused(&error))?,
                };
                (Mechanism::RsaPkcsPss(parameters), "CKM_RSA_PKCS_PSS", digest.as_bytes().to_vec())
            }
            Algorithm::EcdsaSha256 | Algorithm::EcdsaSha384 => {
                (Mechanism::Ecdsa, "CKM_ECDSA", digest.as_bytes().to_vec())
            }
            Algorithm::Ed25519 => return Err(TokenError::Mechanism { mechanism: "CKM_EDDSA", algorithm }),
        };
        self.session()?.sign(&mechanism, key.handle, &input).map_err(|error| match error {
            Error::Pkcs11(RvError::MechanismInvalid | RvError::MechanismParamInvalid, _) => {
                TokenError::Mechanism { mechanism: name, algorithm }
            }
            other => refused(&other),
        })
    }
}

/// The curve of `CKA_EC_PARAMS`, which is its object identifier in DER (RFC 5480, 2.1.1.1).
fn curve(parameters: &[u8]) -> Option<KeyKind> {
    match parameters {
        [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => Some(KeyKind::EcdsaP256),
        [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22] => Some(KeyKind::EcdsaP384),
        _ => None,
    }
}

/// The point of `CKA_EC_POINT`: in an OCTET STRING (PKCS#11 2.40, 2.3.3), which some modules leave out.
fn point(bytes: &[u8]) -> &[u8] {
    match bytes {
        // Of the curves here it has at most 97 bytes, so that its length is one byte.
        [0x04, length, point @ ..] if point.len() == usize::from(*length) => point,
        bare => bare,
    }
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;

    use super::*;

    #[test]
    fn each_answer_to_a_pin_is_told_apart() {
        for (answer, says) in [
            (RvError::PinIncorrect, "the PIN is wrong"),
            (RvError::PinLocked, "the PIN is locked"),
            (RvError::PinExpired, "the PIN has expired"),
            (RvError::PinLenRange, "a length or bytes"),
            (RvError::UserPinNotInitialized, "no PIN of a user yet"),
            (RvError::DeviceRemoved, "C_Login: the token was taken out"),
            (RvError::GeneralError, "C_Login: GeneralError"),
        ] {
            let error = of_login(&Error::Pkcs11(answer, Function::Login));
            assert!(error.to_string().contains(says) && error.hint().is_some(), "{error}");
        }
    }

    #[test]
    fn points_are_taken_with_and_without_their_frame() {
        let bare = [&[4][..], &[7; 64]].concat();
        let framed = [&[4, 65][..], &bare].concat();
        assert_eq!((point(&bare), point(&framed)), (&bare[..], &bare[..]));
        assert_eq!(point(&[]), b"");
        // A bare point of P-256 whose x begins as the length of what follows would be no point of its curve as the inner one.
        let short = [&[4, 63][..], &[7; 63]].concat();
        assert_eq!(point(&short).len(), 63);
    }
}
