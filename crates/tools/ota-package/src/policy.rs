//! Versions and the way back: what may follow what.

use std::cmp::Ordering;

use lw_cli::Error;
use lw_firmware::image::Image;
use lw_model::{Finding, Level, Report};
use lw_package::Manifest;
use lw_package::version;

use crate::scan::Checked;

/// Bytes of the version in an ESP application: 32 with the zero that ends it (`esp_app_desc_t`).
const ESP_VERSION: usize = 31;

/// What the version inside an image says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    /// The version the project gave it.
    Version(String),
    /// Nothing, or something that is not the project's version; why.
    Unknown(&'static str),
}

/// The version the build left inside an image.
pub(crate) fn inside(image: &Image) -> Inside {
    let Some(version) = image.version().filter(|version| !version.is_empty()) else {
        return Inside::Unknown("the image holds no version");
    };
    // Arduino's core links a descriptor that was built with its libraries.
    if image.project() == Some("arduino-lib-builder") {
        return Inside::Unknown(
            "the descriptor in the image is that of the Arduino libraries, not of the application",
        );
    }
    Inside::Version(version)
}

/// How the version inside an image stands to the one that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Match {
    /// It is the same.
    Same,
    /// It is the same as far as the image holds it.
    Cut,
    /// `git describe` names the version, and something was added since.
    Since,
    /// It is another.
    Other,
}

/// Compares, apart from a leading `v` and what `git describe` adds.
fn compare(wanted: &str, inside: &str) -> Match {
    if version::agree(wanted, inside, usize::MAX) {
        return Match::Same;
    }
    if version::agree(wanted, inside, ESP_VERSION) {
        return Match::Cut;
    }
    // MCUboot has a build number in every version, which nobody names who has none.
    match inside.split_once('+') {
        Some((release, _)) if !wanted.contains('+') && version::agree(wanted, release, usize::MAX) => {
            return Match::Same;
        }
        _ => {}
    }
    match described(inside.trim()) {
        Some(tag) if version::agree(wanted, tag, usize::MAX) => Match::Since,
        _ => Match::Other,
    }
}

/// The tag in what `git describe` prints: `1.2.3` of `1.2.3-4-g1a2b3c4-dirty`; the end may be cut off.
fn described(version: &str) -> Option<&str> {
    let (clean, is_dirty) = match version.strip_suffix("-dirty") {
        Some(clean) => (clean, true),
        None => (version, false),
    };
    let commits = clean.rsplit_once("-g").and_then(|(rest, hash)| {
        let is_hash = !hash.is_empty() && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (tag, count) = rest.rsplit_once('-')?;
        (is_hash && !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit())).then_some(tag)
    });
    commits.or(is_dirty.then_some(clean))
}

/// Holds the version inside an image to the version of the release.
pub(crate) fn check_version(
    wanted: &str,
    checked: &Checked,
    allow_mismatch: bool,
    subject: Option<&str>,
    report: &mut Report,
) {
    let name = &checked.name;
    let mut find = |rule: &str, level, message: String, help: &str| {
        let mut finding = Finding::new(format!("ota-package/{rule}"), level, name, message).help(help);
        finding.subject = subject.map(str::to_owned);
        report.add_finding(finding);
    };
    let inside = match inside(&checked.image) {
        Inside::Version(inside) => inside,
        Inside::Unknown(why) => {
            find(
                "version-unknown",
                Level::Note,
                format!("{name}: {why}: that it is version {wanted} is only said"),
                "set PROJECT_VER (ESP-IDF) or --version (imgtool), so that a device can tell what it runs",
            );
            return;
        }
    };
    match compare(wanted, &inside) {
        Match::Same => {}
        Match::Cut => find(
            "version-cut",
            Level::Note,
            format!("{name}: the version inside is {inside}, the first {} bytes of {wanted}", inside.len()),
            "an ESP application holds 31 bytes of its version",
        ),
        Match::Since => find(
            "version-described",
            Level::Warning,
            format!("{name}: the version inside is {inside}: something was changed since {wanted}"),
            "build the release from its tag, with nothing uncommitted; a shallow clone without tags gives this as well",
        ),
        Match::Other => find(
            "version-mismatch",
            if allow_mismatch { Level::Warning } else { Level::Error },
            format!("{name}: the version inside is {inside}, that of the release is {wanted}"),
            "a device tells what it runs by the version inside; build with the release's version, or allow the mismatch with allow-version-mismatch",
        ),
    }
}

