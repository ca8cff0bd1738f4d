//! What goes wrong on the way, and what GitHub says when it is asked too often.

use std::convert::Infallible;
use std::time::Duration;

use lw_loopback::{Harm, Visible};

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

/// A limit never lets a request through, whatever a test wants.
impl Harm for Fault {
    fn takes_effect(&self, wanted: bool) -> bool {
        match self {
            Self::Way(fault) => fault.takes_effect(wanted),
            Self::PrimaryLimit { .. } | Self::SecondaryLimit { .. } => false,
        }
    }
}

/// Which requests of those to the API: see [`Stub::answered`](crate::Stub::answered).
pub type When = lw_loopback::When;

/// A fault, and who meets it.
pub type Injection = lw_loopback::Injection<Fault>;

impl Visible for Seen {
    type Host = Infallible;

    fn number(&self) -> usize {
        self.number
    }

    fn method(&self) -> &str {
        &self.method
    }

    fn target(&self) -> &str {
        &self.target
    }
}
