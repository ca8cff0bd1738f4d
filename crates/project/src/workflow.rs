//! The workflow of GitHub Actions: builds each part, and has the tools look at what came of it.

use std::fmt::Write as _;

use lw_model::lists::sort;

use crate::survey::{Kind, Part, Project, Toolchain};

/// What is not ours is pinned, as in the recipes of the actions' pages; the tests hold it to them.
const CHECKOUT: &str = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1";
const UPLOAD: &str = "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1";
const DOWNLOAD: &str = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1";

/// Where the gates leave their reports: for the job that holds all of them to one policy.
const REPORTS: &str = "lw-reports";

const PLATFORMIO: &str = "platformio==6.2.0";
const UV: &str = "uv==0.13.9";
const POETRY: &str = "poetry==2.5.1";
/// Where no `dependencies.lock` says which.
const ESP_IDF: &str = "5.3.2";

/// The text of `.github/workflows/lw.yml` for a project whose main branch is `branch`.
#[must_use]
pub fn workflow(project: &Project, branch: &str) -> String {
    let mut text = format!(
        "# Written by `lw init`; it is yours now. What is limited stands in lw.toml.\n\
         name: lw\non:\n  push:\n    branches: [\"{branch}\"]\n  pull_request:\n\n\
         permissions:\n  contents: read\n\n\
         concurrency:\n  group: lw-${{{{ github.ref }}}}\n  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}\n\n\
         jobs:\n"
    );
    let mut jobs = vec![of_project(project, &mut text)];
    for part in &project.parts {
        let mut name = part.id();
        // `a/b` and `a-b` give one name.
        while jobs.iter().any(|job| job.name == name) || name == GATE {
            name.push_str("-2");
        }
        let mut steps = Steps { job: name, ..Steps::default() };
        of_part(part, &mut steps);
        if steps.text.is_empty() {
            continue;
        }
        let history = matches!(part.kind, Kind::Docker) || part.has_tests;
        jobs.push(job(part, history, steps, &mut text));
    }
    quality_gate(&jobs, &mut text);
    text
}

/// What the last job has to know of one before it.
struct Job {
    name: String,
    /// The tools that leave a report.
    gates: Vec<&'static str>,
}

/// The name of the job that needs all others.
const GATE: &str = "quality-gate";

/// The last job: says whether all is well, of what the gates have left and of how the jobs ended. A job that was skipped or
/// has left no report is not well.
fn quality_gate(jobs: &[Job], text: &mut String) {
    let mut gates: Vec<&str> = jobs.iter().flat_map(|job| &job.gates).copied().collect();
    sort(&mut gates);
    gates.dedup();
    if gates.is_empty() {
        return;
    }
    let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    let mut steps = Steps::default();
    let inputs = [
        ("command", "check".to_owned()),
        ("reports", format!("{REPORTS}/*.json")),
        // Of each tool one report at the least, also when its job has left none.
        ("expect", list(&gates)),
        ("needs", "${{ toJSON(needs) }}".to_owned()),
    ];
    steps.action(GATE, None, &inputs);
    let _ = write!(
        text,
        "\n  # The one to require in the rules of the main branch.\n  {GATE}:\n    name: quality gate\n    needs: [{}]\n    if: always()\n    \
         runs-on: ubuntu-latest\n    steps:\n{}      - uses: {DOWNLOAD}\n        with:\n          pattern: {REPORTS}-*\n          \
         path: {REPORTS}\n          merge-multiple: true\n{}",
        names.join(", "),
        checkout("\n          fetch-depth: 2 # with what a pull request is based on, whose lw.toml counts"),
        steps.text
    );
}

/// A value of several lines, also where it is one.
fn list(items: &[&str]) -> String {
    let mut text = items.join("\n");
    text.push('\n');
    text
}

/// The steps of a job.
#[derive(Default)]
struct Steps {
    job: String,
    text: String,
    gates: Vec<&'static str>,
}

impl Steps {
    fn comment(&mut self, text: &str) {
        let _ = writeln!(self.text, "      # {text}");
    }

