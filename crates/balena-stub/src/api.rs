//! The API: which request asks for what.

use serde_json::{Value, json};

use crate::odata::{self, Query};
use crate::schema::{self, Resource};
use crate::world::{Refusal, Row, World, fields};

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// JSON, or nothing.
    pub(crate) body: Option<Value>,
    /// Why the stub does not answer as the real API would.
    pub(crate) refusal: Option<String>,
}

impl Answer {
    fn empty(status: u16) -> Self {
        Self { status, body: None, refusal: None }
    }

    fn json(status: u16, body: Value) -> Self {
        Self { status, body: Some(body), refusal: None }
    }

    fn unknown(what: &str) -> Self {
        Self { status: 501, body: None, refusal: Some(what.to_owned()) }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Real(status, text) => Self { status, body: text.map(Value::from), refusal: None },
            Refusal::Unknown(what) => Self::unknown(&what),
        }
    }
}

/// A request for the API.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// As it came.
    pub(crate) target: &'a str,
    pub(crate) body: &'a [u8],
    /// The token it comes with.
    pub(crate) token: Option<String>,
}

/// The token of a request: of the header, or of the query, where the real API takes it, too.
pub(crate) fn token(authorization: Option<&str>, target: &str) -> Option<String> {
    if let Some(header) = authorization {
        return header.strip_prefix("Bearer ").map(str::to_owned);
    }
    let (_, query) = target.split_once('?')?;
    odata::pairs(query).into_iter().find(|(name, _)| name == "apikey").map(|(_, value)| value)
}

impl World {
    pub(crate) fn is_authorized(&self, token: Option<&str>) -> bool {
        token == Some(self.config.token.as_str())
    }

    /// Answers a request.
    pub(crate) fn answer(&mut self, request: &Request<'_>) -> Answer {
        let (path, query) = request.target.split_once('?').unwrap_or((request.target, ""));
        let is_user = self.is_authorized(request.token.as_deref());
        let words: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (request.method, words.as_slice()) {
            ("GET", ["actor", "v1", "whoami"]) if is_user => Answer::json(
                200,
                json!({
                    "id": 2, "actorType": "user", "actorTypeId": 2, "username": self.config.user,
                    "email": "test@balena.io",
                }),
            ),
            ("GET", ["user", "v1", "whoami"]) if is_user => {
                Answer::json(200, json!({ "id": 2, "username": self.config.user, "email": "test@balena.io" }))
            }
            ("GET", ["actor" | "user", "v1", "whoami"]) => Answer::empty(401),
            (method, ["v7", ..]) => {
                let path = path.trim_start_matches('/').trim_start_matches("v7").trim_start_matches('/');
                self.resource(method, path, query, request.body, is_user)
            }
            ("POST", ["api-key", "application", fleet, "provisioning"]) => {
                self.provisioning_key(fleet, is_user)
            }
            ("POST", ["api-key", "device", device, "device-key"]) => self.device_key(device, is_user),
            ("POST", ["device", "register"]) => self.register(request),
            ("GET", ["device", "v3", uuid, "state"]) => self.device_state(uuid, request.token.as_deref()),
            ("PATCH", ["device", "v3", "state"]) => self.device_report(request),
            _ => Answer::unknown(&format!("{} {path}", request.method)),
        }
    }

    fn resource(&mut self, method: &str, path: &str, query: &str, body: &[u8], is_user: bool) -> Answer {
        let query = match odata::query(path, query) {
            Ok(query) => query,
            Err(misread) => return Answer::unknown(&format!("{misread} in {method} /v7/{path}?{query}")),
        };
        let Some(resource) = schema::resource(&query.resource) else {
            if schema::ELSEWHERE.contains(&query.resource.as_str()) {
                return Answer::unknown(&format!("the resource {}", query.resource));
            }
            return Answer::empty(401);
        };
        match method {
            // As recorded: who may see nothing sees an empty list.
            "GET" if !is_user && query.is_count => Answer::json(200, json!({ "d": 0 })),
            "GET" if !is_user => Answer::json(200, json!({ "d": [] })),
            _ if !is_user => Answer::empty(401),
            "GET" => self.get(resource, &query).unwrap_or_else(Answer::from),
            "POST" | "PATCH" | "DELETE" => {
                self.change(method, resource, &query, body).unwrap_or_else(Answer::from)
            }
            _ => Answer::unknown(&format!("{method} of {}", query.resource)),
        }
    }

    fn get(&self, resource: &'static Resource, query: &Query) -> Result<Answer, Refusal> {
        self.check(resource, &query.options)?;
        let ids = self.find(resource, query.key.as_ref(), &query.options, None)?;
        if query.is_count {
            return Ok(Answer::json(200, json!({ "d": ids.len() })));
        }
        let rows: Vec<Value> =
            ids.iter().map(|id| self.show(resource, *id, &query.options)).collect::<Result<_, _>>()?;
        Ok(Answer::json(200, json!({ "d": rows })))
    }

    fn change(
        &mut self,
        method: &str,
        resource: &'static Resource,
        query: &Query,
        body: &[u8],
    ) -> Result<Answer, Refusal> {
        let body: Row = if method == "DELETE" {
            Row::new()
        } else {
            match serde_json::from_slice(body) {
                Ok(Value::Object(body)) => body,
                _ => return Err(Refusal::Unknown(format!("a body for {method} that is no object"))),
            }
        };
        if method == "POST" {
            if query.key.is_some() || query.options.filter.is_some() {
                return Err(Refusal::Unknown("POST with a key or a filter".to_owned()));
            }
            let id = self.post(resource, &body)?;
            let all = odata::Options::default();
            return Ok(Answer::json(201, self.show(resource, id, &all)?));
        }
        if query.key.is_none() && query.options.filter.is_none() {
            return Err(Refusal::Unknown(format!("{method} of every {} there is", resource.name)));
        }
        if !query.options.expand.is_empty() || query.options.top.is_some() || query.options.select.is_some() {
            return Err(Refusal::Unknown(format!("{method} with more than a filter")));
        }
        let ids = self.find(resource, query.key.as_ref(), &query.options, None)?;
        if method == "PATCH" {
            self.patch(resource, &ids, &body)?;
        } else {
            self.delete(resource, &ids)?;
        }
        // As recorded: the same whether anything matched.
        Ok(Answer::empty(200))
    }

