//! One version in a whole release: that of the recipe, and that of our own workflow, whose steps are run as they are written.

use std::path::Path;
use std::process::Command;

use lw_testkit::runner::{Job, JobResult, Outcome};
use lw_testkit::{root, skip};
use saphyr::{LoadableYamlNode, Yaml};

use crate::case::Workspace;
use crate::support::{Said, Tree, binary, must, say, which, write_program};

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
    must(Command::new("git").args(["tag", tag]).current_dir(workspace.path()));
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
        Command::new("git")
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
    let script = own_script("assemble", "tags");
    let script = with_binary(&script, "out/lw-x86_64-unknown-linux-musl image-tags", "image-tags");
    let (workspace, head) = firmware("source/v1.1.0");
    let git = |args: &[&str]| {
        let who = ["-c", "user.name=octocat", "-c", "user.email=octocat@example.org"];
        must(Command::new("git").args(who).args(args).current_dir(workspace.path()))
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

/// Runs a script of the workflow as the runner does, with a `gh` that answers with files.
fn own_shell(script: &str, folder: &Path, gh: Option<&str>, env: &[(&str, &str)]) -> Said {
    let bin = folder.join(".stand-ins");
    if let Some(gh) = gh {
        write_program(&bin.join("gh"), gh);
    }
    let path = format!("{}:{}", bin.display(), lw_testkit::env("PATH").unwrap_or_default());
    let mut command = Command::new("bash");
    command.args(["-e", "-c", script]).current_dir(folder).env("PATH", path);
    command.env("GITHUB_REPOSITORY", "org/lw-actions").env("GITHUB_REF_NAME", "source/v1.2.3");
    say(command.envs(env.iter().copied()))
}

#[test]
fn only_a_tag_on_main_is_released() {
    let script = own_script("version", "on-main");
    let folder = tempfile::tempdir().unwrap();
    let git = |args: &[&str]| {
        let who = ["-c", "user.name=octocat", "-c", "user.email=octocat@example.org"];
        must(Command::new("git").args(who).args(args).current_dir(folder.path()))
    };
    git(&["init", "--quiet"]);
    for message in ["first", "second"] {
        git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }
    git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    assert_eq!(own_shell(&script, folder.path(), None, &[]).code, 0);
    // An older commit of main: a patch of what was released before.
    git(&["checkout", "--quiet", "--detach", "HEAD~1"]);
    assert_eq!(own_shell(&script, folder.path(), None, &[]).code, 0);
    git(&["commit", "--quiet", "--allow-empty", "--message", "not reviewed"]);
    let said = own_shell(&script, folder.path(), None, &[]);
    assert!(said.code == 1 && said.stdout.contains("source/v1.2.3 is not on main"), "{said:?}");
    // Nor where there is no main to ask.
    git(&["update-ref", "-d", "refs/remotes/origin/main"]);
    assert_eq!(own_shell(&script, folder.path(), None, &[]).code, 1);
}

#[test]
fn nothing_is_released_where_tags_can_be_moved() {
    if which("jq").is_none() {
        return skip("jq is not installed; .ci/e2e-setup installs it").unwrap_or_default();
    }
    let script = own_script("version", "rules");
    let run = |list: &str, ruleset: &str| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("list.json"), list).unwrap();
        std::fs::write(folder.path().join("ruleset.json"), ruleset).unwrap();
        // gh api ADDRESS --jq FILTER
        let gh = "#!/bin/sh\n[ \"$1 $3\" = 'api --jq' ] || exit 9\ncase $2 in\n*/rulesets\\?*) file=list.json ;;\n*/rulesets/7) file=ruleset.json ;;\n*) echo '{\"status\":\"404\"}'; exit 1 ;;\nesac\nexec jq -r \"$4\" $file\n";
        own_shell(&script, folder.path(), Some(gh), &[])
    };
    let list = |enforcement: &str| {
        format!("[{{\"id\": 7, \"target\": \"tag\", \"enforcement\": \"{enforcement}\"}}]")
    };
    let ruleset = |include: &str, exclude: &str, rules: &[&str]| {
        let rules: Vec<_> = rules.iter().map(|rule| serde_json::json!({ "type": rule })).collect();
        serde_json::json!({ "conditions": { "ref_name": { "include": [include], "exclude": serde_json::from_str::<serde_json::Value>(exclude).unwrap() } }, "rules": rules }).to_string()
    };
    let both = ["deletion", "update"];
    let releases = "refs/tags/v*.*.*";
    for (enforcement, set, red) in [
        ("active", ruleset(releases, "[]", &both), None),
        ("active", ruleset("~ALL", "[]", &["creation", "update", "deletion"]), None),
        ("evaluate", ruleset(releases, "[]", &both), Some("deletion")),
        ("active", ruleset(releases, "[]", &["deletion"]), Some("update")),
        ("active", ruleset(releases, "[]", &["update"]), Some("deletion")),
        ("active", ruleset("refs/tags/source/*", "[]", &both), Some("deletion")),
        ("active", ruleset(releases, "[\"refs/tags/v1.*\"]", &both), Some("deletion")),
    ] {
        let said = run(&list(enforcement), &set);
        match red {
            None => assert_eq!(said.code, 0, "{set}: {said:?}"),
            Some(rule) => assert!(
                said.code == 1 && said.stdout.contains(&format!("has the rule {rule} ")),
                "{set}: {said:?}"
            ),
        }
    }
    assert_eq!(run("[]", "{}").code, 1);
    // An answer that is none is no rule.
    assert_ne!(run("not JSON", "{}").code, 0);
}

