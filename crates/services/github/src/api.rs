//! Asking, once and patiently, and what an answer means.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http_body_util::BodyExt;
use lw_http::{Address, Client, Waiting, beginning};
use lw_retry::{Repeatable, retry_after};
use lw_secret::Secret;
use octocrab::{AuthState, Octocrab, OctocrabBuilder};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::endpoints::Endpoints;
use crate::error::{Denied, Error, ErrorKind, Limit, Permission};
use crate::links::next_query;
use crate::transport::{Date, Line, Transport};

/// How many things one page holds: as many as GitHub gives.
pub(crate) const PAGE: usize = 100;

/// How long a limit without a word of its end lasts, as GitHub's documentation says.
const MINUTE: Duration = Duration::from_secs(60);

/// What a segment of a path, or a value of a query, is written with.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Text as part of a path or a query.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// One GitHub, with a token or none.
#[derive(Debug)]
pub struct Api {
    endpoints: Endpoints,
    line: Arc<Line>,
    // Before the event loop, in which a part of it runs.
    octocrab: Octocrab,
    runtime: tokio::runtime::Runtime,
}

/// What is asked.
#[derive(Debug)]
pub(crate) struct Asked {
    /// For people.
    pub(crate) what: String,
    pub(crate) method: http::Method,
    /// Path and query behind the address of the API.
    pub(crate) target: String,
    pub(crate) body: Option<Value>,
    pub(crate) needs: Permission,
    pub(crate) repeatable: Repeatable,
}

impl Asked {
    /// Something that reads.
    pub(crate) fn get(what: impl Into<String>, target: impl Into<String>, needs: Permission) -> Self {
        let (what, target) = (what.into(), target.into());
        Self { what, method: http::Method::GET, target, body: None, needs, repeatable: Repeatable::Yes }
    }

    /// Something that writes, and may be repeated.
    pub(crate) fn send(
        what: impl Into<String>,
        method: http::Method,
        target: impl Into<String>,
        body: Option<Value>,
        needs: Permission,
    ) -> Self {
        let (what, target) = (what.into(), target.into());
        Self { what, method, target, body, needs, repeatable: Repeatable::Yes }
    }

    fn fails(&self, kind: impl Into<ErrorKind>) -> Error {
        Error::new(self.what.clone(), kind.into())
    }
}

/// An answer.
pub(crate) struct Raw {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    date: Option<u64>,
    body: bytes::Bytes,
}

impl Raw {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The content as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, asked: &Asked) -> Result<T, Error> {
        let other = |why: String| asked.fails(ErrorKind::NotUnderstood { why });
        let kind = self.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !kind.is_empty() && !kind.ends_with("json") {
            return Err(other(format!("it is {}: {}", beginning(kind.as_bytes()), beginning(&self.body))));
        }
        serde_json::from_slice(&self.body).map_err(|error| other(error.to_string()))
    }
}

/// What GitHub says when it does not do something.
#[derive(Deserialize)]
struct Said {
    message: String,
    #[serde(default)]
    errors: Value,
}

/// What was said, with what is said of each field, in one line.
pub(crate) fn said(body: &[u8]) -> String {
    let Ok(Said { message, errors }) = serde_json::from_slice::<Said>(body) else { return beginning(body) };
    let mut text = message;
    for error in errors.as_array().into_iter().flatten() {
        let words = ["message", "resource", "field", "code"];
        let part = match error.as_str() {
            Some(text) => text.to_owned(),
            None => words.iter().filter_map(|word| error.get(word)?.as_str()).collect::<Vec<_>>().join(" "),
        };
        text.push_str("; ");
        text.push_str(&part);
    }
    beginning(text.as_bytes())
}

impl Api {
    /// A GitHub; nothing is sent yet. The client brings time limits, the longest answer, and the policy of repetition. A token of nothing but
    /// white space is none: what a CI gives to a run that gets no secrets.
    ///
    /// # Errors
    /// When the addresses cannot be used, or are of different origins.
    pub fn new(client: Client, endpoints: Endpoints, token: Option<Secret>) -> Result<Self, Error> {
        let wrong = |why: String| Error::new("GitHub", ErrorKind::Endpoint(why));
        let (api, graphql) = endpoints.addresses().map_err(|error| wrong(error.to_string()))?;
        if !api.is_of_same_origin(&graphql) {
            return Err(wrong("GraphQL is on another server, which is not to see the token".to_owned()));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|error| Error::new("GitHub", ErrorKind::Runtime(error.to_string())))?;
        let token = token.filter(|token| !token.is_blank());
        let line = Arc::new(Line { client, api, token });
        let built = {
            // octocrab starts a task.
            let _inside = runtime.enter();
            OctocrabBuilder::new_empty()
                .with_service(Transport(Arc::clone(&line)))
                .with_auth(AuthState::None)
                .build()
        };
        let octocrab = match built {
            Ok(octocrab) => octocrab,
            Err(never) => match never {},
        };
        Ok(Self { endpoints, line, octocrab, runtime })
    }

