//! What a source says of its own lines, where a report lists more than those with code.

/// The lines of a Go source that have more on them than blanks and comments, by their number less one.
///
/// A block of a coverprofile spans all lines from its first to its last character. Tokens are told apart as the Go
/// specification has them ("Lexical elements"): comments of both kinds, strings, raw strings, which may span lines, and
/// runes.
#[must_use]
pub fn go_code_lines(text: &[u8]) -> Vec<bool> {
    let mut lines = Vec::new();
    let mut has_code = false;
    let mut state = State::Code;
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'\n' {
            // A blank line of a raw string is a part of the statement.
            lines.push(has_code || state == State::Raw);
            has_code = false;
            if matches!(state, State::LineComment | State::Quoted(_)) {
                state = State::Code;
            }
            continue;
        }
        match state {
            State::Code => match byte {
                b'/' if bytes.peek() == Some(&b'/') => state = State::LineComment,
                b'/' if bytes.peek() == Some(&b'*') => {
                    bytes.next();
                    state = State::Comment;
                }
                byte if byte.is_ascii_whitespace() => {}
                byte => {
                    has_code = true;
                    match byte {
                        b'"' | b'\'' => state = State::Quoted(byte),
                        b'`' => state = State::Raw,
                        _ => {}
                    }
                }
            },
            State::Quoted(_) if byte == b'\\' => {
                // What is escaped does not end it; a line break does.
                bytes.next_if(|next| *next != b'\n');
            }
            State::Quoted(quote) if byte == quote => state = State::Code,
            State::Raw => {
                has_code = true;
                if byte == b'`' {
                    state = State::Code;
                }
            }
            State::Comment if byte == b'*' && bytes.peek() == Some(&b'/') => {
                bytes.next();
                state = State::Code;
            }
            State::Quoted(_) | State::Comment | State::LineComment => {}
        }
    }
    if text.last().is_some_and(|last| *last != b'\n') {
        lines.push(has_code || state == State::Raw);
    }
    lines
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Code,
    /// A string or a rune, up to this character.
    Quoted(u8),
    Raw,
    LineComment,
    Comment,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Vec<usize> {
        let lines = go_code_lines(text.as_bytes());
        lines.iter().zip(1..).filter(|(code, _)| **code).map(|(_, line)| line).collect()
    }

    #[test]
    fn comments_and_blank_lines_are_no_code() {
        assert_eq!(code("func f() {\n\tv := 1\n\n\t// old\n\treturn v\n}\n"), [1, 2, 5, 6]);
        assert_eq!(code("a /* x\ny\n*/ b\n/* z */\n  /**/ c"), [1, 3, 5]);
        assert_eq!(code("\r\n// x\r\na\r\n"), [3]);
        assert_eq!(code(""), [0; 0]);
    }

    #[test]
    fn what_looks_like_a_comment_in_a_string_is_none() {
        assert_eq!(code("a := \"/*\"\nb\nc := \"*/\"\n"), [1, 2, 3]);
        assert_eq!(
            code("a := `x\n\n// y\n/*`\n// z\nb := '\"'\n// \"\nc := '\\''\n// '\n"),
            [1, 2, 3, 4, 6, 8]
        );
        assert_eq!(code("a := \"\\\\\" // x\n// y\n\"\\\"//\"\n"), [1, 3]);
        // A string that nobody closed ends with its line, as in Go.
        assert_eq!(code("a := \"x\n// y\nb"), [1, 3]);
    }
}
