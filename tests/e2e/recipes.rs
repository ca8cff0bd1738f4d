//! The workflows of the README and of each tool's page, as they are written, run again and again under `act` as a
//! repository lives: main, a change that is beyond a limit and merged all the same, the next pull request.
//!
//! `act` does the checkout. The other actions cannot be fetched here: small ones stand in their place that keep what is
//! saved in a folder, and so does a `gh` that keeps releases in one. What the real cache does and they do not (branches
//! that do not see each other's entries) makes no difference to these workflows: only main saves.

use std::path::{Path, PathBuf};
use std::process::Command;

use lw_testkit::root;
use serde_json::{Value, json};

use crate::act;
use crate::case::Workspace;
use crate::stand_ins;
use crate::support::{Tree, binary, must, write_program};

/// Where the actions' pins stand in the workflows.
pub(crate) fn pin(workflow: &str, action: &str) -> String {
    let at =
        workflow.find(&format!("uses: {action}")).unwrap_or_else(|| panic!("no {action} in\n{workflow}"));
    let pinned = workflow[at..].lines().next().unwrap().split_once('@').unwrap().1;
    pinned.split(' ').next().unwrap().to_owned()
}

/// Where a pin stands: in the workflow, or in the action of ours that it uses.
pub(crate) fn pinning(workflow: &str) -> String {
    let with = workflow.split("uses: org/lw-actions/").skip(1).filter_map(|rest| rest.split_once('@'));
    let ours = with.map(|(action, _)| root().join("dist").join(action).join("action.yml"));
    let actions = ours.filter_map(|path| std::fs::read_to_string(path).ok());
    std::iter::once(workflow.to_owned()).chain(actions).collect()
}

/// Stands for actions/cache: an entry is a folder; the exact key wins, then the newest that begins as asked for.
pub(crate) fn cache(folder: &Path, store: &Path) {
    let store = store.display();
    let inputs = "inputs:\n  path: {required: true}\n  key: {required: true}\n  restore-keys: {default: ''}\n  enableCrossOsArchive: {default: 'false'}\noutputs:\n  cache-matched-key:\n    description: The key of what was restored\n    value: ${{ steps.do.outputs.cache-matched-key }}\n";
    let environment = "      env:\n        KEEP: ${{ inputs.path }}\n        KEY: ${{ inputs.key }}\n        OTHER: ${{ inputs.restore-keys }}\n";
    // A key may have slashes, a folder's name not.
    let flat = "        KEY=${KEY//\\//%} OTHER=${OTHER//\\//%}\n";
    let action = |script: &str| {
        format!(
            "name: cache\ndescription: Stands in\n{inputs}runs:\n  using: composite\n  steps:\n    - id: do\n      shell: bash\n{environment}      run: |\n{flat}{script}"
        )
    };
    let restore = format!(
        "        mkdir -p '{store}'\n        found=\n        [ -d '{store}'/\"$KEY\" ] && found='{store}'/\"$KEY\"\n        if [ -z \"$found\" ] && [ -n \"$OTHER\" ]; then found=$(ls -td '{store}'/\"$OTHER\"* 2>/dev/null | head -n 1 || true); fi\n        if [ -n \"$found\" ]; then cp -r \"$found\"/. . && echo \"restored $(basename \"$found\")\"; echo \"cache-matched-key=$(basename \"$found\")\" >> \"$GITHUB_OUTPUT\"; else echo 'restored nothing'; fi\n"
    );
    let save = format!(
        "        mkdir -p '{store}'\n        mkdir '{store}'/\"$KEY\" || {{ echo 'the key is taken'; exit 0; }}\n        cp -r --parents \"$KEEP\" '{store}'/\"$KEY\"/ && echo \"saved $KEY\"\n"
    );
    for (name, script) in [("restore", restore), ("save", save)] {
        write_program(&folder.join(name).join("action.yml"), &action(&script));
    }
}

/// Stands for actions/upload-artifact.
fn upload(folder: &Path, store: &Path) {
    let action = format!(
        "name: upload\ndescription: Stands in\ninputs:\n  name: {{required: true}}\n  path: {{required: true}}\nruns:\n  using: composite\n  steps:\n    - shell: bash\n      env:\n        KEEP: ${{{{ inputs.path }}}}\n      run: |\n        mkdir -p '{0}'\n        while read -r path; do [ -z \"$path\" ] || cp -r \"$path\" '{0}/'; done <<< \"$KEEP\"\n",
        store.display()
    );
    write_program(&folder.join("action.yml"), &action);
}