#[test]
fn nothing_is_published_that_was_not_assembled() {
    let script = own_script("publish", "verify");
    let folder = tempfile::tempdir().unwrap();
    let release = folder.path().join(".release");
    std::fs::create_dir_all(release.join("out")).unwrap();
    for name in ["out/lw-x86_64-unknown-linux-musl", "out/lw.rb", "release.bundle", "notes.md", "tags.txt"] {
        std::fs::write(release.join(name), name).unwrap();
    }
    // The script of the job before.
    let assembled = "(cd out && sha256sum -- * >../checksums.txt && mv ../checksums.txt .)";
    assert!(own_script("assemble", "sums").contains(assembled));
    must(Command::new("sh").args(["-ec", assembled]).current_dir(&release));
    let listed = ["out/checksums.txt", "release.bundle", "notes.md", "tags.txt"];
    let sums = must(Command::new("sha256sum").args(listed).current_dir(&release));
    let verify = || own_shell(&script, folder.path(), None, &[("SUMS", sums.trim_end())]).code;
    assert_eq!(verify(), 0);
    for name in
        ["out/lw-x86_64-unknown-linux-musl", "out/checksums.txt", "release.bundle", "notes.md", "tags.txt"]
    {
        let path = release.join(name);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, "another\n").unwrap();
        assert_ne!(verify(), 0, "{name}");
        std::fs::write(&path, whole).unwrap();
    }
    std::fs::write(release.join("out/lw-added"), "x").unwrap();
    assert_ne!(verify(), 0);
    std::fs::remove_file(release.join("out/lw-added")).unwrap();
    assert_eq!(verify(), 0);
    assert_ne!(own_shell(&script, folder.path(), None, &[("SUMS", "")]).code, 0);
}

/// Of a job that may sign, none builds or runs what others have written, but for GitHub's own actions.
#[test]
fn no_job_that_may_sign_builds() {
    let text = std::fs::read_to_string(root().join(".github/workflows/release.yml")).unwrap();
    let workflow = Yaml::load_from_str(&text).unwrap();
    let jobs = workflow[0]["jobs"].as_mapping().unwrap();
    let mut signing = Vec::new();
    for (name, job) in jobs {
        let writes: Vec<&str> = job
            .as_mapping_get("permissions")
            .and_then(Yaml::as_mapping)
            .unwrap()
            .iter()
            .filter(|(_, access)| access.as_str() == Some("write"))
            .map(|(name, _)| name.as_str().unwrap())
            .collect();
        let Some(steps) = job.as_mapping_get("steps").and_then(Yaml::as_sequence) else { continue };
        let text = |key: &str| -> Vec<&str> {
            steps.iter().filter_map(|step| step.as_mapping_get(key)?.as_str()).collect()
        };
        let runs = text("run").join("\n");
        let builds = ["cargo", "npm", "pip ", "make", "rustup"].iter().any(|word| runs.contains(word));
        assert!(!builds || writes.is_empty(), "{name:?} builds, and may write {writes:?}");
        if writes.contains(&"id-token") {
            signing.push(name.as_str().unwrap());
            // Nothing that was downloaded is run.
            assert!(!runs.contains("chmod") && !runs.contains("./") && !runs.contains(" out/lw"), "{runs}");
            assert!(text("uses").iter().all(|uses| uses.starts_with("actions/")), "{:?}", text("uses"));
        }
        // An artifact is asked for by its whole name.
        for step in steps {
            let with = step.as_mapping_get("with").and_then(Yaml::as_mapping);
            let is_download = step
                .as_mapping_get("uses")
                .and_then(Yaml::as_str)
                .is_some_and(|uses| uses.contains("download-artifact"));
            if is_download {
                let keys: Vec<&str> = with.unwrap().keys().map(|key| key.as_str().unwrap()).collect();
                assert!(keys.contains(&"name") && !keys.contains(&"pattern"), "{name:?}: {keys:?}");
            }
        }
    }
    assert_eq!(signing, ["publish"]);
}
