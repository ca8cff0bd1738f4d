//! Every format on the same reports: golden files, the formats' own schemas, hostile text.

#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]

mod formats;
mod golden;
mod hostile;
mod joined;
mod looks;
