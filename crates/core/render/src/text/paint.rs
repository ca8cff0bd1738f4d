//! ANSI colours and line breaks.

use std::borrow::Cow;

use lw_model::Verdict;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::escape;

/// A look on the terminal: the parameters of SGR (ECMA-48 section 8.3.117).
#[derive(Clone, Copy)]
pub(super) struct Style {
    colour: &'static str,
    bold: bool,
}

impl Style {
    pub(super) const PLAIN: Self = Self { colour: "", bold: false };
    pub(super) const BOLD: Self = Self { colour: "", bold: true };
    pub(super) const DIM: Self = Self { colour: "2", bold: false };
    pub(super) const RED: Self = Self { colour: "31", bold: false };
    pub(super) const GREEN: Self = Self { colour: "32", bold: false };
    pub(super) const YELLOW: Self = Self { colour: "33", bold: false };

    pub(super) fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::GREEN,
            Verdict::Warn => Self::YELLOW,
            Verdict::Fail | Verdict::Error => Self::RED,
        }
    }

    pub(super) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }
}

/// Whether colours are written at all.
#[derive(Clone, Copy)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    pub(super) fn with<'t>(self, style: Style, text: &'t str) -> Cow<'t, str> {
        if !self.0 || text.trim().is_empty() || (style.colour.is_empty() && !style.bold) {
            return Cow::Borrowed(text);
        }
        let parameters = match (style.bold, style.colour) {
            (true, "") => "1".to_owned(),
            (true, colour) => format!("1;{colour}"),
            (false, colour) => colour.to_owned(),
        };
        Cow::Owned(format!("\u{1b}[{parameters}m{text}\u{1b}[0m"))
    }
}

/// Breaks `text` at spaces into lines of at most `width` columns; the lines after the first are indented. A number stays
/// with its unit; a word longer than a line is broken after its separators, or cut.
pub(super) fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    let text = &*escape::bound(text);
    let lead = text.len() - text.trim_start_matches(' ').len();
    let mut lines = Vec::new();
    let mut line = " ".repeat(lead);
    let mut used = lead;
    let mut blank = true;
    for word in text.trim_start_matches(' ').split(' ') {
        // An empty word is one of several spaces in a row, which separate facts.
        let space = usize::from(!blank);
        if !blank && used + space + word.width() > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent)).trim_end().to_owned());
            used = indent;
            if word.is_empty() {
                blank = true;
                continue;
            }
        } else if !blank {
            line.push(' ');
            used += 1;
        } else if word.is_empty() {
            continue;
        }
        let pieces = if used + word.width() > width { escape::breakable(word) } else { vec![word] };
        for piece in pieces {
            if used + piece.width() > width && used > indent {
                lines.push(std::mem::replace(&mut line, " ".repeat(indent)).trim_end().to_owned());
                used = indent;
            }
            for c in piece.chars() {
                let columns = c.width().unwrap_or(0);
                if used + columns > width && used > indent {
                    lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
                    used = indent;
                }
                line.push(c);
                used += columns;
            }
        }
        blank = false;
    }
    lines.push(line.trim_end().to_owned());
    lines.into_iter().map(|line| line.replace(escape::NO_BREAK, " ")).collect()
}

/// Breaks a name into lines of at most `width` columns, after its separators; a piece longer than that is cut.
pub(super) fn fold(name: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for piece in escape::breakable(name) {
        if used > 0 && used + piece.trim_end().width() > width {
            lines.push(String::new());
            used = 0;
        }
        for c in piece.chars() {
            let columns = c.width().unwrap_or(0);
            if used > 0 && used + columns > width {
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
            used += columns;
        }
    }
    lines.into_iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_break_at_spaces_and_words_only_when_they_must() {
        assert_eq!(wrap("one two three", 7, 2), ["one two", "  three"]);
        assert_eq!(wrap("  abcdefgh ij", 6, 2), ["  abcd", "  efgh", "  ij"]);
        assert_eq!(wrap("in alpha::bravo::charlie now", 14, 0), ["in", "alpha::bravo::", "charlie now"]);
        assert_eq!(fold("alpha::bravo::charlie", 16), ["alpha::bravo::", "charlie"]);
        assert_eq!(fold("unsigned char const&", 14), ["unsigned char", "const&"]);
        assert_eq!(wrap("", 6, 2), [""]);
        assert_eq!(wrap("more than 12 KiB", 12, 0), ["more than", "12 KiB"]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_long_and_no_letter_is_lost(text in "[a-z日 ]{0,200}", width in 8usize..40) {
            let lines = wrap(&text, width, 4);
            prop_assert!(lines.iter().all(|line| line.width() <= width));
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}