/// A repository with a workflow in it, and what stands for GitHub around it.
pub(crate) struct Project {
    /// Lies where the actions are looked for, as long as the project does.
    _tree: Tree,
    workspace: Workspace,
    /// Cache, releases, artifacts, and the actions and programs that keep them.
    around: tempfile::TempDir,
    locals: Vec<String>,
    /// More arguments of act: secrets, and which of several workflows.
    pub(crate) arguments: Vec<String>,
}

/// What came of a run.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) log: Vec<Value>,
}

impl Run {
    /// What a step gave out under this name.
    pub(crate) fn output(&self, step: &str, name: &str) -> String {
        let found = self.log.iter().find(|entry| {
            entry["command"] == "set-output" && entry["stepID"][0] == step && entry["name"] == name
        });
        found.and_then(|entry| entry["arg"].as_str()).unwrap_or_default().to_owned()
    }

    /// Everything that was printed.
    pub(crate) fn text(&self) -> String {
        let lines = self.log.iter().filter(|entry| entry["raw_output"] == true);
        lines.filter_map(|entry| entry["msg"].as_str()).map(|text| text.replace("\r\n", "\n")).collect()
    }
}

impl Project {
    /// `files` are of this repository, by their path in the project.
    fn of(workflow: &str, files: &[(&str, &str)], text: &[(&str, &str)]) -> Self {
        let read = |path: &str| std::fs::read(root().join(path)).unwrap();
        let files = files.iter().map(|(to, from)| (*to, read(from)));
        let text = text.iter().map(|(to, content)| (*to, content.as_bytes().to_vec()));
        Self::with(workflow, &files.chain(text).collect::<Vec<_>>())
    }

    /// With files by their path in the project.
    pub(crate) fn with(workflow: &str, files: &[(&str, Vec<u8>)]) -> Self {
        let around = tempfile::Builder::new().prefix("lw-around-").tempdir().unwrap();
        let tree = Tree::slow_to_fail(&binary());
        let workspace = Workspace::of(&[]);
        let place = |name: &str| around.path().join(name);
        cache(&place("actions/cache"), &place("cache"));
        // What is fetched again has to be kept by its name.
        if workflow.contains("uses: actions/download-artifact@") {
            stand_ins::upload_artifact(&place("actions/upload"), &place("artifacts"));
            stand_ins::download_artifact(&place("actions/download"), &place("artifacts"));
        } else {
            upload(&place("actions/upload"), &place("artifacts"));
        }
        stand_ins::gh(&place("bin"), &place("releases"));
        let mut locals = vec![format!("https://github.com/org/lw-actions@v1={}", tree.path().display())];
        for (name, uses, folder) in [
            ("cache", "actions/cache/restore", "actions/cache"),
            ("upload-artifact", "actions/upload-artifact", "actions/upload"),
            ("download-artifact", "actions/download-artifact", "actions/download"),
        ] {
            let pinning = pinning(workflow);
            if pinning.contains(&format!("uses: {uses}@")) {
                let pin = pin(&pinning, uses);
                locals.push(format!("https://github.com/actions/{name}@{pin}={}", place(folder).display()));
            }
        }
        let project = Self { _tree: tree, workspace, around, locals, arguments: Vec::new() };
        project.write(".github/workflows/recipe.yml", workflow.as_bytes());
        for (to, bytes) in files {
            project.write(to, bytes);
        }
        project.workspace.commit();
        project
    }

    /// Nothing but the suite's actions; `locals` are others that lie in folders around it, as `OWNER/NAME@PIN` and folder.
    pub(crate) fn bare(around: tempfile::TempDir, locals: &[(String, &str)]) -> Self {
        let tree = Tree::slow_to_fail(&binary());
        let workspace = Workspace::of(&[]);
        let mut all = vec![format!("https://github.com/org/lw-actions@v1={}", tree.path().display())];
        all.extend(locals.iter().map(|(action, folder)| {
            format!("https://github.com/{action}={}", around.path().join(folder).display())
        }));
        Self { _tree: tree, workspace, around, locals: all, arguments: Vec::new() }
    }

