//! What goes wrong on the way.

pub use lw_loopback::Fault;

use crate::spec::{Host, Seen};

/// Which requests meet a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// The one of this number, from 1, over both hosts and since the start: see [`Stub::answered`](crate::Stub::answered).
    Nth(usize),
    /// The next ones, whichever.
    Next,
    /// Those of this method whose path and query, percent-encoding undone, contain this text. An empty method is any.
    Matching {
        /// `PATCH`.
        method: String,
        /// `/v7/device`.
        target: String,
    },
    /// Those to this host.
    Host(Host),
}

/// A fault, and who meets it.
#[derive(Clone, Debug)]
pub struct Injection {
    /// Which requests.
    pub when: When,
    /// How.
    pub fault: Fault,
    /// Whether the request takes effect all the same, and only its answer is lost. `Truncated` and `Slow` always do.
    pub takes_effect: bool,
    /// How often, at most.
    pub times: usize,
}

impl Injection {
    /// Once, at the request of this number, and without effect.
    #[must_use]
    pub fn nth(number: usize, fault: Fault) -> Self {
        Self { when: When::Nth(number), fault, takes_effect: false, times: 1 }
    }

    /// Once, at the next request of this method to a path and query with this text, and without effect.
    #[must_use]
    pub fn at(method: &str, target: &str, fault: Fault) -> Self {
        let when = When::Matching { method: method.to_owned(), target: target.to_owned() };
        Self { when, fault, takes_effect: false, times: 1 }
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

    pub(crate) fn meets(&self, request: &Seen) -> bool {
        self.times > 0
            && match &self.when {
                When::Nth(number) => *number == request.number,
                When::Next => true,
                When::Matching { method, target } => {
                    (method.is_empty() || *method == request.method) && request.target.contains(target)
                }
                When::Host(host) => *host == request.host,
            }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.takes_effect || self.fault.is_of_an_answer()
    }
}
