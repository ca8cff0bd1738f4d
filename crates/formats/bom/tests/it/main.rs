//! Bills of materials, written and read.

mod broken;
mod documents;
mod judges;
mod roundtrip;
mod written;
