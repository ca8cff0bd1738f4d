//! The queries of the API: OData as pinejs reads it, as far as anybody here asks. What is not understood is an error and never
//! ignored: an option left out would answer with more than was asked for.

use std::fmt;

use percent_encoding::percent_decode_str;

/// How deep expressions and expansions may be.
const MAX_DEPTH: usize = 32;

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

/// An expression of `$filter`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Literal(Literal),
    /// A field, perhaps of what a link leads to.
    Path(Vec<String>),
    /// Whether any, or each, of those a name leads to fits.
    Lambda {
        path: Vec<String>,
        is_any: bool,
        alias: String,
        inner: Box<Expr>,
    },
    /// How many a name leads to, of those that fit.
    Count {
        path: Vec<String>,
        filter: Option<Box<Expr>>,
    },
    Compare(Compare, Box<Expr>, Box<Expr>),
    In(Box<Expr>, Vec<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Call(String, Vec<Expr>),
}

/// What is expanded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expand {
    pub(crate) name: String,
    pub(crate) is_count: bool,
    pub(crate) options: Options,
}

/// The options of a query.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    pub(crate) select: Option<Vec<String>>,
    pub(crate) filter: Option<Expr>,
    pub(crate) expand: Vec<Expand>,
    /// Fields, and whether from the greatest.
    pub(crate) order: Vec<(Vec<String>, bool)>,
    pub(crate) top: Option<usize>,
    pub(crate) skip: usize,
}

/// What is asked of a resource.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Query {
    pub(crate) resource: String,
    /// Which row: by its id, or by fields that are unique.
    pub(crate) key: Option<Expr>,
    /// Whether only their number is asked for.
    pub(crate) is_count: bool,
    pub(crate) options: Options,
}

/// What was not understood.
#[derive(Debug)]
pub(crate) struct Misread(String);

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn misread<T>(what: impl fmt::Display) -> Result<T, Misread> {
    Err(Misread(what.to_string()))
}

/// Percent-encoding undone; a plus is a plus.
pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The pairs of a query, percent-encoding undone.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Reads a query: the path behind `/v7/` and what is behind its question mark, both as they came.
pub(crate) fn query(path: &str, query: &str) -> Result<Query, Misread> {
    let path = decode(path);
    let (path, is_count) = path.strip_suffix("/$count").map_or((path.as_str(), false), |path| (path, true));
    let (resource, key) = match path.split_once('(') {
        None => (path, None),
        Some((resource, rest)) => {
            let Some(key) = rest.strip_suffix(')') else { return misread(format!("the path {path}")) };
            (resource, Some(parse_key(key)?))
        }
    };
    let mut options = Options::default();
    for (name, value) in pairs(query) {
        // A token may come this way, too.
        if name != "apikey" {
            options.set(&name, &value, 0)?;
        }
    }
    Ok(Query { resource: resource.to_owned(), key, is_count, options })
}

impl Options {
    fn set(&mut self, name: &str, value: &str, depth: usize) -> Result<(), Misread> {
        if depth > MAX_DEPTH {
            return misread("an expansion that deep");
        }
        match name {
            "$select" => self.select = Some(value.split(',').map(|name| name.trim().to_owned()).collect()),
            "$filter" => self.filter = Some(parse_filter(value)?),
            "$expand" => {
                for part in split(value, ',')? {
                    self.expand.push(parse_expand(part.trim(), depth)?);
                }
            }
            "$orderby" => {
                for part in value.split(',') {
                    let (field, direction) = part.trim().split_once(' ').unwrap_or((part.trim(), "asc"));
                    let is_down = match direction.trim() {
                        "asc" => false,
                        "desc" => true,
                        other => return misread(format!("the order {other}")),
                    };
                    if field.contains('(') {
                        return misread(format!("the order {field}"));
                    }
                    self.order.push((field.split('/').map(str::to_owned).collect(), is_down));
                }
            }
            "$top" => self.top = Some(number(value)?),
            "$skip" => self.skip = number(value)?,
            other => return misread(format!("the option {other}")),
        }
        Ok(())
    }
}

fn number(text: &str) -> Result<usize, Misread> {
    text.trim().parse().map_err(|_| Misread(format!("the number {text}")))
}

/// Splits at a character outside parentheses and quotes.
fn split(text: &str, at: char) -> Result<Vec<&str>, Misread> {
    let (mut parts, mut depth, mut is_quoted, mut begin) = (Vec::new(), 0_usize, false, 0);
    for (place, character) in text.char_indices() {
        match character {
            '\'' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '(' => depth += 1,
            ')' if depth == 0 => return misread(format!("a parenthesis too many in {text}")),
            ')' => depth -= 1,
            _ if character == at && depth == 0 => {
                parts.push(text.get(begin..place).unwrap_or_default());
                begin = place + character.len_utf8();
            }
            _ => {}
        }
    }
    if depth > 0 || is_quoted {
        return misread(format!("something left open in {text}"));
    }
    parts.push(text.get(begin..).unwrap_or_default());
    Ok(parts)
}

