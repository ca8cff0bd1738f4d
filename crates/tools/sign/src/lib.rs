//! sign: signs, verifies and attests what a pipeline releases.
//!
//! Inputs are hostile until they are checked, and the key is what must not get out: a run reads and judges everything
//! ([`content`]) before it reads a key ([`keys`]), and writes no signature that it has not verified ([`make`]).

mod args;
mod artifacts;
mod attest;
mod chip;
mod content;
mod error;
mod external;
mod keys;
mod keys_command;
mod make;
mod measured;
#[cfg(all(feature = "pkcs11", not(all(unix, target_feature = "crt-static"))))]
mod pkcs11;
#[cfg(not(all(feature = "pkcs11", not(all(unix, target_feature = "crt-static")))))]
#[path = "pkcs11_refused.rs"]
mod pkcs11;
mod rules;
mod scheme;
mod sign;
mod verify;

use lw_cli::{Context, Error, Output, Tool};
use lw_model::Report;

pub use crate::args::{Args, Command};
pub use crate::scheme::Scheme;

/// The tool.
#[derive(Debug)]
pub struct Sign;

impl Tool for Sign {
    const NAME: &'static str = "sign";
    const SUMMARY: &'static str = "Sign, verify and attest firmware and packages: with every key a CI has, for every verifier out there";
    const GUIDE: &'static str = include_str!("guide.txt");
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "signed",
            description: "`true` when something was signed; `false` when an untrusted run was skipped",
        },
        Output {
            name: "path",
            description: "What was written: signatures, signed files, the digest, the statement, the key; one per line",
        },
        Output { name: "scheme", description: "Scheme of the signature" },
        Output { name: "key-id", description: "SHA-256 of the public key of each signer, one per line" },
        Output { name: "digest", description: "Of `digest`: what has to be signed, in hexadecimal" },
        Output { name: "verified", description: "Of `verify`: how many files passed" },
        Output { name: "signer", description: "Of `verify`: the trusted keys that signed, one per line" },
    ];
    const RULES: &'static [lw_model::Rule] = rules::RULES;
    const MEASURES: &'static [lw_model::MeasureKind] = measured::MEASURES;
    const TRUSTED: &'static [&'static str] = &[
        "key",
        "passphrase",
        "public-key",
        "allow-test-key",
        "exec-input",
        "exec-variable",
        "expect-key",
        "known-key",
        "key-digest",
        // What a signature was made for, and what a chip in the field accepts.
        "scheme",
        "namespace",
        "chip",
        "chip-revision",
        "on-fork",
        "allow-unknown-run",
        "repository",
        "workflow",
        "ref",
        "commit",
    ];
    const PINNED: bool = true;
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        match args.command {
            Some(Command::Sign(args)) => sign::run(&args, cx, report),
            Some(Command::Verify(args)) => verify::run(&args, cx, report),
            Some(Command::Digest(args)) => external::digest(&args, cx, report),
            Some(Command::Attach(args)) => external::attach(&args, cx, report),
            Some(Command::Attest(args)) => attest::attest(&args, cx, report),
            Some(Command::VerifyAttestation(args)) => attest::verify(&args, cx, report),
            Some(Command::Keys(args)) => keys_command::run(&args, cx, report),
            None => Err(Error::usage("no command is given").hint(
                "start with one of sign, verify, digest, attach, attest, verify-attestation and keys; `lw sign COMMAND --help` explains each",
            )),
        }
    }
}
