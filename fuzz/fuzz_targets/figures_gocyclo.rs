//! Any bytes as the lines of gocyclo.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lw_figures::Format;

fuzz_target!(|bytes: &[u8]| lw_fuzz::figures_of(Format::Gocyclo, bytes));