/// Holds the version of a package to the versions inside its images: an image under another version's name is refused,
/// whatever the format of the package. `package` is its name in messages.
///
/// # Errors
/// With the first that differs, unless `allow_mismatch` makes it a warning.
pub(crate) fn check_release_version(
    package: &str,
    manifest: &Manifest,
    images: &[Checked],
    allow_mismatch: bool,
    subject: Option<&str>,
    report: &mut Report,
) -> Result<(), Error> {
    for checked in images {
        let Inside::Version(inside) = inside(&checked.image) else { continue };
        if compare(&manifest.version, &inside) != Match::Other {
            continue;
        }
        let message =
            format!("the manifest says version {}, the image itself says {inside}", manifest.version);
        if !allow_mismatch {
            return Err(Error::input(format!("{package}: {}: {message}", checked.name)).hint(
                "do not install it: an image was put under another version's name; a package that is meant so passes with allow-version-mismatch",
            ));
        }
        let help = "it is let pass because allow-version-mismatch says so";
        checked.add_finding("version-mismatch", Level::Warning, &message, help, subject, report);
    }
    Ok(())
}

/// What of a release must not go back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Release<'a> {
    /// Its version.
    pub(crate) version: &'a str,
    /// Its sequence number.
    pub(crate) sequence: Option<u64>,
}

impl<'a> Release<'a> {
    /// That of a package.
    pub(crate) fn of(manifest: &'a Manifest) -> Self {
        Self { version: &manifest.version, sequence: manifest.sequence }
    }
}

/// Holds a release to the one before it.
pub(crate) fn check_against_previous(
    new: Release<'_>,
    old: Release<'_>,
    allow_downgrade: bool,
    report: &mut Report,
) {
    let level = if allow_downgrade { Level::Warning } else { Level::Error };
    let allow = "release a higher one, or allow this once with allow-downgrade";
    match version::compare(new.version, old.version) {
        Some(Ordering::Less) => report.add_finding(
            Finding::new(
                "ota-package/version-downgrade",
                level,
                "version",
                format!(
                    "version {} is older than that of the previous package, {}",
                    new.version, old.version
                ),
            )
            .help(allow),
        ),
        Some(Ordering::Equal) => report.add_finding(
            Finding::new(
                "ota-package/same-version",
                Level::Warning,
                "version",
                if new.version == old.version {
                    format!("version {} is that of the previous package as well", new.version)
                } else {
                    format!("version {} counts as that of the previous package, {}", new.version, old.version)
                },
            )
            .help("devices that compare versions will not install it"),
        ),
        Some(Ordering::Greater) => {}
        None => report.add_finding(
            Finding::new(
                "ota-package/version-order",
                Level::Note,
                "version",
                format!("which of the versions {} and {} is newer cannot be told", new.version, old.version),
            )
            .help("versions such as 1.10.0 can be compared; a sequence number always can"),
        ),
    }
    match (new.sequence, old.sequence) {
        (Some(new), Some(old)) if new <= old => report.add_finding(
            Finding::new(
                "ota-package/sequence",
                level,
                "sequence",
                format!("sequence {new} does not follow {old}, that of the previous package"),
            )
            .help(allow),
        ),
        (None, Some(old)) => report.add_finding(
            Finding::new(
                "ota-package/sequence",
                level,
                "sequence",
                format!("the package has no sequence number, and the previous one has {old}"),
            )
            .help("give a higher one with --sequence"),
        ),
        _ => {}
    }
}

/// Holds the secure version of an image to that of the previous release's.
pub(crate) fn check_secure_version(
    name: &str,
    new: Option<u32>,
    old: Option<u32>,
    minimum: Option<u32>,
    subject: Option<&str>,
    report: &mut Report,
) {
    let mut find = |rule: &str, level, message: String, help: &str| {
        let mut finding = Finding::new(format!("ota-package/{rule}"), level, name, message).help(help);
        finding.subject = subject.map(str::to_owned);
        report.add_finding(finding);
    };
    let refused = "devices that ran the previous release refuse it and keep what they run: build with the same or a higher secure version";
    match (new, old) {
        (Some(new), Some(old)) if new < old => find(
            "secure-version-decrease",
            Level::Error,
            format!("{name}: the secure version is {new}, in the previous package it was {old}"),
            refused,
        ),
        (None, Some(old)) if old > 0 => find(
            "secure-version-decrease",
            Level::Error,
            format!("{name}: there is no secure version inside, in the previous package it was {old}"),
            refused,
        ),
        (Some(new), Some(old)) if new > old => find(
            "secure-version-increase",
            Level::Warning,
            format!(
                "{name}: the secure version goes up from {old} to {new}: IRREVERSIBLE, it is burnt into the eFuses of every device that confirms this update"
            ),
            "no device that took it will ever run an older release again; be sure that this one is good",
        ),
        _ => {}
    }
    if let Some(minimum) = minimum
        && new.unwrap_or(0) < minimum
    {
        find(
            "minimum-secure-version",
            Level::Error,
            format!(
                "{name}: the secure version is {}, and the package asks for {minimum} at least",
                new.unwrap_or(0)
            ),
            "build with a higher secure version, or lower minimum-secure-version",
        );
    }
}

