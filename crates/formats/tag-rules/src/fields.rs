//! Items of an input, and the fields of an item: comma-separated values as RFC 4180 has them, a record on each line.

use crate::error::{Problem, RuleError};
use crate::{MAX_ITEM, MAX_ITEMS};

/// A field, and whether the whole of it stood in quotation marks.
struct Field {
    text: String,
    is_quoted: bool,
}

/// The items of an input: a line each, without those that begin with `#`. A line that stands in quotation marks as a whole is
/// what is in them.
///
/// # Errors
/// When there are too many, one is too long, or a quotation mark is not closed.
pub fn lines(input: &'static str, values: &[String]) -> Result<Vec<String>, RuleError> {
    let mut items = Vec::new();
    let all = values.iter().flat_map(|value| value.lines()).map(str::trim);
    for line in all.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let number = items.len() + 1;
        let wrong = |problem| RuleError::new(input, number, line, problem);
        if line.len() > MAX_ITEM {
            return Err(wrong(Problem::TooMuch(format!("it has more than {MAX_ITEM} bytes"))));
        }
        if items.len() == MAX_ITEMS {
            return Err(wrong(Problem::TooMuch(format!("there are more than {MAX_ITEMS} items"))));
        }
        let found = relaxed(line).map_err(wrong)?;
        items.push(match found.as_slice() {
            [only] if only.is_quoted => only.text.trim().to_owned(),
            _ => line.to_owned(),
        });
    }
    items.retain(|item| !item.is_empty());
    Ok(items)
}

/// An item whose commas mean nothing, such as a label: quotation marks around a whole field are not part of it.
///
/// # Errors
/// When a quotation mark is not closed.
pub fn joined(item: &str) -> Result<String, Problem> {
    let fields: Vec<String> = relaxed(item)?.into_iter().map(|field| field.text).collect();
    Ok(fields.join(",").trim().to_owned())
}

/// The fields of an item. A quotation mark inside of a field that has none around it is part of it.
fn relaxed(item: &str) -> Result<Vec<Field>, Problem> {
    let mut fields = Vec::new();
    let mut rest = item;
    loop {
        let column = item.chars().count() - rest.chars().count() + 1;
        let (field, after) = if rest.starts_with('"') {
            let (text, after) = quoted(rest, column)?;
            if after.is_empty() || after.starts_with(',') {
                (Field { text, is_quoted: true }, after)
            } else {
                bare(rest)
            }
        } else {
            bare(rest)
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Ok(fields),
        }
    }
}

/// The fields of an item, strictly: a quotation mark begins and ends a field, and is doubled inside of one.
pub(crate) fn strict(item: &str) -> Result<Vec<String>, Problem> {
    let mut fields = Vec::new();
    let mut rest = item;
    loop {
        let column = item.chars().count() - rest.chars().count() + 1;
        let (text, after) = if rest.starts_with('"') {
            quoted(rest, column)?
        } else {
            let (field, after) = bare(rest);
            if let Some(at) = field.text.find('"') {
                let column = column + field.text.get(..at).map_or(0, |before| before.chars().count());
                return Err(Problem::Quote { column, what: "a quotation mark inside of a field" });
            }
            (field.text, after)
        };
        fields.push(text.trim().to_owned());
        if after.is_empty() {
            return Ok(fields);
        }
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => {
                let column = item.chars().count() - after.chars().count() + 1;
                return Err(Problem::Quote { column, what: "text after a closing quotation mark" });
            }
        }
    }
}

fn bare(text: &str) -> (Field, &str) {
    let end = text.find(',').unwrap_or(text.len());
    let field = Field { text: text.get(..end).unwrap_or_default().to_owned(), is_quoted: false };
    (field, text.get(end..).unwrap_or_default())
}

/// What is between quotation marks, and what follows them.
fn quoted(text: &str, column: usize) -> Result<(String, &str), Problem> {
    let mut out = String::new();
    let mut rest = text.get(1..).unwrap_or_default();
    while let Some(end) = rest.find('"') {
        out.push_str(rest.get(..end).unwrap_or_default());
        rest = rest.get(end + 1..).unwrap_or_default();
        match rest.strip_prefix('"') {
            Some(next) => {
                out.push('"');
                rest = next;
            }
            None => return Ok((out, rest)),
        }
    }
    Err(Problem::Quote { column, what: "the quotation mark is not closed" })
}

/// A field as an attribute: its name in lower case and its value, or a word.
pub(crate) fn attribute(field: &str) -> (Option<String>, String) {
    match field.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            (Some(name.trim().to_lowercase()), value.trim().to_owned())
        }
        _ => (None, field.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_those_of_the_standard() {
        for (item, expected) in [
            ("type=raw,my", vec!["type=raw", "my"]),
            (
                r#"type=match,"pattern=^v\d{1,2}",group=1"#,
                vec!["type=match", r"pattern=^v\d{1,2}", "group=1"],
            ),
            (r#""a""b""#, vec![r#"a"b"#]),
            ("a, b ,", vec!["a", "b", ""]),
            ("", vec![""]),
        ] {
            assert_eq!(strict(item).unwrap(), expected, "{item}");
        }
        for (item, at) in [(r#"a"b"#, 2), (r#""a"b"#, 4), (r#"x,"a"#, 3), (r#"a, "b""#, 4)] {
            let Err(Problem::Quote { column, .. }) = strict(item) else { panic!("{item}") };
            assert_eq!(column, at, "{item}");
        }
    }

    #[test]
    fn lines_lose_comments_and_the_quotes_around_them() {
        let values = ["# no\ntype=sha\n\n  # neither\n".to_owned(), r#""type=raw,""value=a,b""""#.to_owned()];
        assert_eq!(lines("tags", &values).unwrap(), ["type=sha", r#"type=raw,"value=a,b""#]);
        assert_eq!(
            joined(r#"org.x.description=this is a "good" one, is it"#).unwrap(),
            r#"org.x.description=this is a "good" one, is it"#
        );
        assert_eq!(joined(r#""a=b,c",d"#).unwrap(), "a=b,c,d");
        assert!(joined(r#""a=b"#).is_err());
        assert!(lines("tags", &vec!["a".to_owned(); MAX_ITEMS + 1]).is_err());
        assert!(lines("tags", &["a".repeat(MAX_ITEM + 1)]).is_err());
    }
}
