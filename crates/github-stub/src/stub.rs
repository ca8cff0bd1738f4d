//! The servers, and what a test does with them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use lw_loopback::{Received, Reply, Server};

use crate::answers::Answer;
use crate::faults::{Fault, Injection, When};
use crate::routes::Request;
use crate::spec::Seen;
use crate::world::World;

type Change = Box<dyn FnOnce(&mut World) + Send>;

/// GitHub, until it is dropped.
#[derive(Debug)]
pub struct Stub {
    inner: Arc<Mutex<Inner>>,
    api: Server,
    storage: Server,
}

struct Inner {
    world: World,
    injections: Vec<Injection>,
    changes: Vec<(When, Change)>,
    requests: Vec<Seen>,
    downloads: Vec<Received>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("world", &self.world).finish_non_exhaustive()
    }
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    fn date(&self) -> String {
        httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(self.world.now))
    }

    fn api(&mut self, received: &Received) -> Reply {
        let authorization = received.header("authorization");
        let token = authorization.and_then(|text| text.strip_prefix("Bearer "));
        let mut seen = Seen {
            number: self.requests.len() + 1,
            method: received.method.clone(),
            target: received.target.clone(),
            body: String::from_utf8_lossy(&received.body).into_owned(),
            content_type: received.header("content-type").map(str::to_owned),
            status: 0,
            answer: String::new(),
            at: Duration::from_secs(self.world.now),
            has_token: authorization.is_some(),
            fault: None,
        };
        if let Some(at) = self.changes.iter().position(|(when, _)| when.fits(&seen)) {
            let (_, change) = self.changes.swap_remove(at);
            change(&mut self.world);
        }
        let met = Injection::met(&mut self.injections, &seen);
        let request =
            Request { method: &received.method, target: &received.target, token, body: &received.body };
        let is_answered = met.as_ref().is_none_or(Injection::is_done);
        let answer = is_answered.then(|| self.world.answer(&request));
        if let Some(answer) = &answer {
            seen.status = answer.status;
            seen.answer = answer.body.as_ref().map(ToString::to_string).unwrap_or_default();
            if answer.status == 501 {
                self.world.refusals.push(format!("{} {}", received.method, received.target));
            }
        }
        let date = self.date();
        let reply = answer.as_ref().map_or(Reply::Drop, |answer| answer.reply(date.clone()));
        let reply = match met.as_ref().map(|met| &met.fault) {
            None => reply,
            Some(Fault::Way(fault)) => fault.instead_of(reply),
            Some(Fault::PrimaryLimit { resets_in }) => {
                let reset = self.world.now + resets_in.as_secs();
                let answer = Answer::error(403, "API rate limit exceeded for installation ID 1.");
                let answer = answer.header("X-RateLimit-Remaining", "0".to_owned());
                answer.header("X-RateLimit-Reset", reset.to_string()).reply(date)
            }
            Some(Fault::SecondaryLimit { after }) => {
                let said = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
                let answer = Answer::error(403, said).header("X-RateLimit-Remaining", "900".to_owned());
                let answer = match after {
                    Some(after) => answer.header("Retry-After", after.as_secs().to_string()),
                    None => answer,
                };
                answer.reply(date)
            }
        };
        if met.is_some() {
            seen.status = match &reply {
                Reply::Answer { status, .. } => *status,
                Reply::Crippled { .. } => seen.status,
                _ => 0,
            };
        }
        seen.fault = met.map(|met| met.fault);
        self.requests.push(seen);
        reply
    }

    fn storage(&mut self, received: &Received) -> Reply {
        self.downloads.push(received.clone());
        let plain = |status: u16, text: &str| Reply::Answer {
            status,
            headers: vec![("Content-Type", "application/xml".to_owned())],
            body: text.into(),
        };
        // As the real one: two ways to say who one is are one too many.
        if received.header("authorization").is_some() {
            return plain(400, "<Error><Code>InvalidAuthenticationInfo</Code></Error>");
        }
        let id = received.target.trim_start_matches('/').split_once(".zip?sig=signed").map(|(id, _)| id);
        let artifacts = self.world.repositories.values().flat_map(|repository| &repository.artifacts);
        match artifacts.into_iter().find(|artifact| Some(artifact.id.to_string().as_str()) == id) {
            None => plain(403, "<Error><Code>AuthenticationFailed</Code></Error>"),
            Some(artifact) => Reply::Answer {
                status: 200,
                headers: vec![("Content-Type", "application/zip".to_owned())],
                body: artifact.content.clone(),
            },
        }
    }
}

impl Stub {
    /// Starts both servers, of a GitHub in which there is nothing.
    ///
    /// # Panics
    /// When this machine has no loopback.
    #[must_use]
    pub fn start() -> Self {
        let inner = Arc::new(Mutex::new(Inner {
            world: World::new(),
            injections: Vec::new(),
            changes: Vec::new(),
            requests: Vec::new(),
            downloads: Vec::new(),
        }));
        let (for_api, for_storage) = (Arc::clone(&inner), Arc::clone(&inner));
        let api = Server::start(move |received| lock(&for_api).api(received));
        let storage = Server::start(move |received| lock(&for_storage).storage(received));
        {
            let mut inner = lock(&inner);
            inner.world.api = api.url("");
            inner.world.storage = storage.url("");
        }
        Self { inner, api, storage }
    }

    /// Where the API is: what `GITHUB_API_URL` says.
    #[must_use]
    pub fn api_url(&self) -> String {
        self.api.url("")
    }

    /// Where artifacts are downloaded from.
    #[must_use]
    pub fn storage_url(&self) -> String {
        self.storage.url("")
    }

    /// Looks at what there is, or changes it.
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut lock(&self.inner).world)
    }

    /// At the first such request, before it is answered, this happens, too: what another job does.
    pub fn meanwhile(&self, when: When, change: impl FnOnce(&mut World) + Send + 'static) {
        lock(&self.inner).changes.push((when, Box::new(change)));
    }

    /// Meets requests with a fault. Of several that fit the first one that was injected is met.
    pub fn inject(&self, injection: Injection) {
        lock(&self.inner).injections.push(injection);
    }

    /// How many requests the API had so far: the next one has this number plus one.
    #[must_use]
    pub fn answered(&self) -> usize {
        lock(&self.inner).requests.len()
    }

    /// The requests that came to the API, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        lock(&self.inner).requests.clone()
    }

    /// The requests that came to the storage, in order.
    #[must_use]
    pub fn downloads(&self) -> Vec<Received> {
        lock(&self.inner).downloads.clone()
    }

    /// What was asked that the stub does not know the real answer of. A test that is to mean something wants it empty.
    #[must_use]
    pub fn refusals(&self) -> Vec<String> {
        lock(&self.inner).world.refusals.clone()
    }

    /// Its time, since 1970.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_secs(lock(&self.inner).world.now)
    }

    /// Lets time pass, a second at least.
    pub fn advance(&self, span: Duration) {
        lock(&self.inner).world.pass(span);
    }
}
