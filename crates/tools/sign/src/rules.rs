//! What the tool may find; `lw explain` and the pages of the docs are made from it.

use lw_model::{Level, Rule};

/// Every kind of finding of its own.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "attestation-policy",
        level: Level::Error,
        title: "An attestation is of another run than the policy asks for, or of other files.",
        help: "Its fields are compared whole. Verify the files of the run that made them, or mend the policy.",
    },
    Rule {
        id: "cannot-verify",
        level: Level::Error,
        title: "A signature could not be judged, so it counts as none.",
        help: "An encrypted payload, or a curve that is not supported: verify the file before it is encrypted, or with the maker's program.",
    },
    Rule {
        id: "certificate",
        level: Level::Error,
        title: "A certificate, or a key by its line of allowed_signers, is not valid today.",
        help: "Renew it, or give the public key itself where no time is meant to count.",
    },
    Rule {
        id: "digest-alone",
        level: Level::Warning,
        title: "A file that is not here was signed by the SHA-256 another step has recorded.",
        help: "Nothing is to be done where the file was left elsewhere on purpose. The signature holds for no other file.",
    },
    Rule {
        id: "fork",
        level: Level::Warning,
        title: "Nothing was signed, since the run is for somebody who may not sign.",
        help: "Sign in a run of your own branches and tags. Whoever can open a pull request decides what such a run signs.",
    },
    Rule {
        id: "forged",
        level: Level::Error,
        title: "A signature does not belong to the file and the key it names.",
        help: "The file or the signature was changed after it was signed. Do not use it; make it anew from its source.",
    },
    Rule {
        id: "legacy",
        level: Level::Warning,
        title: "A minisign signature is of the old form, over the file itself.",
        help: "Sign again: since 2019 minisign signs the BLAKE2b digest of the file.",
    },
    Rule {
        id: "raw-ecdsa",
        level: Level::Note,
        title: "An ECDSA signature came as two raw numbers, as cards return them, and was written in DER.",
        help: "Nothing is to be done.",
    },
    Rule {
        id: "scheme-follows",
        level: Level::Note,
        title: "The scheme was not given, and follows from key and file.",
        help: "Set `scheme` to be sure of it.",
    },
    Rule {
        id: "unknown-trust",
        level: Level::Warning,
        title: "Whether the run may be trusted with a key is not known.",
        help: "The CI does not say who started the run. Sign in runs of which it says so.",
    },
    Rule {
        id: "unsigned",
        level: Level::Error,
        title: "A file has no signature.",
        help: "A build without its signing key looks like any other: see whether the signing step ran and had its secret.",
    },
    Rule {
        id: "untrusted",
        level: Level::Error,
        title: "A signature is sound, and made with a key that is not trusted.",
        help: "See whose key it is. Sign with the expected key, or trust this one with `key` or `expect-key`.",
    },
];