/// Refuses a minimum that the release itself does not meet.
pub(crate) fn check_minimum_version(version: &str, minimum: Option<&str>, report: &mut Report) {
    let Some(minimum) = minimum else { return };
    if version::compare(version, minimum) == Some(Ordering::Less) {
        report.add_finding(
            Finding::new(
                "ota-package/minimum-version",
                Level::Error,
                "minimum-version",
                format!(
                    "only devices that run {minimum} or later may install version {version}, which is older"
                ),
            )
            .help("minimum-version is the lowest version a device may be running"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_match_apart_from_what_tools_add() {
        for (wanted, inside, expected) in [
            ("1.2.3", "1.2.3", Match::Same),
            ("v1.2.3", "1.2.3", Match::Same),
            ("1.2.3", "v1.2.3", Match::Same),
            ("1.2.3", "1.2.4", Match::Other),
            ("1.2.3", "1.2.30", Match::Other),
            ("v1.4.1", "v1.4.1-2-g0296947-dirty", Match::Since),
            ("v1.4.1", "v1.4.1-dirty", Match::Since),
            ("v1.4.0", "v1.4.1-2-g0296947", Match::Other),
            ("1.2.3-rc.1", "1.2.3-rc.1", Match::Same),
            ("1.2.3", "1.2.3-rc.1", Match::Other),
            // 31 bytes of a longer version.
            ("qa-test-v5.0-20220830-4-g4532e6e", "qa-test-v5.0-20220830-4-g4532e6", Match::Cut),
            ("qa-test-v5.0-20220830", "qa-test-v5.0-20220830-4-g4532e6", Match::Since),
            ("version", "ersion", Match::Other),
            ("1.2.3", "1.2.3+0", Match::Same),
            ("1.2.3", "1.2.3+4", Match::Same),
            ("1.2.3+3", "1.2.3+4", Match::Other),
        ] {
            assert_eq!(compare(wanted, inside), expected, "{wanted} {inside}");
        }
    }

    #[test]
    fn git_describe_is_read_however_it_ends() {
        assert_eq!(described("1.2.3-4-g1a2b3c4"), Some("1.2.3"));
        assert_eq!(described("1.2.3-4-g1a2b3c4-dirty"), Some("1.2.3"));
        assert_eq!(described("1.2.3-dirty"), Some("1.2.3"));
        for other in ["1.2.3", "1.2.3-gamma", "-g12", "g", "", "1.2-x-g12", "1a2b3c4"] {
            assert_eq!(described(other), None, "{other}");
        }
    }

    fn rules(report: &Report) -> Vec<(&str, Level)> {
        report.findings.iter().map(|finding| (finding.rule.as_str(), finding.level)).collect()
    }

    #[test]
    fn a_release_never_goes_back() {
        let judge = |new: (&str, Option<u64>), old: (&str, Option<u64>), allow| {
            let mut report = Report::new("ota-package", "0");
            let release = |(version, sequence)| Release { version, sequence };
            check_against_previous(release(new), release(old), allow, &mut report);
            rules(&report).into_iter().map(|(rule, level)| (rule.to_owned(), level)).collect::<Vec<_>>()
        };
        let found = |rule: &str, level| (format!("ota-package/{rule}"), level);
        assert_eq!(judge(("1.10.0", Some(2)), ("1.9.0", Some(1)), false), []);
        assert_eq!(
            judge(("1.9.0", None), ("1.10.0", None), false),
            [found("version-downgrade", Level::Error)]
        );
        assert_eq!(
            judge(("1.9.0", None), ("1.10.0", None), true),
            [found("version-downgrade", Level::Warning)]
        );
        assert_eq!(judge(("v1.0.0", None), ("1.0.0", None), false), [found("same-version", Level::Warning)]);
        assert_eq!(judge(("banana", None), ("1.0.0", None), false), [found("version-order", Level::Note)]);
        assert_eq!(judge(("2.0.0", Some(7)), ("1.0.0", Some(7)), false), [found("sequence", Level::Error)]);
        assert_eq!(judge(("2.0.0", None), ("1.0.0", Some(7)), false), [found("sequence", Level::Error)]);
    }

    #[test]
    fn a_secure_version_may_go_up_with_a_warning_and_never_down() {
        let judge = |new, old, minimum| {
            let mut report = Report::new("ota-package", "0");
            check_secure_version("app.bin", new, old, minimum, None, &mut report);
            rules(&report).into_iter().map(|(rule, level)| (rule.to_owned(), level)).collect::<Vec<_>>()
        };
        let found = |rule: &str, level| (format!("ota-package/{rule}"), level);
        assert_eq!(judge(Some(1), Some(1), None), []);
        assert_eq!(judge(Some(2), Some(1), None), [found("secure-version-increase", Level::Warning)]);
        assert_eq!(judge(Some(1), Some(2), None), [found("secure-version-decrease", Level::Error)]);
        assert_eq!(judge(None, Some(2), None), [found("secure-version-decrease", Level::Error)]);
        assert_eq!(judge(None, Some(0), None), []);
        assert_eq!(judge(Some(1), None, Some(2)), [found("minimum-secure-version", Level::Error)]);
    }
}
