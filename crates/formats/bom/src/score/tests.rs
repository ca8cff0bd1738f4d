use lw_inventory::{
    Completeness, Component, Contact, Distribution, Hash, HashAlgorithm, Inventory, Kind, LicenceText, Purl,
    Reference, ReferenceKind, Source,
};
use proptest::prelude::*;

use super::*;
use crate::{Lifecycle, Tool};

fn contact(name: &str, email: &str) -> Contact {
    Contact { name: Some(name.into()), email: Some(email.into()), url: None }
}

fn hash(algorithm: HashAlgorithm) -> Hash {
    Hash::from_hex(algorithm, &"a".repeat(algorithm.hex_digits())).unwrap()
}

/// A library that lacks nothing.
fn whole(name: &str) -> Component {
    let mut component = Component::new("generic", name, Some("1.2.3".into()));
    component.purl = Some(Purl::new("generic", None, name, Some("1.2.3")).unwrap());
    component.supplier = Some(contact("Acme", "psirt@acme.example"));
    component.manufacturer = component.supplier.clone();
    component.declared_licence = LicenceText::parse("MIT");
    component.concluded_licence = LicenceText::parse("MIT");
    component.dependencies_known = Completeness::Complete;
    component.hashes.insert(hash(HashAlgorithm::Sha256));
    component.distributions.push(Distribution {
        url: Some(format!("https://acme.example/{name}.bin")),
        file: Some(format!("{name}.bin")),
        is_source: false,
        hashes: [hash(HashAlgorithm::Sha512)].into(),
    });
    component
        .references
        .insert(Reference { kind: ReferenceKind::Vcs, url: "https://acme.example/x.git".into() });
    component.property("bsi:component:executable", "executable");
    component.property("bsi:component:archive", "no archive");
    component.property("bsi:component:structured", "unstructured");
    component
}

/// A firmware of two libraries that lacks nothing.
fn document() -> Document {
    let mut inventory = Inventory::new();
    let root = inventory.add(Component { kind: Kind::Firmware, ..whole("product") });
    inventory.set_root(root);
    let first = inventory.add(whole("first"));
    let second = inventory.add(whole("second"));
    inventory.depend(root, first);
    inventory.depend(first, second);
    let mut document = Document { inventory, ..Document::default() };
    document.about.serial = Some("urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79".into());
    document.about.timestamp = Some("2026-01-31T12:00:00Z".into());
    document.about.manufacturer = Some(contact("Acme", "psirt@acme.example"));
    document.about.tools = vec![Tool { vendor: None, name: "lw sbom".into(), version: None }];
    document.about.lifecycles = vec![Lifecycle::PreBuild];
    document
}

fn component<'a>(document: &'a mut Document, name: &str) -> &'a mut Component {
    let id = document.inventory.iter().find(|(_, component)| component.name == name).unwrap().0;
    document.inventory.get_mut(id).unwrap()
}

fn of(document: &Document, standard: Standard) -> Score {
    score(document, Format::CycloneDx17, standard)
}

/// What is missing, as `field: component: why`.
fn gaps(document: &Document, score: &Score) -> Vec<String> {
    let name = |gap: &Gap| match gap.component.and_then(|id| document.inventory.get(id)) {
        Some(component) => component.name.clone(),
        None => "document".into(),
    };
    let of_field = |field: &FieldScore| {
        let id = field.field.id;
        field.gaps.iter().map(|gap| format!("{id}: {}: {}", name(gap), gap.why)).collect::<Vec<_>>()
    };
    score.fields.iter().flat_map(of_field).collect()
}

fn percent(text: &str) -> Option<Percent> {
    Some(text.parse().unwrap())
}

#[test]
fn what_lacks_nothing_is_conformant_with_all() {
    let document = document();
    for standard in Standard::ALL {
        let score = of(&document, standard);
        assert_eq!(gaps(&document, &score), Vec::<String>::new(), "{standard}");
        assert!(score.is_conformant());
        assert_eq!(score.percent(), percent("100%"), "{standard}");
        let ((points, one), possible) = score.points();
        assert_eq!((points, one), (u128::from(possible), 1), "{standard}");
        assert_eq!(standard.as_str().parse(), Ok(standard));
    }
    assert!("ntia".parse::<Standard>().is_err());
}

