//! What there is: rows of resources, and what the server makes of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::builder::Upload;
use crate::devices::Sim;
use crate::odata::{Compare, Expand, Expr, Literal, Options};
use crate::schema::{self, Kind, Resource};
use crate::spec::{Build, Config, Outcome};
use crate::time::{self, Millis};

/// A row: links are ids.
pub(crate) type Row = Map<String, Value>;

/// The rows of every resource. Cloning it is cheap, so a request that fails halfway leaves nothing behind.
type Tables = BTreeMap<&'static str, BTreeMap<i64, Arc<Row>>>;

/// What happens by itself, later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// A build ends.
    Build(i64),
    /// A device does something.
    Device(i64),
}

/// Why a request is not done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refusal {
    /// The real API answers so: a status with a text, or with nothing.
    Real(u16, Option<String>),
    /// Nobody knows what the real API answers.
    Unknown(String),
}

impl Refusal {
    pub(crate) fn bad(text: &str) -> Self {
        Self::Real(400, Some(text.to_owned()))
    }

    fn unknown(what: impl std::fmt::Display) -> Self {
        Self::Unknown(what.to_string())
    }
}

/// The rule a successful release breaks whose commit was built before.
const ONE_SUCCESS: &str = "It is necessary that each application that owns a release1 that has a status that is equal to \"success\" and has a commit1, owns at most one release2 that has a status that is equal to \"success\" and has a commit2 that is equal to the commit1.";
/// The rule of pinned devices.
const PINNED: &str = "It is necessary that each release that is pinned to a device, has a status that is equal to \"success\" and belongs to an application1 that the device belongs to.";
/// The rule of what a fleet runs.
const FLEET_RUNS: &str = "It is necessary that each release that should be running on an application, has a status that is equal to \"success\" and belongs to the application.";

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) now: Millis,
    tables: Tables,
    next_id: BTreeMap<&'static str, i64>,
    next_actor: i64,
    made: u64,
    pub(crate) queue: BTreeSet<(Millis, Event)>,
    pub(crate) sims: BTreeMap<i64, Sim>,
    /// Shares of a release's updates that end in some way.
    pub(crate) rates: BTreeMap<i64, Vec<(f64, Outcome)>>,
    /// The same of each release to come.
    pub(crate) new_rates: Vec<(f64, Outcome)>,
    pub(crate) builds: VecDeque<Build>,
    /// What becomes of the builds that are under way.
    pub(crate) ends: BTreeMap<i64, &'static str>,
    pub(crate) uploads: Vec<Upload>,
    pub(crate) refusals: Vec<String>,
    /// Keys of devices, and keys that provision into a fleet.
    pub(crate) device_keys: BTreeMap<String, i64>,
    pub(crate) fleet_keys: BTreeMap<String, i64>,
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        let now = time::millis(config.now);
        let mut world = Self {
            config,
            now,
            tables: Tables::new(),
            next_id: BTreeMap::new(),
            // The user's is 2.
            next_actor: 3,
            made: 0,
            queue: BTreeSet::new(),
            sims: BTreeMap::new(),
            rates: BTreeMap::new(),
            new_rates: Vec::new(),
            builds: VecDeque::new(),
            ends: BTreeMap::new(),
            uploads: Vec::new(),
            refusals: Vec::new(),
            device_keys: BTreeMap::new(),
            fleet_keys: BTreeMap::new(),
        };
        let user = world.config.user.clone();
        let device_type = world.config.device_type.clone();
        // The first user is the server's own.
        world.next_id.insert("user", 2);
        world.put("user", fields(json!({ "username": user })));
        world.put("organization", fields(json!({ "name": user, "handle": user })));
        world.put("device_type", fields(json!({ "slug": device_type, "name": device_type })));
        world.put("application_type", fields(json!({ "name": "Starter", "slug": "microservices-starter" })));
        world
    }

    // Rows.

    pub(crate) fn rows(&self, resource: &str) -> impl Iterator<Item = (i64, &Row)> {
        self.tables.get(resource).into_iter().flatten().map(|(id, row)| (*id, &**row))
    }

    pub(crate) fn row(&self, resource: &str, id: i64) -> Option<&Row> {
        self.tables.get(resource)?.get(&id).map(|row| &**row)
    }

    fn row_mut(&mut self, resource: &str, id: i64) -> Option<&mut Row> {
        self.tables.get_mut(resource)?.get_mut(&id).map(Arc::make_mut)
    }

    /// Sets a field, as the server itself does.
    pub(crate) fn set(&mut self, resource: &'static str, id: i64, field: &str, value: Value) {
        if let Some(row) = self.row_mut(resource, id) {
            row.insert(field.to_owned(), value);
        }
    }

    pub(crate) fn remove(&mut self, resource: &str, id: i64) {
        if let Some(rows) = self.tables.get_mut(resource) {
            rows.remove(&id);
        }
    }

    /// Adds a row with a new id. What is not said is null.
    fn put(&mut self, resource: &'static str, values: Row) -> i64 {
        let next = self.next_id.entry(resource).or_insert(1);
        let id = *next;
        *next += 1;
        let mut row = values;
        let now = Value::from(time::write(self.now));
        row.insert("created_at".to_owned(), now.clone());
        row.insert("modified_at".to_owned(), now);
        row.insert("id".to_owned(), Value::from(id));
        self.tables.entry(resource).or_default().insert(id, Arc::new(row));
        id
    }

    fn actor(&mut self) -> i64 {
        self.next_actor += 1;
        self.next_actor - 1
    }

    /// Hexadecimal digits that nobody has yet, the same in each run.
    pub(crate) fn make(&mut self, what: &str, digits: usize) -> String {
        self.made += 1;
        let digest = digest(&format!("{} {what} {}", self.config.seed, self.made));
        digest.chars().cycle().take(digits).collect()
    }

    /// A number from 0 to 1 that is the same whenever the same is asked.
    pub(crate) fn chance(&self, what: &str) -> f64 {
        let digest = digest(&format!("{} {what}", self.config.seed));
        let bits = digest.get(..13).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or(0);
        #[allow(clippy::cast_precision_loss, reason = "52 bits")]
        let share = bits as f64 / (1_u64 << 52) as f64;
        share
    }

    pub(crate) fn integer(&self, resource: &str, id: i64, field: &str) -> Option<i64> {
        self.row(resource, id)?.get(field)?.as_i64()
    }

    pub(crate) fn text(&self, resource: &str, id: i64, field: &str) -> Option<&str> {
        self.row(resource, id)?.get(field)?.as_str()
    }

    pub(crate) fn flag(&self, resource: &str, id: i64, field: &str) -> bool {
        self.row(resource, id).and_then(|row| row.get(field)).is_some_and(|value| *value == Value::Bool(true))
    }

    /// What a device should run.
    pub(crate) fn target(&self, device: i64) -> Option<i64> {
        self.integer("device", device, "is_pinned_on__release").or_else(|| {
            let fleet = self.integer("device", device, "belongs_to__application")?;
            self.integer("application", fleet, "should_be_running__release")
        })
    }

    /// A field's value, as it is kept or as it is worked out; links are ids.
    pub(crate) fn value(&self, resource: &Resource, row: &Row, name: &str) -> Value {
        let kept = |name: &str| row.get(name).cloned().unwrap_or(Value::Null);
        let id = row.get("id").and_then(Value::as_i64).unwrap_or_default();
        match (resource.name, name) {
            ("release", "is_final") => Value::from(!kept("revision").is_null()),
            ("release", "semver") => Value::from(version(row).0),
            ("release", "raw_version") => Value::from(version(row).1),
            ("release", "version") => version(row).2,
            ("device", "should_be_running__release") => self.target(id).map_or(Value::Null, Value::from),
            ("device", "overall_status") => Value::from(overall_status(row)),
            ("device", "overall_progress") => overall_progress(row),
            _ => kept(name),
        }
    }

    // Queries.

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
            _ => match self.evaluate(expr, scope)? {
                Value::Bool(value) => Some(value),
                Value::Null => None,
                other => return Err(Refusal::unknown(format!("{other} as a condition"))),
            },
        })
    }

    // Changes.

    /// Does something to all there is, or nothing of it.
    fn all_or_nothing<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let before = self.tables.clone();
        let done = change(self).and_then(|done| self.rules().map(|()| done));
        if done.is_err() {
            // An id that was used is gone all the same, as with any database.
            self.tables = before;
        }
        done
    }

    /// The rules that hold whatever is changed.
    fn rules(&self) -> Result<(), Refusal> {
        let mut built = BTreeSet::new();
        for (_, row) in self.rows("release") {
            if row.get("status").and_then(Value::as_str) == Some("success") {
                let commit = row.get("commit").and_then(Value::as_str);
                let fleet = row.get("belongs_to__application").and_then(Value::as_i64);
                if commit.is_some() && !built.insert((fleet, commit)) {
                    return Err(Refusal::bad(ONE_SUCCESS));
                }
            }
        }
        let is_good = |release: i64, fleet: Option<i64>| {
            self.text("release", release, "status") == Some("success")
                && self.integer("release", release, "belongs_to__application") == fleet
        };
        for (_, row) in self.rows("device") {
            let fleet = row.get("belongs_to__application").and_then(Value::as_i64);
            let pinned = row.get("is_pinned_on__release").and_then(Value::as_i64);
            if pinned.is_some_and(|release| !is_good(release, fleet)) {
                return Err(Refusal::bad(PINNED));
            }
        }
        for (id, row) in self.rows("application") {
            let runs = row.get("should_be_running__release").and_then(Value::as_i64);
            if runs.is_some_and(|release| !is_good(release, Some(id))) {
                return Err(Refusal::bad(FLEET_RUNS));
            }
        }
        Ok(())
    }

    /// Adds a row as a request wants it. Gives its id.
    pub(crate) fn post(&mut self, resource: &'static Resource, body: &Row) -> Result<i64, Refusal> {
        let id = self.all_or_nothing(|world| world.post_row(resource, body))?;
        if resource.name == "release" && !self.new_rates.is_empty() {
            self.rates.insert(id, self.new_rates.clone());
        }
        Ok(id)
    }

    fn post_row(&mut self, resource: &'static Resource, body: &Row) -> Result<i64, Refusal> {
        let mut values = self.values(resource, body)?;
        match resource.name {
            "application" => {
                let name = values.get("app_name").and_then(Value::as_str).unwrap_or_default().to_owned();
                let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
                if name.is_empty() || !name.bytes().all(is_name) {
                    return Err(Refusal::bad("App name may only contain [a-zA-Z0-9_-]."));
                }
                let organization = values.get("organization").and_then(Value::as_i64);
                let handle = organization.and_then(|id| self.text("organization", id, "handle"));
                let Some(handle) = handle else { return Err(Refusal::unknown("a fleet of no organization")) };
                let slug = format!("{handle}/{}", name.to_lowercase());
                if self
                    .rows("application")
                    .any(|(_, row)| row.get("slug") == Some(&Value::from(slug.as_str())))
                {
                    return Err(Refusal::unknown("a second fleet of the same name"));
                }
                if !values.contains_key("is_for__device_type") {
                    return Err(Refusal::unknown("a fleet without a type of device"));
                }
                let uuid = self.make("fleet", 32);
                let actor = self.actor();
                default(&mut values, "uuid", uuid);
                default(&mut values, "is_of__class", "fleet");
                default(&mut values, "application_type", 1);
                for name in ["is_host", "is_archived", "is_public"] {
                    default(&mut values, name, false);
                }
                values.insert("should_track_latest_release".to_owned(), Value::from(true));
                values.insert("slug".to_owned(), Value::from(slug));
                values.insert("actor".to_owned(), Value::from(actor));
                Ok(self.put("application", values))
            }
            "release" => {
                self.needs(
                    &values,
                    &["belongs_to__application", "commit", "status", "source", "start_timestamp"],
                )?;
                let is_final = body.get("is_final").is_none_or(|is_final| *is_final != Value::Bool(false));
                default(&mut values, "is_invalidated", false);
                default(&mut values, "is_passing_tests", true);
                default(&mut values, "variant", "");
                default(&mut values, "update_timestamp", time::write(self.now));
                set_semver(&mut values, body.get("semver"), true)?;
                let id = self.put("release", values);
                if is_final {
                    self.finalize(id)?;
                }
                self.track(&[id]);
                Ok(id)
            }
            "device" => {
                self.needs(&values, &["belongs_to__application", "is_of__device_type"])?;
                let uuid = self.make("device", 62);
                default(&mut values, "uuid", uuid);
                let uuid = values.get("uuid").and_then(Value::as_str).unwrap_or_default();
                let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
                if !matches!(uuid.len(), 32 | 62) || !uuid.bytes().all(is_digit) {
                    let text = "Device UUID must be a 32 or 62 character long lower case hex string.";
                    return Err(Refusal::bad(text));
                }
                if self.rows("device").any(|(_, row)| row.get("uuid").and_then(Value::as_str) == Some(uuid)) {
                    return Err(Refusal::unknown("a second device of the same uuid"));
                }
                let name = self.name_device(uuid);
                default(&mut values, "device_name", name);
                let actor = self.actor();
                values.insert("actor".to_owned(), Value::from(actor));
                default(&mut values, "api_heartbeat_state", "unknown");
                for name in ["is_online", "is_connected_to_vpn", "is_web_accessible", "is_undervolted"] {
                    default(&mut values, name, false);
                }
                Ok(self.put("device", values))
            }
            "release_tag"
            | "device_tag"
            | "application_tag"
            | "device_config_variable"
            | "application_config_variable" => {
                let [parent, key] = resource.unique else { return Err(Refusal::unknown(resource.name)) };
                self.needs(&values, &[parent, key, "value"])?;
                // Who adds to what is not there is told that he may not.
                let to = values.get(*parent).and_then(Value::as_i64);
                if to.is_none_or(|id| self.row(parent, id).is_none()) {
                    return Err(Refusal::Real(401, None));
                }
                check_tag(resource.name, &values)?;
                let id = self.put(resource.name, values);
                self.unique(resource, id)?;
                Ok(id)
            }
            other => Err(Refusal::unknown(format!("a new {other}"))),
        }
    }

    /// Whether there is no other row like this one.
    fn unique(&self, resource: &'static Resource, id: i64) -> Result<(), Refusal> {
        let Some(row) = self.row(resource.name, id) else { return Ok(()) };
        let is_alike = |other: &Row| resource.unique.iter().all(|name| other.get(*name) == row.get(*name));
        if resource.unique.is_empty()
            || !self.rows(resource.name).any(|(other, row)| other != id && is_alike(row))
        {
            return Ok(());
        }
        let names: Vec<String> = resource.unique.iter().map(|name| format!("\"{name}\"")).collect();
        Err(Refusal::Real(409, Some(format!("{} must be unique.", names.join(" and ")))))
    }

    fn needs(&self, values: &Row, names: &[&str]) -> Result<(), Refusal> {
        let missing = names.iter().find(|name| values.get(**name).is_none_or(Value::is_null));
        missing.map_or(Ok(()), |name| Err(Refusal::unknown(format!("a new row without {name}"))))
    }

    /// What a body says, as it is kept.
    fn values(&self, resource: &'static Resource, body: &Row) -> Result<Row, Refusal> {
        let mut values = Row::new();
        for (name, value) in body {
            let Some(field) = resource.field(name) else {
                return Err(Refusal::unknown(format!("{name} in the body for {}", resource.name)));
            };
            let value = match field.kind {
                // As recorded: nothing is said but the status.
                Kind::ComputedLink(_) => return Err(Refusal::Real(500, None)),
                Kind::Computed
                    if resource.name == "release" && matches!(name.as_str(), "is_final" | "semver") =>
                {
                    continue;
                }
                Kind::Computed => {
                    return Err(Refusal::unknown(format!("writing {name} of {}", resource.name)));
                }
                Kind::Time if value.is_null() => Value::Null,
                Kind::Time => match time::read(value) {
                    Some(at) => Value::from(time::write(at)),
                    None => return Err(Refusal::unknown(format!("{value} as the time {name}"))),
                },
                Kind::Link(to) => match (value.is_null(), value.as_i64()) {
                    (true, _) => Value::Null,
                    (_, Some(id)) => {
                        let is_there = schema::resource(to).is_none() || self.row(to, id).is_some();
                        // The tags' parents have an answer of their own.
                        if !is_there && resource.unique.is_empty() {
                            return Err(Refusal::Real(409, Some(format!("Data is referenced by {name}."))));
                        }
                        Value::from(id)
                    }
                    _ => return Err(Refusal::unknown(format!("{value} as the link {name}"))),
                },
                Kind::Plain => value.clone(),
            };
            values.insert(name.clone(), value);
        }
        Ok(values)
    }

    /// Changes rows as a request wants it.
    pub(crate) fn patch(
        &mut self,
        resource: &'static Resource,
        ids: &[i64],
        body: &Row,
    ) -> Result<(), Refusal> {
        self.all_or_nothing(|world| world.patch_rows(resource, ids, body))
    }

    fn patch_rows(&mut self, resource: &'static Resource, ids: &[i64], body: &Row) -> Result<(), Refusal> {
        const FIXED: [&str; 7] = ["id", "actor", "slug", "created_at", "modified_at", "uuid", "revision"];
        if let Some(name) = FIXED.iter().find(|name| body.contains_key(**name)) {
            return Err(Refusal::unknown(format!("writing {name} of {}", resource.name)));
        }
        // A row that is not there refers to nothing: only what would be written is checked, as a database does.
        let mut values = match self.values(resource, body) {
            Err(Refusal::Real(409, _)) if ids.is_empty() => return Ok(()),
            values => values?,
        };
        match resource.name {
            "release" => {
                set_semver(&mut values, body.get("semver"), false)?;
                let is_final = body.get("is_final").and_then(Value::as_bool);
                let was_final = |id: &i64| self.integer("release", *id, "revision").is_some();
                if is_final == Some(false) && ids.iter().any(was_final) {
                    return Err(Refusal::bad("Finalized releases cannot be converted to draft."));
                }
                let renumbers = body.contains_key("semver")
                    || body.contains_key("variant")
                    || body.contains_key("belongs_to__application");
                if renumbers && ids.iter().any(was_final) {
                    return Err(Refusal::unknown("a new version of a final release"));
                }
                values.insert("update_timestamp".to_owned(), Value::from(time::write(self.now)));
                self.write(resource.name, ids, &values);
                let drafts: Vec<i64> = ids
                    .iter()
                    .copied()
                    .filter(|id| is_final == Some(true) && self.integer("release", *id, "revision").is_none())
                    .collect();
                for id in &drafts {
                    self.finalize(*id)?;
                }
                let says = |name: &&str| values.contains_key(*name);
                if ["is_passing_tests", "is_invalidated", "status"].iter().any(|name| says(&name)) {
                    self.track(ids);
                }
                self.track(&drafts);
                Ok(())
            }
            "device" => {
                if let Some(name) = values.get("device_name").and_then(Value::as_str) {
                    if name.contains(['\r', '\n']) {
                        return Err(Refusal::bad("Device name cannot contain any newline characters."));
                    }
                }
                // Whoever moves is not pinned to what his old fleet had.
                if values.contains_key("belongs_to__application") {
                    values.entry("is_pinned_on__release").or_insert(Value::Null);
                }
                self.write(resource.name, ids, &values);
                Ok(())
            }
            "application" => {
                if values.contains_key("app_name") || values.contains_key("organization") {
                    return Err(Refusal::unknown("a fleet that is renamed"));
                }
                self.write(resource.name, ids, &values);
                Ok(())
            }
            "release_tag"
            | "device_tag"
            | "application_tag"
            | "device_config_variable"
            | "application_config_variable" => {
                check_tag(resource.name, &values)?;
                self.write(resource.name, ids, &values);
                for id in ids {
                    self.unique(resource, *id)?;
                }
                Ok(())
            }
            other => Err(Refusal::unknown(format!("a change of {other}"))),
        }
    }

    fn write(&mut self, resource: &str, ids: &[i64], values: &Row) {
        let now = time::write(self.now);
        for id in ids {
            if let Some(row) = self.row_mut(resource, *id) {
                for (name, value) in values {
                    row.insert(name.clone(), value.clone());
                }
                row.insert("modified_at".to_owned(), Value::from(now.as_str()));
            }
        }
    }

    /// Deletes rows as a request wants it.
    pub(crate) fn delete(&mut self, resource: &'static Resource, ids: &[i64]) -> Result<(), Refusal> {
        let is_known = resource.name.ends_with("_tag") || resource.name.ends_with("_config_variable");
        if resource.name != "device" && !is_known {
            return Err(Refusal::unknown(format!("deleting a {}", resource.name)));
        }
        for id in ids {
            self.remove(resource.name, *id);
            if resource.name == "device" {
                self.forget_device(*id);
            }
        }
        Ok(())
    }

    /// Forgets a device, and what belongs to it.
    pub(crate) fn forget_device(&mut self, device: i64) {
        self.remove("device", device);
        self.sims.remove(&device);
        self.queue.retain(|(_, event)| *event != Event::Device(device));
        for resource in ["device_tag", "device_config_variable"] {
            if let Some(rows) = self.tables.get_mut(resource) {
                rows.retain(|_, row| row.get("device").and_then(Value::as_i64) != Some(device));
            }
        }
    }

    /// Gives a draft its revision: the next of its fleet, version and variant.
    fn finalize(&mut self, id: i64) -> Result<(), Refusal> {
        const SAME: [&str; 6] = [
            "belongs_to__application",
            "semver_major",
            "semver_minor",
            "semver_patch",
            "semver_prerelease",
            "variant",
        ];
        let Some(own) = self.row("release", id) else { return Ok(()) };
        let is_alike = |other: &Row| SAME.iter().all(|name| other.get(*name) == own.get(*name));
        let alike = self.rows("release").filter(|(_, row)| is_alike(row));
        let last = alike.filter_map(|(_, row)| row.get("revision")?.as_i64()).max();
        let revision = last.map_or(0, |last| last + 1);
        let build = own.get("semver_build").and_then(Value::as_str).unwrap_or_default();
        let said = build.split('.').filter_map(|part| part.strip_prefix("rev"));
        if said.filter(|digits| digits.parse::<i64>().is_ok()).any(|said| said != revision.to_string()) {
            return Err(Refusal::bad("The provided revision does not match the autogenerated one."));
        }
        let now = time::write(self.now);
        self.set("release", id, "revision", Value::from(revision));
        self.set("release", id, "is_finalized_at__date", Value::from(now));
        Ok(())
    }

    /// Lets the fleets that track their newest release run it: of the successful, final, valid, passing ones the one whose build began
    /// last. Without any, nothing changes.
    fn track(&mut self, changed: &[i64]) {
        let fleets: BTreeSet<i64> = changed
            .iter()
            .filter_map(|id| self.integer("release", *id, "belongs_to__application"))
            .filter(|fleet| self.flag("application", *fleet, "should_track_latest_release"))
            .collect();
        for fleet in fleets {
            let newest = self
                .rows("release")
                .filter(|(_, row)| {
                    row.get("belongs_to__application").and_then(Value::as_i64) == Some(fleet)
                        && row.get("revision").is_some_and(|revision| !revision.is_null())
                        && row.get("is_passing_tests") == Some(&Value::Bool(true))
                        && row.get("is_invalidated") == Some(&Value::Bool(false))
                        && row.get("status").and_then(Value::as_str) == Some("success")
                })
                .max_by_key(|(id, row)| (row.get("start_timestamp").and_then(Value::as_str), *id))
                .map(|(id, _)| id);
            if let Some(newest) = newest {
                self.set("application", fleet, "should_be_running__release", Value::from(newest));
            }
        }
    }

    fn name_device(&self, uuid: &str) -> String {
        const HOW: [&str; 8] = ["silly", "fragrant", "grilled", "quiet", "late", "amber", "misty", "brave"];
        const WHO: [&str; 8] = ["robot", "antelope", "fin", "madness", "river", "lamp", "otter", "meadow"];
        let pick = |list: &[&'static str; 8], what: &str| {
            let digits = digest(&format!("{what} {uuid}"));
            let place = digits.chars().next().and_then(|digit| digit.to_digit(8)).unwrap_or(0);
            list.get(place as usize).copied().unwrap_or("plain")
        };
        format!("{}-{}", pick(&HOW, "how"), pick(&WHO, "who"))
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

fn digest(text: &str) -> String {
    base16ct::lower::encode_string(&Sha256::digest(text.as_bytes()))
}

/// The fields of an object.
pub(crate) fn fields(value: Value) -> Row {
    match value {
        Value::Object(fields) => fields,
        _ => Row::new(),
    }
}

fn default(values: &mut Row, name: &str, value: impl Into<Value>) {
    let kept = values.entry(name.to_owned()).or_insert(Value::Null);
    if kept.is_null() {
        *kept = value.into();
    }
}

/// Takes a version apart.
fn set_semver(values: &mut Row, semver: Option<&Value>, is_new: bool) -> Result<(), Refusal> {
    // The parts are not for writing.
    for name in ["semver_major", "semver_minor", "semver_patch", "semver_prerelease", "semver_build"] {
        values.remove(name);
    }
    let text = match semver {
        None | Some(Value::Null) if is_new => "0.0.0",
        None | Some(Value::Null) => return Ok(()),
        Some(Value::String(text)) => text.as_str(),
        Some(_) => return Err(Refusal::bad("Invalid semver format")),
    };
    // A `v` in front is taken, as npm's semver does.
    let text = text.trim();
    let Ok(version) = semver::Version::parse(text.strip_prefix('v').unwrap_or(text)) else {
        return Err(Refusal::bad("Invalid semver format"));
    };
    values.insert("semver_major".to_owned(), Value::from(version.major));
    values.insert("semver_minor".to_owned(), Value::from(version.minor));
    values.insert("semver_patch".to_owned(), Value::from(version.patch));
    values.insert("semver_prerelease".to_owned(), Value::from(version.pre.as_str()));
    values.insert("semver_build".to_owned(), Value::from(version.build.as_str()));
    Ok(())
}

/// A release's `semver`, `raw_version` and `version`.
fn version(row: &Row) -> (String, String, Value) {
    let number = |name: &str| row.get(name).and_then(Value::as_i64).unwrap_or(0);
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let (major, minor, patch) = (number("semver_major"), number("semver_minor"), number("semver_patch"));
    let (prerelease, build, variant) = (text("semver_prerelease"), text("semver_build"), text("variant"));
    let core = format!("{major}.{minor}.{patch}");
    let mut semver = core.clone();
    for (sign, part) in [('-', prerelease), ('+', build)] {
        if !part.is_empty() {
            semver.push(sign);
            semver.push_str(part);
        }
    }
    let revision = row.get("revision").and_then(Value::as_i64);
    let mut before: Vec<Value> = parts(prerelease).map(as_number).collect();
    if revision.is_none() {
        before.push(Value::from(row.get("created_at").and_then(time::read).unwrap_or(0)));
    }
    let mut after: Vec<String> = parts(build).map(str::to_owned).collect();
    if let Some(revision) = revision.filter(|revision| *revision > 0) {
        let revision = format!("rev{revision}");
        if !after.contains(&revision) {
            after.push(revision);
        }
    }
    after.extend(parts(variant).map(str::to_owned));
    let shown: Vec<String> =
        before.iter().map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned)).collect();
    let version = if shown.is_empty() { core } else { format!("{core}-{}", shown.join(".")) };
    let raw = if after.is_empty() { version.clone() } else { format!("{version}+{}", after.join(".")) };
    let all = json!({
        "raw": raw, "build": after, "major": major, "minor": minor, "patch": patch,
        "version": version, "prerelease": before,
    });
    (semver, raw, all)
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split('.').filter(|part| !part.is_empty())
}

