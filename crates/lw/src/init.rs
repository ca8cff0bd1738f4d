//! `lw init`: writes the configuration and the workflow that fit a repository.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::Path;

use lw_cli::{Context, Error, InputFolder, InputKind, Output, Tool};
use lw_dependencies::{Entry, EntryKind, Tree, TreeError};
use lw_history::Repository;
use lw_model::{Align, Cell, Finding, Level, Measure, Number, Report, Rule, Table};
use lw_project::{Figures, Part, Project};

use crate::TOOLS;

/// The command.
#[derive(Debug)]
pub(crate) struct Init;

/// Its arguments.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Print what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Where the workflow goes.
const WORKFLOW: &str = ".github/workflows/lw.yml";
const CONFIGURATION: &str = "lw.toml";

/// No manifest or lock file is larger, in bytes.
const LARGEST: u64 = 16 << 20;

const RULES: &[Rule] = &[
    Rule {
        id: "exists",
        level: Level::Note,
        title: "A file is there already, and stays as it is.",
        help: "Nothing is ever overwritten. `dry-run` prints what would be written: take from it what you want.",
    },
    Rule {
        id: "nothing-found",
        level: Level::Note,
        title: "Nothing was found that is built.",
        help: "Known are PlatformIO, ESP-IDF, Cargo, uv and Poetry, Go, Balena and Docker, by the files they have. `lw init` once more, when there is something, says what it would add.",
    },
    Rule {
        id: "left-out",
        level: Level::Warning,
        title: "A part of the repository is not in what was written.",
        help: "Add it by hand, in the way of the others.",
    },
    Rule {
        id: "not-measured",
        level: Level::Warning,
        title: "What is there already could not be measured.",
        help: "Its limits stand as comments, or its step is left out. Build it anew, commit its lock file, and call the tool: it says what is wrong, or today's figures.",
    },
];

impl Tool for Init {
    const NAME: &'static str = "init";
    const SUMMARY: &'static str = "Write lw.toml and a workflow that fit this repository";
    const GUIDE: &'static str = "\
Looks for projects of PlatformIO, ESP-IDF, Cargo, uv, Poetry, Go, Balena and Docker in the repository, several of them too, and writes \
lw.toml and .github/workflows/lw.yml. Where firmware or a report of coverage is built already, today's figures become the limits: \
a size may grow by a tenth, coverage may not fall. The last job of the workflow, quality-gate, fails when any gate failed, was skipped \
or left no report: it is the one to require in the rules of the main branch.

Nothing is asked, and nothing is overwritten: of a file that is there it says so. `--dry-run` prints the files instead.

Examples:
  lw init --dry-run
  lw init";
    const OUTPUTS: &'static [Output] = &[];
    const RULES: &'static [Rule] = RULES;
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        let root = cx.root().to_owned();
        if cx.resolve(Path::new(".")).components().ne(root.components()) {
            let here = root.display();
            return Err(Error::usage(format!("the repository's root is {here}, and workflows lie there"))
                .hint(format!("run it there: `cd {here}`")));
        }
        let mut project = lw_project::survey(&Folder(cx.folder(&root)?))?;
        found(&project, report);
        let figures = measure(&project, cx, report);
        project.has_dependencies = project.has_dependencies && has_components(cx, report);
        let files = [
            (CONFIGURATION, lw_project::configuration(&project, &figures)),
            (WORKFLOW, lw_project::workflow(&project, &main_branch(cx))),
        ];
        let mut written = Vec::new();
        for (name, text) in files {
            let path = root.join(name);
            if path.symlink_metadata().is_ok() {
                let message = format!("{name} is there already, and was left as it is");
                let finding = Finding::new("init/exists", Level::Note, name, message);
                report.add_finding(finding.help(if args.dry_run {
                    "compare it with what is printed"
                } else {
                    "`lw init --dry-run` prints what would have been written"
                }));
            } else if !args.dry_run {
                cx.write(&path, |out| out.write_all(text.as_bytes()))?;
                written.push(name);
            }
            if args.dry_run {
                show(&format!("--- {name}\n{text}\n"), cx);
            }
        }
        cx.judge(report, None);
        cx.figure(match (args.dry_run, written.as_slice()) {
            (true, _) => "nothing written, as asked".to_owned(),
            (false, []) => "nothing written: both files are there".to_owned(),
            (false, names) => format!("{} written", names.join(" and ")),
        });
        Ok(())
    }
}

/// Prints a file before the report, or beside it where standard output is for a program.
fn show(text: &str, cx: &Context) {
    if cx.common().format == "text" {
        // Who has gone has read enough.
        let _ = lw_cli::print(text.as_bytes());
    } else {
        text.lines().for_each(|line| cx.say(line));
    }
}

/// Says which parts there are.
fn found(project: &Project, report: &mut Report) {
    let columns = [("Folder", Align::Left), ("What it is", Align::Left), ("Tests", Align::Left)];
    let mut table = Table::new("parts", "Parts", &columns);
    for part in &project.parts {
        let folder = if part.folder.is_empty() { "." } else { &part.folder };
        let tests = if part.has_tests { "yes" } else { "none found" };
        table.rows.push(vec![
            Cell::Code(folder.to_owned()),
            Cell::Text(part.kind.title().to_owned()),
            Cell::Text(tests.to_owned()),
        ]);
    }
    report.tables.push(table);
    if project.parts.is_empty() {
        let message = "no project of a known build tool is here";
        report.add_finding(Finding::new("init/nothing-found", Level::Note, "parts", message));
    }
    for left in &project.left {
        let message = format!("{}: {}", left.path, left.reason);
        report.add_finding(Finding::new("init/left-out", Level::Warning, &left.path, message));
    }
}