#[test]
fn nothing_at_all_is_nothing_and_no_standard_is_met() {
    let document = Document::default();
    for standard in Standard::ALL {
        let score = of(&document, standard);
        assert_eq!(score.percent(), percent("0%"), "{standard}");
        assert!(score.fields.iter().all(|field| field.met == 0 && field.applicable == 1), "{standard}");
        assert!(!score.is_conformant());
    }
}

#[test]
fn a_format_that_cannot_conform_is_said_and_not_scored() {
    let document = document();
    for (format, word) in [(Format::Spdx23, "SPDX 2.3"), (Format::CycloneDx15, "CycloneDX 1.5")] {
        let refused = score(&document, format, Standard::BsiTr03183);
        assert_eq!(refused.percent(), None);
        assert!(refused.refused.is_some_and(|why| why.contains(word)), "{format}");
        assert!(!refused.is_conformant());
        for other in [Standard::Ntia2021, Standard::Cisa2025, Standard::Cra] {
            assert!(score(&document, format, other).is_conformant(), "{format} {other}");
        }
    }
    for format in [Format::CycloneDx16, Format::CycloneDx17, Format::Spdx301] {
        assert_eq!(score(&document, format, Standard::BsiTr03183).refused, None);
    }
}

#[test]
fn a_field_of_the_components_counts_by_their_share() {
    let mut document = document();
    component(&mut document, "first").supplier = None;
    let score = of(&document, Standard::Ntia2021);
    assert_eq!(gaps(&document, &score), ["supplier: first: no supplier is named"]);
    // Six fields, and two of three components.
    assert_eq!(score.points(), ((20, 3), 7));
    assert_eq!(score.percent(), percent("95.2380%"));
    let first = score.components[1];
    assert_eq!((first.met, first.applicable), (4, 5));
    assert_eq!((score.components[0].met, score.components[0].applicable), (5, 5));
}

#[test]
fn words_that_say_nothing_are_missing() {
    for nothing in ["NOASSERTION", "", "unknown", " "] {
        let mut document = document();
        component(&mut document, "second").supplier =
            Some(Contact { name: Some(nothing.into()), ..Contact::default() });
        component(&mut document, "second").version = Some(nothing.into());
        document.about.timestamp = Some(nothing.into());
        document.about.tools[0].name = nothing.into();
        let score = of(&document, Standard::Ntia2021);
        assert_eq!(
            gaps(&document, &score),
            [
                "supplier: second: no supplier is named",
                "version: second: it has no version",
                "timestamp: document: there is none",
            ]
        );
        assert!(
            gaps(&document, &of(&document, Standard::Cra))
                .contains(&"tool: document: no program is named that made the bill".to_owned())
        );
    }
}

/// `ntia-conformance-checker` takes any creator for the author, also `Tool: syft`; `cdx-validate -b cra` does not ask. The
/// text of 2021 asks for "the name of the entity that creates the SBOM data", and a program answers for nothing.
#[test]
fn a_program_is_no_author() {
    let mut document = document();
    document.about.manufacturer = None;
    let root = component(&mut document, "product");
    (root.manufacturer, root.supplier) = (None, None);
    let gaps = gaps(&document, &of(&document, Standard::Ntia2021));
    assert!(gaps.contains(&"author: document: nobody is named who made the bill".to_owned()), "{gaps:?}");
}

