//! What a tool needs of its run to talk to a network: which proxy, which certificates, how long the run has taken.
//!
//! The edge (`lw-cli`) knows the environment and no network, the client (`lw-http`) a network and no environment: they meet here, once
//! for all tools.

use std::path::Path;
use std::time::Duration;

use lw_cli::{Clock, Context, Error, Woken};
use lw_http::{Client, Settings, Waiting};

/// What a client is made from in this run: the proxies it names, and the certificates of `SSL_CERT_FILE`. The tool has to be
/// [`ONLINE`](lw_cli::Tool::ONLINE), which declares these variables; for any other there are none.
///
/// # Errors
/// When `SSL_CERT_FILE` names a file that cannot be read.
pub fn settings(cx: &Context) -> Result<Settings, Error> {
    let mut settings = Settings::from_environment(&|name| cx.variable(name));
    if let Some(path) = cx.variable("SSL_CERT_FILE") {
        settings.certificates = Some(cx.open(Path::new(&path))?.to_vec());
    }
    settings.seed = cx.now();
    Ok(settings)
}

/// A client with these settings.
///
/// # Errors
/// Also when the proxy or a certificate cannot be used.
pub fn client(cx: &Context) -> Result<Client, Error> {
    Ok(Client::new(settings(cx)?)?)
}

/// Waits by the clock of the run; nobody waits any more once somebody wants it to stop.
#[derive(Clone, Debug)]
pub struct Patience(Clock);

impl Patience {
    /// By the clock of this run.
    #[must_use]
    pub fn of(cx: &Context) -> Self {
        Self(cx.clock().clone())
    }
}

impl Waiting for Patience {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn wait(&mut self, span: Duration) -> bool {
        self.0.sleep(span) == Woken::Time
    }
}
