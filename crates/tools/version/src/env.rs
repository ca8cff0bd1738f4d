//! `version env`: what a build is told of its version.
//!
//! The macros and arguments hold the version, the commit, the time and numbers, and nothing of a tag, which may be named anything:
//! their letters are letters, digits and `.+:-`, which no shell, SCons, CMake or Docker reads as something else.

use lw_cli::{Context, Error};
use lw_model::Report;

use crate::args::Env;
use crate::state::{self, State};

pub(crate) fn run(args: &Env, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let prefix = &args.env_prefix;
    let state = state::read(&args.state, cx, report)?;
    let time = cx.source_date().and_then(|time| i64::try_from(time).ok()).unwrap_or(state.time);
    let defined = defined(&state, time);
    let mut lines = String::new();
    for (name, value) in defined.iter().map(|value| (value.name, value.text.as_str())).chain(named(&state)) {
        let name = format!("{prefix}{name}");
        lines.push_str(&format!("{name}='{}'\n", value.replace('\'', "'\\''")));
        cx.set_variable(&name, value)?;
        state::fact(report, &name, value);
    }
    let flags = platformio(prefix, &defined);
    if args.platformio {
        cx.set_variable("PLATFORMIO_BUILD_FLAGS", &*flags)?;
    }
    cx.output("platformio-flags", flags);
    cx.output("cmake-args", joined(&defined, |value| format!("-D{prefix}{}={}", value.name, value.text)));
    cx.output(
        "docker-args",
        joined(&defined, |value| format!("--build-arg {prefix}{}={}", value.name, value.text)),
    );
    cx.judge(report, None);
    if cx.wants("plain") {
        cx.set_format("plain", lines);
    }
    Ok(())
}

/// A value of a build.
pub(crate) struct Defined {
    name: &'static str,
    text: String,
    is_number: bool,
}

/// What goes into arguments and macros.
pub(crate) fn defined(state: &State, time: i64) -> Vec<Defined> {
    let text = |name, text: &str| Defined { name, text: text.to_owned(), is_number: false };
    let number = |name, number: u64| Defined { name, text: number.to_string(), is_number: true };
    let mut defined = vec![
        text("VERSION", &state.version),
        number("VERSION_MAJOR", state.base.number(0)),
        number("VERSION_MINOR", state.base.number(1)),
        number("VERSION_PATCH", state.base.number(2)),
        text("COMMIT", &state.commit),
        text("COMMIT_SHORT", state.short()),
        text("TIME", &lw_releases::utc_time(time)),
    ];
    if let Some(dirty) = state.dirty {
        defined.push(number("DIRTY", u64::from(dirty)));
    }
    defined
}

/// What is a variable only, because it may hold anything.
fn named(state: &State) -> [(&'static str, &str); 2] {
    [("TAG", state.tag.as_deref().unwrap_or_default()), ("DESCRIBE", &state.describe)]
}

fn joined(defined: &[Defined], show: impl Fn(&Defined) -> String) -> String {
    defined.iter().map(show).collect::<Vec<_>>().join(" ")
}

/// Macros for `build_flags`, which SCons splits as a shell does (`shlex.split`), and whose quotes PlatformIO then hands to the
/// compiler: a text is a string literal in C, a number a number.
pub(crate) fn platformio(prefix: &str, defined: &[Defined]) -> String {
    joined(defined, |value| match value.is_number {
        true => format!("-D{prefix}{}={}", value.name, value.text),
        false => format!("'-D{prefix}{}=\"{}\"'", value.name, value.text),
    })
}
