//! Who is in which wave, and whether there is a way back.

use std::collections::BTreeMap;
use std::fmt;

use lw_model::lists::sort_by;
use lw_model::{Class, Diagnose};
use sha2::{Digest, Sha256};

use crate::engine::Request;
use crate::strategy::StrategyError;
use crate::target::{Mark, Member, Observed, Phase, Presence, StoredError};
use crate::words::{MemberId, ReleaseId, RolloutId, Share};

/// Who is in which wave, and what each goes back to. Made from one look, and the same for the same look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The rollout.
    pub rollout: RolloutId,
    /// What it rolls out.
    pub release: ReleaseId,
    /// The fleet's default before it: what preceded the rollout before, where that one was given up.
    pub previous: Option<ReleaseId>,
    /// The waves that have members.
    pub waves: Vec<Wave>,
    /// What is stored of each member of the cohort.
    pub marks: BTreeMap<MemberId, Mark>,
    /// Who is in no wave. Finalizing gives the release to them as well, but to those pinned by hand.
    pub excluded: Vec<(MemberId, Excluded)>,
    /// What to tell people before it begins.
    pub notes: Vec<String>,
}

/// One wave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wave {
    /// The number of its step, from 1.
    pub number: u32,
    /// The share its step asks for.
    pub share: Share,
    /// The members that get the release with it.
    pub members: Vec<MemberId>,
    /// How many have the release then, earlier waves included.
    pub so_far: usize,
}

/// Why a member is in no wave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excluded {
    /// It cannot be heard, so it could neither pass nor fail.
    Offline,
    /// Somebody has locked it against updates.
    Locked,
    /// Somebody has assigned it something by hand, and means it.
    Pinned,
}

impl fmt::Display for Excluded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Offline => "offline",
            Self::Locked => "locked against updates",
            Self::Pinned => "pinned by hand",
        })
    }
}

/// Why a rollout is not begun, or not continued like this.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The strategy makes no sense.
    #[error(transparent)]
    Strategy(#[from] StrategyError),
    /// What has to be stored does not fit, or what is stored cannot be read.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// There is nothing to go back to.
    #[error(
        "there is no release to go back to: the fleet has no default, and {0} members have no assignment"
    )]
    NoPrevious(usize),
    /// No member can be in a wave.
    #[error(
        "no member can be in a wave: of {members} members, {offline} are offline, {locked} locked and {pinned} pinned by hand"
    )]
    EmptyCohort {
        /// All members.
        members: usize,
        /// Of them, offline.
        offline: usize,
        /// Of them, locked.
        locked: usize,
        /// Of them, pinned by hand.
        pinned: usize,
    },
    /// The release is the fleet's default already.
    #[error("the fleet has this release already: there is nothing left to do in waves")]
    AlreadyLive,
    /// The release was withdrawn.
    #[error("the release was withdrawn")]
    Withdrawn,
    /// Something newer is out.
    #[error("{0} is newer, and final: finalizing an older release changes nothing")]
    Newer(ReleaseId),
    /// There is no rollout of this release.
    #[error("there is no rollout of this release")]
    NothingThere,
    /// It has come to an end in which this cannot be done.
    #[error("the rollout is {0}")]
    Over(Phase),
    /// A fleet does not go back from one release under the feet of the rollout of another one.
    #[error("the rollout {0} is under way in this fleet")]
    UnderWay(RolloutId),
    /// The fleet has another release: there is no default to be given back.
    #[error("the fleet does not have this release: its members go back to what each of them had")]
    NotLive,
    /// The strategy is another one than the one it was begun with.
    #[error("the rollout was begun with another strategy ({began}, and this one is {now})")]
    OtherStrategy {
        /// The digest it was begun with.
        began: String,
        /// The digest of the one that is given.
        now: String,
    },
}

impl Diagnose for Refusal {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<std::borrow::Cow<'static, str>> {
        let hint = match self {
            Self::Strategy(error) => return error.hint(),
            Self::Stored(error) => return error.hint(),
            Self::NoPrevious(_) => {
                "say that it is the first release with --first; a rollback leaves these members without one then"
            }
            Self::EmptyCohort { .. } => "wait until members are online, or roll out without waves",
            Self::AlreadyLive => "a release has to be a draft when its rollout begins",
            Self::Withdrawn => "make it valid again, or roll out another one",
            Self::Newer(_) => "roll out a newer one",
            Self::NothingThere => "begin one with `apply`",
            Self::Over(_) => "begin another one with `apply`, and --again if it is to be the same release",
            Self::UnderWay(_) => "roll that back or end it first",
            Self::NotLive => "roll it back without --to",
            Self::OtherStrategy { .. } => {
                "put the strategy back to continue, or end the rollout with `rollback` or `abort`"
            }
        };
        Some(hint.into())
    }
}

/// What a member goes back to, and whether it is assigned something by hand.
fn previous_of(member: &Member) -> Result<Option<ReleaseId>, Excluded> {
    match &member.mark {
        // Of a rollout that was given up: what it assigned is nobody's wish any more.
        Some(mark)
            if member.assigned.as_ref() == Some(&mark.release)
                || member.assigned == mark.previous
                || member.assigned == mark.found =>
        {
            Ok(mark.previous.clone())
        }
        _ if member.assigned.is_some() => Err(Excluded::Pinned),
        _ => Ok(None),
    }
}

