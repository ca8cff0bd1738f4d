//! Any bytes as the JSON of jscpd.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lw_figures::Format;

fuzz_target!(|bytes: &[u8]| lw_fuzz::figures_of(Format::Jscpd, bytes));
