//! What the server works out of what it keeps.

use serde_json::{Value, json};

use crate::time;
use crate::world::Row;

/// A release's `semver`, `raw_version` and `version`.
pub(crate) fn version(row: &Row) -> (String, String, Value) {
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
pub(crate) fn overall_status(row: &Row) -> &'static str {
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

pub(crate) fn overall_progress(row: &Row) -> Value {
    let kept = |name: &str| row.get(name).cloned().unwrap_or(Value::Null);
    match overall_status(row) {
        "updating" => kept("download_progress"),
        "post-provisioning" | "configuring" => kept("provisioning_progress"),
        _ => Value::Null,
    }
}
