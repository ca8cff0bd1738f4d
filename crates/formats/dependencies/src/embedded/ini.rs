//! `platformio.ini` as PlatformIO reads it.
//!
//! The grammar is that of Python's `configparser` with inline comments of `#` and `;`
//! (<https://docs.python.org/3/library/configparser.html>); what `extends` and `${section.option}` mean stands in
//! <https://docs.platformio.org/en/latest/projectconf/index.html>.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Error, Problem};

use super::input::malformed;

const FORMAT: &str = "platformio.ini";
/// How deep `${…}` may refer to what refers to something else.
const DEEPEST: usize = 24;
/// The most bytes that one option may become.
const LONGEST: usize = 1 << 20;

/// A value, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) text: String,
    pub(crate) line: u32,
}

/// Sections with their options.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ini {
    file: String,
    sections: BTreeMap<String, BTreeMap<String, Value>>,
    /// Names of environments in the order of the file.
    environments: Vec<String>,
}

impl Ini {
    /// Reads a file.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let mut ini = Self { file: file.to_owned(), ..Self::default() };
        let mut section: Option<String> = None;
        let mut option: Option<String> = None;
        let mut indent = 0;
        for (index, line) in text.lines().enumerate() {
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let fail = |reason: String| Err(malformed(file, number, FORMAT, reason));
            let value = without_comment(line);
            if value.trim().is_empty() {
                // An empty line ends nothing: a value may go on after it, as long as it is indented.
                continue;
            }
            let depth = value.len() - value.trim_start().len();
            let value = value.trim();
            if let (Some(section), Some(option)) = (&section, &option)
                && depth > indent
            {
                if let Some(known) = ini.sections.get_mut(section).and_then(|options| options.get_mut(option))
                {
                    known.text.push('\n');
                    known.text.push_str(value);
                }
                continue;
            }
            indent = depth;
            if let Some(name) =
                value.strip_prefix('[').and_then(|rest| rest.rsplit_once(']')).map(|(name, _)| name)
            {
                if ini.sections.contains_key(name) {
                    return fail(format!("the section [{name}] stands there twice"));
                }
                if let Some(environment) = name.strip_prefix("env:") {
                    ini.environments.push(environment.to_owned());
                }
                ini.sections.insert(name.to_owned(), BTreeMap::new());
                section = Some(name.to_owned());
                option = None;
                continue;
            }
            let Some(options) = section.as_ref().and_then(|section| ini.sections.get_mut(section)) else {
                return fail("there is text before the first [section]".to_owned());
            };
            let Some((name, value)) = value.split_once(['=', ':']) else {
                return fail("expected `option = value`".to_owned());
            };
            let name = name.trim().to_lowercase();
            let value = Value { text: value.trim().to_owned(), line: number };
            if options.insert(name.clone(), value).is_some() {
                return fail(format!("the option {name} stands there twice"));
            }
            option = Some(name);
        }
        Ok(ini)
    }

    /// Lays a file over this one, as `extra_configs` does: its options win.
    pub(super) fn overlay(&mut self, other: Self) {
        for name in other.environments {
            if !self.environments.contains(&name) {
                self.environments.push(name);
            }
        }
        for (name, options) in other.sections {
            self.sections.entry(name).or_default().extend(options);
        }
    }

    /// Names of the environments, in the order of the file.
    pub(crate) fn environments(&self) -> &[String] {
        &self.environments
    }

    /// The sections an option of a section is looked for in: itself, what it extends, and for an environment `[env]`.
    fn chain<'a>(&'a self, section: &'a str) -> Vec<&'a str> {
        let mut waiting = if section.starts_with("env:") { vec!["env", section] } else { vec![section] };
        let (mut chain, mut seen) = (Vec::new(), BTreeSet::new());
        while let Some(section) = waiting.pop() {
            if !seen.insert(section) {
                continue;
            }
            let Some(options) = self.sections.get(section) else { continue };
            chain.push(section);
            if let Some(extends) = options.get("extends") {
                waiting.extend(entries(&extends.text));
            }
        }
        chain
    }

    fn raw(&self, section: &str, option: &str) -> Option<&Value> {
        let mut chain = self.chain(section).into_iter();
        chain.find_map(|section| self.sections.get(section)?.get(option))
    }

    /// The value of an option with everything it refers to; `None` where no section has it.
    ///
    /// What only a run of PlatformIO knows (`${sysenv.NAME}`, variables of the build) stays as it is written.
    pub(crate) fn get(&self, section: &str, option: &str) -> Result<Option<Value>, Error> {
        let Some(value) = self.raw(section, option) else { return Ok(None) };
        let text = self.expand(section, value, 0)?;
        Ok(Some(Value { text, line: value.line }))
    }

    /// The items of an option, each with its line.
    pub(super) fn list(&self, section: &str, option: &str) -> Result<Vec<Value>, Error> {
        let Some(value) = self.get(section, option)? else { return Ok(Vec::new()) };
        let items = entries(&value.text).map(|item| Value { text: item.to_owned(), line: value.line });
        Ok(items.collect())
    }

    fn expand(&self, section: &str, value: &Value, depth: usize) -> Result<String, Error> {
        let fail = |problem| Error::new(self.file.clone(), Some(value.line), problem);
        if depth > DEEPEST {
            return Err(fail(Problem::Inconsistent("an option refers to itself through `${…}`".to_owned())));
        }
        let mut out = String::new();
        // `%%` is how configparser writes a percent sign.
        let text = value.text.replace("%%", "%");
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                out.push_str("${");
                rest = after;
                continue;
            };
            rest = after;
            match self.referred(section, name) {
                Referred::AsWritten => {
                    out.push_str("${");
                    out.push_str(name);
                    out.push('}');
                }
                Referred::Text(text) => out.push_str(&text),
                Referred::Option(from, option) => {
                    let Some(value) = self.raw(from, option) else {
                        let message = format!("${{{name}}} refers to an option that no section has");
                        return Err(fail(Problem::Inconsistent(message)));
                    };
                    out.push_str(&self.expand(from, value, depth + 1)?);
                }
            }
            if out.len() > LONGEST {
                return Err(fail(Problem::TooLarge(format!("an option has more than {LONGEST} bytes"))));
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    fn referred<'a>(&self, section: &'a str, name: &'a str) -> Referred<'a> {
        match name.rsplit_once('.') {
            Some(("sysenv", _)) | None => Referred::AsWritten,
            Some(("this", "__env__")) => match section.strip_prefix("env:") {
                Some(environment) => Referred::Text(environment.to_owned()),
                None => Referred::AsWritten,
            },
            Some(("this", option)) => Referred::Option(section, option),
            // Folders have defaults that no file holds.
            Some(("platformio", option)) if self.raw("platformio", option).is_none() => Referred::AsWritten,
            Some((section, option)) => Referred::Option(section, option),
        }
    }
}

