//! Whether a bill of materials is one, and says something: by its schema, and by what its fields mean.

mod checks;
mod cyclonedx;
mod graph;
mod schema;
mod spdx2;
mod spdx3;

use std::collections::BTreeMap;

use lw_model::Level;
use lw_model::lists::sort_by;

use crate::{ReadError, json};

/// What is wrong, in the sort it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// It breaks the schema of its format.
    Schema,
    /// It does not begin with the fields that say what it is.
    Order,
    /// There is no component besides the product, or none at all.
    Empty,
    /// Nothing says which product it is of.
    Root,
    /// Something has no name.
    Name,
    /// A reference is used by two things.
    DuplicateReference,
    /// A reference is to nothing.
    DanglingReference,
    /// Two components are the same.
    DuplicateComponent,
    /// A component has no way from the product to it.
    Unreachable,
    /// A package URL is none.
    PackageUrl,
    /// A package URL is not in the form others look it up by, or is of another version.
    PackageUrlForm,
    /// A licence is no licence of the list and no expression.
    Licence,
    /// A licence is one, but not written as one.
    LicenceForm,
    /// A hash has a length that its algorithm does not have.
    Hash,
    /// A CPE name is none.
    Cpe,
    /// A time is missing, or is none.
    Timestamp,
    /// The document has no identifier of its own, or one that is none.
    Serial,
    /// An address is of the machine it was made on.
    LocalPath,
    /// A value says that nothing is known.
    NoAssertion,
    /// A rule of the SPDX specification that its schema cannot say.
    Spdx,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::Schema,
        Self::Order,
        Self::Empty,
        Self::Root,
        Self::Name,
        Self::DuplicateReference,
        Self::DanglingReference,
        Self::DuplicateComponent,
        Self::Unreachable,
        Self::PackageUrl,
        Self::PackageUrlForm,
        Self::Licence,
        Self::LicenceForm,
        Self::Hash,
        Self::Cpe,
        Self::Timestamp,
        Self::Serial,
        Self::LocalPath,
        Self::NoAssertion,
        Self::Spdx,
    ];

    /// Its name: `dangling-reference`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Order => "order",
            Self::Empty => "empty",
            Self::Root => "root",
            Self::Name => "name",
            Self::DuplicateReference => "duplicate-reference",
            Self::DanglingReference => "dangling-reference",
            Self::DuplicateComponent => "duplicate-component",
            Self::Unreachable => "unreachable",
            Self::PackageUrl => "package-url",
            Self::PackageUrlForm => "package-url-form",
            Self::Licence => "licence",
            Self::LicenceForm => "licence-form",
            Self::Hash => "hash",
            Self::Cpe => "cpe",
            Self::Timestamp => "timestamp",
            Self::Serial => "serial",
            Self::LocalPath => "local-path",
            Self::NoAssertion => "no-assertion",
            Self::Spdx => "spdx",
        }
    }

    /// Whether a document that breaks it is wrong, or only less useful than it could be.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            Self::Order
            | Self::DuplicateComponent
            | Self::Unreachable
            | Self::PackageUrlForm
            | Self::LicenceForm => Level::Warning,
            Self::NoAssertion => Level::Note,
            _ => Level::Error,
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Where, as a JSON pointer (RFC 6901); empty for the whole document.
    pub pointer: String,
    /// The line it begins on, from 1.
    pub line: usize,
    /// The component it is about, by name and version.
    pub component: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub fix: String,
    /// The sort it is of.
    pub rule: Rule,
}

/// The faults of one rule that are kept; the others are counted.
const KEPT: usize = 100;

/// What was found in a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validation {
    /// The format and its version, as the document says: `CycloneDX 1.6`.
    pub format: String,
    /// How many components it has, the product among them.
    pub components: usize,
    /// What is wrong, in the order of the document; at most 100 of each rule.
    pub faults: Vec<Fault>,
    /// How many more there are, by rule.
    pub more: BTreeMap<Rule, usize>,
}

impl Validation {
    /// Whether nothing in it is an error.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.faults.iter().all(|fault| fault.rule.level() != Level::Error)
    }

    /// How many things are wrong, of one level.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        let kept = self.faults.iter().filter(|fault| fault.rule.level() == level).count();
        let more = self.more.iter().filter(|(rule, _)| rule.level() == level).map(|(_, count)| count);
        kept + more.sum::<usize>()
    }
}

/// Collects faults.
#[derive(Default)]
pub(crate) struct Faults {
    found: Vec<Fault>,
    count: BTreeMap<Rule, usize>,
}

impl Faults {
    fn add(&mut self, rule: Rule, pointer: &str, component: Option<&str>, message: &str, fix: &str) {
        let count = self.count.entry(rule).or_default();
        *count += 1;
        if *count <= KEPT {
            self.found.push(Fault {
                pointer: pointer.to_owned(),
                line: 0,
                component: component.map(str::to_owned),
                message: message.to_owned(),
                fix: fix.to_owned(),
                rule,
            });
        }
    }
}

/// Looks for everything that is wrong with a bill of materials: by the schema of its format and by what its fields mean.
///
/// CycloneDX 1.2 to 1.4 and SPDX 2.2 are held to the schema of the next version that is known here, without what it added.
///
/// # Errors
/// What cannot be read at all, with line and column.
pub fn validate(bytes: &[u8]) -> Result<Validation, ReadError> {
    let mut validation = unlocated(bytes)?;
    let (bytes, _) = json::header(bytes)?;
    let found = &mut validation.faults;
    if !found.is_empty() {
        json::locate(bytes, found);
    }
    sort_by(found, |one, other| (one.line, one).cmp(&(other.line, other)));
    found.dedup();
    Ok(validation)
}

/// The first error of a document, by the same rules, for whoever has just written it: on which line it is nobody asks.
///
/// # Errors
/// What cannot be read at all, with line and column.
pub fn first_error(bytes: &[u8], accepted: &[Rule]) -> Result<Option<Fault>, ReadError> {
    let mut faults = unlocated(bytes)?.faults;
    faults.retain(|fault| fault.rule.level() == Level::Error && !accepted.contains(&fault.rule));
    Ok(faults.into_iter().min())
}

fn unlocated(bytes: &[u8]) -> Result<Validation, ReadError> {
    let (bytes, header) = json::header(bytes)?;
    let document = json::value(bytes)?;
    let mut faults = Faults::default();
    let (format, components) = match &header {
        json::Header::CycloneDx { version } => cyclonedx::check(&document, version, &mut faults)?,
        json::Header::Spdx2 { version } => spdx2::check(&document, version, &mut faults)?,
        json::Header::Spdx3 => spdx3::check(&document, &mut faults)?,
    };
    let mut more = faults.count;
    for count in more.values_mut() {
        *count = count.saturating_sub(KEPT);
    }
    more.retain(|_, count| *count > 0);
    Ok(Validation { format, components, faults: faults.found, more })
}
