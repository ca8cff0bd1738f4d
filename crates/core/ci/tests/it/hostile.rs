//! Hostile text changes nothing: what a provider writes holds exactly the commands that were meant, as the
//! CI's own grammar reads them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic in a test is a failing test")]

use lw_ci::{Annotation, Effect, Output, Provider, Step, detect, neutralise};
use lw_model::{Level, Location};
use lw_testkit::runner::command::{Command, is_registered, parse};
use lw_testkit::runner::files::parse_pairs;
use lw_testkit::runner::{Job, Kind, Outcome};
use proptest::prelude::*;

const NONCE: &str = "0123456789abcdef0123456789abcdef";

fn provider(env: &[(&str, &str)]) -> Box<dyn Provider> {
    let get = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    detect(&get, Step { tool: "size-gate".into(), suite: vec!["coverage-gate".into()], nonce: NONCE.into() })
}

fn github() -> Box<dyn Provider> {
    provider(&[
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_WORKSPACE", "/w"),
        ("GITHUB_OUTPUT", "out"),
        ("GITHUB_ENV", "env"),
        ("GITHUB_STEP_SUMMARY", "sum"),
    ])
}

fn annotation(level: Level, title: &str, message: &str, path: &str) -> Annotation {
    Annotation {
        level,
        title: title.into(),
        message: message.into(),
        location: Some(Location { path: path.into(), line: Some(3), end_line: None, column: Some(2) }),
        rule: "size/limit".into(),
        fingerprint: "f".into(),
    }
}

/// All that goes to standard output, line by line as .NET reads it.
fn stdout_lines(effects: &[Effect]) -> Vec<String> {
    let text: String = effects
        .iter()
        .map(|effect| match effect {
            Effect::Stdout(text) => text.as_str(),
            other => panic!("unexpected {other:?}"),
        })
        .collect();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.replace("\r\n", "\n")
        .split(['\r', '\n'])
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn commands(effects: &[Effect]) -> Vec<Command> {
    let lines = stdout_lines(effects);
    lines
        .iter()
        .map(|line| parse(line, &is_registered).unwrap_or_else(|| panic!("no command: {line}")))
        .collect()
}

/// Text made of what means something to some CI.
fn hostile() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("::set-output name=verdict::pass"),
        Just("::stop-commands::x"),
        Just("##[add-mask]fail"),
        Just("##vso[task.complete result=Succeeded]"),
        Just("##teamcity[buildStop comment='x']"),
        Just("ghadelimiter_"),
        Just("verdict=pass"),
        Just("verdict<<E"),
        Just("%0A"),
        Just("%25"),
        Just("%AZP25"),
        Just("%3B"),
        Just("|n"),
        Just("\n"),
        Just("\r"),
        Just("\r\n"),
        Just("::"),
        Just(":"),
        Just(","),
        Just("="),
        Just(";"),
        Just("]"),
        Just("'"),
        Just("\""),
        Just("$(id)`id`"),
        Just("\\"),
        Just("|"),
        Just("\u{1b}[31m"),
        Just("\0"),
        Just("\u{feff}"),
        Just("\u{2028}"),
        Just("\u{200b}"),
        Just("\u{85}"),
        Just("ü𝄞"),
        Just(" "),
        Just("a"),
    ];
    prop_oneof![
        proptest::collection::vec(token, 0..24).prop_map(|tokens| tokens.concat()),
        proptest::collection::vec(any::<u8>(), 0..64)
            .prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    ]
}

