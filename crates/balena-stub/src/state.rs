//! What a test sees of the stub.

use std::collections::BTreeMap;
use std::time::Duration;

/// All there is, at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The time, since 1970.
    pub now: Duration,
    /// The fleets, by id.
    pub fleets: BTreeMap<i64, FleetState>,
    /// The releases, by id.
    pub releases: BTreeMap<i64, ReleaseState>,
    /// The devices, by id.
    pub devices: BTreeMap<i64, DeviceState>,
}

impl State {
    /// The devices of a fleet.
    pub fn devices_of(&self, fleet: i64) -> impl Iterator<Item = &DeviceState> {
        self.devices.values().filter(move |device| device.fleet == fleet)
    }

    /// How many devices of a fleet run a release.
    #[must_use]
    pub fn running(&self, fleet: i64, release: i64) -> usize {
        self.devices_of(fleet).filter(|device| device.running == Some(release)).count()
    }

    /// The same without what two runs that end alike may differ in: the time, when things happened, and the tags whose key begins so.
    #[must_use]
    pub fn without_times(&self, tags: &str) -> Self {
        let mut state = self.clone();
        state.now = Duration::ZERO;
        let keep = |key: &String, _: &mut String| tags.is_empty() || !key.starts_with(tags);
        for fleet in state.fleets.values_mut() {
            fleet.tags.retain(keep);
        }
        for release in state.releases.values_mut() {
            release.tags.retain(keep);
            // Of a draft it is the time it was made.
            if !release.is_final {
                release.raw_version = String::new();
            }
        }
        for device in state.devices.values_mut() {
            device.tags.retain(keep);
            for install in &mut device.installs {
                install.at = Duration::ZERO;
            }
        }
        state
    }
}

/// A fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetState {
    /// Its id.
    pub id: i64,
    /// `admin/fleet`.
    pub slug: String,
    /// Whether it runs the newest final release by itself.
    pub tracks_latest: bool,
    /// What its devices should run that are not pinned.
    pub target: Option<i64>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseState {
    /// Its id.
    pub id: i64,
    /// Its fleet.
    pub fleet: i64,
    /// Its commit.
    pub commit: String,
    /// `success`.
    pub status: String,
    /// Whether it is final.
    pub is_final: bool,
    /// Whether it was withdrawn.
    pub is_invalidated: bool,
    /// `1.2.3`.
    pub semver: String,
    /// `1.2.3+rev1`.
    pub raw_version: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceState {
    /// Its id.
    pub id: i64,
    /// Its uuid.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// Its fleet.
    pub fleet: i64,
    /// What it runs.
    pub running: Option<i64>,
    /// What it is pinned to.
    pub pinned: Option<i64>,
    /// What it should run: what it is pinned to, or its fleet's.
    pub target: Option<i64>,
    /// Whether it can be reached.
    pub is_online: bool,
    /// `done`.
    pub update_status: Option<String>,
    /// `operational`.
    pub overall_status: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Each release it began to run, in order; the one it ran at first is not among them.
    pub installs: Vec<Install>,
}

/// A device began to run a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Install {
    /// The release.
    pub release: i64,
    /// When, since 1970.
    pub at: Duration,
}
