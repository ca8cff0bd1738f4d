//! `${{ }}` expressions, as far as actions use them: contexts, literals, comparisons, logic and the
//! common functions (docs.github.com/actions/reference/workflows-and-actions/expressions; coercions from
//! `EvaluationResult.cs`).

use std::collections::BTreeMap;
use std::fmt;

/// A value of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing: what a property that does not exist evaluates to.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
    /// A context or a part of one; keys are compared without case.
    Object(BTreeMap<String, Value>),
}

impl Value {
    /// An object of strings.
    pub fn object<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Object(pairs.into_iter().map(|(key, value)| (key.into(), Self::Text(value.into()))).collect())
    }

    /// Whether a condition of this value holds.
    #[must_use]
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(value) => *value != 0.0 && !value.is_nan(),
            Self::Text(value) => !value.is_empty(),
            Self::Object(_) => true,
        }
    }

    fn get(&self, key: &str) -> Self {
        match self {
            Self::Object(fields) => fields
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(key))
                .map_or(Self::Null, |(_, value)| value.clone()),
            _ => Self::Null,
        }
    }

    fn number(&self) -> f64 {
        match self {
            Self::Null => 0.0,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Number(value) => *value,
            Self::Text(text) => text_to_number(text),
            Self::Object(_) => f64::NAN,
        }
    }

    fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Text(left), Self::Text(right)) => left.to_uppercase() == right.to_uppercase(),
            // Objects are equal only to themselves, which an expression cannot show here.
            (Self::Object(_), _) | (_, Self::Object(_)) => false,
            (left, right) => left.number() == right.number(),
        }
    }

    fn less_than(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(left), Self::Text(right)) => left.to_uppercase() < right.to_uppercase(),
            (Self::Object(_), _) | (_, Self::Object(_)) => false,
            (left, right) => left.number() < right.number(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(text) => f.write_str(text),
            Self::Object(_) => f.write_str("Object"),
        }
    }
}

