//! The journal: what a process intended and what came of it, one JSON object per line.
//!
//! It is for people and for reports. An intent is written before its call and the result after, so a journal that ends with an intent
//! says which call was under way when its process was lost. The engine never reads it: a journal that is gone costs nothing.

use lw_model::Diagnose;
use serde::{Deserialize, Serialize};

use crate::target::Call;
use crate::words::{ReleaseId, Time};

/// The version of the format this writes, and the only one it reads.
pub const VERSION: u32 = 1;

/// The longest line that is read or written, in bytes.
pub const MAX_LINE: usize = 4 << 20;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The version of the format.
    v: u32,
    /// Its number, from 0 without a gap.
    pub seq: u64,
    /// When, by the target's clock.
    pub at: Time,
    /// What.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A process begins. One journal may hold several, one after the other.
    Begun {
        /// What it was told to do.
        command: String,
        /// The release.
        release: ReleaseId,
        /// The digest of the strategy.
        strategy: String,
    },
    /// A call will be made, under the lease with this token.
    Intent {
        /// The token, 0 before there is one.
        token: u64,
        /// The call.
        call: Call,
    },
    /// The target says that the call before was done.
    Done,
    /// The call before failed, or nobody knows.
    Failed(String),
    /// Something to know.
    Note(String),
    /// The process ends.
    Ended {
        /// Its exit code.
        code: u8,
        /// How.
        said: String,
    },
}

/// What a journal holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Journal {
    /// Its entries.
    pub entries: Vec<Entry>,
    /// How many bytes they take. What lies behind is the torn line of a process that was lost while it wrote, and is cut off
    /// before anything is appended.
    pub whole: usize,
    /// Whether there is such a torn line.
    pub is_torn: bool,
}

impl Journal {
    /// The line of the next event, with its line break.
    ///
    /// # Errors
    /// When it would be longer than [`MAX_LINE`].
    pub fn line(seq: u64, at: Time, event: &Event) -> Result<String, JournalError> {
        let entry = Entry { v: VERSION, seq, at, event: event.clone() };
        let line = usize::try_from(seq).unwrap_or(usize::MAX).saturating_add(1);
        let mut text = serde_json::to_string(&entry)
            .map_err(|error| JournalError { line, fault: Fault::Malformed(error.to_string()) })?;
        if text.len() >= MAX_LINE {
            return Err(JournalError { line, fault: Fault::TooLong });
        }
        text.push('\n');
        Ok(text)
    }

    /// The number of the next entry.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.seq.saturating_add(1))
    }

    /// The call that was under way when the journal ends.
    #[must_use]
    pub fn unanswered(&self) -> Option<&Call> {
        match &self.entries.last()?.event {
            Event::Intent { call, .. } => Some(call),
            _ => None,
        }
    }

    /// Reads a journal. A last line without its line break is a torn one, whatever is in it; everything else has to be right.
    ///
    /// # Errors
    /// With the number of the line.
    pub fn read(bytes: &[u8]) -> Result<Self, JournalError> {
        let mut journal = Self::default();
        let mut is_answered = true;
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let fault = |fault| JournalError { line: index + 1, fault };
            if line.len() > MAX_LINE {
                return Err(fault(Fault::TooLong));
            }
            let Some(text) = line.strip_suffix(b"\n") else {
                journal.is_torn = true;
                break;
            };
            let entry = entry(text).map_err(fault)?;
            let expected = journal.next_seq();
            if entry.seq != expected {
                return Err(fault(Fault::Gap { expected, found: entry.seq }));
            }
            let answers = matches!(entry.event, Event::Done | Event::Failed(_));
            let begins = matches!(entry.event, Event::Begun { .. });
            // A lost process leaves its last intent without an answer; the next thing then is another process.
            if (answers && is_answered) || (!answers && !is_answered && !begins) || (index == 0 && !begins) {
                return Err(fault(Fault::Order));
            }
            is_answered = !matches!(entry.event, Event::Intent { .. });
            journal.whole += line.len();
            journal.entries.push(entry);
        }
        Ok(journal)
    }
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

fn entry(text: &[u8]) -> Result<Entry, Fault> {
    let malformed = |error: serde_json::Error| Fault::Malformed(error.to_string());
    let Version { v } = serde_json::from_slice(text).map_err(malformed)?;
    if v != VERSION {
        return Err(Fault::Version(v));
    }
    serde_json::from_slice(text).map_err(malformed)
}

/// Why a journal cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the journal {fault}")]
pub struct JournalError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No entry.
    #[error("is no entry: {0}")]
    Malformed(String),
    /// Of another version.
    #[error("has version {0}, and this one reads version {VERSION}")]
    Version(u32),
    /// An entry is missing, or there twice.
    #[error("has number {found}, and {expected} is next")]
    Gap {
        /// The number that is next.
        expected: u64,
        /// The number it has.
        found: u64,
    },
    /// A result without an intent, an intent without a result before something else, or no beginning.
    #[error("does not follow from the line before: intents and results take turns, and a process begins")]
    Order,
    /// Longer than any entry.
    #[error("is longer than {MAX_LINE} bytes")]
    TooLong,
}

