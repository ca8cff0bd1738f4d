//! A user's template.
//!
//! It gets what the JSON format has, and every text is escaped as Markdown when it is printed: a template decides what stands where,
//! and no message of a commit becomes markup by it. Nothing turns that off. It reads no file, runs so many steps and no more, and a name
//! that has no value is an error.

use std::io::{self, Write};

use lw_releases::utc_date;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};

use crate::error::InputError;
use crate::{escape, markdown};

/// The largest template, in bytes.
const MOST_BYTES: usize = 1024 * 1024;

/// Steps of the engine: some hundred for each commit of a long history.
const STEPS: u64 = 200_000_000;

/// The most that is written, in bytes.
const MOST_WRITTEN: usize = if cfg!(test) { 1 << 20 } else { 64 << 20 };

/// Most characters of a text, and of one with paragraphs.
const LINE: usize = 1_000;
const BLOCK: usize = 10_000;

/// A template, ready to be used.
#[derive(Debug)]
pub(crate) struct Template<'a> {
    environment: Environment<'a>,
    path: &'a str,
    steps: u64,
}

impl<'a> Template<'a> {
    /// Reads a template; `path` is its name in errors.
    pub(crate) fn parse(bytes: &'a [u8], path: &'a str) -> Result<Self, InputError> {
        Self::with_steps(bytes, path, STEPS)
    }

    fn with_steps(bytes: &'a [u8], path: &'a str, steps: u64) -> Result<Self, InputError> {
        if bytes.len() > MOST_BYTES {
            return Err(InputError::TooLarge { path: path.into(), bytes: bytes.len(), most: MOST_BYTES });
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| InputError::NoText { path: path.into(), offset: error.valid_up_to() })?;
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(steps));
        environment.set_recursion_limit(64);
        let mut syntax = SyntaxConfig::builder();
        // A line that holds only a tag is no line of the text.
        syntax.keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true);
        environment.set_syntax(syntax.build().map_err(|error| problem(path, &error, steps))?);
        // The formatter escapes whatever a block says of escaping.
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_formatter(|out, _, value| {
            if value.is_undefined() {
                return Err(minijinja::Error::from(ErrorKind::UndefinedError));
            }
            let plain = value.is_none() || value.is_number() || value.is_safe();
            let is_flag = value.kind() == minijinja::value::ValueKind::Bool;
            let text = match (value.is_none(), plain || is_flag) {
                (true, _) => String::new(),
                (false, true) => value.to_string(),
                (false, false) => escape::line(&value.to_string(), LINE),
            };
            out.write_str(&text).map_err(minijinja::Error::from)
        });
        // What would let a text of a commit through as it is.
        for name in ["safe", "escape", "e"] {
            environment.remove_filter(name);
        }
        environment.remove_global("debug");
        environment
            .add_filter("block", |text: String| Value::from_safe_string(escape::block(&text, "  ", BLOCK)));
        environment.add_filter("date", |seconds: i64| utc_date(seconds));
        environment.add_filter("url", |text: String| Value::from_safe_string(markdown::encode(&text)));
        environment.add_template(path, text).map_err(|error| problem(path, &error, steps))?;
        Ok(Self { environment, path, steps })
    }

    /// Its name in errors.
    pub(crate) fn path(&self) -> &str {
        self.path
    }

    /// Fills the template.
    pub(crate) fn render(&self, values: Value) -> Result<String, InputError> {
        let template = self
            .environment
            .get_template(self.path)
            .map_err(|error| problem(self.path, &error, self.steps))?;
        let mut out = Capped(Vec::new());
        match template.render_captured_to(values, &mut out) {
            Ok(_) => Ok(String::from_utf8_lossy(&out.0).into_owned()),
            Err(_) if out.0.len() >= MOST_WRITTEN => {
                Err(InputError::Flood { path: self.path.to_owned(), most: MOST_WRITTEN })
            }
            Err(error) => Err(problem(self.path, &error, self.steps)),
        }
    }
}

