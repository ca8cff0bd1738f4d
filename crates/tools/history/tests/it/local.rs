//! The history on this machine, and what is made of it.

use std::fs;

use lw_model::{Level, Provenance, Verdict};
use lw_testkit::tool::words;

use crate::{PUSH, Scene, TOOL, outcome, size};

impl Scene {
    /// Runs it as on a laptop.
    fn run(&self, line: &str) -> lw_testkit::tool::Run {
        let line = line.replace('@', &self.around.path().to_string_lossy());
        TOOL.run(self.scratch.path(), &words(&line), &[])
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.around.path().join(name)).unwrap()
    }

    /// A file with the figures of so many commits.
    fn recorded(&self, values: &[u64]) {
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.commit();
            }
            self.report("r/a.json", size(Some("esp32"), *value));
            let run = self.run("record --reports @/r/a.json --file @/history.jsonl");
            assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        }
    }
}

#[test]
fn a_laptop_and_other_cis_keep_it_in_a_file_or_a_folder() {
    let scene = Scene::new();
    scene.recorded(&[900, 910, 1_001]);
    assert_eq!(scene.text("history.jsonl").lines().count(), 3);
    let run = scene.run("show --file @/history.jsonl");
    assert_eq!((run.count("commits"), run.count("figures")), (3, 1), "{}", run.stdout);
    for text in ["1,001 B", "max 1,000 B", "size-gate/image.bytes"] {
        assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
    }
    // What was breached is shown as that, and showing it is no breach of this run.
    assert_eq!(outcome(&run), (0, Verdict::Pass));
    let run = scene.run("show --file @/history.jsonl --last 2");
    assert_eq!(run.count("commits"), 2);

    scene.report("r/a.json", size(Some("esp32"), 905));
    assert_eq!(scene.run("record --reports @/r/a.json --folder @/store").code, 0);
    assert_eq!(fs::read_dir(scene.around.path().join("store")).unwrap().count(), 1);
    assert_eq!(scene.run("show --folder @/store").count("commits"), 1);
    // As a job of another CI.
    let run = scene.run("record --reports @/r/a.json --file @/x --folder @/store");
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn reports_that_do_not_belong_are_refused_by_name() {
    let scene = Scene::new();
    scene.report("r/good.json", size(Some("a"), 900));
    scene.report_of(&"2".repeat(40), "r/other.json", size(Some("b"), 900));
    let line = "record --reports @/r/*.json --file @/history.jsonl";
    let run = scene.run(line);
    assert_eq!((outcome(&run), run.found(Level::Error)), ((1, Verdict::Fail), vec!["report-refused"]));
    assert!(run.stdout.contains("it is of commit 222222222222"), "{}", run.stdout);
    // The good one is recorded all the same.
    assert_eq!(scene.text("history.jsonl").lines().count(), 1);

    let scene = Scene::new();
    let mut partial = size(Some("a"), 900);
    partial.provenance =
        Some(Provenance { commit: Some(scene.head()), complete: Some(false), ..Provenance::default() });
    scene.report("r/partial.json", partial);
    let run = scene.run(line);
    assert_eq!(outcome(&run), (1, Verdict::Fail));
    assert_eq!(run.found(Level::Warning), ["report-incomplete"]);
    assert_eq!(run.found(Level::Error), ["nothing-to-record"]);
    assert!(!scene.around.path().join("history.jsonl").exists());

    // Two legs of a matrix that nothing tells apart.
    let scene = Scene::new();
    scene.report("r/a.json", size(None, 900));
    scene.report("r/b.json", size(None, 901));
    let run = scene.run(line);
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["same-figure"]));
    assert!(scene.text("history.jsonl").contains("\"value\":900"));

    // What cannot be read, and what is not there.
    for line in [
        "record --reports @/event.json --reports @/r/a.json --file @/h2.jsonl",
        "record --reports @/none.json --reports @/r/a.json --file @/h3.jsonl",
    ] {
        fs::write(scene.around.path().join("event.json"), "## Passed").unwrap();
        let run = scene.run(line);
        assert_eq!(outcome(&run), (3, Verdict::Error), "{}", run.stderr);
    }
    assert_eq!(scene.text("h2.jsonl").lines().count(), 1);
    assert_eq!(scene.run("record").code, 2);
}

