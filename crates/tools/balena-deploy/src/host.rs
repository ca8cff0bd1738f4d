//! The clock of the run and its journal, for the engine.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lw_balena::ServerTime;
use lw_cli::{Clock, Context, Error, ResultExt as _};
use lw_rollout::journal::{Event, Journal};
use lw_rollout::{Call, Host, Phase, Record, Time};

/// Something that happened.
pub(crate) struct Moment {
    pub(crate) at: Time,
    pub(crate) said: String,
    /// What begins with it, with its wave.
    pub(crate) phase: Option<String>,
    /// How many devices it gives another release.
    pub(crate) devices: Option<usize>,
}

/// The run, for the engine.
pub(crate) struct Run<'c> {
    cx: &'c Context,
    clock: Clock,
    time: Arc<ServerTime>,
    file: Option<PathBuf>,
    seq: u64,
    /// What happened, with when.
    pub(crate) timeline: Vec<Moment>,
    /// What was waited for last.
    said: String,
}

impl<'c> Run<'c> {
    /// A run whose journal is this file; one that is there is continued.
    pub(crate) fn new(cx: &'c Context, time: Arc<ServerTime>, file: Option<PathBuf>) -> Result<Self, Error> {
        let mut seq = 0;
        if let Some(path) = &file
            && cx.resolve(path).exists()
        {
            let journal = Journal::read(&cx.open(path)?).context(cx.display_path(path))?;
            if journal.is_torn {
                let message = format!("{}: its last line was not written to its end", cx.display_path(path));
                return Err(Error::input(message)
                    .hint("name another file with --journal; nothing needs this one to go on"));
            }
            seq = journal.next_seq();
        }
        Ok(Self { cx, clock: cx.clock().clone(), time, file, seq, timeline: Vec::new(), said: String::new() })
    }

    fn tell(&mut self, said: String, call: Option<&Call>) {
        self.cx.say(&said);
        let phase = call.and_then(|call| match call {
            Call::Record(Record { phase: phase @ (Phase::Applying | Phase::Baking), wave, .. }) => {
                Some(format!("wave {wave}: {phase}"))
            }
            Call::Record(record) => Some(record.phase.to_string()),
            _ => None,
        });
        let devices = call.and_then(|call| match call {
            Call::Assign(changes) => Some(changes.len()),
            _ => None,
        });
        self.timeline.push(Moment { at: self.time.now(), said, phase, devices });
    }
}

impl Host for Run<'_> {
    type Error = Error;

    fn now(&mut self) -> Time {
        self.time.now()
    }

    fn wait(&mut self, until: Time, why: &str) {
        if !why.is_empty() && self.said != why {
            why.clone_into(&mut self.said);
            self.cx.say(why);
        }
        let span = until.since(self.time.now()).max(Duration::from_millis(10));
        let _ = self.clock.sleep(span);
    }

    fn cancelled(&mut self) -> u32 {
        self.clock.signals()
    }

    fn record(&mut self, event: &Event) -> Result<(), Error> {
        match event {
            Event::Intent { call, .. } if !matches!(call, Call::Lock { .. }) => {
                self.tell(call.name(), Some(call));
            }
            Event::Failed(why) => self.tell(format!("failed: {why}"), None),
            Event::Note(note) => self.tell(note.clone(), None),
            Event::Ended { said, .. } => self.tell(said.clone(), None),
            _ => {}
        }
        let Some(file) = &self.file else { return Ok(()) };
        let line = Journal::line(self.seq, self.time.now(), event)?;
        self.seq += 1;
        self.cx.append_lines(file, &line)
    }
}