fn as_number(part: &str) -> Value {
    part.parse::<i64>().map_or_else(|_| Value::from(part), Value::from)
}

/// How Balena sums a device up; the order of the cases is its own.
fn overall_status(row: &Row) -> &'static str {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    let is_there = |name: &str| row.get(name).is_some_and(|value| !value.is_null());
    let heartbeat = text("api_heartbeat_state").unwrap_or("unknown");
    let has_vpn = row.get("is_connected_to_vpn") == Some(&Value::Bool(true));
    let answers = matches!(heartbeat, "online" | "timeout");
    if text("provisioning_state") == Some("Post-Provisioning") {
        "post-provisioning"
    } else if !has_vpn && !is_there("last_connectivity_event") && heartbeat == "unknown" {
        "configuring"
    } else if !has_vpn && matches!(heartbeat, "offline" | "unknown") {
        "disconnected"
    } else if answers && is_there("download_progress") && text("status") == Some("Downloading") {
        "updating"
    } else if is_there("provisioning_progress") {
        "configuring"
    } else if heartbeat == "timeout" || has_vpn != (heartbeat == "online") {
        "reduced-functionality"
    } else {
        "operational"
    }
}

fn overall_progress(row: &Row) -> Value {
    let kept = |name: &str| row.get(name).cloned().unwrap_or(Value::Null);
    match overall_status(row) {
        "updating" => kept("download_progress"),
        "post-provisioning" | "configuring" => kept("provisioning_progress"),
        _ => Value::Null,
    }
}

