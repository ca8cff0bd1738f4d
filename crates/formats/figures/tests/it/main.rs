//! Figures of other tools: what they wrote, and what is none.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lw_figures::{Ended, Figures, Format, Problem, Stated, Take, csv_value, json_value, needs, read};
use lw_model::Number;
use proptest::prelude::*;

fn value(figures: &Figures, name: &str) -> Number {
    figures.get(name).unwrap_or_else(|| panic!("no {name} in {figures:?}")).value
}

fn problem(format: Format, text: &str) -> Problem {
    read(format, text.as_bytes()).unwrap_err().problem
}

#[test]
fn metrics_are_numbers_and_nothing_else_is_one() {
    let text = r#"{"coverage": 82.5, "binary_size": 1048576, "text": "80", "none": null, "yes": true, "list": [1],
                   "big": 18446744073709551615, "deep": {"ram": 7}, "fell": -3}"#;
    let figures = read(Format::Metrics, text.as_bytes()).unwrap();
    assert_eq!(value(&figures, "coverage"), Number::Decimal(82.5));
    assert_eq!(value(&figures, "binary_size"), Number::Integer(1_048_576));
    assert_eq!(value(&figures, "deep.ram"), Number::Integer(7));
    assert_eq!(value(&figures, "fell"), Number::Integer(-3));
    let unusable: Vec<_> = figures.unusable.iter().map(|item| (item.name.as_str(), item.why)).collect();
    assert_eq!(
        unusable,
        [
            ("text", "text"),
            ("none", "null"),
            ("yes", "true or false"),
            ("list", "a list"),
            ("big", "larger than 2^63 - 1")
        ]
    );
}

