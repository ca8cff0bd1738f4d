//! The end of a run: the report becomes files, outputs, annotations, a summary, text and an exit code.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread::{self, ThreadId};

use lw_ci::{Annotation, CiContext, Effect, Provider};
use lw_model::lists::sort_by_key;
use lw_model::{
    COMMON_RULES, Class, Fact, Finding, Level, Measure, Outcome, Provenance, Reason, Report, Verdict,
};
use lw_render::{Format, Options};

use crate::args::Common;
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;
use crate::files::{Files, unwritable};
use crate::handover;
use crate::host::{self, Host, PrintOutcome};
use crate::memory;
use crate::tool::Entry;

/// What the user wants to see of the report.
pub(crate) struct RequestedFormats {
    stdout: Shape,
    files: Vec<(Shape, PathBuf)>,
}

/// A format of every report, or one of the tool's own.
enum Shape {
    Common(Format),
    Own(&'static str),
}

impl Shape {
    fn parse(entry: &Entry, name: &str) -> Result<Self, Error> {
        if let Some(own) = entry.formats.iter().find(|own| own.name == name) {
            return Ok(Self::Own(own.name));
        }
        name.parse().map(Self::Common).map_err(|_| {
            let all = Format::ALL.iter().map(Format::to_string);
            let all: Vec<String> = all.chain(entry.formats.iter().map(|own| own.name.to_owned())).collect();
            let error = Error::usage(format!("unknown format `{name}`"));
            match crate::config::nearest(name, all.iter().map(String::as_str)) {
                Some(near) => error.hint(crate::config::did_you_mean(near)),
                None => error.hint(format!("the formats are {}", all.join(", "))),
            }
        })
    }
}

impl RequestedFormats {
    pub(crate) fn of(entry: &Entry, common: &Common) -> Result<Self, Error> {
        let mut files = Vec::new();
        for spec in &common.write {
            let (format, path) = spec.split_once('=').ok_or_else(|| {
                Error::usage(format!("--write {spec}: no `=`"))
                    .hint("write it as FORMAT=FILE, such as html=size.html")
            })?;
            files.push((Shape::parse(entry, format.trim())?, PathBuf::from(path.trim())));
        }
        Ok(Self { stdout: Shape::parse(entry, &common.format)?, files })
    }

    /// Notes the files that will be written, so that none of them is read as an input.
    pub(crate) fn plan(&self, common: &Common, files: &Files) {
        let summary =
            Some(Path::new(&common.summary)).filter(|_| !matches!(&*common.summary, "auto" | "off"));
        let written = self.files.iter().map(|(_, path)| path.as_path());
        for path in written.chain(common.report.as_deref()).chain(summary) {
            files.plan_output(path);
        }
    }

