//! Balena on this machine: its API, its builder, and devices that download and run what they are told.
//!
//! A [`Stub`] answers on two ports of the loopback, as the API and the builder are two hosts. What it answers was recorded from the real
//! API, or follows its source (open-balena-api 49.0.12, AGPL: read, not copied). Where only the status is known, the text is the stub's and
//! begins with `balena-stub:`. What nobody knows it refuses, with status 501, such a text, and an entry in [`Stub::refusals`], so that no
//! test passes on an answer nobody has seen.
//!
//! Time stands still until somebody moves it: [`Stub::advance`], or a [`Flow`]. Whatever is decided by chance is decided by
//! [`Config::seed`], so a run is the same each time.
//!
//! The traps of the real API are those of the stub. A wrong token is answered with 200 and an empty list; a PATCH that matches nothing
//! with 200; an older draft that is finalized changes no fleet; a release that is pinned must have been built, for the device's
//! own fleet; on v7 `should_be_running__release` of a device cannot be written, and doing it is answered with an empty 500.

mod api;
mod builder;
mod changes;
mod computed;
mod devices;
mod faults;
mod odata;
mod query;
mod schema;
mod spec;
mod state;
mod stub;
mod time;
mod world;

pub use builder::{Entry, Upload};
pub use faults::{Fault, Injection, When};
pub use spec::{Build, Config, Device, Ends, Flow, Host, Outcome, Release, Seen};
pub use state::{DeviceState, FleetState, Install, ReleaseState, State};
pub use stub::Stub;