    fn run(&mut self, part: &Part, id: Option<&str>, lines: &[String]) {
        let folder = &part.folder;
        let mut head = String::from("-");
        if let Some(id) = id {
            let _ = write!(head, " id: {id}\n       ");
        }
        let _ = writeln!(self.text, "      {head} shell: bash");
        if !folder.is_empty() {
            // In quotes: `1.10` or `true` may be the name of a folder.
            let _ = writeln!(self.text, "        working-directory: \"{folder}\"");
        }
        // Whether a failing test fails the run is test-report's to say, which shows it as well.
        if id.is_some() {
            self.text.push_str("        continue-on-error: true\n");
        }
        self.text.push_str("        run: |\n");
        for line in lines {
            let _ = writeln!(self.text, "          {line}");
        }
    }

    /// A gate, whose report is kept for the last job.
    fn gate(&mut self, tool: &'static str, condition: Option<&str>, inputs: &[(&str, String)]) {
        let report = ("report", format!("{REPORTS}/{}-{tool}.json", self.job));
        self.action(tool, condition, &[inputs, &[report]].concat());
        self.gates.push(tool);
    }

    /// Keeps what the gates have left, also of one that failed.
    fn keep(&mut self) {
        if !self.gates.is_empty() {
            let _ = writeln!(
                self.text,
                "      - uses: {UPLOAD}\n        if: ${{{{ !cancelled() }}}}\n        with:\n          name: {REPORTS}-{}\n          \
                 path: {REPORTS}\n          if-no-files-found: error",
                self.job
            );
        }
    }

    fn action(&mut self, tool: &str, condition: Option<&str>, inputs: &[(&str, String)]) {
        let _ = writeln!(self.text, "      - uses: org/lw-actions/{tool}@v1");
        if let Some(condition) = condition {
            let _ = writeln!(self.text, "        if: {condition}");
        }
        self.text.push_str("        with:\n");
        for (name, value) in inputs {
            let _ = if value.contains('\n') {
                let lines: Vec<String> = value.lines().map(|line| format!("            {line}")).collect();
                writeln!(self.text, "          {name}: |\n{}", lines.join("\n"))
            } else if value.contains('*') {
                writeln!(self.text, "          {name}: \"{value}\"")
            } else {
                writeln!(self.text, "          {name}: {value}")
            };
        }
    }
}

const HISTORY: &str = "\n          fetch-depth: 0";

/// The checkout, with more of its inputs.
fn checkout(depth: &str) -> String {
    format!("      - uses: {CHECKOUT}\n        with:\n          persist-credentials: false{depth}\n")
}

fn job(part: &Part, history: bool, mut steps: Steps, text: &mut String) -> Job {
    steps.keep();
    let place = if part.folder.is_empty() { String::new() } else { format!(" in {}", part.folder) };
    let _ = write!(
        text,
        "\n  {}:\n    name: {}{place}\n    runs-on: ubuntu-latest\n    steps:\n{}{}",
        steps.job,
        part.kind.title(),
        checkout(if history { HISTORY } else { "" }),
        steps.text
    );
    Job { name: steps.job, gates: steps.gates }
}

/// What is the same for every repository: which version it is, and what it is made of.
fn of_project(project: &Project, text: &mut String) -> Job {
    let mut steps = Steps { job: "project".to_owned(), ..Steps::default() };
    let initial = ("initial-version", "0.1.0".to_owned());
    steps.action("version", None, &[("command", "show".into()), initial]);
    if project.has_dependencies {
        let output = "lw-sbom.cdx.json";
        steps.gate("sbom", None, &[("command", "generate".into()), ("output", output.into())]);
        let _ = writeln!(
            steps.text,
            "      - uses: {UPLOAD}\n        with:\n          name: sbom\n          path: {output}"
        );
    }
    steps.keep();
    let _ = write!(
        text,
        "  {}:\n    name: version and components\n    runs-on: ubuntu-latest\n    steps:\n{}{}",
        steps.job,
        checkout(HISTORY),
        steps.text
    );
    Job { name: steps.job, gates: steps.gates }
}

