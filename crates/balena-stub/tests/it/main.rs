//! The stub against what was recorded of the real one.
