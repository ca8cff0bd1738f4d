//! What a run says while it works: a bar on a terminal, a line every few seconds in the log of a CI.
//!
//! Whoever works only counts; a thread of its own looks at the count and draws, so that a single long step is told as
//! well, and counting costs an atomic addition.

#![allow(clippy::disallowed_methods, reason = "a bar moves in real time, whatever a run waits by")]

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use lw_ci::Provider;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::host::{self, Host};

/// How often a bar is drawn anew.
const REDRAW: Duration = Duration::from_millis(100);
/// Work that is done sooner shows no bar: it would only flicker.
const PATIENCE: Duration = Duration::from_millis(300);
/// How often a log gets a line; work that is done sooner gets none.
const LINE: Duration = Duration::from_secs(5);
/// Cells of a bar.
const CELLS: u64 = 20;
/// Puts the cursor at the start of its line, and empties the line.
const CLEAR: &str = "\r\u{1b}[2K";

/// A bar is on the last line of the terminal, and has to go before anything else is said there.
static BAR_IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// What to write before anything else goes to standard error.
pub(crate) fn make_way() -> &'static str {
    if BAR_IS_SHOWN.swap(false, Ordering::Relaxed) { CLEAR } else { "" }
}

/// Notes whether a bar is shown after this was written; to be called while standard error is locked.
pub(crate) fn bar_was_drawn(text: &str) {
    BAR_IS_SHOWN.store(text != CLEAR, Ordering::Relaxed);
}

/// How progress is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Display {
    /// A bar of at most so many columns.
    Bar(usize),
    /// Lines of a log.
    Lines,
    /// Not at all.
    Nothing,
}

impl Display {
    /// A log of a CI gets lines, also where it is a terminal (`act` gives its steps one); of others only a terminal shows
    /// something. `LW_PROGRESS` (`bar`, `lines`, `off`) decides otherwise. Colours have no say.
    pub(crate) fn of(host: &Host, ci: &dyn Provider, stderr_is_terminal: bool) -> Self {
        let bar = Self::Bar(host.width.saturating_sub(1));
        let is_ci = ci.id() != "terminal"
            || host.var("CI").is_some_and(|value| !["false", "0"].contains(&value.as_str()));
        match host.var("LW_PROGRESS").as_deref() {
            Some("off") => Self::Nothing,
            Some("lines") => Self::Lines,
            Some("bar") => bar,
            _ if is_ci => Self::Lines,
            _ if stderr_is_terminal && host.var("TERM").is_none_or(|term| term != "dumb") => bar,
            _ => Self::Nothing,
        }
    }

    /// How this process tells it.
    pub(crate) fn real(host: &Host, ci: &dyn Provider) -> Self {
        Self::of(host, ci, std::io::stderr().is_terminal())
    }
}

/// Where it is written.
type Sink = Box<dyn Fn(&str) + Send + Sync>;

/// Work that takes a while, told while it goes on. Clones count together, from any thread; when the last is gone, the
/// work is over.
#[derive(Clone)]
pub struct Progress {
    worker: Arc<Worker>,
}

impl Progress {
    pub(crate) fn start(title: &str, total: Option<u64>, display: Display) -> Self {
        let sink: Sink = Box::new(move |text: &str| match display {
            Display::Bar(_) => host::stderr_bar(text),
            _ => host::stderr(text),
        });
        Self::on(title, total, display, sink)
    }

    fn on(title: &str, total: Option<u64>, display: Display, sink: Sink) -> Self {
        let shared = Arc::new(Shared {
            done: AtomicU64::new(0),
            detail: Mutex::default(),
            is_over: Mutex::new(false),
            over: Condvar::new(),
        });
        let painter = Painter { title: harmless(title), total, display, said: false };
        let drawing = (display != Display::Nothing).then(|| {
            let shared = Arc::clone(&shared);
            // Where there is no thread to be had, the work is done in silence.
            thread::Builder::new().name("progress".into()).spawn(move || draw(&shared, painter, &sink)).ok()
        });
        Self { worker: Arc::new(Worker { shared, drawing: Mutex::new(drawing.flatten()) }) }
    }

    /// Counts `n` more as done: files, bytes, boards.
    pub fn advance(&self, n: u64) {
        self.worker.shared.done.fetch_add(n, Ordering::Relaxed);
    }

    /// What is being worked on now. Any text may be given.
    pub fn say(&self, text: impl Into<String>) {
        *self.worker.shared.detail.lock().unwrap_or_else(PoisonError::into_inner) = text.into();
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress").field("done", &self.worker.shared.done).finish_non_exhaustive()
    }
}