    /// Where it is.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    pub(crate) fn line(&self) -> &Line {
        &self.line
    }

    pub(crate) fn client(&self) -> &Client {
        &self.line.client
    }

    /// Sends once to the REST API; the answer is a success.
    pub(crate) fn once(&self, asked: &Asked) -> Result<Raw, Error> {
        self.at(&format!("{}{}", self.endpoints.api, asked.target), asked)
    }

    fn at(&self, address: &str, asked: &Asked) -> Result<Raw, Error> {
        if asked.needs.writes() && self.line.token.is_none() {
            return Err(asked.fails(ErrorKind::NoToken));
        }
        let failed = |error: octocrab::Error| asked.fails(kind_of(error));
        let request = http::request::Builder::new().method(asked.method.clone()).uri(address);
        let request = self.octocrab.build_request(request, asked.body.as_ref()).map_err(failed)?;
        let answered = self.runtime.block_on(async {
            let (parts, body) = self.octocrab.execute(request).await?.into_parts();
            Ok((parts, body.collect().await?.to_bytes()))
        });
        let (parts, body) = answered.map_err(failed)?;
        let date = parts.extensions.get::<Date>().and_then(|date| date.0);
        let raw = Raw { status: parts.status.as_u16(), headers: parts.headers, date, body };
        if parts.status.is_success() { Ok(raw) } else { Err(refused(asked, &raw)) }
    }

    /// Sends until it succeeds, as the policy says.
    pub(crate) fn patiently(&self, asked: &Asked, clock: &mut dyn Waiting) -> Result<Raw, Error> {
        self.client().patiently(asked.repeatable, clock, &mut || self.once(asked))
    }

    /// The same, with the answer read.
    pub(crate) fn ask<T: DeserializeOwned>(
        &self,
        asked: &Asked,
        clock: &mut dyn Waiting,
    ) -> Result<T, Error> {
        self.client().patiently(asked.repeatable, clock, &mut || self.once(asked)?.json(asked))
    }

    /// Everything a list holds, page after page, until `goes_on` says that the rest does not matter. `of` says what it is.
    pub(crate) fn pages<P: DeserializeOwned, T>(
        &self,
        list: (Asked, &'static str, usize),
        clock: &mut dyn Waiting,
        items: &dyn Fn(P) -> Vec<T>,
        goes_on: &dyn Fn(&[T]) -> bool,
    ) -> Result<Vec<T>, Error> {
        let (mut asked, of, most) = list;
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        let (path, mut query) = (path.to_owned(), format!("{query}&per_page={PAGE}"));
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        loop {
            asked.target = format!("{path}?{}", query.trim_start_matches('&'));
            let (page, next) = self.client().patiently(asked.repeatable, clock, &mut || {
                let raw = self.once(&asked)?;
                let next = raw.header("link").and_then(next_query).map(str::to_owned);
                Ok::<_, Error>((raw.json::<P>(&asked)?, next))
            })?;
            let page = items(page);
            let is_enough = !goes_on(&page);
            found.extend(page);
            if found.len() > most {
                return Err(asked.fails(ErrorKind::TooMany { most, of }));
            }
            let Some(next) = next.filter(|_| !is_enough) else { return Ok(found) };
            // Each page may be empty, so the number of things found is no limit of the number of pages.
            if !seen.insert(next.clone()) || seen.len() > most / PAGE + 1 {
                return Err(asked.fails(ErrorKind::NotUnderstood {
                    why: "the pages of the list have no end".to_owned(),
                }));
            }
            query = next;
        }
    }

    /// Asks GraphQL.
    pub(crate) fn graphql<T: DeserializeOwned>(
        &self,
        what: &str,
        query: &str,
        clock: &mut dyn Waiting,
    ) -> Result<T, Error> {
        #[derive(Deserialize)]
        struct Outcome {
            #[serde(default)]
            data: Value,
            #[serde(default)]
            errors: Vec<Problem>,
        }
        #[derive(Deserialize)]
        struct Problem {
            message: String,
            #[serde(default, rename = "type")]
            kind: String,
        }
        let body = json!({ "query": query });
        let asked = Asked::send(what, http::Method::POST, "", Some(body), Permission::None);
        self.client().patiently(Repeatable::Yes, clock, &mut || {
            let outcome: Outcome = self.at(&self.endpoints.graphql, &asked)?.json(&asked)?;
            let Some(problem) = outcome.errors.first() else {
                return T::deserialize(outcome.data)
                    .map_err(|error| asked.fails(ErrorKind::NotUnderstood { why: error.to_string() }));
            };
            let said = beginning(problem.message.as_bytes());
            // GraphQL says everything with 200.
            Err(match problem.kind.as_str() {
                "FORBIDDEN" | "INSUFFICIENT_SCOPES" => {
                    let why = Denied::of(&said);
                    asked.fails(ErrorKind::Forbidden { why, needs: asked.needs, accepts: None, said })
                }
                "RATE_LIMITED" => asked.fails(ErrorKind::RateLimited { limit: Limit::Primary, wait: None }),
                _ => asked.fails(ErrorKind::Graphql { said }),
            })
        })
    }

    /// The address of a target of the REST API.
    pub(crate) fn address(&self, asked: &Asked) -> Result<Address, Error> {
        Address::parse(&format!("{}{}", self.endpoints.api, asked.target))
            .map_err(|error| asked.fails(ErrorKind::Endpoint(error.to_string())))
    }
}

