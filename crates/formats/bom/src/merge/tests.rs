// What the macro makes is given away.
#![allow(clippy::needless_pass_by_value)]

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{Completeness, Kind};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn bill(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn product() -> MergeOptions {
    let mut component = Component::new("generic", "product", Some("7".into()));
    component.kind = Kind::Firmware;
    MergeOptions { root: MergedRoot::New(Box::new(component)), ..MergeOptions::default() }
}

fn merge_values(values: &[Value], options: &MergeOptions) -> (Merged, Value) {
    let bytes: Vec<_> = values.iter().map(bill).collect();
    let names: Vec<_> = (0..values.len()).map(|index| format!("{index}.json")).collect();
    let bills: Vec<_> = names.iter().zip(&bytes).map(|(name, bytes)| Bill { name, bytes }).collect();
    // Checked against the schemas it is in a test of its own: that takes most of the time.
    let merged = unchecked(&bills, options).unwrap();
    let value = serde_json::from_str(&merged.text).unwrap();
    (merged, value)
}

fn app(name: &str, components: Value, dependencies: Value) -> Value {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "metadata": {
            "timestamp": "2026-01-31T12:00:00Z",
            "component": { "type": "application", "bom-ref": "root", "name": name, "version": "1" },
        },
        "components": components,
        "dependencies": dependencies,
    })
}

fn lib(reference: &str, name: &str) -> Value {
    json!({ "type": "library", "bom-ref": reference, "name": name, "version": "1", "purl": format!("pkg:generic/{name}@1") })
}

