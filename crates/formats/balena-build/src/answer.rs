//! The builder's answer: an array of JSON, element by element, or one object.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};

use lw_model::{Class, Diagnose};
use lw_syntax::json_reason;
use serde::Deserialize;
use serde_json::Value;

/// The longest element that is read, in bytes.
pub const MAX_ELEMENT: usize = 1 << 20;

/// What the builder says with one element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The release that is built, by its id: the first thing it says.
    Release(u64),
    /// A line for people, with the escapes of a terminal.
    Message {
        /// The line.
        text: String,
        /// It takes the place of the line before.
        replaces: bool,
        /// The build has failed, and this is why.
        is_error: bool,
    },
    /// What a terminal is to do before the next line.
    Cursor(Cursor),
    /// A detached build was begun, of this release; only where the answer is one object.
    Started(u64),
    /// A detached build was not begun.
    NotStarted(String),
    /// An element this version does not know.
    Other,
}

/// What a terminal is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// Erase the line.
    Erase,
    /// Go up so many lines.
    Up(u32),
    /// Go down so many lines.
    Down(u32),
}

/// Why an answer cannot be read further.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The connection broke, or nothing came for too long.
    #[error("the builder's answer broke off at byte {offset}: {error}")]
    Broken {
        /// Where.
        offset: u64,
        /// Why.
        error: io::Error,
    },
    /// It is no array of objects.
    #[error("the builder's answer is no array of JSON at byte {offset}: {why}")]
    Malformed {
        /// Where.
        offset: u64,
        /// What is wrong.
        why: String,
    },
    /// An element is too long.
    #[error("an element of the builder's answer, from byte {0} on, has more than {MAX_ELEMENT} bytes")]
    TooLong(u64),
}

impl Diagnose for AnswerError {
    fn class(&self) -> Class {
        Class::Remote
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Broken { .. } => "the build goes on without it; its release says what became of it".into(),
            Self::Malformed { .. } | Self::TooLong(_) => {
                "does something else answer in the builder's place, such as a proxy?".into()
            }
        })
    }
}

/// An answer that is read as it comes.
#[derive(Debug)]
pub struct Answer<R> {
    reader: BufReader<R>,
    offset: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Inside,
    Over,
    Failed,
}

impl<R: Read> Answer<R> {
    /// An answer.
    pub fn new(reader: R) -> Self {
        Self { reader: BufReader::new(reader), offset: 0, state: State::Start }
    }

    /// Whether it has come to its end: an array that is not closed was cut off, whatever the connection says.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.state == State::Over
    }

    /// The next element; `None` at the end, also where it was cut off between two elements or within one.
    ///
    /// # Errors
    /// When the connection breaks, or when it is no such answer. After an error there is nothing more.
    pub fn next_said(&mut self) -> Result<Option<Said>, AnswerError> {
        let said = self.read();
        if said.is_err() {
            self.state = State::Failed;
        }
        said
    }

    fn read(&mut self) -> Result<Option<Said>, AnswerError> {
        if matches!(self.state, State::Over | State::Failed) {
            return Ok(None);
        }
        loop {
            let Some(byte) = self.byte()? else {
                // What is cut off is no error here: the release says what became of the build.
                self.state = State::Failed;
                return Ok(None);
            };
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => {}
                b'[' if self.state == State::Start => self.state = State::Inside,
                b',' if self.state == State::Inside => {}
                b']' if self.state == State::Inside => {
                    self.state = State::Over;
                    return Ok(None);
                }
                b'{' => {
                    let is_single = self.state == State::Start;
                    let Some(said) = self.element(is_single)? else {
                        self.state = State::Failed;
                        return Ok(None);
                    };
                    if is_single {
                        self.state = State::Over;
                    }
                    return Ok(Some(said));
                }
                other => {
                    let why = format!("`{}` where an object was expected", char::from(other).escape_debug());
                    return Err(AnswerError::Malformed { offset: self.offset - 1, why });
                }
            }
        }
    }

    fn byte(&mut self) -> Result<Option<u8>, AnswerError> {
        let offset = self.offset;
        let buffer = loop {
            match self.reader.fill_buf() {
                Ok(_) => break self.reader.buffer(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(AnswerError::Broken { offset, error }),
            }
        };
        let byte = buffer.first().copied();
        if byte.is_some() {
            self.reader.consume(1);
            self.offset += 1;
        }
        Ok(byte)
    }

    /// An object whose `{` was read; `None` when the answer ends in it.
    fn element(&mut self, is_single: bool) -> Result<Option<Said>, AnswerError> {
        let start = self.offset - 1;
        let mut bytes = vec![b'{'];
        let (mut depth, mut is_text, mut is_escaped) = (1_usize, false, false);
        while depth > 0 {
            let Some(byte) = self.byte()? else { return Ok(None) };
            if bytes.len() >= MAX_ELEMENT {
                return Err(AnswerError::TooLong(start));
            }
            bytes.push(byte);
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if is_text => is_escaped = true,
                b'"' => is_text = !is_text,
                b'{' | b'[' if !is_text => depth += 1,
                b'}' | b']' if !is_text => depth -= 1,
                _ => {}
            }
        }
        let element: Element = serde_json::from_slice(&bytes).map_err(|error| AnswerError::Malformed {
            offset: start + error.column().saturating_sub(1) as u64,
            why: json_reason(&error),
        })?;
        Ok(Some(if is_single { element.of_detached() } else { element.said() }))
    }
}

