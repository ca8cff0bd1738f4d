//! The suite as its users meet it: the generated actions under a strict runner and under `act`, the launcher, the
//! images, the release tree, the snippets of other CIs.
//!
//! What needs another program (docker, act, zizmor, actionlint) says so and is skipped where it is missing, unless
//! `LW_REQUIRE_E2E=1`. `.ci/e2e-setup` installs all of it. Nothing is written per tool: tests go over `lw::TOOLS`,
//! and what they feed a tool lies in `tests/cases/<tool>/`: each case there is a test by itself, in `cases.rs`.

#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]
// Helpers of tests are tests: a panic there is a failing test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod act;
mod actions;
mod baselines;
mod case;
mod commands;
mod comments;
mod docs;
mod engine;
mod image;
mod init;
mod injection;
mod launcher;
mod lint;
mod looks;
mod other_ci;
mod overhead;
mod packages;
mod pipeline;
mod platforms;
mod prism;
mod readme;
mod recipes;
mod release;
mod repository;
mod stand_ins;
mod support;
mod token;
mod tree;
mod types;
