//! Numbers of other tools, from the command line and from lw.toml.

use lw_model::{Level, Verdict};

use crate::common::{Place, answers, outcome};

#[test]
fn each_tool_has_its_figures() {
    let place = Place::new();
    place.file("ccn.csv", "6,4,22,1,6,\"f@1-6@a.py\",\"a.py\",\"f\",\"f( a )\",1,6\n");
    place.file("radon.json", r#"{"a.py": [{"type": "function", "complexity": 7}]}"#);
    place.file("cyclo.txt", "9 main run main.go:1:1\n");
    place.file(
        "jscpd.json",
        r#"{"statistics": {"total": {"lines": 100, "sources": 1, "clones": 1, "duplicatedLines": 5}}}"#,
    );
    place.file(
        "scc.json",
        r#"[{"Name":"C","Lines":9,"Code":7,"Comment":1,"Blank":1,"Complexity":3,"Count":1}]"#,
    );
    place.file("sonar.json", r#"{"projectStatus":{"status":"OK","conditions":[{"metricKey":"new_coverage","actualValue":"82.5","status":"OK"}]}}"#);
    place.file("any.json", r#"{"a": {"b": [1, 2.5]}}"#).file("any.csv", "name,size\nx,10\n");
    for (source, limit, met, breached) in [
        ("n=lizard:ccn.csv", "--max n:complexity.max", "4", "3"),
        ("n=radon:radon.json", "--max complexity.max", "7", "6"),
        ("n=gocyclo:cyclo.txt", "--max complexity.mean", "9", "8.9"),
        ("n=jscpd:jscpd.json", "--max duplication.lines", "5%", "4.9%"),
        ("n=scc:scc.json", "--max complexity.sum", "3", "2"),
        ("n=sonar:sonar.json", "--min new_coverage", "82.5", "82.6"),
        ("n=json:any.json#/a/b/1", "--max n", "2.5", "2.4"),
        ("n=csv:any.csv#size", "--max n", "10", "9"),
    ] {
        let check =
            |threshold: &str| outcome(&place.check(&format!("--source {source} {limit}={threshold}")));
        assert_eq!(check(met), (0, Verdict::Pass), "{source}");
        assert_eq!(check(breached), (1, Verdict::Fail), "{source}");
    }
}

#[test]
fn sonars_own_verdict_counts() {
    let place = Place::new();
    for (status, expected) in [
        ("OK", (0, Verdict::Pass)),
        ("WARN", (0, Verdict::Warn)),
        ("ERROR", (1, Verdict::Fail)),
        ("NONE", (1, Verdict::Fail)),
    ] {
        place.file("s.json", &format!(r#"{{"projectStatus":{{"status":"{status}","conditions":[{{"metricKey":"m","actualValue":"1"}}]}}}}"#));
        let run = place.check("--source s=sonar:s.json --max m=1");
        assert_eq!(outcome(&run), expected, "{status}: {}", run.stdout);
    }
}

#[test]
fn negatives_are_for_differences_only() {
    let place = Place::new();
    place.file("m.json", r#"{"complexity": -1, "fell": -2}"#);
    let run = place.check("--metrics m.json --max complexity=10");
    assert_eq!(outcome(&run), (1, Verdict::Fail), "{}", run.stdout);
    assert!(run.stdout.contains("is negative, and no difference is asked for"), "{}", run.stdout);
    place.file("lw.toml", "[quality-gate.condition.fell]\nmax = 3\ndelta = true\n");
    assert_eq!(outcome(&place.check("--metrics m.json")), (0, Verdict::Pass));
}

#[test]
fn a_file_that_is_not_there_or_not_what_it_should_be() {
    let place = Place::new();
    let run = place.check("--source n=lizard:none.csv --max complexity.max=10");
    assert_eq!(outcome(&run), (1, Verdict::Fail));
    assert!(run.found(Level::Error).contains(&"report-missing"));
    place.file("empty.csv", "").file("ok.json", r#"{"x": 1}"#);
    let run = place
        .check("--source n=lizard:empty.csv --source m=metrics:ok.json --max complexity.max=10 --max x=1");
    assert_eq!(outcome(&run), (3, Verdict::Error));
    assert!(run.stderr.contains("empty.csv: lizard: the file is empty"), "{}", run.stderr);
    assert!(answers(&run).contains(&"x: met".to_owned()), "one bad file does not hide a good one");
    for bad in ["lizard:x", "n=nope:x", "n=json:x", "n=csv:x", "=json:x#/a"] {
        let run = place.check(&format!("--source {bad} --max x=1"));
        assert_eq!(run.code, 2, "{bad}: {}", run.stdout);
    }
    assert_eq!(place.check("--source n=metrics:ok.json --source n=metrics:ok.json --max x=1").code, 2);
}

#[test]
fn a_table_says_more_than_a_flag() {
    let place = Place::new();
    place.file("sizes.csv", "board,bytes\na,10\nb,30\n");
    let with = |rest: &str| {
        place.file("lw.toml", &format!("[quality-gate.number.size]\nfile = \"sizes.csv\"\nformat = \"csv\"\ncolumn = \"bytes\"\nunit = \"bytes\"\n{rest}\n[quality-gate.condition.size]\nmax = \"20\"\n"));
        place.check("")
    };
    assert_eq!(outcome(&with("take = \"max\"")), (1, Verdict::Fail));
    assert_eq!(outcome(&with("take = \"mean\"")), (0, Verdict::Pass));
    assert_eq!(outcome(&with("row = \"board=a\"")), (0, Verdict::Pass));
    assert_eq!(outcome(&with("")), (3, Verdict::Error));
    for (missing, expected) in [("warn", (0, Verdict::Warn)), ("skip", (0, Verdict::Pass))] {
        place.file("lw.toml", &format!("[quality-gate.number.size]\nfile = \"none.csv\"\nformat = \"csv\"\ncolumn = \"bytes\"\nmissing = \"{missing}\"\n[quality-gate.condition.size]\nreport = \"size\"\nmax = \"20\"\n"));
        assert_eq!(outcome(&place.check("")), expected, "{missing}");
    }
}
