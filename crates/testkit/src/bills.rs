//! Other people's checkers of bills of materials, as `.ci/e2e-setup` installs them. Of each answer `None` says that the
//! checker is not there.

use std::path::Path;
use std::process::{Command, Output};

use crate::program;

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

/// What a judge says of each file. All in one process: to start one takes longer than to judge.
#[allow(clippy::expect_used, reason = "a panic here is a failing test")]
fn verdicts(mut judge: Command, files: &[&str]) -> Vec<String> {
    let output = judge.args(files).output().expect("the judge does not start");
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

/// What cyclonedx-python-lib says of each file, by its strict schema: `found` a fault, `missed` any, or `crashed`.
#[must_use]
pub fn strict(files: &[&str]) -> Option<Vec<String>> {
    python(STRICT, files)
}

/// Whether spdx-python-model reads each file of SPDX 3.0.1 and follows every reference, as [`strict`] says it.
#[must_use]
pub fn model(files: &[&str]) -> Option<Vec<String>> {
    python(MODEL, files)
}

/// What pyspdxtools says of each file of SPDX 2.3, as [`strict`] says it.
#[must_use]
pub fn spdx_tools(files: &[&str]) -> Option<Vec<String>> {
    python(SPDX_TOOLS, files)
}

/// What cdx-validate says of each file, by schema and deep checks, as [`strict`] says it.
#[must_use]
pub fn cdx_validate_each(files: &[&str]) -> Option<Vec<String>> {
    // `cdxgen/bin/validate.js`, wherever the link to it stands.
    let script = program("cdx-validate")?.canonicalize().ok()?;
    let mut command = Command::new("node");
    command.args(["--input-type=module", "-e", CDX_VALIDATE, "--"]);
    command.arg(script.parent()?.parent()?);
    Some(verdicts(command, files))
}

/// What ntia-conformance-checker finds missing by a standard (`ntia`, `bsi`, `fsct3-min`), in a file of a specification
/// (`spdx2`, `spdx3`); nothing where the document conforms.
#[must_use]
pub fn missing(file: &str, specification: &str, standard: &str) -> Option<String> {
    let arguments = ["--file", file, "-s", specification, "-c", standard, "-v"];
    let output = Command::new(program("ntia-checker")?).args(arguments).output().ok()?;
    let said = said(&output);
    Some(if said.contains("Conformant: True") { String::new() } else { said })
}

/// The report of cdx-validate, `null` where it writes none; `folder` is for its file.
#[must_use]
pub fn cdx_validate(file: &str, folder: &Path) -> Option<serde_json::Value> {
    let report = folder.join("cdx-validate.json");
    let _ = std::fs::remove_file(&report);
    let mut command = Command::new(program("cdx-validate")?);
    command.args(["-i", file, "-r", "json", "--no-include-manual", "-o"]).arg(&report);
    command.output().ok()?;
    Some(
        std::fs::read(&report).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default(),
    )
}

/// How much of a benchmark the report of [`cdx_validate`] says is met, in percent.
#[must_use]
pub fn benchmark(report: &serde_json::Value, id: &str) -> Option<f64> {
    let benchmarks = report.get("benchmarks")?.as_array()?;
    let found = benchmarks.iter().find(|benchmark| benchmark.get("id").is_some_and(|found| found == id))?;
    found.get("scorePct")?.as_f64()
}