    /// What is there becomes the first commit of a repository.
    pub(crate) fn begin(&self) {
        self.workspace.commit();
    }

    pub(crate) fn path(&self) -> &Path {
        self.workspace.path()
    }

    pub(crate) fn write(&self, to: &str, bytes: &[u8]) {
        let path = self.path().join(to);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn copy(&self, from: &str, to: &str) {
        self.write(to, &std::fs::read(root().join(from)).unwrap());
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        let identity = ["-c", "user.name=octocat", "-c", "user.email=octocat@example.org"];
        must(Command::new("git").args(identity).args(args).current_dir(self.path())).trim().to_owned()
    }

    /// What is changed becomes a commit.
    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }

    fn run(&self, event: &str, payload: &Value) -> Option<Run> {
        let file = self.around.path().join("event.json");
        std::fs::write(&file, payload.to_string()).unwrap();
        let mut arguments = ["--eventpath", &file.to_string_lossy(), "--secret", "GITHUB_TOKEN=not-a-token"]
            .map(String::from)
            .to_vec();
        arguments.extend(self.arguments.iter().cloned());
        let bin = self.around.path().join("bin").to_string_lossy().into_owned();
        let (code, log) = act::run(event, &arguments, &self.locals, self.path(), "-self-hosted", &bin)?;
        Some(Run { code, log })
    }

    /// The run of a push to main.
    pub(crate) fn main(&self) -> Option<Run> {
        let (head, before) =
            (self.git(&["rev-parse", "HEAD"]), self.git(&["rev-list", "--max-count=2", "HEAD"]));
        let before = before.lines().nth(1).unwrap_or("0000000000000000000000000000000000000000").to_owned();
        let repository = json!({"default_branch": "main", "full_name": "octo-org/app"});
        self.run(
            "push",
            &json!({"ref": "refs/heads/main", "before": before, "after": head, "repository": repository}),
        )
    }

    /// The run of a pull request whose branch has one more commit.
    pub(crate) fn pull_request(&self) -> Option<Run> {
        let base = self.git(&["rev-parse", "main"]);
        self.git(&["switch", "--quiet", "--force-create", "feature", "main"]);
        self.git(&["update-ref", "refs/remotes/origin/main", "main"]);
        self.write("NOTES", b"a change\n");
        self.commit("a change");
        let head = self.git(&["rev-parse", "HEAD"]);
        let run = self.run(
            "pull_request",
            &json!({
                "number": 7,
                "repository": {"default_branch": "main", "full_name": "octo-org/app"},
                "pull_request": {
                    "number": 7,
                    "base": {"ref": "main", "sha": base},
                    "head": {"ref": "feature", "sha": head, "repo": {"full_name": "octo-org/app", "fork": false}},
                },
            }),
        );
        self.git(&["switch", "--quiet", "main"]);
        run
    }

    /// The run of a tag on what is there.
    pub(crate) fn tag(&self, name: &str) -> Option<Run> {
        self.git(&["tag", name]);
        let head = self.git(&["rev-parse", "HEAD"]);
        self.run(
            "push",
            &json!({
                "ref": format!("refs/tags/{name}"), "before": "0000000000000000000000000000000000000000", "after": head,
                "repository": {"default_branch": "main", "full_name": "octo-org/app"},
            }),
        )
    }

    /// Entries of the cache.
    pub(crate) fn entries(&self) -> usize {
        std::fs::read_dir(self.around.path().join("cache")).map_or(0, Iterator::count)
    }

    pub(crate) fn around(&self, path: &str) -> PathBuf {
        self.around.path().join(path)
    }
}

/// The first workflow of a page.
fn of_page(page: &str) -> String {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let (_, from) = text.split_once("```yaml\n").unwrap();
    from.split_once("\n```").unwrap().0.to_owned() + "\n"
}

const EXAMPLE: &str = "examples/firmware/esp32c3";