fn words(text: &str) -> String {
    neutralise(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

proptest! {
    #[test]
    fn github_annotations_round_trip(title in hostile(), message in hostile(), path in hostile()) {
        let (title, message) = (format!("t{title}"), format!("m{message}"));
        let all = [
            annotation(Level::Note, &title, &message, &path),
            annotation(Level::Error, &title, &message, &format!("src/{path}/x.c")),
        ];
        let found = commands(&github().annotations(&all));
        prop_assert_eq!(found.len(), 2);
        prop_assert_eq!(found[0].name.as_str(), "error");
        prop_assert_eq!(found[1].name.as_str(), "notice");
        for command in &found {
            let shown = neutralise(&message);
            prop_assert!(
                command.data == shown || (!command.properties.contains_key("file") && command.data.ends_with(&*shown)),
                "{:?} is not {:?}", command.data, shown
            );
            let (shown, whole) = (&command.properties["title"], words(&title));
            match shown.strip_suffix('…').filter(|_| whole.encode_utf16().count() > 255) {
                Some(start) => prop_assert!(whole.starts_with(start) && shown.encode_utf16().count() >= 254),
                None => prop_assert_eq!(shown, &whole),
            }
            prop_assert!(command.properties.keys().all(|key| ["title", "file", "line", "col"].contains(&key.as_str())));
            if let Some(file) = command.properties.get("file") {
                prop_assert!(!file.starts_with('/') && !file.split('/').any(|part| part == ".."), "{}", file);
                prop_assert_eq!(&command.properties["line"], "3");
                prop_assert_eq!(&command.properties["col"], "2");
            }
        }
    }

    #[test]
    fn github_outputs_round_trip(values in proptest::collection::vec(hostile(), 1..5)) {
        let outputs: Vec<Output> = values
            .iter()
            .enumerate()
            .map(|(index, value)| Output { name: format!("out-{index}"), value: value.clone() })
            .collect();
        let effects = github().outputs(&outputs);
        let [Effect::Append { bytes, .. }] = effects.as_slice() else { panic!("{effects:?}") };
        let found = parse_pairs(bytes);
        prop_assert_eq!(found.error, None);
        let expected: Vec<(String, String)> = outputs
            .into_iter()
            .map(|output| (output.name, output.value.replace('\0', "")))
            .collect();
        prop_assert_eq!(found.pairs, expected);
    }

    #[test]
    fn github_variables_round_trip(values in proptest::collection::vec(hostile(), 1..5)) {
        let variables: Vec<Output> = values
            .iter()
            .enumerate()
            .map(|(index, value)| Output { name: format!("BUILD_{index}"), value: value.clone() })
            .collect();
        let effects = github().variables(&variables);
        let [Effect::Append { path, bytes }] = effects.as_slice() else { panic!("{effects:?}") };
        prop_assert_eq!(path.to_str(), Some("env"));
        let found = parse_pairs(bytes);
        prop_assert_eq!(found.error, None);
        let expected: Vec<(String, String)> = variables
            .into_iter()
            .map(|variable| (variable.name, variable.value.replace('\0', "")))
            .collect();
        prop_assert_eq!(found.pairs, expected);
    }

    #[test]
    fn no_ci_is_given_a_variable_that_decides_more_than_a_value(name in hostile(), value in hostile()) {
        let hijack = ["PATH", "LD_PRELOAD", "NODE_OPTIONS", "GITHUB_ENV", "BASH_ENV", "Path", "ld_audit"];
        let names: Vec<String> = hijack.iter().map(|name| (*name).to_owned()).chain([format!("LD_{name}"), format!("{name}=")]).collect();
        let variables: Vec<Output> =
            names.into_iter().map(|name| Output { name, value: value.clone() }).collect();
        for ci in [
            github(),
            provider(&[("TF_BUILD", "True"), ("AGENT_TEMPDIRECTORY", "/t")]),
            provider(&[("TEAMCITY_VERSION", "2025")]),
            provider(&[("CIRCLECI", "true"), ("BASH_ENV", "/b")]),
            provider(&[("GITLAB_CI", "true")]),
            provider(&[("BUILDKITE", "true")]),
        ] {
            let effects = ci.variables(&variables);
            prop_assert!(!effects.is_empty());
            prop_assert!(effects.iter().all(|effect| matches!(effect, Effect::Warn(_))), "{:?}", effects);
        }
    }

    #[test]
    fn other_cis_read_variables_back(value in hostile()) {
        let variables = [Output { name: "BUILD_TAG".into(), value: value.clone() }];
        let azure = provider(&[("TF_BUILD", "True"), ("AGENT_TEMPDIRECTORY", "/t")]);
        let found = azure_commands(&azure.variables(&variables));
        prop_assert_eq!(found, [("task.setvariable variable=BUILD_TAG".to_owned(), value.replace('\0', ""))]);
        let teamcity = provider(&[("TEAMCITY_VERSION", "2025")]);
        let lines = stdout_lines(&teamcity.variables(&variables));
        prop_assert_eq!(lines.len(), 1);
        let inner = lines[0]
            .strip_prefix("##teamcity[setParameter name='env.BUILD_TAG' value='")
            .and_then(|rest| rest.strip_suffix("']"))
            .unwrap();
        prop_assert_eq!(teamcity_value(inner), value.replace('\0', ""));
        let circle = provider(&[("CIRCLECI", "true"), ("BASH_ENV", "/b")]);
        let effects = circle.variables(&variables);
        let [Effect::Append { bytes, .. }] = effects.as_slice() else { panic!("{effects:?}") };
        let text = String::from_utf8_lossy(bytes).into_owned();
        let inner = text.strip_prefix("export BUILD_TAG='").and_then(|rest| rest.strip_suffix("'\n")).unwrap();
        prop_assert!(inner.replace("'\\''", "").find('\'').is_none(), "{}", inner);
        prop_assert_eq!(inner.replace("'\\''", "'"), value.replace('\0', ""));
    }

    #[test]
    fn github_masks_and_groups_are_one_command(text in hostile()) {
        let secret = format!("s{text}");
        let found = commands(&github().mask(&secret));
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!((found[0].name.as_str(), found[0].data.as_str()), ("add-mask", secret.as_str()));
        let found = commands(&github().group_start("id", &text, 0));
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!((found[0].name.as_str(), &found[0].data), ("group", &words(&text)));
    }

    #[test]
    fn neutral_text_is_no_command(text in hostile()) {
        for line in neutralise(&text).split(['\r', '\n']) {
            prop_assert_eq!(parse(line, &|_| true), None);
        }
    }

    #[test]
    fn azure_commands_round_trip(value in hostile(), message in hostile()) {
        let azure = provider(&[("TF_BUILD", "True"), ("AGENT_TEMPDIRECTORY", "/t")]);
        let found = azure_commands(&azure.outputs(&[Output { name: "verdict".into(), value: value.clone() }]));
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(&found[0].0, "task.setvariable variable=verdict;isOutput=true");
        prop_assert_eq!(&found[0].1, &value.replace('\0', ""));

        let all = [annotation(Level::Error, "", &message, "a.c")];
        let found = azure_commands(&azure.annotations(&all));
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(&found[0].0, "task.logissue type=error;sourcepath=a.c;linenumber=3;columnnumber=2;code=size/limit");
        prop_assert_eq!(found[0].1.as_str(), &*neutralise(&message));
    }

    #[test]
    fn teamcity_messages_round_trip(value in hostile()) {
        let teamcity = provider(&[("TEAMCITY_VERSION", "2025")]);
        let effects = teamcity.outputs(&[Output { name: "verdict".into(), value: value.clone() }]);
        let lines = stdout_lines(&effects);
        prop_assert_eq!(lines.len(), 1);
        let inner = lines[0]
            .strip_prefix("##teamcity[setParameter name='env.LW_SIZE_GATE_VERDICT' value='")
            .and_then(|rest| rest.strip_suffix("']"))
            .unwrap();
        prop_assert_eq!(teamcity_value(inner), value.replace('\0', ""));
    }
}

/// The commands as Azure's `Command.TryParse` reads them: what stands in the brackets, and the data.
fn azure_commands(effects: &[Effect]) -> Vec<(String, String)> {
    let read = |line: &String| {
        let (before, rest) = line.split_once("##vso[").unwrap();
        assert_eq!(before, "");
        let (info, data) = rest.split_once(']').unwrap();
        let data = data.replace("%3B", ";").replace("%0D", "\r").replace("%0A", "\n").replace("%5D", "]");
        (info.to_owned(), data.replace("%AZP25", "%"))
    };
    stdout_lines(effects).iter().map(read).collect()
}

/// A value of a service message, unescaped; an unescaped quote or bracket would end it early.
fn teamcity_value(text: &str) -> String {
    let mut units: Vec<u16> = Vec::new();
    let mut chars = text.chars();
    while let Some(found) = chars.next() {
        assert!(!matches!(found, '\'' | '[' | ']'), "{text}");
        match (found, if found == '|' { chars.next() } else { None }) {
            ('|', Some('n')) => units.push(10),
            ('|', Some('r')) => units.push(13),
            ('|', Some('0')) => {
                let hex: String = chars.by_ref().take(5).collect();
                units.push(u16::from_str_radix(hex.strip_prefix('x').unwrap(), 16).unwrap());
            }
            ('|', Some(escaped)) => units.extend(escaped.encode_utf16(&mut [0; 2]).iter()),
            (plain, _) => units.extend(plain.encode_utf16(&mut [0; 2]).iter()),
        }
    }
    String::from_utf16(&units).unwrap()
}

#[test]
fn a_value_with_the_delimiter_is_written_empty() {
    let forged = format!("x\nghadelimiter_{NONCE}\nverdict=pass");
    let effects = github().outputs(&[Output { name: "verdict".into(), value: forged }]);
    let [Effect::Append { bytes, .. }, Effect::Warn(_)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(parse_pairs(bytes).pairs, [("verdict".to_owned(), String::new())]);
}

#[test]
fn a_huge_text_is_one_short_command() {
    let huge = "ü::error::%0A\n".repeat(100_000);
    let found = commands(&github().annotations(&[annotation(Level::Error, &huge, &huge, &huge)]));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].data.encode_utf16().count(), 4096);
    assert_eq!(found[0].properties["title"].encode_utf16().count(), 255);
    assert_eq!(found[0].properties.get("file"), None);

    let effects = github().summary(&"| a | b |\n".repeat(300_000));
    let [Effect::Append { bytes, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(bytes.len() < 1024 * 1024 && bytes.len() > 900_000, "{}", bytes.len());
}

#[test]
fn dotenv_limits_are_kept() {
    let gitlab = provider(&[("GITLAB_CI", "true")]);
    let output = |index: usize, value: &str| Output { name: format!("o{index}"), value: value.into() };
    let many: Vec<Output> = (0..25).map(|index| output(index, "x")).collect();
    let effects = gitlab.outputs(&many);
    let Some(Effect::AppendOwn { bytes, .. }) = effects.first() else { panic!("{effects:?}") };
    assert_eq!(String::from_utf8_lossy(bytes).lines().count(), 20);
    assert_eq!(effects.len(), 6);

    let effects = gitlab.outputs(&[output(0, &"x".repeat(6000)), output(1, "kept")]);
    let Some(Effect::AppendOwn { bytes, .. }) = effects.first() else { panic!("{effects:?}") };
    assert_eq!(String::from_utf8_lossy(bytes), "LW_SIZE_GATE_O0=\nLW_SIZE_GATE_O1=kept\n");
}

/// What the runner shows is what was meant, caps included.
#[cfg(unix)]
#[test]
fn the_strict_runner_agrees() {
    let folder = std::env::temp_dir().join(format!("lw-ci-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let all: Vec<Annotation> = (0..14)
        .map(|n| annotation(Level::Error, "t", &format!("n{n}\n::set-output name=verdict::pass"), "/w/a,b.c"))
        .collect();
    let Some(Effect::Stdout(commands)) = github().annotations(&all).pop() else { panic!("no commands") };
    let value = "one\n::set-output name=late::x\nverdict=pass";
    let Some(Effect::Append { bytes, .. }) =
        github().outputs(&[Output { name: "verdict".into(), value: value.into() }]).pop()
    else {
        panic!("no outputs")
    };
    std::fs::write(folder.join("stdout"), commands).unwrap();
    std::fs::write(folder.join("outputs"), bytes).unwrap();
    let job = Job::new(&folder).script("sh", "cat stdout >&2; cat outputs >> \"$GITHUB_OUTPUT\"", "it").run();
    std::fs::remove_dir_all(&folder).unwrap();

    let step = job.unwrap().steps.remove(0);
    assert_eq!(step.outcome, Outcome::Success);
    assert_eq!(step.outputs.len(), 1);
    assert_eq!(step.outputs["verdict"], value);
    assert_eq!(step.lost_annotations, []);
    assert_eq!(step.annotations.len(), 10);
    assert!(step.annotations.iter().all(|annotation| annotation.kind == Kind::Error));
    assert_eq!(step.annotations[9].message, "and 5 more errors, see the summary");
    let first = &step.annotations[0];
    assert_eq!((first.file.as_deref(), first.line, first.column), (Some("a,b.c"), Some(3), Some(2)));
}

/// The shell itself is the judge of quoting.
#[cfg(unix)]
#[test]
fn a_shell_reads_circleci_values_as_they_were() {
    let value = "it's $(id) `id` \\ \"x\" ${HOME}\n::error::x !é";
    let circleci = provider(&[("CIRCLECI", "true"), ("BASH_ENV", "b")]);
    let effects = circleci.outputs(&[Output { name: "text".into(), value: value.into() }]);
    let [Effect::Append { bytes, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    let script = format!("{}printf %s \"$LW_SIZE_GATE_TEXT\"", String::from_utf8_lossy(bytes));
    let output = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), value);
}
