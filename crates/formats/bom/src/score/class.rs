//! How fully a component has to be described: section 3.2 of TR-03183-2 2.1.

use lw_inventory::{Component, Kind, ReferenceKind, Scope};

/// How fully TR-03183-2 wants a component described. The other standards make no such difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// With all its fields (section 5.2).
    Described,
    /// It groups others under one name and is no file itself (3.2.2): a workspace, a product as a whole.
    Logical,
    /// Not part of what is delivered (3.2.4): what builds or tests it.
    Identified,
    /// Its description is in another bill, which this one points to (3.2.5).
    Referenced,
}

impl Class {
    /// The word of the standard.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Described => "described",
            Self::Logical => "logical",
            Self::Identified => "identified",
            Self::Referenced => "referenced",
        }
    }

    /// What a component is.
    ///
    /// A component gets away with fewer fields only for a reason that is in the bill: that nothing is known of the file of a
    /// library does not make it a logical one.
    pub(super) fn of(component: &Component, is_root: bool, has_dependencies: bool) -> Self {
        if !is_root && component.scope == Scope::Excluded {
            return Self::Identified;
        }
        if !is_root && component.references.iter().any(|reference| reference.kind == ReferenceKind::Bom) {
            return Self::Referenced;
        }
        let is_own = is_root || component.source.is_local();
        let is_a_file = matches!(component.kind, Kind::Firmware | Kind::File | Kind::Container)
            || !component.hashes.is_empty()
            || !component.distributions.is_empty()
            || component.properties.iter().any(|property| property.name.starts_with("bsi:component:"));
        if is_own && has_dependencies && !is_a_file { Self::Logical } else { Self::Described }
    }
}
