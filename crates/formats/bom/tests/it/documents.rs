//! Documents to write: one of everything, and arbitrary ones.

use std::collections::BTreeSet;

use lw_bom::{About, Document, Format, Lifecycle, Tool};
use lw_inventory::{
    Completeness, Component, Contact, Distribution, Hash, HashAlgorithm, Inventory, Kind, LicenceText, Patch,
    Place, Property, Reference, ReferenceKind, Scope, Source, Unknown,
};
use proptest::prelude::*;

/// The firmware of a device, with something in every field.
pub(crate) fn everything() -> Document {
    let mut inventory = Inventory::new();
    let maker = Contact {
        name: Some("Example Devices GmbH".into()),
        email: Some("security@example.com".into()),
        url: Some("https://example.com".into()),
    };
    let root = inventory.add(Component {
        kind: Kind::Firmware,
        purl: Some("pkg:github/example/sensor@1.4.0".parse().unwrap()),
        ecosystem: "github".into(),
        source: Source::Path("firmware".into()),
        description: Some("What runs on the sensor".into()),
        hashes: [
            Hash::from_hex(HashAlgorithm::Sha512, &"ab".repeat(64)).unwrap(),
            Hash::from_hex(HashAlgorithm::Sha256, &"cd".repeat(32)).unwrap(),
        ]
        .into(),
        declared_licence: LicenceText::parse("Apache-2.0"),
        concluded_licence: LicenceText::parse("Apache-2.0"),
        supplier: Some(maker.clone()),
        manufacturer: Some(maker.clone()),
        copyright: Some("Copyright 2026 Example Devices GmbH".into()),
        dependencies_known: Completeness::Complete,
        properties: [Property { name: "bsi:component:filename".into(), value: "sensor.bin".into() }].into(),
        ..Component::new("github", "sensor", Some("1.4.0".into()))
    });
    let cjson = inventory.add(Component {
        namespace: Some("espressif".into()),
        cpe: Some("cpe:2.3:a:davegamble:cjson:1.7.19:*:*:*:*:*:*:*".into()),
        purl: Some(
            "pkg:generic/espressif/cjson@1.7.19~2?download_url=https://components.espressif.com/api/x.zip"
                .parse()
                .unwrap(),
        ),
        source: Source::Url("https://components.espressif.com/api/x.zip".into()),
        declared_licence: LicenceText::parse("MIT"),
        supplier: Some(Contact { name: Some("Espressif Systems".into()), ..Contact::default() }),
        authors: vec![Contact {
            name: Some("Dave Gamble".into()),
            email: Some("dave@example.org".into()),
            url: None,
        }],
        distributions: vec![Distribution {
            url: Some("https://components.espressif.com/api/x.zip".into()),
            file: Some("cjson.zip".into()),
            is_source: true,
            hashes: [Hash::from_hex(HashAlgorithm::Sha256, &"01".repeat(32)).unwrap()].into(),
        }],
        references: [
            Reference { kind: ReferenceKind::Vcs, url: "https://github.com/DaveGamble/cJSON".into() },
            Reference {
                kind: ReferenceKind::Other("release-notes".into()),
                url: "https://example.org/notes".into(),
            },
        ]
        .into(),
        patches: vec![
            Patch {
                file: "patches/cjson.diff".into(),
                hash: Hash::from_hex(HashAlgorithm::Sha256, &"02".repeat(32)),
            },
            Patch { file: "patches/other.diff".into(), hash: None },
        ],
        places: [Place { file: "dependencies.lock".into(), line: Some(7) }].into(),
        released: Some("2025-11-03T08:15:00Z".into()),
        dependencies_known: Completeness::Complete,
        ..Component::new("generic", "cjson", Some("1.7.19~2".into()))
    });
    let itoa = |source: Source, purl: &str| Component {
        source,
        purl: Some(purl.parse().unwrap()),
        declared_licence: LicenceText::parse("MIT/Apache-2.0"),
        concluded_licence: LicenceText::parse("MIT"),
        supplier: Some(Contact { name: Some("dtolnay".into()), ..Contact::default() }),
        distributions: vec![Distribution {
            url: Some("https://static.crates.io/crates/itoa/itoa-1.0.11.crate".into()),
            file: None,
            is_source: true,
            hashes: [Hash::from_hex(HashAlgorithm::Sha256, &"03".repeat(32)).unwrap()].into(),
        }],
        dependencies_known: Completeness::Complete,
        ..Component::new("cargo", "itoa", Some("1.0.11".into()))
    };
    let registry = inventory.add(itoa(Source::PublicRegistry, "pkg:cargo/itoa@1.0.11"));
    let git = inventory.add(itoa(
        Source::Git {
            url: "https://github.com/dtolnay/itoa".into(),
            revision: Some("0123456789abcdef0123456789abcdef01234567".into()),
            folder: None,
        },
        "pkg:cargo/itoa@1.0.11?vcs_url=git%2Bhttps://github.com/dtolnay/itoa%400123456789abcdef0123456789abcdef01234567",
    ));
    let unnamed = inventory.add(Component {
        scope: Scope::Excluded,
        source: Source::Bundled("ESP-IDF".into()),
        declared_licence: LicenceText::parse("SEE LICENSE IN LICENSE.txt"),
        dependencies_known: Completeness::Incomplete,
        ..Component::new("", "cmock", None)
    });
    let scoped = inventory.add(Component {
        namespace: Some("@types".into()),
        purl: Some("pkg:npm/%40types/node@20.0.0".parse().unwrap()),
        source: Source::PublicRegistry,
        scope: Scope::Optional,
        declared_licence: LicenceText::parse("(MIT OR Apache-2.0) AND BSD-3-Clause"),
        ..Component::new("npm", "node", Some("20.0.0".into()))
    });
    inventory.set_root(root);
    for needed in [cjson, registry, unnamed, scoped] {
        inventory.depend(root, needed);
    }
    inventory.depend(cjson, git);
    inventory.depend(git, registry);
    inventory.unknowns.insert(Unknown {
        what: "framework-arduinoespressif32".into(),
        why: "it is not installed: set PLATFORMIO_CORE_DIR".into(),
        place: Some(Place { file: "platformio.ini".into(), line: Some(3) }),
    });
    Document { about: about(), inventory }
}

