//! What every HTML page of the suite is made of: one escaper, one beginning and end of a page, one banner.
//!
//! A page is well-formed XML and needs no script; nothing foreign becomes markup in it.

use std::fmt::Write as _;
use std::io;

use lw_model::{Lines, Verdict};

use crate::{escape, show};

/// Text inside an element or a quoted attribute. What a reader cannot see, and what turns the direction of text around
/// (CVE-2021-42574), is made visible.
#[must_use]
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    push_text(text, &mut out);
    out
}

/// As [`text`], at the end of what is there already.
pub fn push_text(text: &str, out: &mut String) {
    let mut rest = text;
    // Most of a source is copied as it is; the end of such a run is the end of a character.
    while let Some((run, after)) = special_at(rest.as_bytes()).and_then(|at| rest.split_at_checked(at)) {
        out.push_str(run);
        let mut chars = after.chars();
        if let Some(c) = chars.next() {
            push_special(c, out);
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

/// As [`text`], at the end of a line: the pages of sources are made of it. Eight bytes are looked at and copied at a time, since a
/// call for each run of plain ones takes longer than all the rest.
pub fn write_text<W: io::Write>(text: &str, out: &mut Lines<W>) {
    let mut at = 0;
    loop {
        let word = word_at(text.as_bytes(), at);
        let plain = plain_bytes(word);
        out.push_first(word.to_le_bytes(), plain);
        at += plain;
        if plain == size_of::<u64>() {
            continue;
        }
        let Some(byte) = text.as_bytes().get(at) else { return };
        match byte {
            b'<' => out.push("&lt;"),
            b'>' => out.push("&gt;"),
            b'&' => out.push("&amp;"),
            b'"' => out.push("&quot;"),
            b'\'' => out.push("&#39;"),
            b'\t' => out.push("\t"),
            _ => {
                let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { return };
                if is_special(c) {
                    let mut special = String::new();
                    push_special(c, &mut special);
                    out.push(&special);
                } else {
                    out.push_first(word_at(text.as_bytes(), at).to_le_bytes(), c.len_utf8());
                }
                at += c.len_utf8();
                continue;
            }
        };
        at += 1;
    }
}

/// Eight bytes of a text, the first of them lowest; zeros beyond its end.
#[inline(always)]
fn word_at(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    if let Some(bytes) = rest.first_chunk() {
        return u64::from_le_bytes(*bytes);
    }
    match text.last_chunk() {
        // Its last bytes, without those before the place.
        Some(bytes) if !rest.is_empty() => {
            u64::from_le_bytes(*bytes) >> (u64::BITS as usize - 8 * rest.len())
        }
        Some(_) => 0,
        None => rest.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte)),
    }
}

/// How many of eight bytes, from the lowest, are written as they are: no byte below or above ASCII's printable ones, and none that
/// is markup.
#[inline(always)]
fn plain_bytes(word: u64) -> usize {
    const ONES: u64 = u64::MAX / 0xff;
    // The highest bit of a byte that is not plain becomes set, and of none below the first of these: nothing is carried out of
    // plain bytes. `1` makes `&` a `'`, and `2` makes `<` a `>`.
    let below = |word: u64, byte: u64| word.wrapping_sub(ONES * byte);
    let is = |word: u64, byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let special = word
        | word.wrapping_add(ONES)
        | below(word, b' '.into())
        | is(word, b'"')
        | is(word | ONES, b'\'')
        | is(word | (ONES * 2), b'>');
    (special & (ONES << 7)).trailing_zeros() as usize / 8
}

/// Where the first byte is that, or the character that it begins, may have to be written in another way.
#[inline]
fn special_at(bytes: &[u8]) -> Option<usize> {
    /// Asked for every byte of a source: one look, instead of a comparison with each of them.
    const IS_SPECIAL: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0_u8;
        loop {
            table[byte as usize] =
                matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'' | 0..=0x08 | 0x0a..=0x1f | 0x7f..);
            if byte == u8::MAX {
                break table;
            }
            byte += 1;
        }
    };
    bytes.iter().position(|byte| IS_SPECIAL[usize::from(*byte)])
}

fn push_special(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        c if is_special(c) => {
            let _ = write!(out, "⟨U+{:04X}⟩", u32::from(c));
        }
        c => out.push(c),
    }
}

/// Whether a character is shown by its number.
fn is_special(c: char) -> bool {
    matches!(
        c,
        '\u{7f}'
            | '\0'..='\u{1f}'
            | '\u{80}'..='\u{9f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}'
    )
}

/// A sentence in which no line ends between a number and its unit.
#[must_use]
pub fn sentence(sentence: &str) -> String {
    text(&escape::bound(sentence))
}

/// Columns of a name that is not broken across lines.
const SHORT: usize = 16;

/// A name that may be broken across lines after its separators and nowhere else, so that a column can be narrow; a short
/// one is not.
#[must_use]
pub fn name(name: &str) -> String {
    if name.chars().count() <= SHORT {
        return text(name);
    }
    let mut out = String::with_capacity(name.len() * 2);
    for piece in escape::breakable(name) {
        if !out.is_empty() {
            out.push_str("<wbr/>");
        }
        push_text(piece, &mut out);
    }
    out
}

