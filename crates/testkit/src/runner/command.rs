//! Workflow commands, read as the runner reads them (actions/runner 258d6c8, `ActionCommand.cs`).

use std::collections::BTreeMap;

/// A command found in a line of a step's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its name as it was written; names are compared without case.
    pub name: String,
    /// Its properties, with lower-case keys.
    pub properties: BTreeMap<String, String>,
    /// What follows.
    pub data: String,
}

/// The commands a runner knows, besides the token that ends a `stop-commands`.
pub const REGISTERED: [&str; 15] = [
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "stop-commands",
    "warning",
];

/// The command in a line, if there is one: `::name key=value,key=value::data` at its start, or else
/// `##[name key=value;key=value]data` anywhere.
///
/// `known` says whether a name is registered; other names make no command.
pub fn parse(line: &str, known: &dyn Fn(&str) -> bool) -> Option<Command> {
    parse_v2(line, known).or_else(|| parse_v1(line, known))
}

/// Whether a name is one of [`REGISTERED`].
#[must_use]
pub fn is_registered(name: &str) -> bool {
    REGISTERED.iter().any(|command| command.eq_ignore_ascii_case(name))
}

fn parse_v2(line: &str, known: &dyn Fn(&str) -> bool) -> Option<Command> {
    let rest = line.trim_start().strip_prefix("::")?;
    let (info, data) = rest.split_once("::")?;
    let (name, properties) = info.split_once(' ').map_or((info, None), |(name, rest)| (name, Some(rest)));
    if !known(name) {
        return None;
    }
    let properties = properties.unwrap_or_default().trim();
    Some(Command {
        name: name.to_owned(),
        properties: split_properties(properties, ',', &unescape_property),
        data: unescape_data(data),
    })
}

fn parse_v1(line: &str, known: &dyn Fn(&str) -> bool) -> Option<Command> {
    let (_, rest) = line.split_once("##[")?;
    let (info, data) = rest.split_once(']')?;
    let (name, properties) = info.split_once(' ').map_or((info, None), |(name, rest)| (name, Some(rest)));
    if !known(name) {
        return None;
    }
    let properties = properties.unwrap_or_default();
    Some(Command {
        name: name.to_owned(),
        properties: split_properties(properties, ';', &unescape_v1),
        data: unescape_v1(data),
    })
}

/// .NET's `Split('=', 2, RemoveEmptyEntries)`: empty keys and values make no property, and `=` at the
/// start of a value is lost.
fn split_properties(
    text: &str,
    separator: char,
    unescape: &dyn Fn(&str) -> String,
) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    for pair in text.split(separator) {
        if let Some((key, value)) = pair.trim_start_matches('=').split_once('=') {
            let value = value.trim_start_matches('=');
            if !value.is_empty() {
                properties.insert(key.to_ascii_lowercase(), unescape(value));
            }
        }
    }
    properties
}

fn unescape_data(text: &str) -> String {
    text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
}

fn unescape_property(text: &str) -> String {
    let text = text.replace("%0D", "\r").replace("%0A", "\n");
    text.replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
}

fn unescape_v1(text: &str) -> String {
    let text = text.replace("%3B", ";").replace("%0D", "\r").replace("%0A", "\n");
    text.replace("%5D", "]").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn commands_are_found_where_the_runner_finds_them() {
        for (line, name, properties, data) in [
            ("::error::boom", "error", pairs(&[]), "boom"),
            ("\t ::ERROR file=a.c,line=3::a::b", "ERROR", pairs(&[("file", "a.c"), ("line", "3")]), "a::b"),
            (
                "::error title=a%3Ab%2Cc%25::100%25%0Anext",
                "error",
                pairs(&[("title", "a:b,c%")]),
                "100%\nnext",
            ),
            ("::error title==x,=y,z=,file=f  ::m", "error", pairs(&[("file", "f"), ("title", "x")]), "m"),
            ("ok ##[set-output name=a]b", "set-output", pairs(&[("name", "a")]), "b"),
            ("##[warning file=a%3Bb;line=1]c%5D", "warning", pairs(&[("file", "a;b"), ("line", "1")]), "c]"),
            ("::nothing::x ##[debug]y", "debug", pairs(&[]), "y"),
        ] {
            let command = parse(line, &is_registered).unwrap();
            assert_eq!(command, Command { name: name.into(), properties, data: data.into() }, "{line}");
        }
    }

    #[test]
    fn other_lines_are_text() {
        for line in [
            "",
            "x ::error::y",
            "::error:y",
            ":: error::y",
            "::std::fmt",
            "##[section]x",
            "##[error x",
            ":\u{200b}:error::x",
        ] {
            assert_eq!(parse(line, &is_registered), None, "{line}");
        }
        // Only the first `##[` of a line is looked at.
        assert_eq!(parse("##[x]##[error]y", &is_registered), None);
    }
}
