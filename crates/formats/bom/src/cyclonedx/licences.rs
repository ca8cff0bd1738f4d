//! Licences in the words of CycloneDX.

use std::collections::BTreeSet;

use lw_inventory::{Licence as Meaning, LicenceText, Property};

use super::model::{Licence, LicenceChoice};
use crate::Format;
use crate::own::{CONCLUDED, DECLARED};

const SAYS_DECLARED: &str = "declared";
const SAYS_CONCLUDED: &str = "concluded";

/// Identifiers that the list of this suite has, but not the one that the schemas of CycloneDX hold (version 3.28): a validator
/// refuses them as `license.id`. Some are newer, some are halves of an identifier. A test compares both lists.
pub(crate) const NOT_IN_SCHEMA: [&str; 19] = [
    "BSD-2-Clause-pos-unchanged",
    "BSD-3-Clause-OpenWebUI",
    "BSD-Source-Code-no-disclaimer",
    "BSD-Source-alt-GPL",
    "BSD-ask-to-endorse",
    "Brian-Gladman-3-Clause-no-conversion",
    "Bugroff",
    "CC-BY-NC-3.0-IGO",
    "FDK-MPEG-H",
    "GFDL-1.1-invariants",
    "GFDL-1.1-no-invariants",
    "GFDL-1.2-invariants",
    "GFDL-1.2-no-invariants",
    "GFDL-1.3-invariants",
    "GFDL-1.3-no-invariants",
    "Hippocratic-3.0-core",
    "Informatica",
    "MVT-1.1",
    "atc-game",
];

fn choice(licence: &LicenceText, acknowledgement: Option<&str>) -> LicenceChoice {
    let acknowledgement = acknowledgement.map(str::to_owned);
    let licence = match &licence.licence {
        Meaning::Id(id) if !NOT_IN_SCHEMA.contains(&id.as_str()) => {
            Licence { id: Some(id.clone()), name: None, acknowledgement }
        }
        Meaning::Name(name) => Licence { id: None, name: Some(name.clone()), acknowledgement },
        Meaning::Id(text) | Meaning::Expression(text) => {
            return LicenceChoice { license: None, expression: Some(text.clone()), acknowledgement };
        }
    };
    LicenceChoice { license: Some(licence), expression: None, acknowledgement: None }
}

/// What a licence is read as again.
fn shown(licence: &LicenceText) -> &str {
    match &licence.licence {
        Meaning::Id(text) | Meaning::Expression(text) | Meaning::Name(text) => text,
    }
}

/// The licences of a component, and as properties of the suite's own what of them this version cannot hold.
///
/// Up to 1.6 a list has licences *or* exactly one expression; 1.7 may mix both. Before 1.6 nothing says which of them somebody
/// concluded.
pub(super) fn written(
    format: Format,
    declared: Option<&LicenceText>,
    concluded: Option<&LicenceText>,
) -> (Vec<LicenceChoice>, Vec<Property>) {
    let acknowledges = format != Format::CycloneDx15;
    let both = [(declared, SAYS_DECLARED, DECLARED), (concluded, SAYS_CONCLUDED, CONCLUDED)];
    let mut choices = Vec::new();
    let mut properties = Vec::new();
    let is_single = both
        .iter()
        .any(|(licence, ..)| licence.is_some_and(|licence| choice(licence, None).expression.is_some()));
    for (licence, says, property) in both {
        let Some(licence) = licence else { continue };
        let alone = declared.is_none() || concluded.is_none();
        let fits = match format {
            Format::CycloneDx15 => alone || property == DECLARED,
            // What was concluded is what a reader has to go by.
            Format::CycloneDx16 => alone || !is_single || property == CONCLUDED,
            _ => true,
        };
        if fits {
            choices.push(choice(licence, acknowledges.then_some(says)));
        }
        let is_said = fits && (acknowledges || property == DECLARED) && shown(licence) == licence.written;
        if !is_said {
            properties.push(Property { name: property.to_owned(), value: licence.written.clone() });
        }
    }
    if format == Format::CycloneDx15 && declared.is_none() && concluded.is_some() {
        // Without it the list would be taken for what the author says.
        properties.push(Property { name: DECLARED.to_owned(), value: "NOASSERTION".to_owned() });
    }
    (choices, properties)
}

/// The licence of the document itself, where it has one.
pub(super) fn of_document(licence: Option<&LicenceText>) -> Vec<LicenceChoice> {
    licence.map(|licence| choice(licence, None)).into_iter().collect()
}

/// What a list of licences declares and what of it somebody concluded. What is not acknowledged as either is declared.
/// Several licences of one sort all apply.
pub(super) fn read(choices: &[LicenceChoice]) -> (Option<LicenceText>, Option<LicenceText>) {
    let mut declared = Vec::new();
    let mut concluded = Vec::new();
    let mut seen = BTreeSet::new();
    for choice in choices {
        let licence = choice.license.as_ref();
        let text = choice
            .expression
            .as_ref()
            .or_else(|| licence.and_then(|licence| licence.id.as_ref().or(licence.name.as_ref())));
        let acknowledgement = choice
            .acknowledgement
            .as_deref()
            .or_else(|| licence.and_then(|licence| licence.acknowledgement.as_deref()));
        let Some(licence) = text.and_then(|text| LicenceText::parse(text)) else { continue };
        let is_concluded = acknowledgement == Some(SAYS_CONCLUDED);
        if seen.insert((is_concluded, licence.clone())) {
            if is_concluded { concluded.push(licence) } else { declared.push(licence) }
        }
    }
    (LicenceText::all_of(declared), LicenceText::all_of(concluded))
}
