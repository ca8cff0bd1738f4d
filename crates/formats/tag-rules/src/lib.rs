//! Rules that name container images, as docker/metadata-action writes them.
//!
//! [`Entry`], [`Flavor`] and [`Image`] are the items of the inputs `tags`, `flavor` and `images`; [`Template`] is a text with
//! `{{expressions}}` in it, [`Pattern`] a regular expression of JavaScript's, [`format_time`] writes a time in the words of
//! moment.js. [`tag`] has the grammar of tags and [`image`] that of names (both of github.com/distribution/reference).
//!
//! What is read here is only syntax: nothing knows a repository, an event or which version is the highest.

mod characters;
mod entry;
mod error;
mod expression;
mod fields;
mod flavor;
pub mod image;
mod moment;
mod pattern;
pub mod tag;
mod zones;

pub use entry::{Entry, Kind, RefEvent, ShaFormat, defaults, parse_entries};
pub use error::{Problem, RuleError};
pub use expression::{Argument, Call, ExpressionError, Template};
pub use fields::{joined, lines};
pub use flavor::{Flavor, Latest, parse_flavor};
pub use image::{Image, parse_images};
pub use moment::{TimeError, format_time, parse_time, zone};
pub use pattern::{Pattern, PatternError};

/// The most bytes an item of an input may have.
pub const MAX_ITEM: usize = 10_000;

/// The most items an input may have.
pub const MAX_ITEMS: usize = 1_000;
