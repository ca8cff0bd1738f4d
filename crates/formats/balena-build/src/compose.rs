//! The folders that services are built from: `docker-compose.yml`, as far as a source needs it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use lw_model::Diagnose;
use serde::Deserialize;

/// The longest `docker-compose.yml` that is read, in bytes.
pub const MAX_COMPOSE: usize = 1 << 20;

/// A `docker-compose.yml` that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// It is no YAML of its kind.
    #[error("it is no composition: {0}")]
    Malformed(String),
    /// It is too long.
    #[error("it has {0} bytes, and {MAX_COMPOSE} are read")]
    TooLong(usize),
    /// A service is built from a folder that is not in the source.
    #[error("service {service} is built from {context}, which is not in the source")]
    Outside {
        /// The service.
        service: String,
        /// The folder.
        context: String,
    },
}

impl Diagnose for ComposeError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Malformed(_) => "see docs.docker.com/reference/compose-file/build for `build`".into(),
            Self::TooLong(_) => "no composition is as long; is it the right file?".into(),
            Self::Outside { .. } => "name a folder below that of docker-compose.yml".into(),
        })
    }
}

#[derive(Deserialize)]
struct Composition {
    #[serde(default)]
    services: BTreeMap<String, Option<Service>>,
}

#[derive(Deserialize)]
struct Service {
    #[serde(default)]
    build: Option<Build>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Build {
    Context(String),
    Settings {
        #[serde(default)]
        context: Option<String>,
    },
}

/// The folders services are built from, by their paths in the source; an empty one is the source itself.
///
/// # Errors
/// When it is no composition, or names a folder outside.
pub fn contexts(text: &str) -> Result<BTreeSet<String>, ComposeError> {
    if text.len() > MAX_COMPOSE {
        return Err(ComposeError::TooLong(text.len()));
    }
    let composition: Composition =
        serde_saphyr::from_str(text).map_err(|error| ComposeError::Malformed(error.to_string()))?;
    let mut contexts = BTreeSet::new();
    for (service, settings) in composition.services {
        let context = match settings.and_then(|settings| settings.build) {
            None => continue,
            Some(Build::Context(context)) => context,
            Some(Build::Settings { context }) => context.unwrap_or_default(),
        };
        let Some(path) = inside(&context) else { return Err(ComposeError::Outside { service, context }) };
        contexts.insert(path);
    }
    Ok(contexts)
}

/// The path without `.` and empty parts; `None` for one that leads out, or is none of this machine.
fn inside(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains("://") {
        return None;
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_are_read_in_both_forms() {
        let text = "version: '2.1'\nservices:\n  a:\n    build: ./a/\n  b:\n    build:\n      context: b/x/..\n      args: [K=V]\n  c:\n    build: {dockerfile: D}\n  d:\n    image: x\n  e:\n";
        let found: Vec<_> = contexts(text).unwrap().into_iter().collect();
        assert_eq!(found, ["", "a", "b"]);
        assert!(contexts("version: '2'\n").unwrap().is_empty());
    }

    #[test]
    fn what_leads_out_or_is_none_is_refused() {
        for context in ["../a", "/a", "a/../..", "https://github.com/x/y.git"] {
            let text = format!("services:\n  s:\n    build: {context}\n");
            let error = contexts(&text).unwrap_err();
            assert!(matches!(&error, ComposeError::Outside { service, .. } if service == "s"), "{context}");
            assert!(error.hint().is_some());
        }
        for text in ["services: [a]", "services:\n  a:\n    build: [x]", ": :", "- a"] {
            assert!(matches!(contexts(text), Err(ComposeError::Malformed(_))), "{text}");
        }
        assert!(matches!(contexts(&" ".repeat(MAX_COMPOSE + 1)), Err(ComposeError::TooLong(_))));
    }
}
