//! The readers on generated firmwares, on the examples and on third-party ones.

mod esp_fixtures;
mod examples;
mod generated;
mod manifest;
mod maps;
mod ota_images;
