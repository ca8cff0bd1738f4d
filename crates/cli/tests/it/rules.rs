//! The rules of every tool: one case for each, and the settings that belong to them.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lw_cli::{Context, Entry, Error, Host, Output, Tool, invoke, same_measure};
use lw_model::{Bound, Level, Measure, Reason, Report, Rule, Unit};

/// A tool with one measure and a limit of each kind.
struct Probe;

#[derive(clap::Args)]
struct Args {
    /// What the measure is
    #[arg(long, default_value = "5")]
    value: u64,

    /// Upper limit of the measure
    #[arg(long)]
    max: Vec<String>,

    /// Lower limit of the measure
    #[arg(long)]
    min_value: Vec<String>,

    /// How much the measure may grow
    #[arg(long)]
    max_growth: Vec<String>,

    /// How many points the measure's share may fall
    #[arg(long)]
    max_drop: Vec<String>,

    /// No limit: sectors of a slot
    #[arg(long, default_value = "1")]
    max_sectors: u64,

    /// Input files
    #[arg(long)]
    file: Vec<String>,

    /// What cannot be done
    #[arg(long)]
    broken: Option<String>,
}

impl Tool for Probe {
    const NAME: &'static str = "probe";
    const SUMMARY: &'static str = "Judge one measure";
    const GUIDE: &'static str = "Nothing more.";
    const OUTPUTS: &'static [Output] = &[];
    const RULES: &'static [Rule] = &[Rule {
        id: "sectors",
        level: Level::Note,
        title: "There are few sectors.",
        help: "`--max-sectors` sets how many there may be, and `value: 3` is a value; `unheard-of` is none.",
    }];
    const REVISION: u32 = 2;
    const CHANGED_MEANINGS: &'static [(&'static str, u32)] = &[("m", 2)];
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        cx.expand(&args.file, report)?;
        let mut measure = Measure::bytes("m", args.value).out_of(10);
        for (bound, id, specs) in [
            (Bound::Max, "max", &args.max),
            (Bound::Min, "min_value", &args.min_value),
            (Bound::MaxGrowth, "max_growth", &args.max_growth),
            (Bound::MaxDrop, "max_drop", &args.max_drop),
        ] {
            for limits in cx.limits(bound, Unit::Bytes, id, specs)? {
                match limits.name() {
                    "m" => limits.attach(&mut measure)?,
                    _ => limits.record_unmatched(Reason::Gone, report),
                }
            }
        }
        report.measures.push(measure);
        if let Some((path, bytes)) = cx.baseline(report)?
            && let Some(earlier) = cx.read_baseline(&path, &bytes, report)?
        {
            cx.compare(report, &earlier, same_measure);
        }
        cx.judge(report, None);
        args.broken.map_or(Ok(()), |what| Err(Error::input(what)))
    }
}

/// The rules of a run's findings.
fn rules(folder: &Path, argv: &[&str]) -> Vec<String> {
    fs::create_dir_all(folder.join(".git")).unwrap();
    let host = Host { env: BTreeMap::new(), cwd: folder.to_owned(), ..Host::real() };
    let argv = argv.iter().copied().chain(["--report=report.json"]).map(Into::into).collect();
    let _ = invoke(&Entry::of::<Probe>(), argv, &host, &[]);
    let report: Report = serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap();
    report.findings.into_iter().map(|finding| finding.rule).collect()
}

#[test]
fn every_common_rule_is_found_where_it_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(rules(folder, &[]), Vec::<String>::new());
    fs::rename(folder.join("report.json"), folder.join("baseline.json")).unwrap();
    for (argv, rule) in [
        (&["--max=m=4"][..], "probe/max"),
        (&["--min-value=m=6"], "probe/min"),
        (&["--value=6", "--max-growth=m=0", "--baseline=baseline.json"], "probe/max-growth"),
        (&["--value=4", "--max-drop=m=0%", "--baseline=baseline.json"], "probe/max-drop"),
        (&["--max=other=4"], "probe/not-judged"),
        (&["--baseline=none.json"], "probe/no-baseline"),
        (&["--file=none.bin", "--missing=warn"], "probe/missing-input"),
        (&["--broken=bad.bin: cut off"], "probe/error"),
    ] {
        let found = rules(folder, argv);
        assert!(found.iter().any(|found| found == rule), "{argv:?}: {found:?}");
    }
    let text = fs::read_to_string(folder.join("baseline.json")).unwrap();
    fs::write(folder.join("older.json"), text.replace("\"revision\": 2", "\"revision\": 1")).unwrap();
    assert_eq!(rules(folder, &["--max-growth=m=0", "--baseline=older.json"]), ["probe/meaning-changed"]);
}

#[test]
fn a_rule_knows_the_settings_that_decide_it() {
    let entry = Entry::of::<Probe>();
    let settings = |id: &str| -> Vec<String> {
        let rule = entry.all_rules().find(|rule| rule.id == id).unwrap();
        entry.settings_of(rule).into_iter().map(|setting| setting.name).collect()
    };
    assert_eq!(settings("max"), ["max"], "max-sectors limits no measure");
    assert_eq!(settings("min"), ["min-value"]);
    assert_eq!(settings("max-growth"), ["max-growth"]);
    assert_eq!(settings("max-drop"), ["max-drop"]);
    assert_eq!(settings("sectors"), ["value", "max-sectors"]);
    assert_eq!(settings("missing-input"), ["missing"]);
    assert!(settings("no-baseline").contains(&"require-baseline".to_owned()));
    assert!(settings("not-judged").contains(&"max-drop".to_owned()));
}
