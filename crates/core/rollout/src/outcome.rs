//! How a process ends, and what it leaves to be done.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::Refusal;
use crate::words::{MemberId, ReleaseId, Time};

/// How a process ends. The rollout itself may go on in another one; see [`Phase`](crate::Phase).
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Everybody has the release.
    Succeeded,
    /// It went back, and nobody has the release. Also when that was so before and nothing was sent.
    RolledBack {
        /// What decided.
        why: String,
        /// Members that are offline: they were assigned what they had, and take it up when they are back.
        pending: Vec<MemberId>,
    },
    /// It could not go back in time.
    RollbackFailed {
        /// What decided that it had to go back.
        why: String,
        /// What a person has to do.
        left: Vec<Left>,
    },
    /// It stands still until a person goes on with it.
    Paused {
        /// What it waits for.
        why: String,
        /// Whether a decision is needed: `promote`, `rollback` or `abort`; else `resume` goes on.
        decision: bool,
    },
    /// A person has ended it where it was.
    Aborted,
    /// Another process holds the lease.
    LockHeld {
        /// Which.
        holder: String,
        /// When it may be taken over.
        expires: Time,
    },
    /// Another process holds the lease, and was asked.
    Asked,
    /// Something newer has taken its place: a release, or a rollout.
    Superseded {
        /// What.
        by: String,
    },
    /// It goes on when `resume` is called: the process was not to wait, or its time was over, or it was cancelled.
    InProgress {
        /// What was waited for.
        why: String,
    },
    /// It was not begun, or cannot be continued like this.
    Refused(Refusal),
    /// The target does not answer. Everything stays as it is, and `resume` goes on.
    Unreachable {
        /// What it said, or did not.
        why: String,
    },
}

/// The exit codes of a rollout's own, for `lw_cli::Tool::EXIT_CODES`; the others are those of every tool.
pub const EXIT_CODES: &[(u8, &str)] = &[
    (10, "rolled back: every member that can be heard runs what it ran before"),
    (11, "rollback failed: something is left to be done by hand"),
    (12, "paused: a person has to resume it, or to decide"),
    (13, "lock held: another process is at it"),
    (14, "superseded: something newer has taken its place"),
    (15, "in progress: resume goes on with it"),
    (16, "aborted: a person ended it where it was"),
];

impl Outcome {
    /// Its exit code: 0, one of [`EXIT_CODES`], or one that every tool has (2 refused, 4 the target does not answer).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Succeeded | Self::Asked => 0,
            Self::Refused(_) => 2,
            Self::Unreachable { .. } => 4,
            Self::RolledBack { .. } => 10,
            Self::RollbackFailed { .. } => 11,
            Self::Paused { .. } => 12,
            Self::LockHeld { .. } => 13,
            Self::Superseded { .. } => 14,
            Self::InProgress { .. } => 15,
            Self::Aborted => 16,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Succeeded => f.write_str("succeeded"),
            Self::RolledBack { why, pending } if pending.is_empty() => write!(f, "rolled back: {why}"),
            Self::RolledBack { why, pending } => {
                write!(f, "rolled back: {why}; {} offline will follow when they are back", pending.len())
            }
            Self::RollbackFailed { why, left } => {
                write!(
                    f,
                    "rollback failed: {} left to be done by hand; it was to go back because {why}",
                    left.len()
                )
            }
            Self::Paused { why, decision: true } => write!(f, "waiting for a decision: {why}"),
            Self::Paused { why, decision: false } => write!(f, "paused: {why}"),
            Self::Aborted => f.write_str("aborted"),
            Self::LockHeld { holder, .. } => write!(f, "{holder} is at it"),
            Self::Asked => f.write_str("the process that is at it was asked"),
            Self::Superseded { by } => write!(f, "superseded by {by}"),
            Self::InProgress { why } => write!(f, "in progress: {why}"),
            Self::Refused(refusal) => write!(f, "refused: {refusal}"),
            Self::Unreachable { why } => write!(f, "the target does not answer: {why}"),
        }
    }
}

/// What a rollback leaves to be done by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Left {
    /// The member is still assigned the release.
    Assign {
        /// The member.
        member: MemberId,
        /// What to assign it; `None` to let it follow the default.
        to: Option<ReleaseId>,
    },
    /// The member is assigned what it was, and does not run it.
    Runs {
        /// The member.
        member: MemberId,
        /// What it should run, where that is known.
        expected: Option<ReleaseId>,
    },
    /// The release is still the fleet's default; this was it before.
    Default(Option<ReleaseId>),
    /// The release is not withdrawn.
    Withdraw(ReleaseId),
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Assign { member, to: Some(to) } => write!(f, "assign {to} to {member}"),
            Self::Assign { member, to: None } => write!(f, "remove the assignment of {member}"),
            Self::Runs { member, expected: Some(expected) } => {
                write!(f, "see to it that {member} runs {expected}")
            }
            Self::Runs { member, expected: None } => write!(f, "see to it that {member} runs what it ran"),
            Self::Default(Some(previous)) => write!(f, "make {previous} the fleet's default again"),
            Self::Default(None) => f.write_str("give the fleet another default"),
            Self::Withdraw(release) => write!(f, "withdraw {release}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_the_exit_code_that_is_documented() {
        let why = String::new;
        let own = [
            (10, Outcome::RolledBack { why: why(), pending: Vec::new() }),
            (11, Outcome::RollbackFailed { why: why(), left: Vec::new() }),
            (12, Outcome::Paused { why: why(), decision: true }),
            (13, Outcome::LockHeld { holder: why(), expires: Time::ZERO }),
            (14, Outcome::Superseded { by: why() }),
            (15, Outcome::InProgress { why: why() }),
            (16, Outcome::Aborted),
        ];
        assert_eq!(own.len(), EXIT_CODES.len());
        for ((code, outcome), (documented, _)) in own.iter().zip(EXIT_CODES) {
            assert_eq!((outcome.exit_code(), *code), (*documented, *documented), "{outcome}");
        }
        assert_eq!(Outcome::Succeeded.exit_code(), 0);
        assert_eq!(Outcome::Refused(Refusal::AlreadyLive).exit_code(), 2);
        assert_eq!(Outcome::Unreachable { why: why() }.exit_code(), 4);
    }
}
