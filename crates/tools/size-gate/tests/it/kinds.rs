//! Builds that must not pass, and the same builds as they may, one file for each: `tests/kinds/KIND/CASE.toml`.
//!
//! A kind is a way in which a gate can be green although it should be red; users have reported each of them. A case is
//! a firmware of a few sections (or several), other files, and calls with what must come of them. A new file is a new case.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lw_model::{Number, Report};
use serde::Deserialize;

use crate::common::{example, size_gate, words};
use crate::layout::Layout;

/// Every kind has a folder with at least this many cases.
const CASES: usize = 2;

/// Each kind, and what goes wrong.
const KINDS: [(&str, &str); 16] = [
    ("01-region-kind", "what a region is goes by its name"),
    ("02-unplaced", "what lies in no region is in no figure"),
    ("03-overlapping-regions", "one of several regions at one place gets what is another's"),
    ("04-min-free", "what must stay free bounds what is used from below"),
    ("05-image-file", "the file that is flashed is not what is measured"),
    ("06-baseline", "what cannot be compared counts as not grown"),
    ("07-copy-sections", "a map says another thing than its ELF"),
    ("08-overlay", "sections at one address, or with odd names, are lost"),
    ("09-filler", "what fills a region hides what grows in it"),
    ("10-fits", "a file that is no application fits"),
    ("11-image-definition", "what is loaded is not all counted"),
    ("13-limits-of-a-file", "a limit of the command line drops those of the file"),
    ("14-patterns", "a pattern limits what it does not mean"),
    ("15-platformio", "PlatformIO's lines say 0 %"),
    ("16-messages", "what is said sends the reader the wrong way"),
    ("17-other-build", "inputs of different builds are taken together"),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the case shows.
    why: String,
    /// By the path of its files without extension: `f` is `f.elf` and `f.map`.
    #[serde(default)]
    firmware: BTreeMap<String, Firmware>,
    #[serde(default)]
    file: BTreeMap<String, File>,
    run: Vec<Call>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Firmware {
    /// `e_machine`; that of ARM when left out.
    machine: Option<u16>,
    /// Name, origin, length, attributes.
    #[serde(default)]
    regions: Vec<[String; 4]>,
    /// `code` NAME ADDRESS SIZE, `data` or `copied-code` NAME ADDRESS LOAD-ADDRESS SIZE, `zeroed` NAME ADDRESS SIZE,
    /// `reserved` NAME ADDRESS SIZE EXPRESSION.
    sections: Vec<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    Text(String),
    /// So many bytes of one value.
    Bytes {
        bytes: usize,
        of: u8,
    },
    /// A file of `examples/firmware`.
    Example {
        example: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    args: String,
    code: i32,
    /// Words that must be somewhere in what is said.
    #[serde(default)]
    says: Vec<String>,
    /// Words that must not.
    #[serde(default)]
    never: Vec<String>,
    #[serde(default)]
    measures: BTreeMap<String, i64>,
}

fn number(text: &str) -> u64 {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).unwrap(),
        None => text.parse().unwrap(),
    }
}

impl Firmware {
    fn layout(&self) -> Layout {
        let mut layout = Layout { machine: self.machine.unwrap_or(40), ..Layout::default() };
        for [name, origin, length, attributes] in &self.regions {
            layout = layout.region(name, number(origin), number(length), attributes);
        }
        for section in &self.sections {
            let words: Vec<&str> = section.iter().map(String::as_str).collect();
            layout = match words.as_slice() {
                ["code", name, at, size] => layout.code(name, number(at), number(size)),
                ["data", name, at, from, size] => layout.data(name, number(at), number(from), number(size)),
                ["copied-code", name, at, from, size] => {
                    layout.copied_code(name, number(at), number(from), number(size))
                }
                ["zeroed", name, at, size] => layout.zeroed(name, number(at), number(size)),
                ["reserved", name, at, size, how] => layout.reserved(name, number(at), number(size), how),
                _ => panic!("not a section: {section:?}"),
            };
        }
        layout
    }
}

