//! What goes wrong on the way.

pub use lw_loopback::Fault;
use lw_loopback::Visible;

use crate::spec::{Host, Seen};

/// Which requests meet a fault, of those to either host: see [`Stub::answered`](crate::Stub::answered). Percent-encoding is undone in what
/// they are matched by.
pub type When = lw_loopback::When<Host>;

/// A fault, and who meets it.
pub type Injection = lw_loopback::Injection<Fault, Host>;

impl Visible for Seen {
    type Host = Host;

    fn number(&self) -> usize {
        self.number
    }

    fn method(&self) -> &str {
        &self.method
    }

    fn target(&self) -> &str {
        &self.target
    }

    fn host(&self) -> Option<&Host> {
        Some(&self.host)
    }
}
