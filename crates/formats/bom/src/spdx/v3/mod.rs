//! SPDX 3.0.1 in JSON-LD (<https://spdx.github.io/spdx-spec/v3.0.1/>), in the compact form of its context.

mod read;
mod write;

use lw_inventory::Kind;
use serde_json::Value;

use crate::json::{list, text};
use crate::{Lifecycle, ReadError};

pub(crate) use read::read;
pub(crate) use write::write;

/// The context that gives the names of this form their meaning.
pub(crate) const CONTEXT: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";

/// That there is nothing, as the end of a relationship.
const NONE: &str = "NoneElement";

const PURPOSES: [(Kind, &str); 12] = [
    (Kind::Application, "application"),
    (Kind::Framework, "framework"),
    (Kind::Library, "library"),
    (Kind::Firmware, "firmware"),
    (Kind::Platform, "platform"),
    (Kind::OperatingSystem, "operatingSystem"),
    (Kind::DeviceDriver, "deviceDriver"),
    (Kind::Device, "device"),
    (Kind::Container, "container"),
    (Kind::File, "file"),
    (Kind::Data, "data"),
    (Kind::MachineLearningModel, "model"),
];

const REFERENCES: [(&str, &str); 7] = [
    ("vcs", "vcs"),
    ("documentation", "documentation"),
    ("issue-tracker", "issueTracker"),
    ("security-contact", "securityPolicy"),
    ("license", "license"),
    ("release-notes", "releaseNotes"),
    ("website", "altWebPage"),
];

/// What a file is, where its package is distributed as source.
const SOURCE: &str = "source";

const STAGES: [(Lifecycle, &str); 7] = [
    (Lifecycle::Design, "design"),
    (Lifecycle::PreBuild, "source"),
    (Lifecycle::Build, "build"),
    (Lifecycle::PostBuild, "analyzed"),
    (Lifecycle::Operations, "runtime"),
    (Lifecycle::Discovery, "deployed"),
    (Lifecycle::Decommission, "deployed"),
];

/// The version that a document says it has: by its context, else by its creation.
pub(crate) fn check_version(file: &Value) -> Result<(), ReadError> {
    let context = text(file, "@context").unwrap_or_default();
    let of_creation = list(file, "@graph").iter().find_map(|element| text(element, "specVersion"));
    let is_context = context == CONTEXT || context == "https://spdx.org/rdf/3.0.0/spdx-context.jsonld";
    match of_creation {
        _ if !is_context => {
            Err(ReadError::Version { format: "SPDX", version: crate::json::shortened(context) })
        }
        Some(version) if !["3.0.0", "3.0.1"].contains(&version) => {
            Err(ReadError::Version { format: "SPDX", version: crate::json::shortened(version) })
        }
        _ => Ok(()),
    }
}