/// Everything a reader is told.
fn said(report: &Report) -> String {
    let mut said = vec![report.summary.clone()];
    for finding in &report.findings {
        said.push(format!("{} {}", finding.rule, finding.message));
        said.extend(finding.help.clone());
    }
    said.extend(report.facts.iter().map(|fact| format!("{} {}", fact.name, fact.value)));
    said.extend(report.tables.iter().map(|table| serde_json::to_string(table).unwrap()));
    said.join("\n")
}

fn check(path: &Path) {
    let shown = path.strip_prefix(lw_testkit::root()).unwrap().display();
    let text = fs::read_to_string(path).unwrap();
    let case: Case = toml::from_str(&text).unwrap_or_else(|error| panic!("{shown}: {error}"));
    assert!(!case.why.is_empty() && !case.run.is_empty(), "{shown}");
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    for (name, firmware) in &case.firmware {
        let layout = firmware.layout();
        fs::write(place(&format!("{name}.elf")), layout.elf()).unwrap();
        fs::write(place(&format!("{name}.map")), layout.map()).unwrap();
    }
    for (name, file) in &case.file {
        let bytes = match file {
            File::Text(text) => text.clone().into_bytes(),
            File::Bytes { bytes, of } => vec![*of; *bytes],
            File::Example { example: path } => fs::read(example(path)).unwrap(),
        };
        fs::write(place(name), bytes).unwrap();
    }
    for call in &case.run {
        let run = size_gate(folder.path(), &words(&call.args));
        let what = format!("{shown}: {}: {}", case.why, call.args);
        // A wrong command line leaves no report.
        let report = (run.code != 2 || !run.stdout.is_empty()).then(|| run.report());
        let said = format!("{}\n{}{}", report.map(said).unwrap_or_default(), run.stdout, run.stderr);
        assert_eq!(run.code, call.code, "{what}\n{said}");
        for words in &call.says {
            assert!(said.contains(words), "{what}: no `{words}` in\n{said}");
        }
        for words in &call.never {
            assert!(!said.contains(words), "{what}: `{words}` in\n{said}");
        }
        for (name, value) in &call.measures {
            let (subject, name) = name.split_once('/').map_or((None, name.as_str()), |(a, b)| (Some(a), b));
            let measure = run.report().measure(name, subject).map(|measure| measure.value);
            assert_eq!(measure, Some(Number::Integer(*value)), "{what}: {name}");
        }
    }
}

/// The files of a folder, in order.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn no_green_that_should_be_red() {
    let root = lw_testkit::root().join("crates/tools/size-gate/tests/kinds");
    let known: BTreeSet<PathBuf> = KINDS.iter().map(|(kind, _)| root.join(kind)).collect();
    assert_eq!(files(&root), known, "every kind has a folder, and every folder is a kind");
    for (kind, what) in KINDS {
        let cases = files(&root.join(kind));
        assert!(cases.len() >= CASES, "{kind} ({what}) has {} cases", cases.len());
        cases.iter().for_each(|case| check(case));
    }
}

