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

/// The space that no line breaks at.
pub(crate) const NO_BREAK: char = '\u{a0}';

/// Words that are nothing without the number before them.
const UNITS: [&str; 29] = [
    "B", "KiB", "MiB", "GiB", "TiB", "kB", "KB", "MB", "GB", "byte", "bytes", "%", "point", "points", "ns",
    "µs", "us", "ms", "s", "min", "h", "Hz", "kHz", "MHz", "GHz", "V", "mV", "mA", "°C",
];

/// Binds every number to the unit after it, and a sign to what it stands before, so that no line ends between `12` and
/// `KiB`.
pub(crate) fn bound(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut kept = 0;
    for (at, _) in text.match_indices(' ') {
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
        // `(5.14 %)`, `+1,312 B;`, `x=384 KiB`: what is not of the number or the unit stands around it.
        let head = before.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, ',' | '.' | '_'));
        let number = before.get(head.len()..).unwrap_or_default();
        let is_number = number.starts_with(|c: char| c.is_ascii_digit())
            && number.ends_with(|c: char| c.is_ascii_digit())
            && !head.ends_with(char::is_alphanumeric);
        let word = after.split(' ').next().unwrap_or_default();
        let word = word.trim_end_matches([')', ']', ',', ';', ':', '.', '!', '?', '…']);
        if is_number && UNITS.contains(&word) {
            out.push_str(text.get(kept..at).unwrap_or_default());
            out.push(NO_BREAK);
            kept = at + 1;
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    Cow::Owned(out)
}

/// Longest run of a name without a place to break it, in columns.
const RUN: usize = 40;

/// A word of so many columns may be broken at its hyphens and underscores.
const WORD: usize = 12;

/// The pieces of a name between which a line may break: after `::`, `/` and other separators, and in what has none
/// after 40 columns. Put together they are the name.
pub(crate) fn breakable(name: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut columns) = (0, 0);
    let mut chars = name.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        columns += if c.is_ascii_graphic() { 1 } else { c.width().unwrap_or(0) };
        let Some((next, after)) = chars.peek().copied() else { break };
        let separates = match c {
            ' ' => after != ' ' && at > start,
            // Of `::` and `__` the last, and none before what belongs to the word before it.
            '/' | '\\' | '.' | ':' | ',' | '(' | '<' | '|' | '=' | '@' | ';' | '+' => {
                after != c && at > start && !matches!(after, ')' | ']' | '>' | ' ')
            }
            // Inside of a word, which is kept together as long as it is short.
            '_' | '-' => after != c && columns >= WORD,
            _ => false,
        };
        if separates || columns >= RUN {
            pieces.extend(name.get(start..next));
            (start, columns) = (next, 0);
        }
    }
    pieces.extend(name.get(start..).filter(|rest| !rest.is_empty()));
    pieces
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
    let (head, tail) = whole_words(text.get(..head_end).unwrap_or_default(), tail);
    format!("{head}{ellipsis}{tail}")
}

/// As [`elide`] with pieces of a name, so that what is left are whole words; where not one fits on each side, letters.
pub(crate) fn elide_pieces(name: &str, width: usize, ellipsis: &str) -> String {
    if name.width() <= width {
        return name.to_owned();
    }
    let pieces = breakable(name);
    let mut room = width.saturating_sub(ellipsis.width());
    let (mut head, mut tail) = (0, pieces.len());
    loop {
        // The end tells more.
        let (from_end, at) =
            if head < pieces.len() - tail { (false, head) } else { (true, tail.saturating_sub(1)) };
        match pieces.get(at).map(|piece| piece.width()).filter(|columns| *columns <= room && head < tail) {
            Some(columns) => room -= columns,
            None => break,
        }
        if from_end { tail -= 1 } else { head += 1 }
    }
    let (Some(first), Some(last)) = (pieces.get(..head), pieces.get(tail..)) else { return String::new() };
    if first.is_empty() || last.is_empty() {
        return elide(name, width, ellipsis);
    }
    format!("{}{ellipsis}{}", first.concat(), last.concat())
}