/// What is built already, measured by the tools that will hold it to its limits.
fn measure(project: &Project, cx: &Context, report: &mut Report) -> Figures {
    let mut figures = Figures::default();
    let largest = |name: &str, made: &Report| {
        let of_name = made.measures.iter().filter(|measure| measure.name == name);
        of_name.filter_map(whole_number).max()
    };
    for part in project.firmware() {
        let Some(argv) = size_arguments(part, cx) else { continue };
        match report_of("size-gate", &argv, cx) {
            Some(Ok(made)) => {
                figures.image = figures.image.max(largest("image.bytes", &made));
                figures.ram = figures.ram.max(largest("ram.span", &made));
            }
            Some(Err(error)) => not_measured("size-gate", &error, report),
            None => {}
        }
    }
    let reports: Vec<OsString> = project
        .parts
        .iter()
        .flat_map(|part| &part.coverage)
        .map(|path| format!("--coverage={path}").into())
        .collect();
    if !reports.is_empty() {
        match report_of("coverage-gate", &reports, cx) {
            Some(Ok(made)) => {
                let lines = made.measures.iter().find(|measure| measure.name == "coverage.line.covered");
                figures.lines = lines.and_then(|lines| Some((whole_number(lines)?, unsigned(lines.whole?)?)));
            }
            Some(Err(error)) => not_measured("coverage-gate", &error, report),
            None => {}
        }
    }
    figures
}

/// Whether a bill of materials can be made of what is locked today: one without a component is refused, so that a workflow which
/// asks for it would be red from the first day.
fn has_components(cx: &Context, report: &mut Report) -> bool {
    let argv = ["generate", "--recursive"].map(OsString::from);
    match report_of("sbom", &argv, cx) {
        Some(Ok(made)) => made.measures.iter().any(|measure| measure.name == "sbom.components"),
        Some(Err(error)) => {
            not_measured("sbom", &error, report);
            false
        }
        None => true,
    }
}

fn not_measured(tool: &str, error: &Error, report: &mut Report) {
    let message = format!("{tool}: {}", error.message());
    report.add_finding(Finding::new("init/not-measured", Level::Warning, tool, message));
}

/// The flags that name what is built of a part; `None` where no ELF is.
fn size_arguments(part: &Part, cx: &Context) -> Option<Vec<OsString>> {
    let mut argv = Vec::new();
    for (name, path) in part.size_inputs() {
        let pattern = path;
        let files =
            cx.expand(std::slice::from_ref(&pattern), &mut Report::new("init", "")).unwrap_or_default();
        let is_there = !files.is_empty() && files.iter().all(|file| cx.resolve(file).is_file());
        match (name, is_there) {
            ("elf", false) => return None,
            (_, true) => argv.push(format!("--{name}={pattern}").into()),
            _ => {}
        }
    }
    (!argv.is_empty()).then_some(argv)
}

/// The report of a tool; `None` in a binary that was built without it.
fn report_of(tool: &str, argv: &[OsString], cx: &Context) -> Option<Result<Report, Error>> {
    let entry = TOOLS.iter().find(|entry| entry.name == tool)?;
    Some(cx.report_of(entry, argv))
}

fn whole_number(measure: &Measure) -> Option<u64> {
    unsigned(measure.value)
}

fn unsigned(number: Number) -> Option<u64> {
    match number {
        Number::Integer(value) => u64::try_from(value).ok(),
        Number::Decimal(_) => None,
    }
}

/// The main branch: what the CI says, else the first of the usual names that a branch here has.
fn main_branch(cx: &Context) -> String {
    let is_plain = |name: &String| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-');
        !name.is_empty() && name.len() <= 200 && name.chars().all(plain)
    };
    let of_ci = cx.ci_context().default_branch.clone().filter(is_plain);
    let known = |name: &&str| {
        let repository = Repository::open(cx.root()).ok()?;
        repository.resolve(&format!("refs/heads/{name}")).ok()
    };
    of_ci.unwrap_or_else(|| {
        ["main", "master", "develop"]
            .into_iter()
            .find(|name| known(name).is_some())
            .unwrap_or("main")
            .to_owned()
    })
}

/// The repository, as the survey looks at it.
struct Folder<'f>(InputFolder<'f>);

impl Tree for Folder<'_> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, TreeError> {
        let read = self.0.read(path, LARGEST).map_err(|error| failed(path, &error))?;
        Ok(read.map(Cow::Owned))
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, TreeError> {
        let entries = self.0.list(folder).map_err(|error| failed(folder, &error))?;
        let kind = |kind| match kind {
            InputKind::File => EntryKind::File,
            InputKind::Folder => EntryKind::Folder,
            InputKind::Other => EntryKind::Other,
        };
        Ok(entries.into_iter().map(|entry| Entry { name: entry.name, kind: kind(entry.kind) }).collect())
    }
}

fn failed(path: &str, error: &std::io::Error) -> TreeError {
    TreeError { path: if path.is_empty() { ".".into() } else { path.to_owned() }, reason: error.to_string() }
}
