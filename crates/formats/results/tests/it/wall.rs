//! How long a run took on the clock, where its tool says so.

use lw_results::read;

fn millis(text: &str) -> Option<u128> {
    read(text.as_bytes()).unwrap().wall.map(|time| time.as_millis())
}

#[test]
fn junit_says_it_of_the_run_or_of_its_suites() {
    let case = "<testcase name='a' time='9'/>";
    let suites = format!(
        "<testsuite name='s' time='1.5'>{case}</testsuite><testsuite name='t' time='2'>{case}</testsuite>"
    );
    // Side by side they took less than together.
    assert_eq!(millis(&format!("<testsuites time='2.25'>{suites}</testsuites>")), Some(2250));
    assert_eq!(millis(&format!("<testsuites>{suites}</testsuites>")), Some(3500));
    // What says that nothing took time does not measure it.
    assert_eq!(millis(&format!("<testsuites time='0.000'>{suites}</testsuites>")), Some(3500));
    assert_eq!(millis(&format!("<testsuites><testsuite name='s'>{case}</testsuite></testsuites>")), None);
    // Suites within suites are told by those around them.
    let nested = "<testsuite name='s' time='4'><testsuite name='t' time='3'><testcase name='a'/></testsuite></testsuite>";
    assert_eq!(millis(nested), Some(4000));
    assert_eq!(millis(&format!("<testsuites>{nested}</testsuites>")), Some(4000));
}

#[test]
fn go_says_when_each_event_was() {
    let event = |time: &str, rest: &str| format!("{{\"Time\":\"{time}\",\"Package\":\"p\",{rest}}}\n");
    let text = event("2026-01-02T03:04:05.5+01:00", "\"Action\":\"run\",\"Test\":\"TestA\"")
        + &event("2026-01-02T02:04:06Z", "\"Action\":\"pass\",\"Test\":\"TestA\",\"Elapsed\":0.1")
        + &event("2026-01-02T02:04:07.25Z", "\"Action\":\"pass\",\"Elapsed\":0.1");
    assert_eq!(millis(&text), Some(1750));
    assert_eq!(millis(&text.replace("2026", "twenty")), None);
}

#[test]
fn others_say_it_at_their_end() {
    let text = "\nrunning 1 test\ntest a ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.25s\n";
    assert_eq!(millis(text), Some(1250));
    assert_eq!(millis(&text.repeat(2)), Some(2500));
    let json = "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 1 }\n{ \"type\": \"test\", \"event\": \"started\", \"name\": \"a\" }\n{ \"type\": \"test\", \"name\": \"a\", \"event\": \"ok\" }\n{ \"type\": \"suite\", \"event\": \"ok\", \"passed\": 1, \"failed\": 0, \"ignored\": 0, \"exec_time\": 0.5 }\n";
    assert_eq!(millis(json), Some(500));
    let nunit = "<test-run total='1' failed='0' duration='2.5'><test-suite fullname='s' result='Passed'><test-case fullname='a' name='a' result='Passed'/></test-suite></test-run>";
    assert_eq!(millis(nunit), Some(2500));
    let xunit = "<assemblies><assembly name='a.dll' total='1' failed='0' errors='0' time='0.75'><collection><test name='a' type='c' result='Pass'/></collection></assembly></assemblies>";
    assert_eq!(millis(xunit), Some(750));
    let trx = "<TestRun xmlns='http://microsoft.com/schemas/VisualStudio/TeamTest/2010'><Times start='2026-01-02T03:04:05.0000000+01:00' finish='2026-01-02T03:04:08.5000000+01:00'/><Results><UnitTestResult testName='a' outcome='Passed' testId='1'/></Results><ResultSummary outcome='Completed'><Counters total='1' failed='0'/></ResultSummary></TestRun>";
    assert_eq!(millis(trx), Some(3500));
}
