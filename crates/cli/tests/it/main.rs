//! The edge as tools meet it: runs, configuration, files.

mod configuration;
mod edge;
mod files;
