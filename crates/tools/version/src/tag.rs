//! `version tag`: the annotated tag of a version, made and pushed by the git that is installed.

use std::path::PathBuf;
use std::time::Duration;

use lw_cli::{Context, Error, Program, ProgramCall, ProgramOutput, ResultExt};
use lw_history::Repository;
use lw_model::{Finding, Level, Report};
use lw_versions::{TagName, Version, classify};

use crate::args::Tag;
use crate::check;
use crate::held::Project;
use crate::state;

/// How long git may take to talk to a remote.
const PUSH: Duration = Duration::from_secs(300);

/// What git may have of the environment, besides what every program gets: where its configuration, the keys and the agents are, who
/// its user is, and the way to the remote.
const VARIABLES: [&str; 21] = [
    "GIT_AUTHOR_DATE",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_TERMINAL_PROMPT",
    "GNUPGHOME",
    "GPG_AGENT_INFO",
    "GPG_TTY",
    "SOCKS_SERVER",
    "SSH_AGENT_PID",
    "SSH_AUTH_SOCK",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

pub(crate) fn run(args: &Tag, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    check_names(args)?;
    let scheme = args.history.scheme();
    let repository = lw_releases::open(&cx.resolve(&args.history.repo))?;
    let catalogue = lw_releases::Catalogue::read(&repository, scheme)?;
    let commit = repository.resolve(&args.history.head)?;
    let version = match args.to.to.as_deref().map(str::trim).filter(|to| !to.is_empty()) {
        Some(to) => Version::parse(to, scheme)?,
        None => of_files(&repository, &commit, args, cx, report)?,
    };
    let family = catalogue.family(args.history.tag_prefix.as_deref())?;
    let name = format!("{}{version}", family.0);
    if !matches!(classify(&name, scheme), TagName::Release(found, _) if found == family) {
        return Err(Error::usage(format!("--tag-prefix {}: {name} would be no release", family.0))
            .hint("a prefix is empty, `v`, or ends in one of @ / - _, perhaps with a `v` after that"));
    }
    if args.push || args.sign {
        may(args, cx, report)?;
    }
    let here = tag_here(&repository, &name)?;
    if let Some(other) = here.as_ref().filter(|other| **other != commit) {
        return Err(taken(&name, "here", other, &commit));
    }
    let (created, pushed) = if args.push || here.is_none() {
        let git = Git::find(args, cx)?;
        make(&git, (&name, &commit, &version), here.is_some(), args, cx, report)?
    } else {
        tell_of_tag(&name, "here", report);
        (false, false)
    };
    cx.judge(report, None);
    state::fact(report, "tag", &name);
    state::fact(report, "commit", &commit);
    state::output_numbers(&version, cx);
    cx.output("version", version.to_string());
    cx.output("is-prerelease", (!version.is_final()).to_string());
    cx.output("commit", &*commit);
    cx.output("tag", &*name);
    let what = match (created, pushed) {
        (true, true) => "made and pushed",
        (true, false) => "made",
        (false, true) => "pushed",
        (false, false) => "nothing",
    };
    cx.output("done", what);
    cx.figure(format!("{name} {}", if what == "nothing" { "there already" } else { what }));
    if cx.wants("plain") {
        cx.set_format("plain", format!("{name}\n"));
    }
    Ok(())
}

fn tell_of_tag(name: &str, place: &str, report: &mut Report) {
    let message = format!("{name} is {place} already, on this very commit");
    report.add_finding(Finding::new("version/tag-exists", Level::Note, place, message));
}

/// Makes the tag and pushes it, where that is not done already; whether it was made, and whether something was pushed.
fn make(
    git: &Git,
    (name, commit, version): (&str, &str, &Version),
    is_here: bool,
    args: &Tag,
    cx: &Context,
    report: &mut Report,
) -> Result<(bool, bool), Error> {
    let there = if args.push { git.on_remote(name, args, cx)? } else { None };
    if let Some(other) = there.as_ref().filter(|other| *other != commit) {
        return Err(taken(name, &format!("at {}", args.remote), other, commit));
    }
    let is_there = there.is_some();
    if is_here {
        tell_of_tag(name, "here", report);
    }
    if is_there {
        tell_of_tag(name, "at the remote", report);
    }
    // A second annotated tag of one name would be another object than the one that is there.
    let created = !is_here && !is_there;
    if created {
        git.create(name, commit, version, args, cx)?;
    }
    let push_tag = args.push && !is_there;
    let pushed = push_tag || (args.push && args.push_branch.is_some());
    if pushed && let Err(error) = git.push(name, push_tag, commit, args, cx) {
        if created {
            // What was not there before is not there now, so that a second try begins as the first.
            git.delete(name, cx).context("could not take the tag back")?;
        }
        let left = if created { ", and is not left behind" } else { "" };
        return Err(error.context(format!("{name} was not pushed{left}")));
    }
    Ok((created, pushed))
}

/// The version that all files agree on, as they are in the commit.
fn of_files(
    repository: &Repository,
    commit: &str,
    args: &Tag,
    cx: &Context,
    report: &mut Report,
) -> Result<Version, Error> {
    let project = Project::read(&args.files, cx, report)?;
    let Some((version, file, place)) = project.version(args.history.scheme()) else {
        return Err(Error::input("no file holds a version of the scheme").hint("give the version itself"));
    };
    let of = format!("{}:{}", file.name, place.line);
    let check::Compared { wrong, .. } = check::compare(&project, &version, &of, report);
    if wrong > 0 {
        return Err(Error::input("the files hold several versions, so that nothing is tagged")
            .hint("`lw version bump VERSION` writes one version into all files"));
    }
    // What was bumped and not committed would be tagged with a version that the commit does not hold.
    let folder = cx.resolve(&args.history.repo);
    for file in project.files.iter().filter(|file| project.places(file).next().is_some()) {
        let full = cx.resolve(&file.path);
        let below = full.strip_prefix(&folder).ok().map(|path| path.to_string_lossy().replace('\\', "/"));
        let committed = below.map(|path| repository.read_file(commit, &path)).transpose()?.flatten();
        if committed.as_ref() != Some(&file.bytes) {
            let short = commit.get(..12).unwrap_or(commit);
            return Err(Error::input(format!("{} is not the one that the commit {short} holds", file.name))
                .hint("commit the new version first; or give the version itself"));
        }
    }
    Ok(version)
}

/// Refuses names that git would take for something else.
fn check_names(args: &Tag) -> Result<(), Error> {
    let is_plain = |name: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/');
        !name.is_empty() && !name.starts_with('-') && !name.contains("..") && name.bytes().all(plain)
    };
    if !is_plain(&args.remote) {
        return Err(Error::usage(format!("--remote {}: not the name of a remote", args.remote))
            .hint("name one that `git remote` lists, such as origin"));
    }
    if let Some(branch) = args.push_branch.as_deref().filter(|branch| !is_plain(branch)) {
        return Err(Error::usage(format!("--push-branch {branch}: not the name of a branch"))
            .hint("name it as main or release/1.x"));
    }
    if args.push_branch.is_some() && !args.push {
        return Err(Error::usage("--push-branch is for --push").hint("give both or none"));
    }
    Ok(())
}

