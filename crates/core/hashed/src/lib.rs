//! Hash maps and sets in the order of insertion, with little code for each type.
//!
//! The standard library makes its table anew for each type of key and value, 2 to 4 kB in a binary each time. Here the entries lie
//! in a vector, and one table for all types knows the places of hashes in it. What is here has the names and the meaning that it
//! has in [`std::collections`], except for this:
//!
//! - Entries are gone through in the order in which their keys were put in first, so that the same input gives the same output. What
//!   is removed has its place taken by the last entry.
//! - There is no choice of hasher. All maps of a process share one key, which is random: whoever chooses names cannot choose those
//!   that have one hash.

mod hash;
mod index;
mod map;
mod set;

pub use map::{Entry, HashMap, IntoIter, Iter, IterMut};
pub use set::HashSet;
