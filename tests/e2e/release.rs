//! One version in a whole release: that of the recipe, and that of our own workflow, whose steps are run as they are written.

use lw_testkit::root;
use lw_testkit::runner::{Job, JobResult, Outcome};
use saphyr::{LoadableYamlNode, Yaml};

use crate::case::Workspace;
use crate::support::{Tree, binary, must};

/// A step that uses a tool of ours.
struct Step {
    tool: String,
    id: String,
    with: Vec<(String, String)>,
}

/// The steps of the recipe in docs/version.md that use a tool of ours.
fn recipe() -> Vec<Step> {
    let page = std::fs::read_to_string(root().join("docs/version.md")).unwrap();
    let (_, from) = page.split_once("```yaml\n").unwrap();
    let text = from.split_once("\n```").unwrap().0;
    let workflow = Yaml::load_from_str(text).unwrap();
    let steps = workflow[0]["jobs"]["release"]["steps"].as_sequence().unwrap();
    let ours = steps.iter().filter_map(|step| {
        let uses = step.as_mapping_get("uses")?.as_str()?;
        let tool = uses.strip_prefix("org/lw-actions/")?.strip_suffix("@v1")?.to_owned();
        let id = step.as_mapping_get("id").and_then(Yaml::as_str).unwrap_or("env").to_owned();
        let with = step.as_mapping_get("with")?.as_mapping()?;
        let text = |value: &Yaml<'_>| value.as_str().unwrap().trim().to_owned();
        let with = with.iter().map(|(name, value)| (text(name), text(value))).collect();
        Some(Step { tool, id, with })
    });
    ours.collect()
}

/// The example firmware, whose image and manifest are of 1.1.0, with this tag on its commit.
fn firmware(tag: &str) -> (Workspace, String) {
    let workspace = Workspace::of(&[]);
    let example = root().join("examples/firmware/esp32c3");
    for (from, to) in
        [("Cargo.toml", "Cargo.toml"), ("Cargo.lock", "Cargo.lock"), ("firmware.bin", "build/s3/app.bin")]
    {
        let to = workspace.path().join(to);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(example.join(from), to).unwrap();
    }
    workspace.commit();
    must(std::process::Command::new("git").args(["tag", tag]).current_dir(workspace.path()));
    let head = workspace.head();
    (workspace, head)
}

fn run_recipe(tag: &str) -> (Workspace, JobResult) {
    let tree = Tree::with(&binary());
    let (workspace, head) = firmware(tag);
    let mut job = Job::new(workspace.path())
        .github("sha", &head)
        .github("ref", &format!("refs/tags/{tag}"))
        .github("ref_name", tag)
        .github("ref_type", "tag");
    for Step { tool, id, with } in recipe() {
        let with: Vec<(&str, String)> = with
            .iter()
            .map(|(name, value)| (name.as_str(), value.replace("${{ github.repository }}", "octo-org/app")))
            .collect();
        let with: Vec<(&str, &str)> = with.iter().map(|(name, value)| (*name, value.as_str())).collect();
        job = job.step(tree.path().join(tool), &with, &id);
    }
    let result = job.run().unwrap();
    (workspace, result)
}

#[test]
fn a_release_has_one_version_from_its_tag_to_its_bill_of_materials() {
    let (workspace, result) = run_recipe("v1.1.0");
    let log = |id: &str| result.step(id).map(|step| step.log.clone()).unwrap_or_default();
    assert_eq!(
        result.conclusion,
        Outcome::Success,
        "{}{}{}{}",
        log("version"),
        log("ota"),
        log("sbom"),
        log("image")
    );
    let output = |id: &str, name: &str| result.step(id).unwrap().outputs[name].clone();
    assert_eq!(output("version", "version"), "1.1.0");
    assert_eq!(result.env["BUILD_VERSION"], "1.1.0");
    assert_eq!(output("ota", "version"), "1.1.0");
    assert_eq!(output("image", "version"), "1.1.0");
    assert_eq!(
        output("image", "tags"),
        "ghcr.io/octo-org/app:1.1.0\nghcr.io/octo-org/app:1.1\nghcr.io/octo-org/app:latest"
    );
    // Not only what is said of the files, but what they hold.
    let package = std::fs::read(workspace.path().join("app.ota")).unwrap();
    let manifest = String::from_utf8_lossy(package.get(..4096).unwrap()).into_owned();
    assert!(manifest.contains("\"version\": \"1.1.0\""), "{manifest}");
    let bill = std::fs::read(workspace.path().join("app.cdx.json")).unwrap();
    let bill: serde_json::Value = serde_json::from_slice(&bill).unwrap();
    assert_eq!(bill["metadata"]["component"]["version"], "1.1.0");
    assert_eq!(bill["metadata"]["component"]["name"], "app");
}

