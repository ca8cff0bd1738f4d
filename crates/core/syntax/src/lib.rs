//! What readers of text formats share: [`Position`], a place in a text for a person, and [`xml`], documents element by
//! element without document types, entities of their own, or depth without bound.

mod position;
pub mod xml;

pub use position::Position;
