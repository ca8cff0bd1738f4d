//! A schema as rules, each once, which refer to each other by number.
//!
//! Of JSON Schema what the published schemas of bills of materials use: draft 7
//! (<https://json-schema.org/draft-07/json-schema-validation>) and draft 2020-12 (<https://json-schema.org/draft/2020-12>). What
//! else a schema says is refused when it is read, so that nothing passes because a keyword is not known here.

use lw_hashed::{HashMap, HashSet};
use regex_lite::Regex;
use serde_json::{Map, Value};

/// The number of a rule.
pub(super) type Id = usize;

/// All rules of a schema and of those it refers to.
#[derive(Debug)]
pub(super) struct Rules {
    all: Vec<Rule>,
    root: Id,
}

/// What a value is held to. What is not there holds nothing to it.
#[derive(Debug, Default)]
pub(super) struct Rule {
    /// `false`: nothing fits.
    pub(super) nothing: bool,
    /// `$ref`.
    pub(super) reference: Option<Id>,
    pub(super) types: Option<Types>,
    /// `enum`.
    pub(super) choices: Option<Choices>,
    /// `const`.
    pub(super) constant: Option<Value>,
    /// What a text has to look like, and how that is written in the schema.
    pub(super) pattern: Option<(Pattern, String)>,
    pub(super) format: Option<Format>,
    pub(super) minimum: Option<serde_json::Number>,
    pub(super) maximum: Option<serde_json::Number>,
    /// In characters.
    pub(super) min_length: Option<u64>,
    pub(super) max_length: Option<u64>,
    pub(super) min_items: Option<u64>,
    pub(super) max_items: Option<u64>,
    /// `uniqueItems`.
    pub(super) is_set: bool,
    /// What the first items of a list are held to, each to one.
    pub(super) first_items: Vec<Id>,
    /// What the items after those are held to.
    pub(super) items: Others,
    /// By their names, sorted.
    pub(super) properties: Vec<(String, Id)>,
    pub(super) required: Vec<String>,
    /// `additionalProperties`: what those without a rule of their own are held to.
    pub(super) additional: Others,
    /// `unevaluatedProperties`: the same for those that no rule for the same value has looked at.
    pub(super) unevaluated: Others,
    pub(super) all_of: Vec<Id>,
    pub(super) any_of: Vec<Id>,
    pub(super) one_of: Vec<Id>,
    pub(super) not: Option<Id>,
    /// `if`, `then` and `else`.
    pub(super) condition: Option<(Id, Option<Id>, Option<Id>)>,
}

/// What properties and items are held to that have no rule of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Others {
    /// Nothing is said of them.
    #[default]
    Free,
    /// There may be none.
    None,
    /// They are held to a rule.
    Rule(Id),
}

/// A set of JSON's types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Types(u8);

/// The types in the order in which several are told.
const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

impl Types {
    fn read(value: &Value) -> Option<Self> {
        let one =
            |value: &Value| TYPES.iter().position(|name| Some(*name) == value.as_str()).map(|bit| 1 << bit);
        match value {
            Value::Array(names) => names.iter().try_fold(0, |all, name| Some(all | one(name)?)).map(Self),
            name => one(name).map(Self),
        }
    }

    /// Whether a value is of one of them. A number without a fraction is an integer, however it is written.
    pub(super) fn have(self, value: &Value) -> bool {
        let bits = match value {
            Value::Array(_) => 1,
            Value::Bool(_) => 1 << 1,
            Value::Number(number) if is_integer(number) => 1 << 2 | 1 << 4,
            Value::Null => 1 << 3,
            Value::Number(_) => 1 << 4,
            Value::Object(_) => 1 << 5,
            Value::String(_) => 1 << 6,
        };
        self.0 & bits != 0
    }

    /// Their names: `array or null`.
    pub(super) fn names(self) -> String {
        let names = TYPES.iter().enumerate().filter(|(bit, _)| self.0 & (1 << bit) != 0);
        names.map(|(_, name)| *name).collect::<Vec<_>>().join(" or ")
    }
}

fn is_integer(number: &serde_json::Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// The values that one may choose from.
#[derive(Debug)]
pub(super) struct Choices {
    /// In the order of the schema.
    pub(super) all: Vec<Value>,
    texts: HashSet<String>,
}

impl Choices {
    pub(super) fn have(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.texts.contains(text),
            other => self.all.iter().any(|choice| same(choice, other)),
        }
    }
}

/// Whether two values are equal for JSON Schema: `1` is `1.0`, and the order of properties is no matter.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => plain(one) == plain(other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, one)| other.get(name).is_some_and(|other| same(one, other)))
        }
        _ => one == other,
    }
}

/// A number without an exponent and without a fraction of nothing, so that equal numbers are equal texts.
pub(super) fn plain(number: &serde_json::Number) -> String {
    match number.as_f64().filter(|_| number.is_f64()) {
        // Zero is added because it may be the one below zero.
        Some(float) => (float + 0.0).to_string(),
        None => number.to_string(),
    }
}

