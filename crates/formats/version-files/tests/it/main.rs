//! Versions found and replaced, and nothing else touched.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lw_version_files::{
    FileVersions, Form, Kind, Names, NewVersion, Place, Role, VersionFileError, read, write,
};
use proptest::prelude::*;

fn version(text: &str) -> NewVersion {
    let (core, rest) = text.split_at(text.find(['-', '+']).unwrap_or(text.len()));
    let prerelease = rest.strip_prefix('-').map(|rest| rest.split('+').next().unwrap()).unwrap_or_default();
    let numbers = core.split('.').map(|number| number.parse().unwrap()).collect();
    NewVersion { text: text.into(), numbers, prerelease: prerelease.into() }
}

fn found(kind: Kind, text: &str) -> FileVersions {
    read(kind, text.as_bytes(), &Names::default()).unwrap()
}

fn refused(kind: Kind, text: &str) -> VersionFileError {
    match read(kind, text.as_bytes(), &Names::default()) {
        Err(error) => error,
        Ok(found) => panic!("{text:?} is {found:?}"),
    }
}

/// Line, name and text of each place.
fn shown(found: &FileVersions) -> Vec<String> {
    found.places.iter().map(|place| format!("{}:{}:{}", place.line, place.what, place.text)).collect()
}

/// One file of each kind, with everything around the version that a tool may be tempted to tidy.
const FILES: &[(Kind, &str)] = &[
    (Kind::Text, "\u{feff}  v1.2.3 \r\n\r\n"),
    (
        Kind::CargoToml,
        "# a comment\r\n[package]\r\nname='a'   # version = \"9.9.9\"\r\nversion   =   '1.2.3'\t# keep\r\n\r\n[dependencies]\r\nb = { path = \"../b\", version = \" = 1.2.3\" }\r\nc = \"=1.2.3\"\r\n[dependencies.d]\r\nversion = \"1.2.3\"\r\npath='d'",
    ),
    (
        Kind::CargoToml,
        "[workspace.package]\nversion=\"1.2.3\"\n[package]\nname=\"a\"\nversion.workspace = true\n",
    ),
    (
        Kind::CargoLock,
        "# generated\nversion = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.2.3\"\ndependencies = [\n \"b 1.2.3\",\n \"serde\",\n]\n\n[[package]]\nname = \"b\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"b\"\nversion = \"0.9.0\"\nsource = \"registry+x\"\n",
    ),
    (
        Kind::Pyproject,
        "[project]\nname = \"a\"\nversion = \"1.2.3\"  # here\n[tool.poetry]\nversion = '1.2.3'\n",
    ),
    (
        Kind::PackageJson,
        "\u{feff}{\n\t\"name\" : \"a\",\"dependencies\":{\"version\":\"9.9.9\"},\n\t\"version\" :\"1.2.3\"}",
    ),
    (
        Kind::PackageLock,
        "{\"name\":\"a\",\"version\":\"1.2.3\",\"packages\":{\"node_modules/x\":{\"version\":\"9.9.9\"},\"\":{\"name\":\"a\",\"version\":\"1.2.3\"}}}\n",
    ),
    (
        Kind::Cmake,
        "# project(x VERSION 9.9.9)\n#[[ project(x VERSION 8.8.8) ]]\nmessage(\"project(y VERSION 7.7.7)\")\nproject ( app # c )\n  VERSION 1.2.3\n  LANGUAGES C)\nset(V 1)\n",
    ),
    (
        Kind::IdfComponent,
        "dependencies:\n  version: \"9.9.9\"\n  idf:\n    version: 5\nversion: \"1.2.3\" # the one\n",
    ),
    (Kind::LibraryJson, "{ \"dependencies\": [ {\"version\": \"9.9.9\"} ], \"version\": \"1.2.3\" }\n"),
    (Kind::LibraryProperties, "name=A\nversion = 1.2.3 \nsentence=version=2\n"),
    (
        Kind::PlatformioIni,
        "[platformio]\n; custom_version = 9.9.9\n[env]\ncustom_version = 1.2.3 ; keep\nlib_deps =\n  custom_version = x\n",
    ),
    (
        Kind::Header,
        "#pragma once\n/* #define A_VERSION \"9.9.9\"\n#define B_VERSION \"9.9.9\" */\n#  define APP_VERSION \"1.2.3\" /* x */\n#define APP_VERSION_MAJOR (1)\n#define APP_VERSION_MINOR 2u // n\n#define APP_VERSION_PATCH\t3\n#define APP_VERSION_AT(x) #x\n",
    ),
];

