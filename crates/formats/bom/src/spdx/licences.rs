//! Licences in the words of SPDX: an expression, or a reference to a text of the document's own.

use std::collections::BTreeMap;

use lw_inventory::{Licence, LicenceText};

use super::idstring;

/// `LicenseRef-…` to the name it stands for.
#[derive(Default)]
pub(super) struct Extracted {
    names: BTreeMap<String, String>,
}

impl Extracted {
    /// The expression of a licence. What is no expression gets an identifier of the document's own.
    pub(super) fn expression(&mut self, licence: Option<&LicenceText>) -> String {
        let Some(licence) = licence else { return "NOASSERTION".to_owned() };
        match &licence.licence {
            Licence::Id(id) => id.clone(),
            // Another document would have to be named as well.
            Licence::Expression(text) if !text.contains("DocumentRef-") => {
                for token in text.split([' ', '(', ')']).filter(|token| token.starts_with("LicenseRef-")) {
                    self.names.entry(token.to_owned()).or_insert_with(|| token.to_owned());
                }
                text.clone()
            }
            Licence::Expression(text) | Licence::Name(text) => self.reference(text),
        }
    }

    fn reference(&mut self, name: &str) -> String {
        let base = format!("LicenseRef-{}", idstring(name));
        let mut reference = base.clone();
        let mut number = 2u32;
        while self.names.get(&reference).is_some_and(|known| known != name) {
            reference = format!("{base}-{number}");
            number = number.saturating_add(1);
        }
        self.names.insert(reference.clone(), name.to_owned());
        reference
    }

    /// All of them, by identifier.
    pub(super) fn names(&self) -> &BTreeMap<String, String> {
        &self.names
    }
}

/// What an expression means, with the names that the document gives to its own identifiers.
pub(super) fn read(expression: Option<&str>, names: &BTreeMap<String, String>) -> Option<LicenceText> {
    let expression = expression?;
    match names.get(expression.trim()).filter(|name| !["", "NOASSERTION"].contains(&name.as_str())) {
        Some(name) => LicenceText::parse(name),
        None => LicenceText::parse(expression),
    }
}
