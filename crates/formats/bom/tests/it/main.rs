//! Bills of materials, written and read.

mod documents;
mod roundtrip;
mod written;
