//! Texts with `{{expressions}}` in them: the part of Handlebars (handlebarsjs.com) that names images. Blocks, partials and
//! expressions inside of others are refused by name.

/// A text with expressions in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    source: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Call(Call),
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What is asked for: `branch`.
    pub name: String,
    /// What follows the name.
    pub arguments: Vec<Argument>,
    /// What follows with a name of its own: `tz='Asia/Tokyo'`.
    pub options: Vec<(String, Argument)>,
    /// Whether Handlebars would write `&` as `&amp;` in what it gives: not between three braces.
    pub is_escaped: bool,
}

/// What an expression is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A text in quotation marks.
    Text(String),
    /// A word without them: a name, which Handlebars looks up, a number, `true`.
    Word(String),
}

/// Why a text is no template.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("column {column}: {what}")]
pub struct ExpressionError {
    /// The character, counted from 1.
    pub column: usize,
    /// What is wrong with it.
    pub what: String,
}

impl ExpressionError {
    pub(crate) fn hint(&self) -> &'static str {
        "write {{name}} or {{date 'YYYYMMDD' tz='UTC'}}; a condition belongs into enable="
    }
}

/// Characters that end a name.
const STOPS: &str = "!\"#%&'()*+,./;<=>@[\\]^`{|}~";

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// When an expression is not closed or of a kind that is not known, with its place.
    pub fn parse(source: &str) -> Result<Self, ExpressionError> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut text = String::new();
        let mut rest = source;
        while let Some(at) = rest.find("{{") {
            let before = rest.get(..at).unwrap_or_default();
            let from = rest.get(at..).unwrap_or_default();
            let bare = before.strip_suffix('\\');
            if let Some(bare) = bare.filter(|bare| !bare.ends_with('\\')) {
                // An escaped one is text up to the next.
                text.push_str(bare);
                text.push_str("{{");
                rest = from.get(2..).unwrap_or_default();
                continue;
            }
            text.push_str(bare.unwrap_or(before));
            let mut reader = Reader { source, rest: from };
            let tag = reader.tag()?;
            if tag.trims_before {
                text.truncate(text.trim_end().len());
            }
            if let Some(call) = tag.call {
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                }
                pieces.push(Piece::Call(call));
            }
            rest = if tag.trims_after { reader.rest.trim_start() } else { reader.rest };
        }
        text.push_str(rest);
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(Self { source: source.to_owned(), pieces })
    }

    /// The text as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it is an expression of that name and nothing else.
    #[must_use]
    pub fn is_only(&self, name: &str) -> bool {
        matches!(self.pieces.as_slice(), [Piece::Call(call)] if call.name == name)
    }

    /// The expressions in it.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Call(call) => Some(call),
            Piece::Text(_) => None,
        })
    }

    /// Whether an expression of that name is in it.
    #[must_use]
    pub fn mentions(&self, name: &str) -> bool {
        self.calls().any(|call| call.name == name)
    }

    /// The text with the expressions as `value` gives them; with `html`, escaped as Handlebars does it.
    ///
    /// # Errors
    /// Those of `value`.
    pub fn render<E>(
        &self,
        html: bool,
        mut value: impl FnMut(&Call) -> Result<String, E>,
    ) -> Result<String, E> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Call(call) => {
                    let value = value(call)?;
                    if html && call.is_escaped {
                        escape(&value, &mut out);
                    } else {
                        out.push_str(&value);
                    }
                }
            }
        }
        Ok(out)
    }
}

/// What Handlebars makes of a text for HTML.
fn escape(text: &str, out: &mut String) {
    for next in text.chars() {
        match next {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            '`' => out.push_str("&#x60;"),
            '=' => out.push_str("&#x3D;"),
            other => out.push(other),
        }
    }
}

/// What stands between braces.
struct Tag {
    call: Option<Call>,
    trims_before: bool,
    trims_after: bool,
}

