//! Foreign text: cleaned, cut to a bounded size, and numbers read from it.

use std::time::Duration;

/// The most of a message or a name that is kept, in bytes.
const MESSAGE: usize = 2 << 10;
/// The most of a trace that is kept: of its beginning, and of its end.
const HEAD: usize = 1 << 10;
const TAIL: usize = 3 << 10;

/// Text of any length, of which the beginning and the end are kept.
#[derive(Debug, Default)]
pub(crate) struct Excerpt {
    head: Vec<u8>,
    tail: Vec<u8>,
    only_tail: bool,
    left_out: u64,
}

impl Excerpt {
    /// Keeps the end only: of what a test printed the last lines matter.
    pub(crate) fn of_output() -> Self {
        Self { only_tail: true, ..Self::default() }
    }

    pub(crate) fn push(&mut self, mut text: &[u8]) {
        if !self.only_tail && self.head.len() < HEAD {
            let (kept, rest) = text.split_at(text.len().min(HEAD - self.head.len()));
            self.head.extend_from_slice(kept);
            text = rest;
        }
        let skipped = text.len().saturating_sub(TAIL);
        self.left_out += skipped as u64;
        self.tail.extend_from_slice(text.get(skipped..).unwrap_or_default());
        if self.tail.len() > 2 * TAIL {
            let more = self.tail.len() - TAIL;
            self.left_out += more as u64;
            self.tail.drain(..more);
        }
    }

    pub(crate) fn push_line(&mut self, line: &[u8]) {
        self.push(line);
        self.push(b"\n");
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_empty() && self.tail.is_empty()
    }

    /// The text, and how many characters of it were replaced.
    pub(crate) fn finish(mut self) -> (Box<str>, u64) {
        if self.left_out > 0 {
            // From the beginning of a line, where there is one.
            if let Some(newline) = memchr::memchr(b'\n', &self.tail).filter(|at| at + 1 < self.tail.len()) {
                self.left_out += newline as u64 + 1;
                self.tail.drain(..=newline);
            }
        }
        let (head, more) = clean(&self.head);
        let (tail, less) = clean(&self.tail);
        let gap =
            if self.left_out > 0 { format!("\n[{} bytes left out]\n", self.left_out) } else { String::new() };
        let text = if self.left_out == 0 && !self.head.is_empty() && !self.tail.is_empty() {
            // A character may lie across.
            self.head.append(&mut self.tail);
            return with_trimmed(clean(&self.head));
        } else {
            format!("{head}{gap}{tail}")
        };
        with_trimmed((text, more + less))
    }
}

fn with_trimmed((text, replaced): (String, u64)) -> (Box<str>, u64) {
    (text.trim_matches(['\n', '\r']).trim_end().into(), replaced)
}

/// A name or a message: cleaned, and cut where nobody reads on.
pub(crate) fn short(raw: &[u8]) -> (Box<str>, u64) {
    let cut = raw.get(..MESSAGE).filter(|_| raw.len() > MESSAGE);
    let (mut text, replaced) = clean(cut.unwrap_or(raw));
    if cut.is_some() {
        text.push('…');
    }
    (text.into(), replaced)
}

/// A few words of foreign text, to be quoted in a sentence.
pub(crate) fn clipped(text: &str) -> String {
    const MOST: usize = 120;
    let mut words: String = text.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MOST).is_some() {
        words.push('…');
    }
    words
}

/// Text without the colours of a terminal, in which what XML forbids or is not UTF-8 is replaced, and how much that was.
pub(crate) fn clean(raw: &[u8]) -> (String, u64) {
    let text = String::from_utf8_lossy(raw);
    let is_plain = !text.bytes().any(|b| b < 0x20 && b != b'\n' && b != b'\t')
        && !text.contains(['\u{fffd}', '\u{fffe}', '\u{ffff}']);
    if is_plain {
        return (text.into_owned(), 0);
    }
    let mut clean = String::with_capacity(text.len());
    let mut replaced = 0;
    let mut rest = &*text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = colour(rest) {
            rest = after;
            continue;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '\n' | '\t' => clean.push(c),
            '\r' if rest.starts_with('\n') => {}
            '\r' => clean.push('\n'),
            '\0'..='\u{1f}' | '\u{fffd}' | '\u{fffe}' | '\u{ffff}' => {
                clean.push('\u{fffd}');
                replaced += 1;
            }
            _ => clean.push(c),
        }
    }
    (clean, replaced)
}