fn of_part(part: &Part, steps: &mut Steps) {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let folder = if part.folder.is_empty() { "." } else { part.folder.as_str() };
    match &part.kind {
        Kind::PlatformIo { native, .. } => {
            steps.run(part, None, &[format!("pipx install {PLATFORMIO}"), "pio run".into()]);
            size(part, steps);
            if let Some(native) = native.as_ref().filter(|_| part.has_tests) {
                let test = format!("pio test --environment {native} --junit-output-path lw-tests.xml");
                steps.run(part, Some("test"), &[test]);
                tests(part, "lw-tests.xml", steps);
            }
        }
        Kind::EspIdf { version, .. } => {
            let version = version.as_deref().unwrap_or(ESP_IDF);
            let build = format!(
                "docker run --rm --user \"$(id -u):$(id -g)\" --env HOME=/tmp --volume \"$PWD:/project\" --workdir /project espressif/idf:v{version} idf.py build"
            );
            steps.run(part, None, &[build]);
            size(part, steps);
        }
        Kind::Cargo { embedded: Some((target, _)) } => {
            // With the toolchain that rust-toolchain.toml names; of a chip without one in rustup (Xtensa) that is espup's.
            let add = format!("rustup target add {target}");
            steps.run(part, None, &[add, "cargo build --release --locked".into()]);
            size(part, steps);
        }
        Kind::Cargo { embedded: None } if part.has_tests => {
            let test = "cargo test --workspace --no-fail-fast 2>&1 | tee lw-tests.txt";
            steps.run(part, Some("test"), &lines(&[test]));
            tests(part, "lw-tests.txt", steps);
            steps.comment("Coverage: `cargo llvm-cov --lcov --output-path lcov.info`, then org/lw-actions/coverage-gate.");
        }
        Kind::Cargo { embedded: None } => steps.run(part, None, &lines(&["cargo build --workspace"])),
        Kind::Python { toolchain } if part.has_tests => {
            let pytest = "pytest --junitxml lw-tests.xml --cov --cov-report xml:coverage.xml";
            let (install, test) = match toolchain {
                Toolchain::Uv => (
                    vec![format!("pipx install {UV}")],
                    format!("uv run --with pytest --with pytest-cov {pytest}"),
                ),
                Toolchain::Poetry => (
                    vec![
                        format!("pipx install {POETRY}"),
                        "poetry install".into(),
                        "poetry run python -m pip install pytest pytest-cov".into(),
                    ],
                    format!("poetry run {pytest}"),
                ),
            };
            steps.run(part, None, &install);
            steps.run(part, Some("test"), &[test]);
            tests(part, "lw-tests.xml", steps);
            coverage(part, "coverage.xml", steps);
        }
        Kind::Python { toolchain } => {
            let (tool, install) = match toolchain {
                Toolchain::Uv => (UV, "uv sync"),
                Toolchain::Poetry => (POETRY, "poetry install"),
            };
            steps.run(part, None, &[format!("pipx install {tool}"), install.into()]);
        }
        Kind::Go if part.has_tests => {
            let test = "go test -json -coverprofile=coverage.out ./... > lw-tests.json";
            steps.run(part, Some("test"), &lines(&[test]));
            tests(part, "lw-tests.json", steps);
            coverage(part, "coverage.out", steps);
        }
        Kind::Go => steps.run(part, None, &lines(&["go build ./..."])),
        Kind::Docker => {
            let tags = "type=sha\ntype=ref,event=pr\ntype=edge\ntype=semver,pattern={{version}}\ntype=semver,pattern={{major}}.{{minor}}";
            let images = "ghcr.io/${{ github.repository }}".to_owned();
            steps.action("image-tags", None, &[("images", images), ("tags", tags.into())]);
            let build = format!("docker build --file {folder}/Dockerfile {folder}");
            let root = Part { folder: String::new(), ..part.clone() };
            steps.run(&root, None, &[build]);
        }
        // Its images are built by Balena's builder, which needs a token: nothing a pull request is given.
        Kind::Balena => {}
    }
}

fn size(part: &Part, steps: &mut Steps) {
    let mut inputs = part.size_inputs();
    inputs.push(("write", format!("html={}", part.path("lw-size.html"))));
    steps.gate("size-gate", None, &inputs);
}

fn tests(part: &Part, results: &str, steps: &mut Steps) {
    let inputs = [
        ("command", "check".to_owned()),
        ("results", part.path(results)),
        ("exit-code", "${{ steps.test.outcome }}".to_owned()),
    ];
    steps.gate("test-report", None, &inputs);
}

fn coverage(part: &Part, report: &str, steps: &mut Steps) {
    // Tests that fail are told with what they ran all the same.
    let inputs = [("coverage", part.path(report))];
    steps.gate("coverage-gate", Some("${{ !cancelled() }}"), &inputs);
}
