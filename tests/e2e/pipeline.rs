//! The pipelines of `examples/lightwaveos` and `examples/live-stt` under `act`, from the checkout to the release, as a repository
//! lives: main twice, so that every baseline is used, a pull request, two releases; and what has to stop it, each at its step.
//!
//! The prebuilt firmware of `examples/firmware` stands for what PlatformIO builds, and small programs for those that would have to
//! be installed, or would reach out.

use std::path::Path;
use std::process::Command;

use lw_testkit::balena::{Config, Device, Flow, Outcome, Release, Stub};
use lw_testkit::root;

use crate::recipes::{Project, Run, cache, pin, pinning};
use crate::stand_ins::{download_artifact, gh, program, succeeds, upload_artifact};
use crate::support::{binary, must};

const EXAMPLE: &str = "examples/lightwaveos";
const FIRMWARE: &str = "examples/firmware/esp32c3";

/// What lizard 1.17.31 prints of the example's sources.
const LIZARD: &str = r#"13,3,88,1,13,"wheel@5-17@src/palette.cpp","src/palette.cpp","wheel","wheel( uint8_t step)",5,17
4,1,61,2,4,"dimmed@19-22@src/palette.cpp","src/palette.cpp","dimmed","dimmed( Colour colour , uint8_t brightness)",19,22
"#;

/// What jscpd 4.0.5 writes of them, but for its parts by file.
const JSCPD: &str = r#"{"statistics": {"total": {"lines": 37, "tokens": 307, "sources": 2, "clones": 0, "duplicatedLines": 0, "duplicatedTokens": 0, "percentage": 0, "percentageTokens": 0, "newDuplicatedLines": 0, "newClones": 0}, "formats": {}}, "duplicates": []}"#;

