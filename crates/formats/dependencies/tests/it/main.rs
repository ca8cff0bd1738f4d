//! Tests of the readers, over the files that package managers wrote.

mod python;
mod python_common;
