//! Rollouts in waves: what to do next, given what a fleet looks like, and back again.
//!
//! The engine decides and does nothing. [`Engine::next`] says what is to be done now: make one [`Call`] to the target, wait, or end;
//! [`Engine::told`] hears what came of the call. Targets, clocks and journals are the caller's, behind [`Target`] and [`Host`] when it
//! uses [`drive`].
//!
//! # What a target is
//! Members that each run a release: devices, server groups, or the hundred parts of a router's traffic. A member may be *assigned* a
//! release of its own, or follow the fleet's *default*. A rollout assigns a release to ever more members, then makes it the default.
//!
//! # Where the state lives
//! In the target, nowhere else: a runner that is lost takes its disk along. A target stores a [`Lease`], one [`Record`] per
//! rollout, and a [`Mark`] per member, which says which wave the member is in and what it was assigned before. All marks are written
//! before the first assignment, so what is needed to go back is in the target before anything changes. The
//! [`journal`] is for people; the engine never reads it.
//!
//! # Why a wave is applied once
//! Everything the engine decides follows from a look at the target, and everything it changes is conditional on what it saw: an
//! assignment names the release it replaces. A process that is killed before, during or after a call leaves a target whose next
//! look shows what was done, and the remaining part of the decision is the same one. An answer that says "done" is believed only until the
//! next look: no phase ends before the target has been read back.

mod drive;
mod engine;
pub mod journal;
mod outcome;
mod phases;
mod plan;
mod rehearse;
mod strategy;
mod target;
mod verdict;
mod words;

pub use drive::{Host, Target, drive};
pub use engine::{Command, Engine, Request, Step};
pub use outcome::{EXIT_CODES, Left, Outcome};
pub use plan::{Excluded, Plan, Refusal, Wave};
pub use rehearse::rehearse;
pub use strategy::{Check, Missing, OnFail, OnHeld, Reaction, Step as StrategyStep, Strategy, StrategyError};
pub use target::{
    Answer, Batches, Call, CallError, Change, Lease, MAX_STORED, Mark, Member, Observed, Phase, Presence,
    Record, Sample, Stored, StoredError, Update, Verb, Wish,
};
pub use verdict::{CheckOutcome, Failed, Standing, Tally, Verdict, standing};
pub use words::{MemberId, ReleaseId, RolloutId, Share, ShareError, Time};
