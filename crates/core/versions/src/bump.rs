//! The version after this one.

use semver::Prerelease;

use crate::version::{Scheme, Version, VersionError};

/// What changed since the last release, from the least to the most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bump {
    /// Nothing that asks for a release.
    #[default]
    None,
    /// Something was mended.
    Patch,
    /// Something was added.
    Minor,
    /// Something was broken.
    Major,
}

impl Bump {
    /// Its name, as outputs and reports have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}

/// What changes mean while the major number is 0 and anything may change (semver.org §4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zero {
    /// What breaks makes a minor release, and so does what is added: 1.0.0 is a decision, never an accident.
    #[default]
    Minor,
    /// What breaks makes a minor release, what is added a patch release: as cargo reads requirements.
    Shift,
    /// As from 1.0.0 on: what breaks makes 1.0.0.
    Major,
}

/// The final release after the final release `last`, for the changes since that one.
///
/// # Errors
/// When a number grows beyond what fits, or the scheme is that of dates, whose next version is no matter of changes.
pub fn next(last: &Version, bump: Bump, zero: Zero) -> Result<Version, VersionError> {
    let wrong = |reason: &str| VersionError {
        text: last.to_string(),
        reason: reason.to_owned(),
        scheme: last.scheme(),
    };
    if last.scheme() == Scheme::Calendar {
        return Err(wrong("the version after a date is the date of the next release"));
    }
    let bump = match (last.number(0), zero, bump) {
        (0, Zero::Minor | Zero::Shift, Bump::Major) => Bump::Minor,
        (0, Zero::Shift, Bump::Minor) => Bump::Patch,
        (_, _, bump) => bump,
    };
    let add = |place: usize| {
        last.number(place).checked_add(1).ok_or_else(|| wrong("its number cannot grow any further"))
    };
    let last = last.to_final();
    let two = last.scheme() == Scheme::TwoPart;
    let numbers = match bump {
        Bump::None => return Ok(last),
        Bump::Major if two => vec![add(0)?, 0],
        // Of two numbers the second stands for all that does not break.
        Bump::Minor | Bump::Patch if two => vec![last.number(0), add(1)?],
        Bump::Major => vec![add(0)?, 0, 0],
        Bump::Minor => vec![last.number(0), add(1)?, 0],
        Bump::Patch => vec![last.number(0), last.number(1), add(2)?],
    };
    Ok(Version::of(last.scheme(), numbers, Prerelease::EMPTY))
}

