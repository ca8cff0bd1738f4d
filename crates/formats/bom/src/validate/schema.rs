//! The schemas of the formats, as their makers publish them.
//!
//! They are linked without what explains them and deflated, some 40 kB in all, and unpacked when something is validated: a run
//! that validates nothing pays nothing for them.

use std::io::Read as _;
use std::sync::OnceLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Registry, Validator};
use serde_json::Value;

use super::{Faults, Rule};

/// A schema, and those it refers to, by the address it refers to them with.
struct Packed {
    schema: &'static [u8],
    others: &'static [(&'static str, &'static [u8])],
}

const LICENCES: (&str, &[u8]) =
    ("http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json", include_bytes!("packed/cyclonedx-licences.zz"));
const SIGNATURES: (&str, &[u8]) =
    ("http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json", include_bytes!("packed/jsf-0.82.zz"));
const CRYPTOGRAPHY: (&str, &[u8]) = (
    "http://cyclonedx.org/schema/cryptography-defs.SNAPSHOT.schema.json",
    include_bytes!("packed/cryptography-defs.zz"),
);

/// Which schema a document is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    CycloneDx15,
    CycloneDx16,
    CycloneDx17,
    Spdx23,
    Spdx301,
}

fn packed(which: Which) -> Packed {
    match which {
        Which::CycloneDx15 => {
            Packed { schema: include_bytes!("packed/cyclonedx-1.5.zz"), others: &[LICENCES, SIGNATURES] }
        }
        Which::CycloneDx16 => {
            Packed { schema: include_bytes!("packed/cyclonedx-1.6.zz"), others: &[LICENCES, SIGNATURES] }
        }
        Which::CycloneDx17 => Packed {
            schema: include_bytes!("packed/cyclonedx-1.7.zz"),
            others: &[LICENCES, SIGNATURES, CRYPTOGRAPHY],
        },
        Which::Spdx23 => Packed { schema: include_bytes!("packed/spdx-2.3.zz"), others: &[] },
        Which::Spdx301 => Packed { schema: include_bytes!("packed/spdx-3.0.1.zz"), others: &[] },
    }
}

fn unpacked(packed: &[u8]) -> Result<Value, String> {
    let mut text = Vec::new();
    flate2::read::ZlibDecoder::new(packed).read_to_end(&mut text).map_err(|error| error.to_string())?;
    serde_json::from_slice(&text).map_err(|error| error.to_string())
}

fn validator(which: Which) -> Result<Validator, String> {
    let packed = packed(which);
    let mut registry = Registry::new();
    for (address, schema) in packed.others {
        registry = registry.add(*address, unpacked(schema)?).map_err(|error| error.to_string())?;
    }
    let registry = registry.prepare().map_err(|error| error.to_string())?;
    jsonschema::options()
        .with_registry(&registry)
        .should_validate_formats(true)
        // The crate knows addresses of ASCII only under this name's elder brother.
        .with_format("idn-email", is_mail)
        .offline()
        .build(&unpacked(packed.schema)?)
        .map_err(|error| error.to_string())
}

/// Whether a text may be an address of electronic mail, of any script.
fn is_mail(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(user, host)| {
        !user.is_empty()
            && !host.is_empty()
            && !text.contains(char::is_whitespace)
            && !host.starts_with(['.', '-'])
    })
}

/// What is wrong with a document by its schema.
pub(super) fn check(document: &Value, which: Which, faults: &mut Faults) {
    static BUILT: [OnceLock<Result<Validator, String>>; 5] = [const { OnceLock::new() }; 5];
    // Built once for all files of a run.
    let Some(built) = BUILT.get(which as usize) else { return };
    let validator = match built.get_or_init(|| validator(which)) {
        Ok(validator) => validator,
        // A test builds all of them.
        Err(error) => {
            faults.add(
                Rule::Schema,
                "",
                None,
                &format!("its schema cannot be used: {error}"),
                "please report this",
            );
            return;
        }
    };
    // To know that there is none is much less work than to say where one is.
    if validator.is_valid(document) {
        return;
    }
    for error in validator.iter_errors(document) {
        let (message, mut fix) = words(error.kind());
        if error.instance_path().as_str().ends_with("/licenses") {
            fix = "up to CycloneDX 1.6 a list of licences has either licences or exactly one expression";
        }
        faults.add(Rule::Schema, error.instance_path().as_str(), None, &message, fix);
    }
}

fn kind(kind: &TypeKind) -> String {
    let words = match kind {
        TypeKind::Single(one) => vec![one.to_string()],
        TypeKind::Multiple(some) => some.iter().map(|one| one.to_string()).collect(),
    };
    words.join(" or ")
}