enum Referred<'a> {
    AsWritten,
    Text(String),
    Option(&'a str, &'a str),
}

/// A line before its comment: one begins at `#` or `;` that stands first or after a blank.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (at, character) in line.char_indices() {
        if matches!(character, '#' | ';') && before.is_whitespace() {
            return line.get(..at).unwrap_or(line);
        }
        before = character;
    }
    line
}

/// Items of a list: one a line, or on one line with `, ` between them.
fn entries(text: &str) -> impl Iterator<Item = &str> {
    let by = if text.contains('\n') { "\n" } else { ", " };
    text.split(by).map(str::trim).filter(|item| !item.is_empty() && !item.starts_with([';', '#']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ini(text: &str) -> Ini {
        Ini::parse("platformio.ini", text).unwrap()
    }

    fn list(ini: &Ini, section: &str, option: &str) -> Vec<String> {
        ini.list(section, option).unwrap().into_iter().map(|item| item.text).collect()
    }

    #[test]
    fn values_go_on_in_indented_lines_and_comments_need_a_blank() {
        let ini = ini("\
; comment
[env:a]
lib_deps =
    one/x@^1.0 ; why
    # gone
    https://host/y.git#v1

    three
board: esp32
Key = a;b
");
        assert_eq!(list(&ini, "env:a", "lib_deps"), ["one/x@^1.0", "https://host/y.git#v1", "three"]);
        assert_eq!(list(&ini, "env:a", "board"), ["esp32"]);
        assert_eq!(list(&ini, "env:a", "key"), ["a;b"]);
        assert_eq!(ini.environments(), ["a"]);
    }

    #[test]
    fn what_is_extended_and_referred_to_is_found() {
        let ini = ini("\
[platformio]
default_envs = b
[common]
lib_deps = c1, c2
[base]
extends = common
platform = p
[env]
framework = arduino
lib_deps = e
[env:b]
extends = base, other
name = ${this.__env__}-${this.board}-${env.framework}-${common.lib_deps}-${sysenv.HOME}-$PATH-100%%
board = x
[other]
platform = q
");
        // The last that is extended is looked at first, and `[env]` last of all.
        assert_eq!(list(&ini, "env:b", "platform"), ["q"]);
        assert_eq!(list(&ini, "env:b", "lib_deps"), ["c1", "c2"]);
        assert_eq!(list(&ini, "env:b", "framework"), ["arduino"]);
        let name = ini.get("env:b", "name").unwrap().unwrap();
        assert_eq!(name.text, "b-x-arduino-c1, c2-${sysenv.HOME}-$PATH-100%");
    }

    #[test]
    fn what_is_no_such_file_says_where() {
        for (text, line, part) in [
            ("x = 1", 1, "before the first"),
            ("[a]\nx", 2, "expected `option = value`"),
            ("[a]\nx = 1\nX = 2", 3, "twice"),
            ("[a]\n[b]\n[a]", 3, "twice"),
        ] {
            let error = Ini::parse("p.ini", text).unwrap_err();
            assert_eq!(error.line, Some(line), "{text}");
            assert!(error.to_string().contains(part), "{error}");
        }
        let missing = ini("[a]\nx = ${b.y}").get("a", "x").unwrap_err();
        assert!(missing.to_string().contains("refers to an option that no section has"), "{missing}");
    }

    #[test]
    fn a_circle_and_a_bomb_end() {
        assert!(ini("[a]\nx = ${b.x}\n[b]\nx = ${a.x}").get("a", "x").is_err());
        assert_eq!(
            ini("[env:a]\nextends = b\n[b]\nextends = env:a\nx = 1").get("env:a", "x").unwrap().unwrap().text,
            "1"
        );
        let mut bomb = "[a]\nx0 = ".to_owned() + &"y".repeat(100);
        for level in 1..20 {
            bomb += &format!("\nx{level} = {}", format!("${{a.x{}}}", level - 1).repeat(10));
        }
        let error = ini(&bomb).get("a", "x19").unwrap_err();
        assert!(matches!(error.problem, Problem::TooLarge(_)), "{error}");
    }
}
