//! What readers of text formats share: [`Position`], a place in a text for a person, [`xml`], documents element by element
//! without document types, entities of their own, or depth without bound, [`json_reason`], what is wrong with JSON, and
//! [`UniqueJson`], JSON that says one thing; and [`tree`], what [`yaml`], [`toml`] and [`json`] say, for serde to read.

pub mod json;
mod position;
pub mod toml;
pub mod tree;
pub mod xml;
pub mod yaml;

pub use json::{UniqueJson, json_reason};
pub use position::Position;

/// How much of a name is quoted, in characters.
const SHOWN: usize = 80;
