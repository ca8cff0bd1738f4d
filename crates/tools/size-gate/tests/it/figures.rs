//! One number, one name: what a headline, an output or another input says is the measure of that name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lw_model::{ByteSize, Number, Report, Verdict};

use crate::common::size_gate;
use crate::linker_print::firmwares;

/// Every call that has a transcript: its folder and its arguments.
fn calls() -> Vec<(PathBuf, Vec<String>)> {
    let folder = lw_testkit::root().join("crates/tools/size-gate/tests/cmd");
    let mut calls = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let value = |key: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix("= "))
                .map(str::to_owned)
        };
        // A list of strings is the same in TOML and in JSON.
        let arguments: Vec<String> = serde_json::from_str(&value("args").unwrap()).unwrap();
        let cwd: String = value("fs.cwd").map_or(".".into(), |cwd| serde_json::from_str(&cwd).unwrap());
        calls.push((folder.join(cwd), arguments));
    }
    assert!(calls.len() > 20);
    calls
}

/// The report and the outputs of a call, when it got so far.
fn outcome(folder: &Path, arguments: &[String]) -> Option<(Report, String)> {
    let scratch = tempfile::tempdir().unwrap();
    let (report, outputs) = (scratch.path().join("report.json"), scratch.path().join("outputs"));
    fs::write(&outputs, "").unwrap();
    Command::new(env!("CARGO_BIN_EXE_size-gate"))
        .args(["--summary", "off", "--write"])
        .arg(format!("json={}", report.display()))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_OUTPUT", &outputs)
        .output()
        .unwrap();
    let report = serde_json::from_slice(&fs::read(report).ok()?).ok()?;
    Some((report, fs::read_to_string(outputs).unwrap()))
}

/// The largest or smallest value of a measure over all firmwares.
fn extreme(report: &Report, name: &str, smallest: bool) -> Option<i64> {
    let values = report.measures.iter().filter(|measure| measure.name == name).map(|measure| measure.value);
    let values = values.map(|value| match value {
        Number::Integer(value) => value,
        Number::Decimal(_) => panic!("{name} is no number of bytes"),
    });
    if smallest { values.min() } else { values.max() }
}

#[test]
fn every_number_of_a_headline_or_output_is_the_measure_of_that_name() {
    let (mut figures, mut outputs) = (0, 0);
    for (folder, arguments) in calls() {
        let Some((report, printed)) = outcome(&folder, &arguments) else { continue };
        if report.verdict == Verdict::Error {
            continue;
        }
        for (words, name) in [("image ", "image.bytes"), ("static RAM ", "ram.bytes")] {
            for figure in report.summary.split("; ").filter_map(|part| part.strip_prefix(words)) {
                if figure.starts_with(|c: char| c.is_ascii_digit()) {
                    let value = extreme(&report, name, false).unwrap();
                    assert_eq!(figure, ByteSize(value.unsigned_abs()).to_string(), "{arguments:?}");
                    figures += 1;
                }
            }
        }
        for (output, name, smallest) in [
            ("image-bytes", "image.bytes", false),
            ("ram-bytes", "ram.bytes", false),
            ("smallest-app-free", "partition.smallest-app.free", true),
        ] {
            let expected =
                extreme(&report, name, smallest).map(|value| value.to_string()).unwrap_or_default();
            // The runner's form for a value that may be several lines.
            let mut lines = printed.lines().skip_while(|line| !line.starts_with(&format!("{output}<<")));
            let Some(delimiter) = lines.next().and_then(|line| line.split_once("<<")).map(|(_, mark)| mark)
            else {
                continue;
            };
            let value: Vec<&str> = lines.take_while(|line| *line != delimiter).collect();
            assert_eq!(value.join("\n"), expected, "{output} of {arguments:?}");
            outputs += 1;
        }
    }
    assert!(figures > 20 && outputs > 30, "{figures} figures, {outputs} outputs");
}

