//! The schemas of the formats, as their makers publish them.
//!
//! They are linked without what explains them and deflated, some 40 kB in all, and unpacked when something is validated: a run
//! that validates nothing pays nothing for them.

mod form;
mod judge;
mod rules;

use std::io::Read as _;
use std::sync::OnceLock;

use serde_json::Value;

use self::judge::Misfit;
use self::rules::Rules;
use super::{Faults, Rule};

/// A schema, and those it refers to, by the name it refers to them with.
struct Packed {
    schema: &'static [u8],
    others: &'static [(&'static str, &'static [u8])],
}

const LICENCES: (&str, &[u8]) =
    ("spdx.SNAPSHOT.schema.json", include_bytes!("../packed/cyclonedx-licences.zz"));
const SIGNATURES: (&str, &[u8]) = ("jsf-0.82.SNAPSHOT.schema.json", include_bytes!("../packed/jsf-0.82.zz"));
const CRYPTOGRAPHY: (&str, &[u8]) =
    ("cryptography-defs.SNAPSHOT.schema.json", include_bytes!("../packed/cryptography-defs.zz"));

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
            Packed { schema: include_bytes!("../packed/cyclonedx-1.5.zz"), others: &[LICENCES, SIGNATURES] }
        }
        Which::CycloneDx16 => {
            Packed { schema: include_bytes!("../packed/cyclonedx-1.6.zz"), others: &[LICENCES, SIGNATURES] }
        }
        Which::CycloneDx17 => Packed {
            schema: include_bytes!("../packed/cyclonedx-1.7.zz"),
            others: &[LICENCES, SIGNATURES, CRYPTOGRAPHY],
        },
        Which::Spdx23 => Packed { schema: include_bytes!("../packed/spdx-2.3.zz"), others: &[] },
        Which::Spdx301 => Packed { schema: include_bytes!("../packed/spdx-3.0.1.zz"), others: &[] },
    }
}

fn unpacked(packed: &[u8]) -> Result<Value, String> {
    let mut text = Vec::new();
    flate2::read::ZlibDecoder::new(packed).read_to_end(&mut text).map_err(|error| error.to_string())?;
    serde_json::from_slice(&text).map_err(|error| error.to_string())
}

fn rules(which: Which) -> Result<Rules, String> {
    let packed = packed(which);
    let mut others = Vec::new();
    for (name, schema) in packed.others {
        others.push((*name, unpacked(schema)?));
    }
    Rules::read(&unpacked(packed.schema)?, &others)
}

