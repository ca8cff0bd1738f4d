//! The edge as tools meet it: runs, configuration, files, rules, secrets, programs.

#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]

mod configuration;
mod edge;
mod files;
mod program;
mod rules;
mod secret;
mod stores;
mod trusted;