#[test]
fn bump_and_back_leaves_every_other_byte() {
    for (kind, text) in FILES {
        let before = found(*kind, text);
        assert!(!before.places.is_empty(), "{kind:?}");
        let places =
            || before.places.iter().filter(|place| place.form != Form::Whole || place.text == "1.2.3");
        let new = version("10.20.30");
        let bumped = write(text.as_bytes(), places(), &new).unwrap();
        assert_ne!(bumped, text.as_bytes(), "{kind:?}");
        let after = read(*kind, &bumped, &Names::default()).unwrap();
        assert_eq!(after.places.len(), before.places.len(), "{kind:?}");
        for place in after.own() {
            assert!(place.holds(&new), "{kind:?} {place:?}");
        }
        let back: Vec<&Place> = after.places.iter().filter(|place| place.holds(&new)).collect();
        let back = write(&bumped, back, &version("1.2.3")).unwrap();
        assert_eq!(String::from_utf8(back).unwrap(), *text, "{kind:?}");
    }
}

#[test]
fn what_is_found_has_its_line_and_its_name() {
    let all: Vec<Vec<String>> = FILES.iter().map(|(kind, text)| shown(&found(*kind, text))).collect();
    let expected: &[&[&str]] = &[
        &["1:the version:1.2.3"],
        &["4:package.version:1.2.3", "7:dependencies.b.version:1.2.3"],
        &["2:workspace.package.version:1.2.3"],
        &["6:package a:1.2.3", "8:dependency b:1.2.3", "14:package b:1.2.3"],
        &["3:project.version:1.2.3", "5:tool.poetry.version:1.2.3"],
        // A package that is called so: whether it is one of the project's is not said here.
        &["2:dependencies.version:9.9.9", "3:version:1.2.3"],
        &["1:version:1.2.3", "1:packages.\"\".version:1.2.3"],
        &["5:project(VERSION):1.2.3"],
        &["5:version:1.2.3"],
        &["1:version:1.2.3"],
        &["2:version:1.2.3"],
        &["4:custom_version:1.2.3"],
        &["4:APP_VERSION:1.2.3", "5:APP_VERSION_MAJOR:1", "6:APP_VERSION_MINOR:2", "7:APP_VERSION_PATCH:3"],
    ];
    assert_eq!(all, expected);
    let cargo = found(FILES[1].0, FILES[1].1);
    assert_eq!(cargo.places[1].role, Role::Pin("b".into()));
    let lock = found(FILES[3].0, FILES[3].1);
    assert!(lock.own().next().is_none() && lock.places[1].role == Role::Lock("b".into()));
}

#[test]
fn a_workspace_of_npm_names_its_members_and_what_they_ask_of_each_other() {
    let root = found(
        Kind::PackageJson,
        r#"{"name": "r\u006fot", "version": "1.2.3", "workspaces": {"packages": ["packages/*", "!packages/old"], "nohoist": ["x"]},
        "dependencies": {"a": "1.2.3", "b": "^1.2.3", "c": "workspace:1.2.3", "d": "workspace:*", "e": "1.2", "f": "=1.2.3", "g": 1},
        "overrides": {"a": "1.2.3"}, "deep": {"dependencies": {"a": "1.2.3"}}}"#,
    );
    assert_eq!(root.package.as_deref(), Some("root"));
    assert_eq!(root.members, ["packages/*", "!packages/old"]);
    assert_eq!(
        shown(&root),
        ["1:version:1.2.3", "2:dependencies.a:1.2.3", "2:dependencies.c:1.2.3", "2:dependencies.f:1.2.3"]
    );
    assert_eq!(root.places[2].role, Role::Pin("c".into()));
    assert_eq!(found(Kind::PackageJson, r#"{"workspaces": ["a", "b"]}"#).members, ["a", "b"]);
    let lock = found(
        Kind::PackageLock,
        r#"{"version": "1.2.3", "packages": {"": {"version": "1.2.3", "dependencies": {"a": "1.2.3"}},
        "packages/a": {"version": "1.2.3"}, "packages/@s/b": {"version": "1.2.3"},
        "packages/c": {"version": "1.2.3", "peerDependencies": {"a": "1.2.3"}, "name": "@s/c"},
        "node_modules/a": {"resolved": "packages/a", "link": true}, "node_modules/x": {"version": "1.2.3"},
        "packages/a/node_modules/y": {"version": "1.2.3", "dependencies": {"a": "1.2.3"}}}}"#,
    );
    let roles: Vec<(u32, Role)> = lock.places.iter().map(|place| (place.line, place.role.clone())).collect();
    let named = |name: &str| Role::Lock(name.into());
    let asked = |name: &str| Role::Pin(name.into());
    let expected = [
        (1, Role::Own),
        (1, Role::Own),
        (1, asked("a")),
        (2, named("a")),
        (2, named("@s/b")),
        (3, named("@s/c")),
        (3, asked("a")),
    ];
    assert_eq!(roles, expected);
}

