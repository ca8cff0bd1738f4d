//! Where a GitHub is.

use lw_http::{Address, AddressError};

/// Where a GitHub is: github.com, or one's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The REST API, without a slash at the end.
    pub api: String,
    /// The GraphQL API. It is of the same origin as the other, or the token is not sent to it.
    pub graphql: String,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self::of("https://api.github.com")
    }
}

impl Endpoints {
    /// The REST API at an address, and GraphQL where it is beside that: `/graphql`, for GitHub Enterprise Server `/api/graphql` beside
    /// `/api/v3`.
    #[must_use]
    pub fn of(api: &str) -> Self {
        let api = api.trim_end_matches('/');
        let graphql = match api.strip_suffix("/api/v3") {
            Some(server) => format!("{server}/api/graphql"),
            None => format!("{api}/graphql"),
        };
        Self { api: api.to_owned(), graphql }
    }

    /// Those of the running workflow: `GITHUB_API_URL` and `GITHUB_GRAPHQL_URL`, github.com without them; `variable` reads the environment.
    #[must_use]
    pub fn from_environment(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let given = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let mut found = given("GITHUB_API_URL").map_or_else(Self::default, |api| Self::of(&api));
        if let Some(graphql) = given("GITHUB_GRAPHQL_URL") {
            found.graphql = graphql;
        }
        found
    }

    /// Both, checked.
    pub(crate) fn addresses(&self) -> Result<(Address, Address), AddressError> {
        Ok((Address::parse(&self.api)?, Address::parse(&self.graphql)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_beside_the_other() {
        assert_eq!(Endpoints::default().graphql, "https://api.github.com/graphql");
        let own = Endpoints::of("https://github.example.com/api/v3/");
        assert_eq!(own.api, "https://github.example.com/api/v3");
        assert_eq!(own.graphql, "https://github.example.com/api/graphql");
        let set = |name: &str| match name {
            "GITHUB_API_URL" => Some("https://github.example.com/api/v3".to_owned()),
            "GITHUB_GRAPHQL_URL" => Some(String::new()),
            _ => None,
        };
        assert_eq!(Endpoints::from_environment(&set), own);
        assert_eq!(Endpoints::from_environment(&|_| None), Endpoints::default());
    }
}
