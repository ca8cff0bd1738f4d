//! Every figure that the manifest of the shared fixtures expects of a coverage report.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic here is a failing test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lw_coverage::{Counts, Coverage, CoverageError, Metric, Problem, read};
use lw_testkit::shared_fixture;

/// The reports, and what the manifest's list of files says of each.
struct Manifest {
    folder: PathBuf,
    facts: BTreeMap<String, String>,
}

impl Manifest {
    fn open() -> Option<Self> {
        let path = shared_fixture("gates/MANIFEST.md")?;
        let mut facts = BTreeMap::new();
        for line in fs::read_to_string(&path).unwrap().lines() {
            // - `lcov/t_dup.info` (83 B) lcov 1.16: [('lines', '50.0% (1 of 2 lines)'), ...
            if let Some((file, fact)) = line.strip_prefix("- `").and_then(|line| line.split_once("` ")) {
                facts.insert(file.to_owned(), fact.to_owned());
            }
        }
        Some(Self { folder: path.parent().unwrap_or(Path::new("")).to_owned(), facts })
    }

    fn of(&self, folder: &str) -> Vec<(&str, &str)> {
        let files = self.facts.iter().filter(|(file, _)| file.starts_with(folder));
        let files: Vec<_> = files.map(|(file, fact)| (file.as_str(), fact.as_str())).collect();
        assert!(!files.is_empty(), "{folder} is in the manifest");
        files
    }

