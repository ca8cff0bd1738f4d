//! Which licences a product may have.
//!
//! Expressions mean what SPDX 2.3, annex D, says: of `A OR B` the one that is allowed is taken, `A AND B` needs both, and
//! `A WITH E` is a licence of its own.

use std::borrow::Cow;

use ::spdx::{Expression, LicenseReq, Licensee, ParseMode};
use lw_inventory::{Component, LicenceText};
use lw_model::{Class, Diagnose};
use wildmatch::WildMatch;

/// Licences that are allowed and denied.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    allow: Vec<Entry>,
    deny: Vec<Entry>,
}

/// A licence a policy names.
#[derive(Clone, Debug)]
struct Entry {
    written: String,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    /// One licence, perhaps with an exception.
    One(Box<Licensee>),
    /// All whose names are like this.
    Like(WildMatch),
}

/// An entry that names no licence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is none.
    #[error("`{0}` is no licence of SPDX's list, and no LicenseRef-")]
    Unknown(String),
    /// It is a pattern like no licence.
    #[error("no licence of SPDX's list is like `{0}`")]
    Nothing(String),
}

impl Diagnose for PolicyError {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Unknown(text) if text.contains(" OR ") || text.contains(" AND ") => {
                "name each licence by itself: an expression is judged by the licences in it"
            }
            Self::Unknown(_) => {
                "write it as in https://spdx.org/licenses: MIT, GPL-3.0-only, Apache-2.0 WITH LLVM-exception, GPL-*"
            }
            Self::Nothing(_) => "`*` stands for any characters: GPL-*, CC-BY-*",
        };
        Some(hint.into())
    }
}

/// What a policy says of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Its licence may be had.
    Allowed,
    /// None of the licences it can be had under is allowed; the licence that stands in the way.
    NotAllowed(String),
    /// It cannot be had but under a licence that is denied: this one.
    Denied(String),
    /// Nothing is known of its licence.
    Unknown,
    /// What is known is free text, and no expression.
    FreeText(String),
}

impl Policy {
    /// A policy. Without any licence that is allowed, all are that are not denied.
    ///
    /// # Errors
    /// An entry that names no licence: a misspelt one would deny nothing.
    pub fn new<T: AsRef<str>>(allow: &[T], deny: &[T]) -> Result<Self, PolicyError> {
        let entries =
            |list: &[T]| list.iter().map(|text| Entry::new(text.as_ref())).collect::<Result<_, _>>();
        Ok(Self { allow: entries(allow)?, deny: entries(deny)? })
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }

    /// What it says of a component. The concluded licence counts, and without one the declared.
    #[must_use]
    pub fn judge(&self, component: &Component) -> Ruling {
        let Some(licence) = licence_of(component) else { return Ruling::Unknown };
        let Some(expression) = parse(licence) else { return Ruling::FreeText(licence.written.clone()) };
        let fails = |refused: &dyn Fn(&LicenseReq) -> bool| {
            let failures = expression.evaluate_with_failures(|licence| !refused(licence)).err()?;
            failures.first().map(|failure| failure.req.to_string())
        };
        if let Some(denied) = fails(&|licence| self.denies(licence)) {
            return Ruling::Denied(denied);
        }
        // What is denied cannot be what is allowed.
        match fails(&|licence| self.denies(licence) || !self.allows(licence)) {
            Some(missing) => Ruling::NotAllowed(missing),
            None => Ruling::Allowed,
        }
    }

    fn denies(&self, licence: &LicenseReq) -> bool {
        // With an exception it is denied as well, unless that very combination is allowed by name.
        let is_excepted = licence.addition.is_some()
            && self.allow.iter().any(|entry| matches!(&entry.what, What::One(one) if one.satisfies(licence)));
        !is_excepted && self.deny.iter().any(|entry| entry.denies(licence))
    }

    fn allows(&self, licence: &LicenseReq) -> bool {
        self.allow.is_empty() || self.allow.iter().any(|entry| entry.allows(licence))
    }
}

impl Entry {
    fn new(text: &str) -> Result<Self, PolicyError> {
        let written = text.trim().to_owned();
        if written.contains('*') {
            let pattern = WildMatch::new(&written);
            let is_reference = written.starts_with("LicenseRef-");
            if !is_reference
                && !::spdx::identifiers::LICENSES.iter().any(|licence| pattern.matches(licence.name))
            {
                return Err(PolicyError::Nothing(written));
            }
            return Ok(Self { written, what: What::Like(pattern) });
        }
        // `GPL3` may mean several; a policy says which.
        let mode = ParseMode { allow_imprecise_license_names: false, ..ParseMode::LAX };
        match Licensee::parse_mode(&written, mode) {
            Ok(licensee) => Ok(Self { written, what: What::One(Box::new(licensee)) }),
            Err(_) => Err(PolicyError::Unknown(written)),
        }
    }

