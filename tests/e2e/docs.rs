//! The commands of the documentation: each is one that `lw` takes, also where it stands in a workflow. `commands.rs` runs them.

use std::path::{Path, PathBuf};

use lw_testkit::root;

/// A command as a person would paste it, and where it stands.
struct Command {
    place: String,
    words: Vec<String>,
}

/// The pages people read: of the repository, of the actions, and the guide of each tool's help.
fn texts() -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> =
        ["README.md", "SECURITY.md", "CONTRIBUTING.md"].map(|name| root().join(name)).into();
    for folder in ["docs", "actions", "examples"] {
        markdown_below(&root().join(folder), &mut paths);
    }
    let read = |path: &PathBuf| (path.display().to_string(), std::fs::read_to_string(path).unwrap());
    let mut texts: Vec<(String, String)> = paths.iter().map(read).collect();
    // What stands in a guide is indented.
    let guides = lw::TOOLS.iter().chain(lw::COMMANDS);
    texts.extend(
        guides.map(|entry| (format!("lw help {}", entry.name), format!("```sh\n{}\n```\n", entry.guide))),
    );
    texts
}

pub(crate) fn markdown_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            markdown_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// The lines of the fences that hold commands, those that are continued as one.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let (mut inside, mut is_shell, mut continued) = (false, false, false);
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            inside = !inside;
            is_shell = matches!(
                language.trim(),
                "sh" | "bash" | "console" | "shell" | "text" | "" | "yaml" | "groovy"
            );
            continue;
        }
        if !inside || !is_shell {
            continue;
        }
        let line = line.trim();
        let (line, goes_on) = line.strip_suffix('\\').map_or((line, false), |line| (line, true));
        match lines.last_mut() {
            Some(last) if continued => last.push_str(line),
            _ => lines.push(line.to_owned()),
        }
        continued = goes_on;
    }
    lines
}

/// The words of each command of a line, as a shell would part them.
pub(crate) fn commands(line: &str) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let (mut word, mut is_word, mut quote) = (String::new(), false, None);
    let mut chars = line.chars().peekable();
    let end = |word: &mut String, is_word: &mut bool, all: &mut Vec<Vec<String>>| {
        if std::mem::take(is_word) {
            all.last_mut().unwrap().push(std::mem::take(word));
        }
    };
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"'), '\\') | (None, '\\') => {
                word.extend(chars.next());
                is_word = true;
            }
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                is_word = true;
            }
            (None, '#') if !is_word => break,
            (None, '|' | '&' | ';' | '<' | '>' | '(' | ')') => {
                end(&mut word, &mut is_word, &mut all);
                all.push(Vec::new());
            }
            (None, c) if c.is_whitespace() => end(&mut word, &mut is_word, &mut all),
            (None, c) => {
                word.push(c);
                is_word = true;
            }
        }
    }
    end(&mut word, &mut is_word, &mut all);
    all
}

/// Every call of `lw` in a text.
fn calls(place: &str, text: &str) -> Vec<Command> {
    let mut found = Vec::new();
    for line in lines(text) {
        let line = line.trim_start_matches("- ").trim_start_matches("run: ").trim_start_matches("$ ");
        for words in commands(line) {
            if words.first().is_some_and(|word| word == "lw") {
                found.push(Command { place: format!("{place}: {line}"), words });
            }
        }
    }
    found
}

/// A word with a number in the place of each `$VARIABLE`.
fn without_variables(word: &str) -> String {
    let mut pieces = word.split('$');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |word, piece| {
        let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '{' | '}' | '?');
        word + "1" + piece.trim_start_matches(name)
    })
}

/// Flags and commands that are gone or misspelled are found, wherever they stand.
#[test]
fn every_command_is_one_that_lw_takes() {
    let mut faults = Vec::new();
    let mut count = 0;
    for (place, text) in texts() {
        for command in calls(&place, &text) {
            // A form to be filled in is no command: `lw TOOL`, `lw explain TOOL/RULE`.
            if command.words.iter().any(|word| word.contains("TOOL") || word.contains('…') || word == "NAME")
            {
                continue;
            }
            count += 1;
            // What a variable of the CI holds is a number as well as anything.
            let words = command.words.iter().map(|word| without_variables(word));
            if let Err(error) = lw::command().try_get_matches_from(words) {
                // What was asked for, such as help, is told as an error as well; it goes to standard output.
                if error.use_stderr() {
                    let told = error.to_string();
                    faults.push(format!(
                        "{}\n    {}",
                        command.place,
                        told.lines().next().unwrap_or_default()
                    ));
                }
            }
        }
    }
    assert!(count > 120, "only {count} commands");
    assert!(faults.is_empty(), "{} of {count} commands\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_command_that_is_none_is_found() {
    let told = |text: &str| calls("", text).into_iter().map(|command| command.words).collect::<Vec<_>>();
    assert_eq!(
        told(
            "```sh\n# lw no\nA=1 lw no\n$ lw a 'b c' --d=\"e\" | lw f > g && lw h \\\n  i # j\n```\nlw no\n"
        ),
        [vec!["lw", "a", "b c", "--d=e"], vec!["lw", "f"], vec!["lw", "h", "i"]]
    );
    assert!(lw::command().try_get_matches_from(["lw", "size-gate", "--elfs", "a"]).is_err());
    assert!(lw::command().try_get_matches_from(["lw", "size-gate", "--elf", "a"]).is_ok());
}
