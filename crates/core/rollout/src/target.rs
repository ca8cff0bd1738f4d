//! What a target shows, what it stores, and what is asked of it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use lw_model::Diagnose;
use lw_retry::Failure;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::words::{MemberId, ReleaseId, RolloutId, Time};

/// The most characters a target has to store of one [`Stored`] value: what a tag of balena holds.
pub const MAX_STORED: usize = 1000;

/// The longest reason a [`Record`] keeps, in characters.
const MAX_WHY: usize = 200;

/// Who may act, until when. The target stores one per fleet.
///
/// Tokens only grow, and a lease that was given back keeps its token: whoever acts with an older one is too late. A target that can
/// refuse such a call does; one that cannot is still safe, because each call is conditional on what its sender has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Counts up with each holder.
    pub token: u64,
    /// The rollout it was taken for.
    pub rollout: RolloutId,
    /// The process that holds it, by a name no other process has; `None` once it was given back.
    pub holder: Option<String>,
    /// When anybody may take it over.
    pub expires: Time,
}

impl Lease {
    /// Who holds it at that time.
    #[must_use]
    pub fn held_by(&self, now: Time) -> Option<&str> {
        self.holder.as_deref().filter(|_| now < self.expires)
    }
}

/// How far a rollout is. It is written before what belongs to a phase is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Members are marked; nothing is assigned.
    Preparing,
    /// A wave is assigned, and its members take up the release.
    Applying,
    /// A wave runs the release, and is watched.
    Baking,
    /// The release becomes the fleet's default.
    Finalizing,
    /// Members follow the default again, and the marks go.
    Cleaning,
    /// Done: everybody has the release.
    Succeeded,
    /// A person stopped it, or the run was cancelled: `resume` goes on.
    Paused,
    /// It has no verdict it may act on: a person decides with `promote`, `rollback` or `abort`.
    Undecided,
    /// A person ended it where it was. It can be rolled back.
    Aborted,
    /// A newer release or rollout ended it where it was. It can be rolled back.
    Superseded,
    /// Members go back to what they were assigned before.
    RollingBack,
    /// Done: nobody has the release any more.
    RolledBack,
    /// The time for going back was over before all were back. `rollback` tries again.
    RollbackFailed,
}

impl Phase {
    /// Whether a process that finds it has something to do without being told.
    #[must_use]
    pub fn is_under_way(self) -> bool {
        matches!(
            self,
            Self::Preparing
                | Self::Applying
                | Self::Baking
                | Self::Finalizing
                | Self::Cleaning
                | Self::RollingBack
        )
    }

    /// Whether nothing of it is left in the members.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::RolledBack)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Preparing => "preparing",
            Self::Applying => "applying",
            Self::Baking => "baking",
            Self::Finalizing => "finalizing",
            Self::Cleaning => "cleaning up",
            Self::Succeeded => "succeeded",
            Self::Paused => "paused",
            Self::Undecided => "waiting for a decision",
            Self::Aborted => "aborted",
            Self::Superseded => "superseded",
            Self::RollingBack => "rolling back",
            Self::RolledBack => "rolled back",
            Self::RollbackFailed => "not rolled back",
        })
    }
}

/// Where a rollout is: the cursor. The target stores one per release that was rolled out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The rollout.
    pub rollout: RolloutId,
    /// What it rolls out.
    pub release: ReleaseId,
    /// The fleet's default before it.
    pub previous: Option<ReleaseId>,
    /// The [digest](crate::Strategy::digest) of its strategy.
    pub strategy: String,
    /// How many members the plan has.
    pub members: usize,
    /// How far it is.
    pub phase: Phase,
    /// The wave it is in or was in last, from 1; 0 before the first.
    pub wave: u32,
    /// When the wave began; of a rollback, when that began.
    pub since: Time,
    /// When the wave's bake began.
    pub baking: Option<Time>,
    /// The token of the lease it was written under.
    pub token: u64,
    /// What decided, when it is paused, undecided or goes back.
    pub why: Option<String>,
    /// Whether a person has said that the fleet goes back to `previous`, which then need not be what was the default before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_asked: bool,
}

impl Record {
    /// The same in another phase.
    pub(crate) fn at(&self, phase: Phase, token: u64) -> Self {
        Self { phase, token, ..self.clone() }
    }

    /// The same with a reason, cut to what a target can store.
    pub(crate) fn because(mut self, why: &str) -> Self {
        let mut text: String = why.chars().take(MAX_WHY).collect();
        if text.len() < why.len() {
            text.pop();
            text.push('…');
        }
        self.why = Some(text);
        self
    }
}

/// That a member belongs to a rollout, and what it was assigned before. The target stores one per member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The rollout.
    pub rollout: RolloutId,
    /// What it rolls out.
    pub release: ReleaseId,
    /// The member's wave, from 1.
    pub wave: u32,
    /// What the member goes back to; `None` to follow the default.
    pub previous: Option<ReleaseId>,
    /// What the member was assigned when it was marked. It is another than `previous` where that was the release of a rollout that
    /// was given up, to which nobody wants to go back.
    pub found: Option<ReleaseId>,
}