    fn allows(&self, licence: &LicenseReq) -> bool {
        match &self.what {
            What::One(one) => self.is(licence) || one.satisfies(licence) || self.is_later(licence),
            What::Like(pattern) => pattern.matches(&licence.to_string()),
        }
    }

    fn denies(&self, licence: &LicenseReq) -> bool {
        let bare = LicenseReq { license: licence.license.clone(), addition: None };
        match &self.what {
            What::One(_) => self.is(licence) || self.is(&bare),
            What::Like(pattern) => {
                pattern.matches(&licence.to_string()) || pattern.matches(&bare.to_string())
            }
        }
    }

    /// Whether a GNU licence "or later" may be had under the version that this entry names.
    fn is_later(&self, licence: &LicenseReq) -> bool {
        let Some((mine, theirs)) = ::spdx::license_id(&self.written).zip(licence.license.id()) else {
            return false;
        };
        let version = |id: ::spdx::LicenseId| -> Option<(u32, u32)> {
            let (major, minor) = id.version()?.split_once('.')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        };
        theirs.is_gnu()
            && theirs.name.ends_with("-or-later")
            && licence.addition.is_none()
            && mine.base() == theirs.base()
            && version(mine).zip(version(theirs)).is_some_and(|(mine, theirs)| mine >= theirs)
    }

    /// Whether it names exactly this one. `GPL-3.0` of old names both that it has become.
    fn is(&self, licence: &LicenseReq) -> bool {
        let name = licence.to_string();
        let rest = name.strip_prefix(&self.written);
        matches!(rest, Some("" | "-only" | "-or-later" | "+"))
    }
}

/// The licence that counts.
#[must_use]
pub fn licence_of(component: &Component) -> Option<&LicenceText> {
    component.concluded_licence.as_ref().or(component.declared_licence.as_ref())
}

/// The licence through which a component makes demands on what it is part of, where it cannot be had under another: its
/// licence is copyleft by SPDX's list.
#[must_use]
pub fn copyleft(component: &Component) -> Option<String> {
    let expression = parse(licence_of(component)?)?;
    let is_free = |licence: &LicenseReq| !licence.license.id().is_some_and(::spdx::LicenseId::is_copyleft);
    let failures = expression.evaluate_with_failures(is_free).err()?;
    failures.first().map(|failure| failure.req.to_string())
}

