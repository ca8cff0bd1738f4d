//! The JSON schemas: of `lw-report/1`, and of `lw.toml`.

use anyhow::ensure;
use lw_cli::{Entry, Section, config};
use lw_model::Report;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::action::{Input, Kind, inputs_of};

/// Where editors find the schema of `lw.toml`: in the release tree, at the tag that moves. `lw init` writes it into the file.
const ADDRESS: &str = lw_project::SCHEMA;

/// The entry of the SchemaStore's catalogue, by which editors know the schema of a file from its name
/// (<https://github.com/SchemaStore/schemastore/blob/master/CONTRIBUTING.md>).
pub(crate) fn catalogue() -> anyhow::Result<String> {
    let entry = json!({
        "name": "lw-actions",
        "description": "Limits and settings of the lw-actions tools for firmware, edge and container pipelines",
        "fileMatch": ["lw.toml"],
        "url": ADDRESS,
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&entry)?))
}

/// The schema of a report as it is committed.
pub(crate) fn report() -> anyhow::Result<String> {
    let schema = schemars::schema_for!(Report);
    Ok(format!("{}\n", serde_json::to_string_pretty(&schema)?))
}

/// The schema of `lw.toml`, from the same declarations as its reader: a key for every flag that may stand in a file, and
/// the tools' own sections.
pub(crate) fn configuration(tools: &[Entry]) -> anyhow::Result<String> {
    let mut generator = SchemaSettings::draft07().into_generator();
    let mut properties = Map::new();
    for entry in tools {
        properties.insert(entry.name.to_owned(), of_tool(entry, &mut generator)?);
    }
    let mut definitions = Map::new();
    definitions.insert("word".into(), json!({ "type": ["string", "number", "boolean"] }));
    definitions.insert(
        "list".into(),
        json!({
            "anyOf": [
                { "$ref": "#/definitions/word" },
                { "type": "array", "items": { "$ref": "#/definitions/word" } },
                { "$ref": "#/definitions/table" },
            ],
        }),
    );
    definitions.insert(
        "table".into(),
        json!({
            "description": "One item per key, as NAME=VALUE; `warn` and `fail` are the two levels of a limit, and `none` lifts one",
            "type": "object",
            "additionalProperties": { "anyOf": [{ "$ref": "#/definitions/word" }, { "$ref": "#/definitions/table" }] },
        }),
    );
    definitions.extend(generator.take_definitions(true));
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": ADDRESS,
        "title": "lw.toml",
        "description": "What a project decides once for all runs of the lw tools: one table per tool",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "definitions": definitions,
    });
    tidy(&mut schema);
    Ok(format!("{}\n", serde_json::to_string_pretty(&schema)?))
}

/// Of draft 7, what its strict readers want: nothing beside a reference, which many do not look at, and no formats but its own
/// (schemars names Rust's numbers).
fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(keys) => {
            keys.retain(|key, value| key != "format" || !value.is_string());
            if keys.len() > 1
                && let Some(reference) = keys.remove("$ref")
            {
                keys.insert("allOf".into(), json!([{ "$ref": reference }]));
            }
            keys.values_mut().for_each(tidy);
        }
        _ => {}
    }
}

fn of_tool(entry: &Entry, generator: &mut SchemaGenerator) -> anyhow::Result<Value> {
    let command = entry.command();
    let keys = config::keys(&command);
    let inputs = inputs_of(entry)?;
    let mut properties = Map::new();
    for input in inputs.iter().filter(|input| keys.contains_key(&input.name)) {
        properties.insert(input.name.clone(), of_input(input));
    }
    for section in entry.sections {
        properties.insert(section.name.to_owned(), of_section(entry, section, generator)?);
    }
    for name in entry.trusted {
        if let Some(description) = properties.get_mut(*name).and_then(|schema| schema.get_mut("description"))
        {
            let text = description.as_str().unwrap_or_default().trim_end_matches('.').to_owned();
            *description = format!("{text}. On a pull request the value of the base commit counts.").into();
        }
    }
    let table = |properties: Map<String, Value>| json!({ "type": "object", "properties": properties, "additionalProperties": false });
    let mut schema = table(properties.clone());
    if entry.has_environments
        && let Some(all) = schema.get_mut("properties").and_then(Value::as_object_mut)
    {
        let mut environments = json!({
            "description": "Environments: what each lays over the other keys when `--env NAME` asks for it",
            "type": "object",
        });
        // A part of a section may lack what the whole has to have.
        for section in entry.sections {
            properties.insert(section.name.to_owned(), json!({ "type": "object" }));
        }
        environments["additionalProperties"] = table(properties);
        all.insert("env".into(), environments);
    }
    schema["description"] = entry.summary.into();
    Ok(schema)
}

