//! The hidden line that tells a comment of ours from all others, and which run it is of.

use std::fmt;

/// What begins the line, up to the key.
const START: &str = "<!-- lw-pr-comment key=";
const END: &str = " -->";

/// Characters that a key may have.
pub(crate) const MOST_OF_KEY: usize = 64;

/// The last line of a comment. No word of a report can be it: foreign `<` is written as a character reference, and inside of code
/// it does not begin a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    /// What tells this comment from others.
    pub(crate) key: String,
    /// The tip of the pull request that the reports are of.
    pub(crate) commit: Option<String>,
    /// The run and its attempt.
    pub(crate) run: Run,
}

/// A run of a workflow, the older first: numbers of runs only grow. Outside of a CI there is none, which is older than all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) attempt: u64,
}

impl Run {
    /// The run whose page has this address, as GitHub builds it.
    pub(crate) fn of(url: Option<&str>, attempt: Option<u64>) -> Self {
        let id = url.and_then(|url| url.split_once("/actions/runs/")).and_then(|(_, rest)| {
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse().ok()
        });
        id.map_or_else(Self::default, |id| Self { id, attempt: attempt.unwrap_or(1) })
    }
}

/// Whether a key is one that a marker can hold.
pub(crate) fn is_key(key: &str) -> bool {
    (1..=MOST_OF_KEY).contains(&key.len())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commit = self.commit.as_deref().unwrap_or("none");
        let Run { id, attempt } = self.run;
        write!(f, "{START}{} commit={commit} run={id} attempt={attempt}{END}", self.key)
    }
}

impl Marker {
    /// What every comment with this key holds, and no other of the same author.
    pub(crate) fn start(&self) -> String {
        format!("{START}{} ", self.key)
    }

    /// The marker of a comment: its last line.
    pub(crate) fn of(body: &str) -> Option<Self> {
        let line = body.lines().map(str::trim).rfind(|line| !line.is_empty())?;
        let inside = line.strip_prefix(START)?.strip_suffix(END)?;
        let mut parts = inside.split(' ');
        let key = parts.next().filter(|key| is_key(key))?;
        let commit = parts.next()?.strip_prefix("commit=")?;
        let id = parts.next()?.strip_prefix("run=")?.parse().ok()?;
        let attempt = parts.next()?.strip_prefix("attempt=")?.parse().ok()?;
        let is_whole = parts.next().is_none();
        let commit = (commit != "none").then(|| commit.to_owned());
        is_whole.then(|| Self { key: key.to_owned(), commit, run: Run { id, attempt } })
    }

    /// Whether a comment with our key may be replaced by ours: not one of a newer run, nor of a later attempt. One whose marker
    /// cannot be read is of nobody.
    pub(crate) fn may_replace(&self, body: &str) -> bool {
        Self::of(body).is_none_or(|there| there.key == self.key && there.run <= self.run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn marker(id: u64, attempt: u64) -> Marker {
        Marker { key: "reports".into(), commit: Some("a1".into()), run: Run { id, attempt } }
    }

    #[test]
    fn a_marker_reads_back_from_the_last_line_alone() {
        let marker = marker(7, 2);
        assert_eq!(marker.to_string(), "<!-- lw-pr-comment key=reports commit=a1 run=7 attempt=2 -->");
        assert_eq!(Marker::of(&format!("## Passed\n\n{marker}\r\n\n")), Some(marker.clone()));
        assert_eq!(Marker::of(&format!("{marker}\nmore")), None);
        assert_eq!(Marker::of(&format!("> {marker}")), None);
        assert_eq!(Marker::of(&format!("`{marker}`")), None);
        assert!(marker.to_string().contains(&marker.start()));
        // A key is no beginning of another.
        let other = Marker { key: "reports-2".into(), ..marker.clone() };
        assert!(!other.to_string().contains(&marker.start()));
    }

    #[test]
    fn a_newer_run_or_attempt_is_not_replaced() {
        let ours = marker(7, 2);
        for (id, attempt, may) in [(7, 1, true), (7, 2, true), (6, 9, true), (7, 3, false), (8, 1, false)] {
            assert_eq!(ours.may_replace(&marker(id, attempt).to_string()), may, "{id} {attempt}");
        }
        assert!(ours.may_replace("a comment whose marker somebody has broken"));
        assert!(!ours.may_replace(&Marker { key: "other".into(), ..marker(1, 1) }.to_string()));
    }

    #[test]
    fn the_run_is_in_the_address_of_its_page() {
        let of = |url: &str| Run::of(Some(url), Some(3));
        assert_eq!(of("https://github.com/o/r/actions/runs/42"), Run { id: 42, attempt: 3 });
        assert_eq!(of("https://github.com/o/r/actions/runs/42/attempts/3"), Run { id: 42, attempt: 3 });
        assert_eq!(of("https://gitlab.com/o/r/-/jobs/1"), Run::default());
        assert_eq!(Run::of(None, None), Run::default());
    }

    proptest! {
        #[test]
        fn any_text_has_a_marker_or_none(text in "\\PC{0,80}|(<!-- lw-pr-comment key=|[a-z=0-9 ]{0,9}|-->){0,6}") {
            let _ = Marker::of(&text);
        }
    }
}
