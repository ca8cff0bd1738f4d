//! The container engine, and the image of the suite in it.

use std::process::Command;
use std::sync::OnceLock;

use lw_testkit::skip;

use crate::support::{Tree, must, program, say, static_binary};

/// What the tests call the image.
pub(crate) const TAG: &str = "lw-e2e:test";
/// The engine's program with these arguments.
pub(crate) fn docker(args: &[&str]) -> Command {
    let mut command = Command::new(program("docker").expect("docker"));
    command.args(args).env("DOCKER_BUILDKIT", "0");
    command
}

/// Builds the image from the static binary, once.
pub(crate) fn built() -> Option<()> {
    static BUILT: OnceLock<Option<()>> = OnceLock::new();
    *BUILT.get_or_init(|| {
        engine()?;
        let tree = Tree::with(&static_binary()?);
        must(docker(&["build", "--quiet", "--tag", TAG]).arg(tree.path()));
        Some(())
    })
}

/// Whether a container engine answers.
pub(crate) fn engine() -> Option<()> {
    static ANSWERS: OnceLock<bool> = OnceLock::new();
    let answers = *ANSWERS.get_or_init(|| {
        program("docker").is_some_and(|docker| say(Command::new(docker).arg("info")).code == 0)
    });
    if answers { Some(()) } else { skip("no container engine answers; .ci/e2e-setup starts one") }
}