/// What is wrong with a document by its schema.
pub(super) fn check(document: &Value, which: Which, faults: &mut Faults) {
    static READ: [OnceLock<Result<Rules, String>>; 5] = [const { OnceLock::new() }; 5];
    // Read once for all files of a run.
    let Some(read) = READ.get(which as usize) else { return };
    let rules = match read.get_or_init(|| rules(which)) {
        Ok(rules) => rules,
        // A test reads all of them.
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
    if judge::fits(rules, document) {
        return;
    }
    judge::misfits(rules, document, &mut |pointer, misfit| {
        let (message, mut fix) = words(&misfit);
        if pointer.ends_with("/licenses") {
            fix = "up to CycloneDX 1.6 a list of licences has either licences or exactly one expression";
        }
        faults.add(Rule::Schema, pointer, None, &message, fix);
    });
}

/// What is wrong and what to do. The value itself is not repeated: it may be large, and it is foreign.
fn words(misfit: &Misfit<'_>) -> (String, &'static str) {
    let listed = |options: &[&str]| {
        let shown = options.get(..12).unwrap_or(options);
        let more = options.len() - shown.len();
        if more > 0 { format!("{} and {more} others", shown.join(", ")) } else { shown.join(", ") }
    };
    match misfit {
        Misfit::Unexpected(names) => (
            format!("this version of the format has no field {} here", listed(names)),
            "take it away, or write a version that has it",
        ),
        Misfit::Missing(name) => (format!("the field {name:?} is missing"), "add it"),
        Misfit::Type(types) => (format!("this has to be {}", types.names()), "write a value of that type"),
        Misfit::Choice(choices) => (
            format!(
                "this is none of the values allowed here: {}",
                listed(&choices.iter().filter_map(Value::as_str).collect::<Vec<_>>())
            ),
            "use one of them",
        ),
        Misfit::Constant(value) => (format!("this has to be {value}"), "write that"),
        Misfit::Format(format) => (format!("this is no {format}"), "write it in that form"),
        Misfit::Pattern(pattern) => (format!("this does not match {pattern}"), "write it in that form"),
        Misfit::Repeated => ("two items of this list are equal".to_owned(), "write each item once"),
        Misfit::FewItems(limit) => {
            (format!("this list needs {limit} items or more"), "add what is missing, or take the list away")
        }
        Misfit::ManyItems(limit) => (format!("this list may have {limit} items"), "take items away"),
        Misfit::Short(limit) => {
            (format!("this text needs {limit} characters or more"), "write something, or take the field away")
        }
        Misfit::Long(limit) => (format!("this text may have {limit} characters"), "shorten it"),
        Misfit::Small(limit) => (format!("this number has to be {limit} or more"), "correct it"),
        Misfit::Large(limit) => (format!("this number has to be {limit} or less"), "correct it"),
        Misfit::NoForm => (
            "this is in none of the forms that may stand here".to_owned(),
            "see the specification for the forms of this field",
        ),
        Misfit::SeveralForms => {
            ("this is in several forms of which only one may stand here".to_owned(), "leave one of them")
        }
        Misfit::Forbidden => (
            "this has a form that may not stand here".to_owned(),
            "see the specification for the forms of this field",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Write as _;

    use jsonschema::error::ValidationErrorKind;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

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
            let rules = rules(which).unwrap();
            assert!(!judge::fits(&rules, &Value::Array(Vec::new())), "{which:?}");
        }
    }

    #[test]
    fn what_is_newer_than_the_list_of_the_schema_is_known() {
        let list = unpacked(LICENCES.1).unwrap();
        let list: Vec<_> = list["enum"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        let newer: Vec<_> = lw_inventory::licence_ids().filter(|id| !list.contains(id)).collect();
        assert_eq!(newer, crate::cyclonedx::NOT_IN_SCHEMA);
    }

    /// The crate `jsonschema`, which is right about drafts 7 and 2020-12 by the suite of tests of JSON Schema, as the judge.
    fn judge_of(which: Which) -> jsonschema::Validator {
        let packed = packed(which);
        let mut registry = jsonschema::Registry::new();
        for (name, schema) in packed.others {
            let address = format!("http://cyclonedx.org/schema/{name}");
            registry = registry.add(address, unpacked(schema).unwrap()).unwrap();
        }
        let registry = registry.prepare().unwrap();
        jsonschema::options()
            .with_registry(&registry)
            .should_validate_formats(true)
            // It knows addresses of ASCII only.
            .with_format("idn-email", |text: &str| form::has(text, rules::Format::IdnEmail))
            .offline()
            .build(&unpacked(packed.schema).unwrap())
            .unwrap()
    }

    /// Every misfit by its place and the keyword it breaks.
    type Told = BTreeSet<(String, String)>;

    fn told_here(rules: &Rules, document: &Value) -> Told {
        let mut told = Told::new();
        judge::misfits(rules, document, &mut |pointer, misfit| {
            let keyword = match misfit {
                Misfit::Unexpected(_) => "properties",
                Misfit::Missing(_) => "required",
                Misfit::Type(_) => "type",
                Misfit::Choice(_) => "enum",
                Misfit::Constant(_) => "const",
                Misfit::Format(_) => "format",
                Misfit::Pattern(_) => "pattern",
                Misfit::Repeated => "uniqueItems",
                Misfit::FewItems(_) => "minItems",
                Misfit::ManyItems(_) => "maxItems",
                Misfit::Short(_) => "minLength",
                Misfit::Long(_) => "maxLength",
                Misfit::Small(_) => "minimum",
                Misfit::Large(_) => "maximum",
                Misfit::NoForm => "forms",
                Misfit::SeveralForms => "forms",
                Misfit::Forbidden => "not",
            };
            told.insert((pointer.to_owned(), keyword.to_owned()));
        });
        told
    }

    fn told_by_judge(judge: &jsonschema::Validator, document: &Value) -> Told {
        let told = judge.iter_errors(document).map(|error| {
            let keyword = match error.kind() {
                ValidationErrorKind::AdditionalProperties { .. }
                | ValidationErrorKind::UnevaluatedProperties { .. } => "properties",
                ValidationErrorKind::AnyOf { .. }
                | ValidationErrorKind::OneOfNotValid { .. }
                | ValidationErrorKind::OneOfMultipleValid { .. } => "forms",
                ValidationErrorKind::AdditionalItems { .. } => "maxItems",
                kind => kind.keyword(),
            };
            (error.instance_path().as_str().to_owned(), keyword.to_owned())
        });
        told.collect()
    }

    /// How many changes of a value there are.
    const CHANGES: usize = 11;

    /// Changes that break one thing, or none.
    fn changes(value: &Value) -> Vec<Option<Value>> {
        let mut changes = vec![
            None,
            Some(Value::Null),
            Some(json!(true)),
            Some(json!(-1)),
            Some(json!(1.0)),
            Some(json!("")),
            Some(json!("x y")),
            Some(json!("_:b")),
            Some(json!([])),
            Some(json!({})),
        ];
        match value {
            Value::Object(properties) => {
                let mut properties = properties.clone();
                properties.insert("surprise".to_owned(), json!(1));
                changes.push(Some(Value::Object(properties)));
            }
            Value::Array(items) => {
                let twice = items.iter().chain(items).cloned().collect();
                changes.push(Some(Value::Array(twice)));
            }
            Value::String(text) => changes.push(Some(json!(format!("{text} ")))),
            other => changes.push(Some(other.clone())),
        }
        assert_eq!(changes.len(), CHANGES);
        changes
    }

    fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
        all.push(at.to_owned());
        let inner: Vec<(String, &Value)> = match value {
            Value::Object(properties) => {
                properties.iter().map(|(name, value)| (name.clone(), value)).collect()
            }
            Value::Array(items) => {
                items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect()
            }
            _ => Vec::new(),
        };
        for (name, value) in inner {
            let mut inside = at.to_owned();
            crate::json::push_step(&mut inside, &name);
            pointers(value, &inside, all);
        }
    }

    fn changed(document: &Value, pointer: &str, change: Option<Value>) -> Value {
        let mut document = document.clone();
        match (change, pointer.rsplit_once('/')) {
            (Some(change), _) => *document.pointer_mut(pointer).unwrap() = change,
            (None, Some((outer, name))) => match document.pointer_mut(outer).unwrap() {
                Value::Object(properties) => {
                    properties.remove(&name.replace("~1", "/").replace("~0", "~"));
                }
                Value::Array(items) => {
                    items.remove(name.parse().unwrap());
                }
                _ => unreachable!(),
            },
            (None, None) => document = Value::Null,
        }
        document
    }

    #[test]
    fn what_does_not_fit_is_what_another_validator_says() {
        let folder = lw_testkit::root().join("crates/formats/bom/tests/fixtures");
        let mut documents = Vec::new();
        for part in ["broken", "complete", "written"] {
            for entry in std::fs::read_dir(folder.join(part)).unwrap() {
                let path = entry.unwrap().path();
                if let Ok(document) = serde_json::from_slice::<Value>(&std::fs::read(&path).unwrap()) {
                    documents.push((path, document));
                }
            }
        }
        lw_model::lists::sort_by(&mut documents, |one, other| one.0.cmp(&other.0));
        let of = |document: &Value| {
            let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            match (text("specVersion").as_str(), text("spdxVersion").as_str()) {
                ("1.5", _) => Some(Which::CycloneDx15),
                ("1.6", _) => Some(Which::CycloneDx16),
                ("1.7", _) => Some(Which::CycloneDx17),
                (_, "SPDX-2.3") => Some(Which::Spdx23),
                _ => document.get("@graph").map(|_| Which::Spdx301),
            }
        };
        for which in
            [Which::CycloneDx15, Which::CycloneDx16, Which::CycloneDx17, Which::Spdx23, Which::Spdx301]
        {
            let (rules, judge) = (rules(which).unwrap(), judge_of(which));
            let (mut whole, mut broken) = (0, 0);
            let all: Vec<_> = documents.iter().filter(|(_, document)| of(document) == Some(which)).collect();
            let mut cases = Vec::new();
            for (path, document) in all {
                let mut places = Vec::new();
                pointers(document, "", &mut places);
                cases.extend(
                    places
                        .into_iter()
                        .flat_map(|at| (0..CHANGES).map(move |n| (path, document, at.clone(), n))),
                );
            }
            // As many as take a second, from all over the documents; an odd step goes through all kinds of change.
            let most = if which == Which::Spdx301 { 40 } else { 150 };
            let step = (cases.len() / most).max(1) | 1;
            for (path, document, pointer, number) in cases.into_iter().step_by(step) {
                let change = changes(document.pointer(&pointer).unwrap()).swap_remove(number);
                let about = format!("{} {pointer:?} {change:?}", path.display());
                let document = changed(document, &pointer, change);
                let expected = told_by_judge(&judge, &document);
                assert_eq!(judge::fits(&rules, &document), expected.is_empty(), "{about}: {expected:?}");
                assert_eq!(told_here(&rules, &document), expected, "{about}");
                if expected.is_empty() { whole += 1 } else { broken += 1 }
            }
            assert!(whole > 3 && broken > 20, "{which:?}: {whole} whole, {broken} broken");
        }
    }

    /// Both draw the same line through the values, for a schema of its own.
    fn agree(schema: &Value, values: &[Value]) {
        let rules = Rules::read(schema, &[]).unwrap();
        let judge = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
        let mut fitting = 0;
        for value in values {
            let expected = judge.is_valid(value);
            assert_eq!(judge::fits(&rules, value), expected, "{schema} {value}");
            assert_eq!(told_here(&rules, value).is_empty(), expected, "{schema} {value}");
            fitting += usize::from(expected);
        }
        assert!(fitting > 0 && fitting < values.len(), "{schema} tells no value from another: {fitting}");
    }

    #[test]
    fn each_keyword_means_what_it_means_to_another_validator() {
        let numbers: Vec<Value> =
            serde_json::from_str("[0, -0.0, 1, 1.0, 1.5, -1, 2, 1e2, 100, 9007199254740993, 9007199254740992.0, 18446744073709551615, null, \"1\"]")
                .unwrap();
        for schema in [
            json!({"type": "integer"}),
            json!({"type": ["number", "null"]}),
            json!({"minimum": 1}),
            json!({"maximum": 1.5}),
            json!({"maximum": 9007199254740992u64}),
            json!({"const": 1}),
            json!({"const": 0.0}),
            json!({"enum": [100, "1"]}),
            json!({"not": {"const": 1}}),
            json!({"oneOf": [{"minimum": 1}, {"maximum": 1}]}),
            json!({"anyOf": [{"minimum": 2}, {"maximum": 0}, false]}),
            json!({"allOf": [{"minimum": 1}, {"maximum": 2}, true]}),
            json!({"if": {"minimum": 1}, "then": {"maximum": 1}}),
            json!({"if": {"minimum": 1}, "else": {"const": -1}}),
        ] {
            agree(&schema, &numbers);
        }
        let texts: Vec<Value> =
            ["", "a", "ä", "ab", "aF0", "ag0", "xa", "_:a", "a:b", "x_:a:b", ":", "a\nb:c"]
                .map(Value::from)
                .to_vec();
        for schema in [
            json!({"minLength": 2}),
            json!({"maxLength": 1}),
            json!({"pattern": "^(?!_:).+:.+"}),
            json!({"pattern": "b"}),
            json!({"pattern": "^([a-fA-F0-9]{1}|[a-fA-F0-9]{3})$"}),
            json!({"pattern": "^([a-fA-F0-9]{2})$"}),
            json!({"pattern": "^([a-fA-F0-9]{1}|x[a-fA-F0-9]{1})$"}),
        ] {
            agree(&schema, &texts);
        }
        let lists: Vec<Value> = serde_json::from_str(
            r#"[[], [1], [1, 1.0], [1, "1"], ["a", "a"], [{"a": 1, "b": 2}, {"b": 2.0, "a": 1}], [[1, 2], [12]], [["1", "2"], ["1\",\"2"]],
                [null, false], [0.0, -0.0], [1, 2, 3], [10000000000000000, 1e16], ["a", 1, 2], ["a", "b"]]"#,
        )
        .unwrap();
        let draft = "http://json-schema.org/draft-07/schema#";
        for schema in [
            json!({"uniqueItems": true}),
            json!({"minItems": 2}),
            json!({"maxItems": 1}),
            json!({"items": {"type": "integer"}}),
            json!({"items": false}),
            json!({"$schema": draft, "items": [{"type": "string"}], "additionalItems": false}),
            json!({"$schema": draft, "items": [{"type": "string"}, true], "additionalItems": {"const": 2}}),
            json!({"$schema": draft, "items": {"type": "string"}, "additionalItems": false}),
        ] {
            agree(&schema, &lists);
        }
        let objects: Vec<Value> = serde_json::from_str(
            r#"[{}, {"a": 1}, {"b": 1}, {"a": 1, "b": 1}, {"a": "x"}, {"a": "x", "b": "x"}, {"a": 1, "c": 1}, {"c": {"a": 1}}, {"c": {"c": {"z": 1}}}, {"a": 2, "b": "x", "c": {}}]"#,
        )
        .unwrap();
        for schema in [
            json!({"required": ["a", "b"]}),
            json!({"properties": {"a": {"type": "integer"}, "b": false}}),
            json!({"properties": {"a": true}, "additionalProperties": false}),
            json!({"properties": {"a": true}, "additionalProperties": {"type": "integer"}}),
            json!({"$ref": "#/definitions/x", "required": ["b"], "definitions": {"x": {"required": ["a"]}}}),
            json!({"$schema": draft, "$ref": "#/definitions/x", "required": ["b"], "definitions": {"x": {"required": ["a"]}}}),
            json!({"properties": {"c": {"$ref": "#"}}, "additionalProperties": {"type": "integer"}}),
            json!({"unevaluatedProperties": false}),
            json!({"allOf": [{"properties": {"a": true}}], "unevaluatedProperties": false}),
            json!({"anyOf": [{"properties": {"a": {"const": 1}}, "required": ["a"]}, {"properties": {"b": true}}], "unevaluatedProperties": false}),
            json!({"oneOf": [{"properties": {"a": {"const": 1}}, "required": ["a"]}, {"properties": {"b": {"const": 1}}, "required": ["b"]}], "unevaluatedProperties": {"type": "object"}}),
            json!({"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"properties": {"b": true}}, "else": {"properties": {"a": true}}, "unevaluatedProperties": false}),
            json!({"not": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "unevaluatedProperties": false}),
            json!({"$ref": "#/$defs/x", "$defs": {"x": {"properties": {"a": true}, "additionalProperties": {"type": "integer"}}}, "unevaluatedProperties": false}),
            json!({"allOf": [{"allOf": [{"properties": {"a": true}}], "unevaluatedProperties": {"type": "object"}}], "properties": {"b": true}, "unevaluatedProperties": false}),
            json!({"properties": {"c": {"properties": {"a": true}}}, "unevaluatedProperties": false}),
        ] {
            agree(&schema, &objects);
        }
    }

    #[test]
    fn a_schema_with_what_is_not_known_is_refused() {
        for (schema, reason) in [
            (json!({"dependentRequired": {}}), "the keyword dependentRequired: it is not known here"),
            (
                json!({"properties": {"a": {"format": "ipv4"}}}),
                "the keyword properties: the keyword format: it cannot be \"ipv4\"",
            ),
            (json!({"type": "float"}), "the keyword type: it cannot be \"float\""),
            (json!({"pattern": "(?=a)"}), "the keyword pattern: the pattern (?=a) cannot be used"),
            (json!({"pattern": "^(?!a.)b"}), "the keyword pattern: the pattern ^(?!a.)b cannot be used"),
            (json!({"$ref": "other.json"}), "there is no schema other.json"),
            (json!({"$ref": "#/definitions/a"}), "nothing is at #/definitions/a"),
            (json!({"anyOf": []}), "the keyword anyOf: a list of schemas is none, or empty"),
            (json!({"minItems": -1}), "the keyword minItems: it cannot be -1"),
            (json!(7), "a schema is no object"),
        ] {
            assert_eq!(Rules::read(&schema, &[]).unwrap_err(), reason);
        }
    }

    /// Deep documents take time by their size: what is looked at twice on each level takes 2^40 times that.
    #[test]
    fn a_deep_document_is_looked_at_once() {
        let schema = json!({
            "anyOf": [{"properties": {"a": {"$ref": "#"}}}, {"properties": {"b": true}}],
            "unevaluatedProperties": false,
        });
        let rules = Rules::read(&schema, &[]).unwrap();
        let mut document = json!({"b": 1});
        for _ in 0..40 {
            document = json!({"a": document});
        }
        assert!(judge::fits(&rules, &document));
        assert_eq!(told_here(&rules, &document), Told::new());
    }

    proptest! {
        #[test]
        fn forms_of_texts_are_those_of_another_validator(
            date in "[0-9]{3,4}-[01][0-9]-[0-3][0-9]( |[0-9])?",
            time in "[Tt ]?[0-2][0-9]:[0-6][0-9]:(60|[0-5][0-9])(\\.[0-9]{0,3})?(Z|z|[+-][0-2][0-9]:[0-6][0-9]|)",
            address in "(https?:)?(//)?[a-z@:%0-9\\[\\]ä]{0,6}[/?# <\\\\^]{0,2}[a-zé%:]{0,4}",
        ) {
            let moment = format!("{date}{time}");
            for (format, text) in [
                (rules::Format::Date, &date),
                (rules::Format::Date, &moment),
                (rules::Format::DateTime, &moment),
                (rules::Format::DateTime, &date),
                (rules::Format::Uri, &address),
                (rules::Format::IriReference, &address),
            ] {
                let judge = jsonschema::options()
                    .should_validate_formats(true)
                    .build(&json!({"format": format.name()}))
                    .unwrap();
                let expected = judge.is_valid(&json!(text));
                prop_assert_eq!(form::has(text, format), expected, "{} {:?}", format.name(), text);
            }
        }
    }

    #[test]
    fn days_and_moments_are_those_of_the_calendar() {
        for (text, expected) in [
            ("2024-02-29", true),
            ("2023-02-29", false),
            ("1900-02-29", false),
            ("2000-02-29", true),
            ("2024-04-31", false),
            ("2024-12-31", true),
            ("2024-00-01", false),
            ("2024-01-00", false),
            ("2024-13-01", false),
        ] {
            assert_eq!(form::has(text, rules::Format::Date), expected, "{text}");
            assert_eq!(form::has(&format!("{text}T00:00:00Z"), rules::Format::DateTime), expected, "{text}");
        }
        for (text, expected) in [
            ("2016-12-31T23:59:60Z", true),
            ("2016-12-31T22:59:60Z", false),
            ("2016-12-31T15:59:60-08:00", true),
            ("2017-01-01T08:59:60+09:00", true),
            ("2017-01-01T08:59:60-09:00", false),
            ("2017-01-01T24:00:00Z", false),
            ("2017-01-01T00:60:00Z", false),
            ("2017-01-01T00:00:61Z", false),
            ("2017-01-01T00:00:00.Z", false),
            ("2017-01-01T00:00:00.5+23:59", true),
            ("2017-01-01T00:00:00+24:00", false),
            ("2017-01-01T00:00:00+00:60", false),
            ("2017-01-01T00:00:00", false),
            ("2017-01-01 00:00:00Z", false),
        ] {
            assert_eq!(form::has(text, rules::Format::DateTime), expected, "{text}");
        }
    }
}