impl Plan {
    /// Plans the rollout of a release, as one look at the target shows it.
    ///
    /// `attempt` is how often this release was rolled out before, so that another attempt has another canary.
    ///
    /// # Errors
    /// When it could not be begun, or could not be rolled back.
    pub fn new(request: &Request, look: &Observed, attempt: u32) -> Result<Self, Refusal> {
        request.strategy.check()?;
        if look.withdrawn {
            return Err(Refusal::Withdrawn);
        }
        if look.default.as_ref() == Some(&request.release) {
            return Err(Refusal::AlreadyLive);
        }
        if let Some(newer) = &look.newer {
            return Err(Refusal::Newer(newer.clone()));
        }
        let rollout = RolloutId::new(format!("{}.{}", request.release, attempt + 1));
        let (cohort, excluded) = cohort(request, look, &rollout);
        let of = |why| excluded.iter().filter(|(_, reason)| *reason == why).count();
        if cohort.is_empty() {
            return Err(Refusal::EmptyCohort {
                members: look.members.len(),
                offline: of(Excluded::Offline),
                locked: of(Excluded::Locked),
                pinned: of(Excluded::Pinned),
            });
        }
        let previous = match &look.other {
            Some(other) if !other.phase.is_over() && look.default.as_ref() == Some(&other.release) => {
                other.previous.clone()
            }
            _ => look.default.clone(),
        };
        let without = cohort.iter().filter(|(_, previous)| previous.is_none()).count();
        if previous.is_none() && without > 0 && !request.first {
            return Err(Refusal::NoPrevious(without));
        }
        let left_over = |(id, why): &&(MemberId, Excluded)| {
            *why != Excluded::Pinned && look.members.get(id).is_some_and(|member| member.assigned.is_some())
        };
        let left_over = excluded.iter().filter(left_over).count();
        let mut plan = Self {
            rollout,
            release: request.release.clone(),
            previous,
            waves: Vec::new(),
            marks: BTreeMap::new(),
            excluded,
            notes: Vec::new(),
        };
        plan.fill(request, look, cohort);
        if left_over > 0 {
            plan.notes.push(format!(
                "{left_over} that are in no wave are still assigned the release of a rollout that was given up, and stay so"
            ));
        }
        Ok(plan)
    }

    fn fill(&mut self, request: &Request, look: &Observed, cohort: Vec<(MemberId, Option<ReleaseId>)>) {
        let whole = cohort.len();
        let mut rest = cohort.into_iter();
        let mut so_far = 0;
        for (number, step) in (1..).zip(&request.strategy.steps) {
            let wanted = step.share.of(whole);
            let members: Vec<_> = rest.by_ref().take(wanted - so_far).collect();
            if members.is_empty() {
                self.notes
                    .push(format!("step {number} of {} adds nobody to {so_far} of {whole}", step.share));
                continue;
            }
            so_far = wanted;
            let exact = Share::ratio(so_far, whole);
            if exact != step.share {
                self.notes.push(format!(
                    "step {number} of {} is {so_far} of {whole}, which is {exact}",
                    step.share
                ));
            }
            if members.len() < request.strategy.min_samples {
                self.notes.push(format!(
                    "wave {number} has {} and a verdict needs {}: it will have none",
                    members.len(),
                    request.strategy.min_samples
                ));
            }
            let names = members.iter().map(|(member, _)| member.clone()).collect();
            self.waves.push(Wave { number, share: step.share, members: names, so_far });
            self.marks.extend(members.into_iter().map(|(member, previous)| {
                let (rollout, release) = (self.rollout.clone(), self.release.clone());
                let found = look.members.get(&member).and_then(|member| member.assigned.clone());
                (member, Mark { rollout, release, wave: number, previous, found })
            }));
        }
        let left_out = self.excluded.iter().filter(|(_, why)| *why != Excluded::Pinned).count();
        if left_out > 0 {
            self.notes.push(format!(
                "finalizing gives the release to {left_out} more that are in no wave, as soon as they can take it"
            ));
        }
    }
}

/// The cohort in the order of its waves, with what each goes back to, and who is not in it.
type Cohort = (Vec<(MemberId, Option<ReleaseId>)>, Vec<(MemberId, Excluded)>);

fn cohort(request: &Request, look: &Observed, rollout: &RolloutId) -> Cohort {
    let mut cohort = Vec::new();
    let mut excluded = Vec::new();
    for (id, member) in &look.members {
        let previous = match previous_of(member) {
            Ok(previous) => previous,
            Err(why) => {
                excluded.push((id.clone(), why));
                continue;
            }
        };
        if member.presence != Presence::Online {
            excluded.push((id.clone(), Excluded::Offline));
        } else if member.locked {
            excluded.push((id.clone(), Excluded::Locked));
        } else {
            cohort.push((place(request, rollout, id), id.clone(), previous));
        }
    }
    sort_by(&mut cohort, Ord::cmp);
    (cohort.into_iter().map(|(_, id, previous)| (id, previous)).collect(), excluded)
}

/// Where in the order a member is: by a hash of its name and the rollout's, so that not always the same are the first.
fn place(request: &Request, rollout: &RolloutId, member: &MemberId) -> Option<[u8; 32]> {
    if request.in_order {
        return None;
    }
    let mut hash = Sha256::new();
    for part in [request.fleet.as_str(), rollout.as_str(), member.as_str()] {
        // With its length, so that no two triples are one text.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    Some(hash.finalize().into())
}
