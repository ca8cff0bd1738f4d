//! Which commits a release holds, compared with what git itself says.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use lw_history::{End, Extent, HistoryError, Log, LogRequest, Repository};
use lw_testkit::git::{Random, Scratch, command, init_reftable};

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn import(folder: &Path, stream: &str) {
    let mut child = command(folder)
        .args(["fast-import", "--quiet", "--force"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

fn ids(text: &str) -> BTreeSet<String> {
    text.lines().map(str::to_owned).collect()
}

/// A history with merges of two and three, branches from long ago, tags of two families anywhere, several on one commit, moved
/// ones, clocks that are off by days, and changes in folders.
fn random(seed: u64) -> Scratch {
    let mut random = Random::new(seed);
    let scratch = Scratch::new();
    let count = 20 + random.below(60);
    let mut stream = String::new();
    for mark in 1..=count {
        let time = 1_700_000_000 + mark * 3600 + random.below(5) * 40_000;
        let _ = write!(
            stream,
            "commit refs/heads/main\nmark :{mark}\ncommitter a <a@b> {time} +0000\ndata 2\nm\n\n"
        );
        if mark > 1 {
            let near = |random: &mut Random| {
                let most = if random.once_in(6) { 30 } else { 4 };
                mark.saturating_sub(1 + random.below(most)).max(1)
            };
            let mut parents = vec![near(&mut random)];
            for _ in 0..[0, 0, 1, 1, 2].get(random.below(5)).copied().unwrap_or(0) {
                let other = near(&mut random);
                if !parents.contains(&other) {
                    parents.push(other);
                }
            }
            let _ = writeln!(stream, "from :{}", parents[0]);
            for other in &parents[1..] {
                let _ = writeln!(stream, "merge :{other}");
            }
        }
        if !random.once_in(5) {
            let folder = ["packages/a", "packages/a/deep/er", "packages/b", "docs", "packages/ab"];
            let folder = folder.get(random.below(5)).copied().unwrap_or_default();
            let content = format!("{}", random.below(4));
            let _ = writeln!(
                stream,
                "M 100644 inline {folder}/f{}\ndata {}\n{content}",
                random.below(2),
                content.len()
            );
        }
    }
    for number in 0..random.below(14) {
        let mark = 1 + random.below(count);
        let family = if random.once_in(3) { "pkg@" } else { "v" };
        let name = format!("{family}1.{number}.0");
        if random.once_in(2) {
            let _ =
                write!(stream, "tag {name}\nfrom :{mark}\ntagger a <a@b> 1700000000 +0000\ndata 2\nt\n\n");
        } else {
            let _ = write!(stream, "reset refs/tags/{name}\nfrom :{mark}\n\n");
        }
        if random.once_in(4) {
            // It was put somewhere else first.
            let _ = write!(stream, "reset refs/tags/{name}\nfrom :{}\n\n", 1 + random.below(count));
        }
    }
    import(scratch.path(), &stream);
    if random.once_in(2) {
        scratch.git(&["pack-refs", "--all"]);
    }
    // By times alone git lists too much where clocks are off (its `limit_list` gives up early); with `--topo-order` and the
    // generations of a commit graph it is exact.
    scratch.git(&["commit-graph", "write", "--reachable"]);
    scratch
}

struct Asked {
    names: Vec<String>,
    log: Log,
    request: LogRequest,
}

/// Every tag, in the order of its name, which is that of precedence here; `v` and `pkg@` are families.
fn request(repository: &Repository, extent: Extent) -> (Vec<String>, LogRequest) {
    let mut tags = repository.tags().unwrap().tags;
    let number = |name: &str| name.split('.').nth(1).and_then(|text| text.parse::<u32>().ok());
    tags.sort_by_key(|tag| number(&tag.name));
    let ends = tags
        .iter()
        .map(|tag| End { commit: tag.commit(), family: u32::from(tag.name.starts_with('p')) })
        .collect();
    let names = tags.into_iter().map(|tag| tag.name).collect();
    (names, LogRequest { ends, extent, paths: Vec::new(), first_parent: false })
}

fn ask(folder: &Path, extent: Extent) -> Asked {
    let repository = Repository::open(folder).unwrap();
    let (names, request) = request(&repository, extent);
    let log = repository.log(&request).unwrap();
    Asked { names, log, request }
}

impl Asked {
    fn ids(&self, end: usize) -> BTreeSet<String> {
        let section = self.log.sections[end].as_ref().unwrap();
        section.commits.iter().map(|place| self.log.commits[*place as usize].id()).collect()
    }

    /// `git rev-list TAG ^(tags of its family that it contains)`.
    fn of_git(&self, folder: &Path, end: usize, more: &[&str]) -> BTreeSet<String> {
        let of = |end: usize| &self.request.ends[end];
        let reached = ids(&git(folder, &["rev-list", &of(end).commit]));
        let mut arguments = vec!["rev-list".to_owned(), "--topo-order".to_owned()];
        arguments.extend(more.iter().take_while(|word| **word != "--").map(|word| (*word).to_owned()));
        arguments.push(of(end).commit.clone());
        for other in 0..self.request.ends.len() {
            let same = of(other).commit == of(end).commit;
            if of(other).family == of(end).family
                && other != end
                && reached.contains(&of(other).commit)
                && (!same || other < end)
            {
                arguments.push(format!("^{}", of(other).commit));
            }
        }
        arguments.extend(more.iter().skip_while(|word| **word != "--").map(|word| (*word).to_owned()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        ids(&git(folder, &arguments))
    }
}

#[test]
fn a_release_holds_what_git_lists() {
    let (mut sections, mut twice, mut shared) = (0, 0, 0);
    for seed in 0..30 {
        let scratch = random(seed);
        let asked = ask(scratch.path(), Extent::All);
        let mut seen = BTreeSet::new();
        for end in 0..asked.names.len() {
            let (ours, theirs) = (asked.ids(end), asked.of_git(scratch.path(), end, &[]));
            assert_eq!(ours, theirs, "seed {seed}, {}", asked.names[end]);
            let family = asked.request.ends[end].family;
            twice += ours.iter().filter(|id| !seen.insert((family, (*id).clone()))).count();
            shared += usize::from(ours.is_empty());
            sections += 1;
            // The same from a walk that reads no more than it needs.
            let one = ask(scratch.path(), Extent::One(end));
            assert_eq!(one.ids(end), ours, "seed {seed}, {} alone", asked.names[end]);
            let after = |asked: &Asked| {
                let mut after = asked.log.sections[end].as_ref().unwrap().after.clone();
                after.sort_unstable();
                after
            };
            assert_eq!(after(&one), after(&asked), "seed {seed}, {}", asked.names[end]);
        }
    }
    assert!(sections > 100 && twice > 50 && shared > 3, "{sections} {twice} {shared}: too little was tried");
}

#[test]
fn first_parents_are_followed_alone_when_asked() {
    for seed in 40..46 {
        let scratch = random(seed);
        let repository = Repository::open(scratch.path()).unwrap();
        let head = repository.resolve("refs/heads/main").unwrap();
        let request = LogRequest {
            ends: vec![End { commit: head, family: 0 }],
            extent: Extent::One(0),
            paths: Vec::new(),
            first_parent: true,
        };
        let log = repository.log(&request).unwrap();
        let ours: BTreeSet<String> = log.commits.iter().map(lw_history::Commit::id).collect();
        assert_eq!(ours, ids(&git(scratch.path(), &["rev-list", "--first-parent", "main"])));
    }
}

#[test]
fn paths_are_those_git_lists() {
    let paths = ["packages/a", "packages/b", "packages/a/deep/er", "docs/f0", "packages", "absent"];
    let mut touched = 0;
    for seed in 60..72 {
        let scratch = random(seed);
        let repository = Repository::open(scratch.path()).unwrap();
        let (names, mut request) = request(&repository, Extent::All);
        let head = repository.resolve("refs/heads/main").unwrap();
        request.ends.push(End { commit: head, family: 7 });
        request.paths = paths.map(str::to_owned).to_vec();
        let log = repository.log(&request).unwrap();
        let asked = Asked { names, log, request };
        let end = asked.request.ends.len() - 1;
        for (number, path) in (0..).zip(paths) {
            let theirs = asked.of_git(scratch.path(), end, &["--full-history", "--no-merges", "--", path]);
            let ours: BTreeSet<String> = asked.log.sections[end]
                .as_ref()
                .unwrap()
                .commits
                .iter()
                .map(|place| &asked.log.commits[*place as usize])
                .filter(|commit| !commit.is_merge() && commit.touches.contains(&number))
                .map(lw_history::Commit::id)
                .collect();
            assert_eq!(ours, theirs, "seed {seed}, {path}");
            touched += ours.len();
        }
    }
    assert!(touched > 100, "{touched}");
}

#[test]
fn what_a_merge_brings_is_what_git_lists() {
    let mut merges = 0;
    for seed in 80..90 {
        let scratch = random(seed);
        let repository = Repository::open(scratch.path()).unwrap();
        let head = repository.resolve("refs/heads/main").unwrap();
        let ends = vec![End { commit: head, family: 0 }];
        let request = LogRequest { ends, extent: Extent::One(0), paths: Vec::new(), first_parent: false };
        let log = repository.log(&request).unwrap();
        for (place, commit) in (0..).zip(&log.commits).filter(|(_, commit)| commit.is_merge()) {
            let brought = log.brought_by(place);
            let ours: BTreeSet<String> =
                brought.iter().map(|place| log.commits[*place as usize].id()).collect();
            let id = commit.id();
            let theirs =
                git(scratch.path(), &["rev-list", "--topo-order", &format!("{id}^@"), &format!("^{id}^1")]);
            assert_eq!(ours, ids(&theirs), "seed {seed}, {id}");
            // Asked for one of them, the answer is the same, and nothing else is handed over.
            for (other, _) in (0_u32..).zip(&log.commits) {
                let has = log.brings(place, |found| {
                    assert!(brought.contains(&found), "seed {seed}, {id}");
                    found == other
                });
                assert_eq!(has, brought.contains(&other), "seed {seed}, {id}");
            }
            merges += 1;
        }
    }
    assert!(merges > 50, "{merges}");
}

#[test]
fn what_is_made_of_a_message_belongs_to_its_commit() {
    let scratch = random(91);
    scratch.git(&["commit", "-q", "--allow-empty", "-m", "na\u{ef}ve"]);
    let repository = Repository::open(scratch.path()).unwrap();
    for paths in [Vec::new(), vec!["f1".to_owned()]] {
        let (_, mut request) = request(&repository, Extent::All);
        let head = repository.resolve("HEAD").unwrap();
        request.ends.push(End { commit: head, family: 0 });
        request.paths = paths;
        let whole = repository.log(&request).unwrap();
        let (bare, made) =
            repository.log_with(&request, |message| (message.into_owned(), String::new())).unwrap();
        assert!(whole.commits.len() > 5 && bare.commits.iter().all(|commit| commit.message.is_empty()));
        assert_eq!(made, whole.commits.iter().map(|commit| commit.message.clone()).collect::<Vec<_>>());
        let authors = |log: &Log| log.commits.iter().map(|commit| commit.author.clone()).collect::<Vec<_>>();
        assert_eq!(authors(&bare), authors(&whole));
        assert_eq!(bare.sections, whole.sections);
    }
}

/// A line of commits with a tag in the middle.
fn line() -> Scratch {
    let scratch = Scratch::new();
    for number in 0..10 {
        scratch.commit(&[("f", &number.to_string())]);
        if number == 4 {
            scratch.git(&["tag", "v1.0.0"]);
        }
    }
    scratch
}

fn clone(source: &Scratch, arguments: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}", source.path().display());
    git(folder.path(), &[&["clone", "--quiet"], arguments, &[&url, "."]].concat());
    folder
}

fn since_tag(folder: &Path, first: &str) -> lw_history::Section {
    let repository = Repository::open(folder).unwrap();
    let head = repository.resolve("HEAD").unwrap();
    let ends = vec![End { commit: first.to_owned(), family: 0 }, End { commit: head, family: 0 }];
    let request = LogRequest { ends, extent: Extent::One(1), paths: Vec::new(), first_parent: false };
    repository.log(&request).unwrap().sections[1].clone().unwrap()
}

#[test]
fn a_shallow_clone_says_whether_it_holds_a_section() {
    let origin = line();
    let tag = git(origin.path(), &["rev-parse", "v1.0.0"]).trim().to_owned();
    for (depth, is_enough) in [("1", false), ("5", false), ("6", true), ("8", true)] {
        let folder = clone(&origin, &["--depth", depth]);
        let section = since_tag(folder.path(), &tag);
        assert_eq!(section.cut.is_none(), is_enough, "depth {depth}: {section:?}");
        if is_enough {
            assert_eq!((section.commits.len(), section.after), (5, vec![0]), "depth {depth}");
        }
    }
}

#[test]
fn a_branch_that_began_before_the_cut_is_no_section_to_trust() {
    // The side branch leaves before the tag, and the clone ends between.
    let scratch = Scratch::new();
    let dated = |number: u32| format!("2026-01-{number:02}T00:00:00Z");
    let commit = |name: &str, day: u32| {
        fs::write(scratch.path().join(name), name).unwrap();
        git(scratch.path(), &["add", "-A"]);
        let run = command(scratch.path())
            .args(["commit", "-q", "-m", name])
            .env("GIT_COMMITTER_DATE", dated(day))
            .status();
        assert!(run.unwrap().success());
    };
    commit("one", 1);
    git(scratch.path(), &["branch", "side"]);
    commit("two", 2);
    commit("three", 3);
    git(scratch.path(), &["tag", "v1.0.0"]);
    git(scratch.path(), &["checkout", "-q", "side"]);
    commit("late", 9);
    git(scratch.path(), &["checkout", "-q", "main"]);
    git(scratch.path(), &["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    let tag = git(scratch.path(), &["rev-parse", "v1.0.0"]).trim().to_owned();
    let whole = since_tag(scratch.path(), &tag);
    assert_eq!((whole.commits.len(), whole.cut), (2, None));
    let folder = clone(&scratch, &["--depth", "3"]);
    let section = since_tag(folder.path(), &tag);
    assert!(section.cut.is_some() || section.commits.len() == 2, "{section:?}");
}

#[test]
fn clones_of_every_kind_are_read() {
    let scratch = random(4);
    let expected = ask(scratch.path(), Extent::All);
    git(scratch.path(), &["checkout", "-q", "-f", "main"]);
    let bare = clone(&scratch, &["--bare"]);
    let partial = {
        git(scratch.path(), &["config", "uploadpack.allowFilter", "true"]);
        clone(&scratch, &["--bare", "--filter=blob:none"])
    };
    let linked = tempfile::tempdir().unwrap();
    let tree = linked.path().join("tree");
    git(scratch.path(), &["worktree", "add", "-q", "--detach", &tree.display().to_string(), "main"]);
    for folder in [bare.path(), partial.path(), &tree] {
        let asked = ask(folder, Extent::All);
        assert_eq!(asked.names, expected.names);
        assert_eq!(asked.log, expected.log, "{}", folder.display());
    }
    // Paths need trees, and no blobs.
    let repository = Repository::open(partial.path()).unwrap();
    let (_, mut request) = request(&repository, Extent::All);
    request.paths = vec!["packages/a".into()];
    assert!(repository.log(&request).unwrap().commits.iter().any(|commit| !commit.touches.is_empty()));
}

#[test]
fn sha256_repositories_are_read() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q", "--object-format=sha256", "-b", "main"]);
    git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "feat: one"]);
    git(folder.path(), &["tag", "-a", "-m", "t", "v1.0.0"]);
    git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "fix: two"]);
    let asked = ask(folder.path(), Extent::All);
    assert_eq!(asked.names, ["v1.0.0"]);
    assert_eq!(asked.log.commits[0].message, "feat: one\n");
    assert_eq!(asked.log.commits[0].id().len(), 64);
}

#[test]
fn other_storage_of_references_is_named() {
    let folder = tempfile::tempdir().unwrap();
    if init_reftable(folder.path()).is_none() {
        return;
    }
    let error = Repository::open(folder.path()).unwrap_err();
    assert!(matches!(&error, HistoryError::RefStorage { format, .. } if format == "reftable"), "{error}");
}

#[test]
fn messages_and_people_are_what_git_has() {
    let scratch = Scratch::new();
    fs::write(scratch.path().join(".mailmap"), "Right Name <right@x> <WRONG@x>\n").unwrap();
    let stream = "commit refs/heads/main\nauthor w <wrong@x> 1600000000 +0000\ncommitter c <c@x> 1600000001 +0100\ndata 18\nfeat: a\r\n\r\nbody\r\n\nM 100644 inline .mailmap\ndata 30\nRight Name <right@x> <WRONG@x>\n";
    import(scratch.path(), stream);
    let commit = |time: u32, headers: &str, message: &[u8], parent: &str| {
        let head = format!(
            "commit refs/heads/main\nmark :{time}\ncommitter c <c@x> {time} +0000\n{headers}data {}\n",
            message.len()
        );
        [head.as_bytes(), message, format!("\nfrom {parent}\n\n").as_bytes()].concat()
    };
    let more = [
        commit(1_600_000_002, "encoding ISO-8859-1\n", b"fix: na\xEFv", "refs/heads/main^0"),
        commit(1_600_000_003, "", b"fix: \xff\xfe", ":1600000002"),
    ];
    let mut child = command(scratch.path())
        .args(["fast-import", "--quiet", "--force"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&more.concat()).unwrap();
    assert!(child.wait().unwrap().success());
    let repository = Repository::open(scratch.path()).unwrap();
    let head = repository.resolve("refs/heads/main").unwrap();
    let ends = vec![End { commit: head, family: 0 }];
    let log = repository
        .log(&LogRequest { ends, extent: Extent::One(0), paths: Vec::new(), first_parent: false })
        .unwrap();
    let messages: Vec<(&str, bool)> =
        log.commits.iter().map(|commit| (commit.message.as_str(), commit.is_lossy)).collect();
    assert_eq!(
        messages,
        [("fix: \u{fffd}\u{fffd}", true), ("fix: naïv", false), ("feat: a\r\n\r\nbody\r\n\n", false)]
    );
    let first = &log.commits[2];
    assert_eq!((&*first.author.name, &*first.author.mail), ("Right Name", "right@x"));
    assert_eq!((first.author.time, first.time), (1_600_000_000, 1_600_000_001));
}

#[test]
fn tags_are_what_they_stand_for() {
    let scratch = line();
    scratch.git(&["tag", "-a", "-m", "t", "v2.0.0"]);
    scratch.git(&["tag", "-a", "-m", "of a tag", "nested", "v2.0.0"]);
    scratch.git(&["tag", "tree", "HEAD^{tree}"]);
    let head = git(scratch.path(), &["rev-parse", "HEAD"]).trim().to_owned();
    let read = || {
        let tags = Repository::open(scratch.path()).unwrap().tags().unwrap();
        let named: Vec<(String, String)> =
            tags.tags.iter().map(|tag| (tag.name.clone(), tag.commit())).collect();
        (named, tags.others)
    };
    let loose = read();
    assert_eq!(loose.0.iter().filter(|(_, commit)| *commit == head).count(), 2, "{loose:?}");
    assert_eq!(loose.1, [("tree".to_owned(), "a tree".to_owned())]);
    scratch.git(&["pack-refs", "--all"]);
    let packed = read();
    let named = |tags: &[(String, String)]| -> Vec<(String, String)> {
        tags.iter().filter(|(name, _)| name != "tree").cloned().collect()
    };
    assert_eq!(named(&packed.0), named(&loose.0));
    // A newer loose tag is the one that counts.
    scratch.git(&["tag", "-f", "v2.0.0", "v1.0.0"]);
    let moved = read().0;
    let of = |name: &str| moved.iter().find(|(known, _)| known == name).unwrap().1.clone();
    assert_eq!(of("v2.0.0"), of("v1.0.0"));
}

#[test]
fn replacements_are_counted_and_not_used() {
    let scratch = line();
    let count = || Repository::open(scratch.path()).unwrap().replacements();
    assert_eq!(count(), 0);
    scratch.git(&["replace", "HEAD", "HEAD~3"]);
    assert_eq!(count(), 1);
    let repository = Repository::open(scratch.path()).unwrap();
    let head = repository.resolve("HEAD").unwrap();
    let ends = vec![End { commit: head, family: 0 }];
    let request = LogRequest { ends, extent: Extent::One(0), paths: Vec::new(), first_parent: false };
    assert_eq!(repository.log(&request).unwrap().commits.len(), 10);
}