/// What is wrong, of what octocrab says: errors of the transport come through it as they were.
fn kind_of(error: octocrab::Error) -> ErrorKind {
    match error {
        octocrab::Error::Service { source, .. } => match source.downcast::<lw_http::Error>() {
            Ok(error) => ErrorKind::Http(error),
            Err(other) => ErrorKind::Runtime(beginning(other.to_string().as_bytes())),
        },
        other => ErrorKind::Runtime(beginning(other.to_string().as_bytes())),
    }
}

/// What an answer means that is no success.
fn refused(asked: &Asked, raw: &Raw) -> Error {
    judged(&asked.what, asked.needs, raw.status, &|name| raw.header(name), raw.date, &raw.body)
}

/// The same, of an answer however it came.
pub(crate) fn judged<'a>(
    what: &str,
    needs: Permission,
    status: u16,
    header: &dyn Fn(&str) -> Option<&'a str>,
    date: Option<u64>,
    body: &[u8],
) -> Error {
    let said = said(body);
    let fails = |kind| Error::new(what, kind);
    let asked_to_wait = header("retry-after").and_then(|value| match date {
        Some(now) => retry_after(value, now).ok(),
        None => value.trim().parse().ok().map(Duration::from_secs),
    });
    if matches!(status, 403 | 429) {
        let lower = said.to_ascii_lowercase();
        let is_used_up = header("x-ratelimit-remaining").is_some_and(|left| left.trim() == "0");
        let is_secondary = lower.contains("secondary rate limit") || lower.contains("abuse detection");
        let is_primary = !is_secondary && (is_used_up || lower.contains("api rate limit exceeded"));
        // By the server's own clock: a wrong one here makes the wait neither longer nor shorter.
        let until_reset = || {
            let reset: u64 = header("x-ratelimit-reset")?.trim().parse().ok()?;
            Some(Duration::from_secs(reset.saturating_sub(date?)))
        };
        let limited = if is_primary {
            Some((Limit::Primary, asked_to_wait.or_else(until_reset)))
        } else if is_secondary || asked_to_wait.is_some() || status == 429 {
            let wait = asked_to_wait.or_else(|| until_reset().filter(|_| is_used_up));
            Some((Limit::Secondary, Some(wait.unwrap_or(MINUTE))))
        } else {
            None
        };
        if let Some((limit, wait)) = limited {
            let mut error = fails(ErrorKind::RateLimited { limit, wait });
            // When the hour ends nobody has said: not within the time of a run, then.
            error.wait = Some(wait.unwrap_or(Duration::from_secs(3600)));
            return error;
        }
    }
    let mut error = fails(match status {
        401 => ErrorKind::Unauthorized { said },
        403 => {
            let accepts = header("x-accepted-github-permissions").map(|text| beginning(text.as_bytes()));
            ErrorKind::Forbidden { why: Denied::of(&said), needs, accepts, said }
        }
        404 => ErrorKind::NotFound { needs, said },
        410 => ErrorKind::Gone { said },
        408 | 425 | 500.. => ErrorKind::Server { status, said },
        _ => ErrorKind::Refused { status, said },
    });
    error.wait = asked_to_wait;
    error
}
