//! The machine a run is on: environment, folder, streams. Taken once, so that a run can be repeated in
//! a test with another one.

#![allow(clippy::disallowed_methods, reason = "this is the edge")]

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use lw_model::lists::filled;

use crate::clock::Clock;
use crate::error::Error;
use crate::exit::Exit;
use crate::progress;

/// What a run knows of the machine.
#[derive(Clone)]
pub struct Host {
    /// Environment variables; a value that is no UTF-8 is read lossily.
    pub env: BTreeMap<String, String>,
    /// The folder the run started in.
    pub cwd: PathBuf,
    /// Seconds since 1970: `SOURCE_DATE_EPOCH` where it is set, else the clock.
    pub now: u64,
    /// Standard output is a terminal that wants colours.
    pub colour: bool,
    /// Standard error is a terminal that wants colours.
    pub colour_stderr: bool,
    /// Columns of standard output.
    pub width: usize,
    /// The time that passes during the run.
    pub clock: Clock,
}

impl std::fmt::Debug for Host {
    /// Without the environment, which may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("cwd", &self.cwd).field("now", &self.now).finish_non_exhaustive()
    }
}

impl Host {
    /// The machine this process runs on.
    #[must_use]
    #[allow(clippy::disallowed_methods)]
    pub fn real() -> Self {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let env: BTreeMap<String, String> =
            filled(std::env::vars_os().map(|(name, value)| (text(name), text(value))));
        let is_set = |name: &str| env.get(name).is_some_and(|value| !value.is_empty());
        let forced = is_set("CLICOLOR_FORCE") || is_set("FORCE_COLOR");
        let allowed = !is_set("NO_COLOR") && env.get("TERM").is_none_or(|term| term != "dumb");
        let colour = |terminal: bool| allowed && (terminal || forced);
        let now = env
            .get("SOURCE_DATE_EPOCH")
            .and_then(|value| value.trim().parse().ok())
            .unwrap_or_else(|| Clock::real().since_1970().as_secs());
        let width = env.get("COLUMNS").and_then(|value| value.trim().parse().ok());
        Self {
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            now,
            colour: colour(io::stdout().is_terminal()),
            colour_stderr: colour(io::stderr().is_terminal()),
            width: width.or_else(terminal_width).unwrap_or(100).clamp(40, 200),
            clock: Clock::real(),
            env,
        }
    }

    /// A variable, unless it is empty.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<String> {
        self.env.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// The nearest folder above, this one included, that holds `name`.
    #[must_use]
    pub fn find_upwards(&self, name: &str) -> Option<PathBuf> {
        self.cwd.ancestors().map(|folder| folder.join(name)).find(|path| path.exists())
    }

    /// The root of the repository, or else the folder the run started in.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.find_upwards(".git")
            .and_then(|git| git.parent().map(Path::to_owned))
            .unwrap_or_else(|| self.cwd.clone())
    }
}

fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// What happened to something that was printed.
#[derive(Debug)]
pub(crate) enum PrintOutcome {
    /// It was.
    Done,
    /// The reader has gone (`lw … | head`): a success, and nothing more to print.
    ReaderGone,
}

/// Prints to standard output.
pub(crate) fn stdout(text: &[u8]) -> io::Result<PrintOutcome> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Ok(()) => Ok(PrintOutcome::Done),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(PrintOutcome::ReaderGone),
        Err(error) => Err(error),
    }
}

/// Prints what was asked for: the answer of a command that has no report. A reader who has gone has read enough.
#[must_use]
pub fn print(text: &[u8]) -> Exit {
    match stdout(text) {
        Ok(PrintOutcome::Done | PrintOutcome::ReaderGone) => Exit::Pass,
        Err(error) => print_error(&Error::remote(format!("standard output: {error}"))),
    }
}

/// Says on standard error what is wrong and what to do, for a command that has no report.
#[must_use]
pub fn print_error(error: &Error) -> Exit {
    let mut text = format!("error: {}\n", error.message());
    if let Some(hint) = error.advice() {
        text.push_str(&format!("  hint: {hint}\n"));
    }
    stderr(&lw_ci::neutralise(&text));
    error.class().into()
}

/// Prints the help or version somebody asked for; anything else clap says is an error.
#[must_use]
pub fn print_clap(error: &clap::Error, host: &Host) -> Exit {
    let text = error.render();
    if error.use_stderr() {
        stderr(&if host.colour_stderr { text.ansi().to_string() } else { text.to_string() });
        return Exit::Usage;
    }
    let text = if host.colour { text.ansi().to_string() } else { text.to_string() };
    print(text.as_bytes())
}

/// Says something to the person on standard error. There is nobody to tell when that fails.
pub(crate) fn stderr(text: &str) {
    let mut err = io::stderr().lock();
    let way = progress::make_way();
    let _ = err.write_all(way.as_bytes()).and_then(|()| err.write_all(text.as_bytes()));
    let _ = err.flush();
}

/// Draws a bar of progress on the last line of standard error, which is a terminal.
pub(crate) fn stderr_bar(text: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    progress::bar_was_drawn(text);
}

/// 128 random bits as hexadecimal digits.
///
/// Without randomness from the system the delimiters of outputs could be guessed by whoever writes a value; the
/// time and the address of a local are then the best there is.
pub(crate) fn nonce() -> String {
    let mut bytes = [0u8; 16];
    if getrandom::fill(&mut bytes).is_err() {
        let here = std::ptr::from_ref(&bytes).addr() as u128;
        let time = Clock::real().since_1970();
        bytes = (time.as_nanos() ^ (here << 64)).to_le_bytes();
    }
    base16ct::lower::encode_string(&bytes)
}
