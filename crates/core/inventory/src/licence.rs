//! Licences: what people write, and what of it is an SPDX expression.
//!
//! SPDX specification 2.3, annex D (expressions) and the licence list that the crate `spdx` carries.

/// A licence as somebody wrote it, and what it means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LicenceText {
    /// As it was written.
    pub written: String,
    /// What it means.
    pub licence: Licence,
}

/// What the text of a licence field means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Licence {
    /// One licence of the SPDX list, by its identifier as the list spells it.
    Id(String),
    /// An SPDX expression of several licences, or with `WITH`, `+` or `LicenseRef-`, in the spelling of the list.
    Expression(String),
    /// A name that is no SPDX expression: `UNLICENSED`, `SEE LICENSE IN file`, `BSD`.
    Name(String),
}

impl LicenceText {
    /// What a licence field means. `MIT/Apache-2.0`, as older crates write it, means either of them; identifiers are taken
    /// in any case and written as the list spells them; what is no expression is a name. `None` for an empty text and for
    /// `NOASSERTION` and `NONE`, which say that nothing is known.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let written = text.trim();
        if written.is_empty() || ["NOASSERTION", "NONE"].contains(&written) {
            return None;
        }
        let licence = meaning(written).unwrap_or_else(|| Licence::Name(written.to_owned()));
        Some(Self { written: written.to_owned(), licence })
    }

    /// Several licences that all apply: `None` of none, an expression where all of them are expressions, else their names
    /// with `, ` between them.
    #[must_use]
    pub fn all_of(licences: Vec<Self>) -> Option<Self> {
        if licences.len() < 2 {
            return licences.into_iter().next();
        }
        let expressions: Option<Vec<_>> = licences.iter().map(Self::expression).collect();
        let Some(expressions) = expressions else {
            let names: Vec<_> = licences.iter().map(|licence| licence.written.as_str()).collect();
            let written = names.join(", ");
            return Some(Self { licence: Licence::Name(written.clone()), written });
        };
        let terms = expressions.into_iter().map(|expression| {
            if expression.contains(" OR ") { format!("({expression})") } else { expression.to_owned() }
        });
        Self::parse(&terms.collect::<Vec<_>>().join(" AND "))
    }

    /// The SPDX expression, where it is one.
    #[must_use]
    pub fn expression(&self) -> Option<&str> {
        match &self.licence {
            Licence::Id(text) | Licence::Expression(text) => Some(text),
            Licence::Name(_) => None,
        }
    }
}

/// The identifiers of the SPDX list, without those of exceptions, in alphabetical order.
pub fn licence_ids() -> impl Iterator<Item = &'static str> {
    spdx::identifiers::LICENSES.iter().map(|licence| licence.name).filter(|name| *name != "NOASSERTION")
}

fn meaning(written: &str) -> Option<Licence> {
    // The slash of older crates, taken as Cargo's documentation explains it.
    let mode = spdx::ParseMode { allow_slash_as_or_operator: true, ..spdx::ParseMode::LAX };
    let canonical = spdx::Expression::canonicalize(written).ok().flatten();
    let text = canonical.as_deref().unwrap_or(written);
    let expression = spdx::Expression::parse_mode(text, mode).ok()?;
    let text = expression.to_string().replace('/', " OR ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match spdx::license_id(&text) {
        Some(id) if !text.contains(' ') => Some(Licence::Id(id.name.to_owned())),
        _ => Some(Licence::Expression(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_understood() {
        let licence = |text: &str| LicenceText::parse(text).unwrap().licence;
        assert_eq!(licence("MIT"), Licence::Id("MIT".into()));
        assert_eq!(licence("mit"), Licence::Id("MIT".into()));
        assert_eq!(licence("MIT/Apache-2.0"), Licence::Expression("MIT OR Apache-2.0".into()));
        assert_eq!(licence("MIT OR Apache-2.0"), Licence::Expression("MIT OR Apache-2.0".into()));
        assert_eq!(licence("UNLICENSED"), Licence::Name("UNLICENSED".into()));
        assert_eq!(licence("SEE LICENSE IN LICENSE.md"), Licence::Name("SEE LICENSE IN LICENSE.md".into()));
        let with = "Apache-2.0 WITH LLVM-exception";
        assert_eq!(licence(with), Licence::Expression(with.into()));
        assert_eq!(LicenceText::parse("NOASSERTION"), None);
    }
}
