//! What goes wrong on the way, and what GitHub says when it is asked too often.

use std::time::Duration;

use crate::spec::Seen;

/// How an answer goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// On the way.
    Way(lw_loopback::Fault),
    /// The requests of the hour are used up: 403, with the time at which there are new ones.
    PrimaryLimit {
        /// In how long that is.
        resets_in: Duration,
    },
    /// Too many requests in a short time: 403, perhaps with `Retry-After`.
    SecondaryLimit {
        /// How long to wait, where it is said.
        after: Option<Duration>,
    },
}

impl From<lw_loopback::Fault> for Fault {
    fn from(fault: lw_loopback::Fault) -> Self {
        Self::Way(fault)
    }
}

/// Which requests of those to the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// The one of this number, from 1: see [`Stub::answered`](crate::Stub::answered).
    Nth(usize),
    /// The next ones, whichever.
    Next,
    /// Those of this method whose path and query contain this text. An empty method is any.
    Matching {
        /// `PATCH`.
        method: String,
        /// `/issues/comments/`.
        target: String,
    },
}

impl When {
    /// Those of this method whose path and query contain this text.
    #[must_use]
    pub fn at(method: &str, target: &str) -> Self {
        Self::Matching { method: method.to_owned(), target: target.to_owned() }
    }

    pub(crate) fn fits(&self, request: &Seen) -> bool {
        match self {
            Self::Nth(number) => *number == request.number,
            Self::Next => true,
            Self::Matching { method, target } => {
                (method.is_empty() || *method == request.method) && request.target.contains(target)
            }
        }
    }
}

/// A fault, and who meets it.
#[derive(Clone, Debug)]
pub struct Injection {
    /// Which requests.
    pub when: When,
    /// How.
    pub fault: Fault,
    /// Whether the request takes effect all the same, and only its answer is lost. Answers that are cut or slow always do, limits never.
    pub takes_effect: bool,
    /// How often, at most.
    pub times: usize,
}

impl Injection {
    /// Once, and without effect.
    #[must_use]
    pub fn once(when: When, fault: impl Into<Fault>) -> Self {
        Self { when, fault: fault.into(), takes_effect: false, times: 1 }
    }

    /// The request takes effect, and its answer is lost.
    #[must_use]
    pub fn taking_effect(mut self) -> Self {
        self.takes_effect = true;
        self
    }

    /// So many times.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    pub(crate) fn is_done(&self) -> bool {
        match &self.fault {
            Fault::Way(fault) => self.takes_effect || fault.is_of_an_answer(),
            Fault::PrimaryLimit { .. } | Fault::SecondaryLimit { .. } => false,
        }
    }
}
