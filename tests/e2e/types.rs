//! What is said of types to those who write workflows and configuration in an editor: `action-types.yml` beside each action, and
//! the schema of `lw.toml`, each read by other eyes than those that wrote it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use lw_testkit::{root, skip};
use saphyr::{LoadableYamlNode, Yaml};

use crate::case::Case;
use crate::support::{binary, e2e_cache, must, say, which};

/// A type of <https://github.com/typesafegithub/github-actions-typing#available-types>.
#[derive(Clone, Debug, PartialEq)]
enum Type {
    String,
    Boolean,
    Integer,
    Float,
    Enum(Vec<String>),
    List(String, Box<Type>),
}

impl Type {
    /// As its page describes it: no key too many, none missing.
    fn read(node: &Yaml<'_>) -> Result<Self, String> {
        let map = node.as_mapping().ok_or("no mapping")?;
        let mut keys: BTreeMap<&str, &Yaml<'_>> = BTreeMap::new();
        for (key, value) in map {
            keys.insert(key.as_str().ok_or("a key is no text")?, value);
        }
        let mut take = |name: &str| keys.remove(name);
        let word = take("type").and_then(Yaml::as_str).ok_or("no type")?;
        let read = match word {
            "string" => Self::String,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "float" => Self::Float,
            "enum" => {
                let values = take("allowed-values").and_then(Yaml::as_sequence).ok_or("no allowed-values")?;
                let values: Option<Vec<String>> =
                    values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
                let values = values.ok_or("an allowed value is no text")?;
                if values.is_empty() || values.iter().any(String::is_empty) {
                    return Err("an allowed value is empty, or there is none".into());
                }
                Self::Enum(values)
            }
            "list" => {
                let separator = take("separator").and_then(Yaml::as_str).unwrap_or_default();
                let item = Self::read(take("list-item").ok_or("no list-item")?)?;
                if separator.is_empty() || matches!(item, Self::List(..)) {
                    return Err("a list without a separator, or of lists".into());
                }
                Self::List(separator.to_owned(), Box::new(item))
            }
            other => return Err(format!("`{other}` is no type")),
        };
        if keys.is_empty() { Ok(read) } else { Err(format!("unknown keys {:?}", keys.keys())) }
    }

    /// Whether a text is a value of it.
    fn fits(&self, text: &str) -> bool {
        match self {
            Self::String => true,
            Self::Boolean => matches!(text, "true" | "false"),
            Self::Integer => text.parse::<i64>().is_ok(),
            Self::Float => text.parse::<f64>().is_ok(),
            Self::Enum(values) => values.iter().any(|value| value == text),
            Self::List(separator, item) => text
                .split(separator.as_str())
                .filter(|part| !part.trim().is_empty())
                .all(|part| item.fits(part.trim())),
        }
    }
}

type Types = BTreeMap<String, Type>;

/// The inputs and the outputs of a file of types.
fn types(text: &str) -> Result<[Types; 2], String> {
    let documents = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
    let top = documents.first().and_then(Yaml::as_mapping).ok_or("no mapping")?;
    let mut read = [Types::new(), Types::new()];
    for (key, value) in top {
        let at = match key.as_str() {
            Some("inputs") => 0,
            Some("outputs") => 1,
            other => return Err(format!("unknown key {other:?}")),
        };
        for (name, node) in value.as_mapping().ok_or("no mapping")? {
            let name = name.as_str().ok_or("a name is no text")?;
            let item = Type::read(node).map_err(|error| format!("{name}: {error}"))?;
            read[at].insert(name.to_owned(), item);
        }
    }
    Ok(read)
}

/// Folders of actions: in the sources, and in the release tree.
fn actions() -> Vec<PathBuf> {
    let mut found = vec![root(), root().join("dist")];
    for folder in ["actions", "dist"] {
        let entries = std::fs::read_dir(root().join(folder)).unwrap();
        found.extend(
            entries.map(|entry| entry.unwrap().path()).filter(|path| path.join("action.yml").is_file()),
        );
    }
    found
}

#[test]
fn every_action_has_the_types_of_its_inputs_and_outputs() {
    let folders = actions();
    assert!(folders.len() >= 2 * lw::TOOLS.len() + 2, "{folders:?}");
    for folder in folders {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let typed =
            types(&read("action-types.yml")).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let manifest = read("action.yml");
        let manifest = Yaml::load_from_str(&manifest).unwrap();
        for (key, typed) in ["inputs", "outputs"].into_iter().zip(&typed) {
            let mut names: Vec<&str> =
                manifest[0][key].as_mapping().unwrap().keys().map(|name| name.as_str().unwrap()).collect();
            names.sort_unstable();
            let typed: Vec<&str> = typed.keys().map(String::as_str).collect();
            assert_eq!(typed, names, "{key} of {}", folder.display());
        }
    }
}