/// A tag that the files do not have ends the job before there is a package.
#[test]
fn a_release_whose_files_have_another_version_makes_nothing() {
    let (workspace, result) = run_recipe("v1.2.0");
    assert_eq!(result.conclusion, Outcome::Failure);
    let check = result.step("version").unwrap();
    assert!(check.log.contains("Cargo.toml") && check.log.contains("1.2.0"), "{}", check.log);
    assert!(result.step("ota").is_none_or(|step| step.outcome == Outcome::Skipped));
    assert!(!workspace.path().join("app.ota").exists() && !workspace.path().join("app.cdx.json").exists());
}

/// The script of a step of our release workflow.
fn own_script(job: &str, id: &str) -> String {
    let text = std::fs::read_to_string(root().join(".github/workflows/release.yml")).unwrap();
    let workflow = Yaml::load_from_str(&text).unwrap();
    let steps = workflow[0]["jobs"][job]["steps"].as_sequence().unwrap();
    let step = steps
        .iter()
        .find(|step| step.as_mapping_get("id").and_then(Yaml::as_str) == Some(id))
        .unwrap_or_else(|| panic!("no step {id} in the job {job}"));
    step.as_mapping_get("run").and_then(Yaml::as_str).unwrap().to_owned()
}

/// A script of the workflow with the binary of this build instead of one that is built or downloaded.
fn with_binary(script: &str, from: &str, tool: &str) -> String {
    assert!(script.contains(from), "{script}");
    let lines = script.lines().filter(|line| !line.starts_with("chmod "));
    let script = lines.collect::<Vec<_>>().join("\n");
    script.replace(from, &format!("'{}' {tool}", binary().display()))
}

fn own_run(workspace: &Workspace, head: &str, tag: &str, script: &str, id: &str) -> JobResult {
    Job::new(workspace.path())
        .github("sha", head)
        .github("ref", &format!("refs/tags/{tag}"))
        .github("ref_name", tag)
        .github("ref_type", "tag")
        .env("TAG", tag)
        .env("IMAGE", "ghcr.io/org/lw")
        .script("bash", script, id)
        .run()
        .unwrap()
}

#[test]
fn our_own_release_takes_its_version_from_the_tag_that_the_manifests_hold() {
    let script = own_script("version", "version");
    let script = with_binary(&script, "cargo run --locked --quiet --package lw-version --", "version");
    let workspace = Workspace::of(&[]);
    // This repository's own manifests.
    let list = must(
        std::process::Command::new("git")
            .args(["ls-files", "--", "Cargo.toml", "Cargo.lock", "*/Cargo.toml"])
            .current_dir(root()),
    );
    for name in list.lines() {
        let to = workspace.path().join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(root().join(name), to).unwrap();
    }
    workspace.commit();
    let head = workspace.head();
    let version = env!("CARGO_PKG_VERSION");
    let result = own_run(&workspace, &head, &format!("source/v{version}"), &script, "version");
    let step = result.step("version").unwrap();
    assert_eq!(result.conclusion, Outcome::Success, "{}", step.log);
    assert_eq!(step.outputs["version"], version);
    assert_eq!(step.outputs["major"], version.split('.').next().unwrap());
    let result = own_run(&workspace, &head, "source/v99.0.0", &script, "version");
    assert_eq!(result.conclusion, Outcome::Failure, "{}", result.step("version").unwrap().log);
}

#[test]
fn our_own_image_has_its_version_and_a_major_one_that_moves_forward_only() {
    let script = own_script("publish", "tags");
    let script = with_binary(&script, "out/lw-x86_64-unknown-linux-musl image-tags", "image-tags");
    let (workspace, head) = firmware("source/v1.1.0");
    let git = |args: &[&str]| {
        let who = ["-c", "user.name=octocat", "-c", "user.email=octocat@example.org"];
        must(std::process::Command::new("git").args(who).args(args).current_dir(workspace.path()))
    };
    git(&["commit", "--quiet", "--allow-empty", "--message", "fix: later"]);
    for tag in ["source/v1.2.0", "v9.0.0"] {
        git(&["tag", tag]);
    }
    let later = workspace.head();
    let tags = |head: &str, tag: &str| {
        let result = own_run(&workspace, head, tag, &script, "tags");
        let step = result.step("tags").unwrap();
        assert_eq!(result.conclusion, Outcome::Success, "{}", step.log);
        step.outputs["tags"].clone()
    };
    assert_eq!(tags(&later, "source/v1.2.0"), "ghcr.io/org/lw:1.2.0\nghcr.io/org/lw:1");
    // The older one, built again.
    assert_eq!(tags(&head, "source/v1.1.0"), "ghcr.io/org/lw:1.1.0");
}
