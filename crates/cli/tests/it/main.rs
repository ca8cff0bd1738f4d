//! The edge as tools meet it: runs, configuration, files, rules, secrets, programs.

mod configuration;
mod edge;
mod files;
mod program;
mod rules;
mod secret;
mod trusted;