impl Diagnose for JournalError {
    fn hint(&self) -> Option<std::borrow::Cow<'static, str>> {
        Some(match self.fault {
            Fault::Version(_) => "read it with the version that wrote it".into(),
            _ => "a journal is only appended to; nothing needs it to continue a rollout, so move it away"
                .into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events() -> Vec<Event> {
        let begun = Event::Begun {
            command: "apply".to_owned(),
            release: ReleaseId::new("2"),
            strategy: "0123456789abcdef".to_owned(),
        };
        vec![
            begun.clone(),
            Event::Intent { token: 1, call: Call::Finalize(ReleaseId::new("2")) },
            Event::Failed("no answer\nat \u{2028} all".to_owned()),
            Event::Note("x".to_owned()),
            Event::Intent { token: 1, call: Call::Unmark(Vec::new()) },
            begun,
            Event::Intent { token: 2, call: Call::Wish(None) },
            Event::Done,
            Event::Ended { code: 10, said: "rolled back".to_owned() },
        ]
    }

    fn text(events: &[Event]) -> String {
        (0..)
            .zip(events)
            .map(|(seq, event)| Journal::line(seq, Time::from_millis(5), event).unwrap())
            .collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let text = text(&events());
        let journal = Journal::read(text.as_bytes()).unwrap();
        let read: Vec<_> = journal.entries.iter().map(|entry| entry.event.clone()).collect();
        assert_eq!(read, events());
        assert_eq!((journal.whole, journal.is_torn, journal.next_seq()), (text.len(), false, 9));
        assert_eq!(journal.unanswered(), None);
        assert_eq!(Journal::read(b"").unwrap(), Journal::default());
    }

    #[test]
    fn a_journal_cut_anywhere_is_its_whole_lines() {
        let text = text(&events());
        for end in 0..=text.len() {
            let cut = &text.as_bytes()[..end];
            let journal = Journal::read(cut).unwrap();
            assert_eq!(journal.whole, cut.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
            assert_eq!(journal.is_torn, journal.whole != end);
            assert_eq!(journal.entries.len(), cut.iter().filter(|byte| **byte == b'\n').count());
            let last = journal.entries.last().map(|entry| &entry.event);
            assert_eq!(journal.unanswered().is_some(), matches!(last, Some(Event::Intent { .. })));
        }
    }

    #[test]
    fn a_damaged_line_is_refused_with_its_number() {
        let text = text(&events());
        let lines: Vec<&str> = text.lines().collect();
        for removed in 0..lines.len() - 1 {
            let mut rest = lines.clone();
            rest.remove(removed);
            let error = Journal::read((rest.join("\n") + "\n").as_bytes()).unwrap_err();
            assert_eq!(error.line, removed + 1, "{error}");
            assert!(error.hint().is_some());
        }
        let with = |index: usize, line: &str| {
            let mut changed = lines.clone();
            changed[index] = line;
            Journal::read((changed.join("\n") + "\n").as_bytes()).unwrap_err()
        };
        assert!(matches!(with(3, "{}"), JournalError { line: 4, fault: Fault::Malformed(_) }));
        assert!(matches!(with(3, ""), JournalError { line: 4, fault: Fault::Malformed(_) }));
        assert_eq!(with(0, "{\"v\":2}"), JournalError { line: 1, fault: Fault::Version(2) });
        let twice = with(1, lines[0]);
        assert_eq!(twice, JournalError { line: 2, fault: Fault::Gap { expected: 1, found: 0 } });
    }

    #[test]
    fn intents_and_results_take_turns() {
        let all = events();
        let [begun, intent, _, note, ..] = all.as_slice() else { panic!() };
        for (wrong, line) in [
            (vec![note.clone()], 1),
            (vec![begun.clone(), Event::Done], 2),
            (vec![begun.clone(), intent.clone(), note.clone()], 3),
            (vec![begun.clone(), intent.clone(), intent.clone()], 3),
            (vec![begun.clone(), intent.clone(), Event::Done, Event::Done], 4),
        ] {
            assert_eq!(
                Journal::read(text(&wrong).as_bytes()),
                Err(JournalError { line, fault: Fault::Order })
            );
        }
    }

    #[test]
    fn a_line_without_end_is_refused_and_not_written() {
        let endless = vec![b'x'; MAX_LINE + 1];
        assert_eq!(Journal::read(&endless), Err(JournalError { line: 1, fault: Fault::TooLong }));
        let event = Event::Note("x".repeat(MAX_LINE));
        assert_eq!(
            Journal::line(4, Time::ZERO, &event),
            Err(JournalError { line: 5, fault: Fault::TooLong })
        );
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_read_or_refused(bytes: Vec<u8>, at in 0usize..2000, changed: u8) {
            let _ = Journal::read(&bytes);
            let mut text = text(&events()).into_bytes();
            let at = at % text.len();
            text[at] = changed;
            if let Ok(journal) = Journal::read(&text) {
                prop_assert!(journal.whole <= text.len());
            }
        }
    }
}