    fn provisioning_key(&mut self, fleet: &str, is_user: bool) -> Answer {
        match fleet.parse().ok().filter(|fleet| self.row("application", *fleet).is_some()) {
            Some(fleet) if is_user => {
                let key = self.make("provisioning key", 32);
                self.fleet_keys.insert(key.clone(), fleet);
                Answer::json(200, Value::from(key))
            }
            _ => Answer::unknown("a provisioning key of no fleet, or for nobody"),
        }
    }

    fn device_key(&mut self, device: &str, is_user: bool) -> Answer {
        match device.parse().ok().filter(|device| self.row("device", *device).is_some()) {
            Some(device) if is_user => {
                let key = self.make("device key", 32);
                self.device_keys.insert(key.clone(), device);
                Answer::json(200, Value::from(key))
            }
            _ => Answer::unknown("a key of no device, or for nobody"),
        }
    }

    /// A device registers itself: as recorded from a server that has the contract of no type of device.
    fn register(&self, request: &Request<'_>) -> Answer {
        let is_key = request.token.as_ref().is_some_and(|key| self.fleet_keys.contains_key(key));
        let body = serde_json::from_slice(request.body).map(fields).unwrap_or_default();
        match body.get("device_type").and_then(Value::as_str) {
            Some(device_type) if is_key => {
                Answer::json(404, Value::from(format!("Unknown device type {device_type}")))
            }
            _ => Answer::unknown("a device that registers without a provisioning key or a type"),
        }
    }

    fn device_of(&self, uuid: &str) -> Option<i64> {
        self.rows("device")
            .find(|(_, row)| row.get("uuid").and_then(Value::as_str) == Some(uuid))
            .map(|(id, _)| id)
    }

    /// What a device should run, for itself. Who is not there any more is told that nothing is new.
    fn device_state(&self, uuid: &str, key: Option<&str>) -> Answer {
        let Some(device) = self.device_of(uuid) else { return Answer::empty(304) };
        if key.and_then(|key| self.device_keys.get(key)) != Some(&device) {
            return Answer::empty(401);
        }
        let fleet = self.integer("device", device, "belongs_to__application").unwrap_or_default();
        let mut releases = Row::new();
        if let Some(release) = self.target(device) {
            let commit = self.text("release", release, "commit").unwrap_or_default();
            releases.insert(commit.to_owned(), json!({ "id": release }));
        }
        let mut apps = Row::new();
        let app = json!({
            "id": fleet, "name": self.text("application", fleet, "app_name"), "class": "fleet",
            "releases": releases,
        });
        apps.insert(self.text("application", fleet, "uuid").unwrap_or_default().to_owned(), app);
        let said = self.rows("device_config_variable").find(|(_, row)| {
            row.get("device").and_then(Value::as_i64) == Some(device)
                && row
                    .get("name")
                    .and_then(Value::as_str)
                    .is_some_and(|name| name.ends_with("_POLL_INTERVAL"))
        });
        let poll = said.and_then(|(_, row)| row.get("value")?.as_str()).unwrap_or("600000");
        let mut state = Row::new();
        let own = json!({
            "name": self.text("device", device, "device_name"), "apps": apps,
            "config": { "RESIN_SUPERVISOR_POLL_INTERVAL": poll },
        });
        state.insert(uuid.to_owned(), own);
        Answer::json(200, Value::Object(state))
    }

    /// What a device says it runs.
    fn device_report(&mut self, request: &Request<'_>) -> Answer {
        let Ok(Value::Object(body)) = serde_json::from_slice(request.body) else {
            return Answer::unknown("a report that is no object");
        };
        let key = request.token.as_ref().and_then(|key| self.device_keys.get(key)).copied();
        for (uuid, report) in &body {
            let Some(device) = self.device_of(uuid).filter(|device| key == Some(*device)) else {
                return Answer::empty(401);
            };
            let now = Value::from(crate::time::write(self.now));
            self.set("device", device, "api_heartbeat_state", Value::from("online"));
            for name in ["status", "os_version", "os_variant", "supervisor_version", "is_online"] {
                if let Some(value) = report.get(name) {
                    self.set("device", device, name, value.clone());
                }
            }
            for app in report.get("apps").and_then(Value::as_object).into_iter().flat_map(Row::values) {
                let running = app.get("release_uuid").and_then(Value::as_str);
                let commit_is = |row: &Row| row.get("commit").and_then(Value::as_str) == running;
                let release = self.rows("release").find(|(_, row)| running.is_some() && commit_is(row));
                if let Some(release) = release.map(|(id, _)| id) {
                    self.set("device", device, "is_running__release", Value::from(release));
                }
                let releases = app.get("releases").and_then(Value::as_object);
                let statuses = releases.into_iter().flat_map(Row::values);
                for status in statuses.filter_map(|release| release.get("update_status")) {
                    self.set("device", device, "update_status", status.clone());
                    self.set("device", device, "last_update_status_event", now.clone());
                }
            }
        }
        Answer::empty(200)
    }
}

/// Whether a request may change something.
pub(crate) fn is_mutating(method: &str) -> bool {
    !matches!(method, "GET" | "HEAD" | "OPTIONS")
}
