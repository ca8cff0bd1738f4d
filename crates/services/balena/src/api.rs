//! Asking and changing.

use std::sync::Arc;

use lw_http::{Address, Answer, Body, Client, Method, Request};
use lw_secret::Secret;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::Error;
use crate::model::{Actor, Collection, Device, Fleet, Release, Status, Tags};
use crate::odata::{list, query, text};
use crate::time::ServerTime;

pub use lw_http::Waiting;

/// Where Balena is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The API, without a path.
    pub api: String,
    /// The builder, without a path.
    pub builder: String,
    /// What people look at, without a path.
    pub dashboard: String,
}

impl Endpoints {
    /// Those of a Balena of this domain: `balena-cloud.com`, or one's own.
    #[must_use]
    pub fn of(domain: &str) -> Self {
        let host = |name: &str| format!("https://{name}.{domain}");
        Self { api: host("api"), builder: host("builder"), dashboard: host("dashboard") }
    }

    /// The page of a release.
    #[must_use]
    pub fn release_page(&self, fleet: u64, release: u64) -> String {
        format!("{}/fleets/{fleet}/releases/{release}", self.dashboard)
    }

    /// The page of a device.
    #[must_use]
    pub fn device_page(&self, uuid: &str) -> String {
        format!("{}/devices/{uuid}/summary", self.dashboard)
    }
}

/// What is asked of a release.
const RELEASE: &str = "id,commit,status,is_final,is_invalidated,raw_version,semver,start_timestamp";

/// What is asked of a device.
const DEVICE: &str = "id,uuid,device_name,is_online,api_heartbeat_state,changed_api_heartbeat_state_on__date,last_connectivity_event,overall_status,update_status,last_update_status_event,is_locked_until__date";

/// How many devices one answer holds.
const PAGE: usize = 500;

/// One Balena, with a token.
#[derive(Debug)]
pub struct Api {
    client: Client,
    endpoints: Endpoints,
    token: Secret,
    time: Arc<ServerTime>,
}

/// A version as a release has it: three numbers, without the `v` that may stand before them. Balena takes no others, which is to be
/// known before anything is built.
///
/// # Errors
/// When it is none.
pub fn semver(version: &str) -> Result<&str, Error> {
    let semver = version.strip_prefix(['v', 'V']).unwrap_or(version);
    let parts: Vec<&str> = semver.split('.').collect();
    let is_number = |part: &&str| {
        (1..=9).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && (part.len() == 1 || !part.starts_with('0'))
    };
    if parts.len() != 3 || !parts.iter().all(is_number) {
        return Err(Error::Version(version.to_owned()));
    }
    Ok(semver)
}

impl Api {
    /// A Balena; nothing is sent yet.
    #[must_use]
    pub fn new(client: Client, endpoints: Endpoints, token: Secret, time: Arc<ServerTime>) -> Self {
        Self { client, endpoints, token, time }
    }

