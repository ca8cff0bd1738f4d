//! The tests of `cases.rs`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use lw_testkit::{required, root};
use serde_json::{Value, json};

use crate::case::{Case, EPOCH, READ, Seen, Workspace, assert_same, line, outputs_of, read_env, strict};
use crate::support::{Tree, binary, program, slow_to_fail, target, write_program};
use crate::{act, engine};

/// How an action runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Under the strict runner with the binary; compared with the golden file.
    Native,
    /// Under the strict runner in the image; compared with [`Way::Native`], as all that follow.
    Container,
    Act,
    ActContainer,
}

impl Way {
    const ALL: [Self; 4] = [Self::Native, Self::Container, Self::Act, Self::ActContainer];

    fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Container => "container",
            Self::Act => "act",
            Self::ActContainer => "act-container",
        }
    }

    /// Why this machine cannot go this way.
    fn lacks(self) -> Option<&'static str> {
        // Everything is looked at without the panic of a helper, which would not say which test it belongs to.
        let has_act = || program("act").is_some();
        let has_engine = || engine::engine().is_some();
        let has_image = || engine::built().is_some();
        let act = matches!(self, Self::Act | Self::ActContainer);
        if self == Self::Native {
            None
        } else if act && !has_act() {
            Some("`act` is not installed; .ci/e2e-setup installs it")
        } else if !has_engine() {
            Some("no container engine answers; .ci/e2e-setup starts one")
        } else if self != Self::Act && !has_image() {
            Some("there is no static binary to build the image of; LW_E2E_BINARY names one")
        } else {
            None
        }
    }

    fn judge(self, case: &Case, trees: &Trees, native: &Native) {
        let native = native.get_or_init(|| crate::case::native(&trees.whole, case));
        let seen = match self {
            Self::Native => return assert_golden(case, native),
            Self::Container => {
                let workspace = Workspace::of(&[case]);
                workspace.commit();
                strict(trees.without.path(), case, &workspace, &[("runtime", "docker")])
            }
            Self::Act => under_act(trees.whole.path(), case, "native").expect("act and an engine"),
            Self::ActContainer => under_act(trees.without.path(), case, "docker").expect("act and an engine"),
        };
        assert_same(case, self.name(), &seen, native);
    }
}

/// The release tree that all tests use.
struct Trees {
    whole: Tree,
    /// What runs in the image has no other binary.
    without: Tree,
}

/// What the strict runner saw of a case with the binary, run once for all ways to be compared with.
type Native = OnceLock<Seen>;

/// The test of one case in one way. The case is read only then: one that cannot be read hides no other.
fn trial(tool: &'static str, name: String, way: Way, trees: Arc<Trees>, native: Arc<Native>) -> Trial {
    Trial::ignorable_test(format!("{tool}/{name}/{}", way.name()), move || -> Result<Completion, Failed> {
        match way.lacks() {
            Some(why) if required() => return Err(format!("required by LW_REQUIRE_E2E=1 but {why}").into()),
            Some(why) => return Ok(Completion::ignored_with(why)),
            None => way.judge(&Case::named(tool, &name), &trees, &native),
        }
        Ok(Completion::Completed)
    })
}