    /// The names of the formats, for [`Context::wants`].
    pub(crate) fn names(&self) -> Vec<String> {
        let shapes = std::iter::once(&self.stdout).chain(self.files.iter().map(|(shape, _)| shape));
        shapes
            .map(|shape| match shape {
                Shape::Common(format) => format.to_string(),
                Shape::Own(name) => (*name).to_owned(),
            })
            .collect()
    }
}

/// Publishes a report and says how the run ended; `failure` is what ended the tool before its time.
pub(crate) fn reported(
    entry: &Entry,
    cx: &Context,
    wanted: &RequestedFormats,
    mut report: Report,
    failure: Option<&Error>,
) -> Result<Exit, Error> {
    if let Some(error) = failure {
        cx.record_error(&mut report, error);
        for limit in report.measures.iter_mut().flat_map(|measure| &mut measure.limits) {
            if limit.outcome == Outcome::NotJudged && limit.reason.is_none() {
                limit.reason = Some(Reason::RunFailed);
            }
        }
    }
    if failure.is_none() {
        unjudged(cx, &report)?;
    }
    undeclared(entry, cx, &report)?;
    complete(entry, cx, &mut report);
    let keep = keep(cx, &mut report);
    let common = cx.common();
    let host = cx.host();
    let link = cx.ci_context().blob_base.as_ref().and_then(|base| base.parse().ok());
    let plain = Options {
        colour: false,
        width: 100,
        unicode: true,
        link,
        rules: entry.rules,
        files: cx.subject_files(),
    };

    for (shape, path) in &wanted.files {
        cx.write(path, |out| match shape {
            Shape::Common(format) => write(&report, *format, &plain, out),
            Shape::Own(name) => out.write_all(cx.own_format(name).unwrap_or_default().as_bytes()),
        })?;
    }
    report.artifacts = cx.artifacts();
    if let Some(path) = &common.report {
        cx.write(path, |out| write(&report, Format::Json, &plain, out))?;
    }
    if let Some((path, name)) = keep {
        cx.write(&path, |out| write(&report, Format::Json, &plain, out))?;
        let _ = cx.kept.set(name);
    }
    if let Some(path) = handover::place(host).filter(|_| entry.compares) {
        cx.write(&path, |out| write(&report, Format::Json, &plain, out))?;
    }

    let mut effects = Vec::new();
    if common.summary != "off" {
        let mut markdown = Vec::new();
        write(&report, Format::Markdown, &plain, &mut markdown)
            .map_err(|error| unwritable(Path::new("summary"), &error))?;
        let mut markdown = String::from_utf8_lossy(&markdown).into_owned();
        cx.diagrams().iter().for_each(|(title, text)| diagram(title, text, &mut markdown));
        if common.summary == "auto" {
            effects.extend(cx.ci().summary(&markdown));
        } else {
            cx.write(Path::new(&common.summary), |out| out.write_all(markdown.as_bytes()))?;
        }
    }
    let annotations: Vec<_> =
        report.findings.iter().map(|finding| annotation(entry, &report, finding)).collect();
    effects.extend(cx.ci().annotations(&annotations));
    let said = CommonValues {
        verdict: report.verdict.as_str(),
        summary: &report.summary,
        report: &common.report.as_ref().map(|path| cx.display_path(path)).unwrap_or_default(),
        breached: &report.breached().join("\n"),
    };
    effects.extend(cx.ci().outputs(&outputs(entry, &said, |name| cx.output_value(name).to_owned())));
    // Of a job that could not be done nothing goes on into the steps that come.
    if failure.is_none() && cx.first_error().is_none() {
        effects.extend(cx.ci().variables(cx.variables()));
    }
    disarm();
    perform(effects, host);

    let text = match &wanted.stdout {
        // The error has been said; a page that says nothing more is not worth reading.
        Shape::Common(Format::Text) if failure.is_some() && is_only_an_error(&report) => Vec::new(),
        Shape::Own(name) => cx.own_format(name).unwrap_or_default().as_bytes().to_vec(),
        Shape::Common(Format::Text) => {
            let options = Options { colour: host.colour, width: host.width, ..plain };
            folded(cx, &report, &options)?
        }
        Shape::Common(format) => {
            let options = Options { colour: host.colour, width: host.width, ..plain };
            let mut text = Vec::new();
            write(&report, *format, &options, &mut text)
                .map_err(|error| unwritable(Path::new("standard output"), &error))?;
            text
        }
    };
    // That nobody reads any more is the reader's decision, and changes no outcome.
    let text = match wanted.stdout {
        // It holds the commands of folds, and is harmless already.
        Shape::Common(Format::Text) => text,
        _ => harmless(&wanted.stdout, text, host.colour),
    };
    match host::stdout(&text) {
        Ok(PrintOutcome::Done | PrintOutcome::ReaderGone) => {}
        Err(error) => return Err(unwritable(Path::new("standard output"), &error)),
    }
    let verdict = report.verdict;
    // The process ends: giving back a hundred thousand parts of a tree one by one would be work for nobody.
    std::mem::forget(report);
    Ok(match (verdict, cx.first_error(), cx.own_exit()) {
        (Verdict::Error, class, Some(code)) if class != Some(Class::Internal) => Exit::Own(code),
        (Verdict::Error, class, _) => class.unwrap_or(Class::Input).into(),
        (verdict, _, _) if common.fail_on.fails(verdict) => Exit::Gate,
        (_, _, Some(code)) => Exit::Own(code),
        _ => Exit::Pass,
    })
}

/// The text of a report, in which the CI folds each of several subjects that needs no look: in the log of a matrix of forty
/// boards the one that failed is to be seen. It comes before them, since in some CIs a fold ends only with the next.
fn folded(cx: &Context, report: &Report, options: &Options) -> Result<Vec<u8>, Error> {
    let parts = lw_render::text_parts(report, options)?;
    let is_matrix = parts.iter().filter(|part| part.subject.is_some()).count() > 1;
    let (mut open, mut folds) = (Vec::new(), Vec::new());
    for (number, part) in parts.into_iter().enumerate() {
        let text = harmless(&Shape::Common(Format::Text), part.text, options.colour);
        let id = format!("{}-{number}", cx.entry.name);
        let start = match &part.subject {
            Some(subject) if is_matrix && part.verdict == Verdict::Pass => {
                commands(cx.ci().group_start(&id, &format!("{subject}: {}", part.verdict), cx.now()))
            }
            _ => Vec::new(),
        };
        if start.is_empty() {
            open.extend(text);
            continue;
        }
        // The fold has a heading of its own.
        let body = text.splitn(3, |byte| *byte == b'\n').nth(2).unwrap_or_default();
        folds.extend([&start, body, &commands(cx.ci().group_end(&id, cx.now()))].concat());
    }
    open.extend(folds);
    Ok(open)
}

/// What a CI reads of effects on standard output.
fn commands(effects: Vec<Effect>) -> Vec<u8> {
    let text = effects.into_iter().filter_map(|effect| match effect {
        Effect::Stdout(commands) => Some(commands.into_bytes()),
        _ => None,
    });
    text.flatten().collect()
}

/// What every report has, whatever the tool.
fn complete(entry: &Entry, cx: &Context, report: &mut Report) {
    let common = cx.common();
    let ci = cx.ci_context();
    report.title =
        common.title.as_deref().map(str::trim).filter(|title| !title.is_empty()).map(str::to_owned);
    if let Some(title) = report.title.clone() {
        for finding in &mut report.findings {
            finding.scope(&title);
        }
    }
    report.tool.revision = entry.revision;
    sort_by_key(&mut report.findings, Finding::order);
    report.summary = cx.headline(report);
    let is_missing = |finding: &Finding| finding.rule.ends_with("/missing-input");
    let is_complete = report.verdict != Verdict::Error && !report.findings.iter().any(is_missing);
    report.provenance = Some(provenance(ci, cx.root(), cx.now(), is_complete));
}

/// Of which commit and run a report is.
pub(crate) fn provenance(ci: &CiContext, root: &Path, now: u64, is_complete: bool) -> Provenance {
    let (commit, branch) = match &ci.commit {
        Some(commit) => (Some(commit.clone()), ci.branch.clone()),
        None => {
            let found = lw_history::Repository::checked_out(root).unwrap_or_default();
            (found.commit, found.branch)
        }
    };
    Provenance {
        head_commit: ci.head_commit.clone().filter(|head| Some(head) != commit.as_ref()),
        commit,
        branch,
        tag: ci.tag.clone(),
        pull_request: ci.pull_request,
        run_url: ci.run_url.clone(),
        attempt: ci.run_attempt,
        job: ci.job.clone(),
        time: Some(now),
        complete: Some(is_complete),
    }
}

/// Where the report is kept for later runs, and by which name; the report says whether it is, and why not.
fn keep(cx: &Context, report: &mut Report) -> Option<(PathBuf, String)> {
    let keeps = cx.keeps().clone()?.and_then(|place| match report.is_baseline() {
        true => Ok(place),
        false => Err("the run is not complete, and a part says nothing of the whole".into()),
    });
    let value = match &keeps {
        Ok(_) => "yes: changes that start from this commit are compared with it".to_owned(),
        Err(why) => format!("no: {why}"),
    };
    report.facts.push(Fact { name: "kept as a baseline".into(), subject: None, value });
    keeps.ok()
}

/// Tells the steps around a gate what to upload.
pub(crate) fn hand_over(ci: &dyn Provider, host: &Host, outputs: &[lw_ci::Output]) {
    perform(ci.outputs(outputs), host);
}

/// Tells the steps around a gate what to ask the cache for.
pub(crate) fn planned(ci: &dyn Provider, host: &Host, outputs: &[lw_ci::Output], told: &str) -> Exit {
    disarm();
    perform(ci.outputs(outputs), host);
    host::print(lw_ci::neutralise(&format!("baseline: {told}\n")).as_bytes())
}

fn is_only_an_error(report: &Report) -> bool {
    let said =
        report.findings.len() + report.measures.len() + report.tables.len() + report.unmatched_limits.len();
    said <= 1
}

/// A limit that the tool attached and did not have judged, or whose outcome the verdict does not show, would pass without
/// a word: a defect, which no build lets through.
fn unjudged(cx: &Context, report: &Report) -> Result<(), Error> {
    let require_baseline = cx.common().require_baseline;
    for (name, subject, limit) in report.limits() {
        let of_subject = subject.map(|subject| format!(" of {subject}")).unwrap_or_default();
        let what = format!("the {} of {name}{of_subject} ({})", limit.bound, limit.origin);
        let fails = match (limit.outcome, limit.reason) {
            (Outcome::NotJudged, None) => {
                return Err(defect(format!("{what} was attached to the report and never judged")));
            }
            (Outcome::NotJudged, Some(reason)) => reason.fails(require_baseline),
            (Outcome::Breached, _) => true,
            (Outcome::Met | Outcome::Overridden, _) => false,
        };
        if fails && report.verdict < limit.on_breach {
            let outcome = if limit.outcome == Outcome::Breached { "is breached" } else { "was not judged" };
            return Err(defect(format!("{what} {outcome}, and the verdict is {}", report.verdict)));
        }
    }
    Ok(())
}

/// What only the tool's authors can mend.
fn defect(message: String) -> Error {
    Error::internal(message).hint(concat!(
        "this is a defect of the tool, whatever its inputs: please report it at ",
        env!("CARGO_PKG_REPOSITORY"),
        "/issues"
    ))
}

/// A rule, a measure, an output or an exit code that the tool did not declare is missing in its docs: a defect, which tests have to
/// meet and users must not.
fn undeclared(entry: &Entry, cx: &Context, report: &Report) -> Result<(), Error> {
    if !cfg!(debug_assertions) {
        return Ok(());
    }
    let known = |id: &str| entry.rules.iter().chain(COMMON_RULES).any(|rule| rule.id == id);
    for finding in &report.findings {
        let id = finding.rule.strip_prefix(entry.name).and_then(|rest| rest.strip_prefix('/'));
        if !id.is_some_and(known) {
            return Err(Error::internal(format!("the rule `{}` is not declared in RULES", finding.rule)));
        }
    }
    // A tool that is not of the suite, such as those of this crate's tests, may declare none.
    let is_kind = |measure: &&Measure| entry.measures.iter().any(|kind| kind.fits(measure));
    let measures = report.measures.iter().filter(|_| !entry.measures.is_empty());
    if let Some(measure) = measures.into_iter().find(|measure| !is_kind(measure)) {
        let (name, unit) = (&measure.name, measure.unit.as_str());
        return Err(Error::internal(format!("the measure `{name}` in {unit} is not declared in MEASURES")));
    }
    if let Some(name) = cx.set_outputs().find(|name| !entry.all_outputs().any(|output| output.name == *name))
    {
        return Err(Error::internal(format!("the output `{name}` is not declared in OUTPUTS")));
    }
    match cx.own_exit().filter(|code| !entry.exit_codes.iter().any(|(known, _)| known == code)) {
        Some(code) => Err(Error::internal(format!("the exit code {code} is not declared in EXIT_CODES"))),
        None => Ok(()),
    }
}

pub(crate) fn write(
    report: &Report,
    format: Format,
    options: &Options,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    lw_render::render(report, format, options, out).map_err(std::io::Error::other)
}

/// Standard output of a CI job is a channel of commands. Text for people is neutralised; in formats for
/// programs the same characters are written as escapes, which their readers undo.
fn harmless(shape: &Shape, text: Vec<u8>, colour: bool) -> Vec<u8> {
    // A report may have some megabytes, and hardly one has these characters.
    let text = String::from_utf8(text)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    let is_for_programs =
        matches!(shape, Shape::Common(Format::Json | Format::Sarif | Format::Html | Format::Junit));
    if is_for_programs && !text.contains("##") {
        return text.into_bytes();
    }
    match shape {
        Shape::Common(Format::Json | Format::Sarif) => text.replace("##", "#\\u0023"),
        Shape::Common(Format::Html | Format::Junit) => text.replace("##", "#&#35;"),
        Shape::Common(Format::Text | Format::Markdown) if colour => coloured(&text),
        Shape::Common(Format::Text | Format::Markdown | Format::OpenMetrics) | Shape::Own(_) => {
            lw_ci::neutralise(&text).into_owned()
        }
    }
    .into_bytes()
}

/// Coloured text is not for a person's terminal only: `FORCE_COLOR` is common in workflows, and act gives its steps a
/// terminal. The renderer has made foreign control characters visible, so the escapes that are left are its own.
fn coloured(text: &str) -> String {
    const ESCAPE: &str = "\u{e01b}";
    let text = text.replace(ESCAPE, "\u{fffd}").replace('\u{1b}', ESCAPE);
    lw_ci::neutralise(&text).replace(ESCAPE, "\u{1b}")
}

fn annotation(entry: &Entry, report: &Report, finding: &Finding) -> Annotation {
    let message = match &finding.help {
        Some(help) => format!("{}\n{help}", finding.message),
        None => finding.message.clone(),
    };
    let about: Vec<&str> = report.title.iter().chain(&finding.subject).map(String::as_str).collect();
    let title = if about.is_empty() {
        entry.name.to_owned()
    } else {
        format!("{} ({})", entry.name, about.join(", "))
    };
    Annotation {
        level: finding.level,
        title,
        message,
        location: finding.location.clone(),
        rule: finding.rule.clone(),
        fingerprint: finding.fingerprint.clone(),
    }
}

/// The outputs every tool has.
struct CommonValues<'a> {
    verdict: &'a str,
    summary: &'a str,
    report: &'a str,
    breached: &'a str,
}