struct Reader<'a> {
    source: &'a str,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn wrong(&self, what: impl Into<String>) -> ExpressionError {
        let column = self.source.chars().count() - self.rest.chars().count() + 1;
        ExpressionError { column, what: what.into() }
    }

    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn tag(&mut self) -> Result<Tag, ExpressionError> {
        let open = Reader { source: self.source, rest: self.rest };
        if self.rest.starts_with("{{{{") {
            return Err(self.wrong("raw blocks ({{{{…}}}}) are not supported"));
        }
        let is_triple = self.eat("{{{");
        if !is_triple {
            self.eat("{{");
        }
        let trims_before = self.eat("~");
        if self.eat("!") {
            let close = if self.rest.starts_with("--") { "--" } else { "" };
            let found = [format!("{close}~}}}}"), format!("{close}}}}}")]
                .into_iter()
                .filter_map(|end| Some((self.rest.find(&end)?, end)))
                .min_by_key(|(at, _)| *at);
            let Some((at, end)) = found else { return Err(open.wrong("the comment is not closed")) };
            self.rest = self.rest.get(at + end.len()..).unwrap_or_default();
            return Ok(Tag { call: None, trims_before, trims_after: end.contains('~') });
        }
        let is_escaped = !is_triple && !self.eat("&");
        self.space();
        match self.rest.chars().next() {
            Some('#' | '^' | '/') => return Err(self.wrong("blocks ({{#if …}}) are not supported")),
            Some('>') => return Err(self.wrong("partials ({{> …}}) are not supported")),
            Some('*') => return Err(self.wrong("decorators ({{* …}}) are not supported")),
            _ => {}
        }
        let name = match self.argument(&open)? {
            Argument::Text(name) | Argument::Word(name) => name,
        };
        if name == "else" {
            return Err(open.wrong("blocks ({{#if …}} {{else}}) are not supported"));
        }
        let (mut arguments, mut options) = (Vec::new(), Vec::new());
        loop {
            let is_apart = self.rest.starts_with(char::is_whitespace);
            self.space();
            let trims_after = self.eat("~");
            if self.eat(if is_triple { "}}}" } else { "}}" }) {
                let call = Some(Call { name, arguments, options, is_escaped });
                return Ok(Tag { call, trims_before, trims_after });
            }
            if self.rest.is_empty() {
                return Err(open.wrong("the expression is not closed"));
            }
            if trims_after || !is_apart {
                return Err(self.wrong("expected a space or the end of the expression"));
            }
            match self.argument(&open)? {
                Argument::Word(key) if self.eat("=") => {
                    let value = self.argument(&open)?;
                    options.push((key, value));
                }
                argument if options.is_empty() => arguments.push(argument),
                _ => return Err(self.wrong("a word after an option")),
            }
        }
    }

    /// A text, or a word with its parts as they are written.
    fn argument(&mut self, open: &Self) -> Result<Argument, ExpressionError> {
        for quote in ['"', '\''] {
            let Some(mut after) = self.rest.strip_prefix(quote) else { continue };
            let mut text = String::new();
            loop {
                let Some(end) = after.find(quote) else {
                    return Err(self.wrong("the text is not closed"));
                };
                let part = after.get(..end).unwrap_or_default();
                after = after.get(end + 1..).unwrap_or_default();
                match part.strip_suffix('\\') {
                    Some(part) => {
                        text.push_str(part);
                        text.push(quote);
                    }
                    None => {
                        text.push_str(part);
                        break;
                    }
                }
            }
            self.rest = after;
            return Ok(Argument::Text(text));
        }
        if self.rest.starts_with('(') {
            return Err(self.wrong("expressions inside of others are not supported"));
        }
        let end = self.rest.char_indices().find(|(_, next)| {
            next.is_whitespace() || (STOPS.contains(*next) && !matches!(next, '.' | '/' | '[' | ']' | '@'))
        });
        let end = end.map_or(self.rest.len(), |(at, _)| at);
        let word = self.rest.get(..end).unwrap_or_default();
        if word.is_empty() {
            return Err(match self.rest.chars().next() {
                Some('}' | '~') | None => open.wrong("there is nothing between the braces"),
                Some(odd) => self.wrong(format!("`{odd}` may not stand here")),
            });
        }
        self.rest = self.rest.get(end..).unwrap_or_default();
        let word = word.strip_prefix("this.").or_else(|| word.strip_prefix("./")).unwrap_or(word);
        let inner = word.strip_prefix('[').and_then(|word| word.strip_suffix(']'));
        Ok(Argument::Word(inner.unwrap_or(word).to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn show(source: &str, html: bool) -> Result<String, ExpressionError> {
        Template::parse(source)?.render(html, |call| {
            let word = |argument: &Argument| match argument {
                Argument::Text(text) => format!("'{text}'"),
                Argument::Word(word) => word.clone(),
            };
            let arguments: Vec<String> = call.arguments.iter().map(word).collect();
            let options: Vec<String> =
                call.options.iter().map(|(key, value)| format!("{key}:{}", word(value))).collect();
            Ok(format!("<{}>", [vec![call.name.clone()], arguments, options].concat().join(" ")))
        })
    }

    #[test]
    fn expressions_are_found() {
        for (source, expected) in [
            ("plain", "plain"),
            ("a-{{branch}}-b", "a-<branch>-b"),
            ("{{ branch }}", "<branch>"),
            ("{{{branch}}}{{& tag}}", "<branch><tag>"),
            ("{{date 'YYYY' tz='Asia/Tokyo'}}", "<date 'YYYY' tz:'Asia/Tokyo'>"),
            ("{{date \"a\\\"b\"}}", "<date 'a\"b'>"),
            ("{{commit_date YYYY-MM-DD-HHmmSS}}", "<commit_date YYYY-MM-DD-HHmmSS>"),
            ("a {{~branch~}} b", "a<branch>b"),
            ("a{{! no }}b{{!-- }} --}}c", "abc"),
            (r"\{{branch}} {{tag}}", "{{branch}} <tag>"),
            (r"\\{{branch}}", r"\<branch>"),
            ("{{this.raw}}{{./raw}}{{[raw]}}", "<raw><raw><raw>"),
            ("{a} }} {", "{a} }} {"),
        ] {
            assert_eq!(show(source, false).unwrap(), expected, "{source}");
        }
        assert_eq!(show("{{a}}{{{a}}}", true).unwrap(), "&lt;a&gt;<a>");
        assert!(Template::parse("{{raw}}").unwrap().is_only("raw"));
        assert!(!Template::parse(" {{raw}}").unwrap().is_only("raw"));
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        for (source, what) in [
            ("{{#if a}}b{{/if}}", "blocks"),
            ("x{{> part}}", "partials"),
            ("{{{{raw}}}}", "raw blocks"),
            ("{{date (now)}}", "inside of others"),
            ("{{else}}", "blocks"),
            ("{{branch", "not closed"),
            ("{{branch}", "expected a space"),
            ("{{}}", "nothing between"),
            ("{{date 'x}}", "not closed"),
            ("{{date'x'}}", "expected a space"),
            ("{{date tz='UTC' 'x'}}", "after an option"),
            ("{{{branch}}", "expected a space"),
            ("{{! x", "not closed"),
        ] {
            let error = Template::parse(source).unwrap_err();
            assert!(error.what.contains(what), "{source}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(source in "[a{}~!'\"\\\\ #&=.\\[\\]]{0,30}") {
            if let Ok(template) = Template::parse(&source) {
                let _ = template.render(true, |_| Ok::<_, ()>(String::new()));
            }
        }
    }
}
