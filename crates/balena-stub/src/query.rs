//! What a query finds, and how it is shown.

use serde_json::{Value, json};

use crate::odata::{Compare, Expand, Expr, Literal, Options};
use crate::schema::{self, Kind, Resource};
use crate::time;
use crate::world::{Refusal, Row, World};

impl World {
    /// The rows that a key and options choose, in order; ids only.
    pub(crate) fn find(
        &self,
        resource: &'static Resource,
        key: Option<&Expr>,
        options: &Options,
        among: Option<Vec<i64>>,
    ) -> Result<Vec<i64>, Refusal> {
        let mut found = Vec::new();
        let all = among.unwrap_or_else(|| self.rows(resource.name).map(|(id, _)| id).collect());
        // Names are checked even if there is no row to look at.
        let nobody = Row::new();
        for expr in key.into_iter().chain(&options.filter) {
            self.test(expr, &Scope { resource, row: &nobody, alias: None, outer: None })?;
        }
        for id in all {
            let Some(row) = self.row(resource.name, id) else { continue };
            let scope = Scope { resource, row, alias: None, outer: None };
            let mut fits = true;
            for expr in key.into_iter().chain(&options.filter) {
                fits &= self.test(expr, &scope)? == Some(true);
            }
            if fits {
                found.push(id);
            }
        }
        let mut keys = Vec::new();
        for id in found {
            let row = self.row(resource.name, id).unwrap_or(&nobody);
            let scope = Scope { resource, row, alias: None, outer: None };
            let mut key = Vec::new();
            for (path, _) in &options.order {
                key.push(self.look(path, &scope)?);
            }
            keys.push((key, id));
        }
        #[allow(clippy::disallowed_methods, reason = "it shares no code with what is tested against it")]
        keys.sort_by(|(left, left_id), (right, right_id)| {
            for ((left, right), (_, is_down)) in left.iter().zip(right).zip(&options.order) {
                let order = order(left, right).unwrap_or(std::cmp::Ordering::Equal);
                if order.is_ne() {
                    return if *is_down { order.reverse() } else { order };
                }
            }
            left_id.cmp(right_id)
        });
        let found = keys.into_iter().map(|(_, id)| id).skip(options.skip);
        Ok(found.take(options.top.unwrap_or(usize::MAX)).collect())
    }

    /// A row as it is answered.
    pub(crate) fn show(
        &self,
        resource: &'static Resource,
        id: i64,
        options: &Options,
    ) -> Result<Value, Refusal> {
        let nobody = Row::new();
        let row = self.row(resource.name, id).unwrap_or(&nobody);
        let mut shown = Row::new();
        for expand in &options.expand {
            let (name, value) = self.expand(resource, row, expand)?;
            shown.insert(name, value);
        }
        let all: Vec<String>;
        let names = match &options.select {
            Some(names) => names,
            None => {
                all = resource.fields.iter().map(|field| field.name.to_owned()).collect();
                &all
            }
        };
        for name in names {
            // As recorded: nothing is said but the status.
            let field = resource.field(name).ok_or(Refusal::Real(500, None))?;
            if shown.contains_key(name) {
                continue;
            }
            let value = self.value(resource, row, name);
            let is_link = matches!(field.kind, Kind::Link(_) | Kind::ComputedLink(_)) && !value.is_null();
            shown.insert(name.clone(), if is_link { json!({ "__id": value }) } else { value });
        }
        Ok(Value::Object(shown))
    }

    /// Whether the options of a query name only what there is.
    pub(crate) fn check(&self, resource: &'static Resource, options: &Options) -> Result<(), Refusal> {
        for name in options.select.iter().flatten() {
            if resource.field(name).is_none() {
                return Err(Refusal::Real(500, None));
            }
        }
        for expand in &options.expand {
            let Some((to, _)) = self.leads_to(resource, &Row::new(), &expand.name) else {
                return Err(Refusal::unknown(format!("the expansion {} of {}", expand.name, resource.name)));
            };
            self.check(to, &expand.options)?;
        }
        for (path, _) in &options.order {
            let row = &Row::new();
            self.look(path, &Scope { resource, row, alias: None, outer: None })?;
        }
        Ok(())
    }

    fn expand(
        &self,
        resource: &'static Resource,
        row: &Row,
        expand: &Expand,
    ) -> Result<(String, Value), Refusal> {
        let Some((to, ids)) = self.leads_to(resource, row, &expand.name) else {
            return Err(Refusal::unknown(format!("the expansion {} of {}", expand.name, resource.name)));
        };
        let ids = self.find(to, None, &expand.options, Some(ids))?;
        let value = if expand.is_count {
            Value::from(ids.len())
        } else {
            Value::Array(ids.iter().map(|id| self.show(to, *id, &expand.options)).collect::<Result<_, _>>()?)
        };
        Ok((expand.name.clone(), value))
    }