/// `ntia-conformance-checker` is content with one DESCRIBES, `cdx-validate` with three quarters of the components. The text
/// asks for the relationship of each: what the product does not lead to cannot be traced when it is vulnerable.
#[test]
fn every_component_has_its_place_in_the_graph() {
    let mut document = document();
    let lost = document.inventory.add(whole("lost"));
    let island = document.inventory.add(whole("island"));
    document.inventory.depend(lost, island);
    for standard in [Standard::Ntia2021, Standard::Cisa2025, Standard::Cra, Standard::BsiTr03183] {
        let found = gaps(&document, &of(&document, standard));
        let why = "nothing the product depends on leads to it";
        for name in ["lost", "island"] {
            assert!(found.contains(&format!("dependencies: {name}: {why}")), "{standard}: {found:?}");
        }
    }
    let mut alone = Document { about: document.about.clone(), ..Document::default() };
    let root = alone.inventory.add(whole("product"));
    alone.inventory.set_root(root);
    assert!(of(&alone, Standard::Cra).is_conformant(), "a product without dependencies, and that is said");
    component(&mut alone, "product").dependencies_known = Completeness::Unknown;
    assert_eq!(
        gaps(&alone, &of(&alone, Standard::Cra)),
        ["dependencies: product: the product depends on nothing, and nothing says that this is so"]
    );
}

/// `cdx-validate -b cra` takes any entry in `licenses`, so that `{"name": "NOASSERTION"}` passes. It says nothing of the
/// licence, and free text cannot be compared with anything.
#[test]
fn free_text_is_no_licence() {
    let mut document = document();
    let second = component(&mut document, "second");
    second.concluded_licence = None;
    second.declared_licence = LicenceText::parse("SEE LICENSE IN LICENSE.md");
    assert_eq!(
        gaps(&document, &of(&document, Standard::Cra)),
        ["licence: second: it is free text and no SPDX expression"]
    );
    component(&mut document, "second").declared_licence = None;
    assert_eq!(gaps(&document, &of(&document, Standard::Cra)), ["licence: second: it has none"]);
    component(&mut document, "second").declared_licence = LicenceText::parse("LicenseRef-mine");
    assert!(of(&document, Standard::Cra).is_conformant());
    component(&mut document, "second").concluded_licence = LicenceText::parse("LicenseRef-mine");
    let score = of(&document, Standard::BsiTr03183);
    let why = "a LicenseRef- of it does not name who keeps the list it is on (LicenseRef-scancode-…)";
    assert_eq!(
        gaps(&document, &score),
        [format!("distribution-licence: second: {why}"), format!("original-licence: second: {why}"),]
    );
}

#[test]
fn the_guideline_wants_the_hash_of_the_file_as_sha_512() {
    let mut document = document();
    let why = |document: &Document| gaps(document, &of(document, Standard::BsiTr03183));
    let second = component(&mut document, "second");
    second.hashes = second.distributions[0].hashes.split_off(&hash(HashAlgorithm::Md5));
    assert_eq!(
        why(&document),
        [
            "deployable-hash: second: its SHA-512 stands beside the component and not with the file that is distributed"
        ]
    );
    component(&mut document, "second").hashes = [hash(HashAlgorithm::Sha256)].into();
    assert_eq!(why(&document), ["deployable-hash: second: it has a hash, but no SHA-512"]);
    component(&mut document, "second").hashes.clear();
    assert_eq!(why(&document), ["deployable-hash: second: it has none"]);
    component(&mut document, "second").distributions[0].hashes = [hash(HashAlgorithm::Sha512)].into();
    component(&mut document, "second").distributions[0].is_source = true;
    assert_eq!(
        why(&document),
        [
            "filename: second: there is none",
            "deployable-hash: second: its SHA-512 stands beside the component and not with the file that is distributed",
            "deployable-uri: second: there is none",
        ]
    );
}

/// MD5 and SHA-1 are hashes, but not ones that tell a file from another that was made to look like it.
#[test]
fn a_broken_hash_is_none() {
    let mut document = document();
    let second = component(&mut document, "second");
    second.distributions.clear();
    second.hashes = [hash(HashAlgorithm::Md5), hash(HashAlgorithm::Sha1)].into();
    assert_eq!(
        gaps(&document, &of(&document, Standard::Cisa2025)),
        ["hash: second: it has only MD5 or SHA-1, for which collisions are known"]
    );
    component(&mut document, "second").hashes.insert(hash(HashAlgorithm::Blake3));
    assert!(of(&document, Standard::Cisa2025).is_conformant());
}

