//! Whether a value fits the rules of a schema, and what does not.

use std::hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState};

use lw_hashed::HashMap;
use serde_json::{Map, Number, Value};

use super::form;
use super::rules::{Id, Others, Rule, Rules, Types, plain, same};
use crate::json::push_step;

/// What does not fit.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Misfit<'a> {
    /// Properties that may not be there.
    Unexpected(Vec<&'a str>),
    Missing(&'a str),
    Type(Types),
    Choice(&'a [Value]),
    Constant(&'a Value),
    Format(&'static str),
    Pattern(&'a str),
    Repeated,
    FewItems(u64),
    ManyItems(u64),
    Short(u64),
    Long(u64),
    Small(&'a Number),
    Large(&'a Number),
    /// None of the forms it may have.
    NoForm,
    /// Several forms of which it may have only one.
    SeveralForms,
    /// What may not be: `not`, and `false`.
    Forbidden,
}

/// Who is told what does not fit, and by which JSON pointer it is found.
type Listener<'t> = &'t mut dyn FnMut(&str, Misfit<'_>);

/// Whether a value fits.
pub(super) fn fits(rules: &Rules, value: &Value) -> bool {
    Run { rules, path: String::new(), told: None }.holds(rules.root(), value, &mut Seen::default())
}

/// Tells all that does not fit.
pub(super) fn misfits(rules: &Rules, value: &Value, told: Listener<'_>) {
    Run { rules, path: String::new(), told: Some(told) }.holds(rules.root(), value, &mut Seen::default());
}

struct Run<'r, 't> {
    rules: &'r Rules,
    /// The JSON pointer of the value that is looked at, when anybody is told.
    path: String,
    told: Option<Listener<'t>>,
}

/// Which properties of an object some rule has looked at, by their places; nothing is kept where nobody asks.
#[derive(Default)]
struct Seen {
    is_asked: bool,
    places: Vec<bool>,
}

impl Seen {
    /// Nothing yet, kept from now on where it is asked for.
    fn new(is_asked: bool) -> Self {
        Self { is_asked, places: Vec::new() }
    }

    fn add(&mut self, place: usize) {
        if self.is_asked {
            if self.places.len() <= place {
                self.places.resize(place + 1, false);
            }
            if let Some(seen) = self.places.get_mut(place) {
                *seen = true;
            }
        }
    }

    fn add_all(&mut self, other: &Self) {
        for (place, _) in other.places.iter().enumerate().filter(|(_, seen)| **seen) {
            self.add(place);
        }
    }

    fn has(&self, place: usize) -> bool {
        self.places.get(place) == Some(&true)
    }
}

impl Run<'_, '_> {
    /// Says that something does not fit; whoever is not told wants to know no more.
    fn tell(&mut self, misfit: Misfit<'_>) -> bool {
        if let Some(told) = &mut self.told {
            told(&self.path, misfit);
        }
        false
    }

    /// Whether a value fits, without a word.
    fn quietly(&self, id: Id, value: &Value, seen: &mut Seen) -> bool {
        Run { rules: self.rules, path: String::new(), told: None }.holds(id, value, seen)
    }

    /// Whether a value fits a rule. Every value is looked at once for every rule, whoever asks for what has been seen.
    fn holds(&mut self, id: Id, value: &Value, seen: &mut Seen) -> bool {
        let rules = self.rules;
        let Some(rule) = rules.get(id) else { return false };
        if rule.nothing {
            return self.tell(Misfit::Forbidden);
        }
        let parts = [Self::itself, Self::text_and_number, Self::list, Self::object];
        let mut holds = true;
        for part in parts {
            holds &= part(self, rule, value, seen);
            if !holds && self.told.is_none() {
                return false;
            }
        }
        holds
    }

    fn itself(&mut self, rule: &Rule, value: &Value, _: &mut Seen) -> bool {
        let mut holds = true;
        if let Some(types) = rule.types.filter(|types| !types.have(value)) {
            holds = self.tell(Misfit::Type(types));
        }
        if let Some(choices) = rule.choices.as_ref().filter(|choices| !choices.have(value)) {
            holds = self.tell(Misfit::Choice(&choices.all));
        }
        if let Some(constant) = rule.constant.as_ref().filter(|constant| !same(constant, value)) {
            holds = self.tell(Misfit::Constant(constant));
        }
        holds
    }

    fn text_and_number(&mut self, rule: &Rule, value: &Value, _: &mut Seen) -> bool {
        let mut holds = true;
        if let Value::String(text) = value {
            if let Some((_, written)) = rule.pattern.as_ref().filter(|(pattern, _)| !pattern.fits(text)) {
                holds = self.tell(Misfit::Pattern(written));
            }
            if let Some(format) = rule.format.filter(|format| !form::has(text, *format)) {
                holds = self.tell(Misfit::Format(format.name()));
            }
            if rule.min_length.is_some() || rule.max_length.is_some() {
                let length = text.chars().count() as u64;
                if let Some(least) = rule.min_length.filter(|least| length < *least) {
                    holds = self.tell(Misfit::Short(least));
                }
                if let Some(most) = rule.max_length.filter(|most| length > *most) {
                    holds = self.tell(Misfit::Long(most));
                }
            }
        }
        if let Value::Number(number) = value {
            if let Some(least) = rule.minimum.as_ref().filter(|least| is_less(number, least)) {
                holds = self.tell(Misfit::Small(least));
            }
            if let Some(most) = rule.maximum.as_ref().filter(|most| is_less(most, number)) {
                holds = self.tell(Misfit::Large(most));
            }
        }
        holds
    }

    fn list(&mut self, rule: &Rule, value: &Value, _: &mut Seen) -> bool {
        let Value::Array(items) = value else { return true };
        let mut holds = true;
        let length = items.len() as u64;
        if let Some(least) = rule.min_items.filter(|least| length < *least) {
            holds = self.tell(Misfit::FewItems(least));
        }
        if let Some(most) = rule.max_items.filter(|most| length > *most) {
            holds = self.tell(Misfit::ManyItems(most));
        }
        if rule.is_set && !is_set(items) {
            holds = self.tell(Misfit::Repeated);
        }
        let first = rule.first_items.iter().map(|id| Others::Rule(*id));
        for (place, (item, held)) in items.iter().zip(first.chain(std::iter::repeat(rule.items))).enumerate()
        {
            match held {
                Others::Free => {}
                Others::None => {
                    holds = self.tell(Misfit::ManyItems(rule.first_items.len() as u64));
                    break;
                }
                Others::Rule(id) => {
                    holds &= self.inside(id, item, |path| push_step(path, &place.to_string()));
                }
            }
            if !holds && self.told.is_none() {
                return false;
            }
        }
        holds
    }

    /// Whether what is in a value fits.
    fn inside(&mut self, id: Id, value: &Value, step: impl FnOnce(&mut String)) -> bool {
        let length = self.path.len();
        if self.told.is_some() {
            step(&mut self.path);
        }
        let holds = self.holds(id, value, &mut Seen::default());
        self.path.truncate(length);
        holds
    }

    fn object(&mut self, rule: &Rule, value: &Value, seen: &mut Seen) -> bool {
        let Value::Object(properties) = value else { return self.in_place(rule, value, seen) };
        let mut own = Seen::new(seen.is_asked || rule.unevaluated != Others::Free);
        let mut holds = true;
        for name in rule.required.iter().filter(|name| !properties.contains_key(name.as_str())) {
            holds = self.tell(Misfit::Missing(name));
        }
        if !rule.properties.is_empty() || rule.additional != Others::Free {
            let rule_of = |name: &String, _| {
                let place = rule.properties.binary_search_by(|(named, _)| named.cmp(name)).ok();
                place
                    .and_then(|place| rule.properties.get(place))
                    .map_or(rule.additional, |(_, id)| Others::Rule(*id))
            };
            holds &= self.properties(properties, rule_of, &mut own);
        }
        if !holds && self.told.is_none() {
            return false;
        }
        holds &= self.in_place(rule, value, &mut own);
        if rule.unevaluated != Others::Free && (holds || self.told.is_some()) {
            let looked_at = std::mem::replace(&mut own, Seen::new(true));
            let rule_of =
                |_: &String, place| if looked_at.has(place) { Others::Free } else { rule.unevaluated };
            holds &= self.properties(properties, rule_of, &mut own);
            own.add_all(&looked_at);
        }
        seen.add_all(&own);
        holds
    }

    /// Whether properties fit what each is held to, by its name and place.
    fn properties(
        &mut self,
        properties: &Map<String, Value>,
        rule_of: impl Fn(&String, usize) -> Others,
        seen: &mut Seen,
    ) -> bool {
        let mut holds = true;
        let mut unexpected = Vec::new();
        for (place, (name, value)) in properties.iter().enumerate() {
            match rule_of(name, place) {
                Others::Free => continue,
                Others::None => {
                    holds = false;
                    unexpected.push(name.as_str());
                }
                Others::Rule(id) => {
                    holds &= self.inside(id, value, |path| push_step(path, name));
                }
            }
            if !holds && self.told.is_none() {
                return false;
            }
            seen.add(place);
        }
        if !unexpected.is_empty() {
            self.tell(Misfit::Unexpected(unexpected));
        }
        holds
    }

    /// Whether a value fits the rules that are for itself as well.
    fn in_place(&mut self, rule: &Rule, value: &Value, seen: &mut Seen) -> bool {
        let mut holds = true;
        for id in rule.reference.iter().chain(&rule.all_of) {
            holds &= self.holds(*id, value, seen);
            if !holds && self.told.is_none() {
                return false;
            }
        }
        // One is enough, but each may have looked at other properties.
        let enough = if seen.is_asked { usize::MAX } else { 1 };
        if !rule.any_of.is_empty() && self.forms(&rule.any_of, value, seen, enough) == 0 {
            holds = self.tell(Misfit::NoForm);
        }
        if !rule.one_of.is_empty() {
            match self.forms(&rule.one_of, value, seen, 2) {
                0 => holds = self.tell(Misfit::NoForm),
                1 => {}
                _ => holds = self.tell(Misfit::SeveralForms),
            }
        }
        if rule.not.is_some_and(|id| self.quietly(id, value, &mut Seen::default())) {
            holds = self.tell(Misfit::Forbidden);
        }
        if let Some((condition, then, otherwise)) = rule.condition {
            let branch = if self.forms(&[condition], value, seen, 1) == 1 { then } else { otherwise };
            if let Some(id) = branch {
                holds &= self.holds(id, value, seen);
            }
        }
        holds
    }

    /// How many of some forms a value has; so many are enough.
    fn forms(&self, ids: &[Id], value: &Value, seen: &mut Seen, enough: usize) -> usize {
        let has = |id: &&Id| {
            let mut of_form = Seen::new(seen.is_asked);
            let has = self.quietly(**id, value, &mut of_form);
            if has {
                seen.add_all(&of_form);
            }
            has
        };
        ids.iter().filter(has).take(enough).count()
    }
}

fn is_less(one: &Number, other: &Number) -> bool {
    let whole = |number: &Number| number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => one < other,
        _ => one.as_f64() < other.as_f64(),
    }
}

/// Whether no two items are equal.
fn is_set(items: &[Value]) -> bool {
    let state = RandomState::new();
    let mut seen: HashMap<u64, Vec<&Value>> = HashMap::with_capacity(items.len());
    items.iter().all(|item| {
        let mut hasher = state.build_hasher();
        hash(item, &mut hasher);
        let alike = seen.entry(hasher.finish()).or_default();
        let is_new = !alike.iter().any(|other| same(other, item));
        alike.push(item);
        is_new
    })
}

/// Hashes a value so that equal values have the same hash.
fn hash(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Array(items) => {
            hasher.write_usize(items.len());
            for item in items {
                hash(item, hasher);
            }
        }
        Value::Object(properties) => {
            let mut names: Vec<&String> = properties.keys().collect();
            lw_model::lists::sort(&mut names);
            names.hash(hasher);
            for name in names {
                hash(properties.get(name).unwrap_or(&Value::Null), hasher);
            }
        }
        Value::String(text) => text.hash(hasher),
        Value::Number(number) => plain(number).hash(hasher),
        Value::Bool(is_true) => is_true.hash(hasher),
        Value::Null => {}
    }
}
