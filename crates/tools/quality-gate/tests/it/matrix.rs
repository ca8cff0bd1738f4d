//! The build matrix.

use lw_testkit::tool::Run;
use serde_json::{Value, json};

use crate::common::{GATE, Place};

fn matrix(place: &Place, line: &str) -> Run {
    GATE.run_as_step(place.path(), &lw_testkit::tool::words(&format!("matrix {line}")), &[])
}

fn json_of(run: &Run) -> Value {
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(run.output("matrix")).unwrap()
}

const INI: &str = "[env]\nplatform = espressif32\n[env:s3_release]\nboard = s3\n[env:s3_debug]\nboard = s3\n[env:native]\nplatform = native\n";

#[test]
fn environments_of_platformio() {
    let place = Place::new();
    place.file("platformio.ini", INI);
    let run = matrix(&place, "--from platformio.ini --only s3_* --without *_debug");
    assert_eq!(
        json_of(&run),
        json!({"include": [{"environment": "s3_release", "board": "s3", "platform": "espressif32"}]})
    );
    let run = matrix(&place, "--from platformio.ini --axis os=a,b");
    assert_eq!(json_of(&run)["include"].as_array().unwrap().len(), 6);
}

/// What the third pipeline writes into its output is no JSON: lists in single quotes.
#[test]
fn axes_alone_are_valid_json() {
    let run =
        matrix(&Place::new(), "--axis python-version=3.8,3.9,3.10 --axis os=ubuntu-latest,windows-latest");
    let json = json_of(&run);
    assert_eq!(json["include"][0], json!({"python-version": "3.8", "os": "ubuntu-latest"}));
    assert_eq!(json["include"][5], json!({"python-version": "3.10", "os": "windows-latest"}));
    assert_eq!(matrix(&Place::new(), "--axis a=1 --format matrix").stdout, "{\"include\":[{\"a\":\"1\"}]}\n");
}

#[test]
fn other_build_tools() {
    let place = Place::new();
    place.file("tox.ini", "[tox]\nenv_list = py{311,312}, lint\n");
    place.file("Cargo.toml", "[package]\nname = \"x\"\n[features]\nstd = []\n");
    place.file("nox.json", r#"[{"session": "tests-3.11", "name": "tests", "python": "3.11"}]"#);
    let names = |from: &str| {
        let json = json_of(&matrix(&place, &format!("--from {from}")));
        json["include"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["environment"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("tox.ini"), ["py311", "py312", "lint"]);
    assert_eq!(names("Cargo.toml"), ["no-features", "std", "all-features"]);
    assert_eq!(names("nox.json"), ["tests-3.11"]);
}

#[test]
fn an_empty_matrix_and_one_too_large_are_errors() {
    let place = Place::new();
    place.file("platformio.ini", INI).file("other.txt", "x").file("tox.ini", "[tox]\nenv_list = {1-257}\n");
    for (line, code) in [
        ("", 2),
        ("--from platformio.ini --only nothing", 3),
        ("--from tox.ini", 2),
        ("--from other.txt", 2),
        ("--from none.ini", 3),
        ("--axis a", 2),
        ("--axis a=,", 2),
        ("--from platformio.ini --axis board=x", 2),
    ] {
        let run = matrix(&place, line);
        assert_eq!((run.code, run.output("matrix")), (code, ""), "{line}: {}", run.stderr);
    }
}