#[test]
fn a_name_alone_is_no_contact() {
    let mut document = document();
    document.about.manufacturer = Some(Contact { name: Some("Acme".into()), ..Contact::default() });
    for name in ["product", "first"] {
        let component = component(&mut document, name);
        component.supplier = Some(Contact { name: Some("Acme".into()), ..Contact::default() });
        component.manufacturer = None;
    }
    let why = "its creator has neither an email nor a web address; a name is not enough";
    assert_eq!(
        gaps(&document, &of(&document, Standard::BsiTr03183)),
        [
            format!("sbom-creator: document: {why}"),
            format!("creator: product: {why}"),
            format!("creator: first: {why}"),
        ]
    );
    assert_eq!(
        gaps(&document, &of(&document, Standard::Cra)),
        ["contact: document: there is no address to report a vulnerability to"]
    );
    let policy = Reference {
        kind: ReferenceKind::SecurityContact,
        url: "https://acme.example/.well-known/security.txt".into(),
    };
    component(&mut document, "product").references.insert(policy);
    assert!(of(&document, Standard::Cra).is_conformant());
}

#[test]
fn an_identifier_is_a_purl_or_a_whole_cpe() {
    let mut document = document();
    for (cpe, met) in [
        ("cpe:2.3:a:acme:second:1.2.3:*:*:*:*:*:*:*", true),
        ("cpe:2.3:a:ac\\:me:second:1.2.3:*:*:*:*:*:*:*", true),
        ("cpe:2.3:a:acme:second:1.2.3", false),
        ("cpe:/a:acme:second:1.2.3", true),
        ("cpe:/a", false),
        ("second", false),
    ] {
        let second = component(&mut document, "second");
        (second.purl, second.cpe) = (None, Some(cpe.into()));
        assert_eq!(of(&document, Standard::Ntia2021).is_conformant(), met, "{cpe}");
    }
}

#[test]
fn times_are_read_as_the_writers_read_them() {
    let mut document = document();
    for (time, met) in
        [("2026-01-31T12:00:00.5+01:00", true), ("2026-02-30T12:00:00Z", false), ("2026", false)]
    {
        document.about.timestamp = Some(time.into());
        assert_eq!(of(&document, Standard::Cra).is_conformant(), met, "{time}");
    }
}

#[test]
fn a_component_is_described_less_only_for_a_reason() {
    let mut document = document();
    let class = |document: &Document, name: &str| {
        let score = of(document, Standard::BsiTr03183);
        let id = document.inventory.iter().find(|(_, component)| component.name == name).unwrap().0;
        score.components.iter().find(|component| component.component == id).unwrap().class
    };
    assert_eq!(class(&document, "first"), Class::Described);
    // That nothing is known of its file is no reason.
    let first = component(&mut document, "first");
    first.hashes.clear();
    first.distributions.clear();
    first.properties.clear();
    assert_eq!(class(&document, "first"), Class::Described);
    component(&mut document, "first").source = Source::Path("libs/first".into());
    assert_eq!(class(&document, "first"), Class::Logical);
    let score = of(&document, Standard::BsiTr03183);
    assert!(score.is_conformant(), "{:?}", gaps(&document, &score));
    let file = score.fields.iter().find(|field| field.field.id == "filename").unwrap();
    assert_eq!((file.met, file.applicable), (2, 2));
    assert_eq!(file.not_applicable, BTreeMap::from([("a logical component is no file", 1)]));
    // One without anything below it groups nothing.
    component(&mut document, "second").source = Source::Path("libs/second".into());
    component(&mut document, "second").distributions.clear();
    assert_eq!(class(&document, "second"), Class::Described);
    component(&mut document, "second").scope = lw_inventory::Scope::Excluded;
    component(&mut document, "second").concluded_licence = None;
    assert_eq!(class(&document, "second"), Class::Identified);
    assert!(of(&document, Standard::BsiTr03183).is_conformant());
    component(&mut document, "second").scope = lw_inventory::Scope::Required;
    let bom = Reference { kind: ReferenceKind::Bom, url: "https://acme.example/second.cdx.json".into() };
    component(&mut document, "second").references.insert(bom);
    component(&mut document, "second").purl = None;
    assert_eq!(class(&document, "second"), Class::Referenced);
    assert!(of(&document, Standard::BsiTr03183).is_conformant());
    // The other standards know no classes.
    assert!(!of(&document, Standard::Ntia2021).is_conformant());
}

