//! Several bills of materials as one.
//!
//! Bills of CycloneDX are merged as they stand, member by member, so that nothing is lost that the model of this crate has no
//! place for: services, vulnerabilities, annotations, formulations, what other tools write. Only where the formats are mixed,
//! or another one is asked for, are they read into the model and written again, and what that loses is told.
//!
//! The graphs of all of them stay. References that two bills use for different things get a number; a component that stands in
//! several is one afterwards where nothing that they say of it differs, and is kept as often as it is told differently.

mod cyclonedx;
mod model;
mod refs;
mod unite;

use std::borrow::Cow;
use std::collections::BTreeMap;

use lw_inventory::{Component, Contact};
use lw_model::{Class, Diagnose, Level};

use crate::{Document, Fault, Format, ReadError, Rule, Tool, WriteError, validate};

/// A bill that is to be merged.
#[derive(Clone, Copy, Debug)]
pub struct Bill<'a> {
    /// What reports call it: its file.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// What the result is about.
#[derive(Clone, Debug, Default)]
pub enum MergedRoot {
    /// The product of the first bill; those of the others become what it needs.
    #[default]
    First,
    /// Another product, which needs those of all bills.
    New(Box<Component>),
}

/// How bills are merged.
#[derive(Clone, Debug, Default)]
pub struct MergeOptions {
    /// What the result is about.
    pub root: MergedRoot,
    /// The format of the result. Without one, the newest CycloneDX of those that are merged.
    pub format: Option<Format>,
    /// When they were merged, as RFC 3339. Without it, the result has no time: that of its parts would be a lie.
    pub timestamp: Option<String>,
    /// What merged them.
    pub tool: Option<Tool>,
    /// Who supplies the result. Without it, whom all bills name.
    pub supplier: Option<Contact>,
    /// Who made the result. Without it, whom all bills name.
    pub manufacturer: Option<Contact>,
}

/// Several bills as one.
#[derive(Clone, Debug)]
pub struct Merged {
    /// The bill.
    pub text: String,
    /// Its format.
    pub format: Format,
    /// How many components it has besides its root.
    pub components: usize,
    /// How many components of a bill were those of an earlier one.
    pub united: usize,
    /// How many references another bill had used for something else.
    pub renamed: usize,
    /// Components of one name, version and origin that are told differently, and are all kept.
    pub apart: Vec<Apart>,
    /// What is not in the result.
    pub lost: Vec<Lost>,
    /// What is wrong with the result, which was wrong with its parts.
    pub faults: Vec<Fault>,
}

/// A component that a bill tells otherwise than an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apart {
    /// The bill.
    pub bill: String,
    /// The component's package URL, or its name and version.
    pub component: String,
    /// The member that differs.
    pub member: String,
}

/// Something of a bill that is not in the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The bill.
    pub bill: String,
    /// Where it stands there: `components[].pedigree.notes`.
    pub path: String,
    /// Why.
    pub why: &'static str,
}

/// Why bills cannot be merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// There is none.
    #[error("there is no bill of materials to merge")]
    Nothing,
    /// A member is of another kind than the format says.
    #[error("{bill}: {path} is no {expected}")]
    Shape {
        /// The bill.
        bill: String,
        /// Where.
        path: String,
        /// What it should be.
        expected: &'static str,
    },
    /// It is no bill of materials that can be read.
    #[error("{bill}: {problem}")]
    Read {
        /// The bill.
        bill: String,
        /// What is wrong with it.
        problem: ReadError,
    },
    /// The first bill names no product that the result could be about.
    #[error("{bill}: it names no product, so nothing says what the merged bill is about")]
    NoProduct {
        /// The bill.
        bill: String,
    },
    /// The result has a fault that none of its parts had, which is a defect of the suite.
    #[error("the merged bill is not valid at {pointer:?}: {message}")]
    Broken {
        /// Where, as a JSON pointer.
        pointer: String,
        /// What is wrong.
        message: String,
    },
    /// The result cannot be written.
    #[error("the merged bill cannot be written: {0}")]
    Write(#[from] WriteError),
}

