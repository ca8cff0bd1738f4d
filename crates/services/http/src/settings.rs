//! What a client is made from.

use std::fmt;
use std::time::Duration;

use lw_model::{Class, Diagnose};
use lw_retry::Policy;

/// What a client is made from.
#[derive(Clone)]
pub struct Settings {
    /// What the client calls itself.
    pub user_agent: String,
    /// The proxy for HTTPS: `http://host:port`, perhaps with a name and password. `None` for none.
    pub proxy: Option<String>,
    /// Hosts no proxy is asked for, as in `NO_PROXY`: names and what they end with, separated by commas.
    pub no_proxy: Option<String>,
    /// The certificates to trust, as PEM, instead of those of Mozilla that are built in: the content of `SSL_CERT_FILE`.
    pub certificates: Option<Vec<u8>>,
    /// How long a connection may take, with its TLS.
    pub connect: Duration,
    /// How long nothing may come.
    pub per_read: Duration,
    /// How long one attempt may take altogether; `None` for a stream that goes on as long as something comes.
    pub total: Option<Duration>,
    /// The longest body that is read as a whole, in bytes.
    pub max_body: u64,
    /// How requests are repeated.
    pub retry: Policy,
    /// Where the jitter of the waits comes from.
    pub seed: u64,
}

impl Default for Settings {
    /// Ten seconds to connect, thirty without a byte, two minutes altogether, 32 MiB.
    fn default() -> Self {
        Self {
            user_agent: concat!("lw-actions/", env!("CARGO_PKG_VERSION")).to_owned(),
            proxy: None,
            no_proxy: None,
            certificates: None,
            connect: Duration::from_secs(10),
            per_read: Duration::from_secs(30),
            total: Some(Duration::from_secs(120)),
            max_body: 32 << 20,
            retry: Policy::default(),
            seed: 0,
        }
    }
}

impl Settings {
    /// The defaults, with the proxies the environment names; `variable` reads it.
    ///
    /// `HTTPS_PROXY`, then `ALL_PROXY`, each in capitals or not, as curl has them. `HTTP_PROXY` is for HTTP, which leaves this machine never.
    /// The file `SSL_CERT_FILE` names is the caller's to read.
    #[must_use]
    pub fn from_environment(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let first =
            |names: &[&str]| names.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()));
        Self {
            proxy: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            no_proxy: first(&["no_proxy", "NO_PROXY"]),
            ..Self::default()
        }
    }
}

impl fmt::Debug for Settings {
    /// Without the proxy, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("user_agent", &self.user_agent)
            .field("proxy", &self.proxy.is_some())
            .field("connect", &self.connect)
            .field("per_read", &self.per_read)
            .field("total", &self.total)
            .field("max_body", &self.max_body)
            .finish_non_exhaustive()
    }
}

/// Why there is no client with these settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The proxy is no address of one. It is not repeated, since it may hold a password.
    #[error("the proxy is no address of the form http://host:port")]
    Proxy,
    /// A certificate cannot be read.
    #[error("certificate {0} of those to trust is damaged")]
    Certificate(usize),
    /// There is none.
    #[error("there is no certificate among those to trust")]
    NoCertificate,
}

impl Diagnose for SettingsError {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<std::borrow::Cow<'static, str>> {
        Some(match self {
            Self::Proxy => "see HTTPS_PROXY and ALL_PROXY; proxies that speak SOCKS are not supported".into(),
            Self::Certificate(_) | Self::NoCertificate => {
                "SSL_CERT_FILE names a file of certificates as PEM".into()
            }
        })
    }
}
