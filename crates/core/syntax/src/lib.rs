//! What readers of text formats share: [`Position`], a place in a text for a person, [`xml`], documents element by element
//! without document types, entities of their own, or depth without bound, [`json_reason`], what is wrong with JSON, and
//! [`UniqueJson`], JSON that says one thing.

mod json;
mod position;
pub mod xml;

pub use json::{UniqueJson, json_reason};
pub use position::Position;