#[test]
fn figures_go_to_other_programs() {
    let scene = Scene::new();
    scene.recorded(&[900, 1_001]);
    let csv = scene.run("export --file @/history.jsonl --format csv").stdout;
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows[0], "time,commit,tool,title,subject,measure,value,whole,unit,verdict,limits");
    assert!(rows[1].contains(",size-gate,,esp32,image.bytes,900,,bytes,pass,"), "{csv}");
    assert!(rows[2].contains(",1001,,bytes,fail,"), "{csv}");
    assert_eq!(rows.len(), 3);
    let lines = scene.run("export --file @/history.jsonl --format jsonl").stdout;
    assert_eq!(lines, scene.text("history.jsonl"));
    let timeline = scene.run("export --file @/history.jsonl --format timeline").stdout;
    assert!(
        timeline.starts_with("# TYPE lw_measure_bytes gauge\n") && timeline.ends_with("# EOF\n"),
        "{timeline}"
    );
    let run = scene.run("export --file @/history.jsonl");
    assert_eq!(run.code, 2, "{}", run.stdout);
    let run = scene.run("export --file @/history.jsonl --write csv=@/out.csv");
    assert_eq!((run.code, scene.text("out.csv").lines().count()), (0, 3), "{}", run.stderr);
}

#[test]
fn figures_become_pictures() {
    let scene = Scene::new();
    scene.recorded(&[900]);
    // One commit is no line.
    let run = scene.run("chart --file @/history.jsonl --output @/trend.svg");
    assert_eq!(run.code, 3, "{}", run.stderr);
    let run = scene.run("chart --file @/history.jsonl");
    assert_eq!((run.code, run.found(Level::Note)), (0, vec!["no-trend"]));
    scene.commit();
    scene.recorded(&[950, 990]);
    let line = "chart --file @/history.jsonl --output @/trend.svg --output @/trend.mmd --write html=@/trend.html --summary @/s.md";
    let run = scene.run(line);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let svg = scene.text("trend.svg");
    assert!(svg.starts_with("<svg xmlns=") && svg.matches("class=\"point\"").count() == 3, "{svg}");
    assert!(svg.contains("max 1,000\u{a0}B") || svg.contains("max 1,000 B"), "{svg}");
    assert!(scene.text("trend.mmd").contains("line [900, 950, 990]"));
    let summary = scene.text("s.md");
    assert!(summary.contains("```mermaid\nxychart-beta\n"), "{summary}");
    assert!(scene.text("trend.html").contains("class=\"trend\""));
    for wrong in ["@/trend.png", "@/trend"] {
        assert_eq!(scene.run(&format!("chart --file @/history.jsonl --output {wrong}")).code, 2);
    }
}

#[test]
fn a_badge_is_of_one_figure_and_of_the_newest_commit() {
    let scene = Scene::new();
    scene.recorded(&[900]);
    let badge = "badge --file @/history.jsonl --output @/b.json --output @/b.svg";
    assert_eq!(scene.run(badge).code, 0);
    assert_eq!(
        scene.text("b.json"),
        "{\"schemaVersion\":1,\"label\":\"image.bytes\",\"message\":\"900 B\",\"color\":\"brightgreen\"}\n"
    );
    assert!(scene.text("b.svg").contains(">900 B</text>"));
    scene.commit();
    scene.recorded(&[1_001]);
    scene.run(&format!("{badge} --label size"));
    assert!(scene.text("b.json").contains("\"label\":\"size\",\"message\":\"1,001 B\",\"color\":\"red\""));
    // The newest commit has not measured it: what it was before says nothing of now.
    scene.commit();
    scene.report("r/b.json", size(Some("esp32-s3"), 5));
    scene.run("record --reports @/r/b.json --file @/history.jsonl");
    scene.run(&format!("{badge} --subject esp32"));
    assert!(scene.text("b.json").contains("\"message\":\"unknown\",\"color\":\"lightgrey\""));
    let run = scene.run(badge);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("image.bytes of esp32-s3"), "{}", run.stderr);
    // Of what is not there, there is no badge that could be taken for one.
    fs::remove_file(scene.around.path().join("b.json")).unwrap();
    let run = scene.run(&format!("{badge} --measure nothing"));
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["no-history"]));
    assert!(!scene.around.path().join("b.json").exists());
}

#[test]
fn a_step_of_another_branch_keeps_nothing_in_a_file_either() {
    let scene = Scene::new();
    scene.report("r/a.json", size(None, 900));
    let feature = crate::Event { name: "push", reference: "refs/heads/feature", payload: PUSH.payload };
    let run = scene.step(&feature, "record --reports @/r/a.json --file @/history.jsonl");
    assert_eq!((run.code, run.output("recorded")), (0, "no"));
    assert!(!scene.around.path().join("history.jsonl").exists());
}
