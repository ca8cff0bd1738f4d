//! What a project depends on, read from the files its package managers write.
//!
//! Each reader turns files into an [`Inventory`](lw_inventory::Inventory). Where files lie is not known here: a reader asks a [`Tree`] for what it
//! needs, so that the same code runs over a folder, an archive and a test's own files.

mod address;
pub mod cargo;
mod conan;
mod embedded;
mod environments;
mod error;
mod glob;
pub mod golang;
mod graph;
mod npm;
mod origin;
mod python;
mod reader;
mod scopes;
mod text;
mod tree;
mod vcpkg;
mod yaml;

pub use environments::{BuildFile, Environment, environments};
pub use error::{Details, Error, Problem};
pub use reader::{Options, Places, READERS, Reader, detect};
pub use tree::{Entry, EntryKind, MemoryTree, Tree, TreeError};
