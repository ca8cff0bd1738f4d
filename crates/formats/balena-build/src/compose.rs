//! The folders that services are built from: `docker-compose.yml`, as far as a source needs it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use lw_model::Diagnose;
use lw_syntax::tree::{Fault, Node, Pairs};
use lw_syntax::yaml::{self, Rules};

/// The longest `docker-compose.yml` that is read, in bytes.
pub const MAX_COMPOSE: usize = 1 << 20;

/// What may be in it: aliases and merged mappings as many as a person needs.
const RULES: Rules = Rules { anchors: MAX_COMPOSE, aliases: MAX_COMPOSE, ..Rules::WRITTEN };

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

/// The folders services are built from, by their paths in the source; an empty one is the source itself.
///
/// # Errors
/// When it is no composition, or names a folder outside.
pub fn contexts(text: &str) -> Result<BTreeSet<String>, ComposeError> {
    if text.len() > MAX_COMPOSE {
        return Err(ComposeError::TooLong(text.len()));
    }
    let malformed = |fault: Fault| {
        let line = fault.line(text).unwrap_or(1);
        ComposeError::Malformed(format!("line {line}: {}", fault.reason()))
    };
    let tree = yaml::read(text, &RULES).map_err(malformed)?;
    let root = tree.root().ok_or_else(|| ComposeError::Malformed("it holds nothing".to_owned()))?;
    let mut contexts = BTreeSet::new();
    for (service, context) in built(root).map_err(malformed)? {
        let Some(path) = inside(context) else {
            return Err(ComposeError::Outside { service: service.to_owned(), context: context.to_owned() });
        };
        contexts.insert(path);
    }
    Ok(contexts)
}

/// The services that are built, and what each names as the folder; an empty text where it names none.
fn built(root: Node<'_>) -> Result<Vec<(&str, &str)>, Fault> {
    let mut built = Vec::new();
    let Some(services) = get(root, "services")? else { return Ok(built) };
    for (service, settings) in pairs(services)?.into_iter().flatten() {
        let Some(service) = service.text() else { continue };
        let Some(build) = get(settings, "build")?.filter(|build| !build.is_null()) else { continue };
        let context = match build.text() {
            Some(context) => context,
            None => match get(build, "context")?.filter(|context| !context.is_null()) {
                None => "",
                Some(context) => context
                    .text()
                    .ok_or_else(|| Fault::new(context.at(), "the path of a folder is expected here"))?,
            },
        };
        built.push((service, context));
    }
    Ok(built)
}

/// The entries of a mapping; `None` for nothing.
fn pairs(node: Node<'_>) -> Result<Option<Pairs<'_>>, Fault> {
    match node.pairs() {
        None if !node.is_null() => {
            Err(Fault::new(node.at(), "names with values (`name: …`) are expected here"))
        }
        pairs => Ok(pairs),
    }
}

fn get<'t>(node: Node<'t>, key: &str) -> Result<Option<Node<'t>>, Fault> {
    pairs(node).map(|_| node.get(key))
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
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn contexts_are_read_in_both_forms() {
        let text = "version: '2.1'\nservices:\n  a:\n    build: ./a/\n  b:\n    build:\n      context: b/x/..\n      args: [K=V]\n  c:\n    build: {dockerfile: D}\n  d:\n    image: x\n  e:\n";
        let found: Vec<_> = contexts(text).unwrap().into_iter().collect();
        assert_eq!(found, ["", "a", "b"]);
        for text in ["version: '2'\n", "services:\n", "services: {a: {build: ~}, b: {build: null}, c: }"] {
            assert!(contexts(text).unwrap().is_empty(), "{text}");
        }
        let quoted: Vec<_> = contexts("services: {a: {build: '~'}}").unwrap().into_iter().collect();
        assert_eq!(quoted, ["~"], "no home folder: nothing expands it");
    }

    #[test]
    fn aliases_and_merged_mappings_are_followed() {
        let text = "x-base: &base\n  build: &build\n    context: base\nx-other: &other {build: other, image: y}\nservices:\n  \
                    a: *base\n  b:\n    <<: *base\n    image: x\n  c:\n    <<: [*other, *base]\n  d:\n    build:\n      \
                    <<: *build\n      context: own\n";
        let found: Vec<_> = contexts(text).unwrap().into_iter().collect();
        assert_eq!(found, ["base", "other", "own"]);
        // The first of a list holds, and what a mapping has itself goes before both.
        let text =
            "x: &x {build: x}\ny: &y {build: y}\nservices:\n  a: {<<: [*x, *y]}\n  b: {build: b, <<: *y}\n";
        let found: Vec<_> = contexts(text).unwrap().into_iter().collect();
        assert_eq!(found, ["b", "x"]);
    }

    #[test]
    fn aliases_of_aliases_end() {
        let mut merged = "a0: &a0 {x: y}\n".to_owned();
        let mut lists = merged.clone();
        for n in 1..200 {
            let before = n - 1;
            writeln!(merged, "a{n}: &a{n} {{<<: [*a{before}, *a{before}]}}").unwrap();
            writeln!(lists, "a{n}: &a{n} [*a{before}, *a{before}]").unwrap();
        }
        // Each key is there once, whoever merges it how often.
        assert!(contexts(&format!("{merged}services: {{s: *a199}}\n")).unwrap().is_empty());
        let error = contexts(&lists).unwrap_err().to_string();
        assert!(error.contains("its aliases name more than"), "{error}");
        let keys: String = (0..2000).map(|n| format!("k{n}: v, ")).collect();
        let wide: String = (0..2000).map(|n| format!("m{n}: {{<<: *b}}\n")).collect();
        let error = contexts(&format!("b: &b {{{keys}}}\n{wide}")).unwrap_err().to_string();
        assert!(error.contains("merges more"), "{error}");
        let nested = "[".repeat(100_000);
        assert!(matches!(contexts(&nested), Err(ComposeError::Malformed(_))));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, expected) in [
            ("services: [a]", "line 1: names with values"),
            ("services:\n  a: [x]", "line 2: names with values"),
            ("services:\n  a:\n    build: [x]", "line 3: names with values"),
            ("services:\n  a:\n    build:\n      context: [x]", "line 4: the path of a folder"),
            ("services:\n  a:\n    build: x\n    build: y\n", "line 4: the key build is there twice"),
            ("services:\n  a: &a\n    <<: *a\n", "line 3: an alias of what it lies in"),
            ("a: b\n---\nservices: {}\n", "line 2: a second document"),
            ("services: {a: *b}\n", "line 1"),
            ("services: {a: {build: x}\n", "line 1"),
            ("", "it holds nothing"),
            ("- a", "line 1: names with values"),
        ] {
            let error = contexts(text).unwrap_err().to_string();
            assert!(error.starts_with("it is no composition: "), "{error}");
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn what_leads_out_or_is_none_is_refused() {
        for context in ["../a", "/a", "a/../..", "https://github.com/x/y.git"] {
            let text = format!("services:\n  s:\n    build: {context}\n");
            let error = contexts(&text).unwrap_err();
            assert!(matches!(&error, ComposeError::Outside { service, .. } if service == "s"), "{context}");
            assert!(error.hint().is_some());
        }
        for text in ["services: [a]", "services:\n  a:\n    build: [x]", "a: b: c", "- a"] {
            assert!(matches!(contexts(text), Err(ComposeError::Malformed(_))), "{text}");
        }
        assert!(matches!(contexts(&" ".repeat(MAX_COMPOSE + 1)), Err(ComposeError::TooLong(_))));
    }
}