fn parse_expand(text: &str, depth: usize) -> Result<Expand, Misread> {
    let (name, rest) = match text.split_once('(') {
        None => (text, None),
        Some((name, rest)) => match rest.strip_suffix(')') {
            Some(rest) => (name, Some(rest)),
            None => return misread(format!("the expansion {text}")),
        },
    };
    let (name, is_count) = name.strip_suffix("/$count").map_or((name, false), |name| (name, true));
    let mut options = Options::default();
    for option in split(rest.unwrap_or_default(), ';')? {
        if option.trim().is_empty() {
            continue;
        }
        let Some((name, value)) = option.split_once('=') else {
            return misread(format!("the option {option}"));
        };
        options.set(name.trim(), value, depth + 1)?;
    }
    if name.is_empty() || name.contains('/') {
        return misread(format!("the expansion {text}"));
    }
    Ok(Expand { name: name.to_owned(), is_count, options })
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Number(f64),
    Text(String),
    Sign(char),
}

fn tokens(text: &str) -> Result<Vec<Token>, Misread> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&character) = rest.peek() {
        match character {
            ' ' | '\t' => {
                rest.next();
            }
            '(' | ')' | ',' | '/' | ':' | '=' => {
                rest.next();
                tokens.push(Token::Sign(character));
            }
            '\'' => {
                rest.next();
                let mut value = String::new();
                loop {
                    match rest.next() {
                        None => return misread(format!("a text left open in {text}")),
                        Some('\'') if rest.peek() == Some(&'\'') => {
                            rest.next();
                            value.push('\'');
                        }
                        Some('\'') => break,
                        Some(character) => value.push(character),
                    }
                }
                // `datetime'…'`: the text is a date as it stands in the fields, once it is written as they are.
                if matches!(tokens.last(), Some(Token::Word(word)) if word == "datetime") {
                    tokens.pop();
                    let at = value.parse::<jiff::Timestamp>();
                    let at = at.map_err(|_| Misread(format!("the date {value}")))?;
                    value = crate::time::write(at.as_millisecond());
                }
                tokens.push(Token::Text(value));
            }
            '0'..='9' | '-' => {
                let mut number = String::new();
                while let Some(&digit) = rest.peek() {
                    if !(digit.is_ascii_digit() || matches!(digit, '.' | '-' | 'e' | 'E')) {
                        break;
                    }
                    number.push(digit);
                    rest.next();
                }
                let value = number.parse().map_err(|_| Misread(format!("the number {number}")))?;
                tokens.push(Token::Number(value));
            }
            'a'..='z' | 'A'..='Z' | '_' | '$' => {
                let mut word = String::new();
                while let Some(&letter) = rest.peek() {
                    if !(letter.is_ascii_alphanumeric() || matches!(letter, '_' | '$')) {
                        break;
                    }
                    word.push(letter);
                    rest.next();
                }
                tokens.push(Token::Word(word));
            }
            other => return misread(format!("the character {other} in {text}")),
        }
    }
    Ok(tokens)
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    text: String,
    depth: usize,
}

fn parse_filter(text: &str) -> Result<Expr, Misread> {
    let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), text: text.to_owned(), depth: 0 };
    let expr = parser.or()?;
    match parser.tokens.next() {
        None => Ok(expr),
        Some(token) => misread(format!("{token:?} in the filter {text}")),
    }
}

/// `5`, `'text'`, `name='text'` or several of these.
fn parse_key(text: &str) -> Result<Expr, Misread> {
    let mut all: Option<Expr> = None;
    for part in split(text, ',')? {
        let found = tokens(part)?;
        let (name, token) = match found.as_slice() {
            [token] => ("id", token),
            [Token::Word(name), Token::Sign('='), token] => (name.as_str(), token),
            _ => return misread(format!("the key {text}")),
        };
        let value = match token {
            Token::Number(number) => Literal::Number(*number),
            Token::Text(text) => Literal::Text(text.clone()),
            _ => return misread(format!("the key {text}")),
        };
        let path = Expr::Path(vec![name.to_owned()]);
        let equal = Expr::Compare(Compare::Eq, Box::new(path), Box::new(Expr::Literal(value)));
        all = Some(match all {
            None => equal,
            Some(all) => Expr::And(Box::new(all), Box::new(equal)),
        });
    }
    all.map_or_else(|| misread("an empty key"), Ok)
}

impl Parser {
    fn word(&mut self, word: &str) -> bool {
        self.tokens.next_if(|token| matches!(token, Token::Word(found) if found == word)).is_some()
    }

    fn sign(&mut self, sign: char) -> bool {
        self.tokens.next_if(|token| *token == Token::Sign(sign)).is_some()
    }

    fn expect(&mut self, sign: char) -> Result<(), Misread> {
        if self.sign(sign) {
            return Ok(());
        }
        misread(format!("the filter {}: `{sign}` is missing", self.text))
    }