/// A type that is too narrow would be an error in somebody's editor that is none.
#[test]
fn what_the_cases_set_is_of_those_types() {
    let mut of_kind: BTreeMap<String, usize> = BTreeMap::new();
    for entry in lw::TOOLS {
        let text = std::fs::read_to_string(root().join("actions").join(entry.name).join("action-types.yml"))
            .unwrap();
        let [inputs, outputs] = types(&text).unwrap();
        for case in Case::of(entry.name) {
            // What is wrong on purpose is said by the tool.
            if case.name.contains("wrong") || case.name.contains("invalid") {
                continue;
            }
            // An empty input is one that is not set.
            for (name, value) in case.with.iter().filter(|(_, value)| !value.is_empty()) {
                let item = &inputs[name];
                assert!(item.fits(value), "{}/{}: {name} is {item:?}, not {value}", entry.name, case.name);
                let kind = format!("{item:?}");
                *of_kind.entry(kind.split(['(', ' ']).next().unwrap_or_default().to_owned()).or_default() +=
                    1;
            }
        }
        let verdict = &outputs["verdict"];
        assert!(
            ["pass", "warn", "fail", "error"].iter().all(|word| verdict.fits(word)) && !verdict.fits("green")
        );
        assert!(matches!(outputs["breached"], Type::List(..)));
    }
    for kind in ["String", "Boolean", "Integer", "Enum", "List"] {
        assert!(of_kind.get(kind).is_some_and(|count| *count > 1), "no case has an input that is {kind}");
    }
}

#[test]
fn what_is_no_type_is_refused() {
    for (text, reason) in [
        ("inputs:\n  a:\n    type: text\n", "is no type"),
        ("inputs:\n  a:\n    type: enum\n", "no allowed-values"),
        ("inputs:\n  a:\n    type: enum\n    allowed-values: []\n", "or there is none"),
        ("inputs:\n  a:\n    type: list\n    separator: ','\n", "no list-item"),
        ("inputs:\n  a:\n    type: list\n    list-item:\n      type: string\n", "without a separator"),
        ("inputs:\n  a:\n    type: string\n    default: x\n", "unknown keys"),
        ("input:\n  a:\n    type: string\n", "unknown key"),
    ] {
        let error = types(text).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}

/// Writes TOML as JSON, as an editor's server sees it.
fn as_json(toml: &str, into: &Path) {
    let table: toml::Table = toml::from_str(toml).unwrap();
    std::fs::write(into, serde_json::to_vec(&table).unwrap()).unwrap();
}

/// By ajv as the SchemaStore's own checks run it: strict, so that a keyword it does not know is an error.
#[test]
fn the_schema_of_lw_toml_is_one_for_the_schema_store() {
    let modules = e2e_cache().join("node");
    let (Some(node), true) = (which("node"), modules.join("node_modules/ajv").is_dir()) else {
        return skip("ajv is not installed; .ci/e2e-setup installs it").unwrap_or_default();
    };
    let folder = tempfile::tempdir().unwrap();
    let mut documents = Vec::new();
    for example in
        ["examples/live-stt/lw.toml", "examples/lightwaveos/lw.toml", "crates/lw/tests/cmd/doctor.in/lw.toml"]
    {
        let Ok(text) = std::fs::read_to_string(root().join(example)) else { continue };
        let document = folder.path().join(format!("{}.json", documents.len()));
        as_json(&text, &document);
        documents.push(document);
    }
    assert!(documents.len() >= 2, "{documents:?}");
    let check = |documents: &[PathBuf]| {
        let mut command = Command::new(&node);
        command
            .arg(root().join("tests/e2e/schema.mjs"))
            .arg(&modules)
            .arg(root().join("schemas/lw.toml.json"));
        must(command.args(documents))
    };
    assert_eq!(check(&documents), "");
    let wrong = folder.path().join("wrong.json");
    for (text, reason) in [
        ("[size-gate]\nelfs = \"a.elf\"\n", "\"elfs\""),
        ("[size-gaet]\n", "\"size-gaet\""),
        ("[size-gate]\nfail-on = \"sometimes\"\n", "/size-gate/fail-on"),
    ] {
        as_json(text, &wrong);
        let said = check(std::slice::from_ref(&wrong));
        assert!(said.contains(reason), "{text}: {said}");
    }
}

/// The entry of the catalogue, the schema's own name, the line that `lw init` writes and where the release tree has it are one
/// address.
#[test]
fn the_schema_has_one_address() {
    let json = |path: &str| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(root().join(path)).unwrap()).unwrap()
    };
    let entry = json("schemas/schemastore-catalog.json");
    let keys: Vec<&str> = entry.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["name", "description", "fileMatch", "url"]);
    for key in ["name", "description"] {
        // The catalogue's own tests refuse the word.
        assert!(!entry[key].as_str().unwrap().to_lowercase().contains("schema"), "{key}");
    }
    assert_eq!(entry["fileMatch"], serde_json::json!(["lw.toml"]));
    let address = entry["url"].as_str().unwrap();
    let schema = json("schemas/lw.toml.json");
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert_eq!(schema["$id"], address);
    let (_, path) = address.split_once("/org/lw-actions/v1/").unwrap();
    let released = std::fs::read(root().join("dist").join(path)).unwrap();
    assert!(released == std::fs::read(root().join("schemas/lw.toml.json")).unwrap());

    let folder = tempfile::tempdir().unwrap();
    must(Command::new("git").args(["init", "--quiet"]).current_dir(folder.path()));
    let said = say(Command::new(binary()).arg("init").current_dir(folder.path()));
    assert_eq!(said.code, 0, "{said:?}");
    let written = std::fs::read_to_string(folder.path().join("lw.toml")).unwrap();
    assert_eq!(written.lines().next(), Some(format!("#:schema {address}").as_str()));
}