/// Refuses to sign and push what may be anybody's.
fn may(args: &Tag, cx: &Context, report: &mut Report) -> Result<(), Error> {
    let Some(why) = cx.trust().why() else { return Ok(()) };
    // What is known to be a fork's is refused whatever is allowed.
    if args.allow_unknown_run && matches!(cx.trust(), lw_ci::Trust::Unknown { .. }) {
        let message = format!("whether this run may be trusted is not known: {why}");
        report.add_finding(Finding::new("version/unknown-trust", Level::Warning, "trust", message));
        return Ok(());
    }
    Err(Error::input(format!("nothing is signed or pushed in this run, because it may be anybody's: {why}"))
        .hint("sign and push in a run of which the CI says who started it, such as that of a branch; --allow-unknown-run does so where it is not known"))
}

fn taken(name: &str, place: &str, other: &str, commit: &str) -> Error {
    let short = |id: &str| id.get(..12).unwrap_or(id).to_owned();
    Error::input(format!("{name} is {place} already, on {}, not on {}", short(other), short(commit))).hint(
        "a tag that was published is never moved: choose the next version, or look which commit is meant",
    )
}

/// The commit that a tag of this repository stands for.
fn tag_here(repository: &Repository, name: &str) -> Result<Option<String>, Error> {
    let tags = repository.tags()?;
    if let Some((_, what)) = tags.others.iter().find(|(other, _)| other == name) {
        return Err(Error::input(format!("{name} is here already, and is {what}"))
            .hint("look at it with `git show`, and choose another version"));
    }
    Ok(tags.tags.iter().find(|tag| tag.name == name).map(lw_history::Tag::commit))
}

