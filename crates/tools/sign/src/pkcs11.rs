//! `pkcs11:`: a key of a token signs, through the module of its maker, which is loaded into this process.
//!
//! The module runs with the rights of this process, so that its path is absolute and comes from where keys come from. It is
//! loaded when everything else is known to be in order, gets digests, and is not believed: what it returns is verified.

mod token;
mod uri;

use lw_cli::{Context, Error};
use lw_model::{Diagnose as _, Report};
use lw_secret::{Secret, SecretSource};
use lw_signature::{Algorithm, Digest, PublicKey, SignError, Signer, detached};

use crate::args::KeyArgs;
use crate::keys::{self, SigningKey};
use crate::pkcs11::token::{Key, Public, Token, TokenError};
use crate::pkcs11::uri::Uri;

/// The key that a `pkcs11:` URI names, ready to sign.
///
/// # Errors
/// When the URI, the module, the token, the PIN or the key is not what it should be.
pub(crate) fn signing_key<'a>(
    source: &str,
    args: &KeyArgs,
    public: Option<&PublicKey>,
    cx: &'a Context,
    report: &mut Report,
) -> Result<SigningKey<'a>, Error> {
    let uri = Uri::parse(source)?;
    let name = uri.to_string();
    let within = |error: TokenError| Error::from(error).context(name.clone());
    let token = Token::find(&uri).map_err(within)?;
    let pin: Option<Secret> = match uri.pin.as_ref().or(args.passphrase.as_ref()) {
        None => None,
        Some(source) => Some(pin(source, cx)?),
    };
    token.check_pin(pin.is_some()).map_err(within)?;
    let token = token.log_in(pin).map_err(within)?;
    let key = token.key(&uri).map_err(within)?;
    let held = match token.public(&key).map_err(within)? {
        None => None,
        Some(Public::Key(key)) => Some(key),
        Some(Public::Certificate(der)) => {
            let name = format!("the certificate beside {name}");
            Some(keys::public_bytes(&name, &der, cx, report)?.key)
        }
    };
    let public = match (public, held) {
        (Some(given), Some(held)) if *given != held => {
            return Err(Error::input(format!(
                "{name} and --public-key are two keys: SHA-256 {} and {}",
                keys::hex(&held),
                keys::hex(given)
            ))
            .hint(
                "give the public key or certificate that belongs to the key of the token, or leave it out",
            ));
        }
        (Some(given), _) => given.clone(),
        (None, Some(held)) => held,
        (None, None) => return Err(within(TokenError::NoPublic { key: key.to_string() })),
    };
    key.check_kind(public.kind()).map_err(within)?;
    let signer = Box::new(TokenSigner { token, key, public });
    Ok(SigningKey { signer, format: None, key_id: None, source: name })
}

fn pin(source: &SecretSource, cx: &Context) -> Result<Secret, Error> {
    // A file of one line ends in a line break, which is no part of what people type.
    Ok(cx.secret(source, "PIN")?.without_line_break())
}

/// A key of a token that signs.
struct TokenSigner {
    token: Token,
    key: Key,
    public: PublicKey,
}

impl Signer for TokenSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign_digest_unchecked(&self, algorithm: Algorithm, digest: &Digest) -> Result<Vec<u8>, SignError> {
        let refused = |error: TokenError| {
            let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            SignError::Signer { reason: format!("{error}{hint}") }
        };
        let signature = self.token.sign(&self.key, algorithm, digest).map_err(refused)?;
        // Tokens answer with r and s as raw bytes.
        let attached = detached::attach(&self.public, algorithm, digest, &signature);
        attached.map(|attached| attached.signature).map_err(|error| SignError::Signer {
            reason: format!("what the token returned does not verify with the public key: {error}"),
        })
    }

    fn sign_message_unchecked(&self, _message: &[u8]) -> Result<Vec<u8>, SignError> {
        // Keys of Ed25519 are refused when they are opened.
        Err(SignError::NotInMemory)
    }
}
