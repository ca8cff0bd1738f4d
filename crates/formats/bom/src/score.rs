//! How much of what a standard asks for a bill of materials says: per field, and per component.
//!
//! Every field of a standard that applies is worth one point. A field of the document is met or not; a field of the
//! components gives the share of the components that have it, so that the score of a large bill is not the score of its
//! components alone. Text that says nothing (`NOASSERTION`, `NONE`, `unknown`, blanks) is missing, and so is free text where
//! an identifier is asked for.

mod class;
mod fields;
mod fraction;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use lw_inventory::{Component, ComponentId};
use lw_model::Percent;

pub use class::Class;
pub use fields::{Field, Scope};

use crate::{Document, Format};
use fields::{Answer, Check, View};
use fraction::Fraction;

/// What a bill of materials is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standard {
    /// "The Minimum Elements For a Software Bill of Materials (SBOM)", NTIA, July 2021: its seven data fields.
    Ntia2021,
    /// "2025 Minimum Elements for a Software Bill of Materials (SBOM)", CISA, draft of August 2025: its eleven data fields,
    /// and the known unknowns.
    Cisa2025,
    /// Technical Guideline TR-03183-2 of the BSI, version 2.1.0 of August 2025: the required and the additional fields.
    BsiTr03183,
    /// Regulation (EU) 2024/2847, the Cyber Resilience Act: what its annexes I and II ask for and a bill can say.
    Cra,
}

/// A word that is no standard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no standard a bill of materials can be held to")]
pub struct StandardError(pub String);

impl Standard {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ntia2021, Self::Cisa2025, Self::BsiTr03183, Self::Cra];

    /// The end of its measure's name: `ntia-2021`, `cisa-2025`, `bsi-tr-03183-2`, `cra`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ntia2021 => "ntia-2021",
            Self::Cisa2025 => "cisa-2025",
            Self::BsiTr03183 => "bsi-tr-03183-2",
            Self::Cra => "cra",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Ntia2021 => "NTIA minimum elements 2021",
            Self::Cisa2025 => "CISA minimum elements 2025",
            Self::BsiTr03183 => "BSI TR-03183-2 2.1",
            Self::Cra => "Cyber Resilience Act",
        }
    }

    /// Everything it asks for.
    #[must_use]
    pub fn fields(self) -> &'static [Field] {
        fields::of(self)
    }

    /// Why no bill of a format can conform to it, where none can.
    ///
    /// TR-03183-2 2.1, section 4: CycloneDX from 1.6, SPDX from 3.0.1.
    #[must_use]
    pub fn refuses(self, format: Format) -> Option<&'static str> {
        match (self, format) {
            (Self::BsiTr03183, Format::Spdx23) => Some(
                "section 4 asks for SPDX 3.0.1 or later, or CycloneDX 1.6 or later; SPDX 2.3 cannot conform",
            ),
            (Self::BsiTr03183, Format::CycloneDx15) => {
                Some("section 4 asks for CycloneDX 1.6 or later; CycloneDX 1.5 cannot conform")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Standard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Standard {
    type Err = StandardError;

    fn from_str(text: &str) -> Result<Self, StandardError> {
        let found = Self::ALL.into_iter().find(|standard| standard.as_str() == text);
        found.ok_or_else(|| StandardError(text.to_owned()))
    }
}

/// Something a standard asks for that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The component that lacks it; none where it is the document.
    pub component: Option<ComponentId>,
    /// What is wrong, to stand after the name of the field.
    pub why: &'static str,
}

/// How one field of a standard stands.
#[derive(Clone, Debug)]
pub struct FieldScore {
    /// The field.
    pub field: &'static Field,
    /// In how many of the things it applies to it is said: of the components, or of the one document.
    pub met: u64,
    /// How many things it applies to.
    pub applicable: u64,
    /// How many components it does not apply to, by why not.
    pub not_applicable: BTreeMap<&'static str, u64>,
    /// Where it is not said.
    pub gaps: Vec<Gap>,
}

impl FieldScore {
    /// Whether it is said wherever it applies.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.met == self.applicable
    }
}