fn outputs(entry: &Entry, said: &CommonValues<'_>, own: impl Fn(&str) -> String) -> Vec<lw_ci::Output> {
    let value = |name: &str| match name {
        "verdict" => said.verdict.to_owned(),
        "summary" => said.summary.to_owned(),
        "report" => said.report.to_owned(),
        "breached" => said.breached.to_owned(),
        _ => own(name),
    };
    entry
        .all_outputs()
        .map(|output| lw_ci::Output { name: output.name.to_owned(), value: value(output.name) })
        .collect()
}

/// Tells of an error before or instead of a report: to the person, and to later steps, whose outputs are all written even
/// now. `own` are the values the tool had set.
pub(crate) fn failed(
    entry: &Entry,
    ci: &dyn Provider,
    host: &Host,
    error: &Error,
    own: impl Fn(&str) -> String,
) -> Exit {
    disarm();
    let _ = host::print_error(error);
    let message =
        error.advice().map_or_else(|| error.message(), |hint| format!("{}\n{hint}", error.message()));
    let mut effects = ci.annotations(&[Annotation {
        level: Level::Error,
        title: entry.name.to_owned(),
        message,
        location: None,
        rule: format!("{}/error", entry.name),
        fingerprint: format!("{}/error", entry.name),
    }]);
    let said = CommonValues { verdict: "error", summary: &error.message(), report: "", breached: "" };
    effects.extend(ci.outputs(&outputs(entry, &said, own)));
    perform(effects, host);
    error.class().into()
}