/// The git that is installed, for one repository.
struct Git {
    program: Program,
    folder: PathBuf,
    person: Vec<String>,
}

impl Git {
    fn find(args: &Tag, cx: &Context) -> Result<Self, Error> {
        let program = cx.installed_program("git").ok_or_else(|| {
            Error::usage("git is not installed here, and tags are made with it").hint(
                "run this where git is on PATH: on the runner itself, not in the container of the action",
            )
        })?;
        let mut person = Vec::new();
        if let Some(text) = &args.tagger {
            let parts = text.trim().strip_suffix('>').and_then(|rest| rest.split_once('<'));
            let is_clean =
                |part: &str| !part.trim().is_empty() && !part.contains(['<', '>', '\n', '\r', '\0']);
            let Some((name, address)) = parts.filter(|(name, address)| is_clean(name) && is_clean(address))
            else {
                return Err(Error::usage(format!("--tagger {text}: not a person"))
                    .hint("write it as `Name <address>`"));
            };
            for (key, value) in [("user.name", name.trim()), ("user.email", address.trim())] {
                person.extend(["-c".to_owned(), format!("{key}={value}")]);
            }
        }
        Ok(Self { program, folder: cx.resolve(&args.history.repo), person })
    }

    fn run(
        &self,
        arguments: &[&str],
        stdin: &[u8],
        timeout: Duration,
        cx: &Context,
    ) -> Result<ProgramOutput, Error> {
        let folder = self.folder.to_string_lossy().into_owned();
        // What follows tags by itself, or asks somebody, is none of this.
        let fixed = ["-C", &folder, "-c", "push.followTags=false", "-c", "core.askPass="];
        let call = ProgramCall::new(&self.program)
            .arguments(fixed)
            .arguments(&self.person)
            .arguments(arguments.iter().copied())
            .variables(
                VARIABLES
                    .into_iter()
                    .filter(|name| self.person.is_empty() || !name.starts_with("GIT_COMMITTER_")),
            )
            .stdin(stdin)
            .timeout(timeout);
        cx.run_program(&call)
    }

    /// The commit that the tag stands for at the remote.
    fn on_remote(&self, name: &str, args: &Tag, cx: &Context) -> Result<Option<String>, Error> {
        let (tag, peeled) = (format!("refs/tags/{name}"), format!("refs/tags/{name}^{{}}"));
        let said = self.run(&["ls-remote", "--", &args.remote, &tag, &peeled], &[], PUSH, cx)?;
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        let of = |wanted: &str| {
            text.lines()
                .filter_map(|line| line.split_once('\t'))
                .find(|(_, name)| *name == wanted)
                .map(|(id, _)| id.to_owned())
        };
        // An annotated tag has a second line, with the commit.
        Ok(of(&peeled).or_else(|| of(&tag)))
    }

    fn create(
        &self,
        name: &str,
        commit: &str,
        version: &Version,
        args: &Tag,
        cx: &Context,
    ) -> Result<(), Error> {
        let message = args.message.clone().unwrap_or_else(|| format!("Release {version}"));
        let message = format!("{}\n", message.trim_end());
        let mut arguments = vec!["tag", "--annotate", "--cleanup=verbatim", "--file=-"];
        if args.sign {
            arguments.push("--sign");
        }
        arguments.extend(["--", name, commit]);
        self.run(&arguments, message.as_bytes(), Duration::from_secs(120), cx).map(drop).map_err(|error| {
            let error = error.context(format!("{name} was not made"));
            error.hint("git has to know who makes the tag (--tagger, or user.name and user.email), and has to have the key where it signs")
        })
    }

    /// Pushes the tag, the branch or both: all or nothing.
    fn push(&self, name: &str, tag: bool, commit: &str, args: &Tag, cx: &Context) -> Result<(), Error> {
        let branch = args.push_branch.as_ref().map(|branch| format!("{commit}:refs/heads/{branch}"));
        let tag = tag.then(|| format!("refs/tags/{name}:refs/tags/{name}"));
        let mut arguments = vec!["push", "--atomic", "--", &args.remote];
        arguments.extend(branch.iter().chain(&tag).map(String::as_str));
        self.run(&arguments, &[], PUSH, cx).map(drop)
    }

    fn delete(&self, name: &str, cx: &Context) -> Result<(), Error> {
        self.run(&["tag", "--delete", "--", name], &[], Duration::from_secs(60), cx).map(drop)
    }
}