/// The firmware of a device of which everything is known: what checkers ask for is in it.
pub(crate) fn complete() -> Document {
    let maker = about().manufacturer;
    let known =
        |ecosystem: &str, name: &str, version: &str, purl: &str, licence: &str, byte: &str| Component {
            purl: Some(purl.parse().unwrap()),
            source: Source::PublicRegistry,
            supplier: maker.clone(),
            manufacturer: maker.clone(),
            declared_licence: LicenceText::parse(licence),
            concluded_licence: LicenceText::parse(licence),
            copyright: Some("Copyright 2026 Example Devices GmbH".into()),
            distributions: vec![Distribution {
                url: Some(format!("https://example.com/{name}-{version}.zip")),
                file: None,
                is_source: true,
                hashes: [
                    Hash::from_hex(HashAlgorithm::Sha256, &byte.repeat(32)).unwrap(),
                    Hash::from_hex(HashAlgorithm::Sha512, &byte.repeat(64)).unwrap(),
                ]
                .into(),
            }],
            dependencies_known: Completeness::Complete,
            ..Component::new(ecosystem, name, Some(version.into()))
        };
    let mut inventory = Inventory::new();
    let root = inventory.add(Component {
        kind: Kind::Firmware,
        cpe: Some("cpe:2.3:o:example:sensor:1.4.0:*:*:*:*:*:*:*".into()),
        ..known("github", "sensor", "1.4.0", "pkg:github/example/sensor@1.4.0", "Apache-2.0", "aa")
    });
    let driver = inventory.add(known("cargo", "driver", "0.3.1", "pkg:cargo/driver@0.3.1", "MIT", "bb"));
    let itoa = inventory.add(known("cargo", "itoa", "1.0.11", "pkg:cargo/itoa@1.0.11", "MIT", "cc"));
    inventory.set_root(root);
    inventory.depend(root, driver);
    inventory.depend(driver, itoa);
    Document { about: about(), inventory }
}

pub(crate) fn about() -> About {
    let maker = Contact {
        name: Some("Example Devices GmbH".into()),
        email: Some("security@example.com".into()),
        url: Some("https://example.com".into()),
    };
    About {
        serial: None,
        version: Some(1),
        timestamp: Some("2026-01-31T12:00:00Z".into()),
        tools: vec![Tool {
            vendor: Some("lw-actions".into()),
            name: "lw".into(),
            version: Some("0.1.0".into()),
        }],
        authors: vec![Contact {
            name: Some("A. Person".into()),
            email: Some("a@example.com".into()),
            url: None,
        }],
        manufacturer: Some(maker.clone()),
        supplier: Some(maker),
        lifecycles: vec![Lifecycle::Build],
        licence: LicenceText::parse("CC0-1.0"),
        properties: vec![Property { name: "example:ci".into(), value: "yes".into() }],
    }
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z][a-z0-9._-]{0,8}",
        1 => "[A-Za-z0-9@/:#?%&<>\" äß€-]{1,10}".prop_filter("a name is no space", |word| !word.trim().is_empty()),
    ]
}