    /// What a name leads to from a row: another resource, and which of its rows.
    fn leads_to(&self, resource: &Resource, row: &Row, name: &str) -> Option<(&'static Resource, Vec<i64>)> {
        if let Some(Kind::Link(to) | Kind::ComputedLink(to)) = resource.field(name).map(|field| field.kind) {
            let to = schema::resource(to)?;
            return Some((to, self.value(resource, row, name).as_i64().into_iter().collect()));
        }
        // Everybody who has a token has all there is.
        if (resource.name, name) == ("application", "is_directly_accessible_by__user") {
            return Some((schema::resource("user")?, self.rows("user").map(|(id, _)| id).collect()));
        }
        let (_, to, by) = resource.reverse.iter().find(|(known, ..)| *known == name)?;
        let id = row.get("id").cloned().unwrap_or(Value::Null);
        let ids = self.rows(to).filter(|(_, other)| other.get(*by) == Some(&id) && !id.is_null());
        Some((schema::resource(to)?, ids.map(|(id, _)| id).collect()))
    }

    fn look(&self, path: &[String], scope: &Scope<'_>) -> Result<Value, Refusal> {
        let unknown = || Refusal::unknown(format!("the field {} of {}", path.join("/"), scope.resource.name));
        let (scope, path) = scope.of(path);
        match path {
            [name] if scope.resource.field(name).is_some() => Ok(self.value(scope.resource, scope.row, name)),
            [name, rest @ ..] if !rest.is_empty() => {
                let (to, ids) = self.leads_to(scope.resource, scope.row, name).ok_or_else(unknown)?;
                if scope.resource.field(name).is_none() {
                    return Err(unknown());
                }
                let nobody = Row::new();
                let row = ids.first().and_then(|id| self.row(to.name, *id)).unwrap_or(&nobody);
                self.look(rest, &Scope { resource: to, row, alias: None, outer: None })
            }
            _ => Err(unknown()),
        }
    }