#[test]
fn a_firmware_is_a_file_whatever_is_known_of_it() {
    let mut document = document();
    let root = component(&mut document, "product");
    root.hashes.clear();
    root.distributions.clear();
    root.properties.clear();
    let score = of(&document, Standard::BsiTr03183);
    assert_eq!(score.components[0].class, Class::Described);
    assert_eq!(score.components[0].applicable - score.components[0].met, 6);
}

/// In 1.6 `licenses` is a list of licences, or one expression.
#[test]
fn two_expressions_need_a_format_with_room_for_them() {
    let mut document = document();
    component(&mut document, "second").declared_licence = LicenceText::parse("MIT OR Apache-2.0");
    let six = score(&document, Format::CycloneDx16, Standard::BsiTr03183);
    assert_eq!(
        gaps(&document, &six),
        [
            "original-licence: second: CycloneDX 1.6 has room for one expression, and that is the distribution licence: write 1.7"
        ]
    );
    assert!(of(&document, Standard::BsiTr03183).is_conformant());
    assert!(score(&document, Format::Spdx301, Standard::BsiTr03183).is_conformant());
}

#[test]
fn every_field_says_where_it_stands_and_what_gives_it() {
    for standard in Standard::ALL {
        let ids = lw_model::lists::distinct(standard.fields().iter().map(|field| field.id));
        assert_eq!(ids.len(), standard.fields().len(), "{standard}: an id stands there twice");
        for field in standard.fields() {
            assert!(
                !field.title.is_empty() && !field.clause.is_empty() && !field.fix.is_empty(),
                "{}",
                field.id
            );
            assert!(!field.fix.ends_with('.') && !field.title.ends_with('.'), "{}", field.id);
        }
    }
    let numbers = Standard::ALL.map(|standard| standard.fields().len());
    assert_eq!(numbers, [7, 12, 17, 8]);
}

proptest! {
    /// Taking a thing away never makes a bill better, and it is conformant exactly at 100 %.
    #[test]
    fn less_is_never_more(take in proptest::collection::vec((0usize..3, 0usize..9), 0..12)) {
        let mut document = document();
        let names = ["product", "first", "second"];
        let mut before = Standard::ALL.map(|standard| of(&document, standard).percent());
        for (index, what) in take {
            let component = component(&mut document, names[index]);
            match what {
                0 => component.supplier = None,
                1 => component.manufacturer = None,
                2 => component.version = None,
                3 => component.purl = None,
                4 => component.declared_licence = None,
                5 => component.concluded_licence = None,
                6 => component.hashes.clear(),
                7 => component.properties.clear(),
                _ => component.dependencies_known = Completeness::Unknown,
            }
            for (standard, before) in Standard::ALL.into_iter().zip(&mut before) {
                let score = of(&document, standard);
                let now = score.percent();
                prop_assert!(now <= *before, "{} {:?} {:?}", standard, before, now);
                prop_assert_eq!(score.is_conformant(), now == percent("100%"));
                let gaps: usize = score.fields.iter().map(|field| field.gaps.len()).sum();
                let counted: u64 = score.fields.iter().map(|field| field.applicable - field.met).sum();
                prop_assert_eq!(gaps as u64, counted);
                *before = now;
            }
        }
    }
}
