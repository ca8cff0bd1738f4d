//! What a tool may measure: declared once, for the docs and `lw measures`.

use crate::measure::Measure;
use crate::unit::Unit;

/// A measure, or all measures whose names differ in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeasureKind {
    /// Its name. One word of capitals stands for what is named by the build: `region.REGION.span`.
    pub name: &'static str,
    /// What its number counts; `None` where that is whatever the source of the number says.
    pub unit: Option<Unit>,
    /// What is measured, in one sentence without a full stop.
    pub meaning: &'static str,
    /// The tool's own settings that hold it to a limit: flags, inputs and keys of `lw.toml`.
    pub limits: &'static [&'static str],
}

impl MeasureKind {
    /// A number in a unit.
    #[must_use]
    pub const fn new(name: &'static str, unit: Option<Unit>, meaning: &'static str) -> Self {
        Self { name, unit, meaning, limits: &[] }
    }

    /// A number of bytes.
    #[must_use]
    pub const fn bytes(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, Some(Unit::Bytes), meaning)
    }

    /// A number of things.
    #[must_use]
    pub const fn count(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, Some(Unit::Count), meaning)
    }

    /// The same, held to limits by these settings.
    #[must_use]
    pub const fn limited_by(self, limits: &'static [&'static str]) -> Self {
        Self { limits, ..self }
    }

    /// Whether a measured value is of this kind.
    #[must_use]
    pub fn fits(&self, measure: &Measure) -> bool {
        self.unit.is_none_or(|unit| unit == measure.unit) && self.names(&measure.name)
    }

    /// Whether a name is of this kind. What stands for the capitals may hold dots, as paths do.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        let Some((before, after)) = self.around_placeholder() else { return name == self.name };
        name.len() > before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
    }

    /// What stands before and after the word of capitals.
    fn around_placeholder(&self) -> Option<(&'static str, &'static str)> {
        let capital = |letter: char| letter.is_ascii_uppercase();
        let (before, rest) = self.name.split_at(self.name.find(capital)?);
        Some((before, rest.trim_start_matches(capital)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_capitals_stands_for_any() {
        let kind = MeasureKind::bytes("file.PATH.bytes", "");
        for name in ["file.a.bytes", "file.build/app.v2.bin.bytes", "file.PATH.bytes"] {
            assert!(kind.names(name), "{name}");
        }
        for name in ["file..bytes", "file.bytes", "file.a.size", "xfile.a.bytes", "file.a.bytes.x", ""] {
            assert!(!kind.names(name), "{name}");
        }
        assert!(MeasureKind::count("MEASURE", "").names("any.thing"));
        assert!(MeasureKind::bytes("sum(MEASURES)", "").names("sum(symbol.*)"));
        let whole = MeasureKind::bytes("image.bytes", "");
        assert!(whole.names("image.bytes") && !whole.names("image.bytes.x"));
    }

    #[test]
    fn a_value_in_another_unit_is_another_kind() {
        let kind = MeasureKind::count("tests.total", "");
        assert!(kind.fits(&Measure::count("tests.total", 1)));
        assert!(!kind.fits(&Measure::bytes("tests.total", 1)));
        assert!(MeasureKind::new("tests.total", None, "").fits(&Measure::bytes("tests.total", 1)));
    }
}