/// Ends the drawing when the last clone is gone.
struct Worker {
    shared: Arc<Shared>,
    drawing: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        *self.shared.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.over.notify_all();
        let drawing = self.drawing.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(drawing) = drawing {
            let _ = drawing.join();
        }
    }
}

/// What those who work and the one who draws have in common.
struct Shared {
    done: AtomicU64,
    detail: Mutex<String>,
    is_over: Mutex<bool>,
    over: Condvar,
}

fn draw(shared: &Shared, mut painter: Painter, sink: &Sink) {
    let start = Instant::now();
    loop {
        let is_over = shared.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = shared.over.wait_timeout_while(is_over, painter.pause(), |is_over| !*is_over);
        let is_over = waited.map_or_else(|poisoned| *poisoned.into_inner().0, |(is_over, _)| *is_over);
        let done = shared.done.load(Ordering::Relaxed);
        let text = if is_over {
            painter.end(done, start.elapsed())
        } else {
            let detail = shared.detail.lock().unwrap_or_else(PoisonError::into_inner).clone();
            Some(painter.paint(done, &harmless(&detail), start.elapsed()))
        };
        if let Some(text) = text {
            sink(&text);
        }
        if is_over {
            return;
        }
    }
}

/// Makes the text of each moment; when, is the caller's.
struct Painter {
    title: String,
    total: Option<u64>,
    display: Display,
    /// Whether anything was said yet.
    said: bool,
}

impl Painter {
    /// How long to wait before the next text.
    fn pause(&self) -> Duration {
        match self.display {
            Display::Bar(_) if self.said => REDRAW,
            Display::Bar(_) => PATIENCE,
            _ => LINE,
        }
    }

    fn paint(&mut self, done: u64, detail: &str, elapsed: Duration) -> String {
        self.said = true;
        let Display::Bar(columns) = self.display else {
            let mut line = format!("{}: {}", self.title, self.count(done));
            if !detail.is_empty() {
                let _ = write!(line, ", {detail}");
            }
            return format!("{line} ({} s)\n", elapsed.as_secs());
        };
        let mut line = self.title.clone();
        if let Some(total) = self.total.filter(|total| *total > 0) {
            // The work may turn out to be more than was thought.
            let full = u64::try_from(u128::from(done.min(total)) * u128::from(CELLS) / u128::from(total));
            let full = usize::try_from(full.unwrap_or(CELLS)).unwrap_or(0);
            let empty = usize::try_from(CELLS).unwrap_or(0).saturating_sub(full);
            let _ = write!(line, " [{}{}]", "#".repeat(full), "-".repeat(empty));
        }
        let _ = write!(line, " {}", self.count(done));
        if !detail.is_empty() {
            let _ = write!(line, " {detail}");
        }
        format!("{CLEAR}{}", cut(&line, columns))
    }

    /// What is left after: nothing of a bar, and of a log that was told of the work, that it is over.
    fn end(&self, done: u64, elapsed: Duration) -> Option<String> {
        match self.display {
            _ if !self.said => None,
            Display::Bar(_) => Some(CLEAR.to_owned()),
            _ => Some(format!("{}: {}, over after {} s\n", self.title, self.count(done), elapsed.as_secs())),
        }
    }

    fn count(&self, done: u64) -> String {
        self.total.map_or_else(|| format!("{done} done"), |total| format!("{done} of {total}"))
    }
}

/// Foreign text on one line, without commands of any CI or terminal.
fn harmless(text: &str) -> String {
    lw_ci::neutralise(&text.replace(['\r', '\n', '\t'], " ")).into_owned()
}

