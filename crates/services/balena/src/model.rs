//! What the API shows, as far as a deployment needs it.

use std::collections::BTreeMap;
use std::fmt;

use lw_model::lists::filled;
use lw_rollout::Time;
use serde::{Deserialize, Deserializer};

use crate::time;

/// A collection as it is answered.
#[derive(Debug, Deserialize)]
pub(crate) struct Collection<T> {
    pub(crate) d: Vec<T>,
}

/// Whose a token is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    /// Its number.
    pub id: u64,
    /// `user`, `device`, `application`.
    #[serde(default)]
    pub actor_type: String,
    /// The user's name, of a user's token.
    pub username: Option<String>,
}

/// Tags by their keys.
pub type Tags = BTreeMap<String, String>;

#[derive(Deserialize)]
struct Tag {
    tag_key: String,
    value: Option<String>,
}

fn tags<'de, D: Deserializer<'de>>(from: D) -> Result<Tags, D::Error> {
    let tags = Vec::<Tag>::deserialize(from)?;
    Ok(filled(tags.into_iter().map(|tag| (tag.tag_key, tag.value.unwrap_or_default()))))
}

/// A link to one other thing: a list of at most one where it is expanded, `{"__id": 1}` where it is not, or null.
#[derive(Deserialize)]
#[serde(untagged)]
enum Link {
    Expanded(Vec<Id>),
    Bare { __id: u64 },
    None(()),
}

#[derive(Deserialize)]
struct Id {
    id: u64,
}

fn link<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(match Link::deserialize(from)? {
        Link::Expanded(list) => list.first().map(|id| id.id),
        Link::Bare { __id } => Some(__id),
        Link::None(()) => None,
    })
}

fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Time>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.as_deref().and_then(time::read))
}

/// A fleet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Fleet {
    /// Its number.
    pub id: u64,
    /// `organization/fleet`.
    #[serde(default)]
    pub slug: String,
    /// Whether it follows the final release that was started last, and is not pinned to one.
    #[serde(rename = "should_track_latest_release")]
    pub tracks: bool,
    /// What its devices run that are not pinned.
    #[serde(rename = "should_be_running__release", deserialize_with = "link", default)]
    pub target: Option<u64>,
    /// Its tags, as far as they were asked for.
    #[serde(rename = "application_tag", deserialize_with = "tags", default)]
    pub tags: Tags,
}

/// How far a release is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is built.
    Running,
    /// It was built.
    Success,
    /// Its build has failed.
    Failed,
    /// The builder has failed.
    Error,
    /// Somebody has stopped its build.
    Cancelled,
    /// The builder was interrupted.
    Interrupted,
    /// A status this version does not know.
    #[serde(untagged)]
    Other(String),
}

impl Status {
    /// Whether it changes no more.
    #[must_use]
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::Error | Self::Cancelled | Self::Interrupted)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::Other(status) => status,
        })
    }
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Release {
    /// Its number.
    pub id: u64,
    /// 32 hexadecimal digits.
    pub commit: String,
    /// How far it is.
    pub status: Status,
    /// Whether a fleet that tracks its latest may follow it; it cannot be taken back.
    pub is_final: bool,
    /// Whether it was withdrawn.
    #[serde(default)]
    pub is_invalidated: bool,
    /// `1.2.3`; of a draft with the time after a dash.
    #[serde(default)]
    pub raw_version: String,
    /// `1.2.3`.
    #[serde(default)]
    pub semver: String,
    /// When its build was started: the order in which fleets follow releases.
    #[serde(deserialize_with = "moment", default)]
    pub start_timestamp: Option<Time>,
    /// Its tags, as far as they were asked for.
    #[serde(rename = "release_tag", deserialize_with = "tags", default)]
    pub tags: Tags,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Device {
    /// Its number.
    pub id: u64,
    /// 32 or 62 hexadecimal digits.
    pub uuid: String,
    /// What people call it.
    #[serde(rename = "device_name", default)]
    pub name: Option<String>,
    /// Whether it is connected to the VPN.
    #[serde(default)]
    pub is_online: bool,
    /// `online`, `offline`, `timeout`, `unknown`: whether it asks the API.
    #[serde(default)]
    pub api_heartbeat_state: Option<String>,
    /// Since when.
    #[serde(rename = "changed_api_heartbeat_state_on__date", deserialize_with = "moment", default)]
    pub heartbeat_since: Option<Time>,
    /// When it connected or disconnected last.
    #[serde(deserialize_with = "moment", default)]
    pub last_connectivity_event: Option<Time>,
    /// `operational`, `reduced-functionality`, `disconnected`, `updating`, `configuring`, …
    #[serde(default)]
    pub overall_status: Option<String>,
    /// `downloading`, `downloaded`, `applying changes`, `done`, `aborted`, `rejected`.
    #[serde(default)]
    pub update_status: Option<String>,
    /// Since when.
    #[serde(deserialize_with = "moment", default)]
    pub last_update_status_event: Option<Time>,
    /// Until when it is locked against updates.
    #[serde(rename = "is_locked_until__date", deserialize_with = "moment", default)]
    pub locked_until: Option<Time>,
    /// What it runs.
    #[serde(rename = "is_running__release", deserialize_with = "link", default)]
    pub running: Option<u64>,
    /// What it is pinned to.
    #[serde(rename = "is_pinned_on__release", deserialize_with = "link", default)]
    pub pinned: Option<u64>,
    /// Its tags, as far as they were asked for.
    #[serde(rename = "device_tag", deserialize_with = "tags", default)]
    pub tags: Tags,
}

impl Device {
    /// Whether it can be heard: by the VPN, or since it asks the API, perhaps late.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.is_online || matches!(self.api_heartbeat_state.as_deref(), Some("online" | "timeout"))
    }

    /// When it came or went last, by any of the two ways, where that is known.
    #[must_use]
    pub fn changed(&self) -> Option<Time> {
        self.heartbeat_since.max(self.last_connectivity_event)
    }
}

/// A variable of a fleet's or a device's configuration.
#[derive(Debug, Deserialize)]
pub(crate) struct Variable {
    pub(crate) value: String,
    #[serde(deserialize_with = "link", default)]
    pub(crate) device: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_in_each_of_their_forms() {
        for (text, target) in
            [("[]", None), (r#"[{"id":7}]"#, Some(7)), (r#"{"__id":7}"#, Some(7)), ("null", None)]
        {
            let fleet = format!(
                r#"{{"id":1,"should_track_latest_release":true,"should_be_running__release":{text}}}"#
            );
            let fleet: Fleet = serde_json::from_str(&fleet).unwrap();
            assert_eq!(fleet.target, target, "{text}");
        }
    }

    #[test]
    fn an_unknown_status_is_none_that_lasts() {
        let status = |text: &str| serde_json::from_str::<Status>(&format!("\"{text}\"")).unwrap();
        assert_eq!(status("success"), Status::Success);
        assert_eq!(status("queued"), Status::Other("queued".to_owned()));
        assert!(
            !status("queued").is_last() && !status("running").is_last() && status("interrupted").is_last()
        );
        assert_eq!(status("queued").to_string(), "queued");
    }
}
