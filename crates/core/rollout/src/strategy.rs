//! How a rollout goes: steps, limits, checks, and what is done when.

use std::collections::BTreeSet;
use std::time::Duration;

use lw_model::{Class, Diagnose};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::words::{Share, seconds};

/// How a rollout goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strategy {
    /// The waves: ever more of the cohort, the last one all of it.
    pub steps: Vec<Step>,
    /// More than this share of a wave's members failed, or of all that have the release: the rollout has failed.
    pub max_failed: Share,
    /// With fewer members that passed or failed than this there is no verdict on a wave; at least 1.
    pub min_samples: usize,
    /// With too few of them, when the wave has come to its end.
    pub on_no_data: Missing,
    /// A member that has downloaded the release and is not let to start it, at its deadline.
    pub on_held: OnHeld,
    /// The least time a member gets to run the release.
    #[serde(with = "seconds")]
    pub member_timeout: Duration,
    /// A member gets two of its polls and this long to download, when that is more than `member_timeout`.
    #[serde(with = "seconds")]
    pub download: Duration,
    /// What is asked about the whole, from the first assignment on.
    pub checks: Vec<Check>,
    /// When a wave has failed.
    pub on_failure: Reaction,
    /// When the run is cancelled.
    pub on_cancel: Reaction,
    /// How long a rollback may take.
    #[serde(with = "seconds")]
    pub rollback_within: Duration,
    /// How long to wait for data that [`Missing::Wait`] waits for, and for a target that does not answer.
    #[serde(with = "seconds")]
    pub patience: Duration,
    /// How long nobody else may act when this process is gone.
    #[serde(with = "seconds")]
    pub lease: Duration,
    /// How often the target is looked at.
    #[serde(with = "seconds")]
    pub look_every: Duration,
}

/// One wave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// How much of the cohort has the release then, earlier waves included.
    pub share: Share,
    /// How long all has to be well before the next wave.
    #[serde(with = "seconds")]
    pub bake: Duration,
}

/// A question about the whole, which the caller asks of whoever knows: a rate of errors, a page that answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// How often it is asked.
    #[serde(with = "seconds")]
    pub every: Duration,
    /// How many failures without a pass between them count as one; at least 1.
    pub in_a_row: u32,
    /// An answer from fewer samples than this is none.
    pub min_samples: u64,
    /// When it has failed so often.
    pub on_fail: OnFail,
    /// When there is no data at the end of a bake.
    pub on_no_data: Missing,
    /// When it cannot be asked at the end of a bake.
    pub on_error: Missing,
}

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reaction {
    /// Everything goes back.
    RollBack,
    /// Everything stays as it is, for a person to decide.
    Pause,
}

/// What follows from a check that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFail {
    /// Everything goes back.
    RollBack,
    /// Everything stays as it is, for a person to decide.
    Pause,
    /// It is told, and the rollout goes on.
    Report,
}

/// What follows when there is nothing to judge by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// Wait for some, as long as `patience`, then pause.
    Wait,
    /// As if it had passed.
    Pass,
    /// As if it had failed.
    Fail,
    /// Everything stays as it is, for a person to decide.
    Pause,
}

/// What becomes of a member that holds the release and does not start it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnHeld {
    /// It is told and not counted.
    Report,
    /// It has failed.
    Fail,
}

impl Default for Strategy {
    /// 5, 25, 50 and 100 %, each baking for 15 minutes; a rollback of half an hour, since a member hears of it at its next poll.
    fn default() -> Self {
        let step = |share| Step { share, bake: Duration::from_secs(900) };
        Self {
            steps: [500, 2500, 5000, 10_000]
                .into_iter()
                .filter_map(|share| Share::try_from(share).ok())
                .map(step)
                .collect(),
            max_failed: Share::NONE,
            min_samples: 1,
            on_no_data: Missing::Pause,
            on_held: OnHeld::Report,
            member_timeout: Duration::from_secs(1200),
            download: Duration::from_secs(600),
            checks: Vec::new(),
            on_failure: Reaction::RollBack,
            on_cancel: Reaction::Pause,
            rollback_within: Duration::from_secs(1800),
            patience: Duration::from_secs(900),
            lease: Duration::from_secs(300),
            look_every: Duration::from_secs(30),
        }
    }
}

/// Why a strategy cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StrategyError {
    /// There are no steps.
    #[error("the strategy has no steps")]
    NoSteps,
    /// A step is not more than the one before.
    #[error("step {0} is {1}, which is not more than the step before")]
    NotMore(usize, Share),
    /// The last step leaves somebody out.
    #[error("the last step is {0}, not 100 %")]
    NotAll(Share),
    /// A number that has to be at least 1 is 0.
    #[error("`{0}` is 0")]
    Zero(&'static str),
    /// Two checks have one name.
    #[error("two checks are named `{0}`")]
    Twice(String),
}

