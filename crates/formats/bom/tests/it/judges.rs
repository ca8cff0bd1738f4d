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

/// Strict validation by the schema of the version the file says it has.
const STRICT: &str = "
import json, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
text = open(sys.argv[1], encoding='utf-8').read()
version = SchemaVersion.from_version(json.loads(text)['specVersion'])
error = JsonStrictValidator(version).validate_str(text)
sys.exit(0 if error is None else str(error)[:400])
";

/// Whether the model of SPDX 3.0.1 can be read, and every reference followed.
const MODEL: &str = "
import sys
from spdx_python_model import v3_0_1 as model
objects = model.SHACLObjectSet()
with open(sys.argv[1], 'rb') as file:
    model.JSONLDDeserializer().read(file, objects)
missing = objects.link()
documents = list(objects.foreach_type(model.SpdxDocument))
sys.exit(0 if not missing and len(documents) == 1 else f'{missing} {len(documents)}')
";

fn strict(file: &str) -> Option<bool> {
    Some(run(&program("sbom-python")?, &["-c", STRICT, file]).status.success())
}

fn model(file: &str) -> Option<bool> {
    Some(run(&program("sbom-python")?, &["-c", MODEL, file]).status.success())
}

fn spdx_tools(file: &str) -> Option<bool> {
    Some(run(&program("pyspdxtools")?, &["-i", file]).status.success())
}

fn conforms(file: &str, specification: &str, standard: &str) -> Option<bool> {
    let output = run(&program("ntia-checker")?, &["--file", file, "-s", specification, "-c", standard]);
    Some(said(&output).contains("Conformant: True"))
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
    for document in [everything(), complete()] {
        for format in Format::ALL.into_iter().filter(|format| format.is_cyclonedx()) {
            let file = folder.path().join("bom.json");
            std::fs::write(&file, write(&document, format).unwrap()).unwrap();
            let Some(python) = program("sbom-python") else { return };
            let output = run(&python, &["-c", STRICT, file.to_str().unwrap()]);
            assert!(output.status.success(), "{format}: {}", said(&output));
        }
    }
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
        let Some(is_read) = model(path) else { return };
        assert!(is_read);
    }
}

#[test]
fn a_complete_document_conforms_to_ntia() {
    let folder = scratch();
    let file = folder.path().join("sbom.spdx.json");
    let path = file.to_str().unwrap();
    for (format, specification) in [(Format::Spdx23, "spdx2"), (Format::Spdx301, "spdx3")] {
        std::fs::write(&file, write(&complete(), format).unwrap()).unwrap();
        let Some(conforms) = conforms(path, specification, "ntia") else { return };
        assert!(conforms, "{format}");
    }
}

/// Which of the faults others find. The table stands in the docs.
#[test]
fn which_checkers_miss_which_fault() {
    let folder = scratch();
    let mut table = String::from(
        "# Faults that checkers of bills of materials find\n\n\
         Each file of `crates/formats/bom/tests/fixtures/broken` is a valid bill with one fault. `lw sbom validate` finds all of\n\
         them, with line, component and what to do. Made by the tests of `lw-bom` from what the checkers say:\n\
         cyclonedx-python-lib 11.12.0 (strict), cdx-validate of cdxgen 12.8.4 (schema and deep checks), pyspdxtools of spdx-tools\n\
         0.8.5, spdx-python-model 0.0.6 (whether it can be read and every reference followed). `–`: not of its format.\n\n\
         | Fault | cyclonedx-python-lib | cdx-validate | pyspdxtools | spdx-python-model |\n|---|---|---|---|---|\n",
    );
    let mut missed: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, path) in broken::files() {
        let file = path.to_str().unwrap();
        let (rule, what) = name.split_once("--").unwrap();
        let is_spdx3 = what.starts_with("spdx3");
        let is_spdx = !is_spdx3 && (what.starts_with("spdx") || what == "tag-value");
        let is_cyclonedx = !is_spdx && !is_spdx3;
        let mut found =
            |judge: &'static str, of_it: bool, is_valid: &dyn Fn() -> Option<bool>| -> Option<&'static str> {
                if !of_it {
                    return Some("–");
                }
                Some(if is_valid()? {
                    *missed.entry(judge).or_default() += 1;
                    "missed"
                } else {
                    "found"
                })
            };
        let Some(one) = found("cyclonedx-python-lib", is_cyclonedx, &|| strict(file)) else { return };
        let deep = || {
            let report = cdx_validate(file, folder.path())?;
            Some(report["schemaValid"] == true && report["deepValid"] == true)
        };
        let Some(two) = found("cdx-validate", is_cyclonedx, &deep) else { return };
        // It tells formats apart by the end of the name.
        let spdx = folder.path().join("sbom.spdx.json");
        std::fs::copy(&path, &spdx).unwrap();
        let Some(three) = found("pyspdxtools", is_spdx, &|| spdx_tools(spdx.to_str().unwrap())) else {
            return;
        };
        let Some(four) = found("spdx-python-model", is_spdx3, &|| model(file)) else { return };
        writeln!(table, "| {rule}: {} | {one} | {two} | {three} | {four} |", what.replace('-', " ")).unwrap();
    }
    assert!(missed.values().sum::<usize>() > 0);
    let path = lw_testkit::root().join("docs/sbom-faults.md");
    let expected = Data::read_from(&path, Some(snapbox::data::DataFormat::Text));
    snapbox::Assert::new().action_env(snapbox::assert::DEFAULT_ACTION_ENV).eq(table, expected.raw());
}