#[test]
fn no_json_and_a_name_twice_are_refused_with_their_place() {
    // Python's json module writes these, and they are no JSON.
    for text in
        ["{\"coverage\": NaN}", "{\"coverage\": Infinity}", "{\"coverage\": 1e999}", "{\"coverage\": 80"]
    {
        assert!(matches!(problem(Format::Metrics, text), Problem::Json { line: 1, .. }), "{text}");
    }
    let twice = read(Format::Metrics, b"{\"coverage\": 10,\n \"coverage\": 90}").unwrap_err();
    assert_eq!(twice.to_string(), "metrics: line 2, column 2: the member \"coverage\" is there twice");
    let alike = problem(Format::Metrics, r#"{"a.b": 1, "a": {"b": 2}}"#);
    assert!(matches!(alike, Problem::Shape { .. }), "{alike:?}");
    assert_eq!(problem(Format::Metrics, " \n"), Problem::Empty);
    assert!(matches!(problem(Format::Metrics, "[1]"), Problem::Shape { .. }));
    assert!(matches!(
        read(Format::Metrics, b"{\"a\": 1, \"\xff\": 2}").unwrap_err().problem,
        Problem::NotUtf8(10)
    ));
    let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
    assert!(matches!(problem(Format::Metrics, &deep), Problem::Json { .. }));
}

#[test]
fn a_json_pointer_names_one_number() {
    let text = br#"{"totals": {"percent": 81.25, "a/b": [1, 2], "text": "81"}}"#;
    assert_eq!(json_value(text, "/totals/percent").unwrap(), Number::Decimal(81.25));
    assert_eq!(json_value(text, "/totals/a~1b/1").unwrap(), Number::Integer(2));
    assert_eq!(
        json_value(text, "/totals/nope").unwrap_err().problem,
        Problem::Nothing("/totals/nope".into())
    );
    let text = json_value(text, "/totals/text").unwrap_err();
    assert_eq!(text.to_string(), "JSON: `/totals/text` is no number: it is text");
}

#[test]
fn a_column_is_one_number_or_says_which() {
    let text = b"name,\"size, bytes\",note\na,10,x\n\"b \"\"c\"\"\",30.5,\"two\nlines\"\nd,20,\n";
    let take = |take| csv_value(text, "size, bytes", None, take);
    assert_eq!(take(Take::Max).unwrap(), Number::Decimal(30.5));
    assert_eq!(take(Take::Min).unwrap(), Number::Integer(10));
    assert_eq!(take(Take::Sum).unwrap(), Number::Decimal(60.5));
    assert_eq!(take(Take::Last).unwrap(), Number::Integer(20));
    assert!(matches!(take(Take::Only).unwrap_err().problem, Problem::Several { rows: 3, .. }));
    assert_eq!(csv_value(text, "size, bytes", Some(("name", "d")), Take::Only).unwrap(), Number::Integer(20));
    assert!(matches!(
        csv_value(text, "size, bytes", Some(("name", "z")), Take::Max).unwrap_err().problem,
        Problem::Nothing(_)
    ));
    assert!(matches!(csv_value(text, "size", None, Take::Max).unwrap_err().problem, Problem::Nothing(_)));
    for cell in ["NaN", "inf", "1e3", "", "0x10", "1_000", "+1", "null"] {
        let text = format!("n,v\na,{cell}\n");
        let problem = csv_value(text.as_bytes(), "v", None, Take::Only).unwrap_err().problem;
        assert!(matches!(problem, Problem::NoNumber { .. }), "{cell}: {problem:?}");
    }
    assert!(matches!(
        csv_value(b"n,v\na,1,2\n", "v", None, Take::Max).unwrap_err().problem,
        Problem::Line { line: 2, .. }
    ));
    assert!(matches!(
        csv_value(b"v,v\n1,2\n", "v", None, Take::Max).unwrap_err().problem,
        Problem::Line { line: 1, .. }
    ));
}

const SONAR: &str = r#"{"projectStatus":{"status":"OK","conditions":[
  {"status":"OK","metricKey":"new_coverage","comparator":"LT","errorThreshold":"80","actualValue":"82.50562381034781"},
  {"status":"OK","metricKey":"new_violations","comparator":"GT","errorThreshold":"0","actualValue":"0"},
  {"status":"OK","metricKey":"odd","comparator":"GT","errorThreshold":"0","actualValue":"NaN"},
  {"status":"NO_VALUE","metricKey":"new_duplicated_lines_density","comparator":"GT","errorThreshold":"3"}]}}"#;

#[test]
fn sonar_writes_numbers_as_text() {
    let figures = read(Format::Sonar, SONAR.as_bytes()).unwrap();
    assert_eq!(figures.stated, Some(Stated::Passed));
    assert_eq!(value(&figures, "new_coverage"), Number::Decimal(82.505_623_810_347_81));
    assert_eq!(value(&figures, "new_violations"), Number::Integer(0));
    let unusable: Vec<_> = figures.unusable.iter().map(|item| (item.name.as_str(), item.why)).collect();
    assert_eq!(unusable, [("odd", "text"), ("new_duplicated_lines_density", "without a value")]);

    let webhook = r#"{"qualityGate":{"name":"Sonar way","status":"ERROR","conditions":[
      {"metric":"coverage","operator":"LESS_THAN","value":"0.0","status":"ERROR","errorThreshold":"80"}]}}"#;
    let figures = read(Format::Sonar, webhook.as_bytes()).unwrap();
    assert_eq!((figures.stated, value(&figures, "coverage")), (Some(Stated::Failed), Number::Decimal(0.0)));
}

