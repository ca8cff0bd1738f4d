//! Foreign text made fit to be seen, whatever the format.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Longest name a person is shown; the JSON form keeps it whole.
pub(crate) const NAME: usize = 240;

/// Longest sentence a person is shown.
pub(crate) const PROSE: usize = 2_000;

/// Whether a character has no honest picture: control characters, those that turn the direction of
/// the text around (CVE-2021-42574, "Trojan Source"), those without width, and noncharacters.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || (u32::from(c) & 0xfffe) == 0xfffe
        || matches!(c, '\u{fdd0}'..='\u{fdef}')
}

/// A name with every hidden character written out (`\n`, `\u{202e}`).
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// A name fit for a table: visible and shortened in the middle.
pub(crate) fn name(text: &str) -> String {
    shown(text, NAME, "…")
}

/// A sentence on one line: line breaks and tabs become spaces, the rest as in [`name`].
pub(crate) fn prose(text: &str) -> String {
    let cut = clip(text, PROSE);
    let mut line = String::with_capacity(cut.len());
    for word in cut.split(['\n', '\r', '\t', '\u{2028}', '\u{2029}']).map(str::trim).filter(|w| !w.is_empty())
    {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    shown(&line, PROSE, "…")
}

/// The pieces of a sentence, and whether each stood between backticks, as the suite's messages write names.
///
/// When the backticks do not pair up, the sentence is one piece with the backticks in it.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let paired = text.matches('`').count().is_multiple_of(2) && !text.contains("``");
    let mut is_code = true;
    text.split(move |c| paired && c == '`').filter_map(move |piece| {
        is_code = !is_code;
        (!piece.is_empty()).then_some((is_code, piece))
    })
}

/// A name made visible and shortened in the middle to `width` columns.
pub(crate) fn shown(text: &str, width: usize, ellipsis: &str) -> String {
    elide(&visible(&clip(text, width)), width, ellipsis)
}

/// Takes the middle out of what is far too long, so that a megabyte is not escaped to be thrown away.
fn clip(text: &str, width: usize) -> Cow<'_, str> {
    // A character of some width takes at most four bytes, and zero-width characters beyond that are nobody's name.
    let keep = width.saturating_mul(8).max(64);
    if text.len() <= keep * 2 {
        return Cow::Borrowed(text);
    }
    let head = floor_boundary(text, keep);
    let tail = ceil_boundary(text, text.len() - keep);
    Cow::Owned(format!("{}{}", text.get(..head).unwrap_or_default(), text.get(tail..).unwrap_or_default()))
}

// `str::floor_char_boundary` is newer than the toolchain the workspace promises to build with.

fn floor_boundary(text: &str, index: usize) -> usize {
    (0..=index.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

fn ceil_boundary(text: &str, index: usize) -> usize {
    (index..text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len())
}

/// Shortens `text` to at most `width` columns, keeping its head and a slightly longer tail: the end of a path
/// or symbol tells more than its beginning.
pub(crate) fn elide(text: &str, width: usize, ellipsis: &str) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(ellipsis.width());
    let tail_room = room.div_ceil(2);
    let tail_start = fit(text.char_indices().rev(), tail_room).unwrap_or(text.len());
    let tail = text.get(tail_start..).unwrap_or_default();
    let head_room = room - tail.width().min(room);
    let head_end = fit(text.char_indices(), head_room)
        .and_then(|last| text.get(last..)?.chars().next().map(|c| last + c.len_utf8()))
        .unwrap_or(0);
    format!("{}{ellipsis}{tail}", text.get(..head_end).unwrap_or_default())
}

/// Shortens `text` at its end, for a label too small for two pieces of a name.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut room = width.saturating_sub(1);
    for c in text.chars() {
        let columns = c.width().unwrap_or(0);
        if columns > room {
            break;
        }
        room -= columns;
        out.push(c);
    }
    out.push('…');
    out
}

/// Byte index of the last character that still fits into `room` columns.
fn fit(chars: impl Iterator<Item = (usize, char)>, room: usize) -> Option<usize> {
    let mut used = 0;
    chars
        .take_while(|(_, c)| {
            used += c.width().unwrap_or(0);
            used <= room
        })
        .last()
        .map(|(index, _)| index)
}

/// Longest path that becomes an address, in bytes; browsers and servers refuse longer ones.
const PATH: usize = 1_024;

/// A path of the repository as a relative URI reference (RFC 3986); `None` when it is absolute, climbs out or is
/// longer than any real one.
pub(crate) fn repository_uri(path: &str) -> Option<String> {
    let absolute = path.starts_with(['/', '\\']) || path.as_bytes().get(1) == Some(&b':');
    if path.is_empty() || path.len() > PATH || absolute || path.split(['/', '\\']).any(|part| part == "..") {
        return None;
    }
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    Some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_hides_is_written_out() {
        assert_eq!(visible("a\u{202e}b\0\n\u{1b}[31m"), "a\\u{202e}b\\u{0}\\n\\u{1b}[31m");
        assert_eq!(visible("Größe → 日本"), "Größe → 日本");
    }

    #[test]
    fn the_middle_goes_first() {
        assert_eq!(elide("esp-idf/freertos/tasks.c.obj", 15, "…"), "esp-idf…s.c.obj");
        assert_eq!(elide("short", 15, "…"), "short");
        assert_eq!(elide("日本語日本語", 7, "…"), "日本…語");
        assert_eq!(elide("abc", 0, ""), "");
    }

    #[test]
    fn names_in_a_sentence_are_told_apart() {
        let pieces = |text| pieces(text).collect::<Vec<_>>();
        assert_eq!(pieces("`a` and `b`"), [(true, "a"), (false, " and "), (true, "b")]);
        assert_eq!(pieces("it`s"), [(false, "it`s")]);
    }

    #[test]
    fn a_sentence_is_one_line() {
        assert_eq!(prose("one\r\n  two\tthree\n"), "one two three");
    }

    proptest! {
        #[test]
        fn shortened_text_fits_and_hides_nothing(text in "\\PC{0,400}|[\\x00-\\x20a-z]{0,90}", width in 1usize..80) {
            let line = shown(&text, width, "…");
            prop_assert!(line.width() <= width, "{} > {}", line.width(), width);
            prop_assert!(!line.chars().any(is_hidden));
        }

        #[test]
        fn a_uri_holds_only_what_rfc_3986_allows(path in "\\PC{1,60}") {
            if let Some(uri) = repository_uri(&path) {
                prop_assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b)));
            }
        }
    }
}
