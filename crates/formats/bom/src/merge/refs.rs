//! References inside a bill of CycloneDX: what gives one, and what names one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The member that gives a thing its reference.
pub(super) const OWN: &str = "bom-ref";

/// Members that name things of the bill, alone or in a list: those whose schema is `refType`, `refLinkType` or
/// `bomLinkElementType` in CycloneDX 1.5, 1.6 and 1.7, and those of a composition, which its schema calls texts.
pub(super) const NAMING: &[&str] = &[
    "algorithm",
    "algorithmRef",
    "algorithms",
    "assemblies",
    "asserter",
    "assessor",
    "attributedTo",
    "claims",
    "counterClaims",
    "counterEvidence",
    "dependencies",
    "dependsOn",
    "destination",
    "evidence",
    "members",
    "mitigationStrategies",
    "parent",
    "patentRefs",
    "process",
    "provides",
    "ref",
    "requirement",
    "requirements",
    "signatureAlgorithmRef",
    "source",
    "subjectPublicKeyRef",
    "subjects",
    "target",
    "tools",
    "vulnerabilities",
];

/// Every reference that is given in a value. One that stands there twice is there once.
pub(super) fn given(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == OWN => {
                        found.insert(text.clone());
                    }
                    _ => given(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| given(item, found)),
        _ => {}
    }
}

/// Whether something inside a component gives or names a reference; its own is not counted.
pub(super) fn has_inner(component: &Map<String, Value>) -> bool {
    fn inside(value: &Value) -> bool {
        match value {
            Value::Object(members) => members.iter().any(|(name, member)| {
                let names = name == OWN || NAMING.contains(&name.as_str());
                (names && is_text(member)) || inside(member)
            }),
            Value::Array(items) => items.iter().any(inside),
            _ => false,
        }
    }
    component.iter().any(|(name, member)| {
        let names = NAMING.contains(&name.as_str());
        (names && is_text(member)) || inside(member)
    })
}

/// A text, or a list that has one.
fn is_text(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(items) => items.iter().any(Value::is_string),
        _ => false,
    }
}

/// Writes the new references wherever one is given or named.
pub(super) fn rename(value: &mut Value, new: &BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                if name == OWN || NAMING.contains(&name.as_str()) {
                    match &mut *member {
                        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, new)),
                        member => replace(member, new),
                    }
                }
                rename(member, new);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, new)),
        _ => {}
    }
}

fn replace(value: &mut Value, new: &BTreeMap<String, String>) {
    if let Value::String(text) = value
        && let Some(name) = new.get(text)
    {
        text.clone_from(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What only the prose of the schemas calls references.
    const TOLD: [&str; 2] = ["dependencies", "vulnerabilities"];

    /// Whether a schema is that of a reference, or of a list of them.
    fn is_reference(schema: &Value) -> bool {
        match schema {
            Value::Object(members) => {
                let to = members.get("$ref").and_then(Value::as_str).and_then(|to| to.rsplit('/').next());
                to.is_some_and(|to| ["refType", "refLinkType", "bomLinkElementType"].contains(&to))
                    || ["items", "anyOf", "oneOf", "allOf"]
                        .iter()
                        .filter_map(|key| members.get(*key))
                        .any(is_reference)
            }
            Value::Array(schemas) => schemas.iter().any(is_reference),
            _ => false,
        }
    }

    fn collect(schema: &Value, found: &mut BTreeSet<String>) {
        match schema {
            Value::Object(members) => {
                let properties = members.get("properties").and_then(Value::as_object);
                let naming = properties.into_iter().flatten().filter(|(_, schema)| is_reference(schema));
                found.extend(naming.map(|(name, _)| name.clone()).filter(|name| name != OWN));
                members.values().for_each(|member| collect(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            _ => {}
        }
    }

    #[test]
    fn what_names_things_is_what_the_schemas_say() {
        let mut found: BTreeSet<String> = TOLD.map(str::to_owned).into();
        for schema in [
            include_str!("../../schemas/cyclonedx-1.5.json"),
            include_str!("../../schemas/cyclonedx-1.6.json"),
            include_str!("../../schemas/cyclonedx-1.7.json"),
        ] {
            let schema: Value = serde_json::from_str(schema).unwrap();
            collect(&schema, &mut found);
            for name in TOLD {
                let lists = &schema["definitions"]["compositions"]["properties"][name];
                assert_eq!(
                    (&lists["items"]["type"], is_reference(lists)),
                    (&"string".into(), false),
                    "{name}"
                );
            }
        }
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), NAMING);
    }
}
