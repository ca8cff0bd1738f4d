//! What the repository knows that no file of the project says: the commits of submodules, and when it was committed.

use std::collections::BTreeMap;
use std::path::Path;

use lw_cli::Context;
use lw_history::Repository;

/// Submodules of submodules.
const DEEPEST: usize = 8;

/// The commits of the submodules of a project, by their paths in it, and the address of its repository. Without a repository
/// there are none, which the reader of `.gitmodules` then says.
pub(super) fn submodules(project: &Path, cx: &Context) -> (BTreeMap<String, String>, Option<String>) {
    let mut found = BTreeMap::new();
    let root = cx.root().to_owned();
    let Ok(repository) = Repository::open(&root) else { return (found, None) };
    // The project may be a folder of the repository.
    let prefix = cx.display_path(project);
    let prefix = if prefix.is_empty() { prefix } else { format!("{prefix}/") };
    collect(&repository, &root, "", &prefix, &mut found, 0);
    (found, repository.remote_url("origin"))
}

fn collect(
    repository: &Repository,
    root: &Path,
    below: &str,
    prefix: &str,
    found: &mut BTreeMap<String, String>,
    depth: usize,
) {
    let Ok(submodules) = repository.submodules("HEAD") else { return };
    for (path, commit) in submodules {
        let path = format!("{below}{path}");
        if let Some(inside) = path.strip_prefix(prefix) {
            found.insert(inside.to_owned(), commit);
        }
        let folder = root.join(&path);
        if depth < DEEPEST
            && let Ok(nested) = Repository::open(&folder)
        {
            collect(&nested, root, &format!("{path}/"), prefix, found, depth + 1);
        }
    }
}

/// When the bill was made, as RFC 3339 with whole seconds: `SOURCE_DATE_EPOCH`, else the time of the commit that is checked
/// out, so that the same source gives the same bill, else now.
pub(super) fn timestamp(_project: &Path, cx: &Context) -> String {
    let committed = || {
        Repository::open(cx.root()).ok()?.commit_time("HEAD").ok().and_then(|time| u64::try_from(time).ok())
    };
    rfc3339(cx.source_date().or_else(committed).unwrap_or_else(|| cx.now()))
}

/// Seconds since 1970 as a date and time of UTC; the Gregorian calendar repeats every 146 097 days.
fn rfc3339(seconds: u64) -> String {
    // The last second that has four digits of a year.
    let seconds = seconds.min(253_402_300_799);
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    // Days since 1 March of the year 0, so that a leap day is the last of its year.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day + 2) / 153;
    let (day, month) =
        (day - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", time / 3_600, time / 60 % 60, time % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_what_date_says() {
        // `date -u -d @N +%FT%TZ`.
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_767_225_600, "2026-01-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds), expected);
        }
    }
}