fn text_to_number(text: &str) -> f64 {
    let text = text.trim();
    let radix = |prefix: &str, radix| {
        text.strip_prefix(prefix).and_then(|digits| i32::from_str_radix(digits, radix).ok()).map(f64::from)
    };
    if text.is_empty() {
        return 0.0;
    }
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return number;
    }
    // Rust also reads `inf` and `nan`, which are no numbers here.
    let plain = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E'));
    match text {
        "Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        _ if plain => text.parse().unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}

/// Why an expression cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} in the expression `{expression}`")]
pub struct ExpressionError {
    /// What is wrong.
    pub message: String,
    /// The expression.
    pub expression: String,
}

/// What an expression can see.
#[derive(Clone, Debug, Default)]
pub struct Contexts {
    /// The named contexts: `inputs`, `steps`, `github`, `runner`, `env`.
    pub named: BTreeMap<String, Value>,
    /// Whether a step before has failed.
    pub failed: bool,
}

impl Contexts {
    /// Evaluates a condition. Without a status function it is held back by an earlier failure.
    ///
    /// # Errors
    /// When it is malformed or names an unknown context or function.
    pub fn condition(&self, text: &str) -> Result<bool, ExpressionError> {
        let text = text.trim();
        let inner = text
            .strip_prefix("${{")
            .and_then(|text| text.strip_suffix("}}"))
            .filter(|inner| !inner.contains("${{"))
            .unwrap_or(text)
            .trim();
        if inner.is_empty() {
            return Ok(!self.failed);
        }
        let mut parser = Parser::new(inner, self);
        let value = parser.parse()?;
        Ok(value.is_truthy() && (parser.asks_status || !self.failed))
    }

    /// The text with each `${{ }}` in it replaced by its value.
    ///
    /// # Errors
    /// When an expression is not closed, malformed, or names an unknown context or function.
    pub fn interpolate(&self, text: &str) -> Result<String, ExpressionError> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, inner)) = rest.split_once("${{") {
            out.push_str(before);
            let end = closing(inner).ok_or_else(|| ExpressionError {
                message: "no `}}` ends it".into(),
                expression: inner.to_owned(),
            })?;
            let expression = inner.get(..end).unwrap_or_default().trim();
            out.push_str(&Parser::new(expression, self).parse()?.to_string());
            rest = inner.get(end + 2..).unwrap_or_default();
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// Where the `}}` that ends an expression begins; one inside a string literal is text.
fn closing(text: &str) -> Option<usize> {
    let mut in_string = false;
    for (at, found) in text.char_indices() {
        if found == '\'' {
            in_string = !in_string;
        } else if !in_string && text.get(at..)?.starts_with("}}") {
            return Some(at);
        }
    }
    None
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    contexts: &'a Contexts,
    asks_status: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, contexts: &'a Contexts) -> Self {
        Self { text, rest: text, contexts, asks_status: false }
    }

    fn error(&self, message: impl Into<String>) -> ExpressionError {
        ExpressionError { message: message.into(), expression: self.text.to_owned() }
    }

    fn parse(&mut self) -> Result<Value, ExpressionError> {
        let value = self.or()?;
        if self.rest.trim().is_empty() {
            Ok(value)
        } else {
            Err(self.error(format!("unexpected `{}`", self.rest.trim())))
        }
    }

    fn take(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), ExpressionError> {
        if self.take(token) { Ok(()) } else { Err(self.error(format!("expected `{token}`"))) }
    }

    // Both sides are always evaluated: nothing here has an effect, and an unknown name is an error on
    // either side, as for the runner.
    fn or(&mut self) -> Result<Value, ExpressionError> {
        let mut value = self.and()?;
        while self.take("||") {
            let right = self.and()?;
            if !value.is_truthy() {
                value = right;
            }
        }
        Ok(value)
    }

    fn and(&mut self) -> Result<Value, ExpressionError> {
        let mut value = self.equality()?;
        while self.take("&&") {
            let right = self.equality()?;
            if value.is_truthy() {
                value = right;
            }
        }
        Ok(value)
    }

    fn equality(&mut self) -> Result<Value, ExpressionError> {
        let mut value = self.comparison()?;
        loop {
            if self.take("==") {
                value = Value::Bool(value.equals(&self.comparison()?));
            } else if self.take("!=") {
                value = Value::Bool(!value.equals(&self.comparison()?));
            } else {
                return Ok(value);
            }
        }
    }

    fn comparison(&mut self) -> Result<Value, ExpressionError> {
        let mut value = self.unary()?;
        loop {
            if self.take("<=") {
                let right = self.unary()?;
                value = Value::Bool(value.less_than(&right) || value.equals(&right));
            } else if self.take(">=") {
                let right = self.unary()?;
                value = Value::Bool(right.less_than(&value) || value.equals(&right));
            } else if self.take("<") {
                value = Value::Bool(value.less_than(&self.unary()?));
            } else if self.take(">") {
                value = Value::Bool(self.unary()?.less_than(&value));
            } else {
                return Ok(value);
            }
        }
    }

    fn unary(&mut self) -> Result<Value, ExpressionError> {
        let rest = self.rest.trim_start();
        if rest.starts_with('!') && !rest.starts_with("!=") {
            self.rest = rest.get(1..).unwrap_or_default();
            return Ok(Value::Bool(!self.unary()?.is_truthy()));
        }
        let mut value = self.primary()?;
        loop {
            if self.take(".") {
                let name = self.word().ok_or_else(|| self.error("expected a name after `.`"))?;
                value = value.get(name);
            } else if self.take("[") {
                let key = self.or()?;
                self.expect("]")?;
                value = value.get(&key.to_string());
            } else {
                return Ok(value);
            }
        }
    }

    fn primary(&mut self) -> Result<Value, ExpressionError> {
        if self.take("(") {
            let value = self.or()?;
            self.expect(")")?;
            return Ok(value);
        }
        let rest = self.rest.trim_start();
        if rest.starts_with('\'') {
            return self.string();
        }
        if rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.')));
            let (number, after) = rest.split_at(end.unwrap_or(rest.len()));
            self.rest = after;
            let value = text_to_number(number);
            return if value.is_nan() {
                Err(self.error(format!("`{number}` is no number")))
            } else {
                Ok(Value::Number(value))
            };
        }
        let name = self.word().ok_or_else(|| self.error("expected a value"))?;
        match name {
            "true" => return Ok(Value::Bool(true)),
            "false" => return Ok(Value::Bool(false)),
            "null" => return Ok(Value::Null),
            _ => {}
        }
        if self.take("(") {
            let arguments = self.arguments()?;
            return self.call(name, &arguments);
        }
        self.contexts
            .named
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.clone())
            .ok_or_else(|| self.error(format!("unrecognized named-value `{name}`")))
    }

    /// A string literal, in which `''` is a quote.
    fn string(&mut self) -> Result<Value, ExpressionError> {
        let mut rest = self.rest.trim_start().get(1..).unwrap_or_default();
        let mut out = String::new();
        loop {
            let (before, after) =
                rest.split_once('\'').ok_or_else(|| self.error("a string is not closed"))?;
            out.push_str(before);
            match after.strip_prefix('\'') {
                Some(more) => {
                    out.push('\'');
                    rest = more;
                }
                None => {
                    self.rest = after;
                    return Ok(Value::Text(out));
                }
            }
        }
    }

    fn word(&mut self) -> Option<&'a str> {
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')));
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        let starts = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        starts.then(|| {
            self.rest = after;
            word
        })
    }

    fn arguments(&mut self) -> Result<Vec<Value>, ExpressionError> {
        let mut arguments = Vec::new();
        if self.take(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.or()?);
            if self.take(")") {
                return Ok(arguments);
            }
            self.expect(",")?;
        }
    }

    fn call(&mut self, name: &str, arguments: &[Value]) -> Result<Value, ExpressionError> {
        let lower = name.to_ascii_lowercase();
        let status = match (lower.as_str(), arguments) {
            ("success", []) => Some(!self.contexts.failed),
            ("failure", []) => Some(self.contexts.failed),
            ("always", []) => Some(true),
            ("cancelled", []) => Some(false),
            _ => None,
        };
        if let Some(status) = status {
            self.asks_status = true;
            return Ok(Value::Bool(status));
        }
        match (lower.as_str(), arguments) {
            ("contains", [whole, part]) => Ok(Value::Bool(upper(whole).contains(&upper(part)))),
            ("startswith", [whole, part]) => Ok(Value::Bool(upper(whole).starts_with(&upper(part)))),
            ("endswith", [whole, part]) => Ok(Value::Bool(upper(whole).ends_with(&upper(part)))),
            ("tojson", [value]) => Ok(Value::Text(to_json(value, 0))),
            ("format", [pattern, values @ ..]) => self.format(&pattern.to_string(), values),
            _ => Err(self.error(format!("unknown function `{name}` with {} arguments", arguments.len()))),
        }
    }

    /// `{0}` is the first value, `{{` and `}}` are braces.
    fn format(&self, pattern: &str, values: &[Value]) -> Result<Value, ExpressionError> {
        let mut out = String::new();
        let mut rest = pattern;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, found) = rest.split_at(at);
            out.push_str(before);
            if let Some(after) = found.strip_prefix("{{") {
                out.push('{');
                rest = after;
            } else if let Some(after) = found.strip_prefix("}}") {
                out.push('}');
                rest = after;
            } else {
                let (index, after) = found
                    .strip_prefix('{')
                    .and_then(|found| found.split_once('}'))
                    .ok_or_else(|| self.error("a brace of the format is not closed"))?;
                let value = index.parse::<usize>().ok().and_then(|index| values.get(index));
                let value =
                    value.ok_or_else(|| self.error(format!("the format has no value {{{index}}}")))?;
                out.push_str(&value.to_string());
                rest = after;
            }
        }
        out.push_str(rest);
        Ok(Value::Text(out))
    }
}

