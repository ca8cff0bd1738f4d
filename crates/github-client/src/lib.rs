//! From a run to GitHub: which repository it is, where its API is, with which token, and what to do where one of them is missing.
//!
//! The edge knows the environment, `lw-connect` the network of the run, and `lw-github` what GitHub means: they meet here, once for
//! all tools.

use lw_cli::{Context, Error, Variable};
use lw_connect::Patience;
use lw_github::{Api, Endpoints, Repository};
use lw_secret::SecretSource;

/// The repository of the run.
pub const REPOSITORY: Variable = Variable {
    name: "GITHUB_REPOSITORY",
    description: "The repository as owner/name, which the runner sets",
};

/// Where GitHub is.
pub const API_URL: Variable =
    Variable { name: "GITHUB_API_URL", description: "Address of GitHub's API, which the runner sets" };

/// Where GitHub's GraphQL is.
pub const GRAPHQL_URL: Variable = Variable {
    name: "GITHUB_GRAPHQL_URL",
    description: "Address of GitHub's GraphQL, which the runner sets",
};

/// What is read of the environment: the tool declares it ([`lw_cli::Tool::VARIABLES`]).
pub const VARIABLES: &[Variable] = &[REPOSITORY, API_URL, GRAPHQL_URL];

/// What a tool wants of GitHub, as far as it has to be said where something is missing.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Where the token is, when the arguments say so; else it is the variable `GITHUB_TOKEN`.
    pub token: Option<&'a SecretSource>,
    /// What the token has to be allowed, as a line of `permissions:`: `contents: write`.
    pub permission: &'a str,
    /// What to do where nobody says which repository it is: `give --file FILE`.
    pub elsewhere: &'a str,
}

/// GitHub, for this run.
#[derive(Debug)]
pub struct GitHub {
    /// The API, with the token.
    pub api: Api,
    /// The repository of the run.
    pub repository: Repository,
    /// Waits by the clock of the run.
    pub clock: Patience,
}

impl GitHub {
    /// The repository of the run and a client of its API. Nothing is asked yet. The token is read last: what needs no secret has then
    /// been found good.
    ///
    /// # Errors
    /// When the repository is not known or none, the proxy or a certificate cannot be used, there is no token, or the API is nowhere
    /// that a token may be sent to. Each says what to do.
    pub fn of_run(wanted: &Wanted<'_>, cx: &Context) -> Result<Self, Error> {
        let variable = |name: &str| cx.variable(name);
        let name = variable(REPOSITORY.name).ok_or_else(|| {
            Error::usage("the repository on GitHub is not known")
                .hint(format!("on GitHub the runner sets GITHUB_REPOSITORY; elsewhere {}", wanted.elsewhere))
        })?;
        let repository = Repository::parse(&name)?;
        let client = lw_connect::client(cx)?;
        let default = SecretSource::Env("GITHUB_TOKEN".into());
        let token = cx.secret(wanted.token.unwrap_or(&default), "token of GitHub").map_err(|error| {
            Error::usage(error.message()).hint(format!(
                "give the step `env: GITHUB_TOKEN: ${{{{ github.token }}}}`, and the job `permissions:` with `{}`",
                wanted.permission
            ))
        })?;
        let api = Api::new(client, Endpoints::from_environment(&variable), Some(token))?;
        Ok(Self { api, repository, clock: Patience::of(cx) })
    }
}