    /// Where it is.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The time by its clock.
    #[must_use]
    pub fn time(&self) -> &Arc<ServerTime> {
        &self.time
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn token(&self) -> &Secret {
        &self.token
    }

    pub(crate) fn builder(&self, target: &str) -> Result<Address, Error> {
        address("the builder", &self.endpoints.builder, target)
    }

    /// Sends one request once.
    pub(crate) fn send(
        &self,
        method: Method,
        target: &str,
        body: Option<&Value>,
        accepts: &[u16],
    ) -> Result<Answer, Error> {
        let bytes = body.map(ToString::to_string);
        let request = self.request(method, target, bytes.as_deref(), accepts)?;
        let answer = self.client.send(&request)?;
        self.hear(&answer);
        Ok(answer)
    }

    fn request<'a>(
        &'a self,
        method: Method,
        target: &str,
        body: Option<&'a str>,
        accepts: &'a [u16],
    ) -> Result<Request<'a>, Error> {
        let address = address("the API", &self.endpoints.api, target)?;
        let mut request = Request::new(method, address).bearer(&self.token);
        if let Some(body) = body {
            request = request.body(Body::Json(body.as_bytes()));
        }
        request.accepts = accepts;
        Ok(request)
    }

    fn hear(&self, answer: &Answer) {
        if let Some(date) = answer.date {
            self.time.heard(date);
        }
    }

    fn patiently(
        &self,
        method: Method,
        target: &str,
        body: Option<&Value>,
        accepts: &[u16],
        waiting: &mut dyn Waiting,
    ) -> Result<Answer, Error> {
        let bytes = body.map(ToString::to_string);
        let request = self.request(method, target, bytes.as_deref(), accepts)?;
        let answer = self.client.send_patiently(&request, waiting)?;
        self.hear(&answer);
        Ok(answer)
    }

    fn ask<T: DeserializeOwned>(&self, target: &str, waiting: &mut dyn Waiting) -> Result<T, Error> {
        let request = self.request(Method::Get, target, None, &[])?;
        Ok(self.client.json_patiently(&request, waiting)?)
    }

    /// Whose the token is. It is asked before anything else: the API answers a wrong token with 200 and empty lists.
    ///
    /// # Errors
    /// When Balena does not know the token, or does not answer.
    pub fn whoami(&self, waiting: &mut dyn Waiting) -> Result<Actor, Error> {
        let answer = self.patiently(Method::Get, "/actor/v1/whoami", None, &[401], waiting)?;
        if answer.status == 401 { Err(Error::Token) } else { Ok(answer.json()?) }
    }

    /// The fleet of a slug.
    ///
    /// # Errors
    /// When there is none that the token may see.
    pub fn fleet(&self, slug: &str, waiting: &mut dyn Waiting) -> Result<Fleet, Error> {
        let target = query(
            &format!("application(slug={})", text(slug)),
            &[
                ("$select", "id,slug,should_track_latest_release"),
                ("$expand", "should_be_running__release($select=id)"),
            ],
        );
        let found: Collection<Fleet> = self.ask(&target, waiting)?;
        found.d.into_iter().next().ok_or_else(|| Error::NoFleet(slug.to_owned()))
    }

    /// The releases of a fleet that a condition holds for, the newest first, at most `most`.
    fn releases(
        &self,
        fleet: &Fleet,
        condition: &str,
        order: &str,
        most: usize,
        waiting: &mut dyn Waiting,
    ) -> Result<Vec<Release>, Error> {
        let target = releases(fleet.id, condition, order, most, "release_tag($select=tag_key,value)");
        Ok(self.ask::<Collection<Release>>(&target, waiting)?.d)
    }

    /// A release of a fleet by its id, its commit, the beginning of that with at least seven digits, or its version. Balena shows the
    /// version of a draft with the moment it was made behind it (`1.2.3-1795249026000`); without that it names a draft when no
    /// other release has it.
    ///
    /// # Errors
    /// When there is none, or several fit.
    pub fn release(&self, fleet: &Fleet, name: &str, waiting: &mut dyn Waiting) -> Result<Release, Error> {
        let is_hexadecimal = name.len() >= 7 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let id = name.parse::<u64>().ok();
        let condition = match (id, is_hexadecimal) {
            (Some(id), false) => format!("id eq {id}"),
            (Some(id), true) => format!("(id eq {id} or startswith(commit,{}))", text(&name.to_lowercase())),
            (None, true) => format!("startswith(commit,{})", text(&name.to_lowercase())),
            (None, false) => format!("raw_version eq {}", text(name)),
        };
        let mut found = self.releases(fleet, &condition, "id desc", 20, waiting)?;
        if let (true, None, Ok(version)) = (found.is_empty(), id, semver(name)) {
            let condition = format!("semver eq {} and is_final eq false", text(version));
            found = self.releases(fleet, &condition, "id desc", 20, waiting)?;
        }
        // Of the builds of one commit at most one has succeeded.
        if found.len() > 1 && found.iter().any(|release| release.status == Status::Success) {
            found.retain(|release| release.status == Status::Success);
        }
        if let Some(exact) = found.iter().position(|release| Some(release.id) == id) {
            return Ok(found.swap_remove(exact));
        }
        let (release, slug) = (name.to_owned(), fleet.slug.clone());
        if found.len() > 1 {
            let names: Vec<String> =
                found.iter().map(|release| format!("{} ({})", release.commit, release.id)).collect();
            return Err(Error::Ambiguous { release, fleet: slug, found: names.join(", ") });
        }
        found.pop().ok_or(Error::NoRelease { release, fleet: slug })
    }

    /// The release of an id, once more.
    ///
    /// # Errors
    /// When it is gone.
    pub fn release_again(&self, fleet: &Fleet, id: u64, waiting: &mut dyn Waiting) -> Result<Release, Error> {
        let found = self.releases(fleet, &format!("id eq {id}"), "id desc", 1, waiting)?;
        let missing = || Error::NoRelease { release: id.to_string(), fleet: fleet.slug.clone() };
        found.into_iter().next().ok_or_else(missing)
    }

    /// The releases that have all of these tags, the newest first, at most twenty.
    ///
    /// # Errors
    /// When Balena does not answer.
    pub fn tagged(
        &self,
        fleet: &Fleet,
        tags: &[(&str, &str)],
        waiting: &mut dyn Waiting,
    ) -> Result<Vec<Release>, Error> {
        let has = |(key, value): &(&str, &str)| {
            format!("release_tag/any(rt:rt/tag_key eq {} and rt/value eq {})", text(key), text(value))
        };
        let conditions: Vec<String> = tags.iter().map(has).collect();
        self.releases(fleet, &conditions.join(" and "), "created_at desc", 20, waiting)
    }

    /// The final releases that a fleet can follow, the one it would follow first, at most twenty.
    ///
    /// # Errors
    /// When Balena does not answer.
    pub fn good_releases(&self, fleet: &Fleet, waiting: &mut dyn Waiting) -> Result<Vec<Release>, Error> {
        self.releases(fleet, GOOD, "start_timestamp desc", 20, waiting)
    }

    /// The final releases of a fleet that have this version, at most twenty: the next one gets a revision behind its version.
    ///
    /// # Errors
    /// When Balena does not answer.
    pub fn final_releases_of(
        &self,
        fleet: &Fleet,
        semver: &str,
        waiting: &mut dyn Waiting,
    ) -> Result<Vec<Release>, Error> {
        let condition = format!("semver eq {} and is_final eq true", text(semver));
        self.releases(fleet, &condition, "id desc", 20, waiting)
    }

    /// Gives a release tags. One it has with the same value is left; one with another value is an error.
    ///
    /// # Errors
    /// When a tag has another value, or is not there when it is read back.
    pub fn tag_release(
        &self,
        fleet: &Fleet,
        release: u64,
        tags: &Tags,
        waiting: &mut dyn Waiting,
    ) -> Result<(), Error> {
        for (key, value) in tags {
            let body = json!({"release": release, "tag_key": key, "value": value});
            // A tag that is there already is answered with 409; whether it is the same is seen below. A second `POST` of the same
            // tag changes nothing, so it may be repeated.
            let bytes = body.to_string();
            let mut request = self.request(Method::Post, "/v7/release_tag", Some(&bytes), &[409])?;
            request.repeatable = lw_retry::Repeatable::Yes;
            let answer = self.client.send_patiently(&request, waiting)?;
            self.hear(&answer);
        }
        let found = self.release_again(fleet, release, waiting)?.tags;
        for (key, value) in tags {
            match found.get(key) {
                Some(found) if found == value => {}
                Some(found) => {
                    return Err(Error::OtherTag { release, key: key.clone(), found: found.clone() });
                }
                None => return Err(Error::NoEffect(format!("release {release} has no tag {key}"))),
            }
        }
        Ok(())
    }

    /// Gives a draft its version, and gives it as it is then.
    ///
    /// # Errors
    /// When it is no version, when the release is no draft any more, or has another one when it is read back.
    pub fn set_version(
        &self,
        fleet: &Fleet,
        release: u64,
        version: &str,
        waiting: &mut dyn Waiting,
    ) -> Result<Release, Error> {
        let semver = semver(version)?;
        let condition =
            format!("id eq {release} and belongs_to__application eq {} and is_final eq false", fleet.id);
        let target = query("release", &[("$filter", &condition)]);
        self.patiently(Method::Patch, &target, Some(&json!({"semver": semver})), &[], waiting)?;
        let found = self.release_again(fleet, release, waiting)?;
        if found.semver == semver {
            return Ok(found);
        }
        let state = if found.is_final { "it is final" } else { "it is a draft" };
        Err(Error::NoEffect(format!(
            "the version of release {release} is {}, and {state}",
            found.raw_version
        )))
    }

    /// Stops the build of a release, unless it has succeeded meanwhile, and gives it as it is then.
    ///
    /// # Errors
    /// When Balena does not answer.
    pub fn cancel_build(
        &self,
        fleet: &Fleet,
        release: u64,
        waiting: &mut dyn Waiting,
    ) -> Result<Release, Error> {
        let condition =
            format!("id eq {release} and belongs_to__application eq {} and status eq 'running'", fleet.id);
        let target = query("release", &[("$filter", &condition)]);
        let body = json!({"status": "cancelled", "end_timestamp": self.time.now().millis()});
        self.patiently(Method::Patch, &target, Some(&body), &[], waiting)?;
        self.release_again(fleet, release, waiting)
    }

    /// A device of a fleet, by its uuid or the beginning of that with at least seven digits.
    ///
    /// # Errors
    /// When there is none, or several fit.
    pub fn device(&self, fleet: &Fleet, uuid: &str, waiting: &mut dyn Waiting) -> Result<Device, Error> {
        let missing = || Error::NoDevice { device: uuid.to_owned(), fleet: fleet.slug.clone() };
        if uuid.len() < 7 || !uuid.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(missing());
        }
        let condition = format!("startswith(uuid,{})", text(&uuid.to_lowercase()));
        let target = devices(fleet.id, &condition, 2, "");
        let mut found = self.ask::<Collection<Device>>(&target, waiting)?.d;
        if found.len() > 1 {
            return Err(Error::Ambiguous {
                release: uuid.to_owned(),
                fleet: fleet.slug.clone(),
                found: found.iter().map(|device| device.uuid.clone()).collect::<Vec<_>>().join(", "),
            });
        }
        found.pop().ok_or_else(missing)
    }

    /// Pins a device to a release or lets it follow its fleet, where it is still in the fleet and pinned as `device` says, and reads
    /// that back.
    ///
    /// # Errors
    /// When it is not so afterwards.
    pub fn pin(
        &self,
        fleet: &Fleet,
        device: &Device,
        release: Option<u64>,
        waiting: &mut dyn Waiting,
    ) -> Result<(), Error> {
        let (target, body) = crate::target::pin(fleet.id, &[device.id], device.pinned, release);
        self.patiently(Method::Patch, &target, Some(&body), &[], waiting)?;
        let found = self.device(fleet, &device.uuid, waiting)?;
        if found.pinned == release {
            return Ok(());
        }
        let shown = |release: Option<u64>| release.map_or_else(|| "nothing".to_owned(), |id| id.to_string());
        Err(Error::NoEffect(format!(
            "device {} is pinned to {}, not to {}",
            device.uuid,
            shown(found.pinned),
            shown(release)
        )))
    }

    /// All devices of a fleet, without their tags.
    ///
    /// # Errors
    /// When Balena does not answer.
    pub fn devices(&self, fleet: &Fleet, waiting: &mut dyn Waiting) -> Result<Vec<Device>, Error> {
        pages(|condition| {
            let found: Collection<Device> = self.ask(&devices(fleet.id, condition, PAGE, ""), waiting)?;
            Ok(found.d)
        })
    }

    /// All devices of a fleet, asked once a page.
    pub(crate) fn devices_once(&self, fleet: u64, tag: &str) -> Result<Vec<Device>, Error> {
        pages(|condition| self.once::<Device>(&devices(fleet, condition, PAGE, tag)))
    }

    /// A collection, asked once.
    pub(crate) fn once<T: DeserializeOwned>(&self, target: &str) -> Result<Vec<T>, Error> {
        Ok(self.send(Method::Get, target, None, &[])?.json::<Collection<T>>()?.d)
    }
}

