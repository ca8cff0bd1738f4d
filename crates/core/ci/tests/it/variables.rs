//! Variables for the later steps of a job.

use std::path::PathBuf;

use lw_ci::{Effect, Output, Step, detect};

fn variables(env: &[(&str, &str)], value: &str) -> Vec<Effect> {
    let get = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let step = Step { tool: "image-tags".into(), suite: Vec::new(), nonce: "0123".into() };
    detect(&get, step)
        .variables(&[Output { name: "DOCKER_METADATA_OUTPUT_TAGS".into(), value: value.into() }])
}

#[test]
fn github_gets_them_in_its_file_and_nothing_else_of_their_values() {
    let env = [("GITHUB_ACTIONS", "true"), ("GITHUB_ENV", "/run/env")];
    let Effect::Append { path, bytes } = &variables(&env, "a:1\nPATH=/evil")[0] else { panic!() };
    assert_eq!(*path, PathBuf::from("/run/env"));
    let expected = "DOCKER_METADATA_OUTPUT_TAGS<<ghadelimiter_0123\na:1\nPATH=/evil\nghadelimiter_0123\n";
    assert_eq!(String::from_utf8_lossy(bytes), expected);
    // One that holds the delimiter would end early.
    let effects = variables(&env, "a\nghadelimiter_0123\nPATH=/evil");
    let Effect::Append { bytes, .. } = &effects[0] else { panic!() };
    assert!(!String::from_utf8_lossy(bytes).contains("PATH"));
    assert!(matches!(&effects[1], Effect::Warn(_)));
    assert!(matches!(&variables(&env[..1], "a")[..], [Effect::Warn(_)]));
    assert!(matches!(&variables(&[("GITLAB_CI", "true")], "a")[..], [Effect::Warn(_)]));
}
