//! The escapes of a terminal, for those who have none.

/// The text without escape sequences and control characters; of a line that was overwritten, what was written last. A tab is a space.
///
/// Sequences are those of ECMA-48: `ESC [` up to a final byte, `ESC ]` and the other strings up to their terminator, and `ESC` with one character.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut is_overwritten = false;
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match chars.next() {
                Some('[') => sequence(&mut chars),
                Some(']' | 'P' | 'X' | '^' | '_') => string(&mut chars),
                // With intermediate bytes it is longer, as when a set of characters is chosen.
                Some(' '..='/') => drop(chars.next()),
                _ => {}
            },
            '\u{9b}' => sequence(&mut chars),
            '\r' => is_overwritten = true,
            '\t' => out.push(' '),
            c if c.is_control() => {}
            c => {
                if std::mem::take(&mut is_overwritten) {
                    out.clear();
                }
                out.push(c);
            }
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Skips what follows `ESC [`, up to a byte from `@` to `~`. A sequence that is none ends where it is none.
fn sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(c) = chars.peek() {
        match c {
            ' '..='?' => drop(chars.next()),
            '@'..='~' => {
                chars.next();
                return;
            }
            _ => return,
        }
    }
}

/// Skips a string up to its terminator: BEL, or `ESC \`.
fn string(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(c) = chars.next() {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                chars.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}

/// What the builder says, as lines of a log: of a line that is replaced again and again, as progress is, the last one.
#[derive(Debug, Default)]
pub struct Log {
    held: Option<String>,
}

impl Log {
    /// Takes a message, and gives the lines that are now as they stay. Lines without text are left out.
    pub fn push(&mut self, message: &str, is_replaced: bool) -> Vec<String> {
        let text: Vec<String> = message.split('\n').map(plain).filter(|line| !line.is_empty()).collect();
        if is_replaced {
            if !text.is_empty() {
                self.held = Some(text.join(" "));
            }
            return Vec::new();
        }
        let held = self.held.take().filter(|held| text.first() != Some(held));
        held.into_iter().chain(text).collect()
    }

    /// The line that was held until the end.
    pub fn finish(&mut self) -> Option<String> {
        self.held.take()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_go_and_text_stays() {
        for (text, expected) in [
            ("\u{1b}[36m[Info]\u{1b}[39m     Starting build", "[Info]     Starting build"),
            ("\u{1b}[1;31;48;5;12mred\u{1b}[0m \u{1b}(Bx", "red x"),
            ("50 %\r100 %", "100 %"),
            ("done\r\n", "done"),
            ("\u{1b}]8;;https://x\u{7}link\u{1b}]8;;\u{1b}\\.", "link."),
            ("a\u{7}b\u{0}c\td  ", "abc d"),
            ("\u{1b}[", ""),
            ("\u{1b}[12", ""),
            ("\u{1b}[1\u{e9}x", "\u{e9}x"),
            ("\u{9b}31mx", "x"),
        ] {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }

    #[test]
    fn progress_is_one_line() {
        let mut log = Log::default();
        let mut lines = log.push("start", false);
        for percent in ["1 %", "50 %", "\u{1b}[2K100 %"] {
            lines.extend(log.push(percent, true));
        }
        lines.extend(log.push("one\ntwo\n", false));
        lines.extend(log.push("again", true));
        lines.extend(log.push("again", false));
        lines.extend(log.push("last", true));
        lines.extend(log.finish());
        assert_eq!(lines, ["start", "100 %", "one", "two", "again", "last"]);
    }

    proptest! {
        #[test]
        fn nothing_that_controls_is_left(text in any::<String>()) {
            prop_assert!(!plain(&text).chars().any(char::is_control));
            prop_assert_eq!(plain(&plain(&text)), plain(&text));
        }
    }
}