struct Capped(Vec<u8>);

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = MOST_WRITTEN.saturating_sub(self.0.len());
        if bytes.len() > room {
            self.0.extend_from_slice(bytes.get(..room).unwrap_or_default());
            return Err(io::Error::other("too much"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn problem(path: &str, error: &minijinja::Error, steps: u64) -> InputError {
    let (path, line) = (path.to_owned(), error.line().unwrap_or(1));
    if error.kind() == ErrorKind::OutOfFuel {
        return InputError::Endless { path, line, steps };
    }
    let mut reason = error.kind().to_string();
    if let Some(detail) = error.detail() {
        reason = format!("{reason}: {detail}");
    }
    InputError::Template { path, line, reason }
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    fn render(template: &str) -> Result<String, String> {
        let texts = ["<b> @a", "![x](y)"];
        let values = context! { text => "<script> @octocat\n# heading", texts, number => 12, flag => true, none => Value::from(()) };
        let template = Template::with_steps(template.as_bytes(), "notes.jinja", 2_000_000)
            .map_err(|error| error.to_string())?;
        template.render(values).map_err(|error| error.to_string())
    }

    #[test]
    fn every_text_is_escaped_and_nothing_turns_that_off() {
        let escaped = "&lt;script&gt; @\u{200b}octocat # heading";
        for template in [
            "{{ text }}",
            "{% autoescape false %}{{ text }}{% endautoescape %}",
            "{% autoescape 'html' %}{{ text }}{% endautoescape %}",
            "{{ text ~ '' }}",
            "{{ text | string }}",
            "{{ text | trim }}",
            "{{ [text] | join }}",
            "{{ text | default('x') }}",
            "{{ {'a': text}.a }}",
        ] {
            assert_eq!(render(template).unwrap(), escaped, "{template}");
        }
        for template in [
            "{{ texts }}",
            "{{ texts | join(', ') }}",
            "{% for one in texts %}{{ one }}{% endfor %}",
            "{% set one %}{{ texts[0] }}{% endset %}{{ one }}{{ one | reverse }}{{ one | replace('&lt;', '<') }}",
            "{% filter upper %}{{ texts | join }}{% endfilter %}",
            "{{ '<i>' }}{{ '[a](b)' ~ text }}{{ text | upper | title }}",
            "{{ text | replace('octocat', '<a>') }}",
            "{{ text | block }}",
        ] {
            let text = render(template).unwrap();
            for active in ["<b", "<B", "<s", "<S", "<a", "<i", "@a", "@o", "![", "\n#"] {
                assert!(!text.contains(active), "{template}: {active} in {text}");
            }
            assert!(!text.replace("\\[", "").contains('['), "{template}: {text}");
        }
        for template in [
            "{{ text | safe }}",
            "{{ text | e }}",
            "{{ text | escape }}",
            "{{ text | raw }}",
            "{{ debug() }}",
        ] {
            assert!(render(template).unwrap_err().starts_with("notes.jinja:1: unknown"), "{template}");
        }
        assert_eq!(
            render("{{ number }} {{ flag }} {{ none }} {{ 0 | date }}\n").unwrap(),
            "12 True  1970-01-01\n"
        );
    }

    #[test]
    fn what_cannot_be_filled_is_said_with_its_line() {
        for (template, start) in [
            ("a\n{{ missing }}", "notes.jinja:2: undefined value"),
            ("a\n\n{{ text.missing.more }}", "notes.jinja:3: undefined value"),
            ("{% for %}", "notes.jinja:1: syntax error"),
            ("a\n{% include 'lw.toml' %}", "notes.jinja:2: "),
            ("{% import '/etc/passwd' as x %}", "notes.jinja:1: "),
            ("{% extends 'x' %}", "notes.jinja:1: "),
            ("{{ 'x' * 9999999999 }}", "notes.jinja:1: "),
            (
                "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
                "notes.jinja:1: the template was ended",
            ),
            (
                "{% for a in range(100000) %}{{ text | block }}{{ 'x' * 900 }}{{ 'x' * 900 }}{{ 'x' * 900 }}{{ 'x' * 900 }}{% endfor %}",
                "notes.jinja: the template writes more than",
            ),
        ] {
            let error = render(template).unwrap_err();
            assert!(error.starts_with(start), "{template}: {error}");
        }
        assert_eq!(Template::parse(b"a\xff", "t").unwrap_err().to_string(), "t: offset 1: not UTF-8");
    }
}