/// Main with the firmware before its last feature; the feature, which grows by 5 % where 2 % are allowed, merged all the
/// same; a pull request after that.
fn one_breach_does_not_block_what_follows(page: &str) {
    let makefile = "firmware:\n\tmkdir -p build && cp made/* build/\n";
    let made = |of: &str| {
        ["elf", "map", "bin"]
            .map(|kind| (format!("made/firmware.{kind}"), format!("{EXAMPLE}/{of}firmware.{kind}")))
    };
    let (first, second) = (made("baseline/"), made(""));
    let partitions = format!("{EXAMPLE}/partitions.csv");
    let mut files: Vec<(&str, &str)> = first.iter().map(|(to, from)| (to.as_str(), from.as_str())).collect();
    files.push(("partitions.csv", &partitions));
    let project = Project::of(&of_page(page), &files, &[("Makefile", makefile)]);

    let Some(run) = project.main() else { return };
    assert_eq!((run.code, run.output("size", "verdict").as_str()), (0, "pass"), "{}", run.text());
    assert!(run.text().contains("no baseline"), "{}", run.text());
    assert_eq!(project.entries(), 1);

    // The second run compares with the first.
    for (to, from) in &second {
        project.copy(from, to);
    }
    project.commit("a feature");
    let run = project.main().unwrap();
    assert_eq!((run.code, run.output("size", "verdict").as_str()), (1, "fail"), "{}", run.text());
    assert_eq!(run.output("size", "breached"), "image.bytes");
    let text = run.text();
    assert!(text.contains("109,456 B") && text.contains("115,088 B") && text.contains("+5,632 B"), "{text}");
    // It is on main, so it is what the next change is compared with.
    assert_eq!(project.entries(), 2, "{text}");
    // Told to run again, it is compared with the same commit as before, and not with itself.
    let run = project.main().unwrap();
    assert_eq!((run.code, run.output("size", "breached").as_str()), (1, "image.bytes"), "{}", run.text());

    let run = project.pull_request().unwrap();
    assert_eq!((run.code, run.output("size", "verdict").as_str()), (0, "pass"), "{}", run.text());
    assert!(!run.text().contains("no baseline"), "{}", run.text());
    // A pull request leaves nothing that main would be compared with.
    assert_eq!(project.entries(), 2);

    // A run that could not be done leaves nothing either.
    project.write("made/firmware.elf", b"no ELF");
    project.commit("broken");
    let run = project.main().unwrap();
    assert_eq!((run.code, run.output("size", "verdict").as_str()), (1, "error"), "{}", run.text());
    assert_eq!(project.entries(), 2);
}

#[test]
fn the_workflow_of_the_readme() {
    one_breach_does_not_block_what_follows("README.md");
}

#[test]
fn the_recipe_of_size_gate() {
    one_breach_does_not_block_what_follows("actions/size-gate/README.md");
}

/// The shortest workflow there is does the whole of it.
#[test]
fn the_recipe_of_baselines() {
    let workflow = of_page("docs/baselines.md");
    assert!(workflow.lines().count() <= 15, "{workflow}");
    let makefile = "firmware:\n\tmkdir -p build && cp made/* build/\n";
    let (first, second) = (format!("{EXAMPLE}/baseline/firmware.elf"), format!("{EXAMPLE}/firmware.elf"));
    let project = Project::of(&workflow, &[("made/firmware.elf", &first)], &[("Makefile", makefile)]);
    let Some(run) = project.main() else { return };
    assert_eq!((run.code, project.entries()), (0, 1), "{}", run.text());
    project.copy(&second, "made/firmware.elf");
    project.commit("a feature");
    let run = project.main().unwrap();
    assert_eq!((run.code, project.entries()), (1, 2), "{}", run.text());
    let run = project.pull_request().unwrap();
    assert_eq!((run.code, project.entries()), (0, 2), "{}", run.text());
    assert!(run.text().contains("compared with"), "{}", run.text());
}

/// A tracefile of a hundred lines, of which so many ran.
fn tracefile(covered: u32) -> String {
    let lines: String = (1..=100).map(|line| format!("DA:{line},{}\n", u32::from(line <= covered))).collect();
    format!("SF:src/a.c\n{lines}end_of_record\n")
}