/// What users reported, with their own files where these lie beside the checkout: folder, arguments, exit code, and what
/// must be said.
const REPORTED: &[(&str, &str, i32, &str)] = &[
    ("01b-region-name-substring", "--elf n.elf --map n.map --max ram=100", 1, "15,004 B"),
    ("02-unplaced-sections-pass", "--elf orph.elf --map orph.map --max ram=100", 1, "`.big`"),
    (
        "02-unplaced-sections-pass",
        "--elf orph.elf --map orph.map --preset ram-150k",
        1,
        "lies in no memory region",
    ),
    (
        "03-overlapping-regions",
        "--elf ov.elf --map ov.map --max region.RAM.span=50%",
        1,
        "12,004 B of 16,384 B",
    ),
    ("03-overlapping-regions", "--elf ov.elf --map ov.map --max region.RAM_DMA.span=10", 1, "256 B"),
    ("03-overlapping-regions", "--elf ov.elf --linker-script ov.ld --max region.RAM_DMA.span=10", 1, "256 B"),
    ("04-min-free-inverted", "--elf full.elf --map full.map --min-free ram=4K", 1, "1,380 B"),
    ("04-min-free-inverted", "--elf full.elf --map full.map --min-free ram.span=4K", 1, "1,380 B"),
    ("04-min-free-inverted", "--elf full.elf --map full.map --min-free image=5", 2, "--max"),
    ("04-min-free-inverted", "--elf full.elf --map full.map --max ram=80%", 1, "91.57 %"),
    ("05-bin-ignored-for-image", "--elf a.elf --bin a.bin --max image.bytes=1K", 1, "4,516 B"),
    ("05-bin-ignored-for-image", "--bin a.bin --max image.bytes=1K", 1, "4,516 B"),
    (
        "06-require-baseline-not-judged",
        "--elf a.elf --baseline two.json --max-growth image=0",
        1,
        "no sketch, or more than one",
    ),
    ("07-copy-sections-maponly", "--map p.map", 0, "`.heap`, `.stack1_dummy`, `.stack_dummy`"),
    (
        "07-copy-sections-maponly",
        "--map p.map --linker-script p.ld --max region.SCRATCH_X=300 --max region.RAM.bytes=18792",
        0,
        "",
    ),
    ("07-copy-sections-maponly", "--elf p.elf --linker-script p.ld --max region.SCRATCH_Y=32", 0, ""),
    ("08-overlay", "--elf b.elf --map b.map --max section..ov2=15", 1, "16 B"),
    ("08-overlay", "--map b.map --max image=1507", 1, "1,508 B"),
    ("09-heap-fills-ram", "--elf heap.elf --map heap.map --max region.RAM.bytes=1039", 1, "1,040 B"),
    (
        "09-heap-fills-ram",
        "--elf heap.elf --map heap.map --max region.RAM.bytes=1040",
        0,
        "`.heap` takes what is left of RAM",
    ),
    (
        "13-cli-limit-drops-toml",
        "--elf b.elf --map b.map --config lw.toml --max image=1M",
        1,
        "region.RAM.span",
    ),
    ("14-glob-region", "--elf b.elf --map b.map --max region.*=1M", 0, ""),
    ("14-glob-region", "--elf b.elf --map b.map --max region.*=90%", 0, ""),
    ("14-glob-region", "--elf b.elf --map b.map --max region.ram=5", 2, "did you mean `region.RAM.span`?"),
    (
        "15-copy-platformio",
        "--elf m.elf --map m.map --format platformio",
        0,
        "(used 620 bytes from 134016 bytes)",
    ),
    (
        "15-copy-platformio",
        "--elf m.elf --map m.map --format platformio",
        0,
        "(used 340 bytes from 4096 bytes)",
    ),
    ("15-copy-platformio", "--map m.map --max image=619", 1, "620 B"),
    ("08-overlay", "--elf b.elf --map b.map --format platformio", 0, "from 65536 bytes)"),
    ("16-small-messages", "--elf nomatch/*.elf --missing skip --max image.bytes=1", 0, "1 limit not judged"),
    ("16-small-messages", "--map keil-ac6.map", 3, "a map of Arm's armlink"),
    (
        "06-require-baseline-not-judged",
        "--elf full2.elf --map full2.map --baseline-elf full.elf --max-growth region.SRAM=0 --require-baseline",
        0,
        "",
    ),
    ("04-min-free-inverted", "--elf full.elf --map full.map --min-free region.RAM=1381", 1, "1,380 B"),
];

#[test]
fn what_users_reported_comes_out_as_they_expect() {
    for &(folder, arguments, code, words_said) in REPORTED {
        let Some(readme) = lw_testkit::shared_fixture(&format!("reported/size/{folder}/README")) else {
            return;
        };
        let run = size_gate(readme.parent().unwrap(), &words(arguments));
        let report = (run.code != 2 || !run.stdout.is_empty()).then(|| said(run.report()));
        let said = format!("{}\n{}{}", report.unwrap_or_default(), run.stdout, run.stderr);
        assert_eq!(run.code, code, "{folder}: {arguments}\n{said}");
        assert!(said.contains(words_said), "{folder}: {arguments}: no `{words_said}` in\n{said}");
    }
}
