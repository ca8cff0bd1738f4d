//! Package URLs, held to the cases of purl-spec itself.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use lw_inventory::{Purl, PurlError};
use proptest::prelude::*;
use serde_json::Value;

const CASES: &str = include_str!("data/purl-spec.jsonl");

/// Cases that contradict others, by their kind and input.
const OTHERWISE: [(&str, &str); 3] = [
    // Upper case in a key is refused here and lowered by "validate" of the same input, by maven's cases and by "how to
    // parse": a reader that lowers it loses nothing.
    ("parse", "pkg:gem/jruby-launcher@1.1.2?Platform=java"),
    ("parse", "pkg:Rpm/fedora/curl@7.50.3-1.fc25?Arch=i386&Distro=fedora-25"),
    // The definition of the type says that case counts; a host called "github" is none where it would not.
    ("validate", "pkg:git/github/Package-url/purl-Spec@244fd47e07d1004f0aed9c"),
];

fn build(parts: &Value) -> Result<Purl, PurlError> {
    let text = |key: &str| parts[key].as_str();
    let purl = Purl::new(
        text("type").unwrap_or_default(),
        text("namespace"),
        text("name").unwrap_or_default(),
        text("version"),
    )?;
    let purl = purl.with_subpath(text("subpath").unwrap_or_default());
    let qualifiers = parts["qualifiers"].as_object().into_iter().flatten();
    qualifiers.fold(purl, |purl, (key, value)| purl.with(key, value.as_str().unwrap())).validated()
}

fn parts(purl: &Purl) -> BTreeMap<&'static str, String> {
    let mut parts = BTreeMap::from([("type", purl.kind().to_owned()), ("name", purl.name().to_owned())]);
    parts.extend(purl.namespace().map(|namespace| ("namespace", namespace)));
    parts.extend(purl.version().map(|version| ("version", version.to_owned())));
    parts.extend(purl.subpath().map(|subpath| ("subpath", subpath)));
    if !purl.qualifiers().is_empty() {
        let pairs = purl.qualifiers().iter().map(|(key, value)| format!("{key}={value}"));
        parts.insert("qualifiers", pairs.collect::<Vec<_>>().join("&"));
    }
    parts
}

fn expected(value: &Value) -> BTreeMap<&str, String> {
    let object = value.as_object().unwrap();
    let parts = object.iter().map(|(key, value)| match value {
        Value::Object(pairs) => {
            let pairs: BTreeMap<_, _> =
                pairs.iter().map(|(key, value)| (key, value.as_str().unwrap())).collect();
            let pairs = pairs.iter().map(|(key, value)| format!("{key}={value}"));
            (key.as_str(), pairs.collect::<Vec<_>>().join("&"))
        }
        value => (key.as_str(), value.as_str().unwrap().to_owned()),
    });
    parts.collect()
}

#[test]
fn every_case_of_the_specification_holds() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in CASES.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (input, out) = (&case["in"], &case["out"]);
        let made = match input.as_str() {
            Some(text) => text.parse(),
            None => build(input),
        };
        let fits = match (&made, out) {
            (Err(_), Value::Null) => true,
            (Ok(purl), Value::String(text)) => purl.to_string() == *text,
            (Ok(purl), Value::Object(_)) => parts(purl) == expected(out),
            _ => false,
        };
        let key = input.as_str().unwrap_or_default();
        let otherwise = OTHERWISE.contains(&(case["test"].as_str().unwrap(), key));
        if fits == otherwise {
            wrong.push(format!("{line}\n    {made:?}"));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 400, "{count}");
}

#[test]
fn what_is_put_in_comes_out_whole() {
    let vcs = "git+https://host/o/r.git@0123#subdirectory=a&b";
    let purl = Purl::new("pypi", None, "a", Some("1")).unwrap().with("vcs_url", vcs);
    let text = purl.to_string();
    assert_eq!(text, "pkg:pypi/a@1?vcs_url=git%2Bhttps:%2F%2Fhost%2Fo%2Fr.git%400123%23subdirectory%3Da%26b");
    let read: Purl = text.parse().unwrap();
    assert_eq!(read.qualifiers().get("vcs_url").map(String::as_str), Some(vcs));
    // Go's case is kept, as its module paths and the advisories about them have it.
    let go = Purl::new("golang", Some("github.com/BurntSushi"), "toml", Some("v1.2.0")).unwrap();
    assert_eq!(go.to_string(), "pkg:golang/github.com/BurntSushi/toml@v1.2.0");
    assert!(Purl::new("golang", None, "go.opencensus.io", None).is_ok());
    let npm: Purl = "pkg:npm/@scope/Name@1".parse().unwrap();
    assert_eq!(npm.to_string(), "pkg:npm/%40scope/Name@1");
    for (wrong, why) in [
        ("pkg:cargo/a/b@1", "has no namespace"),
        ("pkg:github/b@1", "wants a namespace"),
        ("pkg:generic/a@1?1x=1", "\"1x\" is no key"),
        ("pkg:generic/a@1?x=1&x=2", "\"x\" is no key"),
        ("pkg:generic/a%zz", "without two hexadecimal digits"),
        ("pkg:generic/a#b%2Fc", "encoded slash"),
        ("pkg:generic/", "no name"),
        ("npm:a", "does not begin"),
    ] {
        let error = wrong.parse::<Purl>().unwrap_err().to_string();
        assert!(error.contains(why), "{wrong}: {error}");
    }
}

proptest! {
    #[test]
    fn a_package_url_is_read_as_it_was_written(
        kind in "git|generic|pypi|npm|golang|cargo|github|conan|vcpkg|deb|oci|huggingface",
        namespace in proptest::option::of("[^/]{1,8}(/[^/]{1,8}){0,2}"),
        name in "[^/]{1,12}|/[^/]{0,3}//[^/]{1,3}",
        version in proptest::option::of(".{1,12}"),
        value in ".{0,20}",
        subpath in ".{0,20}",
    ) {
        if let Ok(purl) = Purl::new(&kind, namespace.as_deref(), &name, version.as_deref()) {
            let purl = purl.with("vcs_url", &value).with_subpath(&subpath);
            let text = purl.to_string();
            prop_assert!(text.is_ascii() && !text.contains(' '));
            prop_assert_eq!(text.parse::<Purl>(), Ok(purl.clone()), "{}", text);
        }
    }

    #[test]
    fn any_text_is_read_or_refused_and_read_again(text in "(pkg:)?[a-zA-Z0-9/@?#&=%.:_ -]{0,60}") {
        if let Ok(purl) = text.parse::<Purl>() {
            prop_assert_eq!(purl.to_string().parse::<Purl>(), Ok(purl));
        }
    }
}
