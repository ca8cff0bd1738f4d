//! Tests of the readers, over the files that package managers wrote.

mod folder;
mod python;