#[test]
fn what_has_no_version_says_why() {
    for (kind, text, why) in [
        (Kind::CargoToml, "[workspace]\nmembers=['a/*']\n", "neither"),
        (Kind::CargoToml, "[package]\nversion.workspace=true\n", "workspace"),
        (Kind::Pyproject, "[project]\ndynamic=['version']\n", "dynamic"),
        (Kind::PackageJson, "{\"private\":true}", "private"),
        (Kind::Cmake, "project(x C)\nset(VERSION 1)\n", "project()"),
        (Kind::IdfComponent, "dependencies: {}\n", "version"),
        (Kind::LibraryProperties, "name=x\n", "version"),
        (Kind::PlatformioIni, "[env]\n", "option"),
        (Kind::Header, "#define A 1\n", "macro"),
    ] {
        let found = found(kind, text);
        assert!(found.own().next().is_none());
        assert!(found.without.unwrap().contains(why), "{kind:?}: {:?}", found.without);
    }
}

#[test]
fn what_cannot_be_told_for_sure_is_refused() {
    use VersionFileError as E;
    for (kind, text) in [
        (Kind::Text, "1.2.3\n1.2.4\n"),
        (Kind::Text, "${VERSION}"),
        (Kind::CargoToml, "[package]\nversion = \"1.2\\u002E3\"\n"),
        (Kind::CargoToml, "[package]\nversion = 1\n"),
        (Kind::PackageJson, "{\"version\": 1}"),
        (Kind::PackageJson, "{\"version\": null}"),
        (Kind::PackageJson, "{\"version\": \"1.2.\\u0033\"}"),
        (Kind::PackageJson, "{\"version\": \"workspace:*\"}"),
        (Kind::Cmake, "project(a VERSION ${V})"),
        (Kind::IdfComponent, "version: >-\n  1.2.3\n"),
        (Kind::LibraryProperties, "version=\n"),
        (Kind::PlatformioIni, "custom_version = ${x.y}\n"),
    ] {
        assert!(matches!(refused(kind, text), E::NotAVersion { .. }), "{text}: {:?}", refused(kind, text));
    }
    for (kind, text) in [
        (Kind::PackageJson, "{\"version\":\"1.2.3\",\"version\":\"1.2.4\"}"),
        (Kind::Cmake, "project(a VERSION 1.2)\nproject(b VERSION 1.3)"),
        (Kind::IdfComponent, "version: 1.2.3\nversion: 1.2.3\n"),
        (Kind::LibraryProperties, "version=1\nversion=1\n"),
        (Kind::Header, "#define A_VERSION \"1.0.0\"\n#define B_VERSION \"1.0.0\"\n"),
    ] {
        assert!(matches!(refused(kind, text), E::Several { .. }), "{text}: {:?}", refused(kind, text));
    }
    for (kind, text) in [
        (Kind::CargoToml, "[package\n"),
        (Kind::PackageJson, "{\"version\": \"1.2.3\""),
        (Kind::PackageJson, &*"[".repeat(200_000)),
        (Kind::CargoToml, &*format!("a = {}", "[".repeat(200_000))),
        (Kind::Cmake, "project(a VERSION 1.2.3"),
        (Kind::Cmake, "#[[ never ends"),
        (Kind::Cmake, "project(\"a VERSION 1.2.3)"),
    ] {
        let error = refused(kind, text);
        assert!(matches!(error, E::Syntax { .. }), "{error:?}");
    }
    assert!(matches!(refused(Kind::Text, " \n"), E::Without { .. }));
    let bytes = b"version=1.2.3\nname=\xff\n";
    assert_eq!(read(Kind::LibraryProperties, bytes, &Names::default()), Err(E::NotUtf8 { offset: 19 }));
}

#[test]
fn forms_hold_what_they_can() {
    let python = found(Kind::Pyproject, "[project]\nversion = \"1.2.3rc1\"\n");
    assert!(python.places[0].holds(&version("1.2.3-rc.1")));
    // A spelling that means the same is left as it is.
    let text = "[project]\nversion = \"1.2.3rc1\"\n";
    assert_eq!(write(text.as_bytes(), &python.places, &version("1.2.3-rc.1")).unwrap(), text.as_bytes());
    assert!(matches!(
        python.places[0].wanted(&version("1.2.3-canary.1")),
        Err(VersionFileError::CannotHold { line: 2, .. })
    ));
    let cmake = found(Kind::Cmake, "project(a VERSION 1.2.3)");
    assert!(cmake.places[0].holds(&version("1.2.3-rc.1")));
    assert_eq!(cmake.places[0].wanted(&version("2.0.0-rc.1")).unwrap(), "2.0.0");
    let header = found(Kind::Header, "#define V_VERSION_PATCH 3\n");
    assert!(matches!(header.places[0].wanted(&version("1.2")), Err(VersionFileError::CannotHold { .. })));
    // Places of another file are noticed.
    let other = found(Kind::Text, "9.9.9");
    assert!(matches!(
        write(b"1.2.3", &other.places, &version("2.0.0")),
        Err(VersionFileError::OutOfPlace { .. })
    ));
}

