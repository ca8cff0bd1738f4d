//! Foreign text inside a line of Markdown.

use std::fmt::Write as _;

use crate::escape;

/// Foreign words as they are: no emphasis, HTML, table border, link, mention or reference comes out of them.
///
/// A backslash does not keep GitHub from linking `@name` and `#1`, since that happens after rendering: a zero-width
/// space after the sign does. Works inside a table cell and inside `<summary>`, where Markdown may not be parsed,
/// because everything is written as a character reference.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(escape::PROSE) + 8);
    words(&escape::prose(text), &mut out);
    out
}

/// [`plain`] with the names between backticks as code spans.
pub(crate) fn prose(text: &str) -> String {
    let text = escape::prose(text);
    let mut out = String::with_capacity(text.len() + 8);
    for (is_code, piece) in escape::pieces(&text) {
        if is_code {
            out.push_str(&code(piece));
        } else {
            words(piece, &mut out);
        }
    }
    out
}

/// Figures with their units, as [`crate::show`] and [`crate::limit`] write them.
pub(crate) fn figures(text: &str) -> String {
    escape::bound(text).into_owned()
}

fn words(text: &str, out: &mut String) {
    let text = escape::bound(text);
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        match c {
            // Inside a word an underscore is only an underscore.
            '_' if before.is_alphanumeric() && next.is_alphanumeric() => out.push(c),
            '*' | '_' | '`' | '[' | ']' | '<' | '>' | '&' | '|' | '\\' | '$' => reference(out, c),
            // GitLab's `%1` is a reference, too, but links only what exists and pings nobody.
            // A bare address is a link on GitHub: `https://…`, and `www.…` at the beginning of a word.
            ':' if chars.clone().take(2).eq(['/', '/']) => out.push_str(":&#8203;"),
            'w' | 'W' if !before.is_alphanumeric() && begins_www(c, &chars) => {
                out.push(c);
                out.push_str("&#8203;");
            }
            // `GH-1` links an issue, which is then told that it was mentioned.
            '-' if next.is_ascii_digit()
                && out
                    .get(out.len().saturating_sub(2)..)
                    .is_some_and(|end| end.eq_ignore_ascii_case("gh")) =>
            {
                out.push_str("-&#8203;");
            }
            '@' | '#' | '~' | '!' if next.is_alphanumeric() || next == '~' || next == '[' => {
                if c == '~' {
                    reference(out, c);
                } else {
                    out.push(c);
                }
                out.push_str("&#8203;");
            }
            '~' => reference(out, c),
            c => out.push(c),
        }
        before = c;
    }
}

fn begins_www(c: char, rest: &std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    let start: String = std::iter::once(c).chain(rest.clone().take(3)).collect();
    start.eq_ignore_ascii_case("www.")
}

/// [`prose`] at the start of a line, where a mark or number would begin a heading, list or quotation.
pub(crate) fn paragraph(text: &str) -> String {
    let text = prose(text);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    let starts_list = digits > 0 && rest.starts_with(['.', ')']);
    let starts_block = digits == 0 && rest.starts_with(['#', '+', '-', '=', ':']);
    if starts_list || starts_block { format!("{number}\\{rest}") } else { text }
}

/// A name in a code span; nothing inside it is a mention, a reference or HTML.
pub(crate) fn code(name: &str) -> String {
    let name = escape::name(name);
    if name.trim().is_empty() {
        return String::new();
    }
    if name.contains('|') {
        // A pipe ends a table cell even inside a code span, and after a backslash even when it is escaped.
        let mut html = String::with_capacity(name.len() + 32);
        html.push_str("<code>");
        // To Markdown this is text between two tags, in which addresses become links: also those in character references.
        let mut chars = name.chars().peekable();
        let mut before = ' ';
        while let Some(c) = chars.next() {
            if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | '/' | '-' | '=' | '(' | ')') {
                reference(&mut html, c);
            } else {
                html.push(c);
            }
            let begins_www = matches!(c, 'w' | 'W') && !before.is_alphanumeric() && begins_www(c, &chars);
            let begins_issue = c == '-' && chars.peek().is_some_and(char::is_ascii_digit);
            if begins_www || begins_issue || matches!(c, '@' | '#') {
                html.push_str("&#8203;");
            }
            before = c;
        }
        html.push_str("</code>");
        return html;
    }
    // CommonMark section 6.1: the fence is longer than any run of backticks inside, and one space on both
    // sides is taken off.
    let longest = name.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    if longest == 0 {
        return format!("`{name}`");
    }
    let fence = "`".repeat(longest + 1);
    format!("{fence} {name} {fence}")
}

fn reference(out: &mut String, c: char) {
    let _ = match c {
        '<' => out.write_str("&lt;"),
        '>' => out.write_str("&gt;"),
        '&' => out.write_str("&amp;"),
        c => write!(out, "&#{};", u32::from(c)),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_stay_words() {
        assert_eq!(plain("esp_idf <b>*x*</b>"), "esp_idf &lt;b&gt;&#42;x&#42;&lt;/b&gt;");
        assert_eq!(plain("ping @octocat, see #12"), "ping @&#8203;octocat, see #&#8203;12");
        assert_eq!(plain("a|b\nc"), "a&#124;b c");
        assert_eq!(
            plain("see https://x.example/1 or www.x.example"),
            "see https:&#8203;//x.example/1 or w&#8203;ww.x.example"
        );
        assert_eq!(plain("GH-12, gh-x, me@x.example"), "GH-&#8203;12, gh-x, me@&#8203;x.example");
        assert_eq!(paragraph("# big"), "\\# big");
        assert_eq!(paragraph("12. x"), "12\\. x");
        assert_eq!(paragraph("12 B over"), "12\u{a0}B over");
    }

    #[test]
    fn a_code_span_survives_backticks_and_pipes() {
        assert_eq!(code("main"), "`main`");
        assert_eq!(code("a``b"), "``` a``b ```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("operator||"), "<code>operator&#124;&#124;</code>");
        assert_eq!(code("www.a.b|me@a.b"), "<code>w&#8203;ww.a.b&#124;me&#64;&#8203;a.b</code>");
        assert_eq!(code(""), "");
    }

    proptest! {
        #[test]
        fn nothing_ends_a_cell_or_a_line(text in ".{0,60}|[|\\\\`@#<>&*_~\n\r]{0,30}") {
            for out in [plain(&text), prose(&text), code(&text)] {
                prop_assert!(!out.contains(['|', '\n', '\r']), "{}", out);
            }
            prop_assert!(!plain(&text).contains(['<', '>', '`', '[', ']', '*', '\\']));
        }
    }
}
