//! Requests over HTTPS: their time limits, their repetitions, and what may be sent where.
//!
//! A [`Client`] is made from [`Settings`], which hold everything that other clients take from the environment by themselves: proxies, trusted
//! certificates, limits. There is no `.netrc` and no cookie. It speaks HTTPS, and HTTP to this machine only; it follows redirects of
//! requests that read, within one origin, and never elsewhere, so a token is seen by the server it is meant for. A token is a
//! [`lw_secret::Secret`], and an error tells neither it nor the query of an address.
//!
//! [`Client::send`] makes one attempt. [`Client::send_patiently`] repeats it as the one policy of the suite says ([`lw_retry`]), and waits
//! by the clock it is given.

mod address;
mod answer;
mod client;
mod error;
mod settings;

pub use address::{Address, AddressError};
pub use answer::{Answer, Reader};
pub use client::{Body, Client, Failed, Method, Request, Waiting};
pub use error::{Error, ErrorKind, beginning};
pub use settings::{Settings, SettingsError};
