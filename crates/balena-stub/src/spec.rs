//! What a test says about the Balena it wants.

use std::time::Duration;

/// What a stub begins with.
#[derive(Clone, Debug)]
pub struct Config {
    /// What everything decided by chance is decided by.
    pub seed: u64,
    /// The token that is accepted.
    pub token: String,
    /// The user's name, which is the handle of the organization and so the beginning of every slug.
    pub user: String,
    /// The slug of the one type of device.
    pub device_type: String,
    /// The time it is at first, since 1970.
    pub now: Duration,
    /// How time passes by itself.
    pub flow: Flow,
}

impl Default for Config {
    /// The user `admin`, devices of type `raspberrypi4-64`, and the morning the real API was recorded.
    fn default() -> Self {
        Self {
            seed: 1,
            token: "stub-token-0123456789abcdef".to_owned(),
            user: "admin".to_owned(),
            device_type: "raspberrypi4-64".to_owned(),
            now: Duration::from_millis(1_795_249_026_000),
            flow: Flow::Still,
        }
    }
}

/// How time passes when nobody moves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It stands still: a test advances it.
    Still,
    /// So many times as fast as on the wall, for a demonstration: 60 makes a minute of each second.
    Times(u32),
    /// This much with each request, whatever the wall says: for a program that waits only as long as it must.
    PerRequest(Duration),
}

/// One of the two servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// `api.balena-cloud.com`.
    Api,
    /// `builder.balena-cloud.com`.
    Builder,
}

/// A request that came, in the order in which the answers were decided.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its number, from 1, over both hosts.
    pub number: usize,
    /// Whom it asked.
    pub host: Host,
    /// `GET`.
    pub method: String,
    /// Path and query as a person would write them: percent-encoding undone.
    pub target: String,
    /// The body; of an upload nothing, see [`Upload`](crate::Upload).
    pub body: String,
    /// What was answered; of a dropped connection 0.
    pub status: u16,
    /// When, since 1970.
    pub at: Duration,
    /// Whether the token was the right one.
    pub is_authorized: bool,
    /// Whether it changed, or tried to change, something.
    pub is_mutating: bool,
    /// The fault it met.
    pub fault: Option<crate::Fault>,
}

/// A release to be there from the start.
#[derive(Clone, Debug)]
pub struct Release {
    /// 32 hexadecimal digits; made up when it is none.
    pub commit: Option<String>,
    /// `1.2.3`.
    pub semver: String,
    /// Whether it is final; a tracking fleet runs the newest final one.
    pub is_final: bool,
    /// `success`, `running`, `failed`, `error`, `cancelled`, `interrupted`.
    pub status: String,
    /// Tags it has.
    pub tags: Vec<(String, String)>,
}

impl Release {
    /// A final release that was built.
    #[must_use]
    pub fn last(semver: &str) -> Self {
        Self {
            commit: None,
            semver: semver.to_owned(),
            is_final: true,
            status: "success".to_owned(),
            tags: Vec::new(),
        }
    }

    /// A draft that was built.
    #[must_use]
    pub fn draft(semver: &str) -> Self {
        Self { is_final: false, ..Self::last(semver) }
    }

    /// With a tag.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.push((key.to_owned(), value.to_owned()));
        self
    }
}

/// What becomes of an update on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It runs, and the device stays well.
    Runs,
    /// The download breaks off: `aborted`, and again at each poll.
    Aborts,
    /// The device refuses it: `rejected`, and never asks again.
    Rejects,
    /// The download never ends.
    Hangs,
    /// It runs, and from then on the device comes and goes.
    Flaps,
    /// It runs, and the device never comes back.
    Vanishes,
}

