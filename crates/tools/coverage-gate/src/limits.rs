//! Floors of coverage as users write them.

use lw_cli::{Context, Error, KeyedLimit, LimitSet};
use lw_model::{Bound, Percent, QuantityError, Unit};

use crate::args::{Args, Preset};

/// Reads a floor of one measure: `80%`, `80`, `warn:85%,fail:80%`. `id` is the argument's identifier in clap.
///
/// # Errors
/// When it is no percentage, or one above 100.
pub(crate) fn floor(cx: &Context, id: &str, spec: Option<&String>) -> Result<Vec<LimitSet>, Error> {
    let name = id.replace('_', "-");
    let read = spec.map(|spec| percent(spec, &cx.origin(id, 0).place())).transpose()?;
    let specs: Vec<String> = read.iter().map(|spec| format!("{name}={spec}")).collect();
    cx.limits(Bound::Min, Unit::Count, id, &specs)
}

/// Reads the floors of groups: `core=80%`.
///
/// # Errors
/// When one is no percentage, or one above 100.
pub(crate) fn named(cx: &Context, id: &str, specs: &[KeyedLimit]) -> Result<Vec<LimitSet>, Error> {
    let mut read = Vec::new();
    for (index, spec) in specs.iter().enumerate() {
        read.push(match spec.rsplit_once('=') {
            Some((name, value)) => format!("{name}={}", percent(value, &cx.origin(id, index).place())?),
            None => spec.to_string(),
        });
    }
    cx.limits(Bound::Min, Unit::Count, id, &read)
}

/// The floors of line coverage that presets stand for.
///
/// # Errors
/// None that a user could meet: the presets are well formed.
pub(crate) fn presets(args: &Args) -> Result<Vec<LimitSet>, Error> {
    let mut all = Vec::new();
    for preset in &args.preset {
        let (spec, origin) = match preset {
            Preset::Coverage70 => ("line=70%", "preset coverage-70"),
            Preset::Coverage80 => ("line=80%", "preset coverage-80"),
            Preset::Coverage85 => ("line=85%", "preset coverage-85"),
        };
        all.push(LimitSet::of_tool(Bound::Min, spec, Unit::Count, origin)?);
    }
    Ok(all)
}

/// A bare number is a percentage here: nobody means so many lines.
fn percent(spec: &str, place: &str) -> Result<String, Error> {
    let mut parts = Vec::new();
    for part in spec.split(',').map(str::trim) {
        let number = part.rsplit_once(':').map_or(part, |(_, number)| number);
        let percent = Percent::of_limit(number).map_err(|error| match error {
            QuantityError::AmbiguousShare(_) => Error::usage(format!("{place}: {error}")),
            _ => Error::usage(format!("{place}: `{}` is not a percentage", number.trim()))
                .hint("write a floor as 80%, or as warn:85%,fail:80%"),
        })?;
        if percent.missed_by(1, 1) {
            return Err(Error::usage(format!("{place}: {percent} is more than there can be")));
        }
        parts.push(format!("{}%", part.trim_end_matches('%').trim_end()));
    }
    Ok(parts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_a_percentage() {
        for (spec, read) in [
            ("80", "80%"),
            ("80.5%", "80.5%"),
            ("80 %", "80%"),
            ("warn:85, fail:80", "warn:85%,fail:80%"),
            ("warn:85%,fail:80 ", "warn:85%,fail:80%"),
        ] {
            assert_eq!(percent(spec, "--min-line").unwrap(), read);
        }
        for (spec, read) in [("0", "0%"), ("0.8%", "0.8%"), ("1", "1%")] {
            assert_eq!(percent(spec, "--min-line").unwrap(), read);
        }
        // Half of the field means 80 % by this.
        for bad in ["0.8", ".8", "warn:85%,fail:0.8"] {
            assert!(percent(bad, "--min-line").is_err(), "{bad}");
        }
        let error = percent("0.85", "--min-line").unwrap_err();
        assert_eq!(
            error.message(),
            "--min-line: `0.85` is ambiguous: write `85%` for 85 percent, or `0.85%` for less than one"
        );
        for bad in ["80KiB", "", "warn:", "100.0001", "eighty"] {
            assert!(percent(bad, "--min-line").unwrap_err().message().starts_with("--min-line: "), "{bad}");
        }
    }
}
