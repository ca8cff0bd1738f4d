//! What is written is read again, and is the same bytes whatever order it was put together in.

use std::collections::{BTreeMap, BTreeSet};

use lw_bom::{Document, Format, Rule, read, validate, write};
use lw_inventory::{Component, Identity, LicenceText};
use lw_model::Level;
use proptest::prelude::*;

use crate::documents::{canonical, complete, everything, inventory, parts};

/// Every format that holds a whole inventory, and 1.5 with what it has no place for.
const FORMATS: [Format; 5] = Format::ALL;

fn components(document: &Document, format: Format) -> BTreeMap<Identity, Component> {
    let inventory = &document.inventory;
    let canonical = |(id, component): (_, &Component)| {
        let is_root = inventory.root() == Some(id);
        let component = canonical(component.clone(), is_root, !inventory.unknowns.is_empty(), format);
        (component.identity(), component)
    };
    inventory.iter().map(canonical).collect()
}

fn edges(document: &Document) -> BTreeSet<(Identity, Identity)> {
    let inventory = &document.inventory;
    let identity = |id| inventory.get(id).unwrap().identity();
    inventory.edges().map(|(from, to)| (identity(from), identity(to))).collect()
}

fn same(written: &Document, format: Format) {
    let text = write(written, format).unwrap();
    let faults: Vec<_> = validate(text.as_bytes())
        .unwrap()
        .faults
        .into_iter()
        .filter(|fault| fault.rule.level() == Level::Error && fault.rule != Rule::Empty)
        .collect();
    assert!(faults.is_empty(), "{faults:#?} {text}");
    let (read_format, read) = read(text.as_bytes()).unwrap();
    assert_eq!(read_format, format);
    let (before, after) = (components(written, format), components(&read, format));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>(), "{text}");
    for (identity, component) in &before {
        let (before, after) = (format!("{component:#?}"), format!("{:#?}", after[identity]));
        let differing = before.lines().zip(after.lines()).find(|(before, after)| before != after);
        assert_eq!(component, &components(&read, format)[identity], "{differing:?}");
    }
    assert_eq!(edges(written), edges(&read), "{text}");
    assert_eq!(written.inventory.unknowns, read.inventory.unknowns, "{text}");
    let root = |document: &Document| {
        document.inventory.root().map(|id| document.inventory.get(id).unwrap().identity())
    };
    assert_eq!(root(written), root(&read));
    let about = (&written.about, &read.about);
    assert_eq!(about.0.timestamp, about.1.timestamp);
    assert_eq!(about.0.tools, about.1.tools);
    assert_eq!(about.0.authors, about.1.authors);
    assert_eq!(about.0.supplier, about.1.supplier);
    assert_eq!(about.0.manufacturer, about.1.manufacturer);
    assert_eq!(about.0.lifecycles, about.1.lifecycles);
    assert_eq!(about.0.licence, about.1.licence);
    assert_eq!(about.0.properties, about.1.properties);
    assert_eq!(about.0.version, about.1.version);
    // Written again with the serial and the references it was read with, it is the same file.
    let again = write(&read, format).unwrap();
    let differing = text.lines().zip(again.lines()).find(|(before, after)| before != after);
    assert_eq!(text, again, "{differing:?}");
}

#[test]
fn one_of_everything_is_read_as_it_was_written() {
    for format in FORMATS {
        same(&everything(), format);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_inventory_is_read_as_it_was_written(parts in parts()) {
        let document = inventory(&parts, 0..parts.0.len());
        for format in FORMATS {
            same(&document, format);
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(parts in parts(), seed in any::<u64>()) {
        // What two entries of one identity say differently is decided by their order: here all identities differ.
        let mut seen = BTreeSet::new();
        prop_assume!(parts.0.iter().all(|component| seen.insert(component.identity())));
        let mut order: Vec<_> = (0..parts.0.len()).collect();
        order.sort_by_key(|index| (seed ^ (*index as u64)).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for format in FORMATS {
            let one = write(&inventory(&parts, 0..parts.0.len()), format).unwrap();
            let other = write(&inventory(&parts, order.iter().copied()), format).unwrap();
            prop_assert_eq!(one, other);
        }
    }
}

#[test]
fn a_document_without_a_licence_is_given_none() {
    for format in Format::ALL {
        for (licence, expected) in [(None, None), (Some("MIT"), Some("MIT"))] {
            let mut document = complete();
            document.about.licence = licence.and_then(LicenceText::parse);
            let (_, read) = read(write(&document, format).unwrap().as_bytes()).unwrap();
            // The format has no other.
            let expected = if format == Format::Spdx23 { Some("CC0-1.0") } else { expected };
            let found = read.about.licence.as_ref().map(|licence| licence.written.as_str());
            assert_eq!(found, expected, "{format}");
        }
    }
}

#[test]
fn a_bill_of_nothing_but_the_product_is_empty_in_every_format() {
    let mut document = complete();
    document.inventory = document.inventory.filtered(|_| false);
    assert!(document.inventory.is_empty() && document.inventory.root().is_some());
    for format in FORMATS {
        let found = validate(write(&document, format).unwrap().as_bytes()).unwrap();
        let rules: BTreeSet<_> = found.faults.iter().map(|fault| fault.rule).collect();
        assert!(rules.contains(&Rule::Empty), "{format}: {rules:?}");
        let full = validate(write(&complete(), format).unwrap().as_bytes()).unwrap();
        assert!(full.is_valid() && full.faults.iter().all(|fault| fault.rule != Rule::Empty), "{format}");
    }
}
