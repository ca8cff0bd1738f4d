//! A connection to a fleet.

use std::sync::Arc;

use lw_balena::{Api, Endpoints, Fleet, Release, ServerTime};
use lw_cli::{Context, Error, Variable};
use lw_connect::Patience;
use lw_github_client::{API_URL, GRAPHQL_URL, REPOSITORY};
use lw_secret::SecretSource;

use crate::args::Where;

/// The variables that say where Balena is, and where the git tags are.
pub(crate) const VARIABLES: &[Variable] = &[
    Variable { name: "BALENARC_API_URL", description: "Address of the API, as balena-cli reads it" },
    Variable { name: "BALENARC_BUILDER_URL", description: "Address of the builder, as balena-cli reads it" },
    REPOSITORY,
    API_URL,
    GRAPHQL_URL,
];

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
        let client = lw_connect::client(cx)?;
        let source = at.balena_token.clone().unwrap_or_else(|| SecretSource::Env("BALENA_TOKEN".to_owned()));
        let token = cx.secret(&source, "token of Balena")?.without_line_break();
        let clock = cx.clock().clone();
        let time = ServerTime::new(move || clock.elapsed());
        let api = Arc::new(Api::new(client, endpoints, token, Arc::new(time)));
        let mut patience = Patience::of(cx);
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
