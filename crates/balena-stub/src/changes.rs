//! What requests change, all of it or nothing, and what the server changes with it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::schema::{self, Kind, Resource};
use crate::time;
use crate::world::{Event, Refusal, Row, World, digest};

/// The rule a successful release breaks whose commit was built before.
const ONE_SUCCESS: &str = "It is necessary that each application that owns a release1 that has a status that is equal to \"success\" and has a commit1, owns at most one release2 that has a status that is equal to \"success\" and has a commit2 that is equal to the commit1.";

impl World {
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
                return Err(Refusal::own(
                    "a device is pinned to a release that was not built, or for another fleet",
                ));
            }
        }
        for (id, row) in self.rows("application") {
            let runs = row.get("should_be_running__release").and_then(Value::as_i64);
            if runs.is_some_and(|release| !is_good(release, Some(id))) {
                return Err(Refusal::own("a fleet runs a release that was not built, or for another fleet"));
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
        let values = self.values(resource, body)?;
        match resource.name {
            "application" => self.post_fleet(values),
            "release" => self.post_release(values, body),
            "device" => self.post_device(values),
            _ if !resource.unique.is_empty() => self.post_tag(resource, values),
            other => Err(Refusal::unknown(format!("a new {other}"))),
        }
    }

    fn post_fleet(&mut self, mut values: Row) -> Result<i64, Refusal> {
        let name = values.get("app_name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(Refusal::own("the name of a fleet has letters, digits, `_` and `-`"));
        }
        let organization = values.get("organization").and_then(Value::as_i64);
        let handle = organization.and_then(|id| self.text("organization", id, "handle"));
        let Some(handle) = handle else { return Err(Refusal::unknown("a fleet of no organization")) };
        let slug = format!("{handle}/{}", name.to_lowercase());
        if self.rows("application").any(|(_, row)| row.get("slug") == Some(&Value::from(slug.as_str()))) {
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

    fn post_release(&mut self, mut values: Row, body: &Row) -> Result<i64, Refusal> {
        self.needs(&values, &["belongs_to__application", "commit", "status", "source", "start_timestamp"])?;
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

    fn post_device(&mut self, mut values: Row) -> Result<i64, Refusal> {
        self.needs(&values, &["belongs_to__application", "is_of__device_type"])?;
        let uuid = self.make("device", 62);
        default(&mut values, "uuid", uuid);
        let uuid = values.get("uuid").and_then(Value::as_str).unwrap_or_default();
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if !matches!(uuid.len(), 32 | 62) || !uuid.bytes().all(is_digit) {
            return Err(Refusal::own("the uuid of a device has 32 or 62 digits in small letters"));
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

    /// A tag, or a variable: a value of something under a name.
    fn post_tag(&mut self, resource: &'static Resource, values: Row) -> Result<i64, Refusal> {
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
            "release" => self.patch_releases(ids, values, body),
            "device" => {
                let name = values.get("device_name").and_then(Value::as_str);
                if name.is_some_and(|name| name.contains(['\r', '\n'])) {
                    return Err(Refusal::own("the name of a device is one line"));
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
            _ if !resource.unique.is_empty() => {
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

    fn patch_releases(&mut self, ids: &[i64], mut values: Row, body: &Row) -> Result<(), Refusal> {
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
        self.write("release", ids, &values);
        let drafts: Vec<i64> = ids
            .iter()
            .copied()
            .filter(|id| is_final == Some(true) && self.integer("release", *id, "revision").is_none())
            .collect();
        for id in &drafts {
            self.finalize(*id)?;
        }
        if ["is_passing_tests", "is_invalidated", "status"].iter().any(|name| values.contains_key(*name)) {
            self.track(ids);
        }
        self.track(&drafts);
        Ok(())
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
            return Err(Refusal::own("the version names another revision than it gets"));
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

/// What a tag or a variable may be.
fn check_tag(resource: &str, values: &Row) -> Result<(), Refusal> {
    let text = |name: &str| values.get(name).and_then(Value::as_str);
    if let Some(key) = text("tag_key") {
        if key.contains(char::is_whitespace) {
            return Err(Refusal::own("the key of a tag has no spaces"));
        }
        if let Some(reserved) =
            ["io.resin.", "io.balena."].iter().find(|reserved| key.starts_with(**reserved))
        {
            return Err(Refusal::own(format!("keys of tags that begin with {reserved} are taken")));
        }
        if key.is_empty() || key.chars().count() > 100 {
            return Err(Refusal::own("the key of a tag has 1 to 100 characters"));
        }
    }
    let most = match resource {
        "release_tag" | "application_tag" => 1000,
        "device_tag" => 60_158,
        _ => 100_000,
    };
    if text("value").is_some_and(|value| value.chars().count() > most) {
        return Err(Refusal::own(format!("a value of {resource} has at most {most} characters")));
    }
    Ok(())
}
