//! The syntax of `go.mod` and `go.work`: <https://go.dev/ref/mod#go-mod-file-lexical>.

/// A line's words, with the verb of its block in front, and the comment behind them.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: u32,
    /// The words; the first is the verb.
    pub(super) words: Vec<String>,
    /// What stands behind `//`, without blanks around it.
    pub(super) comment: String,
}

/// Reads the lines. The error is a line and what is wrong with it.
pub(super) fn lines(text: &str) -> Result<Vec<Line>, (u32, String)> {
    let mut lines = Vec::new();
    let mut block: Option<(String, u32)> = None;
    for (number, text) in (1u32..).zip(text.lines()) {
        let (mut words, comment) = words(text).map_err(|reason| (number, reason))?;
        match (words.as_slice(), &block) {
            ([], _) => continue,
            ([close], Some(_)) if close == ")" => {
                block = None;
                continue;
            }
            ([close, ..], _) if close == ")" => return Err((number, "\")\" closes nothing".to_owned())),
            ([verb, open], None) if open == "(" => {
                block = Some((verb.clone(), number));
                continue;
            }
            (_, Some((verb, _))) => words.insert(0, verb.clone()),
            (_, None) => {}
        }
        if let Some(wrong) = words.iter().find(|word| ["(", ")"].contains(&word.as_str()))
            // `retract` has intervals, which are no blocks.
            && words.first().is_none_or(|verb| verb != "retract")
        {
            return Err((number, format!("{wrong:?} stands where a word is expected")));
        }
        lines.push(Line { number, words, comment });
    }
    match block {
        Some((verb, number)) => Err((number, format!("the block of {verb:?} is not closed"))),
        None => Ok(lines),
    }
}

/// The words of a line, quoted ones without their quotes, and its comment.
fn words(line: &str) -> Result<(Vec<String>, String), String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("//") {
            return Ok((words, comment.trim().to_owned()));
        }
        let (word, after) = match first {
            '(' | ')' | ',' | '[' | ']' => (first.to_string(), rest.get(1..)),
            '`' => {
                let (word, after) =
                    rest.get(1..).and_then(|rest| rest.split_once('`')).ok_or("a quote is not closed")?;
                (word.to_owned(), Some(after))
            }
            '"' => {
                let mut word = String::new();
                let mut inner = rest.char_indices().skip(1);
                let mut end = None;
                while let Some((at, character)) = inner.next() {
                    match character {
                        '"' => {
                            end = Some(at + 1);
                            break;
                        }
                        '\\' => word.extend(inner.next().map(|(_, character)| character)),
                        _ => word.push(character),
                    }
                }
                (word, rest.get(end.ok_or("a quote is not closed")?..))
            }
            _ => {
                let ends = |c: char| c.is_whitespace() || "()[],\"`".contains(c);
                let comment =
                    rest.find("//").filter(|at| rest.get(..*at).is_some_and(|word| !word.ends_with(':')));
                let end = rest.find(ends).unwrap_or(rest.len()).min(comment.unwrap_or(usize::MAX));
                (rest.get(..end).unwrap_or(rest).to_owned(), rest.get(end..))
            }
        };
        words.push(word);
        rest = after.unwrap_or_default().trim_start();
    }
    Ok((words, String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_quotes_and_comments_are_read() {
        let text = "module \"a/b\" // why\n\nrequire (\n\tx v1 // indirect\n\t`y` v2\n)\nretract [v1, v2]\nreplace x => ../x\n";
        let lines = lines(text).unwrap();
        let words: Vec<_> = lines.iter().map(|line| line.words.join(" ")).collect();
        assert_eq!(
            words,
            ["module a/b", "require x v1", "require y v2", "retract [ v1 , v2 ]", "replace x => ../x"]
        );
        assert_eq!(lines[1].comment, "indirect");
        assert_eq!((lines[1].number, lines[4].number), (4, 8));
        for (wrong, line) in
            [("require (\nx v1\n", 1), ("a\n)\n", 2), ("module \"a\n", 1), ("require x ( y\n", 1)]
        {
            assert_eq!(super::lines(wrong).unwrap_err().0, line, "{wrong:?}");
        }
    }
}