impl Diagnose for MergeError {
    fn class(&self) -> Class {
        match self {
            Self::Nothing => Class::Usage,
            Self::Broken { .. } => Class::Internal,
            _ => Class::Input,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Nothing => Some("name the bills: lw sbom merge A B --output C".into()),
            Self::Shape { .. } => Some("`lw sbom validate` says everything that is wrong with it".into()),
            Self::Read { problem, .. } => problem.hint(),
            Self::NoProduct { .. } => Some("give the merged product a name with `name` and `version`".into()),
            Self::Broken { .. } => Some("please report this with the bills; nothing was written".into()),
            Self::Write(source) => source.hint(),
        }
    }
}

/// Makes one bill of several, in their order.
///
/// The same bills in the same order give the same bytes. The time is linear in their size.
///
/// # Errors
/// None, one that is no bill of materials, or one that has a member of another kind than its format says.
pub fn merge(bills: &[Bill<'_>], options: &MergeOptions) -> Result<Merged, MergeError> {
    let merged = unchecked(bills, options)?;
    checked(merged, bills, options)
}

fn unchecked(bills: &[Bill<'_>], options: &MergeOptions) -> Result<Merged, MergeError> {
    if bills.is_empty() {
        return Err(MergeError::Nothing);
    }
    let parsed: Vec<_> = bills.iter().map(cyclonedx::Part::parse).collect::<Result<_, _>>()?;
    let newest = parsed.iter().map(cyclonedx::Part::format).filter(|format| format.is_cyclonedx()).max();
    let format = options.format.or(newest).unwrap_or_default();
    // What was written for an older version is good in a newer one, not the other way round.
    let stays = format.is_cyclonedx()
        && parsed.iter().all(|part| part.format().is_cyclonedx() && part.format() <= format);
    if stays {
        cyclonedx::merge(parsed, format, options)
    } else {
        model::merge(bills, &parsed, format, options)
    }
}

/// The result with its faults, which have to be those of its parts.
fn checked(merged: Merged, bills: &[Bill<'_>], options: &MergeOptions) -> Result<Merged, MergeError> {
    let errors = |bytes: &[u8]| -> (Vec<Fault>, BTreeMap<Rule, usize>) {
        let found = validate(bytes).unwrap_or_default();
        // Without a time of its own the result has none, as was asked for.
        let counts = |rule: Rule| {
            rule.level() == Level::Error && (options.timestamp.is_some() || rule != Rule::Timestamp)
        };
        let faults: Vec<_> = found.faults.into_iter().filter(|fault| counts(fault.rule)).collect();
        let mut numbers = found.more;
        numbers.retain(|rule, _| counts(*rule));
        faults.iter().for_each(|fault| *numbers.entry(fault.rule).or_default() += 1);
        (faults, numbers)
    };
    let (faults, numbers) = errors(merged.text.as_bytes());
    if faults.is_empty() {
        return Ok(merged);
    }
    let mut known: BTreeMap<Rule, usize> = BTreeMap::new();
    for (rule, number) in bills.iter().flat_map(|bill| errors(bill.bytes).1) {
        *known.entry(rule).or_default() += number;
    }
    let is_new = |rule: &Rule| numbers.get(rule) > known.get(rule);
    if let Some(fault) = faults.iter().find(|fault| is_new(&fault.rule)) {
        return Err(MergeError::Broken { pointer: fault.pointer.clone(), message: fault.message.clone() });
    }
    Ok(Merged { faults, ..merged })
}

/// Makes one document of several, in their order: what [`merge`] does with bills of different formats.
#[must_use]
pub fn merge_documents(documents: Vec<(String, Document)>, options: &MergeOptions) -> Document {
    model::merged(documents, options)
}

#[cfg(test)]
mod tests;