fn of_input(input: &Input) -> Value {
    let word = match &input.kind {
        Kind::Switch => json!({ "type": "boolean" }),
        Kind::OneOf(values) => json!({ "enum": values }),
        Kind::Number => json!({ "type": ["integer", "string"] }),
        Kind::Text => json!({ "$ref": "#/definitions/word" }),
    };
    let mut schema = if input.list && input.kind == Kind::Text {
        json!({ "$ref": "#/definitions/list" })
    } else if input.list {
        json!({ "anyOf": [word, { "type": "array", "items": word }, { "$ref": "#/definitions/table" }] })
    } else {
        word
    };
    schema["description"] = input.described().into();
    schema
}

fn of_section(entry: &Entry, section: &Section, generator: &mut SchemaGenerator) -> anyhow::Result<Value> {
    let mut schema = section.schema(generator).to_value();
    ensure!(
        refuses_unknown_keys(&schema, generator.definitions()),
        "{}: the type of the section `{}` has to refuse unknown keys: #[serde(deny_unknown_fields)]",
        entry.name,
        section.name
    );
    schema["description"] = section.description.into();
    Ok(schema)
}

/// Whether a slip of the pen in a key would be an error everywhere.
fn refuses_unknown_keys(schema: &Value, definitions: &Map<String, Value>) -> bool {
    let named = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    if let Some(name) = named {
        // A type that holds itself was looked at where it was met first.
        let mut others = definitions.clone();
        return others.remove(name).is_none_or(|schema| refuses_unknown_keys(&schema, &others));
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let refuses = |schema: &Value| refuses_unknown_keys(schema, definitions);
    let rest = match schema.get("additionalProperties") {
        Some(Value::Bool(allowed)) => !allowed,
        Some(schema) => refuses(schema),
        None => schema.get("type").and_then(Value::as_str) != Some("object"),
    };
    let lists = ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    rest && properties.into_iter().flat_map(Map::values).chain(schema.get("items")).chain(lists).all(refuses)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use lw_cli::{Context, Error, Output, Tool};
    use lw_model::Rule;

    use super::*;
    use crate::house::{files_below, root};

    /// The tables of tools in a text of TOML; `None` when it has none.
    fn tables(text: &str) -> Option<Value> {
        let table: toml::Table = toml::from_str(text).ok()?;
        // A scenario of a test may have a history as well, which is no table.
        let known = |(name, value): (&String, &toml::Value)| {
            value.is_table() && lw::TOOLS.iter().any(|entry| entry.name == name)
        };
        table.iter().any(known).then(|| serde_json::to_value(&table).unwrap())
    }

    /// Fenced blocks of a language.
    fn fenced(markdown: &str, language: &str) -> Vec<String> {
        let mut blocks = Vec::new();
        let mut lines = markdown.lines();
        while let Some(line) = lines.next() {
            if line.trim_start().strip_prefix("```") == Some(language) {
                let block: Vec<&str> = lines.by_ref().take_while(|line| line.trim_start() != "```").collect();
                blocks.push(block.join("\n"));
            }
        }
        blocks
    }

    /// Every `lw.toml` of the docs, the examples and the tests, with where it is.
    fn configurations() -> Vec<(String, Value)> {
        let mut found = Vec::new();
        for folder in ["README.md", "docs", "actions", "examples", "tests/cases", "crates"] {
            let path = root().join(folder);
            let files = if path.is_file() { vec![path] } else { files_below(&path).unwrap() };
            for path in files {
                let name = path.display().to_string();
                let text = fs::read_to_string(&path).unwrap_or_default();
                if name.ends_with(".md") {
                    found.extend(
                        fenced(&text, "toml").iter().filter_map(|block| Some((name.clone(), tables(block)?))),
                    );
                } else if name.ends_with("/case.toml") {
                    let case: toml::Table = toml::from_str(&text).unwrap();
                    let files = case.get("text").and_then(|files| files.get("lw.toml"));
                    found.extend(files.and_then(|text| Some((name, tables(text.as_str()?)?))));
                } else if name.ends_with(".toml") {
                    found.extend(tables(&text).map(|value| (name, value)));
                }
            }
        }
        found
    }

    fn validator(tools: &[Entry]) -> jsonschema::Validator {
        let schema: Value = serde_json::from_str(&configuration(tools).unwrap()).unwrap();
        jsonschema::meta::validate(&schema).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    }

    #[test]
    fn every_lw_toml_of_the_docs_and_tests_fits() {
        let validator = validator(lw::TOOLS);
        let all = configurations();
        assert!(all.len() >= 4, "the configurations are looked for in the wrong places: {}", all.len());
        for (name, value) in all {
            if let Err(error) = validator.validate(&value) {
                panic!("{name}: {}: {error}", error.instance_path());
            }
            // A slip of the pen in any of its keys is refused.
            for tool in value.as_object().unwrap().keys() {
                let mut wrong = value.clone();
                let table = wrong[tool].as_object_mut().unwrap();
                let Some(key) = table.keys().next().cloned() else { continue };
                let old = table.remove(&key).unwrap();
                table.insert(format!("{key}z"), old);
                assert!(!validator.is_valid(&wrong), "{name}: {key}z");
            }
        }
    }

    #[test]
    fn what_the_reader_refuses_the_schema_refuses() {
        let validator = validator(lw::TOOLS);
        for (text, fits) in [
            ("[size-gate]\nrequire-baseline = true", true),
            ("[size-gate]\nrequire-baseline = 1", false),
            ("[size-gate]\noverride = \"x\"", false),
            ("[size-gate]\nconfig = \"x\"", false),
            ("[size-gate]\nfail-on = \"warning\"", true),
            ("[size-gate]\nfail-on = \"sometimes\"", false),
            ("[size-gate]\ntop = 5", true),
            ("[size-gate]\ntop = [5]", false),
            (
                "[size-gate.max]\nregion.RAM.span = { warn = \"80%\", fail = 9 }\n\"image.bytes\" = \"none\"",
                true,
            ),
            ("[size-gate]\nmax = [\"image.bytes=1\"]\nexclude = 1", false),
            ("[size-gaet]\ntop = 5", false),
        ] {
            let table: toml::Table = toml::from_str(text).unwrap();
            assert_eq!(validator.is_valid(&serde_json::to_value(table).unwrap()), fits, "{text}");
        }
    }

    struct Deploy;

    #[derive(clap::Args)]
    struct NoArgs {
        /// How often
        #[arg(long)]
        times: Option<u32>,
    }

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Fleet {
        #[allow(dead_code)]
        hosts: Vec<String>,
    }

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Lax {
        #[allow(dead_code)]
        hosts: Vec<String>,
    }

    impl Tool for Deploy {
        const NAME: &'static str = "deploy";
        const SUMMARY: &'static str = "Deploy";
        const GUIDE: &'static str = "";
        const OUTPUTS: &'static [Output] = &[];
        const RULES: &'static [Rule] = &[];
        const SECTIONS: &'static [Section] =
            &[Section::of::<BTreeMap<String, Fleet>>("fleets", "Groups of devices")];
        type Args = NoArgs;

        fn run(_: NoArgs, _: &mut Context, _: &mut Report) -> Result<(), Error> {
            Ok(())
        }
    }

    #[test]
    fn sections_and_environments_are_part_of_it() {
        let validator = validator(&[Entry::of::<Deploy>()]);
        for (text, fits) in [
            (
                "[deploy.fleets.eu]\nhosts = [\"a\"]\n[deploy.env.test]\ntimes = 2\n[deploy.env.test.fleets.eu]\n",
                true,
            ),
            ("[deploy.fleets.eu]\nhost = [\"a\"]", false),
            ("[deploy.env.test]\ntimse = 2", false),
            ("[deploy]\nenv = \"test\"", false),
        ] {
            let table: toml::Table = toml::from_str(text).unwrap();
            assert_eq!(validator.is_valid(&serde_json::to_value(table).unwrap()), fits, "{text}");
        }
    }

    #[test]
    fn a_section_that_takes_any_key_is_refused() {
        for (section, fits) in [
            (Section::of::<Fleet>("one", ""), true),
            (Section::of::<Vec<Fleet>>("list", ""), true),
            (Section::of::<Lax>("lax", ""), false),
            (Section::of::<BTreeMap<String, Lax>>("lax-below", ""), false),
        ] {
            let mut generator = SchemaSettings::draft07().into_generator();
            let schema = of_section(&Entry::of::<Deploy>(), &section, &mut generator);
            assert_eq!(schema.is_ok(), fits, "{section:?}");
        }
    }
}