/// What a text has to look like.
#[derive(Debug)]
pub(super) enum Pattern {
    /// It is one of some numbers of hexadecimal digits: what is asked of every hash of a bill, and told much faster without a
    /// regular expression.
    Hexadecimal(Vec<usize>),
    /// It matches, and does not begin with a text: `^(?!_:)` is the only way in which the schemas look ahead.
    Regex { not: Option<String>, regex: Regex },
}

impl Pattern {
    fn read(pattern: &str) -> Result<Self, String> {
        let unusable = || format!("the pattern {pattern} cannot be used");
        if let Some(lengths) = hexadecimal(pattern) {
            return Ok(Self::Hexadecimal(lengths));
        }
        let ahead = pattern.strip_prefix("^(?!").and_then(|rest| rest.split_once(')'));
        let (not, rest) = match ahead {
            Some((not, rest)) if not.chars().all(|c| c.is_ascii_alphanumeric() || "_:".contains(c)) => {
                (Some(not.to_owned()), format!("^{rest}"))
            }
            Some(_) => return Err(unusable()),
            None => (None, pattern.to_owned()),
        };
        Ok(Self::Regex { not, regex: Regex::new(&rest).map_err(|_| unusable())? })
    }

    pub(super) fn fits(&self, text: &str) -> bool {
        match self {
            Self::Hexadecimal(lengths) => {
                lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            }
            Self::Regex { not, regex } => {
                not.as_ref().is_none_or(|not| !text.starts_with(not)) && regex.is_match(text)
            }
        }
    }
}

/// The numbers of digits that a pattern such as `^([a-fA-F0-9]{32}|[a-fA-F0-9]{40})$` allows, when it is one.
fn hexadecimal(pattern: &str) -> Option<Vec<usize>> {
    let choices = pattern.strip_prefix("^(")?.strip_suffix(")$")?.split('|');
    let length = |choice: &str| choice.strip_prefix("[a-fA-F0-9]{")?.strip_suffix('}')?.parse().ok();
    choices.map(length).collect()
}

/// A form that texts have, by the name that JSON Schema gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Date,
    DateTime,
    IdnEmail,
    IriReference,
    Uri,
}

impl Format {
    const ALL: [Self; 5] = [Self::Date, Self::DateTime, Self::IdnEmail, Self::IriReference, Self::Uri];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::DateTime => "date-time",
            Self::IdnEmail => "idn-email",
            Self::IriReference => "iri-reference",
            Self::Uri => "uri",
        }
    }
}

impl Rules {
    /// The rules of a schema, and of others by the names it refers to them with.
    ///
    /// # Errors
    /// A keyword that is not known here or has a value that it cannot have, and a reference to nothing, in words.
    pub(super) fn read(root: &Value, others: &[(&str, Value)]) -> Result<Self, String> {
        let mut documents = vec![("", root)];
        documents.extend(others.iter().map(|(name, schema)| (*name, schema)));
        let mut reading = Reading { documents, rules: Vec::new(), known: HashMap::new(), open: Vec::new() };
        let root = reading.reference(0, "#")?;
        while let Some((document, pointer, id)) = reading.open.pop() {
            let schema = reading.documents.get(document).and_then(|(_, schema)| schema.pointer(&pointer));
            let schema = schema.ok_or_else(|| format!("nothing is at #{pointer}"))?;
            let rule = reading.rule(schema, document)?;
            if let Some(place) = reading.rules.get_mut(id) {
                *place = rule;
            }
        }
        Ok(Self { all: reading.rules, root })
    }

    pub(super) fn root(&self) -> Id {
        self.root
    }

    pub(super) fn get(&self, id: Id) -> Option<&Rule> {
        self.all.get(id)
    }
}

struct Reading<'a> {
    documents: Vec<(&'a str, &'a Value)>,
    rules: Vec<Rule>,
    /// What is referred to, by document and pointer.
    known: HashMap<(usize, String), Id>,
    /// What is referred to and has not been read.
    open: Vec<(usize, String, Id)>,
}