fn licence() -> impl Strategy<Value = Option<LicenceText>> {
    let texts = [
        "MIT",
        "mit",
        "MIT/Apache-2.0",
        "GPL-2.0+",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "BSD",
        "UNLICENSED",
        "LicenseRef-scancode-x",
        "Apache-2.0 AND (MIT OR Zlib)",
        "CC0-1.0",
        "NONE",
    ];
    proptest::sample::select(texts.to_vec()).prop_map(LicenceText::parse)
}

fn hashes() -> impl Strategy<Value = BTreeSet<Hash>> {
    let algorithm = proptest::sample::select(vec![
        HashAlgorithm::Md5,
        HashAlgorithm::Sha1,
        HashAlgorithm::Sha256,
        HashAlgorithm::Sha512,
        HashAlgorithm::Blake3,
    ]);
    let hash = (algorithm, any::<u8>()).prop_map(|(algorithm, byte)| {
        Hash::from_hex(algorithm, &format!("{byte:02x}").repeat(algorithm.hex_digits() / 2)).unwrap()
    });
    proptest::collection::btree_set(hash, 0..3)
}

fn contact() -> impl Strategy<Value = Option<Contact>> {
    let email = proptest::option::of(Just("someone@example.org".to_owned()));
    let url = proptest::option::of(Just("https://example.org/who".to_owned()));
    (proptest::option::of(word()), email, url).prop_map(|(name, email, url)| {
        let contact = Contact { name, email, url };
        (!contact.is_empty()).then_some(contact)
    })
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        Just(Source::Unknown),
        Just(Source::PublicRegistry),
        Just(Source::Registry("https://registry.example.org/index".into())),
        (proptest::option::of("[0-9a-f]{7}"), proptest::option::of("[a-z]{1,5}")).prop_map(
            |(revision, folder)| {
                Source::Git { url: "https://example.org/r.git".into(), revision, folder }
            }
        ),
        Just(Source::Url("https://example.org/x.tgz".into())),
        "[a-z]{1,5}".prop_map(Source::Path),
        "[A-Z]{1,5}".prop_map(Source::Bundled),
    ]
}

fn distribution() -> impl Strategy<Value = Distribution> {
    let url = proptest::option::of("https://example[.]org/[a-z]{1,3}/[a-z]{1,4}[.]zip");
    (url, "[a-z]{1,5}[.]whl", any::<bool>(), hashes())
        .prop_map(|(url, file, is_source, hashes)| Distribution { url, file: Some(file), is_source, hashes })
}

pub(crate) fn component() -> impl Strategy<Value = Component> {
    let kind = proptest::sample::select(vec![
        Kind::Library,
        Kind::Application,
        Kind::Firmware,
        Kind::Framework,
        Kind::File,
        Kind::Platform,
        Kind::Data,
    ]);
    let scope = proptest::sample::select(vec![Scope::Required, Scope::Optional, Scope::Excluded]);
    let known = proptest::sample::select(vec![
        Completeness::Unknown,
        Completeness::Incomplete,
        Completeness::Complete,
    ]);
    let purl = proptest::option::of(proptest::sample::select(vec![
        "pkg:cargo/a@1",
        "pkg:npm/%40s/b@2.0.0",
        "pkg:github/o/r@v1",
        "pkg:generic/x?download_url=https://example.org/x.tgz",
    ]));
    let released = proptest::option::of(Just("2026-01-31T12:00:00Z".to_owned()));
    let names =
        (word(), proptest::option::of(word()), proptest::option::of(word()), proptest::option::of(word()));
    let of_it = (kind, scope, known, purl, source(), "[a-z]{0,4}", released);
    let licences = (licence(), licence(), contact(), contact(), proptest::collection::vec(contact(), 0..3));
    let files = (
        hashes(),
        proptest::collection::vec(distribution(), 0..3),
        proptest::collection::btree_set(("[a-z]{1,4}[.]lock", proptest::option::of(1u32..99)), 0..3),
        proptest::collection::btree_set((word(), word()), 0..3),
        proptest::collection::btree_map("[a-z]{1,4}[.]diff", proptest::option::of(any::<u8>()), 0..3),
    );
    (names, of_it, licences, files).prop_map(|(names, of_it, licences, files)| {
        let (name, version, namespace, description) = names;
        let (kind, scope, dependencies_known, purl, source, ecosystem, released) = of_it;
        let (declared_licence, concluded_licence, supplier, manufacturer, authors) = licences;
        let (hashes, distributions, places, properties, patches) = files;
        Component {
            kind,
            ecosystem,
            namespace,
            name,
            version,
            released,
            source,
            purl: purl.map(|purl| purl.parse().unwrap()),
            description,
            scope,
            hashes,
            distributions,
            declared_licence,
            concluded_licence,
            supplier,
            manufacturer,
            authors: authors
                .into_iter()
                .flatten()
                .map(|author| Contact { url: None, ..author })
                .filter(|author| !author.is_empty())
                .collect(),
            places: places.into_iter().map(|(file, line)| Place { file, line }).collect(),
            properties: properties
                .into_iter()
                .map(|(name, value)| Property { name: format!("x:{name}"), value })
                .collect(),
            patches: patches
                .into_iter()
                .map(|(file, byte)| Patch {
                    file,
                    hash: byte.map(|byte| {
                        Hash::from_hex(HashAlgorithm::Sha256, &format!("{byte:02x}").repeat(32)).unwrap()
                    }),
                })
                .collect(),
            dependencies_known,
            ..Component::default()
        }
    })
}

