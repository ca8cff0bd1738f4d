//! What a product is made of: components, where each comes from, and which needs which.
//!
//! Lock files, project files and bills of materials are read into one [`Inventory`], and every bill of materials is
//! written from one. This crate holds data and its arithmetic only: package URLs, licence
//! expressions, identity, union, times.

mod component;
mod inventory;
mod licence;
mod purl;
mod time;

pub use component::{
    Component, Contact, Distribution, Hash, HashAlgorithm, Identity, Kind, Patch, Place, Property, Reference,
    ReferenceKind, Scope, Source,
};
pub use inventory::{Completeness, ComponentId, Inventory, Unknown};
pub use licence::{Licence, LicenceText, licence_ids};
pub use purl::{Purl, PurlError};
pub use time::{days_between, of_unix, whole_seconds};
