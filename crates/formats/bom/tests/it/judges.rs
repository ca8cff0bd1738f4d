//! What other checkers say of what is written here, and which of the faults they miss.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lw_bom::{Format, write};
use snapbox::Data;

use crate::broken;
use crate::documents::{complete, everything};

/// A folder that is gone afterwards.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A program that `.ci/e2e-setup` installs.
fn program(name: &str) -> Option<PathBuf> {
    lw_testkit::program(name)
}

fn run(program: &Path, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Strict validation by the schema of the version the file says it has. Prints a word for each file.
const STRICT: &str = "
import json, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
def verdict(path):
    try:
        text = open(path, encoding='utf-8').read()
        version = SchemaVersion.from_version(json.loads(text)['specVersion'])
    except (ValueError, KeyError, TypeError):
        return 'found'
    return 'missed' if JsonStrictValidator(version).validate_str(text) is None else 'found'
";

/// Whether the model of SPDX 3.0.1 can be read, and every reference followed. What the model does not take it says with
/// `ValueError` and its kin, or `TypeError`.
const MODEL: &str = "
import sys
from spdx_python_model import v3_0_1 as model
def verdict(path):
    objects = model.SHACLObjectSet()
    try:
        with open(path, 'rb') as file:
            model.JSONLDDeserializer().read(file, objects)
    except (ValueError, TypeError):
        return 'found'
    missing = objects.link()
    documents = list(objects.foreach_type(model.SpdxDocument))
    return 'missed' if not missing and len(documents) == 1 else 'found'
";

/// The command of spdx-tools, as it is called. It tells formats apart by the end of the name.
const SPDX_TOOLS: &str = "
import shutil, sys, tempfile
from click.testing import CliRunner
from spdx_tools.spdx.clitools.pyspdxtools import main
def verdict(path):
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(path, folder + '/sbom.spdx.json')
        result = CliRunner().invoke(main, ['-i', copy])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return 'missed' if result.exit_code == 0 else 'found'
";

/// An exception that is no refusal is a crash, and nobody is helped by one.
const EACH: &str = "
for path in sys.argv[1:]:
    try:
        said = verdict(path)
    except Exception as error:
        said = 'crashed'
        print(path, repr(error)[:400], file=sys.stderr)
    print('verdict', said)
";

/// What the command cdx-validate does, without starting it for each file.
const CDX_VALIDATE: &str = "
const [root, ...paths] = process.argv.slice(1);
const { readFileSync } = await import('node:fs');
const { pathToFileURL } = await import('node:url');
const load = (path) => import(pathToFileURL(`${root}/lib/${path}`));
const { isCycloneDxBom } = await load('helpers/bomUtils.js');
const { validateBomAdvanced } = await load('validator/index.js');
const verdict = (path) => {
  let bom;
  try {
    bom = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return 'found';
  }
  if (!isCycloneDxBom(bom)) return 'found';
  const report = validateBomAdvanced(bom, { schema: true, deep: true });
  return report.schemaValid && report.deepValid ? 'missed' : 'found';
};
for (const path of paths) {
  let said;
  try {
    said = verdict(path);
  } catch (error) {
    said = 'crashed';
    console.error(path, String(error).slice(0, 400));
  }
  console.log(`verdict ${said}`);
}
process.exit(0);
";

/// What a judge says of each file: `found`, `missed` or `crashed`. All in one process: to start one takes longer than to
/// judge.
fn verdicts(mut judge: Command, files: &[&str]) -> Vec<String> {
    let output = judge.args(files).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let found: Vec<_> =
        text.lines().filter_map(|line| line.strip_prefix("verdict ")).map(str::to_owned).collect();
    assert_eq!(found.len(), files.len(), "{}", said(&output));
    assert!(output.status.success(), "{}", said(&output));
    found
}

fn python(script: &str, files: &[&str]) -> Option<Vec<String>> {
    let mut command = Command::new(program("sbom-python")?);
    command.args(["-c", &format!("{script}{EACH}")]);
    Some(verdicts(command, files))
}

fn cdx_validate_each(files: &[&str]) -> Option<Vec<String>> {
    // `cdxgen/bin/validate.js`, wherever the link to it stands.
    let script = program("cdx-validate")?.canonicalize().unwrap();
    let mut command = Command::new("node");
    command.args(["--input-type=module", "-e", CDX_VALIDATE, "--"]);
    command.arg(script.parent().unwrap().parent().unwrap());
    Some(verdicts(command, files))
}

/// What is missing, nothing where the document conforms.
fn conforms(file: &str, specification: &str, standard: &str) -> Option<String> {
    let output = run(&program("ntia-checker")?, &["--file", file, "-s", specification, "-c", standard, "-v"]);
    let said = said(&output);
    Some(if said.contains("Conformant: True") { String::new() } else { said })
}

/// What cdx-validate reports.
fn cdx_validate(file: &str, folder: &Path) -> Option<serde_json::Value> {
    let report = folder.join("cdx-validate.json");
    let _ = std::fs::remove_file(&report);
    run(
        &program("cdx-validate")?,
        &["-i", file, "-r", "json", "-o", report.to_str().unwrap(), "--no-include-manual"],
    );
    // Where it cannot read a file it writes no report.
    Some(
        std::fs::read(&report).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default(),
    )
}

#[test]
fn what_is_written_is_valid_for_cyclonedx_python_lib() {
    let folder = scratch();
    let mut files = Vec::new();
    for (name, document) in [("everything", everything()), ("complete", complete())] {
        for format in Format::ALL.into_iter().filter(|format| format.is_cyclonedx()) {
            let file = folder.path().join(format!("{name}-{format}.json"));
            std::fs::write(&file, write(&document, format).unwrap()).unwrap();
            files.push(file.to_str().unwrap().to_owned());
        }
    }
    let files: Vec<_> = files.iter().map(String::as_str).collect();
    let Some(said) = python(STRICT, &files) else { return };
    let faulty: Vec<_> = files.iter().zip(&said).filter(|(_, said)| *said != "missed").collect();
    assert!(faulty.is_empty(), "{faulty:?}");
}

#[test]
fn cdx_validate_finds_nothing_and_every_minimum_of_the_cra() {
    let folder = scratch();
    for format in Format::ALL.into_iter().filter(|format| format.is_cyclonedx()) {
        let file = folder.path().join("bom.json");
        std::fs::write(&file, write(&complete(), format).unwrap()).unwrap();
        let Some(report) = cdx_validate(file.to_str().unwrap(), folder.path()) else { return };
        assert_eq!(report["schemaValid"], true, "{format}: {report:#}");
        assert_eq!(report["deepValid"], true, "{format}: {report:#}");
        let score = |id: &str| {
            let benchmarks = report["benchmarks"].as_array().unwrap();
            benchmarks.iter().find(|benchmark| benchmark["id"] == id).unwrap()["scorePct"].as_f64().unwrap()
        };
        assert_eq!(score("cra"), 100.0, "{format}");
        // Of what is left, the signature is made by `lw sign`, and not part of the document.
        for level in ["scvs-l1", "scvs-l2", "scvs-l3"] {
            assert!(score(level) >= 90.0, "{format} {level}: {}", score(level));
        }
    }
}

#[test]
fn what_is_written_as_spdx_is_valid_for_its_own_tools() {
    let folder = scratch();
    let file = folder.path().join("sbom.spdx.json");
    let path = file.to_str().unwrap();
    for document in [everything(), complete()] {
        std::fs::write(&file, write(&document, Format::Spdx23).unwrap()).unwrap();
        let Some(tools) = program("pyspdxtools") else { return };
        let output = run(&tools, &["-i", path]);
        assert!(output.status.success(), "{}", said(&output));
        std::fs::write(&file, write(&document, Format::Spdx301).unwrap()).unwrap();
        let Some(said) = python(MODEL, &[path]) else { return };
        assert_eq!(said, ["missed"], "there is a fault");
    }
}

#[test]
fn a_complete_document_conforms_to_ntia_bsi_and_the_framing() {
    let folder = scratch();
    let file = folder.path().join("sbom.spdx.json");
    let path = file.to_str().unwrap();
    let asked = [
        (Format::Spdx23, "spdx2", "ntia"),
        (Format::Spdx301, "spdx3", "ntia"),
        (Format::Spdx301, "spdx3", "bsi"),
        (Format::Spdx301, "spdx3", "fsct3-min"),
    ];
    for (format, specification, standard) in asked {
        std::fs::write(&file, write(&complete(), format).unwrap()).unwrap();
        let Some(said) = conforms(path, specification, standard) else { return };
        assert!(said.is_empty(), "{format}, {standard}: {said}");
    }
}

/// Which of the faults others find. The table stands in the docs.
#[test]
fn which_checkers_miss_which_fault() {
    let files = broken::files();
    let of = |is_of: &dyn Fn(&str) -> bool| -> Vec<&str> {
        let chosen = files.iter().filter(|(name, _)| is_of(what(name)));
        chosen.map(|(_, path)| path.to_str().unwrap()).collect()
    };
    fn what(name: &str) -> &str {
        name.split_once("--").unwrap().1
    }
    fn is_spdx3(what: &str) -> bool {
        what.starts_with("spdx3")
    }
    fn is_spdx2(what: &str) -> bool {
        !is_spdx3(what) && (what.starts_with("spdx") || what == "tag-value")
    }
    let cyclonedx = of(&|what| !is_spdx2(what) && !is_spdx3(what));
    let (spdx2, spdx3) = (of(&is_spdx2), of(&is_spdx3));
    let Some(strict) = python(STRICT, &cyclonedx) else { return };
    let Some(deep) = cdx_validate_each(&cyclonedx) else { return };
    let Some(spdx_tools) = python(SPDX_TOOLS, &spdx2) else { return };
    let Some(model) = python(MODEL, &spdx3) else { return };
    let judges = [(&cyclonedx, &strict), (&cyclonedx, &deep), (&spdx2, &spdx_tools), (&spdx3, &model)];
    let judges = judges.map(|(files, verdicts)| {
        files.iter().copied().zip(verdicts.iter().map(String::as_str)).collect::<BTreeMap<_, _>>()
    });

    let mut table = String::from(
        "# Faults that checkers of bills of materials find\n\n\
         Each file of `crates/formats/bom/tests/fixtures/broken` is a valid bill with one fault. `lw sbom validate` finds all of\n\
         them, with line, component and what to do. Made by the tests of `lw-bom` from what the checkers say:\n\
         cyclonedx-python-lib 11.12.0 (strict), cdx-validate of cdxgen 12.8.4 (schema and deep checks), pyspdxtools of spdx-tools\n\
         0.8.5, spdx-python-model 0.0.6 (whether it can be read and every reference followed). `–`: not of its format;\n\
         crashed: it ends with an exception of its own, and says nothing of the fault. Some of the faults are no breach of the\n\
         format's schema, and a checker that looks at nothing else is right not to find them.\n\n\
         | Fault | cyclonedx-python-lib | cdx-validate | pyspdxtools | spdx-python-model |\n|---|---|---|---|---|\n",
    );
    for (name, path) in &files {
        let (rule, what) = name.split_once("--").unwrap();
        write!(table, "| {rule}: {} |", what.replace('-', " ")).unwrap();
        for judge in &judges {
            write!(table, " {} |", judge.get(path.to_str().unwrap()).unwrap_or(&"–")).unwrap();
        }
        table.push('\n');
    }
    let count = |said: &str| {
        judges.each_ref().map(|judge| judge.values().filter(|verdict| **verdict == said).count().to_string())
    };
    for said in ["found", "missed", "crashed"] {
        writeln!(table, "| **{said}** | {} |", count(said).join(" | ")).unwrap();
    }
    let path = lw_testkit::root().join("docs/sbom-faults.md");
    let expected = Data::read_from(&path, Some(snapbox::data::DataFormat::Text));
    snapbox::Assert::new().action_env(snapbox::assert::DEFAULT_ACTION_ENV).eq(table, expected.raw());
}
