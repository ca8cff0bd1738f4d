//! Any bytes as the lines of gocyclo.

use lw_figures::Format;

fuzz_target!(|bytes: &[u8]| lw_fuzz::figures_of(Format::Gocyclo, bytes));
