//! Balena: its fleets, releases and devices, and a fleet as the target of a rollout.
//!
//! [`Api`] asks and changes; [`FleetTarget`] is a fleet for [`lw_rollout::drive`]. Its words and traps are those of the API's version 7, as
//! open-balena-api 49.0.12 answers:
//!
//! - A wrong token is answered with 200 and an empty list, so [`Api::whoami`] comes first, and nothing found is an error.
//! - A `PATCH` that matches nothing is answered with 200, so whatever is changed is read back.
//! - A fleet follows the final release that was started last. Finalizing an older one changes nothing.
//! - A device is pinned by `is_pinned_on__release`; its `should_be_running__release` is computed.
//!
//! Nothing here knows what a build is made from or what it says: see [`Build`] for what is sent to the builder.

mod api;
mod build;
mod error;
mod model;
mod odata;
mod target;
mod time;

pub use api::{Api, Endpoints, Waiting, semver};
pub use build::Build;
pub use error::Error;
pub use model::{Actor, Device, Fleet, Release, Status, Tags};
pub use target::{
    DEFAULT_POLL, FleetTarget, LEASE_TAG, MARK_TAG, Mutation, RECORD_TAG, WISH_TAG, release_id,
    release_number,
};
pub use time::ServerTime;
