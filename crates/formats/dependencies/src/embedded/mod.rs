//! Ecosystems of firmware: PlatformIO, ESP-IDF, and the submodules of a git repository.
//!
//! No package URL type is registered for any of them. What was had from a repository on GitHub is `pkg:github`, everything
//! else `pkg:generic`.

pub(crate) mod esp_idf;
mod git;
mod idf_manifest;
pub(crate) mod ini;
pub(crate) mod input;
mod library;
pub(crate) mod platformio;
pub(crate) mod submodules;

#[cfg(test)]
mod tests;
