//! Sending.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use lw_retry::{Attempt, Decision, Failure, Repeatable, retry_after};
use lw_secret::Secret;
use ureq::http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION,
    RETRY_AFTER,
};
use ureq::http::{Request as Raw, Response};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Proxy, SendBody, Timeout};

use crate::address::Address;
use crate::answer::{Answer, Reader};
use crate::error::{Error, ErrorKind, beginning};
use crate::settings::{Settings, SettingsError};

/// The most redirects of one request.
const REDIRECTS: u32 = 5;

/// The most of an answer that is read when it is an error.
const ERROR_BODY: u64 = 64 << 10;

/// What is done at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates, or does something.
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// What sending it twice does, unless the request knows better. A `PATCH` may be either; those of ours set values.
    #[must_use]
    pub fn repeatable(self) -> Repeatable {
        if self == Self::Post { Repeatable::No } else { Repeatable::Yes }
    }
}

/// What is sent along.
#[derive(Clone, Copy, Debug, Default)]
pub enum Body<'a> {
    /// Nothing.
    #[default]
    None,
    /// JSON.
    Json(&'a [u8]),
    /// Something else, with its type.
    Bytes(&'a [u8], &'static str),
}

/// A request.
#[derive(Debug)]
pub struct Request<'a> {
    /// What is done.
    pub method: Method,
    /// Where.
    pub address: Address,
    /// The token, sent as `Authorization: Bearer`.
    pub bearer: Option<&'a Secret>,
    /// More headers; none of them is a secret.
    pub headers: Vec<(&'static str, String)>,
    /// What is sent along.
    pub body: Body<'a>,
    /// What sending it twice does.
    pub repeatable: Repeatable,
    /// Statuses that are no failure, besides those from 200 to 299: a 404 where something may be missing.
    pub accepts: &'a [u16],
}

impl<'a> Request<'a> {
    /// A request without token, body or headers.
    #[must_use]
    pub fn new(method: Method, address: Address) -> Self {
        Self {
            method,
            address,
            bearer: None,
            headers: Vec::new(),
            body: Body::None,
            repeatable: method.repeatable(),
            accepts: &[],
        }
    }

    /// The same with a token.
    #[must_use]
    pub fn bearer(mut self, token: &'a Secret) -> Self {
        self.bearer = Some(token);
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn body(mut self, body: Body<'a>) -> Self {
        self.body = body;
        self
    }
}

/// What is sent along, as it is read.
struct Content<'a> {
    kind: &'static str,
    length: Option<u64>,
    reader: &'a mut dyn Read,
}

/// A content that is as long as it says: ureq would wait for the rest of a shorter one for ever.
struct Exact<'a> {
    left: Option<u64>,
    reader: &'a mut dyn Read,
}

impl Read for Exact<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(left) = self.left else { return self.reader.read(buffer) };
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.reader.read(buffer.get_mut(..most).unwrap_or_default())?;
        if read == 0 && most > 0 {
            let why = format!("what is sent is {left} bytes shorter than it says");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
        }
        self.left = Some(left.saturating_sub(read as u64));
        Ok(read)
    }
}

/// A failure that a policy of repetition can judge.
pub trait Failed {
    /// What happened.
    fn failure(&self) -> Failure;

    /// How long the server asks to wait.
    fn retry_after(&self) -> Option<Duration>;
}