impl Diagnose for StrategyError {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<std::borrow::Cow<'static, str>> {
        let hint = match self {
            Self::NoSteps => "say in which steps, such as 5, 25, 50, 100",
            Self::NotMore(..) => "each step says how much has the release then, so the numbers grow",
            Self::NotAll(_) => "end with 100: finalizing gives the release to everybody anyway",
            Self::Zero(_) => "use 1 or more",
            Self::Twice(_) => "a check is known by its name",
        };
        Some(hint.into())
    }
}

impl Strategy {
    /// Whether it makes sense.
    ///
    /// # Errors
    /// The first thing that does not.
    pub fn check(&self) -> Result<(), StrategyError> {
        let last = self.steps.last().ok_or(StrategyError::NoSteps)?;
        let mut before = Share::NONE;
        for (index, step) in self.steps.iter().enumerate() {
            if step.share <= before {
                return Err(StrategyError::NotMore(index + 1, step.share));
            }
            before = step.share;
        }
        if last.share != Share::ALL {
            return Err(StrategyError::NotAll(last.share));
        }
        let spans = [
            ("lease", self.lease),
            ("look-every", self.look_every),
            ("rollback-within", self.rollback_within),
        ];
        if let Some((name, _)) = spans.iter().find(|(_, span)| span.is_zero()) {
            return Err(StrategyError::Zero(name));
        }
        if self.min_samples == 0 {
            return Err(StrategyError::Zero("min-samples"));
        }
        let mut names = BTreeSet::new();
        for check in &self.checks {
            if check.in_a_row == 0 || check.every.is_zero() {
                return Err(StrategyError::Zero(if check.in_a_row == 0 { "in-a-row" } else { "every" }));
            }
            if !names.insert(&check.name) {
                return Err(StrategyError::Twice(check.name.clone()));
            }
        }
        Ok(())
    }

    /// Sixteen hexadecimal digits that change with anything in it: a rollout is continued by the strategy it began with.
    #[must_use]
    pub fn digest(&self) -> String {
        // Serialising plain data to memory does not fail; were it to, no other strategy has this digest either.
        let text = serde_json::to_vec(self).unwrap_or_default();
        hexadecimal(&Sha256::digest(&text), 8)
    }

    /// How long wave `wave` (from 1) bakes.
    #[must_use]
    pub fn bake(&self, wave: u32) -> Duration {
        let index = usize::try_from(wave).unwrap_or(usize::MAX).wrapping_sub(1);
        self.steps.get(index).map_or(Duration::ZERO, |step| step.bake)
    }
}

/// The first bytes as hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8], most: usize) -> String {
    bytes.iter().take(most).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_makes_sense_and_each_slip_is_named() {
        let good = Strategy::default();
        assert_eq!(good.check(), Ok(()));
        let wrong = |change: &dyn Fn(&mut Strategy)| {
            let mut strategy = good.clone();
            change(&mut strategy);
            assert_ne!(strategy.digest(), good.digest());
            let error = strategy.check().unwrap_err();
            assert!(error.hint().is_some());
            error
        };
        assert_eq!(wrong(&|s| s.steps.clear()), StrategyError::NoSteps);
        assert_eq!(wrong(&|s| s.steps.swap(0, 1)), StrategyError::NotMore(2, Share::percent(5).unwrap()));
        assert_eq!(wrong(&|s| s.steps[0].share = Share::NONE), StrategyError::NotMore(1, Share::NONE));
        assert_eq!(wrong(&|s| s.steps.truncate(3)), StrategyError::NotAll(Share::percent(50).unwrap()));
        assert_eq!(wrong(&|s| s.min_samples = 0), StrategyError::Zero("min-samples"));
        assert_eq!(wrong(&|s| s.lease = Duration::ZERO), StrategyError::Zero("lease"));
        assert_eq!(wrong(&|s| s.rollback_within = Duration::ZERO), StrategyError::Zero("rollback-within"));
        assert_eq!(wrong(&|s| s.look_every = Duration::ZERO), StrategyError::Zero("look-every"));
        let check = Check {
            name: "errors".to_owned(),
            every: Duration::from_secs(60),
            in_a_row: 3,
            min_samples: 100,
            on_fail: OnFail::RollBack,
            on_no_data: Missing::Wait,
            on_error: Missing::Wait,
        };
        assert_eq!(
            wrong(&|s| s.checks = vec![check.clone(), check.clone()]),
            StrategyError::Twice("errors".to_owned())
        );
        assert_eq!(
            wrong(&|s| s.checks = vec![Check { in_a_row: 0, ..check.clone() }]),
            StrategyError::Zero("in-a-row")
        );
        assert_eq!(
            wrong(&|s| s.checks = vec![Check { every: Duration::ZERO, ..check.clone() }]),
            StrategyError::Zero("every")
        );
    }
}