    fn evaluate(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Value, Refusal> {
        Ok(match expr {
            Expr::Literal(Literal::Null) => Value::Null,
            Expr::Literal(Literal::Bool(value)) => Value::Bool(*value),
            Expr::Literal(Literal::Number(value)) => {
                #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "checked")]
                let whole = *value as i64;
                #[allow(clippy::cast_precision_loss, clippy::float_cmp, reason = "checked")]
                if whole as f64 == *value { Value::from(whole) } else { Value::from(*value) }
            }
            Expr::Literal(Literal::Text(text)) => Value::from(text.as_str()),
            Expr::Path(path) => self.look(path, scope)?,
            Expr::Count { path, filter } => Value::from(self.count(path, filter.as_deref(), None, scope)?.1),
            Expr::Call(name, arguments) => self.call(name, arguments, scope)?,
            _ => self.test(expr, scope)?.map_or(Value::Null, Value::Bool),
        })
    }

    fn call(&self, name: &str, arguments: &[Expr], scope: &Scope<'_>) -> Result<Value, Refusal> {
        let values: Vec<Value> =
            arguments.iter().map(|argument| self.evaluate(argument, scope)).collect::<Result<_, _>>()?;
        let text = |place: usize| values.get(place).and_then(Value::as_str);
        let test = |test: fn(&str, &str) -> bool| match (text(0), text(1)) {
            (Some(left), Some(right)) => Value::Bool(test(left, right)),
            _ => Value::Null,
        };
        Ok(match (name, values.len()) {
            ("startswith", 2) => test(|text, part| text.starts_with(part)),
            ("endswith", 2) => test(|text, part| text.ends_with(part)),
            ("contains", 2) => test(|text, part| text.contains(part)),
            ("tolower", 1) => text(0).map_or(Value::Null, |text| Value::from(text.to_lowercase())),
            ("toupper", 1) => text(0).map_or(Value::Null, |text| Value::from(text.to_uppercase())),
            ("length", 1) => text(0).map_or(Value::Null, |text| Value::from(text.chars().count())),
            ("now", 0) => Value::from(time::write(self.now)),
            _ => return Err(Refusal::unknown(format!("the function {name}"))),
        })
    }

    /// How many a name leads to, and how many of them fit.
    fn count(
        &self,
        path: &[String],
        filter: Option<&Expr>,
        alias: Option<&str>,
        scope: &Scope<'_>,
    ) -> Result<(usize, usize), Refusal> {
        let (from, path) = scope.of(path);
        let [name] = path else { return Err(Refusal::unknown(format!("the path {}", path.join("/")))) };
        let Some((to, ids)) = self.leads_to(from.resource, from.row, name) else {
            return Err(Refusal::unknown(format!("the name {name} of {}", from.resource.name)));
        };
        let Some(filter) = filter else { return Ok((ids.len(), ids.len())) };
        let nobody = Row::new();
        // Names are checked even if it leads nowhere.
        self.test(filter, &Scope { resource: to, row: &nobody, alias, outer: Some(scope) })?;
        let mut count = 0;
        for id in &ids {
            let row = self.row(to.name, *id).unwrap_or(&nobody);
            let inner = Scope { resource: to, row, alias, outer: Some(scope) };
            count += usize::from(self.test(filter, &inner)? == Some(true));
        }
        Ok((ids.len(), count))
    }

    /// True, false, or neither, as a database has it.
    fn test(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Option<bool>, Refusal> {
        Ok(match expr {
            // Both sides are looked at always: what is not known is refused whatever the other side says.
            Expr::And(left, right) => match (self.test(left, scope)?, self.test(right, scope)?) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Expr::Or(left, right) => match (self.test(left, scope)?, self.test(right, scope)?) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Expr::Not(inner) => self.test(inner, scope)?.map(|inner| !inner),
            Expr::Compare(way, left, right) => {
                let (left, right) = (self.evaluate(left, scope)?, self.evaluate(right, scope)?);
                let order = order(&left, &right);
                match way {
                    Compare::Eq => Some(order == Some(std::cmp::Ordering::Equal)),
                    Compare::Ne => Some(order != Some(std::cmp::Ordering::Equal)),
                    _ if left.is_null() || right.is_null() => None,
                    Compare::Gt => order.map(std::cmp::Ordering::is_gt),
                    Compare::Ge => order.map(std::cmp::Ordering::is_ge),
                    Compare::Lt => order.map(std::cmp::Ordering::is_lt),
                    Compare::Le => order.map(std::cmp::Ordering::is_le),
                }
            }
            Expr::In(left, list) => {
                let left = self.evaluate(left, scope)?;
                let mut is_in = false;
                for item in list {
                    let item = self.evaluate(item, scope)?;
                    is_in |= order(&left, &item) == Some(std::cmp::Ordering::Equal);
                }
                Some(is_in)
            }
            Expr::Lambda { path, is_any, alias, inner } => {
                let (all, fitting) = self.count(path, Some(inner), Some(alias), scope)?;
                Some(if *is_any { fitting > 0 } else { fitting == all })
            }
            // Whether a field is one of true and false is not known of those that are null.
            Expr::Path(path) => return Err(Refusal::unknown(format!("{} as a condition", path.join("/")))),
            _ => match self.evaluate(expr, scope)? {
                Value::Bool(value) => Some(value),
                Value::Null => None,
                other => return Err(Refusal::unknown(format!("{other} as a condition"))),
            },
        })
    }
}

/// Where an expression stands.
struct Scope<'a> {
    resource: &'static Resource,
    row: &'a Row,
    alias: Option<&'a str>,
    outer: Option<&'a Scope<'a>>,
}

impl<'a> Scope<'a> {
    /// Which row a path begins at, and the rest of it.
    fn of<'p>(&self, path: &'p [String]) -> (Scope<'a>, &'p [String]) {
        let own = Scope { resource: self.resource, row: self.row, alias: self.alias, outer: self.outer };
        let [first, rest @ ..] = path else { return (own, path) };
        if rest.is_empty() {
            return (own, path);
        }
        if self.alias == Some(first.as_str()) {
            return (own, rest);
        }
        // An alias of what is around it.
        let mut outer = self.outer;
        while let Some(scope) = outer {
            if scope.alias == Some(first.as_str()) {
                let found = Scope {
                    resource: scope.resource,
                    row: scope.row,
                    alias: scope.alias,
                    outer: scope.outer,
                };
                return (found, rest);
            }
            outer = scope.outer;
        }
        (own, path)
    }
}

/// How two values are to each other; nothing where they are not of a kind.
fn order(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::Null, Value::Null) => Some(std::cmp::Ordering::Equal),
        // In an order, nothing comes last, as in the database.
        (Value::Null, _) => Some(std::cmp::Ordering::Greater),
        (_, Value::Null) => Some(std::cmp::Ordering::Less),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
        },
        _ => None,
    }
}
