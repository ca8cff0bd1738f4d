//! One component: what it is called, where it comes from, and everything known of it.

use std::collections::BTreeSet;

use crate::inventory::Completeness;
use crate::{LicenceText, Purl};

/// What sort of thing a component is: the words of CycloneDX (`component.type`), of those what the suite writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Something that runs on its own.
    Application,
    /// What other code is built on, and calls it.
    Framework,
    /// Code that is called; what nothing else is known of.
    #[default]
    Library,
    /// What runs on a device.
    Firmware,
    /// What code runs on: an interpreter, a board support package, a build platform.
    Platform,
    /// An operating system.
    OperatingSystem,
    /// Code that drives a device.
    DeviceDriver,
    /// A physical device.
    Device,
    /// An image of a container.
    Container,
    /// One file.
    File,
    /// Data without code.
    Data,
    /// A model of machine learning.
    MachineLearningModel,
    /// A key, certificate or algorithm.
    CryptographicAsset,
}

/// Whether a product needs a component to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Not part of what is shipped: it builds, tests or documents the product.
    Excluded,
    /// May be missing: the product works without it.
    Optional,
    /// Part of what is shipped.
    #[default]
    Required,
}

/// Where a component comes from, which is part of what it *is*: one lock file may hold the same name and version from a
/// registry and from a repository, and they are two things.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Nothing is said about it.
    #[default]
    Unknown,
    /// The public registry of its ecosystem (crates.io, npmjs.com, PyPI, …).
    PublicRegistry,
    /// Another registry, by its address without user name or password.
    Registry(String),
    /// A repository, with the commit that was taken where it is known.
    Git {
        /// Address of the repository, as a URL, without user name or password.
        url: String,
        /// The commit, or the tag or branch where no commit is known.
        revision: Option<String>,
        /// The folder of the component inside the repository.
        folder: Option<String>,
    },
    /// A file behind an address.
    Url(String),
    /// A folder or file of the project itself or beside it, relative to the project and with `/`. Never an absolute path.
    Path(String),
    /// Comes with something else: a part of a framework, of an SDK, of a toolchain.
    Bundled(String),
}

impl Source {
    /// Whether this is the project's own code, which no registry knows.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Path(_))
    }
}

/// The algorithms of hashes that lock files and bills of materials use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashAlgorithm {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
    /// SHA3-512.
    Sha3_512,
    /// BLAKE2b with 256 bits.
    Blake2b256,
    /// BLAKE2b with 384 bits.
    Blake2b384,
    /// BLAKE2b with 512 bits.
    Blake2b512,
    /// BLAKE3.
    Blake3,
}

impl HashAlgorithm {
    /// Hexadecimal digits of such a hash.
    #[must_use]
    pub fn hex_digits(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::Sha1 => 40,
            Self::Sha256 | Self::Sha3_256 | Self::Blake2b256 | Self::Blake3 => 64,
            Self::Sha384 | Self::Sha3_384 | Self::Blake2b384 => 96,
            Self::Sha512 | Self::Sha3_512 | Self::Blake2b512 => 128,
        }
    }
}

/// The hash of a file, as lower-case hexadecimal digits of the right number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash {
    algorithm: HashAlgorithm,
    hex: String,
}

impl Hash {
    /// A hash of hexadecimal digits of either case; `None` where they are too few, too many, or no such digits.
    #[must_use]
    pub fn from_hex(algorithm: HashAlgorithm, hex: &str) -> Option<Self> {
        let fits = hex.len() == algorithm.hex_digits() && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| Self { algorithm, hex: hex.to_ascii_lowercase() })
    }

    /// A hash of its bytes; `None` where they are too few or too many.
    #[must_use]
    pub fn from_bytes(algorithm: HashAlgorithm, bytes: &[u8]) -> Option<Self> {
        use std::fmt::Write as _;
        let mut hex = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            // Writing into a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Self::from_hex(algorithm, &hex)
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// Its digits, lower-case.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.hex
    }
}

/// A file that a component is distributed as: a crate, a wheel, an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Distribution {
    /// Where it may be had.
    pub url: Option<String>,
    /// Its name, without folder.
    pub file: Option<String>,
    /// Whether it holds the source rather than something built.
    pub is_source: bool,
    /// Hashes of the file.
    pub hashes: BTreeSet<Hash>,
}

/// A person or an organisation, and how to reach them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contact {
    /// What they are called.
    pub name: Option<String>,
    /// An address of electronic mail.
    pub email: Option<String>,
    /// A web page.
    pub url: Option<String>,
}

impl Contact {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.name.is_none() && self.email.is_none() && self.url.is_none()
    }
}

/// What an address is about: of CycloneDX's `externalReferences[].type` those the suite writes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferenceKind {
    /// Its repository.
    Vcs,
    /// Its home page.
    Website,
    /// Its documentation.
    Documentation,
    /// Where defects are reported.
    IssueTracker,
    /// Its bill of materials.
    Bom,
    /// Where vulnerabilities are reported: `security.txt`, a policy.
    SecurityContact,
    /// The text of its licence.
    Licence,
    /// Any other, by CycloneDX's word.
    Other(String),
}

/// An address about a component.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// What it is about.
    pub kind: ReferenceKind,
    /// The address.
    pub url: String,
}