#[test]
fn the_recipe_of_coverage_gate() {
    let makefile = "coverage:\n\tmkdir -p build && cp coverage.info build/\n";
    let source: String = (1..=100).map(|line| format!("int line{line};\n")).collect();
    let project = Project::of(
        &of_page("actions/coverage-gate/README.md"),
        &[],
        &[("Makefile", makefile), ("src/a.c", &source), ("coverage.info", &tracefile(95))],
    );
    let Some(run) = project.main() else { return };
    assert_eq!((run.code, run.output("coverage", "verdict").as_str()), (0, "pass"), "{}", run.text());
    assert_eq!(project.entries(), 1);

    project.write("coverage.info", tracefile(90).as_bytes());
    project.commit("tests that are gone");
    let run = project.main().unwrap();
    assert_eq!((run.code, run.output("coverage", "verdict").as_str()), (1, "fail"), "{}", run.text());
    let text = run.text();
    assert!(text.contains("95.00 %") && text.contains("90.00 %") && text.contains("-5.00 points"), "{text}");
    assert_eq!(project.entries(), 2);
    assert!(project.around("artifacts/coverage-html/index.html").exists());

    let run = project.pull_request().unwrap();
    assert_eq!((run.code, run.output("coverage", "verdict").as_str()), (0, "pass"), "{}", run.text());
    assert_eq!(project.entries(), 2);
}

#[test]
fn the_recipe_of_ota_package() {
    let makefile =
        "firmware:\n\tmkdir -p build/s3 build/c3 && cp app.bin build/s3/ && cp app.bin build/c3/\n";
    let partitions = format!("{EXAMPLE}/partitions.csv");
    let first = format!("{EXAMPLE}/baseline/firmware.bin");
    let project = Project::of(
        &of_page("actions/ota-package/README.md"),
        &[
            ("boards/s3/partitions.csv", &partitions),
            ("boards/c3/partitions.csv", &partitions),
            ("app.bin", &first),
        ],
        &[("Makefile", makefile)],
    );
    let Some(run) = project.tag("v1.0.0") else { return };
    assert_eq!(run.code, 0, "{}", run.text());
    // The first release has none before it: that is told, and nothing else.
    assert_eq!(run.output("ota", "verdict"), "warn", "{}", run.text());
    assert!(run.text().contains("previous.ota"), "{}", run.text());
    assert!(project.around("releases/v1.0.0/app.ota").exists());

    project.copy(&format!("{EXAMPLE}/firmware.bin"), "app.bin");
    project.commit("a release");
    let run = project.tag("v1.1.0").unwrap();
    assert_eq!((run.code, run.output("ota", "verdict").as_str()), (0, "pass"), "{}", run.text());
    // It goes on from the release before.
    assert_eq!(run.output("ota", "sequence"), "2", "{}", run.text());
    assert!(project.around("releases/v1.1.0/latest.json").exists());

    // An older firmware under a newer name is found, since there is something to compare with.
    project.copy(&first, "app.bin");
    project.commit("back");
    let run = project.tag("v1.0.1").unwrap();
    assert_ne!(run.code, 0, "{}", run.text());
    assert!(!project.around("releases/v1.0.1").exists());
}

#[test]
fn the_recipe_of_a_release_with_one_version() {
    let makefile = "firmware:\n\tmkdir -p build/s3 && cp app.bin build/s3/ && echo built $(BUILD_VERSION)\n";
    let project = Project::of(
        &of_page("docs/version.md"),
        &[
            ("app.bin", &format!("{EXAMPLE}/firmware.bin")),
            ("Cargo.toml", &format!("{EXAMPLE}/Cargo.toml")),
            ("Cargo.lock", &format!("{EXAMPLE}/Cargo.lock")),
        ],
        &[("Makefile", makefile)],
    );
    let Some(run) = project.tag("v1.1.0") else { return };
    assert_eq!(run.code, 0, "{}", run.text());
    assert!(run.text().contains("built 1.1.0"), "{}", run.text());
    for (step, output) in [("version", "version"), ("ota", "version"), ("image", "version")] {
        assert_eq!(run.output(step, output), "1.1.0", "{step}: {}", run.text());
    }
    assert!(
        run.output("image", "tags").ends_with(":1.1.0\n") || run.output("image", "tags").contains(":1.1\n")
    );

    // A tag the manifest does not have: nothing is built.
    let run = project.tag("v1.2.0").unwrap();
    assert_ne!(run.code, 0, "{}", run.text());
    assert!(!run.text().contains("built"), "{}", run.text());
}