/// What somebody asks of a rollout that another process holds. That process obeys at its next look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// The rollout it is meant for.
    pub rollout: RolloutId,
    /// What is asked.
    pub verb: Verb,
    /// The wave it was in when it was asked: `promote` of a wave that is over promotes nothing.
    pub wave: u32,
}

/// What may be asked of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Go on to the next wave, whatever the verdict on this one.
    Promote,
    /// Stop, to be resumed.
    Pause,
    /// Stop for good, and leave everything as it is.
    Abort,
    /// Go back to what was before.
    Rollback,
}

/// What a target stores as text.
pub trait Stored: Sized {
    /// The text: JSON with a version, at most [`MAX_STORED`] characters.
    ///
    /// # Errors
    /// When it would be longer.
    fn to_text(&self) -> Result<String, StoredError>;

    /// Reads the text.
    ///
    /// # Errors
    /// When it is not ours, damaged, or written by a later version.
    fn from_text(text: &str) -> Result<Self, StoredError>;
}

/// Why what a target stores cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoredError {
    /// It does not fit.
    #[error("{0} characters are to be stored, and a target holds {MAX_STORED}")]
    TooLong(usize),
    /// It is something else.
    #[error("what the target stores was not written by a rollout: {0}")]
    Malformed(String),
    /// It is of a later version.
    #[error("what the target stores has version {0}, and this one reads version {VERSION}")]
    Later(u32),
}

impl Diagnose for StoredError {
    fn hint(&self) -> Option<std::borrow::Cow<'static, str>> {
        Some(match self {
            Self::TooLong(_) => "names of releases and rollouts are to be shorter".into(),
            Self::Malformed(_) => "somebody has edited it; remove it when no rollout is under way".into(),
            Self::Later(_) => {
                "continue the rollout with the version it was begun with, or a later one".into()
            }
        })
    }
}

const VERSION: u32 = 1;

#[derive(Serialize)]
struct Writes<'a, T> {
    v: u32,
    #[serde(flatten)]
    value: &'a T,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

impl<T: Serialize + DeserializeOwned + IsStored> Stored for T {
    fn to_text(&self) -> Result<String, StoredError> {
        let text = serde_json::to_string(&Writes { v: VERSION, value: self })
            .map_err(|error| StoredError::Malformed(error.to_string()))?;
        let length = text.chars().count();
        if length > MAX_STORED { Err(StoredError::TooLong(length)) } else { Ok(text) }
    }

    fn from_text(text: &str) -> Result<Self, StoredError> {
        let length = text.len();
        // A character has at most four bytes.
        if length > 4 * MAX_STORED {
            return Err(StoredError::TooLong(length));
        }
        let malformed = |error: serde_json::Error| StoredError::Malformed(error.to_string());
        let Version { v } = serde_json::from_str(text).map_err(malformed)?;
        if v != VERSION {
            return Err(StoredError::Later(v));
        }
        serde_json::from_str(text).map_err(malformed)
    }
}

/// Which types a target stores.
trait IsStored {}
impl IsStored for Lease {}
impl IsStored for Record {}
impl IsStored for Mark {}
impl IsStored for Wish {}

/// Whether a member can be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is there.
    Online,
    /// It is not, since then, where the target knows.
    Offline(Option<Time>),
}

/// What a member does with what it is assigned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Update {
    /// Nothing, or it is at it.
    #[default]
    None,
    /// It has the release and is not let to start it.
    Held,
    /// It has refused it, and will not try again.
    Rejected,
}

/// What a target shows of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What it is assigned by itself; `None` when it follows the default.
    pub assigned: Option<ReleaseId>,
    /// What it runs.
    pub running: Option<ReleaseId>,
    /// When it began to, where the target knows.
    pub running_since: Option<Time>,
    /// Since when it has been healthy without a break; `None` when it is not.
    pub healthy_since: Option<Time>,
    /// Whether it can be heard.
    pub presence: Presence,
    /// What it does with what it is assigned.
    pub update: Update,
    /// Somebody has locked it against updates.
    pub locked: bool,
    /// How often it asks what it is assigned.
    pub poll: Duration,
    /// The mark it has.
    pub mark: Option<Mark>,
}

/// What a target shows at one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// When, by the target's clock.
    pub at: Time,
    /// Who may act.
    pub lease: Option<Lease>,
    /// The record of the release that is rolled out.
    pub record: Option<Record>,
    /// The record of the rollout the lease names, when that is another one.
    pub other: Option<Record>,
    /// What members without an assignment follow.
    pub default: Option<ReleaseId>,
    /// Whether the release that is rolled out was withdrawn.
    pub withdrawn: bool,
    /// A release that became final after the one that is rolled out was made.
    pub newer: Option<ReleaseId>,
    /// What somebody asks of the rollout.
    pub wish: Option<Wish>,
    /// All members.
    pub members: BTreeMap<MemberId, Member>,
}