/// The beginning of a line that fits into so many columns: a longer one would leave rests after.
fn cut(line: &str, columns: usize) -> &str {
    if line.width() <= columns {
        return line;
    }
    let mut used = 0;
    let end = line.char_indices().find(|(_, found)| {
        used += found.width().unwrap_or(0);
        used > columns
    });
    end.and_then(|(at, _)| line.get(..at)).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painter(total: Option<u64>, display: Display) -> Painter {
        Painter { title: harmless("reading\n::error::x"), total, display, said: false }
    }

    #[test]
    fn a_log_gets_a_line_every_five_seconds_and_the_end() {
        let mut log = painter(Some(40), Display::Lines);
        assert_eq!(log.end(3, Duration::from_secs(4)), None, "work of four seconds is not told");
        assert_eq!(log.pause(), Duration::from_secs(5));
        assert_eq!(
            log.paint(12, "a.info", Duration::from_secs(5)),
            "reading ::error::x: 12 of 40, a.info (5 s)\n"
        );
        assert_eq!(log.pause(), Duration::from_secs(5));
        let end = log.end(40, Duration::from_secs(11)).unwrap();
        assert_eq!(end, "reading ::error::x: 40 of 40, over after 11 s\n");
        assert!(!end.contains('\u{1b}'), "no escapes in a log");
    }

    #[test]
    fn a_bar_is_redrawn_ten_times_a_second_and_leaves_nothing() {
        let mut bar = painter(Some(40), Display::Bar(40));
        assert_eq!((bar.pause(), bar.end(3, Duration::ZERO)), (PATIENCE, None));
        let drawn = bar.paint(10, "", Duration::from_secs(1));
        assert_eq!(drawn, "\r\u{1b}[2Kreading ::error::x [#####----------------"[..drawn.len()]);
        assert_eq!(bar.pause(), Duration::from_millis(100));
        assert_eq!(bar.end(40, Duration::from_secs(2)).as_deref(), Some(CLEAR));
        let mut wide = painter(Some(2), Display::Bar(99));
        let more = wide.paint(3, "d\u{1b}[31m", Duration::ZERO);
        assert!(more.contains(&format!("[{}] 3 of 2", "#".repeat(20))), "{more:?}");
        let mut unknown = painter(None, Display::Bar(99));
        assert!(unknown.paint(7, "", Duration::ZERO).ends_with("x 7 done"));
        let mut none = painter(Some(0), Display::Bar(99));
        assert!(none.paint(0, "", Duration::ZERO).ends_with("x 0 of 0"));
    }

    #[test]
    fn a_line_fits_the_terminal_in_columns() {
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語", 5), "日本");
        assert_eq!(cut("abc", 2), "ab");
    }

    #[test]
    fn text_of_others_commands_nobody() {
        assert_eq!(harmless("a\r\n::error::x"), "a  ::error::x");
        assert_eq!(harmless("::error::x"), ":\u{200b}:error::x");
        let text = harmless("\u{1b}[2J##vso[x]");
        assert!(!text.contains(['\u{1b}']) && !text.contains("##"), "{text:?}");
    }

    #[test]
    fn threads_count_together_and_the_last_one_ends_it() {
        let said = Arc::new(Mutex::new(Vec::new()));
        let sink = {
            let said = Arc::clone(&said);
            Box::new(move |text: &str| said.lock().unwrap().push(text.to_owned()))
        };
        let progress = Progress::on("work", Some(400), Display::Bar(60), sink);
        thread::scope(|scope| {
            for _ in 0..4 {
                let progress = progress.clone();
                scope.spawn(move || (0..100).for_each(|_| progress.advance(1)));
            }
        });
        progress.say("the end");
        let until = Instant::now() + Duration::from_secs(60);
        while said.lock().unwrap().is_empty() && Instant::now() < until {
            thread::sleep(Duration::from_millis(20));
        }
        drop(progress);
        let said = said.lock().unwrap();
        assert_eq!(said[0], format!("{CLEAR}work [{}] 400 of 400 the end", "#".repeat(20)));
        assert_eq!(said.last().map(String::as_str), Some(CLEAR), "a bar is gone with its work");
    }

    #[test]
    fn work_nobody_watches_is_done_in_silence() {
        let sink: Sink = Box::new(|text: &str| panic!("{text}"));
        let progress = Progress::on("work", None, Display::Nothing, sink);
        progress.advance(1);
        assert!(progress.worker.drawing.lock().unwrap().is_none());
    }

    #[test]
    fn who_watches_decides_how_it_is_told_and_colour_does_not() {
        let display = |env: &[(&str, &str)], terminal: bool| {
            let env: std::collections::BTreeMap<String, String> =
                env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let host = Host { env, width: 80, colour_stderr: false, ..Host::real() };
            let step = lw_ci::Step { suite: Vec::new(), tool: "probe".into(), nonce: "0".into() };
            Display::of(&host, &*lw_ci::detect(&|name| host.var(name), step), terminal)
        };
        assert_eq!(display(&[], true), Display::Bar(79));
        assert_eq!(display(&[("NO_COLOR", "1")], true), Display::Bar(79));
        assert_eq!(display(&[("TERM", "dumb")], true), Display::Nothing);
        assert_eq!(display(&[("FORCE_COLOR", "1")], false), Display::Nothing);
        assert_eq!(display(&[("CI", "true")], false), Display::Lines);
        assert_eq!(display(&[("CI", "false")], false), Display::Nothing);
        assert_eq!(display(&[("GITHUB_ACTIONS", "true")], true), Display::Lines, "act has a terminal");
        assert_eq!(display(&[("LW_PROGRESS", "lines")], false), Display::Lines);
        assert_eq!(display(&[("LW_PROGRESS", "off"), ("CI", "true")], true), Display::Nothing);
    }
}