impl Reading<'_> {
    fn reference(&mut self, document: usize, reference: &str) -> Result<Id, String> {
        let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let found = match file {
            "" => Some(document),
            file => self.documents.iter().position(|(name, _)| *name == file),
        };
        let document = found.ok_or_else(|| format!("there is no schema {reference}"))?;
        if pointer.contains('%') {
            return Err(format!("the reference {reference} cannot be used"));
        }
        let rules = &mut self.rules;
        let open = &mut self.open;
        Ok(*self.known.entry((document, pointer.to_owned())).or_insert_with(|| {
            let id = rules.len();
            rules.push(Rule::default());
            open.push((document, pointer.to_owned(), id));
            id
        }))
    }

    /// A schema inside another.
    fn inner(&mut self, schema: &Value, document: usize) -> Result<Id, String> {
        let rule = self.rule(schema, document)?;
        self.rules.push(rule);
        Ok(self.rules.len() - 1)
    }

    fn list(&mut self, schemas: &Value, document: usize) -> Result<Vec<Id>, String> {
        let schemas = schemas.as_array().filter(|schemas| !schemas.is_empty());
        let schemas = schemas.ok_or("a list of schemas is none, or empty")?;
        schemas.iter().map(|schema| self.inner(schema, document)).collect()
    }

    fn others(&mut self, schema: &Value, document: usize) -> Result<Others, String> {
        Ok(match schema {
            Value::Bool(true) => Others::Free,
            Value::Bool(false) => Others::None,
            schema => Others::Rule(self.inner(schema, document)?),
        })
    }

    fn rule(&mut self, schema: &Value, document: usize) -> Result<Rule, String> {
        let schema = match schema {
            Value::Bool(allowed) => return Ok(Rule { nothing: !allowed, ..Rule::default() }),
            Value::Object(schema) => schema,
            _ => return Err("a schema is no object".to_owned()),
        };
        let reference = match schema.get("$ref") {
            Some(reference) => {
                let reference = reference.as_str().ok_or("a reference is no text")?;
                Some(self.reference(document, reference)?)
            }
            None => None,
        };
        // In draft 7 nothing counts beside a reference: section 8.3 of its core.
        if reference.is_some() && self.is_draft_7(document) {
            return Ok(Rule { reference, ..Rule::default() });
        }
        let mut rule = Rule { reference, ..Rule::default() };
        for (keyword, value) in schema {
            self.keyword(&mut rule, schema, keyword, value, document)
                .map_err(|reason| format!("the keyword {keyword}: {reason}"))?;
        }
        Ok(rule)
    }

    fn is_draft_7(&self, document: usize) -> bool {
        let schema = self.documents.get(document).and_then(|(_, schema)| schema.get("$schema"));
        schema.and_then(Value::as_str).is_some_and(|schema| schema.contains("/draft-07/"))
    }

    fn keyword(
        &mut self,
        rule: &mut Rule,
        schema: &Map<String, Value>,
        keyword: &str,
        value: &Value,
        document: usize,
    ) -> Result<(), String> {
        let wrong = || format!("it cannot be {value}");
        let count = || value.as_u64().map(Some).ok_or_else(wrong);
        let text = || value.as_str().ok_or_else(wrong);
        match keyword {
            // These hold nothing to anything; the rules at other places are read where they are referred to.
            "$ref" | "$schema" | "$id" | "$defs" | "definitions" | "then" | "else" => {}
            "type" => rule.types = Some(Types::read(value).ok_or_else(wrong)?),
            "enum" => {
                let all = value.as_array().ok_or_else(wrong)?.clone();
                let texts = all.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                rule.choices = Some(Choices { all, texts });
            }
            "const" => rule.constant = Some(value.clone()),
            "pattern" => rule.pattern = Some((Pattern::read(text()?)?, text()?.to_owned())),
            "format" => {
                let format = Format::ALL.iter().find(|format| value.as_str() == Some(format.name()));
                rule.format = Some(*format.ok_or_else(wrong)?);
            }
            "minimum" => rule.minimum = Some(value.as_number().ok_or_else(wrong)?.clone()),
            "maximum" => rule.maximum = Some(value.as_number().ok_or_else(wrong)?.clone()),
            "minLength" => rule.min_length = count()?,
            "maxLength" => rule.max_length = count()?,
            "minItems" => rule.min_items = count()?,
            "maxItems" => rule.max_items = count()?,
            "uniqueItems" => rule.is_set = value.as_bool().ok_or_else(wrong)?,
            // A list of schemas is one for each place, and the other keyword is for the places after it.
            "items" if value.is_array() => rule.first_items = self.list(value, document)?,
            "items" => rule.items = self.others(value, document)?,
            "additionalItems" if schema.get("items").is_some_and(Value::is_array) => {
                rule.items = self.others(value, document)?;
            }
            "additionalItems" => {}
            "properties" => {
                for (name, schema) in value.as_object().ok_or_else(wrong)? {
                    let id = self.inner(schema, document)?;
                    rule.properties.push((name.clone(), id));
                }
                lw_model::lists::sort_by(&mut rule.properties, |one, other| one.0.cmp(&other.0));
            }
            "required" => {
                for name in value.as_array().ok_or_else(wrong)? {
                    rule.required.push(name.as_str().ok_or_else(wrong)?.to_owned());
                }
            }
            "additionalProperties" => rule.additional = self.others(value, document)?,
            "unevaluatedProperties" => rule.unevaluated = self.others(value, document)?,
            "allOf" => rule.all_of = self.list(value, document)?,
            "anyOf" => rule.any_of = self.list(value, document)?,
            "oneOf" => rule.one_of = self.list(value, document)?,
            "not" => rule.not = Some(self.inner(value, document)?),
            "if" => {
                let mut branch =
                    |name| schema.get(name).map(|schema| self.inner(schema, document)).transpose();
                let (then, otherwise) = (branch("then")?, branch("else")?);
                rule.condition = Some((self.inner(value, document)?, then, otherwise));
            }
            _ => return Err("it is not known here".to_owned()),
        }
        Ok(())
    }
}
