//! How requests of octocrab leave: by the suite's one client.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use lw_http::{Address, Answer, Body, Client, Method, Request};
use lw_secret::Secret;
use octocrab::OctoBody;

/// The version of the API this client speaks; every GitHub Enterprise Server since 3.9 knows it.
const VERSION: &str = "2022-11-28";

/// The statuses that are judged here and not by the client: all that are no success, but redirects, which it follows within one origin
/// and when something is read.
const JUDGED: [u16; 200] = {
    let mut statuses = [0; 200];
    let mut at = 0;
    while at < statuses.len() {
        statuses[at] = 400 + at as u16;
        at += 1;
    }
    statuses
};

/// The headers that are read of an answer.
const READ: [&str; 6] = [
    "content-type",
    "link",
    "retry-after",
    "x-accepted-github-permissions",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

/// The server's time, beside an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Date(pub(crate) Option<u64>);

/// One origin, and the token that goes there and nowhere else.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) client: Client,
    pub(crate) api: Address,
    pub(crate) token: Option<Secret>,
}

impl Line {
    /// A request to the API, with the token if there is one.
    fn request(&self, method: Method, address: Address) -> Request<'_> {
        // An address is checked once more where the token is added: nothing above has to be trusted with it.
        let token = self.token.as_ref().filter(|_| address.is_of_same_origin(&self.api));
        let mut request = Request::new(method, address);
        request.bearer = token;
        request.headers = vec![
            ("accept", "application/vnd.github+json".to_owned()),
            ("x-github-api-version", VERSION.to_owned()),
        ];
        request
    }

    /// Sends it once; whatever the status is, the answer is one.
    fn send(&self, method: &http::Method, uri: &http::Uri, body: &[u8]) -> Result<Answer, lw_http::Error> {
        let (method, address) = (method_of(method), address_of(uri, &self.api)?);
        let mut request = self.request(method, address);
        if !body.is_empty() {
            request.body = Body::Json(body);
        }
        request.accepts = &JUDGED;
        self.client.send(&request)
    }

    /// Sends what reads, and says where the server would send it: no redirect is followed.
    pub(crate) fn locate(&self, address: Address) -> Result<Answer, lw_http::Error> {
        /// [`JUDGED`] and redirects.
        const ALL: [u16; 300] = {
            let mut statuses = [0; 300];
            let mut at = 0;
            while at < statuses.len() {
                statuses[at] = 300 + at as u16;
                at += 1;
            }
            statuses
        };
        let mut request = self.request(Method::Get, address);
        request.accepts = &ALL;
        self.client.send(&request)
    }
}

fn method_of(method: &http::Method) -> Method {
    match method.as_str() {
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => Method::Get,
    }
}

fn address_of(uri: &http::Uri, api: &Address) -> Result<Address, lw_http::Error> {
    Address::parse(&uri.to_string()).map_err(|error| lw_http::Error {
        method: "",
        address: api.clone(),
        kind: error.into(),
        retry_after: None,
    })
}

/// [`Line`] as the service below octocrab. It blocks: nothing else runs on the event loop that drives it.
#[derive(Clone, Debug)]
pub(crate) struct Transport(pub(crate) Arc<Line>);

type Sent = Result<http::Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>>;

impl tower_service::Service<http::Request<OctoBody>> for Transport {
    type Response = http::Response<Full<Bytes>>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Sent> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<OctoBody>) -> Self::Future {
        let line = Arc::clone(&self.0);
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            let answer = line.send(&parts.method, &parts.uri, &body)?;
            let mut response = http::Response::builder().status(answer.status);
            for name in READ {
                if let Some(value) = answer.header(name) {
                    response = response.header(name, value);
                }
            }
            let response = response.extension(Date(answer.date));
            Ok(response.body(Full::new(Bytes::from(answer.body)))?)
        })
    }
}
