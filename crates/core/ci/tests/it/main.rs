//! The providers on recorded environments, foreign text under every one of them, and whom they trust.

mod hostile;
mod providers;
mod trust;
mod variables;