/// Components, the edges between them by index, and what is missing.
pub(crate) type Parts = (Vec<Component>, Vec<(usize, usize)>, Vec<(String, String)>);

/// Any parts.
pub(crate) fn parts() -> impl Strategy<Value = Parts> {
    let components = proptest::collection::vec(component(), 1..8);
    components.prop_flat_map(|components| {
        let count = components.len();
        let edges = proptest::collection::vec((0..count, 0..count), 0..12);
        (Just(components), edges, proptest::collection::vec((word(), word()), 0..2))
    })
}

/// An inventory of parts, added in the order given by `order`; the first part is the root.
pub(crate) fn inventory(parts: &Parts, order: impl Iterator<Item = usize>) -> Document {
    let (components, edges, unknowns) = parts;
    let mut inventory = Inventory::new();
    for index in order {
        inventory.add(components[index].clone());
    }
    let id = |inventory: &Inventory, index: usize| inventory.find(&components[index].identity()).unwrap();
    for &(from, to) in edges {
        let (from, to) = (id(&inventory, from), id(&inventory, to));
        inventory.depend(from, to);
    }
    let root = id(&inventory, 0);
    inventory.set_root(root);
    inventory.unknowns = unknowns
        .iter()
        .map(|(what, why)| Unknown { what: what.clone(), why: why.clone(), place: None })
        .collect();
    Document { about: about(), inventory }
}

/// What a format cannot hold, taken out of a component.
pub(crate) fn canonical(
    mut component: Component,
    is_root: bool,
    has_unknowns: bool,
    format: Format,
) -> Component {
    component.reference = None;
    component.distributions = component
        .distributions
        .into_iter()
        .map(|mut file| {
            let last = file.url.as_deref().and_then(|url| url.rsplit('/').next()).map(str::to_owned);
            match format {
                Format::Spdx23 => {}
                // An element has to have a name.
                Format::Spdx301 => file.file = file.file.or(last),
                _ if file.file == last => file.file = None,
                _ => {}
            }
            file
        })
        .collect();
    component.distributions.sort();
    component.distributions.dedup();
    component.patches.sort();
    if matches!(format, Format::Spdx23 | Format::Spdx301) {
        let with_url = || component.distributions.iter().filter(|file| file.url.is_some());
        let main = with_url().find(|file| file.is_source).or_else(|| with_url().next());
        let of_file = main.map(|file| file.hashes.clone()).unwrap_or_default();
        component.hashes = component.hashes.difference(&of_file).cloned().collect();
    } else if let [only] = component.distributions.as_slice() {
        component.hashes = component.hashes.difference(&only.hashes).cloned().collect();
    }
    let mut seen = BTreeSet::new();
    component.authors.retain(|author| seen.insert(author.clone()));
    if is_root {
        component.scope = Scope::Required;
        if has_unknowns {
            component.dependencies_known = Completeness::Incomplete;
        }
    }
    if format == Format::CycloneDx15 {
        component.places = component.places.into_iter().map(|place| Place { line: None, ..place }).collect();
        let names = component.authors.iter().map(|author| match (&author.name, &author.email) {
            (Some(name), Some(email)) => format!("{name} <{email}>"),
            (Some(text), None) | (None, Some(text)) => text.clone(),
            (None, None) => String::new(),
        });
        let names = names.collect::<Vec<_>>().join(", ");
        component.authors = if names.is_empty() {
            Vec::new()
        } else {
            vec![Contact { name: Some(names), ..Contact::default() }]
        };
    }
    component
}