/// Stands for PlatformIO: what it would build and say lies around the project.
fn platformio(bin: &Path, around: &Path) {
    let script = format!(
        r#"around='{}'
command=$1; shift
while [ $# -gt 0 ]; do
  case "$1" in
    --environment) environment=$2 ;;
    --target) target=$2 ;;
    --filter) type=${{2%/*}} ;;
    --junit-output-path) junit=$2 ;;
    *) echo "unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
case "$command" in
  run)
    if [ "${{target:-}}" = compiledb ]; then echo '[]' >compile_commands.json; exit 0; fi
    mkdir -p ".pio/build/$environment"
    cp "$around"/made/firmware.* ".pio/build/$environment/"
    echo "built $environment with ${{PLATFORMIO_BUILD_FLAGS:-no macros}}" ;;
  test)
    [ ! -e "$around/results/$type.xml" ] || cp "$around/results/$type.xml" "$junit"
    exit "$(cat "$around/results/$type.code")" ;;
esac"#,
        around.display()
    );
    program(&bin.join("pio"), &script);
}

/// Results of one test, as PlatformIO writes them.
fn results(kind: &str, test: &str, failed: bool) -> String {
    let failures = u8::from(failed);
    let inside = if failed { "<failure message=\"Expected 255 Was 0\"/>" } else { "" };
    format!(
        "<?xml version=\"1.0\" ?>\n<testsuites name=\"lightwaveos\" tests=\"1\" errors=\"0\" failures=\"{failures}\" time=\"1.2\">\n<testsuite name=\"native:{kind}/test_{kind}\" tests=\"1\" errors=\"0\" failures=\"{failures}\" skipped=\"0\" time=\"1.2\">\n<testcase name=\"{test}\" file=\"test/{kind}/test_{kind}/test_main.cpp\" line=\"13\" time=\"0.1\">{inside}</testcase>\n</testsuite>\n</testsuites>\n"
    )
}

/// A tracefile of a thousand lines, of which so many ran.
fn tracefile(covered: u32) -> String {
    let lines: String =
        (1..=1000).map(|line| format!("DA:{line},{}\n", u32::from(line <= covered))).collect();
    format!("SF:src/tables.cpp\n{lines}end_of_record\n")
}

/// The example as a repository of its own, and what stands for GitHub and the toolchain around it.
struct Lightwave {
    project: Project,
}

impl Lightwave {
    fn new() -> Self {
        let around = tempfile::Builder::new().prefix("lw-around-").tempdir().unwrap();
        let place = |name: &str| around.path().join(name);
        let bin = place("bin");
        cache(&place("actions/cache"), &place("cache"));
        upload_artifact(&place("actions/upload"), &place("artifacts"));
        download_artifact(&place("actions/download"), &place("artifacts"));
        succeeds(&place("actions/trivy"), &["scan-type", "exit-code", "severity"]);
        succeeds(&place("actions/aws"), &["role-to-assume", "aws-region"]);
        platformio(&bin, around.path());
        gh(&bin, &place("releases"));
        for name in ["sudo", "pipx", "clang-format", "cpplint", "cppcheck"] {
            program(&bin.join(name), "exit 0");
        }
        let around_path = around.path().display().to_string();
        program(&bin.join("lizard"), &format!("cat '{around_path}/lizard.csv'"));
        program(
            &bin.join("npx"),
            &format!("mkdir -p reports; cp '{around_path}/jscpd.json' reports/jscpd-report.json"),
        );
        program(&bin.join("lcov"), &format!("cp '{around_path}/coverage.info' reports/coverage.info"));
        program(
            &bin.join("aws"),
            &format!(
                "mkdir -p '{around_path}/s3'; cp -r \"$3\" '{around_path}/s3/'; echo \"$4\" >'{around_path}/s3/to'"
            ),
        );
        program(
            &bin.join("curl"),
            &format!(
                "cat >'{around_path}/curl.config'; printf '%s\\n' \"$@\" >'{around_path}/curl.arguments'; cp body.json '{around_path}/'"
            ),
        );
        let locals = pinned(
            EXAMPLE,
            &[
                ("actions/cache/restore", "actions/cache"),
                ("actions/upload-artifact", "actions/upload"),
                ("actions/download-artifact", "actions/download"),
                ("aquasecurity/trivy-action", "actions/trivy"),
                ("aws-actions/configure-aws-credentials", "actions/aws"),
            ],
        );
        let lightwave = Self { project: Project::bare(around, &locals) };
        must(Command::new("cp").arg("-r").arg(root().join(EXAMPLE).join(".")).arg(lightwave.project.path()));
        // So long that a tenth of a percent is a line.
        let tables: String = (1..=1000).map(|line| format!("int line{line};\n")).collect();
        lightwave.project.write("src/tables.cpp", tables.as_bytes());
        lightwave.toolchain("", 900);
        lightwave.around("lizard.csv", LIZARD);
        lightwave.around("jscpd.json", JSCPD);
        for (kind, test) in [
            ("unit", "the_wheel_begins_with_red"),
            ("integration", "a_dark_wheel_is_dark_all_round"),
            ("performance", "a_frame_of_64_leds_takes_less_than_a_millisecond"),
        ] {
            lightwave.around(&format!("results/{kind}.xml"), results(kind, test, false));
            lightwave.around(&format!("results/{kind}.code"), "0");
        }
        lightwave.project.begin();
        lightwave.project.commit("feat: the wheel of colours");
        lightwave
    }

    /// What is around the project.
    fn around(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.project.around(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// What the toolchain makes from now on: the firmware before its last feature (`baseline/`) or after it, and a coverage in
    /// tenths of a percent.
    fn toolchain(&self, of: &str, covered: u32) {
        for kind in ["elf", "map", "bin"] {
            let made =
                std::fs::read(root().join(FIRMWARE).join(of).join(format!("firmware.{kind}"))).unwrap();
            self.around(&format!("made/firmware.{kind}"), made);
        }
        self.around("coverage.info", tracefile(covered));
    }

    fn workflow(&mut self, name: &str) -> &Project {
        of_workflow(&mut self.project, name)
    }

    fn ci(&mut self) -> Option<Run> {
        self.workflow("ci").main()
    }
}

/// The project, whose next run is one of this workflow.
fn of_workflow<'a>(project: &'a mut Project, name: &str) -> &'a Project {
    project.arguments.retain(|argument| !argument.contains(".yml") && argument != "--workflows");
    project.arguments.extend(["--workflows".into(), format!(".github/workflows/{name}.yml")]);
    // Artifacts are those of a run.
    let _ = std::fs::remove_dir_all(project.around("artifacts"));
    project
}

/// The steps that failed, by their names.
fn failed(run: &Run) -> Vec<String> {
    let mut steps: Vec<String> = run
        .log
        .iter()
        .filter(|entry| entry["stepResult"] == "failure")
        .filter_map(|entry| entry["step"].as_str().map(ToOwned::to_owned))
        .collect();
    steps.dedup();
    steps
}

/// Actions as an example's workflows, or the actions of ours that they use, pin them, with the folder of what stands for each.
fn pinned<'a>(example: &str, actions: &[(&str, &'a str)]) -> Vec<(String, &'a str)> {
    let folder = root().join(example).join(".github/workflows");
    let texts = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let pinning = pinning(&texts.collect::<String>());
    let pinned = actions.iter().map(|(uses, folder)| {
        // owner/name of owner/name/folder
        let action = uses.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
        (format!("{action}@{}", pin(&pinning, uses)), *folder)
    });
    pinned.collect()
}

/// Whether a step's failure is among them.
fn has(steps: &[String], part: &str) -> bool {
    steps.iter().any(|step| step.contains(part))
}

#[test]
fn main_twice_a_pull_request_and_what_stops_it() {
    let mut lightwave = Lightwave::new();
    lightwave.toolchain("baseline/", 900);
    let Some(run) = lightwave.ci() else { return };
    let text = run.text();
    assert_eq!((run.code, failed(&run)), (0, Vec::new()), "{text}");
    // Six builds, each with its macros, and three kinds of tests. Nothing to compare with yet.
    assert_eq!(text.matches("built esp32-s3-").count(), 6, "{text}");
    assert!(text.contains(r#"-DBUILD_VERSION="#) && text.contains("size-gate/no-baseline"), "{text}");
    assert_eq!(lightwave.project.entries(), 7);

    // The feature, on main as well: compared with what the run before it left.
    lightwave.toolchain("", 950);
    lightwave.project.commit("feat: a spectrum");
    let run = lightwave.ci().unwrap();
    let text = run.text();
    assert_eq!((run.code, failed(&run)), (0, Vec::new()), "{text}");
    assert!(!text.contains("no-baseline"), "{text}");
    for part in ["109,456 B", "115,088 B", "+5,632 B", "90.00 %", "95.00 %"] {
        assert!(text.contains(part), "no {part} in\n{text}");
    }
    assert_eq!(lightwave.project.entries(), 14);

    let run = lightwave.workflow("ci").pull_request().unwrap();
    assert_eq!((run.code, failed(&run)), (0, Vec::new()), "{}", run.text());
    assert_eq!(lightwave.project.entries(), 14);

    // One byte more than may be, a shard that never ran, and 79.9 % of the lines: each stops its own step, and the gate sees all.
    let ci = std::fs::read_to_string(lightwave.project.path().join(".github/workflows/ci.yml")).unwrap();
    let broken = ci
        .replace("only: esp32-*", "only: esp32-s3-m5stack_release")
        .replace("image.bytes=1MiB", "image.bytes=115087")
        .replace("type: [unit, integration, performance]", "type: [unit, integration]");
    lightwave.project.write(".github/workflows/ci.yml", broken.as_bytes());
    lightwave.toolchain("", 799);
    lightwave.project.commit("feat: too much");
    let run = lightwave.ci().unwrap();
    let (text, steps) = (run.text(), failed(&run));
    assert_eq!(run.code, 1, "{text}");
    for tool in ["size-gate", "test-report", "coverage-gate", "quality-gate"] {
        assert!(has(&steps, tool), "{tool} did not fail, only {steps:?} did\n{text}");
    }
    for part in ["115,087 B", "3 shards have to be there, and there are 2", "79.90 %", "minimum of 80 %"] {
        assert!(text.contains(part), "no {part} in\n{text}");
    }
}

#[test]
fn two_releases_and_what_stops_the_third() {
    let mut lightwave = Lightwave::new();
    let around = lightwave.project.around("");
    let key = |name: &str| {
        must(
            Command::new(binary())
                .args(["sign", "keys", "make", "--kind", "ecdsa-p256", "--config", "none", "--output"])
                .arg(around.join(name)),
        );
    };
    key("release.pem");
    key("other.pem");
    let public = |of: &str| std::fs::read(around.join(format!("{of}.pub.pem"))).unwrap();
    lightwave.project.write("keys/release.pub.pem", &public("release"));
    lightwave.project.commit("chore: the public key");
    let secret = must(Command::new("base64").arg("-w0").arg(around.join("release.pem")));
    lightwave
        .around("secrets", format!("SIGNING_KEY={}\nOTA_API_TOKEN=token-of-the-server\n", secret.trim()));
    lightwave
        .project
        .arguments
        .extend(["--secret-file".into(), around.join("secrets").display().to_string()]);

    lightwave.toolchain("baseline/", 900);
    let Some(run) = lightwave.workflow("deploy").tag("v1.0.0") else { return };
    assert_eq!((run.code, failed(&run)), (0, Vec::new()), "{}", run.text());
    assert_eq!(run.output("ota", "sequence"), "1");

    lightwave.toolchain("", 900);
    lightwave.project.write("version.txt", b"1.1.0\n");
    lightwave.project.commit("feat: a spectrum <!-- \" $(id) -->");
    let run = lightwave.workflow("deploy").tag("v1.1.0").unwrap();
    let text = run.text();
    assert_eq!((run.code, failed(&run)), (0, Vec::new()), "{text}");
    assert_eq!(run.output("ota", "sequence"), "2", "{text}");
    let release = |name: &str| lightwave.project.around(&format!("releases/v1.1.0/{name}"));
    for name in [
        "lightwaveos.ota",
        "lightwaveos.cdx.json",
        "esp32-s3-devkitc-1.bin",
        "esp32-s3-devkitc-1.bin.sig",
        "esp32-s3-m5stack.bin",
        "esp32-s3-m5stack.bin.sig",
    ] {
        assert!(release(name).exists(), "no {name}\n{text}");
    }
    let arguments = std::fs::read_to_string(release("arguments")).unwrap();
    assert!(arguments.contains("--latest\n") && arguments.contains("Release 1.1.0\n"), "{arguments}");
    // openssl agrees that the signature is the key's.
    must(
        Command::new("openssl")
            .args(["dgst", "-sha256", "-verify"])
            .arg(around.join("release.pub.pem"))
            .arg("-signature")
            .arg(release("esp32-s3-m5stack.bin.sig"))
            .arg(release("esp32-s3-m5stack.bin")),
    );
    // What the server is told is JSON whatever a commit says, and the token is on no command line.
    let body: serde_json::Value =
        serde_json::from_slice(&std::fs::read(around.join("body.json")).unwrap()).unwrap();
    assert_eq!((&body["version"], &body["environment"]), (&"1.1.0".into(), &"staging".into()));
    assert!(body["changelog"].as_str().unwrap().contains("a spectrum"), "{body}");
    assert!(body["manifest"].is_object(), "{body}");
    let read = |name: &str| std::fs::read_to_string(around.join(name)).unwrap();
    assert!(read("curl.config").contains("token-of-the-server"));
    assert!(!read("curl.arguments").contains("token"));
    assert_eq!(read("s3/to").trim(), "s3://lightwave-firmware/staging/1.1.0/");
    assert!(around.join("s3/public/latest.json").exists());

    // The same release once more, with one bit of the firmware flipped: no package, and so nothing that follows.
    let again = |lightwave: &mut Lightwave| {
        std::fs::remove_dir_all(lightwave.project.around("releases/v1.1.0")).unwrap_or_default();
        std::fs::remove_dir_all(lightwave.project.around("s3")).unwrap_or_default();
        lightwave.project.git(&["tag", "--delete", "v1.1.0"]);
        lightwave.workflow("deploy").tag("v1.1.0").unwrap()
    };
    let mut flipped = std::fs::read(around.join("made/firmware.bin")).unwrap();
    flipped[50_000] ^= 1;
    lightwave.around("made/firmware.bin", flipped);
    let run = again(&mut lightwave);
    assert_eq!(
        (run.code, has(&failed(&run), "ota-package")),
        (1, true),
        "{:?}\n{}",
        failed(&run),
        run.text()
    );
    assert!(run.text().contains("checksum"), "{}", run.text());
    assert!(!around.join("releases/v1.1.0").exists() && !around.join("s3").exists());

    // A key that is not the one devices trust: what was signed is not published.
    lightwave.toolchain("", 900);
    lightwave.project.write("keys/release.pub.pem", &public("other"));
    lightwave.project.commit("chore: another key");
    let run = again(&mut lightwave);
    assert_eq!((run.code, has(&failed(&run), "sign")), (1, true), "{:?}\n{}", failed(&run), run.text());
    // The lines of a log are as long as the terminal.
    let told = run.text().split_whitespace().collect::<Vec<_>>().join(" ");
    let whose = "forged: the signature does not belong to this file and this key: either was changed, or another key signed";
    assert!(told.contains(whose), "{}", run.text());
    assert!(!around.join("releases/v1.1.0").exists() && !around.join("s3").exists());

    // A tag that version.txt does not have.
    let run = lightwave.workflow("deploy").tag("v1.2.0").unwrap();
    assert_eq!((run.code, has(&failed(&run), "version")), (1, true), "{:?}\n{}", failed(&run), run.text());
}

const FLEET: &str = "examples/live-stt";

/// A repository of `examples/live-stt`, and a Balena with a fleet of four devices for it.
fn live_stt(stub: &Stub) -> Project {
    let around = tempfile::Builder::new().prefix("lw-around-").tempdir().unwrap();
    let place = |name: &str| around.path().join(name);
    let bin = place("bin");
    cache(&place("actions/cache"), &place("cache"));
    upload_artifact(&place("actions/upload"), &place("artifacts"));
    download_artifact(&place("actions/download"), &place("artifacts"));
    succeeds(&place("actions/succeeds"), &["tags", "file", "push", "registry"]);
    gh(&bin, &place("releases"));
    program(&bin.join("pipx"), "exit 0");
    // What uv would install and run: the reports of the example's own tests, as pytest wrote them.
    let reports = root().join("tests/e2e/live-stt");
    let pytest = format!("cp '{0}/coverage.xml' '{0}/results.xml' reports/", reports.display());
    program(&bin.join("uv"), &format!("case \"$*\" in 'run pytest'*) {pytest} ;; esac"));
    let of_docker = [
        "docker/setup-qemu-action",
        "docker/setup-buildx-action",
        "docker/login-action",
        "docker/build-push-action",
    ];
    let mut actions = vec![
        ("actions/cache/restore", "actions/cache"),
        ("actions/upload-artifact", "actions/upload"),
        ("actions/download-artifact", "actions/download"),
    ];
    actions.extend(of_docker.map(|action| (action, "actions/succeeds")));
    let mut project = Project::bare(around, &pinned(FLEET, &actions));
    must(Command::new("cp").arg("-r").arg(root().join(FLEET).join(".")).arg(project.path()));
    // The fleets of the stub, which is faster than devices are.
    let config = std::fs::read_to_string(project.path().join("lw.toml")).unwrap();
    let config = config
        .replace("my-org/live-stt-staging", "admin/staging")
        .replace("my-org/live-stt-production", "admin/production")
        .replace("bake = 900", "bake = 10\nlook-every = 1")
        .replace("bake = 3600", "bake = 10\nlook-every = 1");
    project.write("lw.toml", config.as_bytes());
    project.begin();
    std::fs::write(project.around("secrets"), format!("BALENA_API_TOKEN={}\n", stub.token())).unwrap();
    let secrets = project.around("secrets").display().to_string();
    project.arguments.extend(["--secret-file".into(), secrets]);
    for (name, value) in [("BALENARC_API_URL", stub.api_url()), ("BALENARC_BUILDER_URL", stub.builder_url())]
    {
        project.arguments.extend(["--env".into(), format!("{name}={value}")]);
    }
    project
}

/// The members of the workspace get another version, and the release its tag.
fn release(project: &mut Project, version: &str) -> Run {
    must(
        Command::new(binary())
            .args(["version", "bump", version, "--config", "none"])
            .args([
                "--file",
                "pyproject.toml",
                "--file",
                "libs/*/pyproject.toml",
                "--file",
                "services/*/pyproject.toml",
            ])
            .current_dir(project.path()),
    );
    project.commit(&format!("feat: what is new in {version}"));
    of_workflow(project, "deploy").tag(&format!("v{version}")).unwrap()
}

