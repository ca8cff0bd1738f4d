//! `lw init` on repositories of every ecosystem it knows: what it writes is read by the house, passes the field's checkers,
//! and does what it says once the build has left its files.

use std::path::{Path, PathBuf};
use std::process::Command;

use lw_testkit::root;
use saphyr::{LoadableYamlNode, Yaml};

use crate::case::Workspace;
use crate::lint;
use crate::recipes::Project;
use crate::support::{Said, binary, must, say, write_program};

/// What a file of a made repository holds.
#[derive(Clone, Copy)]
enum Content {
    Text(&'static str),
    /// A file of this repository.
    Of(&'static str),
}

use Content::{Of, Text};

type File = (&'static str, Content);

/// A repository as somebody may have it.
struct Made {
    name: &'static str,
    /// What is there when `lw init` looks.
    files: Vec<File>,
    /// What the steps of the workflow leave before the tools look.
    built: Vec<File>,
    /// The tools its workflow calls, in order; the last of a workflow with gates is quality-gate.
    tools: &'static [&'static str],
}

const FIRMWARE: [&str; 4] = [
    "examples/firmware/esp32c3/firmware.elf",
    "examples/firmware/esp32c3/firmware.map",
    "examples/firmware/esp32c3/firmware.bin",
    "examples/firmware/esp32c3/partitions.bin",
];
const PLATFORMIO: &str = "[env:c3]\nplatform = espressif32@6.10.0\nboard = esp32-c3-devkitm-1\nframework = arduino\nlib_deps = bblanchon/ArduinoJson@7.4.2\n\n[env:native]\nplatform = native\n";
const ESP_IDF: &str = "cmake_minimum_required(VERSION 3.16)\ninclude($ENV{IDF_PATH}/tools/cmake/project.cmake)\nproject(led-node)\n";
const CARGO: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
const CARGO_LOCK: &str = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n";
const RUST_TEST: &str = "#[test]\nfn adds() {\n    assert_eq!(1 + 1, 2);\n}\n";
const RUST_RESULTS: &str = "\nrunning 1 test\ntest adds ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n";
const LCOV: &str = "SF:src/lib.rs\nDA:1,1\nDA:2,1\nDA:3,0\nend_of_record\n";
const JUNIT: &str = "<testsuites><testsuite name=\"s\" tests=\"1\"><testcase classname=\"c\" name=\"a\" time=\"0.5\"/></testsuite></testsuites>\n";
const COBERTURA: &str = "<?xml version=\"1.0\" ?>\n<coverage line-rate=\"0.5\" lines-covered=\"1\" lines-valid=\"2\" branches-covered=\"0\" branches-valid=\"0\" version=\"7.6\" timestamp=\"0\"><sources><source>.</source></sources><packages><package name=\".\"><classes><class name=\"app.py\" filename=\"app.py\"><methods/><lines><line number=\"1\" hits=\"1\"/><line number=\"2\" hits=\"0\"/></lines></class></classes></package></packages></coverage>\n";
const GO_RESULTS: &str = "{\"Action\":\"start\",\"Package\":\"example.org/app\"}\n{\"Action\":\"run\",\"Package\":\"example.org/app\",\"Test\":\"TestA\"}\n{\"Action\":\"pass\",\"Package\":\"example.org/app\",\"Test\":\"TestA\",\"Elapsed\":0.1}\n{\"Action\":\"pass\",\"Package\":\"example.org/app\",\"Elapsed\":0.2}\n";
const GO_COVERAGE: &str = "mode: set\nexample.org/app/app.go:3.14,5.2 1 1\n";
const UV: &str = "[project]\nname = \"app\"\nversion = \"0.1.0\"\nrequires-python = \">=3.12\"\ndependencies = [\"six\"]\n";
const UV_LOCK: &str = "version = 1\nrevision = 3\nrequires-python = \">=3.12\"\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"six\" }]\n\n[[package]]\nname = \"six\"\nversion = \"1.17.0\"\nsource = { registry = \"https://pypi.org/simple\" }\n";
const POETRY: &str = "[tool.poetry]\nname = \"app\"\nversion = \"0.1.0\"\n\n[tool.poetry.dependencies]\npython = \"^3.12\"\nsix = \"*\"\n";
const POETRY_LOCK: &str = "[[package]]\nname = \"six\"\nversion = \"1.17.0\"\ndescription = \"Python 2 and 3\"\noptional = false\npython-versions = \">=2.7\"\ngroups = [\"main\"]\nfiles = []\n\n[metadata]\nlock-version = \"2.1\"\npython-versions = \"^3.12\"\ncontent-hash = \"0\"\n";
const GO: &str = "module example.org/app\n\ngo 1.24\n\nrequire golang.org/x/text v0.30.0\n";

fn firmware(
    elf: &'static str,
    map: Option<&'static str>,
    bin: &'static str,
    table: &'static str,
) -> Vec<File> {
    let map = map.map(|map| (map, Of(FIRMWARE[1])));
    [(elf, Of(FIRMWARE[0])), (bin, Of(FIRMWARE[2])), (table, Of(FIRMWARE[3]))]
        .into_iter()
        .chain(map)
        .collect()
}

fn repositories() -> Vec<Made> {
    let platformio = firmware(
        ".pio/build/c3/firmware.elf",
        None,
        ".pio/build/c3/firmware.bin",
        ".pio/build/c3/partitions.bin",
    );
    let idf = firmware(
        "build/led-node.elf",
        Some("build/led-node.map"),
        "build/led-node.bin",
        "build/partition_table/partition-table.bin",
    );
    let with = |mut files: Vec<File>, more: Vec<File>| {
        files.extend(more);
        files
    };
    let made = |name, files, built, tools| Made { name, files, built, tools };
    vec![
        made(
            "platformio",
            with(
                platformio,
                vec![("platformio.ini", Text(PLATFORMIO)), ("test/test_a/a.cpp", Text("int main() {}\n"))],
            ),
            vec![("lw-tests.xml", Text(JUNIT))],
            &["version", "sbom", "size-gate", "test-report", "quality-gate"],
        ),
        made(
            "esp-idf",
            vec![("CMakeLists.txt", Text(ESP_IDF)), ("main/main.c", Text("void app_main(void) {}\n"))],
            idf,
            &["version", "size-gate", "quality-gate"],
        ),
        made(
            "cargo",
            vec![
                ("Cargo.toml", Text(CARGO)),
                ("Cargo.lock", Text(CARGO_LOCK)),
                ("src/lib.rs", Text(RUST_TEST)),
                ("lcov.info", Text(LCOV)),
            ],
            vec![("lw-tests.txt", Text(RUST_RESULTS))],
            &["version", "test-report", "quality-gate"],
        ),
        made(
            "cargo-firmware",
            vec![
                ("Cargo.toml", Of("examples/firmware/esp32c3/Cargo.toml")),
                ("Cargo.lock", Of("examples/firmware/esp32c3/Cargo.lock")),
                (".cargo/config.toml", Text("[build]\ntarget = \"riscv32imc-unknown-none-elf\"\n")),
            ],
            vec![("target/riscv32imc-unknown-none-elf/release/led-node", Of(FIRMWARE[0]))],
            &["version", "sbom", "size-gate", "quality-gate"],
        ),
        made(
            "uv",
            vec![
                ("pyproject.toml", Text(UV)),
                ("uv.lock", Text(UV_LOCK)),
                ("app.py", Text("A = 1\n")),
                ("tests/test_app.py", Text("def test_a(): pass\n")),
            ],
            vec![("lw-tests.xml", Text(JUNIT)), ("coverage.xml", Text(COBERTURA))],
            &["version", "sbom", "test-report", "coverage-gate", "quality-gate"],
        ),
        made(
            "poetry",
            vec![
                ("pyproject.toml", Text(POETRY)),
                ("poetry.lock", Text(POETRY_LOCK)),
                ("app.py", Text("A = 1\n")),
                ("test_app.py", Text("def test_a(): pass\n")),
            ],
            vec![("lw-tests.xml", Text(JUNIT)), ("coverage.xml", Text(COBERTURA))],
            &["version", "sbom", "test-report", "coverage-gate", "quality-gate"],
        ),
        made(
            "go",
            vec![
                ("go.mod", Text(GO)),
                ("app.go", Text("package app\n\nfunc A() int {\n\treturn 1\n}\n")),
                ("app_test.go", Text("package app\n")),
            ],
            vec![("lw-tests.json", Text(GO_RESULTS)), ("coverage.out", Text(GO_COVERAGE))],
            &["version", "sbom", "test-report", "coverage-gate", "quality-gate"],
        ),
        made(
            "balena",
            vec![
                ("balena.yml", Text("name: app\n")),
                ("docker-compose.yml", Text("services: {app: {build: app}}\n")),
                ("app/Dockerfile", Text("FROM scratch\n")),
            ],
            vec![],
            &["version"],
        ),
        made(
            "docker",
            vec![("Dockerfile", Text("FROM scratch\n")), ("api/Dockerfile", Text("FROM scratch\n"))],
            vec![],
            &["version", "image-tags", "image-tags"],
        ),
        made("empty", vec![("README.md", Text("# app\n"))], vec![], &["version"]),
        made(
            "monorepo",
            vec![
                ("firmware/platformio.ini", Text(PLATFORMIO)),
                ("tools/host/Cargo.toml", Text(CARGO)),
                ("tools/host/Cargo.lock", Text(CARGO_LOCK)),
                ("tools/host/src/lib.rs", Text(RUST_TEST)),
                ("tools/host/member/Cargo.toml", Text(CARGO)),
                ("server/pyproject.toml", Text(UV)),
                ("server/uv.lock", Text(UV_LOCK)),
                ("server/Dockerfile", Text("FROM scratch\n")),
                ("server/test_app.py", Text("def test_a(): pass\n")),
                ("odd name; reboot/go.mod", Text(GO)),
            ],
            with(
                firmware(
                    "firmware/.pio/build/c3/firmware.elf",
                    None,
                    "firmware/.pio/build/c3/firmware.bin",
                    "firmware/.pio/build/c3/partitions.bin",
                ),
                vec![
                    ("tools/host/lw-tests.txt", Text(RUST_RESULTS)),
                    ("server/lw-tests.xml", Text(JUNIT)),
                    ("server/coverage.xml", Text(COBERTURA)),
                    ("server/app.py", Text("A = 1\nB = 2\n")),
                ],
            ),
            &[
                "version",
                "sbom",
                "size-gate",
                "test-report",
                "coverage-gate",
                "image-tags",
                "test-report",
                "quality-gate",
            ],
        ),
        made(
            "configured",
            vec![
                ("lw.toml", Text("[size-gate]\nelf = \"a.elf\"\n")),
                (
                    ".github/workflows/lw.yml",
                    Text(
                        "name: mine\non: push\npermissions: {}\njobs:\n  a:\n    name: a\n    runs-on: ubuntu-latest\n    steps:\n      - run: \"true\"\n",
                    ),
                ),
                ("go.mod", Text(GO)),
            ],
            vec![],
            &[],
        ),
    ]
}

/// A made repository on disk.
struct Repository {
    made: Made,
    workspace: Workspace,
}

fn bytes(content: Content) -> Vec<u8> {
    match content {
        Text(text) => text.as_bytes().to_vec(),
        Of(path) => std::fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}")),
    }
}

fn write(folder: &Path, files: &[File]) {
    for (path, content) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes(*content)).unwrap();
    }
}