/// Every example firmware: a new folder is a new case. Without a linker script the map of GNU ld has to do.
#[test]
fn the_map_alone_says_what_the_elf_alone_says() {
    let mut compared = 0;
    for (folder, expected) in firmwares() {
        for link in &expected.links {
            let Some(elf) = &link.elf else { continue };
            let (text, gnu) = link.map_text(&folder);
            let regions = link.regions(&text);
            let run = |input: String, regions: &[String]| size_gate(&folder, &[&[input], regions].concat());
            let of_elf = run(format!("--elf={elf}"), &regions);
            let mut of_map = vec![run(format!("--map={}", link.map), &regions)];
            if gnu {
                of_map.push(run(format!("--map={}", link.map), &[]));
            }
            for of_map in of_map {
                let what = format!("{} {}", folder.display(), link.map);
                for measure in &of_elf.report().measures {
                    let same = of_map.report().measure(&measure.name, None);
                    let same = same.unwrap_or_else(|| panic!("{what} has no {}", measure.name));
                    assert_eq!(
                        (same.value, same.whole),
                        (measure.value, measure.whole),
                        "{what}: {}",
                        measure.name
                    );
                    compared += 1;
                }
                assert_eq!(of_elf.report().measures.len(), of_map.report().measures.len(), "{what}");
                // What kind each region is says the same as well.
                let kinds = |report: &Report| {
                    let table = report.tables.iter().find(|table| table.id == "region-kinds").unwrap();
                    let kinds = table.rows.iter().map(|row| row.iter().take(2).cloned().collect::<Vec<_>>());
                    serde_json::to_string(&kinds.collect::<Vec<_>>()).unwrap()
                };
                assert_eq!(kinds(of_elf.report()), kinds(of_map.report()), "{what}");
            }
        }
    }
    assert!(compared > 500, "{compared}");
}

/// Kind 01: whatever the regions of a build are called, its figures are the same.
#[test]
fn the_names_of_regions_change_no_figure_of_any_example() {
    const NAMES: [&str; 8] = ["eeprom", "RAM_BOOT", "ncache", "FLASH2", "psram", "BLOCK", "rtc_data", "x"];
    let folder = tempfile::tempdir().unwrap();
    let mut renamed = 0;
    for (path, expected) in firmwares() {
        for link in &expected.links {
            let (text, gnu) = link.map_text(&path);
            if !gnu {
                continue;
            }
            let (head, rest) = text.split_once("Memory Configuration").unwrap();
            let (block, body) = rest.split_once("Linker script and memory map").unwrap();
            let original = size_gate(&path, &[format!("--map={}", link.map)]);
            let original = original.report();
            for turn in 0..NAMES.len() {
                let mut names: Vec<(String, String)> = Vec::new();
                let block: Vec<String> = block
                    .lines()
                    .map(|line| match line.split_once(" 0x") {
                        Some((name, rest)) if !name.starts_with("*default*") => {
                            let at = names.len();
                            let new = format!("{}{at}", NAMES[(turn + at) % NAMES.len()]);
                            names.push((name.trim().into(), new.clone()));
                            format!("{new:16} 0x{rest}")
                        }
                        _ => line.to_owned(),
                    })
                    .collect();
                let map = format!(
                    "{head}Memory Configuration{}\nLinker script and memory map{body}",
                    block.join("\n")
                );
                fs::write(folder.path().join("f.map"), map).unwrap();
                let run = size_gate(folder.path(), &["--map=f.map".into()]);
                for measure in &original.measures {
                    let (old, end) = measure
                        .name
                        .strip_prefix("region.")
                        .and_then(|name| name.rsplit_once('.'))
                        .unwrap_or(("", &measure.name));
                    let name = match names.iter().find(|(name, _)| name == old) {
                        Some((_, new)) => format!("region.{new}.{end}"),
                        None => measure.name.clone(),
                    };
                    let same = run.report().measure(&name, None).unwrap();
                    let what = format!("{} {}: {} as {name}", path.display(), link.map, measure.name);
                    assert_eq!((same.value, same.whole), (measure.value, measure.whole), "{what}");
                    renamed += 1;
                }
            }
        }
    }
    assert!(renamed > 1000, "{renamed}");
}