/// What is left of a name without the halves of words at its cut, where that leaves enough of it.
fn whole_words<'t>(head: &'t str, tail: &'t str) -> (&'t str, &'t str) {
    const ENOUGH: usize = 3;
    let is_mark = |c: char| c.is_ascii_punctuation() || c == ' ';
    let cut =
        head.rfind(is_mark).and_then(|at| head.get(..=at)).filter(|cut| cut.len() * ENOUGH >= head.len() * 2);
    let rest =
        tail.find(is_mark).and_then(|at| tail.get(at..)).filter(|rest| rest.len() * ENOUGH >= tail.len() * 2);
    (cut.unwrap_or(head), rest.unwrap_or(tail))
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
        assert_eq!(elide("esp-idf/freertos/tasks.c.obj", 15, "…"), "esp-idf….c.obj");
        assert_eq!(elide("short", 15, "…"), "short");
        assert_eq!(elide("日本語日本語", 7, "…"), "日本…語");
        assert_eq!(elide("abc", 0, ""), "");
    }

    #[test]
    fn a_cut_is_between_words_where_enough_is_left() {
        assert_eq!(elide("led_node::spectrum::REVERSED", 24, "…"), "led_node::…::REVERSED");
        assert_eq!(elide("partition.smallest-app.free", 22, "…"), "partition.…-app.free");
    }

    #[test]
    fn whole_pieces_are_left_of_a_name() {
        let name = "firmware::alpha::bravo::charlie::delta::echo";
        assert_eq!(elide_pieces(name, 30, "…"), "firmware::alpha::…delta::echo");
        assert_eq!(elide_pieces(name, 16, "…"), "firmware::…echo");
        assert_eq!(elide_pieces(&"x".repeat(90), 9, "…"), "xxxx…xxxx");
        assert_eq!(elide_pieces("a::b", 9, "…"), "a::b");
    }

    #[test]
    fn a_number_is_bound_to_its_unit() {
        for (text, expected) in [
            ("cpu 80 % of", "cpu 80~% of"),
            ("(12 KiB); grew by +1,312 B (5.14 %), more", "(12~KiB); grew by +1,312~B (5.14~%), more"),
            ("fell by 12.23 points.", "fell by 12.23~points."),
            ("3 files, v1.2 B1 5 Bees 7 %x", "3 files, v1.2 B1 5 Bees 7 %x"),
            (" B % 5  B 5 ", " B % 5  B 5 "),
            ("日本 5 B", "日本 5~B"),
            ("x=384 KiB, v5 B, 7,% 8 B", "x=384~KiB, v5 B, 7,% 8~B"),
        ] {
            assert_eq!(bound(text).replace(NO_BREAK, "~"), expected);
        }
    }

    #[test]
    fn a_name_breaks_at_its_separators() {
        assert_eq!(breakable("esp_hal::uart::Info").join("|"), "esp_hal::|uart::|Info");
        assert_eq!(breakable("a/b.c(d.o)").join("|"), "a/|b.|c(|d.|o)");
        assert_eq!(breakable("white_space_of_unicode").join("|"), "white_space_|of_unicode");
        assert_eq!(breakable("x").join("|"), "x");
        assert_eq!(
            breakable(&"y".repeat(90)).iter().map(|piece| piece.len()).collect::<Vec<_>>(),
            [40, 40, 10]
        );
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
            prop_assert!(elide_pieces(&visible(&text), width, "…").width() <= width);
            let line = shown(&text, width, "…");
            prop_assert!(line.width() <= width, "{} > {}", line.width(), width);
            prop_assert!(!line.chars().any(is_hidden));
        }

        #[test]
        fn nothing_is_lost_by_binding_and_breaking(text in "[a-z0-9 ,.%B():/_日é-]{0,120}") {
            prop_assert_eq!(bound(&text).replace(NO_BREAK, " "), text.clone());
            prop_assert_eq!(breakable(&text).concat(), text);
        }

        #[test]
        fn a_uri_holds_only_what_rfc_3986_allows(path in "\\PC{1,60}") {
            if let Some(uri) = repository_uri(&path) {
                prop_assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b)));
            }
        }
    }
}