impl Repository {
    fn of(made: Made) -> Self {
        let workspace = Workspace::of(&[]);
        write(workspace.path(), &made.files);
        workspace.commit();
        Self { made, workspace }
    }

    fn lw(&self, arguments: &[&str], environment: &[(String, String)]) -> Said {
        say(Command::new(binary())
            .args(arguments)
            .current_dir(self.workspace.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .envs(environment.iter().cloned()))
    }

    fn init(&self) -> Said {
        let said = self.lw(&["init"], &[]);
        assert_eq!(said.code, 0, "{}: {}{}", self.made.name, said.stdout, said.stderr);
        said
    }

    fn read(&self, path: &str) -> String {
        let path = self.workspace.path().join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn workflow(&self) -> String {
        self.read(WORKFLOW)
    }

    /// The steps of the workflow that call a tool: its name and inputs.
    fn calls(&self) -> Vec<(String, Vec<(String, String)>)> {
        let text = self.workflow();
        let documents = Yaml::load_from_str(&text).unwrap();
        let jobs = documents[0]["jobs"].as_mapping().unwrap();
        let mut calls = Vec::new();
        for (_, job) in jobs {
            for step in job["steps"].as_sequence().unwrap() {
                let Some(uses) = step.as_mapping_get("uses").and_then(|uses| uses.as_str()) else { continue };
                let Some(tool) = uses.strip_prefix("org/lw-actions/") else { continue };
                let tool = tool.split('@').next().unwrap().to_owned();
                let inputs = step["with"].as_mapping().unwrap().iter();
                let text =
                    |value: &Yaml<'_>| value.as_str().map_or_else(|| format!("{value:?}"), str::to_owned);
                let inputs =
                    inputs.map(|(name, value)| (text(name), evaluated(&text(value), jobs.len()))).collect();
                calls.push((tool, inputs));
            }
        }
        calls
    }
}

/// What the expressions of the workflow give.
fn evaluated(text: &str, jobs: usize) -> String {
    // Of the job that needs all others.
    let needs: Vec<String> = (1..jobs)
        .map(|job| format!("\"job-{job}\": {{\"result\": \"success\", \"outputs\": {{}}}}"))
        .collect();
    let text = text
        .replace("${{ toJSON(needs) }}", &format!("{{{}}}", needs.join(", ")))
        .replace("${{ steps.test.outcome }}", "success")
        .replace("${{ github.repository }}", "octo-org/app");
    assert!(!text.contains("${{"), "{text}");
    text
}

const WORKFLOW: &str = ".github/workflows/lw.yml";

#[test]
fn what_init_writes_is_read_by_the_house_and_does_what_it_says() {
    for made in repositories() {
        let name = made.name;
        let repository = Repository::of(made);
        repository.init();
        let said = repository.lw(&["doctor", "--before-build"], &[]);
        assert_eq!(said.code, 0, "{name}: {}{}", said.stdout, said.stderr);
        if name == "configured" {
            continue;
        }
        write(repository.workspace.path(), &repository.made.built);
        let calls = repository.calls();
        let tools: Vec<&str> = calls.iter().map(|(tool, _)| tool.as_str()).collect();
        assert_eq!(tools, repository.made.tools, "{name}\n{}", repository.workflow());
        for (tool, inputs) in &calls {
            let mut environment = vec![("LW_ACTION".to_owned(), tool.clone())];
            let input = |name: &str| format!("INPUT_{}", name.replace('-', "_").to_uppercase());
            environment.extend(inputs.iter().map(|(name, value)| (input(name), value.clone())));
            let said = repository.lw(&[tool], &environment);
            assert_eq!(said.code, 0, "{name}: {tool} {inputs:?}\n{}{}", said.stdout, said.stderr);
            if tool != "quality-gate" {
                continue;
            }
            // Without what one of the gates has left it is not well, also when every job says that it is.
            let (_, expected) = inputs.iter().find(|(name, _)| name == "expect").unwrap();
            let gate = expected.lines().next().unwrap();
            let reports = repository.workspace.path().join("lw-reports");
            let mut removed = 0;
            for report in std::fs::read_dir(reports).unwrap().map(|entry| entry.unwrap().path()) {
                if report.to_string_lossy().ends_with(&format!("-{gate}.json")) {
                    std::fs::remove_file(report).unwrap();
                    removed += 1;
                }
            }
            let said = repository.lw(&[tool], &environment);
            assert!(removed > 0 && said.code != 0, "{name}: without {gate}\n{}", said.stdout);
        }
    }
}

#[test]
fn nothing_is_overwritten_and_a_dry_run_writes_nothing() {
    for made in repositories() {
        let name = made.name;
        let repository = Repository::of(made);
        let state = || {
            must(
                Command::new("git")
                    .args(["status", "--porcelain", "--ignored"])
                    .current_dir(repository.workspace.path()),
            )
        };
        let said = repository.lw(&["init", "--dry-run"], &[]);
        assert_eq!((said.code, state().as_str()), (0, ""), "{name}: {}", said.stderr);
        assert!(
            said.stdout.contains("--- lw.toml\n") && said.stdout.contains("--- .github/workflows/lw.yml\n"),
            "{name}"
        );
        if name == "configured" {
            let said = repository.init();
            assert_eq!(state(), "", "{name}");
            for file in ["lw.toml", WORKFLOW] {
                assert!(said.stdout.contains(&format!("{file} is there already")), "{}", said.stdout);
            }
            continue;
        }
        let printed = said.stdout;
        repository.init();
        // What was printed is what is written.
        let written = ["lw.toml", WORKFLOW].map(|file| repository.read(file));
        for text in &written {
            assert!(printed.contains(text.as_str()), "{name}");
        }
        let said = repository.init();
        assert!(said.stdout.matches("is there already").count() == 2, "{name}: {}", said.stdout);
        assert_eq!(["lw.toml", WORKFLOW].map(|file| repository.read(file)), written, "{name}");
    }
}

#[test]
fn what_is_built_gives_the_limits() {
    let of = |name: &str| Repository::of(repositories().into_iter().find(|made| made.name == name).unwrap());
    let firmware = of("platformio");
    firmware.init();
    let text = firmware.read("lw.toml");
    let limits: toml::Table = text.parse().unwrap();
    let size = std::fs::metadata(root().join(FIRMWARE[2])).unwrap().len();
    let limit = limits["size-gate"]["max"]["image.bytes"].as_integer().unwrap() as u64;
    assert!(limit >= size + size / 10 && limit < size + size / 10 + 1024, "{text}");
    assert!(limits["size-gate"]["max"]["ram.span"].as_integer().unwrap() > 0, "{text}");
    // One byte more than the limit is found.
    let grown = firmware.workspace.path().join(".pio/build/c3/firmware.bin");
    let image = bytes(Of(FIRMWARE[2]));
    let more = limit as usize + 1 - image.len();
    std::fs::write(&grown, [image, vec![0xFF; more]].concat()).unwrap();
    let said = firmware.lw(&["size-gate"], &[]);
    assert!(said.code != 0 && said.stdout.contains("image.bytes"), "{}{}", said.stdout, said.stderr);

    let covered = of("cargo");
    covered.init();
    let text = covered.read("lw.toml");
    assert!(text.contains("min-line = \"66%\"") && text.contains("Today 66.66 %"), "{text}");
    assert_eq!(covered.lw(&["coverage-gate"], &[]).code, 0);
    std::fs::write(covered.workspace.path().join("lcov.info"), LCOV.replace("DA:2,1", "DA:2,0")).unwrap();
    assert_eq!(covered.lw(&["coverage-gate"], &[]).code, 1);

    let later = of("esp-idf");
    later.init();
    let text = later.read("lw.toml");
    assert!(text.contains("# [size-gate.max]") && text.contains("Nothing is built yet"), "{text}");
}

#[test]
fn a_name_that_could_be_a_command_stands_in_no_workflow() {
    let made = repositories().into_iter().find(|made| made.name == "monorepo").unwrap();
    let repository = Repository::of(made);
    let said = repository.init();
    assert!(
        said.stdout.contains("odd name; reboot") && said.stdout.contains("init/left-out"),
        "{}",
        said.stdout
    );
    let written = [repository.workflow(), repository.read("lw.toml")].concat();
    assert!(!written.contains("reboot"), "{written}");
    // A member of a workspace is a part of it.
    assert_eq!(written.matches("cargo test").count(), 1, "{written}");
}

#[test]
fn the_fields_checkers_find_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let workflows = folder.path().join(".github/workflows");
    std::fs::create_dir_all(&workflows).unwrap();
    let mut files: Vec<PathBuf> = Vec::new();
    // What somebody has already is theirs.
    for made in repositories().into_iter().filter(|made| made.name != "configured") {
        let repository = Repository::of(made);
        repository.init();
        let file = workflows.join(format!("{}.yml", repository.made.name));
        std::fs::write(&file, repository.workflow()).unwrap();
        files.push(file);
    }
    assert!(files.len() >= 10);
    if let Some(said) = lint::zizmor(&[folder.path()]) {
        assert_eq!(said.code, 0, "{}\n{}", said.stdout, said.stderr);
    }
    if let Some(found) = lint::actionlint(&files) {
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

/// What stands in the workflows is what the recipes of the actions' pages and the example pin.
#[test]
fn the_pins_are_those_of_the_recipes() {
    let mut paths: Vec<String> =
        lw::TOOLS.iter().map(|entry| format!("crates/tools/{}/workflow.yml", entry.name)).collect();
    paths.push("examples/lightwaveos/.github/workflows/ci.yml".to_owned());
    let recipes: String =
        paths.iter().map(|path| std::fs::read_to_string(root().join(path)).unwrap()).collect();
    for made in repositories().into_iter().filter(|made| made.name != "configured") {
        let repository = Repository::of(made);
        repository.init();
        for line in repository.workflow().lines().filter(|line| line.contains("uses: ")) {
            let pin = line.trim().trim_start_matches("- ");
            assert!(pin.contains("org/lw-actions/") || recipes.contains(pin), "{pin}");
        }
    }
}

/// A project under act whose workflow `lw init` wrote.
fn under_act(name: &str, programs: &[(&str, String)]) -> Option<(i32, String)> {
    let repository = Repository::of(repositories().into_iter().find(|made| made.name == name).unwrap());
    repository.init();
    let mut files: Vec<(&str, Vec<u8>)> =
        repository.made.files.iter().map(|(path, content)| (*path, bytes(*content))).collect();
    files.push(("lw.toml", repository.read("lw.toml").into_bytes()));
    let project = Project::with(&repository.workflow(), &files);
    for (program, text) in programs {
        write_program(&project.around(&format!("bin/{program}")), text);
    }
    let run = project.main()?;
    Some((run.code, run.text()))
}

/// With the real Cargo, which act's own environment does not know of.
#[test]
fn the_workflow_of_a_package_of_cargo_runs() {
    let cargo = Path::new(env!("CARGO"));
    let folder = cargo.parent().unwrap().display();
    let script =
        format!("#!/bin/sh\nPATH='{folder}':\"$PATH\" exec '{}' \"$@\" --offline\n", cargo.display());
    let Some((code, text)) = under_act("cargo", &[("cargo", script)]) else { return };
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("test adds ... ok") && text.contains("1 passed"), "{text}");
}

/// With programs in the place of PlatformIO, which leave what it would.
#[test]
fn the_workflow_of_firmware_runs() {
    let pio = format!(
        "#!/bin/sh\ncase $1 in\nrun) mkdir -p .pio/build/c3 && cp '{0}/firmware.elf' '{0}/firmware.bin' '{0}/partitions.bin' .pio/build/c3/ ;;\ntest) printf '%s' '{JUNIT}' >lw-tests.xml ;;\nesac\n",
        root().join("examples/firmware/esp32c3").display()
    );
    let programs = [("pipx", "#!/bin/sh\n".to_owned()), ("pio", pio)];
    let Some((code, text)) = under_act("platformio", &programs) else { return };
    assert_eq!(code, 0, "{text}");
    for gate in ["size-gate: ", "test-report: ", "quality-gate: "] {
        assert!(text.contains(gate), "{gate}\n{text}");
    }
}

#[test]
fn the_workflow_of_an_empty_repository_runs() {
    let Some((code, text)) = under_act("empty", &[]) else { return };
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("version 0.1.0-dev.1+g"), "{text}");
}