/// A simulated device.
#[derive(Clone, Debug)]
pub struct Device {
    /// 32 or 62 hexadecimal digits; made up when it is none.
    pub uuid: Option<String>,
    /// Its name; made up when it is none.
    pub name: Option<String>,
    /// How often it asks what to run. It becomes the device's `BALENA_SUPERVISOR_POLL_INTERVAL`, unless it is the supervisor's own
    /// 15 minutes. When within the first interval it asks first is chance.
    pub poll: Duration,
    /// How long a download takes.
    pub download: Duration,
    /// How long it takes to start what was downloaded.
    pub apply: Duration,
    /// The share of updates that fail, from 0 to 1. Which of the releases fail on this device is chance; a release that failed on it
    /// fails again. What this device runs at first, and a release it has run before, do not fail.
    pub fail_rate: f64,
    /// How an update fails that does.
    pub fails_with: Outcome,
    /// The share of updates after which the device flaps, from 0 to 1, of those that do not fail.
    pub flap_rate: f64,
    /// Whether it can be reached.
    pub is_online: bool,
    /// Whether it is connected to the VPN while it is online. Without, Balena calls it `reduced-functionality`.
    pub has_vpn: bool,
    /// Whether its application holds the update lock: it downloads, and waits. The API does not show it.
    pub has_update_lock: bool,
    /// Until when Balena itself locks it (`is_locked_until__date`), since 1970: it asks, and changes nothing.
    pub locked_until: Option<Duration>,
    /// The release it runs at first; without, what its fleet should run.
    pub running: Option<i64>,
    /// A release it is pinned to at first, by somebody.
    pub pinned: Option<i64>,
}

impl Default for Device {
    /// Online, polling each 10 minutes, downloading in 2 and starting in 10 seconds, and never failing.
    fn default() -> Self {
        Self {
            uuid: None,
            name: None,
            poll: Duration::from_secs(600),
            download: Duration::from_secs(120),
            apply: Duration::from_secs(10),
            fail_rate: 0.0,
            fails_with: Outcome::Aborts,
            flap_rate: 0.0,
            is_online: true,
            has_vpn: true,
            has_update_lock: false,
            locked_until: None,
            running: None,
            pinned: None,
        }
    }
}

/// When the release of a build has its last status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// With the last element of the answer. A build that is cut off or detached ends at once, too.
    AtOnce,
    /// So much later by the stub's time, whatever became of the answer.
    After(Duration),
    /// Never: it stays `running`.
    Never,
}

/// What a build is like. Builds are taken from the queue of [`Stub::next_build`](crate::Stub::next_build); without one, a build succeeds.
#[derive(Clone, Debug)]
pub struct Build {
    /// What the builder says, a message each; ANSI as it comes.
    pub messages: Vec<String>,
    /// Why it fails: the last message, with `isError`, and status `failed` of the release.
    pub failure: Option<String>,
    /// After how many elements the connection ends. The build goes on.
    pub cut_after: Option<usize>,
    /// Whether the array ends without its `]`, and the connection as if all were well.
    pub is_unclosed: bool,
    /// When the release has its last status.
    pub ends: Ends,
    /// A pause on the wall after each element.
    pub pause: Duration,
    /// The version the source's `balena.yml` would give it. The stub does not read that file.
    pub semver: Option<String>,
    /// The commit of the release; made up when it is none.
    pub commit: Option<String>,
    /// Before any element, this status with a text instead of the array, as the builder does when it refuses.
    pub refused: Option<(u16, String)>,
}

impl Default for Build {
    fn default() -> Self {
        let messages = [
            "\u{1b}[36m[Info]\u{1b}[39m     Starting build for fleet",
            "\u{1b}[36m[Info]\u{1b}[39m     Dashboard link: https://dashboard.balena-cloud.com/",
            "\u{1b}[34m[main]\u{1b}[39m     Step 1/2 : FROM scratch",
            "\u{1b}[34m[main]\u{1b}[39m     Step 2/2 : COPY . /",
            "\u{1b}[32m[Success]\u{1b}[39m  Successfully built service",
        ];
        Self {
            messages: messages.map(str::to_owned).to_vec(),
            failure: None,
            cut_after: None,
            is_unclosed: false,
            ends: Ends::AtOnce,
            pause: Duration::ZERO,
            semver: None,
            commit: None,
            refused: None,
        }
    }
}

impl Build {
    /// A build that fails, saying this.
    #[must_use]
    pub fn failing(message: &str) -> Self {
        Self { failure: Some(message.to_owned()), ..Self::default() }
    }

    /// A build whose answer ends after so many elements, and which succeeds so much later.
    #[must_use]
    pub fn cut(after: usize, ends: Ends) -> Self {
        Self { cut_after: Some(after), ends, ..Self::default() }
    }
}