#[test]
fn macros_in_flags_are_found_in_any_quotes() {
    let text = "[env:a]\nbuild_flags =\n  -DAPP_VERSION=\\\"1.2.3\\\"\n  '-DAPP_VERSION=\"1.2.3\"' -DOTHER_APP_VERSION=9\n  -D APP_VERSION=1.2.3\n ; -DAPP_VERSION=9\n";
    let names = Names { ini_key: "-DAPP_VERSION".into(), macro_name: None };
    let found = read(Kind::PlatformioIni, text.as_bytes(), &names).unwrap();
    assert_eq!(found.places.iter().map(|place| place.line).collect::<Vec<_>>(), [3, 4, 5]);
    let bumped = write(text.as_bytes(), &found.places, &version("2.0.0")).unwrap();
    assert_eq!(String::from_utf8(bumped).unwrap(), text.replace("1.2.3", "2.0.0"));
}

#[test]
fn names_tell_kinds() {
    for (name, kind) in [
        ("VERSION", Kind::Text),
        ("version.txt", Kind::Text),
        ("Cargo.toml", Kind::CargoToml),
        ("version.h", Kind::Header),
        ("version.cmake", Kind::Cmake),
    ] {
        assert_eq!(Kind::of(name), Some(kind));
    }
    assert_eq!((Kind::of("main.c"), Kind::of("")), (None, None));
}

fn any_kind() -> impl Strategy<Value = (Kind, String)> {
    let piece = prop_oneof![
        Just("1.2.3"),
        Just("\""),
        Just("'"),
        Just("version"),
        Just("="),
        Just(":"),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just("("),
        Just(")"),
        Just("project"),
        Just("VERSION"),
        Just("#"),
        Just("#define A_VERSION "),
        Just("\n"),
        Just("\r\n"),
        Just(" "),
        Just("\\"),
        Just("/*"),
        Just("*/"),
        Just("//"),
        Just(","),
        Just("[package]\n"),
        Just("[[package]]\n"),
        Just("name=\"a\"\n"),
        Just("custom_version"),
        Just("\u{feff}"),
        Just("ü"),
        Just("\u{85}"),
        Just("[=["),
        Just("]=]"),
        Just("dependencies"),
        Just("path=\"p\""),
        Just("0"),
        Just("_MAJOR"),
    ];
    let places = 0..FILES.len();
    (places, proptest::collection::vec((any::<prop::sample::Index>(), piece), 0..12), any::<bool>()).prop_map(
        |(which, edits, whole)| {
            let (kind, text) = FILES[which];
            let mut text = if whole { text.to_owned() } else { String::new() };
            for (at, piece) in edits {
                let mut at = at.index(text.len() + 1);
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                text.insert_str(at, piece);
            }
            (kind, text)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever is made of a file: it is refused, or all that is found can be replaced and put back.
    #[test]
    fn damaged_files_are_refused_or_come_back((kind, text) in any_kind()) {
        let Ok(before) = read(kind, text.as_bytes(), &Names::default()) else { return Ok(()) };
        for place in &before.places {
            prop_assert_eq!(&text.as_bytes()[place.range.clone()], place.text.as_bytes());
            prop_assert!(place.line >= 1 && place.line as usize <= text.split('\n').count());
        }
        let new = version("77.88.99");
        let bumped = write(text.as_bytes(), &before.places, &new).unwrap();
        let after = read(kind, &bumped, &Names::default()).unwrap();
        prop_assert_eq!(before.places.len(), after.places.len());
        for (old, new) in before.places.iter().zip(&after.places) {
            prop_assert_eq!((&old.what, old.line, &old.role), (&new.what, new.line, &new.role));
        }
        // Between the places nothing changed.
        let outside = |bytes: &[u8], places: &[Place]| {
            let mut out = Vec::new();
            let mut at = 0;
            for place in places {
                out.extend_from_slice(&bytes[at..place.range.start]);
                at = place.range.end;
            }
            out.extend_from_slice(&bytes[at..]);
            out
        };
        prop_assert_eq!(outside(text.as_bytes(), &before.places), outside(&bumped, &after.places));
    }

    #[test]
    fn any_bytes_are_read_or_refused(kind in 0..FILES.len(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(FILES[kind].0, &bytes, &Names::default());
    }
}