/// A new assignment of one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The member.
    pub member: MemberId,
    /// What it is assigned now: where it is assigned something else, nothing is changed.
    pub from: Option<ReleaseId>,
    /// What it will be assigned; `None` to follow the default.
    pub to: Option<ReleaseId>,
}

/// One call to a target: what a remote service gets as one request, as far as it can.
///
/// Every one may be sent again: it is a look, it sets something to a value, or it is conditional.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// Look at everything.
    Observe,
    /// Ask a check, by its name.
    Check(String),
    /// Take, keep or give back the lease, if the one that is stored has this token.
    Lock {
        /// The token that is stored now.
        expect: Option<u64>,
        /// What is stored then.
        lease: Lease,
    },
    /// Store the record.
    Record(Record),
    /// Mark members.
    Mark(Vec<(MemberId, Mark)>),
    /// Remove the marks of members.
    Unmark(Vec<MemberId>),
    /// Assign releases to members.
    Assign(Vec<Change>),
    /// Make the release the fleet's default.
    Finalize(ReleaseId),
    /// Withdraw the release, so that no member gets it any more. Where it is the default, `previous` becomes that again.
    Withdraw {
        /// The release.
        release: ReleaseId,
        /// What was the default before it.
        previous: Option<ReleaseId>,
        /// Whether the default has to be `previous` then, also where it would become another one by itself.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_exact: bool,
    },
    /// Ask something of the process that holds the lease, or take back what was asked.
    Wish(Option<Wish>),
}

impl Call {
    /// Whether it changes the target.
    #[must_use]
    pub fn changes(&self) -> bool {
        !matches!(self, Self::Observe | Self::Check(_))
    }
}

/// How many members one call may name: what a target takes in one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batches {
    /// Of [`Call::Mark`] and [`Call::Unmark`].
    pub mark: usize,
    /// Of [`Call::Assign`].
    pub assign: usize,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was done, as far as the target says.
    Done,
    /// What was seen, to [`Call::Observe`].
    Seen(Box<Observed>),
    /// What was measured, to [`Call::Check`].
    Sample(Sample),
}

/// What a check measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// From how many samples.
    pub samples: u64,
    /// Whether it is as it should be; `None` when there is no value.
    pub holds: Option<bool>,
    /// The value, for people.
    pub said: String,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// What happened.
    pub failure: Failure,
    /// How long the target asks to wait.
    pub retry_after: Option<Duration>,
    /// What to tell people; without any secret.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            rollout: RolloutId::new("r".repeat(64)),
            release: ReleaseId::new("a".repeat(64)),
            previous: Some(ReleaseId::new("b".repeat(64))),
            strategy: "0".repeat(16),
            members: usize::MAX,
            phase: Phase::RollbackFailed,
            wave: u32::MAX,
            since: Time::from_millis(u64::MAX),
            baking: Some(Time::from_millis(u64::MAX)),
            token: u64::MAX,
            why: None,
            is_asked: false,
        }
    }

    #[test]
    fn the_longest_record_fits_into_a_tag() {
        let record = record().because(&"ü".repeat(5000));
        let text = record.to_text().unwrap();
        assert!(text.chars().count() <= 800, "{}", text.len());
        assert_eq!(Record::from_text(&text).unwrap(), record);
        assert_eq!(record.why.unwrap().chars().count(), MAX_WHY);
    }

    #[test]
    fn a_reason_that_fits_is_kept_whole() {
        let why = "x".repeat(MAX_WHY);
        assert_eq!(record().because(&why).why, Some(why));
    }

    #[test]
    fn what_does_not_fit_or_is_not_ours_is_refused() {
        let long = Record { release: ReleaseId::new("a".repeat(1000)), ..record() };
        assert!(matches!(long.to_text(), Err(StoredError::TooLong(_))));
        for text in ["", "hello", "{}", "[]", "{\"v\":1}", "{\"v\":\"1\"}", "null"] {
            assert!(matches!(Record::from_text(text), Err(StoredError::Malformed(_))), "{text}");
        }
        assert_eq!(Lease::from_text("{\"v\":2}"), Err(StoredError::Later(2)));
        assert!(matches!(Lease::from_text(&" ".repeat(5000)), Err(StoredError::TooLong(_))));
        // As somebody who cuts a tag short leaves it.
        let text = record().to_text().unwrap();
        for end in 0..text.len() {
            assert!(Record::from_text(&text[..end]).is_err());
        }
        for error in [StoredError::TooLong(0), StoredError::Malformed(String::new()), StoredError::Later(2)] {
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn a_lease_is_held_until_it_expires() {
        let lease = Lease {
            token: 7,
            rollout: RolloutId::new("r"),
            holder: Some("job".to_owned()),
            expires: Time::from_millis(1000),
        };
        assert_eq!(lease.held_by(Time::from_millis(999)), Some("job"));
        assert_eq!(lease.held_by(Time::from_millis(1000)), None);
        assert_eq!(Lease { holder: None, ..lease }.held_by(Time::ZERO), None);
    }
}
