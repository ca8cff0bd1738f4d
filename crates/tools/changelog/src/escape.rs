//! Texts of commits, made harmless for Markdown as GitHub shows it.
//!
//! What comes out reads as it was written and does nothing: no emphasis, link, image, HTML, comment, heading, list, table or code
//! block begins in it, nobody is mentioned and no issue referred to. Code between backticks stays code, and an address that begins
//! with `http` stays one.

use std::borrow::Cow;

use lw_hashed::HashMap;

/// Between `@` and a name, or `#` and a number, so that GitHub finds neither: it looks at the text after Markdown was read, so that
/// a backslash would not help. Zero width space.
const BREAK: char = '\u{200b}';

/// A text on one line, cut to so many characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most) + 16);
    put(text, most, &mut out);
    out
}

/// Adds a text on one line, cut to so many characters.
pub(crate) fn put(text: &str, most: usize, out: &mut String) {
    let (text, is_cut) = cut(text.trim(), most);
    let shown: Cow<'_, str> = match text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        true => text.into(),
        false => text.chars().map(visible).collect::<String>().into(),
    };
    let text = shown.trim();
    let code = code_spans(text);
    let mut rest = 0;
    start(text, out, &mut rest);
    while let Some(next) = text.get(rest..).and_then(|rest| rest.chars().next()) {
        let plain = plain(text.get(rest..).unwrap_or_default());
        if plain > 0 {
            out.push_str(text.get(rest..rest + plain).unwrap_or_default());
            rest += plain;
            continue;
        }
        if next == '`' {
            let run = text.get(rest..).map_or(0, |rest| rest.len() - rest.trim_start_matches('`').len());
            let end = code.get(&rest).copied().unwrap_or(rest);
            if end > rest {
                out.push_str(text.get(rest..end).unwrap_or_default());
                rest = end;
            } else {
                for _ in 0..run {
                    out.push_str("\\`");
                }
                rest += run;
            }
            continue;
        }
        if let Some(end) = address(text, rest) {
            out.push_str(text.get(rest..end).unwrap_or_default());
            rest = end;
            continue;
        }
        push(text, rest, next, out);
        rest += next.len_utf8();
    }
    if is_cut {
        out.push('…');
    }
}

/// Paragraphs, each line by itself, indented to stand in an item of a list.
pub(crate) fn block(text: &str, indent: &str, most: usize) -> String {
    let (text, is_cut) = cut(text.trim(), most);
    let mut out = String::new();
    let mut blank = false;
    for each in text.lines() {
        let each = line(each, usize::MAX);
        if each.is_empty() {
            blank = !out.is_empty();
            continue;
        }
        if !out.is_empty() {
            out.push_str(if blank { "\n\n" } else { "\n" });
            out.push_str(indent);
        }
        blank = false;
        out.push_str(&each);
    }
    if is_cut {
        out.push('…');
    }
    out
}

fn cut(text: &str, most: usize) -> (&str, bool) {
    match text.char_indices().nth(most) {
        Some((end, _)) => (text.get(..end).unwrap_or(text), true),
        None => (text, false),
    }
}

/// How many bytes at the start of a text mean nothing wherever they stand, and begin no address: most of most texts.
fn plain(text: &str) -> usize {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b" ,.;'\"()/%!?{}^".contains(&byte);
    let length = text.bytes().position(|byte| !is_plain(byte)).unwrap_or(text.len());
    let run = text.get(..length).unwrap_or_default();
    // The `:` that makes an address of it comes behind the run.
    let tail = ["https", "http"].iter().find(|name| run.ends_with(**name)).map_or(0, |name| name.len());
    length - tail
}

/// Line ends and tabs become spaces; other controls, directions and characters without width become visible.
fn visible(found: char) -> char {
    match found {
        '\n' | '\r' | '\t' => ' ',
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => '\u{fffd}',
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => '\u{fffd}',
        '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => {
            '\u{fffd}'
        }
        other => other,
    }
}

/// Where each span of code begins and ends, in time that does not depend on how many runs of backticks do not match.
fn code_spans(text: &str) -> HashMap<usize, usize> {
    let bytes = text.as_bytes();
    if !bytes.contains(&b'`') {
        return HashMap::new();
    }
    let (mut runs, mut at) = (Vec::new(), 0);
    while let Some(from) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'`')) {
        let begin = at + from;
        let length =
            bytes.get(begin..).map_or(0, |rest| rest.iter().take_while(|byte| **byte == b'`').count());
        runs.push((begin, length));
        at = begin + length;
    }
    let mut later: HashMap<usize, Vec<usize>> = HashMap::new();
    for (begin, length) in runs.iter().rev() {
        later.entry(*length).or_default().push(*begin);
    }
    let (mut spans, mut until) = (HashMap::new(), 0);
    for (begin, length) in runs {
        let Some(places) = later.get_mut(&length) else { continue };
        if begin < until {
            continue;
        }
        while places.last().is_some_and(|place| *place <= begin) {
            places.pop();
        }
        if let Some(end) = places.last() {
            until = end + length;
            spans.insert(begin, until);
        }
    }
    spans
}

/// Where an address that begins here ends.
fn address(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    if !(rest.starts_with("https://") || rest.starts_with("http://")) {
        return None;
    }
    let before = text.get(..at)?.chars().next_back();
    if before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let plain = |next: char| next.is_ascii_alphanumeric() || "-._~:/?=%+,;&".contains(next);
    let length = rest.find(|next: char| !plain(next)).unwrap_or(rest.len());
    let length = rest.get(..length)?.trim_end_matches(['.', ',', ';', ':', '?', '&']).len();
    (length > "https://".len()).then_some(at + length)
}

