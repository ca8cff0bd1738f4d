//! What other checkers say of what is written here, and which of the faults they miss.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lw_bom::{Format, write};
use lw_testkit::bills;
use snapbox::Data;

use crate::broken;
use crate::documents::{complete, everything};

/// A folder that is gone afterwards.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
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
    let Some(said) = bills::strict(&files) else { return };
    let faulty: Vec<_> = files.iter().zip(&said).filter(|(_, said)| *said != "missed").collect();
    assert!(faulty.is_empty(), "{faulty:?}");
}

#[test]
fn cdx_validate_finds_nothing_and_every_minimum_of_the_cra() {
    let folder = scratch();
    for format in Format::ALL.into_iter().filter(|format| format.is_cyclonedx()) {
        let file = folder.path().join("bom.json");
        std::fs::write(&file, write(&complete(), format).unwrap()).unwrap();
        let Some(report) = bills::cdx_validate(file.to_str().unwrap(), folder.path()) else { return };
        assert_eq!(report["schemaValid"], true, "{format}: {report:#}");
        assert_eq!(report["deepValid"], true, "{format}: {report:#}");
        let score = |id: &str| bills::benchmark(&report, id).unwrap();
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
        let Some(said) = bills::spdx_tools(&[path]) else { return };
        assert_eq!(said, ["missed"], "there is a fault");
        std::fs::write(&file, write(&document, Format::Spdx301).unwrap()).unwrap();
        let Some(said) = bills::model(&[path]) else { return };
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
        let Some(said) = bills::missing(path, specification, standard) else { return };
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
    let Some(strict) = bills::strict(&cyclonedx) else { return };
    let Some(deep) = bills::cdx_validate_each(&cyclonedx) else { return };
    let Some(spdx_tools) = bills::spdx_tools(&spdx2) else { return };
    let Some(model) = bills::model(&spdx3) else { return };
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
