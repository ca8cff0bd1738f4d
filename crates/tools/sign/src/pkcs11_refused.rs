//! `pkcs11:` in a build that cannot load a module: refused, with what does the same.

use lw_cli::{Context, Error};
use lw_model::Report;
use lw_signature::PublicKey;

use crate::args::KeyArgs;
use crate::keys::SigningKey;

/// Refuses, as every key of a token.
///
/// # Errors
/// Always.
pub(crate) fn signing_key<'a>(
    _source: &str,
    _args: &KeyArgs,
    _public: Option<&PublicKey>,
    _cx: &'a Context,
    _report: &mut Report,
) -> Result<SigningKey<'a>, Error> {
    Err(Error::usage("--key pkcs11: a PKCS#11 module is not read").hint(
        "a static program cannot load one: ask it through a program, --key 'exec:/usr/bin/pkcs11-tool --module /usr/lib/MODULE.so --sign --mechanism ECDSA --id 01 --login --pin env:PIN' with --exec-variable PIN and --public-key; or sign in two steps with `lw sign digest` and `lw sign attach`; or build `sign` for this machine with the feature `pkcs11`",
    ))
}