/// A named value that no field has, `lw:idf:component_hash`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Property {
    /// Its name, in colon-separated namespaces.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A change that was made to a component after its author released it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Patch {
    /// The file of the change, relative to the project, or its address.
    pub file: String,
    /// SHA-256 or another hash of the change, where the lock file has one.
    pub hash: Option<Hash>,
}

/// Where something was read: a file relative to the project, and the line from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, with `/`.
    pub file: String,
    /// The line, from 1; none where the format has none.
    pub line: Option<u32>,
}

/// What makes two entries the same component.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The type of its package URL (`cargo`, `npm`, …), or nothing.
    pub ecosystem: String,
    /// Scope, owner or namespace, empty without one.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its version, empty without one.
    pub version: String,
    /// Where it comes from.
    pub source: Source,
}

/// A component.
///
/// What is not known is `None` or empty, and is counted as missing by whoever judges: nothing is filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// What sort of thing it is.
    pub kind: Kind,
    /// The type of package URL that things of its sort have (`cargo`, `npm`, `pypi`, `golang`, `conan`, `generic`, …); also
    /// where it has no package URL itself. Empty where there is none.
    pub ecosystem: String,
    /// Scope, owner or namespace: npm's `@scope`, PlatformIO's owner, the path of a Go module before its last part.
    pub namespace: Option<String>,
    /// Its name, as its ecosystem writes it.
    pub name: String,
    /// Its version, as its ecosystem writes it.
    pub version: Option<String>,
    /// Where it comes from.
    pub source: Source,
    /// When this version was published, as RFC 3339 in UTC with whole seconds: of several files the first.
    pub released: Option<String>,
    /// Its package URL. What is local, linked or patched has none of a registry.
    pub purl: Option<Purl>,
    /// Its Common Platform Enumeration name, version 2.3.
    pub cpe: Option<String>,
    /// One line about it.
    pub description: Option<String>,
    /// Whether the product needs it.
    pub scope: Scope,
    /// Hashes of the thing itself, where it is one file; those of its archives are in `distributions`.
    pub hashes: BTreeSet<Hash>,
    /// The files it is distributed as.
    pub distributions: Vec<Distribution>,
    /// The licence its author names.
    pub declared_licence: Option<LicenceText>,
    /// The licence somebody concluded it has, having looked.
    pub concluded_licence: Option<LicenceText>,
    /// Who holds the rights.
    pub copyright: Option<String>,
    /// Who wrote it.
    pub authors: Vec<Contact>,
    /// Who it was had from.
    pub supplier: Option<Contact>,
    /// Who made it.
    pub manufacturer: Option<Contact>,
    /// Addresses about it.
    pub references: BTreeSet<Reference>,
    /// What no field has.
    pub properties: BTreeSet<Property>,
    /// What was changed in it.
    pub patches: Vec<Patch>,
    /// Where it was read.
    pub places: BTreeSet<Place>,
    /// Whether all it depends on is known.
    pub dependencies_known: Completeness,
    /// Its identifier in the bill of materials it was read from; one is made when it is written without.
    pub reference: Option<String>,
}

impl Component {
    /// A component of which nothing else is known yet.
    #[must_use]
    pub fn new(ecosystem: &str, name: impl Into<String>, version: Option<String>) -> Self {
        Self { ecosystem: ecosystem.to_owned(), name: name.into(), version, ..Self::default() }
    }

    /// What makes it the same as another entry.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity {
            ecosystem: self.ecosystem.clone(),
            namespace: self.namespace.clone().unwrap_or_default(),
            name: self.name.clone(),
            version: self.version.clone().unwrap_or_default(),
            source: self.source.clone(),
        }
    }

    /// Adds a named value.
    pub fn property(&mut self, name: &str, value: impl Into<String>) {
        self.properties.insert(Property { name: name.to_owned(), value: value.into() });
    }

    /// Takes over what `other`, the same component read elsewhere, knows more: required wins over optional and excluded, what
    /// only one of them says stays, and what both say stays as it is here.
    pub fn absorb(&mut self, other: Self) {
        self.scope = self.scope.max(other.scope);
        self.dependencies_known = self.dependencies_known.max(other.dependencies_known);
        self.hashes.extend(other.hashes);
        for distribution in other.distributions {
            if !self.distributions.contains(&distribution) {
                self.distributions.push(distribution);
            }
        }
        for patch in other.patches {
            if !self.patches.contains(&patch) {
                self.patches.push(patch);
            }
        }
        if self.authors.is_empty() {
            self.authors = other.authors;
        }
        self.references.extend(other.references);
        self.properties.extend(other.properties);
        self.places.extend(other.places);
        fn fill<T>(mine: &mut Option<T>, theirs: Option<T>) {
            if mine.is_none() {
                *mine = theirs;
            }
        }
        fill(&mut self.purl, other.purl);
        fill(&mut self.released, other.released);
        fill(&mut self.cpe, other.cpe);
        fill(&mut self.description, other.description);
        fill(&mut self.declared_licence, other.declared_licence);
        fill(&mut self.concluded_licence, other.concluded_licence);
        fill(&mut self.copyright, other.copyright);
        fill(&mut self.supplier, other.supplier);
        fill(&mut self.manufacturer, other.manufacturer);
        fill(&mut self.reference, other.reference);
    }
}