/// What is wrong and what to do. The value itself is not repeated: it may be large, and it is foreign.
fn words(error: &ValidationErrorKind) -> (String, &'static str) {
    use ValidationErrorKind as Kind;
    let listed = |options: &Value| {
        let options: Vec<_> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let shown: Vec<_> = options.iter().take(12).copied().collect();
        let more = options.len().saturating_sub(shown.len());
        if more > 0 { format!("{} and {more} others", shown.join(", ")) } else { shown.join(", ") }
    };
    match error {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => (
            format!(
                "this version of the format has no field {} here",
                listed(&Value::from(unexpected.clone()))
            ),
            "take it away, or write a version that has it",
        ),
        Kind::Required { property } => (format!("the field {property} is missing"), "add it"),
        Kind::Type { kind: expected } => {
            (format!("this has to be {}", kind(expected)), "write a value of that type")
        }
        Kind::Enum { options } => {
            (format!("this is none of the values allowed here: {}", listed(options)), "use one of them")
        }
        Kind::Constant { expected_value } => (format!("this has to be {expected_value}"), "write that"),
        Kind::Format { format } => (format!("this is no {format}"), "write it in that form"),
        Kind::Pattern { pattern } => (format!("this does not match {pattern}"), "write it in that form"),
        Kind::UniqueItems => ("two items of this list are equal".to_owned(), "write each item once"),
        Kind::MinItems { limit } => {
            (format!("this list needs {limit} items or more"), "add what is missing, or take the list away")
        }
        Kind::MaxItems { limit } => (format!("this list may have {limit} items"), "take items away"),
        Kind::MinLength { limit } => {
            (format!("this text needs {limit} characters or more"), "write something, or take the field away")
        }
        Kind::MaxLength { limit } => (format!("this text may have {limit} characters"), "shorten it"),
        Kind::Minimum { limit } => (format!("this number has to be {limit} or more"), "correct it"),
        Kind::Maximum { limit } => (format!("this number has to be {limit} or less"), "correct it"),
        Kind::OneOfNotValid { .. } | Kind::AnyOf { .. } => (
            "this is in none of the forms that may stand here".to_owned(),
            "see the specification for the forms of this field",
        ),
        Kind::OneOfMultipleValid { .. } => {
            ("this is in several forms of which only one may stand here".to_owned(), "leave one of them")
        }
        Kind::AdditionalItems { limit } => (format!("this list may have {limit} items"), "take items away"),
        other => (
            format!("this breaks the rule {:?} of the schema", other.keyword()),
            "see the specification for this field",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use serde_json::{Map, Value};

    use super::*;

    /// What explains a schema and does not change what is valid.
    const EXPLAINS: [&str; 8] = [
        "description",
        "title",
        "examples",
        "meta:enum",
        "$comment",
        "deprecated",
        "default",
        "$schemaVersion",
    ];

    /// Where keys are names that the schema gives, and no keywords.
    const NAMES: [&str; 6] =
        ["properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "dependencies"];

    fn stripped(schema: Value, is_names: bool) -> Value {
        match schema {
            Value::Object(map) => {
                let kept = map.into_iter().filter(|(key, _)| is_names || !EXPLAINS.contains(&key.as_str()));
                let kept = kept.map(|(key, value)| {
                    let value = if !is_names && ["enum", "const", "required"].contains(&key.as_str()) {
                        value
                    } else {
                        let names = !is_names && NAMES.contains(&key.as_str());
                        stripped(value, names)
                    };
                    (key, value)
                });
                Value::Object(kept.collect::<Map<_, _>>())
            }
            Value::Array(items) => items.into_iter().map(|item| stripped(item, false)).collect(),
            other => other,
        }
    }

    #[test]
    fn packed_schemas_are_the_published_ones() {
        let folder = lw_testkit::root().join("crates/formats/bom");
        let mut total = 0;
        for entry in std::fs::read_dir(folder.join("schemas")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let published: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let expected = stripped(published, false);
            let name = path.file_stem().unwrap().to_str().unwrap();
            let packed = folder.join(format!("src/validate/packed/{name}.zz"));
            if lw_testkit::env("SNAPSHOTS").as_deref() == Some("overwrite") {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
                encoder.write_all(&serde_json::to_vec(&expected).unwrap()).unwrap();
                std::fs::write(&packed, encoder.finish().unwrap()).unwrap();
            }
            let packed = std::fs::read(&packed).unwrap();
            total += packed.len();
            assert_eq!(
                unpacked(&packed).unwrap(),
                expected,
                "{name} is stale: SNAPSHOTS=overwrite packs it again"
            );
        }
        assert!(total < 64 << 10, "{total} bytes");
    }

    #[test]
    fn every_schema_can_be_used() {
        for which in
            [Which::CycloneDx15, Which::CycloneDx16, Which::CycloneDx17, Which::Spdx23, Which::Spdx301]
        {
            let validator = validator(which).unwrap();
            assert!(!validator.is_valid(&Value::Array(Vec::new())), "{which:?}");
        }
    }

    #[test]
    fn what_is_newer_than_the_list_of_the_schema_is_known() {
        let list = unpacked(LICENCES.1).unwrap();
        let list: Vec<_> = list["enum"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        let newer: Vec<_> = lw_inventory::licence_ids().filter(|id| !list.contains(id)).collect();
        assert_eq!(newer, crate::cyclonedx::NOT_IN_SCHEMA);
    }
}
