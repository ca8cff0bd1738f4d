//! The token stays where it is: not in what is printed or written, on no command line, in no other process.

use lw_testkit::balena::{Config, Fault, Injection, Outcome, Release};
use lw_testkit::canary::Canary;

use crate::{TOOL, World};

const TOKEN: &str = "balena-token-Zx81-QL90-canary";
const REGISTRIES: &str = "{\"ghcr.io\":{\"username\":\"octocat\",\"password\":\"swordfish-canary-7\"}}";

/// Runs a command in a CI that shows everything, and looks for token and credentials everywhere.
fn watched(world: &World, canary: &Canary, arguments: &[&str], code: i32) {
    let mut command = TOOL.command(world.path());
    let (command_name, rest) = arguments.split_first().unwrap();
    command.arg(command_name).args(["--config=none", "--fleet=admin/fleet1", "--report=report.json"]);
    command
        .args(["--summary=summary.md", "--write=sarif=report.sarif", "--write=html=report.html"])
        .args(rest);
    command
        .env("BALENARC_API_URL", world.stub.api_url())
        .env("BALENARC_BUILDER_URL", world.stub.builder_url());
    command.env("BALENA_TOKEN", canary.text()).env("REGISTRIES", REGISTRIES);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_EVENT_NAME", "push").env("RUNNER_DEBUG", "1");
    command.env("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567");
    command.env("GITHUB_OUTPUT", world.path().join("outputs"));
    let watched = canary.watch(command).folder(world.path()).run();
    let said =
        format!("{}{}", String::from_utf8_lossy(&watched.stdout), String::from_utf8_lossy(&watched.stderr));
    assert_eq!(watched.code, Some(code), "{arguments:?}: {said}");
    assert!(watched.files > 0, "{arguments:?}");
    watched.assert_kept();
}

#[test]
fn the_token_is_kept_whatever_happens() {
    let world = World::with(3, Config { token: TOKEN.to_owned(), ..Config::default() });
    let canary = Canary::new(TOKEN).and("the password", "swordfish-canary-7");
    let draft = world.stub.add_release(world.fleet, &Release::draft("1.1.0")).to_string();
    let uuid = world.stub.state().devices[&world.devices[0]].uuid.clone();
    let quick = world.quick();
    let with = |arguments: &[&'static str]| [arguments, &quick].concat();
    watched(&world, &canary, &["plan", "--release", &draft, "--format=json"], 0);
    watched(&world, &canary, &["status", "--release", &draft], 0);
    watched(&world, &canary, &["watch"], 0);
    watched(&world, &canary, &["pin", "--release", &draft, "--device", &uuid], 0);
    watched(&world, &canary, &["unpin", "--device", &uuid], 0);
    let deploy =
        with(&["deploy", "--source=source", "--registry-secrets=env:REGISTRIES", "--journal=journal.jsonl"]);
    watched(&world, &canary, &deploy, 0);
    // A rollback, with a build that fails before.
    world.stub.set_rate_of_new_releases(1.0, Outcome::Rejects);
    let again = [&deploy[..], &["--cache=false"]].concat();
    watched(&world, &canary, &again, 10);
    // An error names what was asked, and not by whom.
    world.stub.inject(Injection::at("GET", "/v7/application", Fault::Status(403)).times(usize::MAX));
    watched(&world, &canary, &["plan", "--release", &draft], 4);
    // Every request was one of the stub's two servers, and the credentials were in the upload alone.
    assert!(world.stub.requests().iter().all(|seen| seen.is_authorized && !seen.target.contains(TOKEN)));
    assert!(world.stub.requests().iter().all(|seen| !seen.body.contains("swordfish")));
}

#[test]
fn a_token_nobody_knows_is_not_shown_either() {
    let world = World::new(1);
    let canary = Canary::new(TOKEN);
    watched(&world, &canary, &["plan", "--release", "1.0.0"], 2);
    watched(&world, &canary, &["deploy", "--draft", "--source=source"], 2);
}

#[test]
fn a_token_on_the_command_line_is_refused_and_not_repeated() {
    let world = World::new(1);
    let jwt = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpZCI6MX0.c2lnbmF0dXJlLW9mLWEtdG9rZW4";
    for token in [jwt, "Zx81QL90aB3dE5fG7hJ9kL1mN3pQ5rS7"] {
        let run = world.run(&["plan", "--balena-token", token]);
        assert!([2, 3].contains(&run.code), "{}", run.stderr);
        assert!(!run.stdout.contains(token) && !run.stderr.contains(token), "{}", run.stderr);
        assert!(world.stub.requests().is_empty());
    }
}
