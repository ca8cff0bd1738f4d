//! Outputs, bake files and variables.

use std::fs;

use lw_testkit::git::Scratch;
use serde_json::{Value, json};

use crate::TOOL;

#[test]
fn outputs_bake_files_and_variables_hold_the_same() {
    let scratch = Scratch::new();
    scratch.commit(&[("a", "a")]);
    let temporary = tempfile::tempdir().unwrap();
    let environment = temporary.path().join("environment");
    fs::write(&environment, "").unwrap();
    let folder = temporary.path().to_string_lossy().into_owned();
    let path = environment.to_string_lossy().into_owned();
    let arguments = [
        "--ref=refs/heads/dev",
        "--images=org/app",
        "--images=ghcr.io/Org/App",
        "--images=name=other/app,enable=false",
        "--tags=type=ref,event=branch",
        "--tags=type=raw,value=a",
        "--labels=org.opencontainers.image.title=My \"App\"",
        "--annotations=maintainer=me",
        "--sep-tags=, ",
        "--bake-target=app",
    ];
    let env = [
        ("RUNNER_TEMP", folder.as_str()),
        ("GITHUB_ENV", path.as_str()),
        ("SOURCE_DATE_EPOCH", "1578616200"),
        ("DOCKER_METADATA_ANNOTATIONS_LEVELS", "manifest,index"),
    ];
    let run = TOOL.run_as_step(scratch.path(), &arguments, &env);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.output("tags"), "org/app:dev, org/app:a, ghcr.io/org/app:dev, ghcr.io/org/app:a");
    assert_eq!((run.output("tag-names"), run.output("version")), ("dev, a", "dev"));
    assert!(run.output("labels").contains("org.opencontainers.image.title=My \"App\"\n"));
    let annotations: Vec<&str> = run.output("annotations").lines().collect();
    assert_eq!((annotations[0], annotations[9]), ("manifest:maintainer=me", "index:maintainer=me"));
    let json: Value = serde_json::from_str(run.output("json")).unwrap();
    assert_eq!(json["tag-names"], json!(["dev", "a"]));
    assert_eq!(json["annotations"].as_array().unwrap().len(), 18);
    let read =
        |output: &str| -> Value { serde_json::from_slice(&fs::read(run.output(output)).unwrap()).unwrap() };
    let bake = read("bake-file");
    assert_eq!(bake["target"]["app"]["tags"], json["tags"]);
    assert_eq!(bake["target"]["app"]["labels"], json["labels"]);
    assert_eq!(
        bake["target"]["app"]["args"],
        json!({"DOCKER_META_IMAGES": "org/app,ghcr.io/org/app", "DOCKER_META_VERSION": "dev"})
    );
    assert_eq!(
        read("bake-file-tags")["target"]["app"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["tags", "args"]
    );
    assert_eq!(read("bake-file-labels")["target"]["app"]["labels"], json["labels"]);
    assert_eq!(read("bake-file-annotations")["target"]["app"]["annotations"], json["annotations"]);
    assert!(run.output("bake-file").ends_with("/docker-metadata-action-bake.json"));
    let set = fs::read_to_string(&environment).unwrap();
    for name in
        ["VERSION", "TAGS", "TAG_NAMES", "LABELS", "ANNOTATIONS", "JSON", "BAKE_FILE", "BAKE_FILE_TAGS"]
    {
        assert!(set.contains(&format!("DOCKER_METADATA_OUTPUT_{name}<<ghadelimiter_")), "{name}: {set}");
    }
    // And none where somebody says so.
    fs::write(&environment, "").unwrap();
    let env = [env[0], env[1], ("DOCKER_METADATA_SET_OUTPUT_ENV", "false")];
    let _ = TOOL.run_as_step(scratch.path(), &arguments, &env);
    assert_eq!(fs::read_to_string(&environment).unwrap(), "");
    for (name, value) in
        [("DOCKER_METADATA_SET_OUTPUT_ENV", "maybe"), ("DOCKER_METADATA_SHORT_SHA_LENGTH", "seven")]
    {
        let run = TOOL.run_as_step(scratch.path(), &arguments, &[(name, value)]);
        assert_eq!(run.code, 2, "{name}");
        assert!(run.stderr.contains(name), "{}", run.stderr);
    }
    let sha = format!("--sha={}", "0123456789abcdef".repeat(3).get(..40).unwrap());
    let run = TOOL.run_as_step(
        scratch.path(),
        &["--ref=refs/heads/dev", "--tags=type=sha", &sha],
        &[("DOCKER_METADATA_SHORT_SHA_LENGTH", "12")],
    );
    assert_eq!(run.output("version"), "sha-0123456789ab");
    // All images are disabled: a bare tag would be pushed to docker.io/library.
    let run = TOOL.run_as_step(
        scratch.path(),
        &["--ref=refs/heads/dev", "--images=name=org/app,enable=false"],
        &[],
    );
    assert_eq!((run.code, run.output("tags")), (1, ""), "{}", run.stdout);
    let run = TOOL.run_as_step(
        scratch.path(),
        &["--ref=refs/heads/dev", "--images=name=org/app,enable=false", "--latest=upstream"],
        &[],
    );
    assert_eq!((run.code, run.output("tags")), (0, "dev"));
}

/// Two branches whose names a registry cannot tell apart, and one that is named like the tag of another.
#[test]
fn two_references_have_two_tags_when_they_are_to_be_distinct() {
    let scratch = Scratch::new();
    scratch.commit(&[("a", "a")]);
    let tag = |branch: &str, more: &[&str]| {
        let mut arguments = vec![format!("--ref=refs/heads/{branch}"), "--images=org/app".to_owned()];
        arguments.extend(["--event=push".to_owned(), "--tags=type=ref,event=branch".to_owned()]);
        arguments.extend(more.iter().map(|one| (*one).to_owned()));
        let run = TOOL.run_as_step(scratch.path(), &arguments, &[]);
        assert_eq!(run.code, 0, "{branch}: {}", run.stderr);
        run.output("tags").to_owned()
    };
    assert_eq!(tag("feature/x", &[]), tag("feature-x", &[]));
    let names = ["feature/x", "feature-x", "feature#x", "feature//x"];
    let tags: std::collections::BTreeSet<String> =
        names.iter().map(|name| tag(name, &["--distinct-names"])).collect();
    assert_eq!(tags.len(), names.len(), "{tags:?}");
    assert!(tags.contains("org/app:feature-x"), "a name that needs no change has none: {tags:?}");
    // The same each time, or every push would leave another tag.
    assert_eq!(tag("feature/x", &["--distinct-names"]), tag("feature/x", &["--distinct-names"]));
    let taken = tag("feature/x", &["--distinct-names"]);
    let name = taken.strip_prefix("org/app:").unwrap();
    assert_ne!(tag(name, &["--distinct-names"]), taken, "a branch overwrites the tag of another");
}