/// What would begin a heading, a list, a quotation or a rule at the start of a line.
fn start(text: &str, out: &mut String, rest: &mut usize) {
    match text.chars().next() {
        Some(first @ ('-' | '+' | '=' | '~' | '#')) => {
            // The rules for the middle of a text do not apply to it twice.
            if first != '#' && first != '~' {
                out.push('\\');
                out.push(first);
                *rest = 1;
            } else if first == '#'
                && !text.get(1..).is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()))
            {
                out.push_str("\\#");
                *rest = 1;
            }
        }
        Some('0'..='9') => {
            let digits = text.find(|next: char| !next.is_ascii_digit()).unwrap_or(text.len());
            if text.get(digits..).is_some_and(|rest| rest.starts_with(['.', ')'])) {
                out.push_str(text.get(..digits).unwrap_or_default());
                out.push('\\');
                *rest = digits;
            }
        }
        _ => {}
    }
}

fn push(text: &str, at: usize, next: char, out: &mut String) {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let after = text.get(at + next.len_utf8()..).and_then(|after| after.chars().next());
    let is_word = |other: Option<char>| other.is_some_and(char::is_alphanumeric);
    match next {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' => out.push_str("&amp;"),
        '\\' | '*' | '[' | ']' | '|' | '~' | '$' => {
            out.push('\\');
            out.push(next);
        }
        // Within a word it is no emphasis.
        '_' if !(is_word(before) && is_word(after)) => out.push_str("\\_"),
        '@' if !is_word(before) && after.is_some_and(|after| after.is_ascii_alphanumeric()) => {
            out.push('@');
            out.push(BREAK);
        }
        '#' if after.is_some_and(|after| after.is_ascii_digit()) => {
            out.push('#');
            out.push(BREAK);
        }
        '-' if after.is_some_and(|after| after.is_ascii_digit())
            && at
                .checked_sub(2)
                .and_then(|from| text.get(from..at))
                .is_some_and(|before| before.eq_ignore_ascii_case("GH")) =>
        {
            out.push('-');
            out.push(BREAK);
        }
        // `:tada:` is a picture, `www.` an address.
        ':' if is_word(after) && !is_word(before) => out.push_str("\\:"),
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_do_nothing_and_read_the_same() {
        for (text, expected) in [
            ("add naïve – 日本", "add naïve – 日本"),
            ("thanks @octocat and @org/team", "thanks @\u{200b}octocat and @\u{200b}org/team"),
            ("mail a@b.example", "mail a@b.example"),
            (
                "@lw/cli: see #12 and o/r#3, GH-4",
                "@\u{200b}lw/cli: see #\u{200b}12 and o/r#\u{200b}3, GH-\u{200b}4",
            ),
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("Vec<T> & <!-- hide", "Vec&lt;T&gt; &amp; &lt;!-- hide"),
            ("![x](https://tracker.example/p.png)", "!\\[x\\](https://tracker.example/p.png)"),
            ("[x](javascript:alert)", "\\[x\\](javascript:alert)"),
            ("# heading", "\\# heading"),
            ("#12 at the start", "#\u{200b}12 at the start"),
            ("- item", "\\- item"),
            ("1. item", "1\\. item"),
            ("> quote", "&gt; quote"),
            ("~~~ fence", "\\~\\~\\~ fence"),
            ("use `a<b>_@x`, not ``", "use `a<b>_@x`, not \\`\\`"),
            ("``` fence", "\\`\\`\\` fence"),
            ("a|b *bold* snake_case _it_", "a\\|b \\*bold\\* snake_case \\_it\\_"),
            ("see https://x.example/a_b?c=1.", "see https://x.example/a_b?c=1."),
            ("a\u{202e}b\u{200b}c\u{7}d", "a\u{fffd}b\u{fffd}c\u{fffd}d"),
            ("two\nlines\r\nhere", "two lines  here"),
        ] {
            assert_eq!(line(text, 1000), expected, "{text}");
        }
        assert_eq!(line("abcdef", 3), "abc…");
        assert_eq!(
            block("one\n\n\n# two\n--- \nx", "  ", 1000),
            "one\n\n  \\# two\n  \\--- \n  x".replace("--- \n", "---\n")
        );
    }

    proptest! {
        #[test]
        fn nothing_active_is_left(text in "(?s)[a-z0-9 @#<>&!`*_|~:/.()\\[\\]\\\\\u{202e}\u{200b}\r\n-]{0,60}") {
            let out = line(&text, 1000);
            let has_lines = out.contains(['\n', '\r', '\u{202e}']);
            prop_assert!(!has_lines);
            // Outside of code no tag, link or mention begins.
            let code = code_spans(&out);
            let (mut at, mut plain) = (0, String::new());
            while let Some(next) = out.get(at..).and_then(|rest| rest.chars().next()) {
                let escaped = plain.ends_with('\\') && !plain.ends_with("\\\\");
                match code.get(&at).filter(|_| !escaped) {
                    Some(end) => { plain.push(' '); at = *end; }
                    None => { plain.push(next); at += next.len_utf8(); }
                }
            }
            prop_assert!(!plain.contains('<'), "{}", plain);
            let mut last = ' ';
            for next in plain.chars() {
                if next == '[' { prop_assert!(last == '\\', "{}", plain); }
                last = next;
            }
        }

        #[test]
        fn any_text_is_escaped_in_time(count in 1_usize..2000) {
            // Runs of backticks of all lengths, none of which matches.
            let text: String = (1..count % 200).map(|length| "`".repeat(length) + "x").collect();
            let _ = line(&text, usize::MAX);
        }
    }
}
