//! What there is: rows of resources, and what the server makes of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::builder::Upload;
use crate::computed::{overall_progress, overall_status, version};
use crate::devices::Sim;
use crate::schema::Resource;
use crate::spec::{Build, Config, Outcome};
use crate::time::{self, Millis};

/// A row: links are ids.
pub(crate) type Row = Map<String, Value>;

/// The rows of every resource. Cloning it is cheap, so a request that fails halfway leaves nothing behind.
pub(crate) type Tables = BTreeMap<&'static str, BTreeMap<i64, Arc<Row>>>;

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
    /// The real API answers 400 with these words.
    pub(crate) fn bad(text: &str) -> Self {
        Self::Real(400, Some(text.to_owned()))
    }

    /// The real API answers 400, by its source; its words nobody has recorded, so these are the stub's.
    pub(crate) fn own(what: impl std::fmt::Display) -> Self {
        Self::Real(400, Some(format!("balena-stub: {what}")))
    }

    pub(crate) fn unknown(what: impl std::fmt::Display) -> Self {
        Self::Unknown(what.to_string())
    }
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) now: Millis,
    pub(crate) tables: Tables,
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

    pub(crate) fn row_mut(&mut self, resource: &str, id: i64) -> Option<&mut Row> {
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
    pub(crate) fn put(&mut self, resource: &'static str, values: Row) -> i64 {
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

    pub(crate) fn actor(&mut self) -> i64 {
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
}

pub(crate) fn digest(text: &str) -> String {
    base16ct::lower::encode_string(&Sha256::digest(text.as_bytes()))
}

/// The fields of an object.
pub(crate) fn fields(value: Value) -> Row {
    match value {
        Value::Object(fields) => fields,
        _ => Row::new(),
    }
}