/// Runs those that are asked for.
pub(crate) fn run() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // A run of act or of an engine waits half of its time: for a daemon, and a second after each step that fails.
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert((2 * cpus).min(8));
    let trees =
        Arc::new(Trees { whole: Tree::with(&binary()), without: Tree::with(Path::new("/bin/false")) });
    let cases: Vec<_> = lw::TOOLS
        .iter()
        .flat_map(|entry| Case::names(entry.name).into_iter().map(|name| (entry.name, name, Arc::default())))
        .collect();
    // Way by way: no test waits for another to find out what is to be compared with.
    let trials = Way::ALL.iter().flat_map(|way| {
        cases.iter().map(|(tool, name, native)| {
            trial(tool, name.clone(), *way, Arc::clone(&trees), Arc::clone(native))
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// Compares what the strict runner saw with the golden file, which `SNAPSHOTS=overwrite` writes. It holds everything,
/// but of the summary only what stands above its tables: how those look is the business of other tests.
fn assert_golden(case: &Case, seen: &Seen) {
    let golden = root().join("tests/cases").join(case.tool).join(&case.name).join("expected.txt");
    snapbox::Assert::new()
        .action_env(snapbox::assert::DEFAULT_ACTION_ENV)
        .eq(seen.head(), snapbox::Data::read_from(&golden, None).raw());
}

/// What `act` sees of the action once in a job of its own; `None` without act and an engine.
fn under_act(tree: &Path, case: &Case, runtime: &str) -> Option<Seen> {
    let workspace = Workspace::of(&[case]);
    let action = tree.join(case.tool);
    let mut with: serde_json::Map<String, Value> =
        case.with.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    with.insert("runtime".into(), json!(runtime));
    let (_served, env) = case.serve();
    let mut variables: serde_json::Map<String, Value> =
        env.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    variables.insert("LW_IMAGE".into(), json!(engine::TAG));
    variables.insert(EPOCH.0.into(), json!(EPOCH.1));
    let reading: serde_json::Map<String, Value> = read_env("tool", &outputs_of(&action))
        .into_iter()
        .map(|(name, value)| (name, json!(value)))
        .collect();
    let steps = json!([
        {"uses": "actions/checkout@v4"},
        {
            "uses": format!("org/lw-actions/{}@v1", case.tool),
            "id": "tool",
            "continue-on-error": true,
            "env": variables,
            "with": with,
        },
        {"id": "read", "env": reading, "shell": "sh", "run": READ},
        {"id": "where", "shell": "sh", "run": "echo \"$GITHUB_WORKSPACE\""},
    ]);
    // act empties the file of the summary before the next step, so it is copied as soon as the tool is done: by the
    // binary it calls, or by the `docker` it calls.
    let aside = tempfile::tempdir().expect("a folder");
    let copy = aside.path().join("summary");
    let (tool, docker) = (tree.join("bin").join(target()).join("lw"), program("docker")?);
    let shown = |program: &Path| program.to_string_lossy().into_owned();
    // A failure takes a moment: see `Tree::slow_to_fail`.
    let wrap = |wrapped: &str| {
        let keep = format!("[ -s \"$GITHUB_STEP_SUMMARY\" ] && cp \"$GITHUB_STEP_SUMMARY\" {}", shown(&copy));
        slow_to_fail(wrapped, &keep)
    };
    let own = Tree::with(Path::new("/bin/false"));
    write_program(&own.path().join("bin").join(target()).join("lw"), &wrap(&shown(&tool)));
    write_program(&aside.path().join("bin/docker"), &wrap(&shown(&docker)));
    let log = act::job(own.path(), &workspace, &steps, "-self-hosted", &shown(&aside.path().join("bin")))?;
    let summary = std::fs::read_to_string(&copy).unwrap_or_default();
    let raw = |step: &str| -> String {
        log.iter()
            .filter(|entry| entry["raw_output"] == true && entry["stepID"] == json!([step]))
            .filter_map(|entry| entry["msg"].as_str())
            // What runs in a terminal ends its lines as one does.
            .map(|text| text.replace("\r\n", "\n"))
            .collect()
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let annotations = log
        .iter()
        .filter(|entry| entry["stepID"][0] == "tool")
        .filter_map(|entry| {
            let kind =
                entry["command"].as_str().filter(|kind| ["error", "warning", "notice"].contains(kind))?;
            let property = |name: &'static str| (name, text(&entry["kvPairs"][name]));
            let mut properties = ["title", "file", "line", "endLine", "col", "endColumn"].map(property);
            if properties[3] == ("endLine", properties[2].1.clone()) {
                properties[3].1 = None;
            }
            if properties[5] == ("endColumn", properties[4].1.clone()) {
                properties[5].1 = None;
            }
            Some(line(kind, &properties, entry["arg"].as_str()?.trim_end_matches(['\r', '\n'])))
        })
        .collect();
    let folder = raw("where");
    Some(Seen::new(raw("read"), annotations, summary, Path::new(folder.trim()), &workspace.head()))
}