#[test]
fn a_fleet_gets_a_release_in_waves_and_is_rolled_back_when_the_next_is_refused() {
    let stub = Stub::start(Config::default());
    let seconds = std::time::Duration::from_secs;
    let device = Device { poll: seconds(30), download: seconds(5), apply: seconds(1), ..Device::default() };
    let fleets = ["staging", "production"].map(|name| {
        let fleet = stub.add_fleet(name);
        stub.add_release(fleet, &Release::last("0.9.0"));
        stub.add_devices(fleet, 4, &device);
        fleet
    });
    stub.advance(seconds(120));
    stub.set_flow(Flow::PerRequest(seconds(2)));
    let mut project = live_stt(&stub);

    // main, twice: the second time there is something to compare with.
    let Some(run) = of_workflow(&mut project, "test").main() else { return };
    assert_eq!((run.code, failed(&run)), (0, Vec::new()), "{}", run.text());
    assert!(
        run.text().contains("everything is new") && run.text().contains("2 of 2 passed"),
        "{}",
        run.text()
    );
    let first = project.git(&["rev-parse", "HEAD"]);
    project.commit("fix: a word");
    let run = of_workflow(&mut project, "test").main().unwrap();
    assert_eq!((run.code, failed(&run)), (0, Vec::new()), "{}", run.text());
    let compared = format!("compared with {}", &first[..10]);
    assert_eq!(run.text().matches(&compared).count(), 2, "{}", run.text());

    // main goes to staging, and to nobody else.
    let run = of_workflow(&mut project, "deploy").main().unwrap();
    assert_eq!((run.code, failed(&run)), (0, Vec::new()), "{}", run.text());
    let staged: i64 = run.output("rollout", "release-id").parse().unwrap();
    stub.settle();
    let state = stub.state();
    assert_eq!(
        (state.running(fleets[0], staged), state.running(fleets[1], staged)),
        (4, 0),
        "{}",
        run.text()
    );

    // A tag goes to production: every device, in waves, and then it is a release.
    let run = release(&mut project, "1.0.1");
    assert_eq!((run.code, failed(&run)), (0, Vec::new()), "{}", run.text());
    let good: i64 = run.output("rollout", "release-id").parse().unwrap();
    assert_eq!(stub.state().running(fleets[1], good), 4, "{}", run.text());
    assert!(project.around("releases/v1.0.1").exists(), "{}", run.text());
    assert!(
        run.text().contains("api-gateway:1.0.1") && run.text().contains("stt-provider:1.0.1"),
        "{}",
        run.text()
    );

    // The devices refuse the next one: each has the last one again, and there is no release.
    stub.set_rate_of_new_releases(1.0, Outcome::Rejects);
    let run = release(&mut project, "1.0.2");
    assert_eq!(
        (run.code, has(&failed(&run), "balena-deploy")),
        (1, true),
        "{:?}\n{}",
        failed(&run),
        run.text()
    );
    assert_eq!(run.output("rollout", "rolled-back"), "true", "{}", run.text());
    stub.settle();
    assert_eq!(stub.state().running(fleets[1], good), 4, "{}", run.text());
    assert!(!project.around("releases/v1.0.2").exists());

    // A tag that the workspace does not have: nothing is built.
    let run = of_workflow(&mut project, "deploy").tag("v2.0.0").unwrap();
    assert_eq!((run.code, has(&failed(&run), "version")), (1, true), "{:?}\n{}", failed(&run), run.text());
    assert!(!run.text().contains("api-gateway:2.0.0"), "{}", run.text());
}
