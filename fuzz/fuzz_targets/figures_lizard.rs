//! Any bytes as the CSV of lizard.

use lw_figures::Format;

fuzz_target!(|bytes: &[u8]| lw_fuzz::figures_of(Format::Lizard, bytes));
