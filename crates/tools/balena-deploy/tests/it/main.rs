//! balena-deploy as its users meet it: the binary, against a Balena on this machine.

#![allow(clippy::disallowed_methods, reason = "tests run the tool and wait for it")]
// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod back;
mod builds;
mod ends;
mod fleets;
mod memory;
mod rollouts;
mod secrets;
mod tags;

use std::fs;
use std::path::Path;
use std::time::Duration;

use lw_testkit::balena::{Config, Device, Flow, Release, Stub};
use lw_testkit::tool::{Run, ToolBinary, transcripts};

pub(crate) const TOOL: ToolBinary = ToolBinary::new(env!("CARGO_BIN_EXE_balena-deploy"));

#[test]
fn every_call_prints_what_it_did() {
    transcripts();
}

/// A fleet of devices that ask each minute, where a minute passes in each second.
pub(crate) struct World {
    pub(crate) stub: Stub,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) fleet: i64,
    pub(crate) old: i64,
    pub(crate) devices: Vec<i64>,
}

impl World {
    pub(crate) fn new(devices: usize) -> Self {
        Self::with(devices, Config::default())
    }

    pub(crate) fn with(devices: usize, config: Config) -> Self {
        let stub = Stub::start(config);
        let fleet = stub.add_fleet("fleet1");
        let old = stub.add_release(fleet, &Release::last("1.0.0"));
        let device = Device {
            poll: Duration::from_secs(60),
            download: Duration::from_secs(5),
            apply: Duration::from_secs(1),
            ..Device::default()
        };
        let devices = stub.add_devices(fleet, devices, &device);
        stub.advance(Duration::from_secs(120));
        stub.set_flow(Flow::Times(60));
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        fs::create_dir_all(source.join("app")).unwrap();
        fs::write(source.join("Dockerfile"), "FROM scratch\nCOPY . /\n").unwrap();
        fs::write(source.join("app/main.py"), "print('hello')\n").unwrap();
        fs::write(source.join("app/secret.key"), "left out").unwrap();
        fs::write(source.join(".dockerignore"), "**/*.key\n").unwrap();
        Self { stub, folder, fleet, old, devices }
    }

    /// Runs a command as a step of a workflow.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with_token(arguments, self.stub.token())
    }

    pub(crate) fn run_with_token(&self, arguments: &[&str], token: &str) -> Run {
        let (api, builder) = (self.stub.api_url(), self.stub.builder_url());
        let env = [
            ("BALENARC_API_URL", api.as_str()),
            ("BALENARC_BUILDER_URL", &builder),
            ("BALENA_TOKEN", token),
            ("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567"),
            ("GITHUB_EVENT_NAME", "workflow_dispatch"),
            ("GITHUB_REPOSITORY", "org/repo"),
        ];
        TOOL.run_as_step(self.folder.path(), &[arguments, &["--fleet", "admin/fleet1"]].concat(), &env)
    }

    /// The flags of a quick rollout in two waves.
    pub(crate) fn quick(&self) -> [&'static str; 8] {
        ["--step", "34", "--step", "100", "--bake", "60", "--look-every", "1"]
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// No request was answered that the real API would not have been known to answer.
    pub(crate) fn assert_known(&self) {
        assert_eq!(self.stub.refusals(), Vec::<String>::new());
    }
}