fn parse(licence: &LicenceText) -> Option<Expression> {
    Expression::parse_mode(licence.expression()?, ParseMode::LAX).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(licence: &str) -> Component {
        Component { declared_licence: LicenceText::parse(licence), ..Component::new("generic", "x", None) }
    }

    fn ruling(allow: &[&str], deny: &[&str], licence: &str) -> Ruling {
        Policy::new(allow, deny).unwrap().judge(&component(licence))
    }

    #[test]
    fn of_several_one_is_enough_and_all_are_needed() {
        let allow = ["MIT", "Apache-2.0"];
        let not = |licence: &str| Ruling::NotAllowed(licence.into());
        for (licence, expected) in [
            ("MIT", Ruling::Allowed),
            ("MIT OR GPL-3.0-only", Ruling::Allowed),
            ("GPL-3.0-only OR MIT", Ruling::Allowed),
            ("MIT AND Apache-2.0", Ruling::Allowed),
            ("MIT AND GPL-3.0-only", not("GPL-3.0-only")),
            ("GPL-3.0-only", not("GPL-3.0-only")),
            ("(MIT AND GPL-3.0-only) OR Apache-2.0", Ruling::Allowed),
            ("MIT AND (GPL-3.0-only OR BSD-3-Clause)", not("GPL-3.0-only")),
            ("MIT/GPL-2.0", Ruling::Allowed),
            ("Apache-2.0 WITH LLVM-exception", not("Apache-2.0 WITH LLVM-exception")),
            ("Apache-2.0+", Ruling::Allowed),
            ("LicenseRef-x", not("LicenseRef-x")),
            ("SEE LICENSE IN x", Ruling::FreeText("SEE LICENSE IN x".into())),
            ("", Ruling::Unknown),
            ("NOASSERTION", Ruling::Unknown),
        ] {
            assert_eq!(ruling(&allow, &[], licence), expected, "{licence}");
        }
        assert_eq!(
            ruling(&["Apache-2.0 WITH LLVM-exception"], &[], "Apache-2.0 WITH LLVM-exception"),
            Ruling::Allowed
        );
        assert_eq!(ruling(&["LicenseRef-x"], &[], "LicenseRef-x"), Ruling::Allowed);
        assert_eq!(ruling(&["GPL-2.0-only"], &[], "GPL-2.0-or-later"), Ruling::Allowed);
        assert_eq!(ruling(&["GPL-2.0"], &[], "GPL-2.0-or-later"), Ruling::Allowed);
        assert_eq!(ruling(&["GPL-3.0-only"], &[], "GPL-2.0-or-later"), Ruling::Allowed);
        assert_eq!(ruling(&["GPL-2.0-only"], &[], "GPL-3.0-or-later"), not("GPL-3.0-or-later"));
        assert_eq!(ruling(&["LGPL-3.0-only"], &[], "GPL-2.0-or-later"), not("GPL-2.0-or-later"));
        assert_eq!(ruling(&["GPL-2.0-or-later"], &[], "GPL-2.0-only"), not("GPL-2.0-only"));
        assert_eq!(ruling(&["BSD-*"], &[], "BSD-3-Clause"), Ruling::Allowed);
    }

    #[test]
    fn what_is_denied_is_so_unless_there_is_a_choice() {
        let deny = ["GPL-*", "AGPL-3.0"];
        let denied = |licence: &str| Ruling::Denied(licence.into());
        for (licence, expected) in [
            ("MIT", Ruling::Allowed),
            ("GPL-3.0-only", denied("GPL-3.0-only")),
            ("GPL-3.0-only OR MIT", Ruling::Allowed),
            ("GPL-3.0-only AND MIT", denied("GPL-3.0-only")),
            ("AGPL-3.0-or-later", denied("AGPL-3.0-or-later")),
            ("LGPL-3.0-only", Ruling::Allowed),
            (
                "GPL-2.0-only WITH Classpath-exception-2.0",
                denied("GPL-2.0-only WITH Classpath-exception-2.0"),
            ),
            ("", Ruling::Unknown),
        ] {
            assert_eq!(ruling(&[], &deny, licence), expected, "{licence}");
        }
        let classpath = "GPL-2.0-only WITH Classpath-exception-2.0";
        assert_eq!(ruling(&[classpath], &deny, classpath), Ruling::Allowed);
        assert_eq!(ruling(&[], &[classpath], classpath), denied(classpath));
        assert_eq!(ruling(&[], &[classpath], "GPL-2.0-only"), Ruling::Allowed);
        assert_eq!(ruling(&["MIT"], &["MIT"], "MIT"), denied("MIT"));
        assert_eq!(
            ruling(&["MIT", "Zlib"], &["MIT"], "MIT OR BSD-3-Clause"),
            Ruling::NotAllowed("MIT".into())
        );
    }

    #[test]
    fn the_concluded_licence_counts() {
        let mut component = component("GPL-3.0-only OR MIT");
        component.concluded_licence = LicenceText::parse("GPL-3.0-only");
        let policy = Policy::new(&["MIT"], &[]).unwrap();
        assert_eq!(policy.judge(&component), Ruling::NotAllowed("GPL-3.0-only".into()));
    }

    #[test]
    fn a_misspelt_licence_denies_nothing_and_is_an_error() {
        for wrong in ["GPL3", "MIT OR Apache-2.0", "", "proprietary"] {
            let error = Policy::new(&[], &[wrong]).unwrap_err();
            assert_eq!(error, PolicyError::Unknown(wrong.into()), "{wrong}");
            assert!(error.hint().is_some());
        }
        assert_eq!(Policy::new(&["GLP-*"], &[]).unwrap_err(), PolicyError::Nothing("GLP-*".into()));
        assert!(Policy::new::<&str>(&[], &[]).unwrap().is_empty());
        assert!(!Policy::new(&["LicenseRef-*"], &[]).unwrap().is_empty());
    }

    #[test]
    fn copyleft_is_what_cannot_be_had_otherwise() {
        for (licence, expected) in [
            ("GPL-3.0-or-later", Some("GPL-3.0-or-later")),
            ("LGPL-2.1-only", Some("LGPL-2.1-only")),
            ("MPL-2.0", Some("MPL-2.0")),
            ("MIT OR GPL-3.0-only", None),
            ("MIT AND GPL-3.0-only", Some("GPL-3.0-only")),
            ("MIT", None),
            ("", None),
            ("SEE LICENSE IN x", None),
        ] {
            assert_eq!(copyleft(&component(licence)).as_deref(), expected, "{licence}");
        }
    }
}
