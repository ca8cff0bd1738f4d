//! The readers on generated firmwares, on the examples and on third-party ones.

#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]

mod esp_fixtures;
mod examples;
mod generated;
mod manifest;
mod maps;
mod ota_images;