/// Indented by two, as `ToJson.cs` writes it.
fn to_json(value: &Value, depth: usize) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Object(fields) if fields.is_empty() => "{}".into(),
        Value::Object(fields) => {
            let indent = "  ".repeat(depth);
            let field = |(name, value): (&String, &Value)| {
                let name = serde_json::Value::from(name.as_str());
                format!("{indent}  {name}: {}", to_json(value, depth + 1))
            };
            format!("{{\n{}\n{indent}}}", fields.iter().map(field).collect::<Vec<_>>().join(",\n"))
        }
    }
}

fn upper(value: &Value) -> String {
    value.to_string().to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contexts() -> Contexts {
        let run = BTreeMap::from([
            ("outputs".to_owned(), Value::object([("verdict", "pass"), ("empty", "")])),
            ("outcome".to_owned(), Value::Text("success".into())),
        ]);
        let named = BTreeMap::from([
            ("inputs".to_owned(), Value::object([("max-flash", "1 MiB"), ("quote", "it's }} ${{ x }}")])),
            ("steps".to_owned(), Value::Object(BTreeMap::from([("run".to_owned(), Value::Object(run))]))),
            ("runner".to_owned(), Value::object([("os", "Linux")])),
        ]);
        Contexts { named, failed: false }
    }

    #[test]
    fn values() {
        for (expression, value) in [
            ("inputs.max-flash", "1 MiB"),
            ("INPUTS['MAX-FLASH']", "1 MiB"),
            ("inputs.none", ""),
            ("steps.run.outputs.verdict || steps.run-win.outputs.verdict", "pass"),
            ("steps.run-win.outputs.verdict || steps.run.outputs.verdict", "pass"),
            ("steps.run.outputs.empty || 'none'", "none"),
            ("runner.os == 'linux' && 'yes' || 'no'", "yes"),
            ("runner.os != 'Windows'", "true"),
            ("!(1 > 2) && !false", "true"),
            ("'it''s }}'", "it's }}"),
            ("'' == 0", "true"),
            ("null == 0", "true"),
            ("true == 1", "true"),
            ("'0x10' == 16", "true"),
            ("'abc' == 0", "false"),
            ("'b' > 'A'", "true"),
            ("1.5", "1.5"),
            ("contains('Hello', 'ELL') && startsWith('abc', 'AB') && endsWith('abc', 'c')", "true"),
            ("format('{0}-{1} {{}}', 'a', 2)", "a-2 {}"),
            ("steps.run", "Object"),
        ] {
            assert_eq!(
                contexts().interpolate(&format!("${{{{ {expression} }}}}")).as_deref(),
                Ok(value),
                "{expression}"
            );
        }
    }

    #[test]
    fn a_value_is_never_evaluated_again() {
        assert_eq!(contexts().interpolate("a ${{ inputs.quote }} b").unwrap(), "a it's }} ${{ x }} b");
        assert_eq!(contexts().interpolate("no expression: $x }} {{").unwrap(), "no expression: $x }} {{");
    }

    #[test]
    fn conditions_are_held_back_by_a_failure() {
        let good = contexts();
        let bad = Contexts { failed: true, ..contexts() };
        for (condition, after_success, after_failure) in [
            ("", true, false),
            ("success()", true, false),
            ("failure()", false, true),
            ("always()", true, true),
            ("runner.os == 'Linux'", true, false),
            ("${{ runner.os == 'Windows' }}", false, false),
            ("always() && runner.os == 'Linux'", true, true),
            ("${{ !cancelled() }}", true, true),
        ] {
            assert_eq!(good.condition(condition), Ok(after_success), "{condition}");
            assert_eq!(bad.condition(condition), Ok(after_failure), "{condition}");
        }
    }

    #[test]
    fn mistakes_are_errors() {
        for expression in [
            "secrets.x",
            "a ||",
            "'open",
            "nope()",
            "success(1)",
            "(1",
            "1 2",
            "inputs.",
            "01x",
            "format('{1}', 1)",
            "",
        ] {
            let text = format!("${{{{ {expression} }}}}");
            assert!(contexts().interpolate(&text).is_err(), "{expression}");
        }
        assert!(contexts().interpolate("${{ inputs.x").is_err());
    }
}