    fn read(&self, file: &str) -> Result<Coverage, CoverageError> {
        read(&fs::read(self.folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}")))
    }

    fn figures(&self, file: &str) -> impl Fn(Metric) -> (u64, u64) + use<> {
        let coverage = self.read(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        move |metric| pair(coverage.figure(metric).counts)
    }
}

fn pair(counts: Counts) -> (u64, u64) {
    (counts.covered, counts.total)
}

/// The number after a word: `'stmts': 255` or `'LINE': (26, 12)`.
fn number(fact: &str, word: &str) -> u64 {
    let (_, rest) = fact.split_once(word).unwrap_or_else(|| panic!("{word} in {fact}"));
    let digits = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// `('lines', '95.4% (1147 of 1202 lines)')`; `no data found` is nothing of nothing.
fn lcov_says(fact: &str, what: &str) -> (u64, u64) {
    let Some((_, rest)) = fact.split_once(&format!("('{what}', '")) else { return (0, 0) };
    let text = rest.split_once("')").unwrap().0;
    match text.split_once('(') {
        Some((_, counts)) => {
            let words: Vec<&str> = counts.split(' ').collect();
            (words[0].parse().unwrap(), words[2].parse().unwrap())
        }
        None => (0, 0),
    }
}

#[test]
fn tracefiles_give_what_lcov_says() {
    let Some(manifest) = Manifest::open() else { return };
    let mut compared = 0;
    for (file, fact) in manifest.of("lcov/") {
        if file == "lcov/t_bad.info" {
            continue;
        }
        let ours = manifest.figures(file);
        let mut expected =
            [("lines", Metric::Line), ("functions", Metric::Function), ("branches", Metric::Branch)]
                .map(|(what, metric)| (metric, lcov_says(fact, what)));
        match file {
            // lcov 1.16 knows neither FNL and FNA nor exceptions; these are the figures of lcov 2.5.
            "lcov/own_gcc12_lcov25.info" => {
                expected[1].1 = (3, 4);
                expected[2].1 = (4, 10);
            }
            // Line 3 has the branches of two instances of a template under the same ids. lcov 1.16 adds them up; lcov 2 counts
            // each.
            "lcov/own_gcc12_lcov116.info" => expected[2].1 = (5, 12),
            "lcov/t_l2.info" => {
                expected[1].1 = (1, 1);
                expected[2].1 = (1, 2);
            }
            "lcov/lcov2_fnl_fna.info" => expected[1].1 = (5, 5),
            // lcov 1.16 takes the last line in `FN:4,6,Calculator.add` for the name: 9 functions become 18.
            "lcov/real_python_coverage.lcov" => expected[1].1 = (9, 9),
            _ => {}
        }
        for (metric, expected) in expected {
            assert_eq!(ours(metric), expected, "{file}: {metric}");
            compared += 1;
        }
    }
    assert_eq!(compared, 45);
}

#[test]
fn what_lcov_refuses_is_an_error_with_its_line() {
    let Some(manifest) = Manifest::open() else { return };
    match manifest.read("lcov/t_bad.info").unwrap_err() {
        CoverageError::Malformed { at, problem: Problem::NotANumber { .. }, .. } => assert_eq!(at.line, 3),
        other => panic!("{other}"),
    }
    // Negative, fractional and too large: read, and each told.
    let odd = manifest.read("lcov/t_neg.info").unwrap();
    assert_eq!(odd.warnings.len(), 3);
    assert_eq!(odd.files["a.c"].lines().get(1), Some(0));
}

/// pycobertura counts a line with a branch that was not taken as missed. So its `hits` are our covered lines
/// without the partial ones, and its header tells the covered lines themselves.
#[test]
fn cobertura_gives_what_pycobertura_and_the_header_say() {
    let Some(manifest) = Manifest::open() else { return };
    for (file, fact) in manifest.of("cobertura/") {
        let coverage = manifest.read(file).unwrap();
        let lines = coverage.figure(Metric::Line).counts;
        let partial: usize = coverage.files.values().map(|file| file.partial_lines().count()).sum();
        assert_eq!(coverage.files.len() as u64, number(fact, "'files'"), "{file}");
        assert_eq!(lines.total, number(fact, "'stmts'"), "{file}");
        assert_eq!(lines.covered - partial as u64, number(fact, "'hits'"), "{file}");

        let text = fs::read_to_string(manifest.folder.join(file)).unwrap();
        let header = text.split_once("<coverage").unwrap().1.split_once('>').unwrap().0;
        assert_eq!(pair(lines), (number(header, "lines-covered"), number(header, "lines-valid")), "{file}");
        if header.contains("branches-valid") {
            let branches = (number(header, "branches-covered"), number(header, "branches-valid"));
            assert_eq!(pair(coverage.figure(Metric::Branch).counts), branches, "{file}");
        }
    }
}

#[test]
fn jacoco_gives_its_own_counters() {
    let Some(manifest) = Manifest::open() else { return };
    for (file, fact) in manifest.of("jacoco/") {
        let ours = manifest.figures(file);
        for (counter, metric) in [
            ("'LINE'", Metric::Line),
            ("'BRANCH'", Metric::Branch),
            ("'METHOD'", Metric::Function),
            ("'INSTRUCTION'", Metric::Instruction),
        ] {
            let covered = number(fact, counter);
            let missed = number(fact.split_once(counter).unwrap().1.split_once(", ").unwrap().1, "");
            assert_eq!(ours(metric), (covered, covered + missed), "{file}: {counter}");
        }
    }
}

#[test]
fn clover_gives_its_own_metrics() {
    let Some(manifest) = Manifest::open() else { return };
    let fact = &manifest.facts["clover/coverage_path.xml"];
    let ours = manifest.figures("clover/coverage_path.xml");
    let statements = (number(fact, "'coveredstatements'"), number(fact, "'statements'"));
    assert_eq!((ours(Metric::Line), ours(Metric::Statement)), (statements, statements));
    assert_eq!(ours(Metric::Function), (number(fact, "'coveredmethods'"), number(fact, "'methods'")));
    // Most files of the other one were left out of the fixture, so its project does not add up; its files do:
    // eleven statements but one method, and a file of one statement.
    let cut = manifest.figures("clover/coverage_package.xml");
    assert_eq!((cut(Metric::Line), cut(Metric::Function)), ((11, 11), (1, 1)));
}

#[test]
fn the_other_formats_give_what_their_tools_say() {
    let Some(manifest) = Manifest::open() else { return };
    let python = manifest.figures("coveragepy/cov.json");
    assert_eq!((python(Metric::Line), python(Metric::Branch)), ((17, 24), (1, 2)));
    for same_run in
        ["coveragepy/cov.lcov", "coveragepy/cov.xml", "patch/cov.json", "patch/cov.lcov", "patch/cov.xml"]
    {
        let ours = manifest.figures(same_run);
        assert_eq!((ours(Metric::Line), ours(Metric::Branch)), ((17, 24), (1, 2)), "{same_run}");
    }
    for profile in ["go/own_atomic_coverpkg.out", "go/own_set.out"] {
        assert_eq!(manifest.figures(profile)(Metric::Statement), (3, 11), "{profile}");
    }
    let gcov = manifest.figures("gcov/gcc12.gcov.json.gz");
    assert_eq!(
        (gcov(Metric::Line), gcov(Metric::Function), gcov(Metric::Branch)),
        ((10, 12), (3, 4), (4, 10))
    );
    for export in ["llvm/llvm14.json", "llvm/llvm14_summary.json"] {
        let llvm = manifest.figures(export);
        assert_eq!(llvm(Metric::Line), (12, 15), "{export}");
        assert_eq!(llvm(Metric::Function), (2, 3), "{export}");
        assert_eq!(llvm(Metric::Instantiation), (3, 4), "{export}");
        assert_eq!(llvm(Metric::Region), (8, 16), "{export}");
        assert_eq!(llvm(Metric::Branch), (4, 10), "{export}");
    }
    assert_eq!(manifest.figures("llvm/llvm14.info")(Metric::Line), (12, 15));
}

/// The same lines, one by one, in all three reports of one run, by the paths of the repository.
#[test]
fn reports_of_one_run_are_the_same_in_the_repository() {
    let Some(manifest) = Manifest::open() else { return };
    let files =
        ["pkg/__init__.py", "pkg/calc.py", "pkg/nottested.py", "pkg/né w.py", "pkg/renamed.py", "README"];
    let index = files.into_iter().collect();
    let map = |file: &str| {
        let mapped = lw_coverage::paths::Mapper::new(&index).map(manifest.read(file).unwrap()).unwrap();
        assert!(mapped.unknown.is_empty(), "{file}: {:?}", mapped.unknown.keys());
        let lines = mapped.coverage.files.into_iter().map(|(path, file)| (path, file.lines().clone()));
        lines.collect::<BTreeMap<_, _>>()
    };
    let json = map("patch/cov.json");
    assert_eq!(json.len(), 5);
    assert_eq!(map("patch/cov.lcov"), json);
    assert_eq!(map("patch/cov.xml"), json);
}
