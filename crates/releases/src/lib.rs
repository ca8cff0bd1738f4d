//! Releases and what is in them: tags become releases of a family, their commits become entries, and both say what the next
//! version is.
//!
//! [`Catalogue`] sorts the tags of a repository; [`Catalogue::read`] is where a command begins. [`releases`] gives the releases that
//! are wanted with what stands in each, reverts followed; [`Release::bump`] is what its entries ask for, and [`position`] where a
//! commit stands among the releases. [`Releases::near_misses`] names messages that may have been meant to ask for more. [`HistoryArgs`] and [`CommitArgs`] are how every tool asks for them on its command line.

mod ask;
mod catalogue;
mod date;
mod entries;
mod error;
mod near;
mod next;
mod position;
mod read;

pub use ask::{
    CommitArgs, HistoryArgs, NEAR_TAG, NOT_ENOUGH_HISTORY, ODD_VERSION, OTHER_TAGS, REPLACEMENTS, SchemeArgs,
    SchemeName, family_name, listed, of_replacements, of_tags, open,
};
pub use catalogue::{Catalogue, TaggedRelease};
pub use date::{utc_date, utc_time};
pub use entries::{Entry, Fate, bump_of};
pub use error::ReleaseError;
pub use near::{MOST_NAMED, NEAR_MISS, NearMisses, level_of, says, subject_of};
pub use next::{Next, NextOptions, next};
pub use position::{Position, position};
pub use read::{Keep, Options, PreReleases, Release, Releases, Want, releases};