/// Every member the builder is known to send; unknown ones are passed over, and one of another type is as one that is missing.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Element {
    r#type: Value,
    resource: Value,
    value: Value,
    message: Value,
    replace: Value,
    #[serde(rename = "isError")]
    is_error: Value,
    started: Value,
    #[serde(rename = "releaseId")]
    release_id: Value,
    error: Value,
}

/// An id: a number, or a text that is one.
fn id(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

impl Element {
    fn said(self) -> Said {
        if self.r#type.as_str() == Some("metadata") {
            return match self.resource.as_str() {
                Some("buildLogId") => id(&self.value).map_or(Said::Other, Said::Release),
                Some("cursor") => cursor(self.value.as_str().unwrap_or_default()),
                _ => Said::Other,
            };
        }
        let is_error = self.is_error.as_bool() == Some(true);
        match self.message {
            Value::String(text) => {
                Said::Message { text, replaces: self.replace.as_bool() == Some(true), is_error }
            }
            _ if is_error => {
                Said::Message { text: "the builder gives no reason".to_owned(), replaces: false, is_error }
            }
            _ => Said::Other,
        }
    }

    fn of_detached(self) -> Said {
        if let (Some(true), Some(release)) = (self.started.as_bool(), id(&self.release_id)) {
            return Said::Started(release);
        }
        let texts = [&self.error, &self.message].map(Value::as_str);
        let said: Vec<&str> = texts.into_iter().flatten().collect();
        Said::NotStarted(said.join(": "))
    }
}