/// What follows a control sequence of a terminal (ECMA-48, CSI).
fn colour(text: &str) -> Option<&str> {
    let sequence = text.strip_prefix("\u{1b}[")?;
    let end = sequence.bytes().take(32).position(|byte| (0x40..=0x7e).contains(&byte))?;
    let between = sequence.get(..end)?;
    between.bytes().all(|byte| (0x20..0x40).contains(&byte)).then(|| sequence.get(end + 1..)).flatten()
}

/// From when to when something went on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span(Option<(jiff::Timestamp, jiff::Timestamp)>);

impl Span {
    /// Takes in a time as in RFC 3339; what is none, or says nothing of its zone, is passed over.
    pub(crate) fn add(&mut self, text: &str) {
        let Ok(time) = text.parse::<jiff::Timestamp>() else { return };
        let (first, last) = self.0.unwrap_or((time, time));
        self.0 = Some((first.min(time), last.max(time)));
    }

    /// How long that was.
    pub(crate) fn duration(self) -> Option<Duration> {
        let (first, last) = self.0?;
        Duration::try_from(last.duration_since(first)).ok()
    }
}

/// Seconds as tools write them: `0.25`, `1,234.5`, `1e-3`, `3s`; `None` when they are no such number.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim().trim_end_matches('s').trim_end();
    let plain: String;
    let text = if text.contains(',') {
        // `1,234.5` has thousands apart, `0,25` is a decimal comma.
        plain = match text.rsplit_once(',') {
            Some((_, after)) if after.split('.').next().is_some_and(|digits| digits.len() == 3) => {
                text.replace(',', "")
            }
            _ => text.replace(',', "."),
        };
        &plain
    } else {
        text
    };
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

/// `01:02:03.4567`, as .NET writes durations; days may stand in front.
pub(crate) fn clock(text: &str) -> Option<Duration> {
    let mut parts = text.trim().rsplit(':');
    let mut sum = seconds(parts.next()?)?;
    for (part, factor) in parts.zip([60, 3600]) {
        let (days, part) = match part.split_once('.') {
            Some((days, hours)) => (days.parse::<u64>().ok()?, hours),
            None => (0, part),
        };
        let more = part.parse::<u64>().ok()?.checked_mul(factor)?.checked_add(days.checked_mul(86_400)?)?;
        sum = sum.checked_add(Duration::from_secs(more))?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_as_tools_write_them() {
        let of = |text| seconds(text).map(|duration| duration.as_micros());
        assert_eq!(of("0.25"), Some(250_000));
        assert_eq!(of("1,234.5"), Some(1_234_500_000));
        assert_eq!(of("0,25"), Some(250_000));
        assert_eq!(of("1,234"), Some(1_234_000_000));
        assert_eq!(of("1e-3"), Some(1_000));
        assert_eq!(of("3s"), Some(3_000_000));
        for bad in ["", "-1", "NaN", "inf", "fast", "1e400"] {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(clock("00:01:02.5"), Some(Duration::from_millis(62_500)));
        assert_eq!(clock("1.00:00:00"), Some(Duration::from_secs(86_400)));
        assert_eq!(clock("x:1"), None);
    }

    #[test]
    fn an_excerpt_is_bounded_and_says_what_is_missing() {
        let mut excerpt = Excerpt::default();
        for line in 0..100_000 {
            excerpt.push_line(format!("line {line}").as_bytes());
        }
        excerpt.push(&[b'x'; 100]);
        let (text, replaced) = excerpt.finish();
        assert!(text.len() < HEAD + 2 * TAIL + 100 && replaced == 0);
        assert!(
            text.starts_with("line 0\n") && text.ends_with("xxx") && text.contains("bytes left out]\nline 9")
        );
        let mut excerpt = Excerpt::of_output();
        excerpt.push(&vec![b'y'; 10 << 20]);
        assert!(excerpt.finish().0.len() < 2 * TAIL + 100);
    }

    #[test]
    fn what_xml_forbids_is_replaced_and_colours_go() {
        assert_eq!(clean(b"\x1b[31;1mred\x1b[0m\r\na\rb\0c\xff"), ("red\na\nb\u{fffd}c\u{fffd}".into(), 2));
        assert_eq!(clean(b"\x1b[\x1b]0;x"), ("\u{fffd}[\u{fffd}]0;x".into(), 2));
        assert_eq!(clean("né\t".as_bytes()), ("né\t".into(), 0));
    }

    #[test]
    fn a_character_may_lie_across_the_cut() {
        let mut excerpt = Excerpt::default();
        let text = format!("{}é!", "a".repeat(HEAD - 1));
        excerpt.push(text.as_bytes());
        assert_eq!(excerpt.finish(), (text.into(), 0));
    }
}
