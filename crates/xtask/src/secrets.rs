//! What no compiler holds of secrets: who may look into one, and that nobody prints what is in it.

use std::collections::BTreeSet;

use crate::house::is_comment;

/// The crates that may look into a secret (`expose`, `expose_text`), by their folders.
const MAY_EXPOSE: [&str; 8] = [
    "crates/core/secret",
    "crates/cli",
    "crates/testkit",
    "crates/formats/signature",
    "crates/services/http",
    "crates/tools/balena-deploy",
    "crates/tools/sign",
    "crates/xtask",
];

/// What makes text of its arguments.
const FORMATS: [&str; 12] = [
    "format!",
    "write!",
    "writeln!",
    "print!",
    "println!",
    "eprint!",
    "eprintln!",
    "panic!",
    "anyhow!",
    "bail!",
    "to_string",
    "from_utf8_lossy",
];

/// What is wrong in a file of a crate, its tests aside.
pub(crate) fn problems(folder: &str, name: &str, code: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let lines: Vec<&str> = code.lines().collect();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| !is_comment(line)) {
        let place = format!("{name}:{}", index + 1);
        let exposes = line.contains(".expose()") || line.contains(".expose_text()");
        if exposes && !MAY_EXPOSE.contains(&folder) {
            problems.push(format!(
                "{place} looks into a secret: its crate is not in MAY_EXPOSE of crates/xtask/src/secrets.rs"
            ));
        }
        let formats = || {
            let before = lines.get(index.saturating_sub(LONGEST_CALL)..index).unwrap_or_default();
            FORMATS.iter().any(|text| line.contains(text)) || is_inside_of_format(before)
        };
        if exposes && folder != "crates/core/secret" && formats() {
            problems.push(format!("{place} makes text of what is in a secret"));
        }
    }
    let is_command_line =
        code.contains("clap::Args") || code.contains("#[arg(") || code.contains("#[command(");
    for (holder, field) in fields_of_secrets(code) {
        if is_command_line && is_derived(code, &holder, &["Args", "Parser", "Subcommand"]) {
            problems.push(format!(
                "{name}: the argument `{holder}.{field}` is a Secret: a command line names a SecretSource, which `Context::secret` reads"
            ));
        }
        for shown in ["Debug", "Display", "Serialize"] {
            if code.contains(&format!("{shown} for {holder} "))
                || code.contains(&format!("{shown} for {holder}<"))
            {
                problems.push(format!(
                    "{name}: {holder} holds a Secret and has its own {shown}: derive Debug, which shows nothing of it"
                ));
            }
        }
    }
    problems
}

/// Lines of a call that formats, from its name to its last argument.
const LONGEST_CALL: usize = 8;

/// Whether the last call that formats in these lines has not ended in them.
fn is_inside_of_format(lines: &[&str]) -> bool {
    let text = lines.join("\n");
    let last = FORMATS.iter().filter_map(|name| Some((text.rfind(name)?, name.len()))).max();
    let Some(rest) = last.and_then(|(at, length)| text.get(at + length..)) else { return false };
    rest.matches('(').count() > rest.matches(')').count()
}

/// The types of a file with a field that is or holds a `Secret`, and that field.
fn fields_of_secrets(code: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut holder: Option<String> = None;
    for line in code.lines() {
        if is_comment(line) {
            continue;
        }
        let trimmed = line.trim_start();
        if let Some(name) = declared(trimmed) {
            let rest = trimmed.split_once(&name).map_or("", |(_, rest)| rest);
            if rest.contains('(') && has_word(rest, "Secret") {
                found.insert((name.clone(), "0".to_owned()));
            }
            holder = rest.trim_end().ends_with('{').then_some(name);
            continue;
        }
        if line.starts_with('}') {
            holder = None;
        }
        if let Some(holder) = &holder
            && has_word(trimmed, "Secret")
        {
            let field = trimmed.split([':', '(']).next().unwrap_or(trimmed);
            found.insert((
                holder.clone(),
                field.trim_start_matches("pub(crate) ").trim_start_matches("pub ").to_owned(),
            ));
        }
    }
    found
}