fn cursor(value: &str) -> Said {
    let count = |text: &str| if text.is_empty() { Some(1) } else { text.parse().ok() };
    if value == "erase" {
        return Said::Cursor(Cursor::Erase);
    }
    let up = value.strip_prefix("up").and_then(count).map(Cursor::Up);
    let down = || value.strip_prefix("down").and_then(count).map(Cursor::Down);
    up.or_else(down).map_or(Said::Other, Said::Cursor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives what it has in pieces of this length.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = self.1.min(buffer.len()).min(self.0.len());
            let (now, rest) = self.0.split_at(most);
            buffer[..most].copy_from_slice(now);
            self.0 = rest;
            Ok(most)
        }
    }

    fn all(bytes: &[u8], piece: usize) -> (Vec<Said>, bool, Option<String>) {
        let mut answer = Answer::new(Pieces(bytes, piece));
        let mut said = Vec::new();
        loop {
            match answer.next_said() {
                Ok(Some(one)) => said.push(one),
                Ok(None) => return (said, answer.is_whole(), None),
                Err(error) => {
                    assert!(error.hint().is_some() && error.class() == Class::Remote);
                    assert!(matches!(answer.next_said(), Ok(None)));
                    return (said, answer.is_whole(), Some(error.to_string()));
                }
            }
        }
    }

    const REAL: &str = "[\n{\"type\":\"metadata\",\"resource\":\"buildLogId\",\"value\":1220245}\n,\n{\"message\":\"\\u001b[36m[Info]\\u001b[39m {x} \\\"]\\\" \"}\n,\n{\"type\":\"metadata\",\"resource\":\"cursor\",\"value\":\"up1\"}\n,\n{\"message\":\"50 %\",\"replace\":true}\n,\n{\"message\":\"no\",\"isError\":true}\n]\n";

    #[test]
    fn an_answer_is_read_element_by_element_however_it_comes() {
        let (said, is_whole, error) = all(REAL.as_bytes(), 1 << 16);
        let message =
            |text: &str, replaces, is_error| Said::Message { text: text.to_owned(), replaces, is_error };
        assert_eq!(
            said,
            [
                Said::Release(1_220_245),
                message("\u{1b}[36m[Info]\u{1b}[39m {x} \"]\" ", false, false),
                Said::Cursor(Cursor::Up(1)),
                message("50 %", true, false),
                message("no", false, true),
            ]
        );
        assert!(is_whole && error.is_none());
        for piece in [1, 2, 3, 7] {
            assert_eq!(all(REAL.as_bytes(), piece).0, said);
        }
    }

    #[test]
    fn a_cut_answer_gives_what_was_whole_and_says_that_it_was_cut() {
        let whole = all(REAL.as_bytes(), 64).0;
        for end in 0..REAL.trim_end().len() {
            let (said, is_whole, error) = all(&REAL.as_bytes()[..end], 64);
            assert!(whole.starts_with(&said) && !is_whole && error.is_none(), "{end}");
        }
    }

    #[test]
    fn a_detached_build_answers_with_one_object() {
        assert_eq!(all(br#"{"started":true,"releaseId":7}"#, 64), (vec![Said::Started(7)], true, None));
        let refused = br#" {"started":false,"error":"Busy","message":"later"}"#;
        assert_eq!(all(refused, 64), (vec![Said::NotStarted("Busy: later".into())], true, None));
    }

    #[test]
    fn what_is_none_is_refused_with_its_place() {
        for (bytes, place) in [
            (&b"<html>"[..], "byte 0"),
            (b"[1]", "byte 1"),
            (b"[\"x\"]", "byte 1"),
            (b"[[", "byte 1"),
            (b"[{\"message\":]}", "byte 1"),
            (b"null", "byte 0"),
        ] {
            let error = all(bytes, 64).2.unwrap();
            assert!(error.contains(place), "{error}");
        }
        let long = format!("[{{\"message\":\"{}\"}}]", "x".repeat(MAX_ELEMENT));
        assert!(all(long.as_bytes(), 1 << 16).2.unwrap().contains("more than 1048576 bytes"));
    }

    #[test]
    fn members_of_other_types_are_as_if_they_were_missing() {
        let odd = br#"[{"message":7},{"type":"metadata","resource":"buildLogId","value":"12"},{"isError":true},{},{"type":"metadata","resource":"cursor","value":"sideways"},{"message":"a","replace":"yes","isError":1}]"#;
        let (said, is_whole, _) = all(odd, 64);
        assert!(is_whole);
        assert_eq!(said[0], Said::Other);
        assert_eq!(said[1], Said::Release(12));
        assert!(matches!(&said[2], Said::Message { is_error: true, .. }));
        assert_eq!(said[3..5], [Said::Other, Said::Other]);
        assert_eq!(said[5], Said::Message { text: "a".into(), replaces: false, is_error: false });
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_alike_in_any_pieces(bytes in prop::collection::vec(prop::sample::select(b"[]{},:\"\\ \n1atrue".to_vec()), 0..60), piece in 1usize..9) {
            prop_assert_eq!(all(&bytes, piece), all(&bytes, 4096));
        }
    }
}
