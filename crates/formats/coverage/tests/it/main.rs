//! The readers on fixtures of our own, on third-party ones and on damaged ones.

mod fixtures;
mod hostile;
mod manifest;