/// What each thing needs, by names.
fn graph(bill: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut names = BTreeMap::new();
    let components = bill["components"].as_array().into_iter().flatten();
    for component in components.chain([&bill["metadata"]["component"]]) {
        let known = names.insert(component["bom-ref"].as_str().unwrap(), component["name"].as_str().unwrap());
        assert_eq!(known, None, "a reference stands there twice");
    }
    let name = |reference: &Value| names[reference.as_str().unwrap()].to_owned();
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in bill["dependencies"].as_array().unwrap() {
        let needs = entry["dependsOn"].as_array().into_iter().flatten().map(name);
        graph.entry(name(&entry["ref"])).or_default().extend(needs);
    }
    graph
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn both_graphs_hang_on_the_new_product() {
    let first = app(
        "one",
        json!([lib("a", "x"), lib("b", "y")]),
        json!([{ "ref": "root", "dependsOn": ["a"] }, { "ref": "a", "dependsOn": ["b"] }]),
    );
    let second = app(
        "two",
        json!([lib("a", "z"), lib("c", "y")]),
        json!([{ "ref": "root", "dependsOn": ["a", "c"] }, { "ref": "a" }]),
    );
    let (merged, value) = merge_values(&[first, second], &product());
    assert_eq!((merged.components, merged.united, merged.renamed), (5, 1, 2));
    assert_eq!((merged.apart, merged.lost), (vec![], vec![]));
    assert_eq!(
        graph(&value),
        BTreeMap::from([
            ("product".to_owned(), set(&["one", "two"])),
            ("one".to_owned(), set(&["x"])),
            ("two".to_owned(), set(&["z", "y"])),
            ("x".to_owned(), set(&["y"])),
            ("z".to_owned(), set(&[])),
        ])
    );
    // An entry of a component without `dependsOn` says that it needs nothing, none says that nobody knows.
    let keys: Vec<_> = value.as_object().unwrap().keys().take(4).map(String::as_str).collect();
    assert_eq!(keys, ["bomFormat", "specVersion", "serialNumber", "version"]);
    assert_eq!(value["version"], 1);
    assert_ne!(value["serialNumber"], "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79");
    assert_eq!(value["dependencies"][0]["ref"], value["metadata"]["component"]["bom-ref"]);
    assert_eq!(value["metadata"]["component"]["name"], "product");
    assert_eq!(value["metadata"].get("timestamp"), None, "the time of the parts is not that of the whole");
    let properties: Vec<_> = value["metadata"]["properties"]
        .as_array()
        .unwrap()
        .iter()
        .map(|property| property["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        properties,
        [
            "lw:merged:1:serialNumber",
            "lw:merged:2:serialNumber",
            "lw:merged:1:timestamp",
            "lw:merged:2:timestamp",
            "lw:merged:1:version",
            "lw:merged:2:version",
        ]
    );
}

#[test]
fn the_first_product_may_stay_the_product() {
    let first = app("one", json!([lib("a", "x")]), json!([{ "ref": "root", "dependsOn": ["a"] }]));
    let second = app("two", json!([lib("a", "x")]), json!([{ "ref": "root", "dependsOn": ["a"] }]));
    let (merged, value) = merge_values(&[first.clone(), second], &MergeOptions::default());
    assert_eq!(merged.components, 2);
    assert_eq!(
        graph(&value),
        BTreeMap::from([("one".to_owned(), set(&["two", "x"])), ("two".to_owned(), set(&["x"]))])
    );
    // With itself it is itself.
    let (merged, value) = merge_values(&[first.clone(), first.clone()], &MergeOptions::default());
    assert_eq!((merged.components, merged.united, merged.renamed), (1, 2, 0));
    assert_eq!(value["components"], first["components"]);
    assert_eq!(value["dependencies"], first["dependencies"]);
    // Its product may stand in another bill as a component.
    let third = app(
        "three",
        json!([{ "type": "application", "bom-ref": "q", "name": "one", "version": "1" }]),
        json!([{ "ref": "root", "dependsOn": ["q"] }]),
    );
    let (merged, value) = merge_values(&[first, third], &MergeOptions::default());
    assert_eq!((merged.components, merged.united), (2, 1));
    assert_eq!(
        graph(&value),
        BTreeMap::from([("one".to_owned(), set(&["three", "x"])), ("three".to_owned(), set(&["one"]))])
    );
}

#[test]
fn a_bill_without_product_gives_what_nothing_in_it_needs() {
    let mut bare = app(
        "",
        json!([lib("a", "x"), lib("b", "y"), { "type": "library", "name": "w" }]),
        json!([{ "ref": "a", "dependsOn": ["b"] }]),
    );
    bare["metadata"].as_object_mut().unwrap().remove("component");
    let (_, value) = merge_values(&[bare.clone()], &product());
    assert_eq!(graph(&value)["product"], set(&["w", "x"]));
    let error =
        merge(&[Bill { name: "bare.json", bytes: &bill(&bare) }], &MergeOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "bare.json: it names no product, so nothing says what the merged bill is about"
    );
    assert!(error.hint().unwrap().contains("`name`"));
    assert!(matches!(merge(&[], &product()), Err(MergeError::Nothing)));
}

#[test]
fn one_is_made_of_two_only_where_they_say_the_same() {
    let with = |member: &str, value: Value| {
        let mut lib = lib("a", "x");
        lib[member] = value;
        app("one", json!([lib]), json!([]))
    };
    let hash = |content: &str| json!([{ "alg": "SHA-1", "content": content.repeat(20) }]);
    let united = |first: Value, second: Value| {
        let (merged, value) = merge_values(&[first, second], &product());
        // Both products are the same one.
        assert_eq!(merged.united - 1 + merged.apart.len(), 1, "{merged:?}");
        (merged.united == 2)
            .then(|| value["components"][1].clone())
            .ok_or_else(|| merged.apart[0].member.clone())
    };
    let plain = || app("one", json!([lib("b", "x")]), json!([]));
    assert_eq!(united(plain(), with("description", json!("d"))).unwrap()["description"], "d");
    assert_eq!(
        united(with("description", json!("c")), with("description", json!("d"))),
        Err("description".into())
    );
    assert_eq!(
        united(with("licenses", json!([{ "expression": "MIT" }])), with("licenses", json!([]))),
        Err("licenses".into())
    );
    assert_eq!(united(with("hashes", hash("aa")), with("hashes", hash("bb"))), Err("hashes".into()));
    assert_eq!(
        united(with("hashes", hash("aa")), with("hashes", hash("AA"))).unwrap()["hashes"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let more = json!([{ "alg": "MD5", "content": "c".repeat(32) }]);
    assert_eq!(
        united(with("hashes", hash("aa")), with("hashes", more)).unwrap()["hashes"].as_array().unwrap().len(),
        2
    );
    // Whether it is needed is the stronger of both, and who says nothing says that it is.
    for (first, second, both) in [
        (Some("excluded"), Some("optional"), Some("optional")),
        (Some("required"), Some("optional"), Some("required")),
        (Some("excluded"), None, Some("required")),
        (None, Some("optional"), Some("required")),
        (None, None, None),
    ] {
        let of = |scope: Option<&str>| scope.map_or_else(plain, |scope| with("scope", json!(scope)));
        let result = united(of(first), of(second)).unwrap();
        assert_eq!(result.get("scope").and_then(Value::as_str), both, "{first:?} {second:?}");
    }
    // What names other things may mean others.
    let inner = json!([{ "type": "library", "bom-ref": "in", "name": "inner" }]);
    assert_eq!(
        united(with("components", inner.clone()), with("components", inner)),
        Err("references of its own".into())
    );
    let place = |line: u32| json!({ "occurrences": [{ "location": "Cargo.lock", "line": line }] });
    let both = united(with("evidence", place(1)), with("evidence", place(2))).unwrap();
    assert_eq!(both["evidence"]["occurrences"].as_array().unwrap().len(), 2);
}

#[test]
fn an_identity_is_more_than_a_name() {
    for (member, value) in [
        ("purl", json!("pkg:generic/x@1?vcs_url=git%2Bhttps://example.org/x")),
        ("version", json!("2")),
        ("group", json!("g")),
        ("type", json!("framework")),
        ("cpe", json!("cpe:2.3:a:x:x:1:*:*:*:*:*:*:*")),
    ] {
        let mut other = lib("a", "x");
        other[member] = value;
        let (merged, _) = merge_values(
            &[app("one", json!([lib("a", "x")]), json!([])), app("one", json!([other]), json!([]))],
            &product(),
        );
        assert_eq!((merged.united, merged.renamed, merged.components), (1, 1, 3), "{member}");
        assert!(merged.apart.is_empty());
    }
    // Without a package URL it is where it comes from.
    let from = |url: &str| {
        let mut lib = lib("a", "x");
        lib.as_object_mut().unwrap().remove("purl");
        lib["externalReferences"] = json!([{ "type": "vcs", "url": url }]);
        app("one", json!([lib]), json!([]))
    };
    assert_eq!(
        merge_values(&[from("https://a.example"), from("https://b.example")], &product()).0.components,
        3
    );
    assert_eq!(
        merge_values(&[from("https://a.example"), from("https://a.example")], &product()).0.components,
        2
    );
}

#[test]
fn what_the_model_has_no_place_for_stays() {
    let mut second = app("two", json!([lib("a", "z")]), json!([]));
    second["vulnerabilities"] = json!([{ "bom-ref": "v", "id": "CVE-2026-1", "affects": [{ "ref": "a" }] }]);
    second["annotations"] = json!([{ "subjects": ["a", "root"], "annotator": { "individual": { "name": "a" } }, "timestamp": "2026-01-31T12:00:00Z", "text": "a" }]);
    second["services"] = json!([{ "bom-ref": "s", "name": "s" }]);
    second["formulation"] = json!([{ "bom-ref": "f" }]);
    second["compositions"] = json!([{ "aggregate": "complete", "dependencies": ["a"] }]);
    second["components"][0]["pedigree"] = json!({ "notes": "patched" });
    second["definitions"] = json!({ "standards": [{ "bom-ref": "std", "name": "s" }] });
    second["signature"] = json!({ "value": "x" });
    second["$schema"] = json!("http://cyclonedx.org/schema/bom-1.6.schema.json");
    let mut first = app("one", json!([lib("a", "x")]), json!([]));
    first["specVersion"] = json!("1.4");
    first["metadata"]["tools"] = json!([{ "vendor": "v", "name": "t" }]);
    first["definitions"] = json!({ "standards": [{ "bom-ref": "std", "name": "other" }] });
    let (merged, value) = merge_values(&[first, second.clone()], &product());
    assert_eq!(value["specVersion"], "1.6");
    assert_eq!(value["$schema"], "http://cyclonedx.org/schema/bom-1.6.schema.json");
    assert_eq!(
        value["vulnerabilities"],
        json!([{ "bom-ref": "v", "id": "CVE-2026-1", "affects": [{ "ref": "a#2" }] }])
    );
    assert_eq!(value["annotations"][0]["subjects"], json!(["a#2", "root#2"]));
    assert_eq!(value["annotations"][0]["text"], "a", "a text is no reference");
    assert_eq!(value["services"], second["services"]);
    assert_eq!(value["formulation"], second["formulation"]);
    assert_eq!(value["compositions"][0], json!({ "aggregate": "complete", "dependencies": ["a#2"] }));
    assert_eq!(value["components"][3]["pedigree"]["notes"], "patched");
    assert_eq!(
        value["definitions"]["standards"],
        json!([{ "bom-ref": "std", "name": "other" }, { "bom-ref": "std#2", "name": "s" }])
    );
    assert_eq!(
        value["metadata"]["tools"]["components"],
        json!([{ "type": "application", "publisher": "v", "name": "t" }])
    );
    let lost: Vec<_> = merged.lost.iter().map(|lost| (lost.bill.as_str(), lost.path.as_str())).collect();
    assert_eq!(lost, [("1.json", "signature")]);
}

#[test]
fn what_all_bills_say_of_themselves_is_said_and_the_rest_is_kept() {
    let with = |name: &str, licence: &str, supplier: &str| {
        let mut bill = app(name, json!([]), json!([]));
        bill["metadata"]["licenses"] = json!([{ "license": { "id": licence } }]);
        bill["metadata"]["supplier"] = json!({ "name": supplier });
        bill
    };
    let bills = [with("one", "CC0-1.0", "A"), with("two", "CC0-1.0", "B")];
    let (_, value) = merge_values(&bills, &product());
    assert_eq!(value["metadata"]["licenses"], bills[0]["metadata"]["licenses"]);
    assert_eq!(value["metadata"].get("supplier"), None);
    let properties = value["metadata"]["properties"].as_array().unwrap();
    assert!(properties.contains(&json!({ "name": "lw:merged:2:supplier", "value": "{\"name\":\"B\"}" })));
    let contact = Contact {
        name: Some("C".into()),
        email: Some("c@c.example".into()),
        url: Some("https://c.example".into()),
    };
    let options = MergeOptions {
        supplier: Some(contact),
        timestamp: Some("2026-02-01T12:00:00.5+01:00".into()),
        tool: Some(Tool { vendor: None, name: "lw sbom".into(), version: Some("1".into()) }),
        ..product()
    };
    let (_, value) = merge_values(&bills, &options);
    assert_eq!(value["metadata"]["timestamp"], "2026-02-01T11:00:00Z");
    assert_eq!(
        value["metadata"]["supplier"],
        json!({ "name": "C", "url": ["https://c.example"], "contact": [{ "email": "c@c.example" }] })
    );
    assert_eq!(value["metadata"]["tools"]["components"][0]["name"], "lw sbom");
    assert!(
        value["metadata"]["properties"]
            .as_array()
            .unwrap()
            .contains(&json!({ "name": "lw:merged:1:supplier", "value": "{\"name\":\"A\"}" }))
    );
}

#[test]
fn another_format_goes_through_the_model_and_says_what_is_lost() {
    let mut one = app("one", json!([lib("a", "x")]), json!([{ "ref": "root", "dependsOn": ["a"] }]));
    one["specVersion"] = json!("1.7");
    one["components"][0]["pedigree"] =
        json!({ "notes": "patched", "ancestors": [{ "type": "library", "name": "y" }] });
    let two = app("two", json!([lib("a", "z")]), json!([{ "ref": "root", "dependsOn": ["a"] }]));
    let options = MergeOptions { format: Some(Format::CycloneDx16), ..product() };
    let (merged, value) = merge_values(&[one, two], &options);
    assert_eq!(merged.format, Format::CycloneDx16);
    assert_eq!(value["specVersion"], "1.6");
    assert_eq!(merged.components, 4);
    assert_eq!(graph(&value)["product"], set(&["one", "two"]));
    assert_eq!((&graph(&value)["one"], &graph(&value)["two"]), (&set(&["x"]), &set(&["z"])));
    let lost: Vec<_> = merged.lost.iter().map(|lost| lost.path.as_str()).collect();
    assert!(lost.contains(&"components[].pedigree.notes"), "{lost:?}");
    assert!(lost.contains(&"components[].pedigree.ancestors[].name"), "{lost:?}");
    assert!(merged.lost.iter().all(|lost| lost.bill == "0.json"), "{:?}", merged.lost);
}

#[test]
fn a_merged_bill_is_as_valid_as_its_parts() {
    let valid = |name: &str, library: &str| {
        let mut bill = app(
            name,
            json!([lib("a", library)]),
            json!([{ "ref": "root", "dependsOn": ["a"] }, { "ref": "a" }]),
        );
        bill["metadata"]["component"]["purl"] = json!(format!("pkg:generic/{name}@1"));
        bill
    };
    let all = |values: &[Value]| {
        let bytes: Vec<_> = values.iter().map(bill).collect();
        let bills: Vec<_> = bytes.iter().map(|bytes| Bill { name: "a.json", bytes }).collect();
        let options = MergeOptions { timestamp: Some("2026-02-01T12:00:00Z".into()), ..product() };
        merge(&bills, &options).unwrap()
    };
    let merged = all(&[valid("one", "x"), valid("two", "z"), valid("one", "x")]);
    assert_eq!(merged.faults, []);
    assert!(validate(merged.text.as_bytes()).unwrap().is_valid());
    // A fault of a part is one of the whole, and said.
    let mut faulty = valid("two", "z");
    faulty["components"][0]["purl"] = json!("pkg:generic");
    let merged = all(&[valid("one", "x"), faulty]);
    assert_eq!(merged.faults.len(), 1, "{:?}", merged.faults);
    assert_eq!(merged.faults[0].rule, Rule::PackageUrl);
}

#[test]
fn what_is_no_bill_is_said_with_its_place() {
    let error = |bytes: &[u8]| merge(&[Bill { name: "a.json", bytes }], &product()).unwrap_err().to_string();
    assert!(error(b"").contains("empty"));
    assert!(
        error(b"{\n \"bomFormat\": \"CycloneDX\", ]").starts_with("a.json: line 2"),
        "{}",
        error(b"{\n ]")
    );
    assert!(error(b"[]").starts_with("a.json: "));
    assert!(error(br#"{"bomFormat": "CycloneDX", "specVersion": "9.9"}"#).contains("9.9"));
    let shape = br#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": {}}"#;
    assert_eq!(error(shape), "a.json: components is no list");
    let item = br#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [1]}"#;
    assert_eq!(error(item), "a.json: components[0] is no object");
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let deep = format!("{{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.6\", \"a\": {open}{close}}}");
    assert!(error(deep.as_bytes()).contains("recursion limit"), "{}", error(deep.as_bytes()));
}

#[test]
fn documents_keep_their_graphs_in_the_model() {
    let document = |name: &str, library: &str| {
        let mut document = Document::default();
        let root = document.inventory.add(Component::new("generic", name, None));
        let mut library = Component::new("generic", library, None);
        library.reference = Some("same".into());
        library.dependencies_known = Completeness::Complete;
        let library = document.inventory.add(library);
        document.inventory.set_root(root);
        document.inventory.depend(root, library);
        document.about.serial = Some(format!("https://example.org/{name}"));
        (name.to_owned(), document)
    };
    let merged = merge_documents(
        vec![document("a", "x"), document("b", "y"), document("c", "x")],
        &MergeOptions::default(),
    );
    let inventory = &merged.inventory;
    assert_eq!(inventory.get(inventory.root().unwrap()).unwrap().name, "a");
    assert_eq!(inventory.reachable().len(), 5);
    assert_eq!(inventory.edges().count(), 5);
    let references: Vec<_> =
        inventory.iter().filter_map(|(_, component)| component.reference.clone()).collect();
    assert_eq!(references, ["same"], "what another bill calls the same has no reference until it is written");
    assert_eq!(merged.about.properties.len(), 3);
}

// Whatever is put in comes out.

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![Just("a".to_owned()), Just("b".to_owned()), Just("a#2".to_owned()), "[a-c]{1,2}"]
}

/// A component with members of the model and others.
fn any_component() -> impl Strategy<Value = Value> {
    (
        scalar(),
        scalar(),
        proptest::option::of(scalar()),
        proptest::collection::btree_map(0usize..7, scalar(), 0..4),
    )
        .prop_map(|(reference, name, version, extra)| {
            let mut component = json!({ "type": "library", "bom-ref": reference, "name": name });
            if let Some(version) = version {
                component["version"] = json!(version);
            }
            for (member, text) in extra {
                match member {
                    0 => component["description"] = json!(text),
                    1 => component["properties"] = json!([{ "name": "p", "value": text }]),
                    2 => component["externalReferences"] = json!([{ "type": "website", "url": text }]),
                    3 => component["pedigree"] = json!({ "notes": text }),
                    4 => component["x-own"] = json!({ text: [1, 2.5, null] }),
                    5 => component["tags"] = json!([text]),
                    _ => {
                        component["components"] =
                            json!([{ "type": "file", "bom-ref": format!("in-{text}"), "name": text }]);
                    }
                }
            }
            component
        })
}

fn any_bill() -> impl Strategy<Value = Value> {
    let components = proptest::collection::vec(any_component(), 0..5);
    (components, proptest::collection::vec((0usize..6, 0usize..6), 0..6), proptest::bool::ANY, scalar())
        .prop_map(|(mut components, edges, has_root, text)| {
            // The references of one bill are unique.
            let mut seen = BTreeSet::new();
            components.retain(|component| {
                let inner = component["components"][0]["bom-ref"].as_str().map(str::to_owned);
                let own = component["bom-ref"].as_str().unwrap().to_owned();
                let is_new = !seen.contains(&own) && inner.as_ref().is_none_or(|inner| !seen.contains(inner));
                if is_new {
                    seen.insert(own);
                    seen.extend(inner);
                }
                is_new
            });
            let mut bill = app(&text, json!(components), json!([]));
            if has_root {
                seen.insert("root".to_owned());
            } else {
                bill["metadata"].as_object_mut().unwrap().remove("component");
            }
            let references: Vec<_> = seen.into_iter().collect();
            if !references.is_empty() {
                let at = |index: usize| &references[index % references.len()];
                let mut needs: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
                for (from, to) in edges {
                    needs.entry(at(from)).or_default().insert(at(to));
                }
                let entries = needs.into_iter().map(|(from, to)| json!({ "ref": from, "dependsOn": to }));
                bill["dependencies"] = entries.collect();
                bill["vulnerabilities"] = json!([{ "id": text, "affects": [{ "ref": at(0) }] }]);
                bill["x-mine"] = json!([text]);
            }
            bill
        })
}

/// Everything of a bill that gives a reference, by it.
fn things<'a>(value: &'a Value, found: &mut BTreeMap<String, &'a Value>) {
    match value {
        Value::Object(members) => {
            if let Some(own) = members.get("bom-ref").and_then(Value::as_str) {
                found.insert(own.to_owned(), value);
            }
            members.values().for_each(|member| things(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| things(item, found)),
        _ => {}
    }
}

/// Whether `whole` says everything that `part` says. References and what is the stronger of two are told apart elsewhere.
fn says(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part.iter().all(|(name, member)| {
            ["bom-ref", "scope"].contains(&name.as_str())
                || whole.get(name).is_some_and(|whole| says(whole, member))
        }),
        (Value::Array(whole), Value::Array(part)) => {
            part.iter().all(|item| whole.iter().any(|whole| says(whole, item)))
        }
        _ => whole == part,
    }
}

/// Every reference that is named anywhere.
fn named(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| match (name.as_str(), member) {
            ("ref", Value::String(text)) => found.push(text.clone()),
            ("dependsOn", Value::Array(items)) => {
                found.extend(items.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            _ => named(member, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| named(item, found)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_merged_bill_loses_nothing(bills in proptest::collection::vec(any_bill(), 1..4)) {
        let (merged, value) = merge_values(&bills, &product());
        prop_assert!(merged.lost.is_empty(), "{:?}", merged.lost);
        let mut result = BTreeMap::new();
        things(&value, &mut result);
        let mut names = Vec::new();
        named(&value, &mut names);
        for name in &names {
            prop_assert!(result.contains_key(name), "{} is nothing", name);
        }
        let mut given = 0;
        let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for entry in value["dependencies"].as_array().unwrap() {
            let to = entry["dependsOn"].as_array().into_iter().flatten().filter_map(Value::as_str);
            prop_assert!(needs.insert(entry["ref"].as_str().unwrap(), to.collect()).is_none(), "two entries of one");
        }
        for bill in &bills {
            let mut own = BTreeMap::new();
            things(bill, &mut own);
            given += own.len();
            for thing in own.values() {
                prop_assert!(result.values().any(|whole| says(whole, thing)), "{} is gone", thing);
            }
            for entry in bill["dependencies"].as_array().unwrap() {
                let from = own[entry["ref"].as_str().unwrap()];
                for to in entry["dependsOn"].as_array().unwrap() {
                    let to = own[to.as_str().unwrap()];
                    let is_there = needs.iter().any(|(name, needs)| {
                        says(result[*name], from) && needs.iter().any(|name| says(result[*name], to))
                    });
                    prop_assert!(is_there, "{} no longer needs {}", from, to);
                }
            }
            for vulnerability in bill["vulnerabilities"].as_array().into_iter().flatten() {
                let affected = own[vulnerability["affects"][0]["ref"].as_str().unwrap()];
                let is_there = value["vulnerabilities"].as_array().unwrap().iter().any(|found| {
                    found["id"] == vulnerability["id"] && says(result[found["affects"][0]["ref"].as_str().unwrap()], affected)
                });
                prop_assert!(is_there);
            }
            prop_assert!(bill.get("x-mine").is_none_or(|mine| says(&value["x-mine"], mine)));
        }
        prop_assert_eq!(result.len(), given - merged.united + 1);
        // Everything hangs on the product.
        let mut reached = BTreeSet::new();
        let mut next = vec![value["metadata"]["component"]["bom-ref"].as_str().unwrap()];
        let roots = needs[next[0]].len();
        while let Some(name) = next.pop() {
            if reached.insert(name) {
                next.extend(needs.get(name).into_iter().flatten().copied());
            }
        }
        let with_root = bills.iter().filter(|bill| bill["metadata"].get("component").is_some());
        prop_assert!(roots >= usize::from(with_root.count() > 0));
        // The same again is the same.
        prop_assert_eq!(&merge_values(&bills, &product()).0.text, &merged.text);
        // What is merged can be read.
        let (_, document) = crate::read(merged.text.as_bytes()).unwrap();
        prop_assert_eq!(document.inventory.root().is_some(), true);
    }
}

#[test]
fn the_program_that_made_the_parts_and_the_whole_is_named_once() {
    // The order of its members is not the one this crate would write.
    let made = |name: &str, library: &str| {
        let mut bill = app(
            name,
            json!([lib("a", library)]),
            json!([{ "ref": "root", "dependsOn": ["a"] }, { "ref": "a" }]),
        );
        bill["metadata"]["tools"] = json!({ "components": [
            { "version": "1", "name": "lw sbom", "publisher": "lw-actions", "type": "application" }
        ] });
        bill
    };
    let tool = Tool { vendor: Some("lw-actions".into()), name: "lw sbom".into(), version: Some("1".into()) };
    let options = MergeOptions { tool: Some(tool), ..product() };
    let (one, two) = (bill(&made("one", "x")), bill(&made("two", "y")));
    let merged =
        merge(&[Bill { name: "1.json", bytes: &one }, Bill { name: "2.json", bytes: &two }], &options);
    let value: Value = serde_json::from_str(&merged.unwrap().text).unwrap();
    assert_eq!(value["metadata"]["tools"]["components"].as_array().map(Vec::len), Some(1));
}