/// How one component stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComponentScore {
    /// The component.
    pub component: ComponentId,
    /// How fully the standard wants it described.
    pub class: Class,
    /// How many of the fields that apply to it are said.
    pub met: u64,
    /// How many fields apply to it.
    pub applicable: u64,
}

/// How a bill of materials stands against a standard.
#[derive(Clone, Debug)]
pub struct Score {
    /// The standard.
    pub standard: Standard,
    /// The format the bill is in, or is to be written in.
    pub format: Format,
    /// Why no bill of this format can conform, in which case there is no score; the fields are still told.
    pub refused: Option<&'static str>,
    /// Its fields, in the order the standard has them.
    pub fields: Vec<FieldScore>,
    /// Its components, in the order of the inventory.
    pub components: Vec<ComponentScore>,
    points: Fraction,
}

impl Score {
    /// The points of a bill out of the points there are, floored: 100 % is every field of everything. None where the
    /// format cannot conform, which is not the same as 0 %.
    #[must_use]
    pub fn percent(&self) -> Option<Percent> {
        let possible = self.fields.iter().filter(|field| field.applicable > 0).count();
        if self.refused.is_some() { None } else { self.points.share_of(possible as u64) }
    }

    /// Whether everything the standard asks for is said, in a format that it allows.
    #[must_use]
    pub fn is_conformant(&self) -> bool {
        self.refused.is_none() && self.fields.iter().all(FieldScore::is_met)
    }

    /// The points as a fraction in lowest terms, numerator and denominator, and how many there are to have.
    #[must_use]
    pub fn points(&self) -> ((u128, u128), u64) {
        let possible = self.fields.iter().filter(|field| field.applicable > 0).count();
        (self.points.parts(), possible as u64)
    }
}

/// Holds a bill of materials, which is in `format` or is to be written in it, to a standard.
///
/// The time is linear in components and edges.
#[must_use]
pub fn score(document: &Document, format: Format, standard: Standard) -> Score {
    let view = View::new(document, format);
    let mut components: Vec<ComponentScore> = view
        .components()
        .map(|(component, _, class)| ComponentScore { component, class, met: 0, applicable: 0 })
        .collect();
    let mut fields = Vec::with_capacity(standard.fields().len());
    let mut points = Fraction::ZERO;
    for field in standard.fields() {
        let mut score =
            FieldScore { field, met: 0, applicable: 0, not_applicable: BTreeMap::new(), gaps: Vec::new() };
        match field.check {
            Check::Document(check) => score.count(check(&view), None),
            Check::Component(check) => {
                for ((id, component, class), own) in view.components().zip(&mut components) {
                    let answer = field.answer(standard, class).unwrap_or_else(|| check(&view, id, component));
                    own.applicable += u64::from(!matches!(answer, Answer::NotApplicable(_)));
                    own.met += u64::from(answer == Answer::Met);
                    score.count(answer, Some(id));
                }
                if components.is_empty() {
                    score.count(Answer::Missing("there is no component at all"), None);
                }
            }
        }
        points.add(score.met, score.applicable);
        fields.push(score);
    }
    Score { standard, format, refused: standard.refuses(format), fields, components, points }
}

impl FieldScore {
    fn count(&mut self, answer: Answer, component: Option<ComponentId>) {
        match answer {
            Answer::Met => {
                self.met += 1;
                self.applicable += 1;
            }
            Answer::Missing(why) => {
                self.applicable += 1;
                self.gaps.push(Gap { component, why });
            }
            Answer::NotApplicable(why) => *self.not_applicable.entry(why).or_default() += 1,
        }
    }
}

/// A component as a person finds it: `@scope/name 1.2.3`.
#[must_use]
pub fn title_of(component: &Component) -> String {
    let mut title = match &component.namespace {
        Some(namespace) => format!("{namespace}/{}", component.name),
        None => component.name.clone(),
    };
    if let Some(version) = component.version.as_deref().filter(|version| !version.is_empty()) {
        title.push(' ');
        title.push_str(version);
    }
    title
}

#[cfg(test)]
mod tests;
