//! A connection to a fleet.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lw_balena::{Api, Endpoints, Fleet, Release, ServerTime, Waiting};
use lw_cli::{Clock, Context, Error, Variable, Woken};
use lw_http::{Client, Settings};
use lw_secret::SecretSource;

use crate::args::Where;

/// The variables that say where Balena is and how to get there.
pub(crate) const VARIABLES: &[Variable] = &[
    Variable { name: "BALENARC_API_URL", description: "Address of the API, as balena-cli reads it" },
    Variable { name: "BALENARC_BUILDER_URL", description: "Address of the builder, as balena-cli reads it" },
    Variable { name: "HTTPS_PROXY", description: "Proxy, as curl reads it" },
    Variable { name: "https_proxy", description: "Proxy, as curl reads it" },
    Variable { name: "ALL_PROXY", description: "Proxy where HTTPS_PROXY names none" },
    Variable { name: "all_proxy", description: "Proxy where HTTPS_PROXY names none" },
    Variable { name: "NO_PROXY", description: "Hosts no proxy is asked for" },
    Variable { name: "no_proxy", description: "Hosts no proxy is asked for" },
    Variable { name: "SSL_CERT_FILE", description: "File of certificates to trust, as OpenSSL reads it" },
];

/// Waits by the clock of the run; nobody waits any more once somebody wants it to stop.
pub(crate) struct Patience(pub(crate) Clock);

impl Waiting for Patience {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn wait(&mut self, span: Duration) -> bool {
        self.0.sleep(span) == Woken::Time
    }
}

/// A fleet, and the Balena it is in.
pub(crate) struct Connection {
    pub(crate) api: Arc<Api>,
    pub(crate) fleet: Fleet,
    pub(crate) patience: Patience,
}

impl Connection {
    /// Looks whose the token is, then for the fleet.
    pub(crate) fn open(at: &Where, cx: &Context) -> Result<Self, Error> {
        let slug = at.fleet.as_deref().map(str::trim).filter(|slug| !slug.is_empty());
        let slug =
            slug.ok_or_else(|| Error::usage("no fleet is named").hint("give --fleet organization/fleet"))?;
        let mut endpoints = Endpoints::of(&at.environment);
        if let Some(url) = cx.variable("BALENARC_API_URL") {
            endpoints.api = url;
        }
        if let Some(url) = cx.variable("BALENARC_BUILDER_URL") {
            endpoints.builder = url;
        }
        let mut settings = Settings::from_environment(&|name| cx.variable(name));
        if let Some(path) = cx.variable("SSL_CERT_FILE") {
            settings.certificates = Some(cx.open(Path::new(&path))?.to_vec());
        }
        settings.seed = cx.now();
        let client = Client::new(settings)?;
        let source = at.balena_token.clone().unwrap_or_else(|| SecretSource::Env("BALENA_TOKEN".to_owned()));
        let token = cx.secret(&source, "token of Balena")?.without_line_break();
        let clock = cx.clock().clone();
        let time = ServerTime::new(move || clock.elapsed());
        let api = Arc::new(Api::new(client, endpoints, token, Arc::new(time)));
        let mut patience = Patience(cx.clock().clone());
        api.whoami(&mut patience)?;
        let fleet = api.fleet(slug, &mut patience)?;
        Ok(Self { api, fleet, patience })
    }

    /// The release that was asked for.
    pub(crate) fn release(&mut self, name: Option<&str>) -> Result<Release, Error> {
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| {
            Error::usage("no release is named").hint("give --release with its id, commit or version")
        })?;
        Ok(self.api.release(&self.fleet, name, &mut self.patience)?)
    }
}