#[test]
fn sonars_gate_has_not_passed_with_a_condition_that_did_not() {
    let stated = |text: &str| read(Format::Sonar, text.as_bytes()).unwrap().stated.unwrap();
    assert_eq!(
        stated(&SONAR.replacen(
            r#"[
  {"status":"OK""#,
            r#"[
  {"status":"ERROR""#,
            1
        )),
        Stated::Failed
    );
    assert_eq!(stated(r#"{"projectStatus":{"status":"NONE","conditions":[]}}"#), Stated::NotJudged);
    let unknown = problem(Format::Sonar, r#"{"projectStatus":{"status":"FINE"}}"#);
    assert!(matches!(unknown, Problem::Shape { .. }), "{unknown:?}");
    assert!(matches!(problem(Format::Sonar, r#"{"errors":[{"msg":"Unauthorized"}]}"#), Problem::Nothing(_)));
}

// As lizard 1.24.3 wrote it for a file of two functions.
const LIZARD: &str = "6,4,22,1,6,\"f@1-6@a.py\",\"a.py\",\"f\",\"f( a )\",1,6\n2,1,7,1,2,\"m@9-10@a.py\",\"a.py\",\"m\",\"m( self )\",9,10\n";

#[test]
fn lizard() {
    let with_head =
        format!("NLOC,CCN,token,PARAM,length,location,file,function,long_name,start,end\n{LIZARD}");
    for text in [LIZARD, &with_head] {
        let figures = read(Format::Lizard, text.as_bytes()).unwrap();
        assert_eq!(value(&figures, "complexity.max"), Number::Integer(4));
        assert_eq!(value(&figures, "complexity.mean"), Number::Decimal(2.5));
        assert_eq!(value(&figures, "functions"), Number::Integer(2));
        assert_eq!(value(&figures, "lines.code"), Number::Integer(8));
        assert_eq!(value(&figures, "length.max"), Number::Integer(6));
    }
    assert_eq!(
        problem(Format::Lizard, "NLOC,CCN,token,PARAM,length,location,file,function,long_name,start,end\n"),
        Problem::Empty
    );
    assert!(matches!(problem(Format::Lizard, "6,x,22,1,6,a,b,c,d,1,6\n"), Problem::Line { line: 1, .. }));
    assert!(matches!(problem(Format::Lizard, "6,-4,22,1,6,a,b,c,d,1,6\n"), Problem::Line { line: 1, .. }));
    assert!(matches!(problem(Format::Lizard, "6,4,22\n"), Problem::Line { line: 1, .. }));
}

#[test]
fn radon() {
    // As radon 6.0.1 wrote it; it calls these 3 blocks with a mean of 2.333.
    let cc = r#"{"a.py": [{"type": "function", "rank": "A", "complexity": 4, "name": "f", "closures": []},
      {"type": "class", "rank": "A", "complexity": 2, "name": "C", "methods": [{"type": "method", "complexity": 1}]},
      {"type": "method", "rank": "A", "complexity": 1, "name": "m", "classname": "C", "closures": []}]}"#;
    let figures = read(Format::Radon, cc.as_bytes()).unwrap();
    assert_eq!(value(&figures, "complexity.max"), Number::Integer(4));
    assert_eq!(value(&figures, "blocks"), Number::Integer(3));
    assert!((value(&figures, "complexity.mean").as_f64() - 7.0 / 3.0).abs() < 1e-12);
    let mi =
        read(Format::Radon, br#"{"a.py": {"mi": 100.0, "rank": "A"}, "b.py": {"mi": 55.5, "rank": "A"}}"#)
            .unwrap();
    assert_eq!(value(&mi, "maintainability.min"), Number::Decimal(55.5));
    let raw = read(Format::Radon, br#"{"a.py": {"loc": 10, "lloc": 10, "sloc": 9, "comments": 0}}"#).unwrap();
    assert_eq!(value(&raw, "lines.code"), Number::Integer(9));
    let broken =
        problem(Format::Radon, r#"{"a.py": [], "b.py": {"error": "invalid syntax (b.py, line 1)"}}"#);
    assert_eq!(broken, Problem::Partial("b.py".into()));
    assert_eq!(problem(Format::Radon, "{}"), Problem::Empty);
}

#[test]
fn gocyclo() {
    let text = "9 main (*T).run cmd/a b/main.go:12:1\n2 main main cmd/main.go:40:1\nAverage: 5.5\n";
    let figures = read(Format::Gocyclo, text.as_bytes()).unwrap();
    assert_eq!(value(&figures, "complexity.max"), Number::Integer(9));
    assert_eq!(value(&figures, "complexity.mean"), Number::Decimal(5.5));
    assert!(matches!(problem(Format::Gocyclo, "gocyclo: no such file\n"), Problem::Line { line: 1, .. }));
    assert_eq!(problem(Format::Gocyclo, "Average: NaN\n"), Problem::Empty);
}

#[test]
fn jscpd_and_scc() {
    let text = r#"{"statistics": {"total": {"lines": 3000, "tokens": 9, "sources": 12, "clones": 2, "duplicatedLines": 150,
      "duplicatedTokens": 4, "percentage": 5, "newClones": 0}}, "duplicates": []}"#;
    let figures = read(Format::Jscpd, text.as_bytes()).unwrap();
    let lines = figures.get("duplication.lines").unwrap();
    assert_eq!((lines.value, lines.whole), (Number::Integer(150), Some(Number::Integer(3000))));
    assert_eq!(problem(Format::Jscpd, &text.replace("3000", "0")), Problem::Empty);
    assert!(matches!(problem(Format::Jscpd, &text.replace("150", "3001")), Problem::Shape { .. }));
    assert!(matches!(problem(Format::Jscpd, &text.replace("150", "\"150\"")), Problem::NoNumber { .. }));

    let one =
        r#"{"Name":"Go","Bytes":9,"Lines":100,"Code":70,"Comment":20,"Blank":10,"Complexity":7,"Count":3}"#;
    for text in
        [format!("[{one},{one}]"), format!("{{\"languageSummary\":[{one},{one}],\"estimatedCost\":1}}")]
    {
        let figures = read(Format::Scc, text.as_bytes()).unwrap();
        assert_eq!(value(&figures, "complexity.sum"), Number::Integer(14));
        assert_eq!(value(&figures, "lines.code"), Number::Integer(140));
    }
    assert_eq!(problem(Format::Scc, "[]"), Problem::Empty);
}

#[test]
fn jobs_of_a_workflow() {
    let jobs = needs(
        r#"{"b": {"result": "success", "outputs": {"x": "1"}}, "a": {"result": "neutral", "outputs": {}}}"#,
    )
    .unwrap();
    let ended: Vec<_> = jobs.iter().map(|job| (job.id.as_str(), job.ended.clone())).collect();
    assert_eq!(ended, [("b", Ended::Success), ("a", Ended::Unknown("neutral".into()))]);
    for bad in ["", "[]", "null", r#"{"a": {}}"#, r#"{"a": {"result": null}}"#, r#"{"a": "success"}"#] {
        assert!(needs(bad).is_err(), "{bad}");
    }
    let twice = needs(r#"{"a": {"result": "failure"}, "a": {"result": "success"}}"#).unwrap_err();
    assert!(twice.to_string().contains("the member \"a\" is there twice"), "{twice}");
}

proptest! {
    /// Whatever bytes a file has: an answer, and every number of it is one.
    #[test]
    fn any_bytes_are_read_or_refused(text in "[ -~\n]{0,200}", which in 0_usize..7) {
        if let Ok(figures) = read(Format::ALL[which], text.as_bytes()) {
            prop_assert!(figures.figures.iter().all(|figure| figure.value.as_f64().is_finite()));
        }
        let _ = needs(&text);
    }

    /// A number that Sonar writes is the number that Rust reads.
    #[test]
    fn numbers_as_text_are_exact(value in -1e6_f64..1e6) {
        let text = format!(r#"{{"projectStatus":{{"status":"OK","conditions":[{{"metricKey":"m","actualValue":"{value}"}}]}}}}"#);
        let figures = read(Format::Sonar, text.as_bytes()).unwrap();
        prop_assert_eq!(figures.get("m").map(|figure| figure.value.as_f64()), Some(value));
    }
}