/// All devices, of which a page after another is asked for.
fn pages(mut ask: impl FnMut(&str) -> Result<Vec<Device>, Error>) -> Result<Vec<Device>, Error> {
    let mut all: Vec<Device> = Vec::new();
    loop {
        let last = all.last().map_or(0, |device| device.id);
        let page = ask(&format!("id gt {last}"))?;
        let is_last = page.len() < PAGE;
        // A server that gives what it has given before would be asked for ever.
        if page.iter().any(|device| device.id <= last) {
            let why = "a page of devices repeats the one before".to_owned();
            return Err(Error::NotUnderstood { what: "devices".to_owned(), why });
        }
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

/// What holds for a release that a fleet can follow.
pub(crate) const GOOD: &str = "status eq 'success' and is_final eq true and is_invalidated eq false";

/// A question for releases of a fleet.
pub(crate) fn releases(fleet: u64, condition: &str, order: &str, most: usize, expand: &str) -> String {
    let condition = format!("belongs_to__application eq {fleet} and {condition}");
    let most = most.to_string();
    let mut options =
        vec![("$select", RELEASE), ("$filter", condition.as_str()), ("$orderby", order), ("$top", &most)];
    if !expand.is_empty() {
        options.push(("$expand", expand));
    }
    query("release", &options)
}

/// A question for releases of a fleet by their ids.
pub(crate) fn releases_by_id(fleet: u64, ids: impl IntoIterator<Item = u64>, expand: &str) -> String {
    releases(fleet, &format!("id in {}", list(ids)), "id asc", 100, expand)
}

fn devices(fleet: u64, condition: &str, most: usize, tag: &str) -> String {
    let condition = format!("belongs_to__application eq {fleet} and {condition}");
    let mut expand = "is_running__release($select=id),is_pinned_on__release($select=id)".to_owned();
    if !tag.is_empty() {
        expand.push_str(&format!(",device_tag($select=tag_key,value;$filter=tag_key eq {})", text(tag)));
    }
    let most = most.to_string();
    query(
        "device",
        &[
            ("$select", DEVICE),
            ("$filter", &condition),
            ("$orderby", "id asc"),
            ("$top", &most),
            ("$expand", &expand),
        ],
    )
}

fn address(what: &'static str, base: &str, target: &str) -> Result<Address, Error> {
    let base = base.trim_end_matches('/');
    Address::parse(&format!("{base}{target}")).map_err(|error| {
        // What is wrong may be a password in it.
        let shown = if error == lw_http::AddressError::Credentials { "an address" } else { base };
        Error::Address { what, address: shown.to_owned(), error }
    })
}