    fn or(&mut self) -> Result<Expr, Misread> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return misread("a filter that deep");
        }
        let mut left = self.and()?;
        while self.word("or") {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, Misread> {
        let mut left = self.compare()?;
        while self.word("and") {
            left = Expr::And(Box::new(left), Box::new(self.compare()?));
        }
        Ok(left)
    }

    fn compare(&mut self) -> Result<Expr, Misread> {
        let left = self.primary()?;
        let ways = [
            ("eq", Compare::Eq),
            ("ne", Compare::Ne),
            ("gt", Compare::Gt),
            ("ge", Compare::Ge),
            ("lt", Compare::Lt),
            ("le", Compare::Le),
        ];
        for (word, compare) in ways {
            if self.word(word) {
                return Ok(Expr::Compare(compare, Box::new(left), Box::new(self.primary()?)));
            }
        }
        if self.word("in") {
            self.expect('(')?;
            let list = self.list()?;
            return Ok(Expr::In(Box::new(left), list));
        }
        Ok(left)
    }

    /// Up to the parenthesis that closes it.
    fn list(&mut self) -> Result<Vec<Expr>, Misread> {
        let mut list = Vec::new();
        if self.sign(')') {
            return Ok(list);
        }
        loop {
            list.push(self.or()?);
            if self.sign(')') {
                return Ok(list);
            }
            self.expect(',')?;
        }
    }

    fn primary(&mut self) -> Result<Expr, Misread> {
        match self.tokens.next() {
            Some(Token::Sign('(')) => {
                let inner = self.or()?;
                self.expect(')')?;
                Ok(inner)
            }
            Some(Token::Number(number)) => Ok(Expr::Literal(Literal::Number(number))),
            Some(Token::Text(text)) => Ok(Expr::Literal(Literal::Text(text))),
            Some(Token::Word(word)) => match word.as_str() {
                "null" => Ok(Expr::Literal(Literal::Null)),
                "true" => Ok(Expr::Literal(Literal::Bool(true))),
                "false" => Ok(Expr::Literal(Literal::Bool(false))),
                "not" => Ok(Expr::Not(Box::new(self.primary()?))),
                _ if self.sign('(') => Ok(Expr::Call(word, self.list()?)),
                _ => self.path(word),
            },
            token => misread(format!("{token:?} in the filter {}", self.text)),
        }
    }

    fn path(&mut self, first: String) -> Result<Expr, Misread> {
        let mut path = vec![first];
        while self.sign('/') {
            let Some(Token::Word(word)) = self.tokens.next() else {
                return misread(format!("the filter {}", self.text));
            };
            match word.as_str() {
                "any" | "all" if self.sign('(') => {
                    let Some(Token::Word(alias)) = self.tokens.next() else {
                        return misread(format!("the filter {}", self.text));
                    };
                    self.expect(':')?;
                    let inner = Box::new(self.or()?);
                    self.expect(')')?;
                    return Ok(Expr::Lambda { path, is_any: word == "any", alias, inner });
                }
                "$count" => {
                    let mut filter = None;
                    if self.sign('(') {
                        if !self.word("$filter") {
                            return misread(format!("the filter {}", self.text));
                        }
                        self.expect('=')?;
                        filter = Some(Box::new(self.or()?));
                        self.expect(')')?;
                    }
                    return Ok(Expr::Count { path, filter });
                }
                _ => path.push(word),
            }
        }
        Ok(Expr::Path(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Expr {
        parse_filter(text).unwrap()
    }

    #[test]
    fn and_binds_closer_than_or() {
        let Expr::Or(left, right) = filter("a eq 1 or b eq 'it''s' and not(c ne null)") else { panic!() };
        assert!(matches!(*left, Expr::Compare(Compare::Eq, ..)));
        let Expr::And(text, not) = *right else { panic!() };
        assert!(
            matches!(*text, Expr::Compare(_, _, right) if *right == Expr::Literal(Literal::Text("it's".into())))
        );
        assert!(matches!(*not, Expr::Not(_)));
    }

    #[test]
    fn a_name_of_several_is_asked_for_any_of_them() {
        let expr = filter("release_tag/any(rt:rt/tag_key eq 'k' and rt/value in ('a','b'))");
        let Expr::Lambda { path, is_any: true, alias, .. } = expr else { panic!() };
        assert_eq!((path, alias), (vec!["release_tag".to_owned()], "rt".to_owned()));
    }

    #[test]
    fn an_encoded_query_is_the_one_a_person_writes() {
        let plain =
            query("application(slug='a/b')", "$expand=x($select=id;$top=1),y&$select=id,slug").unwrap();
        let encoded = query(
            "application(slug='a%2Fb')",
            "%24expand=x(%24select=id%3B%24top=1)%2Cy&%24select=id%2Cslug",
        );
        assert_eq!(plain, encoded.unwrap());
        assert_eq!(plain.options.expand.len(), 2);
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for text in ["a eq", "a eq 1 b", "(a eq 1", "a eq 'x", "a eq @b", "a ~ 1", "x/any(y)", "a in 1"] {
            assert!(parse_filter(text).is_err(), "{text}");
        }
        assert!(query("device", "$format=json").is_err());
        assert!(query("device", "$orderby=a sideways").is_err());
        assert!(query("device(1", "").is_err());
        let deep = format!("{}a{}", "(".repeat(1000), ")".repeat(1000));
        assert!(parse_filter(&deep).is_err());
    }
}
