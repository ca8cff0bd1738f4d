//! The edge as tools meet it: runs, configuration, files, rules.

mod configuration;
mod edge;
mod files;
mod rules;
