//! Releases of whole repositories: what stands in each, and what comes next.

#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]
// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use lw_history::Repository;
use lw_model::{Diagnose as _, Level};
use lw_releases::{
    Catalogue, Fate, MOST_NAMED, Next, NextOptions, Options, PreReleases, ReleaseError, Releases, Want, next,
    position, releases,
};
use lw_testkit::git::{Scratch, command};
use lw_versions::{Bump, Scheme, Zero};

/// A history written as a script: one command a line, `commit MESSAGE` (with `\n`), everything else is git's. Each commit is an hour
/// after the one before.
fn history(script: &str) -> Scratch {
    let scratch = Scratch::new();
    for (hour, line) in script.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        let time = format!("{} +0000", 1_700_000_000 + hour * 3600);
        let message;
        let arguments: Vec<&str> = match line.strip_prefix("commit ") {
            Some(text) => {
                message = text.replace("\\n", "\n").replace("HEAD_ID", &head(&scratch));
                vec!["commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-m", &message]
            }
            None => line.split(' ').collect(),
        };
        let output = command(scratch.path())
            .args(&arguments)
            .envs([("GIT_AUTHOR_DATE", &time), ("GIT_COMMITTER_DATE", &time)])
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
    scratch
}

fn head(scratch: &Scratch) -> String {
    let output = command(scratch.path()).args(["rev-parse", "HEAD"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn read(folder: &Path, want: &Want, options: &Options) -> Result<Releases, ReleaseError> {
    let repository = Repository::open(folder).unwrap();
    let catalogue = Catalogue::read(&repository, options.scheme).unwrap();
    releases(&repository, &catalogue, want, options)
}

/// What is told in each release: `v1.1.0: c b` with the descriptions, the newest first.
fn told(found: &Releases) -> Vec<String> {
    let release = |release: &lw_releases::Release| {
        let tag = release.tag.as_ref().map_or("-", |(tag, _)| tag.as_str());
        let entries: Vec<&str> = release
            .entries
            .iter()
            .filter(|entry| entry.fate == Fate::Told)
            .map(|entry| entry.header().unwrap().pull().0)
            .collect();
        format!("{tag}: {}", entries.join(" "))
    };
    found.releases.iter().map(release).collect()
}

fn all(scratch: &Scratch) -> Vec<String> {
    told(&read(scratch.path(), &Want::Head, &Options::default()).unwrap())
}

/// The attribution that users of git-cliff ask for in its issues: git-flow with a hotfix and newer work beside it (585, 38), a
/// branch that is older than the tag it is merged after (188, 498), a release branch with work on main before its merge (498).
#[test]
fn commits_stand_in_the_release_that_has_them() {
    let flow = "
        commit feat: a
        tag 1.2.10
        branch develop
        checkout -q develop
        commit feat: d1
        commit feat: d2
        checkout -q main
        checkout -q -b hotfix
        commit fix: h
        checkout -q main
        merge -q --no-ff -m Merge hotfix
        tag 1.2.11
        checkout -q develop
        commit feat: d3
        merge -q --no-ff -m Merge main";
    assert_eq!(all(&history(flow)), ["-: d3 d2 d1", "1.2.11: h", "1.2.10: a"]);
    let feature = "
        commit feat: m0
        branch feature
        commit feat: m1
        checkout -q feature
        commit feat: f1
        checkout -q main
        commit feat: m2
        tag 1.0.0
        checkout -q feature
        commit feat: f2
        checkout -q main
        merge -q --no-ff -m Merge feature
        tag 1.1.0";
    assert_eq!(all(&history(feature)), ["1.1.0: f2 f1", "1.0.0: m2 m1 m0"]);
    let branch = "
        commit feat: a
        tag 1.0.0
        commit feat: b
        checkout -q -b release
        commit fix: c
        checkout -q main
        commit feat: e
        checkout -q release
        commit fix: d
        tag 1.1.0
        checkout -q main
        commit feat: f
        merge -q --no-ff -m Merge release
        commit feat: h";
    assert_eq!(all(&history(branch)), ["-: h f e", "1.1.0: d c b", "1.0.0: a"]);
}

#[test]
fn a_commit_on_two_lines_stands_in_both() {
    let scratch = history(
        "commit feat: a
         tag v1.0.0
         commit fix: both
         branch old
         commit feat: new
         tag v2.0.0
         checkout -q old
         commit fix: only
         tag v1.0.1
         checkout -q main",
    );
    let found = read(scratch.path(), &Want::AllLines, &Options::default()).unwrap();
    assert_eq!(told(&found), ["v1.0.1: only both", "v2.0.0: new both", "v1.0.0: a"]);
    let first: Vec<&str> = found
        .log
        .commits
        .iter()
        .zip(&found.first_in)
        .filter(|(commit, _)| commit.message.contains("both"))
        .filter_map(|(_, first)| first.as_deref())
        .collect();
    assert_eq!(first, ["v2.0.0"]);
    assert_eq!(all(&scratch), ["v2.0.0: new both", "v1.0.0: a"]);
}

#[test]
fn a_final_release_spans_from_the_last_final_one() {
    let scratch = history(
        "commit feat: a
         tag v1.0.0
         commit feat!: b
         tag v2.0.0-rc.1
         commit fix: c
         tag v2.0.0-rc.2
         commit fix: d
         tag v2.0.0",
    );
    let one = |tag: &str, pre_releases| {
        let options = Options { pre_releases, ..Options::default() };
        let found = read(scratch.path(), &Want::Tag(tag.into()), &options).unwrap();
        (told(&found).remove(0), found.releases[0].previous.clone().unwrap(), found.releases[0].bump())
    };
    let auto = PreReleases::Auto;
    assert_eq!(one("v2.0.0", auto), ("v2.0.0: d c b".into(), "v1.0.0".into(), Bump::Major));
    assert_eq!(one("v2.0.0", PreReleases::Own), ("v2.0.0: d".into(), "v2.0.0-rc.2".into(), Bump::Patch));
    assert_eq!(one("v2.0.0-rc.2", auto), ("v2.0.0-rc.2: c".into(), "v2.0.0-rc.1".into(), Bump::Patch));
    assert_eq!(all(&scratch).len(), 4);
    let fold = Options { pre_releases: PreReleases::Fold, ..Options::default() };
    let found = read(scratch.path(), &Want::Head, &fold).unwrap();
    assert_eq!(told(&found), ["v2.0.0: d c b", "v1.0.0: a"]);
}

#[test]
fn reverts_are_followed_through_chains() {
    let chain = "
        commit feat: gone
        commit Revert \"feat: gone\"\\n\\nThis reverts commit HEAD_ID.
        commit feat: back
        commit Revert \"feat: back\"\\n\\nThis reverts commit HEAD_ID.
        commit Reapply \"feat: back\"\\n\\nThis reverts commit HEAD_ID.
        commit feat!: broken
        commit revert: broken\\n\\nRefs: HEAD_ID
        commit fix: kept";
    let scratch = history(chain);
    let found = read(scratch.path(), &Want::Head, &Options::default()).unwrap();
    assert_eq!(told(&found), ["-: kept back"]);
    assert_eq!(found.releases[0].bump(), Bump::Minor);
    assert_eq!(found.releases[0].count(|fate| matches!(fate, Fate::Reverted(_) | Fate::Reverts)), 6);
    // What came with an earlier release is told as taken back, and what comes again as new.
    let later = "
        commit feat: a
        tag v1.0.0
        commit Revert \"feat: a\"\\n\\nThis reverts commit HEAD_ID.
        tag v1.0.1
        commit Reapply \"feat: a\"\\n\\nThis reverts commit HEAD_ID.";
    let scratch = history(later);
    let found = read(scratch.path(), &Want::Head, &Options::default()).unwrap();
    assert_eq!(told(&found), ["-: a", "v1.0.1: feat: a", "v1.0.0: a"]);
    let bumps: Vec<Bump> = found.releases.iter().map(lw_releases::Release::bump).collect();
    assert_eq!(bumps, [Bump::Minor, Bump::Patch, Bump::Minor]);
}

#[test]
fn a_reverted_merge_takes_its_commits_along() {
    let scratch = history(
        "commit feat: a
         tag v1.0.0
         checkout -q -b side
         commit feat!: b
         commit fix: c
         checkout -q main
         merge -q --no-ff -m Merge side
         commit Revert \"Merge\"\\n\\nThis reverts commit HEAD_ID, reversing\\nchanges made to HEAD_ID.
         commit fix: d",
    );
    let found = read(scratch.path(), &Want::Unreleased, &Options::default()).unwrap();
    assert_eq!((told(&found).remove(0).as_str(), found.releases[0].bump()), ("-: d", Bump::Patch));
}

#[test]
fn the_title_of_a_merge_counts_where_no_commit_says_it() {
    let scratch = Scratch::new();
    scratch.git(&["commit", "-q", "--allow-empty", "-m", "feat: a"]);
    for (branch, message, title) in
        [("one", "no convention", "feat: told"), ("two", "fix: twice", "fix: twice (#2)")]
    {
        scratch.git(&["checkout", "-q", "-b", branch]);
        scratch.git(&["commit", "-q", "--allow-empty", "-m", message]);
        scratch.git(&["checkout", "-q", "main"]);
        let text = format!("Merge pull request #7 from a/{branch}\n\n{title}");
        scratch.git(&["merge", "-q", "--no-ff", "-m", &text, branch]);
    }
    let found = read(scratch.path(), &Want::Head, &Options::default()).unwrap();
    assert_eq!(told(&found), ["-: twice told a"]);
    let pulls: Vec<Option<u64>> = found.releases[0]
        .entries
        .iter()
        .filter(|entry| entry.fate == Fate::Told)
        .map(|entry| entry.pull)
        .collect();
    assert_eq!(pulls, [None, Some(7), None]);
}

#[test]
fn tags_that_end_nothing_are_named() {
    let scratch = history(
        "commit feat: a
         tag v1.0.0
         tag v1
         commit feat: b
         tag V1.1.0
         tag nightly
         tag pkg@1.0.0",
    );
    let repository = Repository::open(scratch.path()).unwrap();
    let catalogue = Catalogue::read(&repository, Scheme::Semver).unwrap();
    assert_eq!((catalogue.floating.len(), catalogue.near.len(), catalogue.others.len()), (1, 1, 1));
    assert_eq!(all(&scratch), ["-: b", "v1.0.0: a"]);
    for (tag, part) in
        [("v1", "moves"), ("V1.1.0", "lower case"), ("nightly", "no version"), ("1.0.0", "no tag")]
    {
        let error = catalogue.release(tag).unwrap_err();
        assert!(error.to_string().contains(part) && error.hint().is_some(), "{tag}: {error}");
    }
    let options = Options { prefix: Some("pkg@".into()), ..Options::default() };
    let found = read(scratch.path(), &Want::Head, &options).unwrap();
    assert_eq!(told(&found), ["pkg@1.0.0: b a"]);
}

#[test]
fn a_position_is_by_ancestry_and_precedence() {
    let scratch = history(
        "commit feat: a
         tag v1.0.0
         tag v1.1.0
         tag v1.1.0-arch
         tag v1.1.0-rc.1
         commit fix: b
         commit fix: c",
    );
    let repository = Repository::open(scratch.path()).unwrap();
    let catalogue = Catalogue::read(&repository, Scheme::Semver).unwrap();
    let family = catalogue.family(None).unwrap();
    let at = position(&repository, &catalogue, &family, "HEAD", false).unwrap();
    assert_eq!((at.release.unwrap().tag.as_str(), at.distance), ("v1.1.0", 2));
    let shallow = tempfile::tempdir().unwrap();
    let url = format!("file://{}", scratch.path().display());
    let run = command(shallow.path()).args(["clone", "-q", "--depth", "1", &url, "."]).status().unwrap();
    assert!(run.success());
    let error = read(shallow.path(), &Want::Unreleased, &Options::default()).unwrap_err();
    assert!(matches!(error, ReleaseError::NotEnoughHistory { .. }), "{error}");
    assert!(error.hint().unwrap().contains("fetch-depth: 0"));
}

#[test]
fn a_generated_history_is_told_exactly() {
    let Some(script) = lw_testkit::shared_fixture("changelog/synth_repo.py") else {
        return lw_testkit::skip("the shared fixtures are not there").unwrap_or_default();
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("repo");
    let output = Command::new("python3").arg(script).arg(&path).args(["2000", "50", "3"]).output();
    let Ok(output) = output else { return lw_testkit::skip("there is no python3").unwrap_or_default() };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let truth: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut hashes = 0;
    for hash_is_breaking in [true, false] {
        let rules = lw_conventional::Rules { hash_is_breaking };
        let found = read(&path, &Want::Head, &Options { rules, ..Options::default() }).unwrap();
        let expected = truth["releases"].as_array().unwrap();
        assert_eq!(found.releases.len(), expected.len());
        for (release, expected) in found.releases.iter().rev().zip(expected) {
            let name = expected["tag"].as_str();
            assert_eq!(release.tag.as_ref().map(|(tag, _)| tag.as_str()), name);
            let mut types: BTreeMap<&str, u64> = BTreeMap::new();
            let mut breaking = 0;
            for entry in &release.entries {
                if let Some(header) = entry.header().filter(|_| entry.fate != Fate::Merge) {
                    *types.entry(&header.kind).or_default() += 1;
                    breaking += u64::from(entry.message.breaking.is_some());
                }
            }
            let expected_types: BTreeMap<&str, u64> = expected["types"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(kind, count)| (kind.as_str(), count.as_u64().unwrap()))
                .collect();
            assert_eq!(types, expected_types, "{name:?}");
            let count = |is: &Fate| release.count(|fate| fate == is) as u64;
            assert_eq!(count(&Fate::Merge), expected["merges"].as_u64().unwrap(), "{name:?}");
            assert_eq!(
                count(&Fate::Unconventional),
                expected["unconventional"].as_u64().unwrap(),
                "{name:?}"
            );
            let all = expected["breaking"].as_u64().unwrap();
            if hash_is_breaking {
                assert_eq!(breaking, all, "{name:?}");
            } else {
                // The truth counts ` #` as its peers do; clause 12 does not, and each is named.
                let near = release.entries.iter().flat_map(|entry| &entry.message.near);
                let near =
                    near.filter(|miss| miss.near == lw_conventional::Near::BreakingHash).count() as u64;
                assert_eq!(breaking + near, all, "{name:?}");
                hashes += near;
            }
        }
    }
    assert!(hashes > 0);
}

fn next_of(scratch: &Scratch, head: &str, how: &NextOptions) -> Result<Next, ReleaseError> {
    let repository = Repository::open(scratch.path()).unwrap();
    let catalogue = Catalogue::read(&repository, Scheme::Semver).unwrap();
    let options = Options { head: head.into(), ..Options::default() };
    next(&repository, &catalogue, &options, how)
}

fn shown(next: Next) -> String {
    let last = next.last.map_or("-".to_owned(), |last| last.tag);
    format!("{last} {:?} {}", next.bump, next.version.map_or("-".to_owned(), |version| version.to_string()))
}

#[test]
fn the_next_version_spans_from_the_last_final_one() {
    let rc = || NextOptions { pre_release: Some("rc".into()), ..NextOptions::default() };
    let plain = NextOptions::default();
    let minor = "
        commit feat: a
        tag v1.2.0
        commit feat: b
        tag v1.3.0-rc.1
        commit fix: c";
    let scratch = history(minor);
    assert_eq!(shown(next_of(&scratch, "HEAD", &plain).unwrap()), "v1.2.0 Minor 1.3.0");
    assert_eq!(shown(next_of(&scratch, "HEAD", &rc()).unwrap()), "v1.2.0 Minor 1.3.0-rc.2");
    // A candidate that is followed by a breaking change is none of that version.
    let scratch = history(&format!("{minor}\n commit feat!: d"));
    assert_eq!(shown(next_of(&scratch, "HEAD", &plain).unwrap()), "v1.2.0 Major 2.0.0");
    assert_eq!(shown(next_of(&scratch, "HEAD", &rc()).unwrap()), "v1.2.0 Major 2.0.0-rc.1");
    // Somebody decided for more than the commits ask for.
    let scratch = history("commit feat: a\n tag v1.0.0\n commit fix: b\n tag v2.0.0-rc.1\n commit fix: c");
    assert_eq!(shown(next_of(&scratch, "HEAD", &plain).unwrap()), "v1.0.0 Patch 2.0.0");
    // Nothing to release, and a release that is there.
    let scratch = history("commit feat: a\n tag v1.0.0\n commit docs: b");
    assert_eq!(shown(next_of(&scratch, "HEAD", &plain).unwrap()), "v1.0.0 None -");
}

#[test]
fn the_next_version_is_no_guess() {
    let plain = NextOptions::default();
    let scratch = history("commit feat: a");
    let error = next_of(&scratch, "HEAD", &plain).unwrap_err();
    assert!(
        matches!(error, ReleaseError::NoRelease { .. })
            && error.hint().unwrap().contains("--initial-version")
    );
    let initial = Some(lw_versions::Version::parse("0.1.0", Scheme::Semver).unwrap());
    let how = NextOptions { initial, ..NextOptions::default() };
    assert_eq!(shown(next_of(&scratch, "HEAD", &how).unwrap()), "- Minor 0.1.0");
    // The version is there already, on another line.
    let scratch = history(
        "commit feat: a
         tag v1.0.0
         branch old
         commit feat: b
         tag v1.1.0
         checkout -q old
         commit feat: c",
    );
    let error = next_of(&scratch, "old", &plain).unwrap_err();
    assert!(matches!(&error, ReleaseError::Taken { tag, .. } if tag == "v1.1.0"), "{error}");
    // 0.x: a decision, never an accident.
    let scratch = history("commit feat: a\n tag v0.1.0\n commit feat!: b");
    assert_eq!(shown(next_of(&scratch, "HEAD", &plain).unwrap()), "v0.1.0 Major 0.2.0");
    let how = NextOptions { zero: Zero::Major, ..NextOptions::default() };
    assert_eq!(shown(next_of(&scratch, "HEAD", &how).unwrap()), "v0.1.0 Major 1.0.0");
}

/// Every bump of every kind of message, and what the zero makes of it; the numbers below the one that grows are 0.
#[test]
fn what_each_message_asks_for() {
    for (message, bump, version) in [
        ("feat: b", Bump::Minor, "v1.2.3 Minor 1.3.0"),
        ("fix: b", Bump::Patch, "v1.2.3 Patch 1.2.4"),
        ("perf: b", Bump::Patch, "v1.2.3 Patch 1.2.4"),
        ("security: b", Bump::Patch, "v1.2.3 Patch 1.2.4"),
        ("revert: b", Bump::Patch, "v1.2.3 Patch 1.2.4"),
        ("docs: b", Bump::None, "v1.2.3 None -"),
        ("refactor: b", Bump::None, "v1.2.3 None -"),
        ("chore!: b", Bump::Major, "v1.2.3 Major 2.0.0"),
        ("docs: b\\n\\nBREAKING CHANGE: gone", Bump::Major, "v1.2.3 Major 2.0.0"),
        ("words", Bump::None, "v1.2.3 None -"),
    ] {
        let scratch = history(&format!("commit feat: a\n tag v1.2.3\n commit {message}"));
        let next = next_of(&scratch, "HEAD", &NextOptions::default()).unwrap();
        assert_eq!((next.bump, next.unconventional), (bump, usize::from(message == "words")), "{message}");
        assert_eq!(shown(next), version, "{message}");
        let found = read(scratch.path(), &Want::Unreleased, &Options::default()).unwrap();
        assert_eq!(found.releases[0].bump(), bump, "{message}");
    }
}

#[test]
fn near_misses_are_counted_once_and_the_first_of_them_named() {
    let near = |script: &str| {
        let found = read(history(script).path(), &Want::Head, &Options::default()).unwrap().near_misses();
        let findings =
            found.findings("t").into_iter().map(|one| (one.level, one.message)).collect::<Vec<_>>();
        (found.count, found.concern_version, findings)
    };
    assert_eq!(near("commit feat: a\n commit words"), (0, 0, Vec::new()));
    // Two in one message, one of which concerns the version.
    let (count, concern, findings) = near("commit feat:  a\\n\\nbreaking change: gone");
    assert_eq!((count, concern), (1, 1));
    let levels: Vec<Level> = findings.iter().map(|(level, _)| *level).collect();
    assert_eq!(levels, [Level::Note, Level::Warning], "{findings:?}");
    assert!(
        findings[1].1.contains("`feat:  a`, line 3: ") && findings[1].1.ends_with("(breaking-lower-case)")
    );
    // A commit on two lines is one; what is taken back is none.
    let both = "
        commit feat: a
        tag v1.0.0
        commit feat:b
        branch old
        commit feat: c
        tag v1.1.0
        checkout -q old
        commit fix: d
        tag v1.0.1
        commit fix:e
        commit Revert \"fix:e\"\\n\\nThis reverts commit HEAD_ID.
        merge -q --no-ff -m Merge main";
    let (count, concern, findings) = near(both);
    assert_eq!((count, concern, findings.len()), (1, 1, 1), "{findings:?}");
    // As many as are named, and one more.
    for more in 0..3 {
        let lines: Vec<String> =
            (0..MOST_NAMED + more).map(|number| format!("commit fix:  {number}")).collect();
        let (count, concern, findings) = near(&lines.join("\n"));
        assert_eq!((count, concern, findings.len()), (MOST_NAMED + more, 0, MOST_NAMED + more.min(1)));
        let last = &findings.last().unwrap().1;
        let expected = [
            "(two-spaces)",
            "1 more message is nearly conventional",
            "2 more messages are nearly conventional",
        ];
        assert!(last.ends_with(expected[more]), "{last}");
    }
    let long = format!("commit fix:{}", "x".repeat(100));
    let (_, _, findings) = near(&long);
    assert!(findings[0].1.contains(&format!("`fix:{}…`", "x".repeat(68))), "{findings:?}");
}

/// A number that cannot grow is an error, whichever of the three it is.
#[test]
fn a_release_that_cannot_be_followed_is_an_error() {
    for (tag, message) in [
        ("v18446744073709551615.0.0", "feat!: b"),
        ("v1.18446744073709551615.0", "feat: b"),
        ("v1.0.18446744073709551615", "fix: b"),
    ] {
        let scratch = history(&format!("commit feat: a\n tag {tag}\n commit {message}"));
        let error = next_of(&scratch, "HEAD", &NextOptions::default()).unwrap_err();
        assert!(error.to_string().contains("cannot grow"), "{tag}: {error}");
    }
}
