//! A report without the measures that nobody asks for.
//!
//! A comment joins hundreds of reports of thousands of measures, of which nearly all are as they were. Most of the work of reading
//! them would be to make values of their words. So what is surely a measure without a limit, with whole numbers that are those
//! of the baseline, is left out of the text before it is read. Whatever looks in any way different stays in the text as it is, and it
//! is read and judged like any other: this here decides nothing but what is surely of no interest.

use std::hash::{BuildHasherDefault, Hasher};

use lw_model::{Direction, Measure, Number, Unit};

use crate::check::Numbers;

/// Names of measures. To hash again what is a hash would take a twentieth of the time that a comment of many reports takes.
#[expect(clippy::disallowed_types, reason = "numbers that are hashes are found soonest in it")]
type Names = std::collections::HashSet<u64, BuildHasherDefault<AsItIs>>;

/// A shorter text, and what was left out of it.
pub(crate) struct Skimmed {
    pub(crate) text: Vec<u8>,
    names: Names,
    may_be_twice: bool,
}

impl Skimmed {
    /// Whether two measures may have one name, those that are left out included. Only a look at the names themselves can tell.
    pub(crate) fn may_be_twice(&mut self, kept: &[Measure]) -> bool {
        let names = &mut self.names;
        let mut add = |measure: &Measure| {
            let subject = measure.subject.as_deref().unwrap_or_default();
            names.insert(of_name(subject.as_bytes(), measure.name.as_bytes()))
        };
        self.may_be_twice || !kept.iter().all(&mut add)
    }
}

/// Leaves out what is surely of no interest; `None` where the text is none of a report, as far as is looked.
pub(crate) fn skim(bytes: &[u8]) -> Option<Skimmed> {
    // Once for all: what is left out is not looked at again.
    std::str::from_utf8(bytes).ok()?;
    let mut reader = Reader { bytes, at: 0 };
    // As many as are usual: a measure of a symbol has some 140 bytes, and one of ten stays.
    let mut skimmed = Skimmed {
        text: Vec::with_capacity(bytes.len() / 6),
        names: Names::with_capacity_and_hasher(bytes.len() / 128, BuildHasherDefault::default()),
        may_be_twice: false,
    };
    let mut copied = 0;
    reader.expect(b'{')?;
    loop {
        let key = reader.string()?;
        reader.expect(b':')?;
        if key == b"measures" && reader.peek() == Some(b'[') {
            reader.at += 1;
            skimmed.text.extend(bytes.get(copied..reader.at)?);
            measures(&mut reader, &mut skimmed)?;
            copied = reader.at;
            reader.expect(b']')?;
        } else {
            reader.skip()?;
        }
        match reader.next()? {
            b',' => {}
            b'}' => break,
            _ => return None,
        }
    }
    skimmed.text.extend(bytes.get(copied..)?);
    Some(skimmed)
}

/// The elements of the list; stops before its end.
fn measures(reader: &mut Reader<'_>, skimmed: &mut Skimmed) -> Option<()> {
    if reader.peek() == Some(b']') {
        return Some(());
    }
    let mut is_first = true;
    loop {
        reader.peek()?;
        let start = reader.at;
        if let Some(name) = unchanged(reader) {
            skimmed.may_be_twice |= !skimmed.names.insert(name);
        } else {
            reader.at = start;
            reader.skip()?;
            if !is_first {
                skimmed.text.push(b',');
            }
            is_first = false;
            skimmed.text.extend(reader.bytes.get(start..reader.at)?);
        }
        match reader.peek()? {
            b',' => reader.at += 1,
            b']' => return Some(()),
            _ => return None,
        }
    }
}

/// The name, as a number, of a measure that is surely whole, right, without limits and as it was. `None` says nothing.
fn unchanged(reader: &mut Reader<'_>) -> Option<u64> {
    const LABEL: u16 = 1;
    let (mut name, mut subject): (Option<&[u8]>, Option<&[u8]>) = (None, None);
    let (mut value, mut whole, mut baseline, mut baseline_whole) = (None, None, None, None);
    let (mut unit, mut direction) = (None, None);
    let mut seen = 0;
    let once = |known: bool| (!known).then_some(());
    reader.expect(b'{')?;
    loop {
        let key = reader.string()?;
        reader.expect(b':')?;
        match key {
            b"name" => once(name.replace(reader.string()?).is_some())?,
            b"subject" => once(subject.replace(reader.string()?).is_some())?,
            b"value" => once(value.replace(reader.whole_number()?).is_some())?,
            b"whole" => once(whole.replace(reader.whole_number()?).is_some())?,
            b"baseline" => once(baseline.replace(reader.whole_number()?).is_some())?,
            b"baseline_whole" => once(baseline_whole.replace(reader.whole_number()?).is_some())?,
            b"unit" => {
                let found = match reader.string()? {
                    b"bytes" => Unit::Bytes,
                    b"count" => Unit::Count,
                    b"percent" => Unit::Percent,
                    b"seconds" => Unit::Seconds,
                    b"points" => Unit::Points,
                    b"score" => Unit::Score,
                    _ => return None,
                };
                once(unit.replace(found).is_some())?;
            }
            b"direction" => {
                let found = match reader.string()? {
                    b"lower" => Direction::Lower,
                    b"higher" => Direction::Higher,
                    _ => return None,
                };
                once(direction.replace(found).is_some())?;
            }
            b"label" => {
                once(seen & LABEL != 0)?;
                seen |= LABEL;
                reader.string()?;
            }
            _ => return None,
        }
        match reader.next()? {
            b',' => {}
            b'}' => break,
            _ => return None,
        }
    }
    let (name, value) = (name?, value?);
    let is_as_it_was = baseline.is_none_or(|baseline| baseline == value)
        && (baseline_whole.is_none() || baseline_whole == whole);
    let numbers = Numbers {
        value: Number::Integer(value),
        unit: unit?,
        whole: whole.map(Number::Integer),
        baseline: baseline.map(Number::Integer),
        baseline_whole: baseline_whole.map(Number::Integer),
        direction: direction?,
    };
    // A name that begins with something to see is a name.
    let is_named = name.first().is_some_and(u8::is_ascii_graphic);
    (is_as_it_was && is_named && numbers.check("").is_ok())
        .then(|| of_name(subject.unwrap_or_default(), name))
}