/// Does what the provider asks for. What cannot be done is said and no more: a runner that hides its files from a
/// container must not turn a passed gate into a failed one.
pub(crate) fn perform(effects: Vec<Effect>, host: &Host) {
    let files = Files::new(host);
    for effect in effects {
        let done = match &effect {
            Effect::Stdout(commands) => host::stdout(commands.as_bytes()).map(|_| ()),
            Effect::Append { path, bytes } => {
                files.append(path, bytes).map_err(|error| std::io::Error::other(error.message()))
            }
            Effect::AppendOwn { path, bytes, prefixes } => files.append_own(path, bytes, prefixes),
            Effect::Write { path, bytes } => files.replace_own(path, bytes),
            Effect::Run { program, args, stdin } => call(program, args, stdin),
            Effect::Warn(text) => {
                warn(text);
                Ok(())
            }
        };
        if let Err(error) = done {
            let what = match &effect {
                Effect::Append { path, .. } | Effect::AppendOwn { path, .. } | Effect::Write { path, .. } => {
                    path.display().to_string()
                }
                Effect::Run { program, .. } => program.clone(),
                Effect::Stdout(_) | Effect::Warn(_) => "standard output".to_owned(),
            };
            warn(&format!("{what}: {error}; later steps will not see what belongs there"));
        }
    }
}