impl Failed for Error {
    fn failure(&self) -> Failure {
        Self::failure(self)
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

/// The clock repetitions wait by.
pub trait Waiting {
    /// How long the run has taken so far.
    fn elapsed(&self) -> Duration;

    /// Waits; `false` when somebody wants to stop, and nothing is to be tried again.
    fn wait(&mut self, span: Duration) -> bool;
}

/// A client.
#[derive(Clone)]
pub struct Client {
    by_proxy: Agent,
    direct: Agent,
    settings: Settings,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Client {
    /// A client with these settings.
    ///
    /// # Errors
    /// When the proxy or the certificates cannot be used.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let roots = match &settings.certificates {
            None => RootCerts::WebPki,
            Some(pem) => {
                let mut certificates = Vec::new();
                for item in parse_pem(pem) {
                    match item {
                        Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
                        Ok(_) => {}
                        Err(_) => return Err(SettingsError::Certificate(certificates.len() + 1)),
                    }
                }
                if certificates.is_empty() {
                    return Err(SettingsError::NoCertificate);
                }
                RootCerts::new_with_certs(&certificates)
            }
        };
        // The one provider of the suite: what signs is what encrypts.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(provider).build();
        let proxy = settings
            .proxy
            .as_deref()
            .map(|address| proxy(address, settings.no_proxy.as_deref()))
            .transpose()?;
        let agent = |proxy: Option<Proxy>| {
            let config = Agent::config_builder()
                // ureq would take it from the environment by itself.
                .proxy(proxy)
                .tls_config(tls.clone())
                .user_agent(settings.user_agent.clone())
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .timeout_connect(Some(settings.connect))
                .timeout_per_read(Some(settings.per_read))
                .timeout_per_write(Some(settings.per_read))
                .max_response_header_size(64 << 10);
            Agent::new_with_config(config.build())
        };
        Ok(Self { by_proxy: agent(proxy), direct: agent(None), settings })
    }

    /// Sends a request once and reads the answer.
    ///
    /// # Errors
    /// When there is none, or one that is no success.
    pub fn send(&self, request: &Request<'_>) -> Result<Answer, Error> {
        self.send_limited(request, self.settings.max_body)
    }

    /// The same, with another limit of the answer in bytes than that of the settings.
    ///
    /// # Errors
    /// When there is no answer, one that is no success, or one that is longer.
    pub fn send_limited(&self, request: &Request<'_>, limit: u64) -> Result<Answer, Error> {
        let (mut response, address) = self.open(request, self.settings.total)?;
        let (status, date, content_type) = about(&response);
        let headers = response.headers().clone();
        let body = response.body_mut().with_config().limit(limit).read_to_vec();
        let body = body.map_err(|error| failure(request, error_kind(error, limit), None))?;
        Ok(Answer { method: request.method, address, status, date, content_type, headers, body })
    }

    /// Sends a request once; the answer is read as it comes, for as long as something comes.
    ///
    /// # Errors
    /// When there is none, or one that is no success.
    pub fn stream(&self, request: &Request<'_>) -> Result<Reader, Error> {
        let (response, _) = self.open(request, None)?;
        let reader = response.into_body().into_with_config().limit(u64::MAX).reader();
        Ok(Reader { inner: Box::new(reader) })
    }

    /// Sends a request with a body that is read as it is sent, of any length and once; the answer is read as it comes. The
    /// body of the request itself is not sent.
    ///
    /// Without a length it is sent in pieces (`Transfer-Encoding: chunked`), which not every server takes. Nothing limits how long it takes as long as
    /// something goes or comes.
    ///
    /// # Errors
    /// When the content cannot be read, when there is no answer, or one that is no success. A redirect is not followed.
    pub fn upload(
        &self,
        request: &Request<'_>,
        kind: &'static str,
        length: Option<u64>,
        content: &mut dyn Read,
    ) -> Result<Reader, Error> {
        let response =
            self.once(request, &request.address, None, Some(Content { kind, length, reader: content }))?;
        let status = response.status().as_u16();
        if !(200..300).contains(&status) && !request.accepts.contains(&status) {
            return Err(refused(request, response, status));
        }
        Ok(Reader { inner: Box::new(response.into_body().into_with_config().limit(u64::MAX).reader()) })
    }

    /// Sends a request until it is answered with success, as often and as far apart as the policy says.
    ///
    /// # Errors
    /// The last failure.
    pub fn send_patiently(&self, request: &Request<'_>, clock: &mut dyn Waiting) -> Result<Answer, Error> {
        self.patiently(request.repeatable, clock, &mut || self.send(request))
    }

    /// The same, and reads what comes as JSON: a page that a proxy sends in the server's place is a failure like others, and repeated.
    ///
    /// # Errors
    /// The last failure.
    pub fn json_patiently<T: serde::de::DeserializeOwned>(
        &self,
        request: &Request<'_>,
        clock: &mut dyn Waiting,
    ) -> Result<T, Error> {
        self.patiently(request.repeatable, clock, &mut || self.send(request)?.json())
    }

    /// Does something until it succeeds, as often and as far apart as the policy says: for a service that means more by its answers than
    /// their status, and judges them itself.
    ///
    /// # Errors
    /// The last failure.
    pub fn patiently<T, E: Failed>(
        &self,
        repeatable: Repeatable,
        clock: &mut dyn Waiting,
        send: &mut dyn FnMut() -> Result<T, E>,
    ) -> Result<T, E> {
        let began = clock.elapsed();
        let mut number = 1;
        loop {
            let error = match send() {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let attempt = Attempt {
                number,
                failure: error.failure(),
                repeatable,
                retry_after: error.retry_after(),
                elapsed: clock.elapsed().saturating_sub(began),
            };
            match self.decide(&attempt) {
                Decision::Again(wait) if clock.wait(wait) => number += 1,
                Decision::Again(_) | Decision::Stop(_) => return Err(error),
            }
        }
    }

    /// What the policy says of a failure: for what is more than one request.
    #[must_use]
    pub fn decide(&self, attempt: &Attempt) -> Decision {
        self.settings.retry.next(attempt, self.settings.seed)
    }

    /// Sends, and follows redirects of what reads; the answer is a success.
    fn open(
        &self,
        request: &Request<'_>,
        total: Option<Duration>,
    ) -> Result<(Response<ureq::Body>, Address), Error> {
        let mut address = request.address.clone();
        for _ in 0..=REDIRECTS {
            let mut bytes: &[u8] = match request.body {
                Body::None => &[],
                Body::Json(bytes) | Body::Bytes(bytes, _) => bytes,
            };
            let length = Some(bytes.len() as u64);
            let content = match request.body {
                Body::None => None,
                Body::Json(_) => Some(Content { kind: "application/json", length, reader: &mut bytes }),
                Body::Bytes(_, kind) => Some(Content { kind, length, reader: &mut bytes }),
            };
            let response = self.once(request, &address, total, content)?;
            let status = response.status().as_u16();
            if (200..300).contains(&status) || request.accepts.contains(&status) {
                return Ok((response, address));
            }
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                return Err(refused(request, response, status));
            }
            let location = location.unwrap_or_default();
            let elsewhere = |why: String| failure(request, ErrorKind::Redirect(why), None);
            if request.method != Method::Get {
                return Err(elsewhere(format!("{status} for what does not only read")));
            }
            let next = address.redirected(location);
            address = next.ok_or_else(|| {
                let shown =
                    Address::parse(location).map_or_else(|error| error.to_string(), |to| to.to_string());
                elsewhere(format!("another server: {}", beginning(shown.as_bytes())))
            })?;
        }
        Err(failure(request, ErrorKind::Redirect(format!("more than {REDIRECTS} times")), None))
    }

    fn once(
        &self,
        request: &Request<'_>,
        address: &Address,
        total: Option<Duration>,
        content: Option<Content<'_>>,
    ) -> Result<Response<ureq::Body>, Error> {
        let failed = |kind| failure(request, kind, None);
        let mut raw = Raw::builder().method(request.method.name()).uri(address.uri().clone());
        for (name, value) in &request.headers {
            raw = raw.header(HeaderName::from_static(name), value);
        }
        if let Some(token) = request.bearer {
            raw = raw.header(AUTHORIZATION, bearer(token).ok_or_else(|| failed(ErrorKind::Token))?);
        }
        let agent = if address.is_local() { &self.direct } else { &self.by_proxy };
        let unsendable = |error: ureq::http::Error| failed(ErrorKind::Request(error.to_string()));
        let sent = match content {
            None => {
                let raw = raw.body(()).map_err(unsendable)?;
                agent.run(agent.configure_request(raw).timeout_global(total).build())
            }
            Some(Content { kind, length, reader }) => {
                raw = raw.header(CONTENT_TYPE, kind);
                if let Some(length) = length {
                    raw = raw.header(CONTENT_LENGTH, length);
                }
                let mut exact = Exact { left: length, reader };
                let raw = raw.body(SendBody::from_reader(&mut exact)).map_err(unsendable)?;
                agent.run(agent.configure_request(raw).timeout_global(total).build())
            }
        };
        sent.map_err(|error| failed(error_kind(error, self.settings.max_body)))
    }
}

fn proxy(address: &str, no_proxy: Option<&str>) -> Result<Proxy, SettingsError> {
    let given = Proxy::new(address).map_err(|_| SettingsError::Proxy)?;
    let Some(no_proxy) = no_proxy else { return Ok(given) };
    let mut builder = Proxy::builder(given.protocol()).host(given.host()).port(given.port());
    for (value, set) in [
        (
            given.username(),
            ureq::ProxyBuilder::username as fn(ureq::ProxyBuilder, &str) -> ureq::ProxyBuilder,
        ),
        (given.password(), ureq::ProxyBuilder::password),
    ] {
        if let Some(value) = value {
            builder = set(builder, value);
        }
    }
    for host in no_proxy.split(',').map(str::trim).filter(|host| !host.is_empty()) {
        builder = builder.no_proxy(host);
    }
    builder.build().map_err(|_| SettingsError::Proxy)
}

/// `Bearer` and the token, as a header that is not shown; `None` for what no token is.
fn bearer(token: &Secret) -> Option<HeaderValue> {
    let token = token.expose();
    if token.is_empty() || !token.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let mut text = zeroize::Zeroizing::new(b"Bearer ".to_vec());
    text.extend_from_slice(token);
    let mut value = HeaderValue::from_bytes(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Status, time and type of an answer.
fn about(response: &Response<ureq::Body>) -> (u16, Option<u64>, Option<String>) {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    (response.status().as_u16(), date(response.headers()), kind)
}

fn date(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(DATE)?.to_str().ok()?;
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs())
}

fn failure(request: &Request<'_>, kind: ErrorKind, retry_after: Option<Duration>) -> Error {
    Error { method: request.method.name(), address: request.address.clone(), kind, retry_after }
}

/// An answer that is no success.
fn refused(request: &Request<'_>, mut response: Response<ureq::Body>, status: u16) -> Error {
    let headers = response.headers();
    let asked = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    // A date without the server's own to compare with would be compared with a clock that may be wrong.
    let now = date(headers);
    let retry_after = asked.and_then(|value| match now {
        Some(now) => retry_after(value, now).ok(),
        None => value.trim().parse().ok().map(Duration::from_secs),
    });
    // What an error says is for people: as much of it as comes.
    let mut body = Vec::new();
    let _ = response.body_mut().as_reader().take(ERROR_BODY).read_to_end(&mut body);
    failure(request, ErrorKind::Status { status, body: beginning(&body) }, retry_after)
}

fn error_kind(error: ureq::Error, limit: u64) -> ErrorKind {
    use std::io::ErrorKind as Io;

    match error {
        ureq::Error::HostNotFound => ErrorKind::NoAddress,
        ureq::Error::ConnectionFailed => ErrorKind::NoConnection("refused".to_owned()),
        // The proxy's own words may hold the name and password it was asked with.
        ureq::Error::ConnectProxyFailed(_) => ErrorKind::NoConnection("the proxy did not connect".to_owned()),
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
            ErrorKind::NoConnection("it took too long".to_owned())
        }
        ureq::Error::Timeout(what) => ErrorKind::TimedOut(what.to_string()),
        ureq::Error::BodyExceedsLimit(_) => ErrorKind::TooLong(limit),
        ureq::Error::LargeResponseHeader(_, most) => ErrorKind::TooLong(most as u64),
        ureq::Error::Tls(why) => ErrorKind::Tls(why.to_owned()),
        ureq::Error::Rustls(error) => ErrorKind::Tls(error.to_string()),
        ureq::Error::Io(error) => match error.kind() {
            Io::ConnectionRefused | Io::HostUnreachable | Io::NetworkUnreachable | Io::AddrNotAvailable => {
                ErrorKind::NoConnection(error.to_string())
            }
            // The standard library has no kind for it.
            _ if error.to_string().starts_with("failed to lookup address information") => {
                ErrorKind::NoAddress
            }
            Io::InvalidData => ErrorKind::Tls(error.to_string()),
            Io::TimedOut | Io::WouldBlock => ErrorKind::TimedOut(error.to_string()),
            _ => ErrorKind::BrokeOff(error.to_string()),
        },
        ureq::Error::Protocol(error) => ErrorKind::BrokeOff(error.to_string()),
        ureq::Error::Http(error) => ErrorKind::Request(error.to_string()),
        other => ErrorKind::BrokeOff(other.to_string()),
    }
}