/// A place in JSON.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// The next byte that is no space; it is not passed.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    /// A string that says what it means: without escapes.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.expect(b'"')?;
        let rest = self.bytes.get(self.at..)?;
        let length = plain_length(rest)?;
        let (text, end) = rest.split_at_checked(length)?;
        self.at += length + 1;
        (end.first() == Some(&b'"')).then_some(text)
    }

    /// A whole number that is no less than zero, as JSON writes it.
    fn whole_number(&mut self) -> Option<i64> {
        self.peek()?;
        let rest = self.bytes.get(self.at..)?;
        let (mut number, mut length) = (0_i64, 0);
        let end = loop {
            let byte = *rest.get(length)?;
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break byte;
            }
            length += 1;
            if length > 18 {
                return None;
            }
            number = number * 10 + i64::from(digit);
        };
        let is_whole = !matches!(end, b'.' | b'e' | b'E');
        let is_written_so = length == 1 || (length > 1 && rest.first() != Some(&b'0'));
        self.at += length;
        (is_whole && is_written_so).then_some(number)
    }

    /// Passes a value, whatever it is.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => self.at += 1,
                b',' | b':' => return None,
                _ => {
                    let rest = self.bytes.get(self.at..)?;
                    let ends = |byte: &u8| {
                        matches!(byte, b',' | b':' | b'"' | b'{' | b'}' | b'[' | b']')
                            || byte.is_ascii_whitespace()
                    };
                    self.at += rest.iter().position(ends)?;
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn skip_string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            let rest = self.bytes.get(self.at..)?;
            let length = plain_length(rest)?;
            self.at += length + 1;
            match rest.get(length)? {
                b'"' => return Some(()),
                b'\\' => self.at += 1,
                // A control character, which whoever reads the text refuses.
                _ => {}
            }
        }
    }
}

/// How many bytes come before the first that does not say what it means: `"`, `\`, or a control character. Eight at a time, by the
/// known arithmetic: a byte less than `n` has a borrow in its highest bit, and of what is found the first is always right.
fn plain_length(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGHEST: u64 = ONES << 7;
    let less = |word: u64, than: u8| word.wrapping_sub(ONES * u64::from(than)) & !word;
    let is = |word: u64, byte: u8| less(word ^ (ONES * u64::from(byte)), 1);
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = (is(word, b'"') | is(word, b'\\') | less(word, 0x20)) & HIGHEST;
        if found != 0 {
            return Some(index * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
    Some(words.len() * 8 + length)
}

/// A number that is the same for the same name of the same subject; for different ones nearly never.
fn of_name(subject: &[u8], name: &[u8]) -> u64 {
    const PRIME: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut hash = PRIME ^ subject.len() as u64;
    for text in [subject, name] {
        let (words, rest) = text.as_chunks::<8>();
        let mut last = [0_u8; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        for word in words.iter().chain([&last]) {
            hash = (hash.rotate_left(23) ^ u64::from_le_bytes(*word)).wrapping_mul(PRIME);
        }
        hash ^= hash >> 32;
    }
    hash.wrapping_mul(PRIME)
}

/// Takes a number that is a hash already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Not reached: a `u64` is given as one.
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_at_the_first_byte_that_says_something_else() {
        let plain = [b' ', b'a', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xa2, 0xff];
        for end in (0..=u8::MAX).filter(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
            for length in 0..20_usize {
                for byte in plain {
                    let mut text = vec![byte; length];
                    text.push(end);
                    // What comes later must not be taken for it.
                    text.extend([b'"', 0, byte, b'\\'].iter().cycle().take(17));
                    assert_eq!(plain_length(&text), Some(length), "{end} after {length} times {byte}");
                    text.truncate(length);
                    assert_eq!(plain_length(&text), None);
                }
            }
        }
    }
}