/// The name of the type a line declares.
fn declared(line: &str) -> Option<String> {
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub"));
    matches!(words.next()?, "struct" | "enum").then_some(())?;
    let name = words.next()?;
    Some(name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
}

/// Whether a type derives one of some traits.
fn is_derived(code: &str, holder: &str, traits: &[&str]) -> bool {
    let declarations = ["struct", "enum"].map(|kind| format!("{kind} {holder}"));
    let Some(at) = declarations.iter().find_map(|text| code.find(text.as_str())) else { return false };
    let before: Vec<&str> = code.get(..at).unwrap_or_default().lines().rev().collect();
    let attributes = before.iter().take_while(|line| !line.trim().is_empty() && !line.starts_with('}'));
    attributes
        .into_iter()
        .any(|line| line.contains("derive(") && traits.iter().any(|name| has_word(line, name)))
}

fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(folder: &str, code: &str) -> Vec<String> {
        problems(folder, "a.rs", code)
    }

    #[test]
    fn only_the_listed_crates_look_into_a_secret() {
        let code = "fn f(key: &Secret) -> usize {\n    key.expose().len()\n}\n";
        assert!(of("crates/tools/sign", code).is_empty());
        let found = of("crates/tools/size-gate", code);
        assert!(found.len() == 1 && found[0].starts_with("a.rs:2 looks into a secret"), "{found:?}");
        assert!(of("crates/tools/size-gate", "// key.expose()\n").is_empty());
    }

    #[test]
    fn nobody_makes_text_of_what_is_in_it() {
        for line in [
            "Error::input(format!(\"{:?}\", key.expose()))",
            "String::from_utf8_lossy(key.expose())",
            "key.expose_text().unwrap_or_default().to_string()",
            "Error::input(format!(\n    \"{}: {:?}\",\n    name(),\n    key.expose(),\n))",
        ] {
            let found = of("crates/tools/sign", line);
            assert!(found.len() == 1 && found[0].contains("makes text"), "{line}: {found:?}");
        }
        let fine = "let text = format!(\n    \"{}\",\n    name(),\n);\nsign(key.expose());\n";
        assert!(of("crates/tools/sign", fine).is_empty());
    }

    #[test]
    fn a_command_line_holds_no_secret() {
        let args = |kind: &str| {
            format!(
                "#[derive(Debug, clap::Args)]\npub struct Args {{\n    /// The key\n    #[arg(long)]\n    key: Option<{kind}>,\n}}\n"
            )
        };
        assert!(of("crates/tools/sign", &args("SecretSource")).is_empty());
        let found = of("crates/tools/sign", &args("Secret"));
        assert!(found.len() == 1 && found[0].contains("`Args.key` is a Secret"), "{found:?}");
        let other =
            "#[derive(clap::Args)]\nstruct Args {\n    x: u8,\n}\n\nstruct Keys {\n    key: Secret,\n}\n";
        assert!(of("crates/tools/sign", other).is_empty());
    }

    #[test]
    fn what_holds_a_secret_is_not_printed_by_hand() {
        let code = |shown: &str| {
            format!(
                "pub struct Keys {{\n    pub first: lw_secret::Secret,\n}}\n\nimpl fmt::{shown} for Keys {{\n}}\n"
            )
        };
        for shown in ["Debug", "Display"] {
            let found = of("crates/tools/sign", &code(shown));
            assert!(found.len() == 1 && found[0].contains("Keys holds a Secret"), "{found:?}");
        }
        assert!(of("crates/tools/sign", &code("Default")).is_empty());
        let found = of("crates/tools/sign", "struct Key(Secret);\nimpl Serialize for Key {\n}\n");
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