/// The beginning of a cell, with the heading of its column in an attribute: on a narrow page a row is a list, and
/// this stands before the value. `title` is markup that is text only.
#[must_use]
pub fn cell(title: &str, right: bool) -> String {
    let align = if right { " align=\"right\"" } else { "" };
    if title.is_empty() { format!("<td{align}>") } else { format!("<td{align} data-title=\"{title}\">") }
}

/// Where a page has its style from.
#[derive(Clone, Copy, Debug)]
pub enum Style<'a> {
    /// The rules themselves, for a page that is one file.
    Inline(&'a str),
    /// A path from the page to the style sheet, for a page of many.
    Linked(&'a str),
}

/// The beginning of a page, up to and with `<main>`; `title` is plain text.
#[must_use]
pub fn head(title: &str, style: Style<'_>) -> String {
    let style = match style {
        Style::Inline(rules) => format!("<style>\n{rules}</style>"),
        Style::Linked(path) => format!("<link rel=\"stylesheet\" href=\"{}\"/>", text(path)),
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <title>{}</title>\n{style}\n</head>\n<body>\n<main>\n",
        text(title)
    )
}

/// The end of a page, after the footer; `footer` is markup.
#[must_use]
pub fn foot(footer: &str) -> String {
    format!("<footer><p>{footer}</p></footer>\n</main>\n</body>\n</html>\n")
}

/// The verdict, as mark and words, with the tool above and the outcome in one line below, and perhaps more after that;
/// `tool`, `summary` and `more` are markup.
#[must_use]
pub fn banner(verdict: Verdict, tool: &str, summary: &str, more: &str) -> String {
    let mark = show::mark(verdict, true);
    let heading = match verdict {
        Verdict::Pass => "Passed",
        Verdict::Warn => "Passed with warnings",
        Verdict::Fail => "Failed",
        Verdict::Error => "Not done: there was an error",
    };
    let mut banner = format!(
        "<header class=\"verdict {verdict}\">\n<p class=\"tool\">{tool}</p>\n<h1>{mark} {heading}</h1>\n"
    );
    if !summary.is_empty() {
        banner.push_str(&format!("<p class=\"summary\">{summary}</p>\n"));
    }
    banner + more + "</header>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_special_is_written_in_another_way() {
        assert_eq!(text("a\tb <T> && 'c' \"d\""), "a\tb &lt;T&gt; &amp;&amp; &#39;c&#39; &quot;d&quot;");
        assert_eq!(text("né 日本 🦀<"), "né 日本 🦀&lt;");
        assert_eq!(text("\u{1}x\u{7f}\u{85}é\u{202e}"), "⟨U+0001⟩x⟨U+007F⟩⟨U+0085⟩é⟨U+202E⟩");
        assert_eq!(text(""), "");
    }

    /// A text as both write it.
    fn text(text: &str) -> String {
        let pushed = super::text(text);
        let mut written = Vec::new();
        let mut lines = Lines::new(&mut written);
        write_text(text, &mut lines);
        lines.flush().unwrap();
        drop(lines);
        assert_eq!(String::from_utf8(written).unwrap(), pushed, "{text:?}");
        pushed
    }

    #[test]
    fn every_character_is_looked_at_wherever_it_stands() {
        for c in (0..=0x2100).chain([0xfeff, 0xfffe, 0xffff, 0x1f980]).filter_map(char::from_u32) {
            let mut written = String::new();
            push_special(c, &mut written);
            if c == '\t' {
                written = "\t".to_owned();
            }
            for before in 0..17 {
                let around =
                    |c: &str| format!("{}{c}{}", "%=;?~ (!/".repeat(2).get(..before).unwrap(), "a1-#:;@[`");
                assert_eq!(text(&around(&c.to_string())), around(&written), "{c:?} after {before}");
                let ended = |c: &str| around(c).trim_end_matches("a1-#:;@[`").to_owned();
                assert_eq!(text(&ended(&c.to_string())), ended(&written), "{c:?} at the end after {before}");
            }
        }
    }

    #[test]
    fn a_title_and_a_path_are_text() {
        let page = head("</title><script>", Style::Linked("\"/><script>"));
        assert!(!page.contains("<script>"), "{page}");
    }

    #[test]
    fn a_sentence_keeps_its_units_and_a_name_its_words() {
        assert_eq!(sentence("fell by <5 points"), "fell by &lt;5\u{a0}points");
        assert_eq!(name("a/b<c>::d"), "a/b&lt;c&gt;::d");
        assert_eq!(
            name("source/of/b<c>::the_device"),
            "source/<wbr/>of/<wbr/>b&lt;<wbr/>c&gt;::<wbr/>the_device"
        );
        assert_eq!(cell("Now", true) + &cell("", false), "<td align=\"right\" data-title=\"Now\"><td>");
    }

    #[test]
    fn a_banner_without_a_summary_has_none() {
        assert!(!banner(Verdict::Pass, "t", "", "").contains("summary"));
        assert!(banner(Verdict::Error, "t", "s", "").contains("<h1>‼ Not done"));
    }
}