fn warn(text: &str) {
    host::stderr(&lw_ci::neutralise(&format!("warning: {text}\n")));
}

/// Runs a helper of the CI (`buildkite-agent`); it not being there is a warning, not a failed gate.
#[allow(clippy::disallowed_methods, reason = "a program of the CI's, not of the user's")]
fn call(program: &str, args: &[String], stdin: &[u8]) -> std::io::Result<()> {
    let mut command = std::process::Command::new(program);
    crate::secret::withhold(&mut command);
    let mut child = command.args(args).stdin(std::process::Stdio::piped()).spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(stdin)?;
    }
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(std::io::Error::other(status.to_string())) }
}

/// What is to be written should a tool panic, by the thread it was started on.
static ARMED: Mutex<Vec<OnPanic>> = Mutex::new(Vec::new());

struct OnPanic {
    thread: ThreadId,
    effects: Vec<Effect>,
    host: Host,
}

/// Makes a panic end in exit code 5, a sentence and all outputs, whether panics unwind or abort, and a want of memory in
/// exit code 4.
pub(crate) fn guard(entry: &Entry, ci: &dyn Provider, host: &Host) {
    memory::end_aborts_with_an_exit_code();
    let name = entry.name;
    let effects = ci.outputs(&outputs(
        entry,
        &CommonValues { verdict: "error", summary: "internal error", report: "", breached: "" },
        |_| String::new(),
    ));
    disarm();
    if let Ok(mut armed) = ARMED.lock() {
        armed.push(OnPanic { thread: thread::current().id(), effects, host: host.clone() });
    }
    std::panic::set_hook(Box::new(move |panic| {
        let is_exhausted = memory::is_exhausted();
        let text = if is_exhausted {
            format!(
                "error: {name} needs more memory than the system gives: {panic}\n  hint: give the job more memory, or fewer and smaller files\n"
            )
        } else {
            format!(
                "error: {name} has a defect: {panic}\n  hint: please report it with the input that shows it, at {}/issues\n",
                env!("CARGO_PKG_REPOSITORY")
            )
        };
        host::stderr(&lw_ci::neutralise(&text));
        if let Some(armed) = take_armed() {
            perform(armed.effects, &armed.host);
        }
        // Where panics unwind, `invoke` returns the code of a defect; where they abort, nothing would.
        if cfg!(panic = "abort") || is_exhausted {
            let exit = if is_exhausted { Exit::Remote } else { Exit::Internal };
            #[allow(clippy::disallowed_methods)]
            std::process::exit(i32::from(exit.code()));
        }
    }));
}

fn disarm() {
    if let Ok(mut armed) = ARMED.lock() {
        armed.retain(|armed| armed.thread != thread::current().id());
    }
}

/// What the run of this thread has armed. A worker of a tool has none of its own: then it is the only run's.
fn take_armed() -> Option<OnPanic> {
    let mut armed = ARMED.lock().ok()?;
    let own = armed.iter().position(|armed| armed.thread == thread::current().id());
    let index = own.or((armed.len() == 1).then_some(0))?;
    Some(armed.swap_remove(index))
}

/// Lines of a diagram that stands open; a larger one is folded.
const SMALL_DIAGRAM: usize = 60;

/// Appends a diagram to a summary. A fence inside it would end it, and so it has none.
fn diagram(title: &str, text: &str, markdown: &mut String) {
    let text = text.replace('`', "'");
    let block = format!("```mermaid\n{}\n```\n", text.trim_end());
    if text.lines().count() > SMALL_DIAGRAM {
        markdown.push_str(&format!("\n<details><summary>{title}</summary>\n\n{block}\n</details>\n"));
    } else {
        markdown.push_str(&format!("\n#### {title}\n\n{block}"));
    }
}
