//! On a pull request the policy is that of the base: whoever changes the code does not change what it is held to.

use lw_model::{Level, Verdict};
use lw_testkit::git::Scratch;

use crate::common::{GATE, outcome};

const STRICT: &str = "[quality-gate.condition.coverage]\nmin = 80\n[quality-gate.number.m]\nfile = \"m.json\"\nformat = \"metrics\"\n";

#[test]
fn a_change_does_not_lower_its_own_bar() {
    for (what, policy) in [
        ("the threshold", STRICT.replace("80", "1")),
        ("the condition", "[quality-gate.number.m]\nfile = \"m.json\"\nformat = \"metrics\"\n[quality-gate.condition.other]\nmeasure = \"coverage\"\nmin = 1\n".to_owned()),
        ("what missing means", format!("{}missing = \"skip\"\n", STRICT.replace("[quality-gate.number", "missing = \"skip\"\nmeasure = \"gone\"\n[quality-gate.number"))),
        ("the file", STRICT.replace("m.json", "good.json")),
        ("the verdict that fails", format!("[quality-gate]\nfail-on = \"never\"\n{STRICT}")),
        ("everything", "[quality-gate]\nmin = [\"coverage=1\"]\nmetrics = [\"m.json\"]\n".to_owned()),
    ] {
        let scratch = Scratch::new();
        let metrics = [("m.json", "{\"coverage\": 50}"), ("good.json", "{\"coverage\": 99}")];
        scratch.commit(&[("lw.toml", STRICT), metrics[0], metrics[1]]);
        scratch.git(&["checkout", "--quiet", "-b", "change"]);
        scratch.commit(&[("lw.toml", &policy)]);
        let env = [
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_REF", "refs/pull/7/merge"),
            ("GITHUB_BASE_REF", "main"),
        ];
        let run = GATE.run_as_step(scratch.path(), &["check", "--config", "lw.toml"], &env);
        assert_eq!(outcome(&run), (1, Verdict::Fail), "{what}: {}{}", run.stdout, run.stderr);
        let note = run.report().findings.iter().find(|finding| {
            finding.level == Level::Note && finding.message.contains("a change may not decide for itself")
        });
        assert!(note.is_some(), "{what}: {:?}", run.report().findings);
    }
}
