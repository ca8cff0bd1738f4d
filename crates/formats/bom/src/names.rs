//! The words of CycloneDX for the words of the inventory.

use lw_inventory::{HashAlgorithm, Kind, ReferenceKind, Scope};

use crate::Lifecycle;

const HASHES: [(HashAlgorithm, &str); 12] = [
    (HashAlgorithm::Md5, "MD5"),
    (HashAlgorithm::Sha1, "SHA-1"),
    (HashAlgorithm::Sha256, "SHA-256"),
    (HashAlgorithm::Sha384, "SHA-384"),
    (HashAlgorithm::Sha512, "SHA-512"),
    (HashAlgorithm::Sha3_256, "SHA3-256"),
    (HashAlgorithm::Sha3_384, "SHA3-384"),
    (HashAlgorithm::Sha3_512, "SHA3-512"),
    (HashAlgorithm::Blake2b256, "BLAKE2b-256"),
    (HashAlgorithm::Blake2b384, "BLAKE2b-384"),
    (HashAlgorithm::Blake2b512, "BLAKE2b-512"),
    (HashAlgorithm::Blake3, "BLAKE3"),
];

const KINDS: [(Kind, &str); 13] = [
    (Kind::Application, "application"),
    (Kind::Framework, "framework"),
    (Kind::Library, "library"),
    (Kind::Firmware, "firmware"),
    (Kind::Platform, "platform"),
    (Kind::OperatingSystem, "operating-system"),
    (Kind::DeviceDriver, "device-driver"),
    (Kind::Device, "device"),
    (Kind::Container, "container"),
    (Kind::File, "file"),
    (Kind::Data, "data"),
    (Kind::MachineLearningModel, "machine-learning-model"),
    (Kind::CryptographicAsset, "cryptographic-asset"),
];

const LIFECYCLES: [(Lifecycle, &str); 7] = [
    (Lifecycle::Design, "design"),
    (Lifecycle::PreBuild, "pre-build"),
    (Lifecycle::Build, "build"),
    (Lifecycle::PostBuild, "post-build"),
    (Lifecycle::Operations, "operations"),
    (Lifecycle::Discovery, "discovery"),
    (Lifecycle::Decommission, "decommission"),
];

const REFERENCES: [(ReferenceKind, &str); 7] = [
    (ReferenceKind::Vcs, "vcs"),
    (ReferenceKind::Website, "website"),
    (ReferenceKind::Documentation, "documentation"),
    (ReferenceKind::IssueTracker, "issue-tracker"),
    (ReferenceKind::Bom, "bom"),
    (ReferenceKind::SecurityContact, "security-contact"),
    (ReferenceKind::Licence, "license"),
];

fn word<T: PartialEq>(table: &[(T, &'static str)], of: &T) -> &'static str {
    table.iter().find(|(thing, _)| thing == of).map_or("", |(_, word)| word)
}

fn thing<T: Clone>(table: &[(T, &'static str)], of: &str) -> Option<T> {
    table.iter().find(|(_, word)| *word == of).map(|(thing, _)| thing.clone())
}

/// `SHA-256`.
pub(crate) fn hash_algorithm(algorithm: HashAlgorithm) -> &'static str {
    word(&HASHES, &algorithm)
}

/// The algorithm of a word of CycloneDX.
pub(crate) fn hash_algorithm_of(word: &str) -> Option<HashAlgorithm> {
    thing(&HASHES, word)
}

/// `library`.
pub(crate) fn kind(kind: Kind) -> &'static str {
    word(&KINDS, &kind)
}

/// The kind of a word of CycloneDX.
pub(crate) fn kind_of(word: &str) -> Option<Kind> {
    thing(&KINDS, word)
}

/// `pre-build`.
pub(crate) fn lifecycle(lifecycle: Lifecycle) -> &'static str {
    word(&LIFECYCLES, &lifecycle)
}

/// The phase of a word of CycloneDX.
pub(crate) fn lifecycle_of(word: &str) -> Option<Lifecycle> {
    thing(&LIFECYCLES, word)
}

/// `vcs`.
pub(crate) fn reference(kind: &ReferenceKind) -> &str {
    match kind {
        ReferenceKind::Other(word) => word,
        known => word(&REFERENCES, known),
    }
}

/// The kind of reference of a word of CycloneDX.
pub(crate) fn reference_of(word: &str) -> ReferenceKind {
    thing(&REFERENCES, word).unwrap_or_else(|| ReferenceKind::Other(word.to_owned()))
}

/// `required`.
pub(crate) fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Required => "required",
        Scope::Optional => "optional",
        Scope::Excluded => "excluded",
    }
}