/// What a tag or a variable may be.
fn check_tag(resource: &str, values: &Row) -> Result<(), Refusal> {
    let text = |name: &str| values.get(name).and_then(Value::as_str);
    if let Some(key) = text("tag_key") {
        if key.contains(char::is_whitespace) {
            return Err(Refusal::bad("Tag keys cannot contain whitespace."));
        }
        if let Some(reserved) =
            ["io.resin.", "io.balena."].iter().find(|reserved| key.starts_with(**reserved))
        {
            return Err(Refusal::bad(&format!("Tag keys beginning with {reserved} are reserved.")));
        }
        if key.is_empty() || key.chars().count() > 100 {
            return Err(Refusal::bad(&format!(
                "It is necessary that each {} has a tag key that has a Length (Type) that is greater than 0 and is less than or equal to 100.",
                resource.replace('_', " ")
            )));
        }
    }
    let most = match resource {
        "release_tag" | "application_tag" => 1000,
        "device_tag" => 60_158,
        _ => 100_000,
    };
    if text("value").is_some_and(|value| value.chars().count() > most) {
        return Err(Refusal::bad(&format!(
            "It is necessary that each {} has a value that has a Length (Type) that is less than or equal to {most}.",
            resource.replace('_', " ")
        )));
    }
    Ok(())
}