/// The pre-release of a name (`rc`) that leads to the final release `target`: one above the highest of `existing` of that target and
/// name, the first one being `rc.1`. Others may be among them.
///
/// # Errors
/// When the name is none, or the number grows beyond what fits.
pub fn next_prerelease<'a>(
    target: &Version,
    name: &str,
    existing: impl IntoIterator<Item = &'a Version>,
) -> Result<Version, VersionError> {
    let wrong =
        |reason: String| VersionError { text: format!("{target}-{name}"), reason, scheme: target.scheme() };
    let target = target.to_final();
    let mut highest = 0_u64;
    for version in existing {
        if version.to_final().precedence(&target).is_eq()
            && let Some(number) =
                version.prerelease().strip_prefix(name).and_then(|rest| rest.strip_prefix('.'))
            && let Ok(number) = number.parse::<u64>()
        {
            highest = highest.max(number);
        }
    }
    let number =
        highest.checked_add(1).ok_or_else(|| wrong("its number cannot grow any further".to_owned()))?;
    let pre = Prerelease::new(&format!("{name}.{number}")).map_err(|error| wrong(error.to_string()))?;
    if name.is_empty() {
        return Err(wrong("a pre-release has a name, such as rc".to_owned()));
    }
    Ok(Version::of(target.scheme(), target.numbers().to_vec(), pre))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text, Scheme::Semver).unwrap()
    }

    #[test]
    fn the_next_version_follows_from_the_changes() {
        for (last, bump, zero, expected) in [
            ("1.2.3", Bump::Patch, Zero::Minor, "1.2.4"),
            ("1.2.3+b", Bump::Minor, Zero::Minor, "1.3.0"),
            ("1.2.3", Bump::Major, Zero::Shift, "2.0.0"),
            ("1.2.3", Bump::None, Zero::Minor, "1.2.3"),
            ("0.1.2", Bump::Major, Zero::Minor, "0.2.0"),
            ("0.1.2", Bump::Minor, Zero::Minor, "0.2.0"),
            ("0.1.2", Bump::Minor, Zero::Shift, "0.1.3"),
            ("0.1.2", Bump::Major, Zero::Shift, "0.2.0"),
            ("0.1.2", Bump::Major, Zero::Major, "1.0.0"),
            // From 1.0.0 on all three read alike, and what is mended is a patch in any case.
            ("1.2.3", Bump::Minor, Zero::Minor, "1.3.0"),
            ("1.2.3", Bump::Minor, Zero::Shift, "1.3.0"),
            ("1.2.3", Bump::Major, Zero::Minor, "2.0.0"),
            ("1.2.3", Bump::Major, Zero::Major, "2.0.0"),
            ("0.1.2", Bump::Patch, Zero::Minor, "0.1.3"),
            ("0.1.2", Bump::Patch, Zero::Shift, "0.1.3"),
            ("0.1.2", Bump::Minor, Zero::Major, "0.2.0"),
            ("0.1.2", Bump::None, Zero::Shift, "0.1.2"),
            ("1.2.3-rc.1", Bump::Patch, Zero::Minor, "1.2.4"),
        ] {
            assert_eq!(next(&version(last), bump, zero).unwrap().to_string(), expected, "{last} {bump:?}");
        }
        let two = Version::parse("1.9", Scheme::TwoPart).unwrap();
        assert_eq!(next(&two, Bump::Patch, Zero::Minor).unwrap().to_string(), "1.10");
        assert_eq!(next(&two, Bump::Major, Zero::Minor).unwrap().to_string(), "2.0");
        let most = version("1.2.18446744073709551615");
        assert!(next(&most, Bump::Patch, Zero::Minor).is_err());
        let date = Version::parse("2024.1", Scheme::Calendar).unwrap();
        assert!(next(&date, Bump::Patch, Zero::Minor).is_err());
    }

    #[test]
    fn bumps_are_in_order_and_have_names() {
        let all = [Bump::None, Bump::Patch, Bump::Minor, Bump::Major];
        assert_eq!(all.map(Bump::name), ["none", "patch", "minor", "major"]);
        assert!(all.is_sorted() && all.into_iter().max() == Some(Bump::Major));
        assert_eq!(Bump::default(), Bump::None);
    }

    #[test]
    fn numbers_that_cannot_grow_are_errors() {
        let most = u64::MAX;
        for (last, bump) in [
            (format!("{most}.0.0"), Bump::Major),
            (format!("1.{most}.0"), Bump::Minor),
            (format!("1.0.{most}"), Bump::Patch),
        ] {
            let last = version(&last);
            assert!(next(&last, bump, Zero::Minor).unwrap_err().reason.contains("grow"), "{last}");
            // Whatever does not make that number grow is none.
            assert!(next(&last, Bump::None, Zero::Minor).is_ok(), "{last}");
        }
        let existing = [version(&format!("1.0.0-rc.{most}"))];
        let error = next_prerelease(&version("1.0.0"), "rc", &existing).unwrap_err();
        assert!(error.reason.contains("grow"), "{error}");
        assert_eq!(next_prerelease(&version("1.0.1"), "rc", &existing).unwrap().to_string(), "1.0.1-rc.1");
    }

    #[test]
    fn pre_releases_are_counted() {
        let existing =
            ["1.3.0-rc.1", "1.3.0-rc.9", "1.3.0-rc.10", "1.3.0-beta.40", "1.2.0-rc.77", "1.3.0-rc.x"]
                .map(version);
        let next = |name: &str| next_prerelease(&version("1.3.0"), name, &existing);
        assert_eq!(next("rc").unwrap().to_string(), "1.3.0-rc.11");
        assert_eq!(next("alpha").unwrap().to_string(), "1.3.0-alpha.1");
        assert!(next("").is_err() && next("r c").is_err());
    }
}
