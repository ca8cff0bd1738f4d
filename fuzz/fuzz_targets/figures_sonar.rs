//! Any bytes as Sonar's quality gate.

use lw_figures::Format;

fuzz_target!(|bytes: &[u8]| lw_fuzz::figures_of(Format::Sonar, bytes));
