//! The providers on recorded environments, and foreign text under every one of them.

mod hostile;
mod providers;
