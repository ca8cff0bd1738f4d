//! The files a step writes to speak to the runner, read with its exact grammar
//! (actions/runner 258d6c8, `FileCommandManager.cs`, as built for Linux).

/// What a file of `NAME=VALUE` and `NAME<<DELIMITER` entries says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// The entries up to the first that is wrong: they take effect all the same.
    pub pairs: Vec<(String, String)>,
    /// Why the rest was not read. The step fails.
    pub error: Option<String>,
}

/// Reads the content of `GITHUB_OUTPUT`, `GITHUB_ENV` or `GITHUB_STATE`.
///
/// Names and values are taken as they stand, with their white space and carriage returns. A byte order
/// mark is dropped.
#[must_use]
pub fn parse_pairs(bytes: &[u8]) -> Pairs {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = Lines { rest: text.strip_prefix('\u{feff}').unwrap_or(&text) };
    let mut found = Pairs::default();
    while let Some((line, _)) = lines.next() {
        if line.is_empty() {
            continue;
        }
        match parse_entry(line, &mut lines) {
            Ok(pair) => found.pairs.push(pair),
            Err(error) => {
                found.error = Some(error);
                break;
            }
        }
    }
    found
}

fn parse_entry(line: &str, lines: &mut Lines<'_>) -> Result<(String, String), String> {
    let equals = line.find('=');
    let heredoc = line.find("<<");
    match (equals, heredoc) {
        (Some(equals), heredoc) if heredoc.is_none_or(|heredoc| equals < heredoc) => {
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            if name.is_empty() {
                // `SetOutput` refuses it later; the effect is the same.
                return Err(format!("Invalid format '{line}'. Name must not be empty"));
            }
            Ok((name.to_owned(), value.to_owned()))
        }
        (_, Some(_)) => {
            let (name, delimiter) = line.split_once("<<").unwrap_or((line, ""));
            if name.is_empty() || delimiter.is_empty() {
                return Err(format!(
                    "Invalid format '{line}'. Name must not be empty and delimiter must not be empty"
                ));
            }
            let mut value = String::new();
            loop {
                match lines.next() {
                    Some((line, _)) if line == delimiter => break,
                    None => return Err(format!("Invalid value. Matching delimiter not found '{delimiter}'")),
                    Some((_, false)) => return Err("Invalid value. EOF marker missing new line.".into()),
                    Some((line, true)) => {
                        value.push_str(line);
                        value.push('\n');
                    }
                }
            }
            // The line feed before the delimiter does not belong to the value.
            value.pop();
            Ok((name.to_owned(), value))
        }
        _ => Err(format!("Invalid format '{line}'")),
    }
}

/// Lines that end with LF only.
struct Lines<'a> {
    rest: &'a str,
}

impl<'a> Lines<'a> {
    /// The next line, and whether it ended with a line feed.
    fn next(&mut self) -> Option<(&'a str, bool)> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest, ended) = match self.rest.split_once('\n') {
            Some((line, rest)) => (line, rest, true),
            None => (self.rest, "", false),
        };
        self.rest = rest;
        Some((line, ended))
    }
}

/// Reads the content of `GITHUB_PATH`: one folder a line.
#[must_use]
pub fn parse_path(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(text: &str) -> Vec<(String, String)> {
        let found = parse_pairs(text.as_bytes());
        assert_eq!(found.error, None, "{text:?}");
        found.pairs
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn entries_are_taken_as_they_stand() {
        assert_eq!(good("a=b\n\nc=\n"), [pair("a", "b"), pair("c", "")]);
        assert_eq!(good("\u{feff} a =b=c<<d\r\n"), [pair(" a ", "b=c<<d\r")]);
        assert_eq!(good("a<<E\nx=1\n\ny\nE\nb=2"), [pair("a", "x=1\n\ny"), pair("b", "2")]);
        assert_eq!(good("a<<E\nE\n"), [pair("a", "")]);
        assert_eq!(good("a<<E\n\nE"), [pair("a", "")]);
        assert_eq!(good("a<<E=F\nx\nE=F\n"), [pair("a", "x")]);
        assert_eq!(good("a<<E\nx\r\nE\n"), [pair("a", "x\r")]);
    }

    #[test]
    fn one_bad_line_ends_the_file() {
        for (text, error) in [
            ("ok=1\nnothing\nlate=2\n", "Invalid format 'nothing'"),
            (
                "ok=1\n<<E\nE\n",
                "Invalid format '<<E'. Name must not be empty and delimiter must not be empty",
            ),
            ("ok=1\na<<\n\n", "Invalid format 'a<<'. Name must not be empty and delimiter must not be empty"),
            ("ok=1\n=x\n", "Invalid format '=x'. Name must not be empty"),
            ("ok=1\na<<E\nx\n", "Invalid value. Matching delimiter not found 'E'"),
            ("ok=1\na<<E\nx\n E\n", "Invalid value. Matching delimiter not found 'E'"),
            ("ok=1\na<<E\r\nx\nE\n", "Invalid value. Matching delimiter not found 'E\r'"),
            ("ok=1\na<<E\nx", "Invalid value. EOF marker missing new line."),
        ] {
            let found = parse_pairs(text.as_bytes());
            assert_eq!(found.pairs, [pair("ok", "1")], "{text:?}");
            assert_eq!(found.error.as_deref(), Some(error), "{text:?}");
        }
    }
}
