use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::{Fault, Node, Placed, Tree};
use crate::yaml::{Keys, Merges, Rules};
use crate::{toml, yaml};

const RULES: Rules = Rules::WRITTEN;

fn of_yaml<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, Fault> {
    yaml::read(text, &Rules { documents: 8, ..RULES })?.documents().map(Node::read).collect()
}

fn one<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    of_yaml(text).map(|mut all| all.remove(0))
}

fn of_toml<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    toml::read(text)?.root().unwrap().read()
}

/// What a program asks for of one word.
#[derive(Deserialize, Debug, PartialEq)]
#[serde(untagged)]
enum Anything {
    Bool(bool),
    Whole(i64),
    Large(u64),
    Number(f64),
    Text(String),
    Nothing(()),
}

/// Reads `a: WORD` as each of the types that programs ask for; an error is `None`.
fn readings(read: &impl Reads, text: &str) -> [Option<String>; 7] {
    [
        read.get::<BTreeMap<String, String>>(text),
        read.get::<BTreeMap<String, Option<String>>>(text),
        read.get::<BTreeMap<String, bool>>(text),
        read.get::<BTreeMap<String, u32>>(text),
        read.get::<BTreeMap<String, i64>>(text),
        read.get::<BTreeMap<String, f64>>(text),
        read.get::<BTreeMap<String, Anything>>(text),
    ]
}

trait Reads {
    fn get<T: DeserializeOwned + std::fmt::Debug>(&self, text: &str) -> Option<String>;
}

struct Ours;

impl Reads for Ours {
    fn get<T: DeserializeOwned + std::fmt::Debug>(&self, text: &str) -> Option<String> {
        one::<T>(text).ok().map(|value| format!("{value:?}"))
    }
}

struct Judge;

impl Reads for Judge {
    fn get<T: DeserializeOwned + std::fmt::Debug>(&self, text: &str) -> Option<String> {
        serde_saphyr::from_str::<T>(text).ok().map(|value| format!("{value:?}"))
    }
}

#[test]
fn words_are_what_another_reader_makes_of_them() {
    for word in [
        "",
        "~",
        "null",
        "Null",
        "NULL",
        "nULL",
        "'null'",
        "\"\"",
        "true",
        "True",
        "TRUE",
        "tRUE",
        "false",
        "yes",
        "No",
        "on",
        "OFF",
        "y",
        "N",
        "'true'",
        "\"yes\"",
        "0",
        "+0",
        "1",
        "-1",
        "+1",
        "10",
        "007",
        "-007",
        "00",
        "0x10",
        "0X10",
        "-0x10",
        "0o17",
        "0O17",
        "0b101",
        "0b102",
        "0x",
        "1_000",
        "1__0",
        "_1",
        "1_",
        "0x_1",
        "0xF_F",
        "4294967295",
        "4294967296",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "'10'",
        "' 10 '",
        "\"0x10\"",
        "1.10",
        "1.",
        ".5",
        "-.5",
        "1e3",
        "1E-3",
        "1e",
        "e1",
        "1e999",
        "-1e999",
        ".inf",
        "-.inf",
        "+.INF",
        ".nan",
        "-.nan",
        "+.NaN",
        "inf",
        "infinity",
        "nan",
        "NaN",
        "1.2.3",
        "1-2",
        "--1",
        "+-1",
        "'1.5'",
        "sha512-abc=",
        "2024-01-31",
        "12:30:45",
        "a b",
        "a #b",
        "\"a\\tb\\u00e9\\L\"",
        "'it''s'",
        "|\n  a\n  b\n",
        ">-\n  a\n  b\n",
        "a\n  b",
    ] {
        let text = format!("a: {word}\n");
        let (mut ours, judge) = (readings(&Ours, &text), readings(&Judge, &text));
        // A whole number is a number, also in other bases.
        if let ([.., Some(_), of_ours, _], [.., Some(_), None, _]) = (&mut ours, &judge) {
            *of_ours = None;
        }
        assert_eq!(ours, judge, "{text}");
    }
}

/// Where nobody asks for a type, tags say it.
#[test]
fn tags_of_the_schema_count() {
    for word in [
        "!!str 10",
        "!!str",
        "!!str ~",
        "! 10",
        "!!int '10'",
        "!!float '1.5'",
        "!!null 'x'",
        "!!bool 'true'",
        "!local 10",
        "!local '10'",
        "!!binary aGk=",
    ] {
        let text = format!("a: {word}\n");
        let (ours, judge) = (one::<Json>(&text).ok(), serde_saphyr::from_str::<Json>(&text).ok());
        let judge = judge.filter(|_| !word.contains("binary"));
        assert_eq!(ours, judge, "{text}");
    }
}

#[test]
fn keys_are_texts_as_they_are_written() {
    for text in ["1: a\n", "1.10: a\n", "true: a\n", "'x': a\n", "? x\n: a\n", "~: a\n", ": a\n", "[x]: a\n"]
    {
        let ours = Ours.get::<BTreeMap<String, String>>(text);
        assert_eq!(ours, Judge.get::<BTreeMap<String, String>>(text), "{text}");
    }
}

#[test]
fn shapes_are_what_another_reader_makes_of_them() {
    for text in [
        "",
        "# nothing\n",
        "---\n",
        "~\n",
        "a: 1\n---\n---\n~\n---\nb: [1, {c: d}]\n...\n",
        "a:\n- b\n- c: d\n  e: f\n-\n- - g\n",
        "a: {b: [], c: {}, d: ~, 'e': [x, y,]}\n",
        "a: &x [1, 2]\nb: *x\nc: &y {d: *x}\ne: *y\nf: &z g\nh: *z\n*z : i\n",
        "base: &b {x: 1, y: {z: 2}}\na: {<<: *b, x: 3}\nb:\n  <<: [*b, {w: 4, x: 9}]\n  v: 5\nc: {<<: {k: [1]}}\n",
        "%YAML 1.2\n---\n\"quoted key\": |\n  text\n  more\n",
        "a: 'b'\nc: d: e\n",
        "a: [1\n",
        "a: *nothing\n",
        "a: 1\n a: 2\n",
        "\ta: 1\n",
        "a: 1\na: 2\n",
        "'a': 1\na: 2\n",
        "a: &x {b: *x}\n",
        "{a, b: c}\n",
        "[a: b, c]\n",
        "? {a: b}\n: c\n",
    ] {
        let ours = of_yaml::<Json>(text).ok();
        let judge = serde_saphyr::from_multiple::<Json>(text).ok();
        assert_eq!(ours, judge, "{text}");
    }
}

#[test]
fn what_stands_twice_is_refused_or_the_last_counts() {
    let last = Rules { keys: Keys::LastWins, ..RULES };
    let mut many: String = (0..40).fold(String::new(), |mut text, n| {
        writeln!(text, "k{n}: {{v: {n}}}").unwrap();
        text
    });
    many += "k7: [x]\nk7: last\n";
    for text in ["a: 1\nb: {x: y}\na: {b: c}\nb: 2\na: 3\n", "a: 1\n\"a\": 2\n", &many] {
        let fault = of_yaml::<Json>(text).unwrap_err();
        assert!(fault.reason().contains("is there twice") && !fault.is_too_large(), "{fault}");
        let ours: Json = yaml::read(text, &last).unwrap().root().unwrap().read().unwrap();
        let options =
            serde_saphyr::options! { duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins };
        assert_eq!(ours, serde_saphyr::from_str_with_options::<Json>(text, options).unwrap(), "{text}");
    }
    assert_eq!(
        of_yaml::<Json>("b: 1\na: 1\nc:\n  d: 1\n\n  d: 1\n")
            .unwrap_err()
            .line("b: 1\na: 1\nc:\n  d: 1\n\n  d: 1\n"),
        Some(6)
    );
    // A merged key stands for none of its own, and twice `<<` is once too much.
    assert!(one::<Json>("a: {<<: {x: 1}, x: 2}\n").is_ok());
    assert!(one::<Json>("a: {<<: {x: 1}, <<: {y: 2}}\n").is_err());
    assert!(yaml::read("a: {<<: {x: 1}}\n", &Rules { merges: Merges::Refused, ..RULES }).is_err());
    assert!(yaml::read("a: {'<<': {x: 1}}\n", &Rules { merges: Merges::Refused, ..RULES }).is_ok());
    for text in ["a: {<<: x}\n", "a: {<<: [x]}\n", "a: {<<: [[{x: y}]]}\n"] {
        assert_eq!(
            one::<Json>(text).unwrap_err().reason(),
            "names with values (`name: …`) are expected after `<<`"
        );
    }
    assert_eq!(one::<Json>("a: {<<: , b: c}\n").unwrap()["a"]["b"], "c");
    assert_eq!(one::<Json>("a: {!!merge <<: {b: c}}\n").unwrap()["a"]["b"], "c");
    assert_eq!(one::<Json>("a: {!local <<: {b: c}}\n").unwrap()["a"]["<<"]["b"], "c");
}

#[test]
fn limits_hold() {
    let read = |text: &str, rules: Rules| match yaml::read(text, &rules) {
        Ok(tree) => Ok(tree.documents().map(|node| node.read::<Json>().unwrap()).collect::<Vec<_>>()),
        Err(fault) => Err((fault.reason().to_owned(), fault.is_too_large())),
    };
    let beyond = |text: &str, rules: Rules, reason: &str| {
        assert_eq!(read(text, rules).unwrap_err(), (reason.to_owned(), true), "{text}");
    };
    let few = Rules { depth: 3, ..RULES };
    assert!(read("a: [[1]]", few).is_ok());
    beyond("a: [[[1]]]", few, "it nests more than 3 deep");
    beyond("a: {b: {c: {}}}", few, "it nests more than 3 deep");
    // An alias is as deep as what it names.
    assert!(read("a: &a [[1]]\nb: *a", few).is_ok());
    beyond("a: &a [[1]]\nb: [*a]", few, "it nests more than 3 deep");
    beyond("a: &a [1]\nb: &b [*a]\nc: &c [*b]\n", few, "it nests more than 3 deep");
    assert!(read("a: 1\n---\nb: 2\n", Rules { documents: 2, ..RULES }).is_ok());
    beyond("a: 1\n---\nb: 2\n---\n", Rules { documents: 2, ..RULES }, "it has more than 2 documents");
    assert!(!read("a: 1\n---\nb: 2\n", RULES).unwrap_err().1);
    beyond("a: &a b\n", Rules { anchors: 0, ..RULES }, "it has an anchor (`&name`), which no such file has");
    beyond("a: &a b\nc: &c d\n", Rules { anchors: 1, ..RULES }, "it has more than 1 anchors");
    beyond("a: &a b\nc: *a\nd: *a\n", Rules { aliases: 1, ..RULES }, "it has more than 1 aliases");
    assert!(read("a: b", Rules { nodes: 3, ..RULES }).is_ok());
    beyond("a: [b]", Rules { nodes: 3, ..RULES }, "it has more than 3 nodes");
    assert!(read("ab: 'cd'", Rules { bytes: 4, ..RULES }).is_ok());
    beyond("ab: 'cde'", Rules { bytes: 4, ..RULES }, "its texts have more than 4 bytes");
    let three = Rules { repeated: 6, ..RULES };
    assert!(read("a: &a [1, 2]\nb: *a\nc: *a\n", three).is_ok());
    let most = "its aliases name more than 6 nodes";
    beyond("a: &a [1, 2]\nb: *a\nc: *a\nd: *a\ne: *a\n", three, most);
    beyond("a: &a [1, 2]\nb: &b [*a, *a]\nc: *b\n", three, most);
    beyond(
        "a: &a {b: 1, c: 2, d: 3, e: 4}\nb: {<<: *a}\nc: {<<: *a}\n",
        three,
        "`<<` merges more than any such file has",
    );
    for text in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000), "? ".repeat(100_000)] {
        assert!(read(&text, RULES).is_err());
    }
}

#[test]
fn aliases_of_aliases_end() {
    let mut lists = "a0: &a0 [x]\n".to_owned();
    let mut maps = "a0: &a0 {x: y}\n".to_owned();
    let mut deep = lists.clone();
    let mut merged = maps.clone();
    for n in 1..200 {
        let before = n - 1;
        writeln!(lists, "a{n}: &a{n} [*a{before}, *a{before}]").unwrap();
        writeln!(maps, "a{n}: &a{n} {{b: *a{before}, c: *a{before}}}").unwrap();
        writeln!(deep, "a{n}: &a{n} [*a{before}]").unwrap();
        writeln!(merged, "a{n}: &a{n} {{<<: [*a{before}, *a{before}], k{n}: v}}").unwrap();
    }
    for text in [&lists, &maps, &deep] {
        assert!(yaml::read(text, &RULES).unwrap_err().is_too_large());
    }
    // Each key is there once, whoever merges it how often.
    let tree = yaml::read(&merged, &RULES).unwrap();
    assert_eq!(tree.root().unwrap().get("a199").unwrap().pairs().unwrap().count(), 200);
    let wide: String = (0..2000).map(|n| format!("m{n}: {{<<: *b}}\n")).collect();
    let base: String = (0..2000).map(|n| format!("k{n}: v, ")).collect();
    let text = format!("b: &b {{{base}}}\n{wide}");
    assert!(yaml::read(&text, &Rules { aliases: 10_000, ..RULES }).unwrap_err().is_too_large());
}

#[derive(Deserialize, Debug, Default, PartialEq)]
#[serde(deny_unknown_fields)]
struct Shape<'a> {
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    count: Option<u8>,
    #[serde(default)]
    parts: Vec<Placed<Kind>>,
    #[serde(default)]
    inner: BTreeMap<String, Placed<Inner>>,
    pair: Option<(u8, String)>,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Nothing,
    One(u8),
    Two(u8, u8),
    Named { size: u8 },
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct Inner {
    size: u8,
}

#[test]
fn places_are_those_of_keys_and_values() {
    let text = "name: x\nparts:\n  - nothing\n  - one: 1\n  -\n    two: [1, 2]\n  - named: {size: 3}\ninner:\n  a:\n    size: 4\n  'b': {size: 5}\n";
    let tree = yaml::read(text, &RULES).unwrap();
    let shape: Shape<'_> = tree.root().unwrap().read().unwrap();
    assert!(matches!(shape.name, Cow::Borrowed("x")));
    let line = |at: usize| super::line_of(text, at);
    let parts: Vec<_> = shape.parts.iter().map(|part| (line(part.at), &part.value)).collect();
    assert_eq!(
        parts,
        [(3, &Kind::Nothing), (4, &Kind::One(1)), (6, &Kind::Two(1, 2)), (7, &Kind::Named { size: 3 })]
    );
    let inner: Vec<_> = shape.inner.values().map(|inner| (line(inner.at), inner.value.size)).collect();
    assert_eq!(inner, [(9, 4), (11, 5)]);
    let node = tree.root().unwrap().get("inner").unwrap();
    assert_eq!((node.line(), node.get("a").unwrap().line(), node.get("b").unwrap().line()), (9, 10, 11));
    assert_eq!(
        format!("{:?}", tree.root().unwrap().get("parts").unwrap().items().unwrap().next().unwrap()),
        "Text(\"nothing\")"
    );

    let text = "name = \"x\"\nparts = [\n  \"nothing\",\n  {one = 1},\n]\npair = [1, \"y\"]\n[inner.a]\nsize = 4\n[inner]\nb.size = 5\n";
    let tree = toml::read(text).unwrap();
    let shape: Shape<'_> = tree.root().unwrap().read().unwrap();
    assert!(matches!(shape.name, Cow::Borrowed("x")));
    assert_eq!(shape.pair, Some((1, "y".to_owned())));
    let line = |at: usize| super::line_of(text, at);
    assert_eq!(shape.parts.iter().map(|part| line(part.at)).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(shape.inner.values().map(|inner| line(inner.at)).collect::<Vec<_>>(), [7, 10]);
}

#[test]
fn errors_say_what_and_where() {
    let yaml = |text: &str| {
        let fault = yaml::read(text, &RULES)
            .and_then(|tree| tree.root().unwrap().read::<Shape<'_>>().map(|_| ()))
            .unwrap_err();
        (fault.line(text).unwrap(), fault.reason().to_owned())
    };
    let toml = |text: &str| {
        let fault = toml::read(text)
            .and_then(|tree| tree.root().unwrap().read::<Shape<'_>>().map(|_| ()))
            .unwrap_err();
        (fault.line(text).unwrap(), fault.reason().to_owned())
    };
    let unknown = "unknown field `nam`, expected one of `name`, `count`, `parts`, `inner`, `pair`";
    for (text, line, reason) in [
        ("count: 1\nnam: x\n", 2, unknown),
        ("count: x\n", 1, "invalid type: string \"x\", expected u8"),
        ("\ncount:\n\n  -1\n", 4, "invalid value: integer `-1`, expected u8"),
        ("count: 300\n", 1, "invalid value: integer `300`, expected u8"),
        ("count: 1.5\n", 1, "invalid type: floating point `1.5`, expected u8"),
        ("name:\n  [a]\n", 2, "invalid type: sequence, expected a string"),
        ("name:\n", 1, "invalid type: null, expected a string"),
        ("parts: {}\n", 1, "invalid type: map, expected a sequence"),
        ("parts:\n- x\n", 2, "unknown variant `x`, expected one of `nothing`, `one`, `two`, `named`"),
        ("parts:\n- one\n", 2, "expected a value with this name"),
        ("parts:\n- nothing: 1\n", 2, "invalid type: integer `1`, expected nothing with this name"),
        ("parts:\n- two: [1]\n", 2, "invalid length 1, expected tuple variant Kind::Two"),
        ("parts:\n- {}\n", 2, "expected one name with a value (`name: …`)"),
        ("inner:\n  a:\n    \n    {}\n", 4, "missing field `size`"),
        ("inner:\n  a: {size: 1, b: 2}\n", 2, "unknown field `b`, expected `size`"),
        ("pair: [1]\n", 1, "invalid length 1, expected a tuple of size 2"),
        ("[]\n", 1, "invalid type: sequence, expected struct Shape"),
    ] {
        assert_eq!(yaml(text), (line, reason.to_owned()), "{text}");
    }
    for (text, line, reason) in [
        ("count = 1\nnam = \"x\"\n", 2, unknown),
        ("count = \"1\"\n", 1, "invalid type: string \"1\", expected u8"),
        ("name = 1\n", 1, "invalid type: integer `1`, expected a string"),
        ("\ncount = 0x1FF\n", 2, "invalid value: integer `511`, expected u8"),
        ("count = 99999999999999999999\n", 1, "no number is as large here"),
        ("[inner.a]\n", 1, "missing field `size`"),
        ("name = \"a\"\nname = \"b\"\n", 2, "duplicate key"),
    ] {
        assert_eq!(toml(text), (line, reason.to_owned()), "{text}");
    }
}

#[test]
fn toml_is_what_another_reader_makes_of_it() {
    for text in [
        "",
        "a = 1\nb = -1_000\nc = 0xff\nd = 0o17\ne = 0b11\nf = 1.5\ng = 1e3\nh = true\ni = 'x\\n'\nj = \"x\\n\\u00e9\"\n",
        "a = [1, [2, \"x\"], {b = 3}]\n[c]\nd.e.f = 1\n[[g]]\nh = 1\n[[g]]\ni.j = [[]]\n",
        "a = \"\"\"\nx\ny\"\"\"\nb = '''\nz'''\n\"k e\\ty\" = {}\n",
        "a = 1\na = 2\n",
        "a = \n",
        "a.b = 1\na.b.c = 2\n",
        "[a]\n[a]\n",
    ] {
        let ours = of_toml::<Json>(text).ok();
        assert_eq!(ours, ::toml::from_str::<Json>(text).ok(), "{text}");
    }
    // Dates are texts.
    let text = "a = 2024-01-31\nb = 2024-01-31T12:00:00Z\nc = 12:00:00\n";
    let ours: BTreeMap<String, String> = of_toml(text).unwrap();
    let judge: BTreeMap<String, ::toml::value::Datetime> = ::toml::from_str(text).unwrap();
    assert_eq!(ours, judge.into_iter().map(|(key, date)| (key, date.to_string())).collect());
    assert!(of_toml::<BTreeMap<String, f64>>("a = inf\nb = -nan\n").unwrap()["a"].is_infinite());
    let huge = "a = 9223372036854775808\nb = 1\nc = 1e999\n";
    assert!(of_toml::<BTreeMap<String, i64>>(huge).is_err());
    #[derive(Deserialize)]
    struct Other {
        b: u8,
    }
    assert_eq!(of_toml::<Other>(huge).unwrap().b, 1, "nobody asks for the others");
}

#[test]
fn toml_of_any_depth_is_read_or_refused() {
    for depth in [70, 1000, 20_000] {
        let key = vec!["a"; depth].join(".");
        for text in [
            format!("{key} = 1\n"),
            format!("[{key}]\n"),
            "[".repeat(depth),
            format!("a = {}", "[".repeat(depth)),
        ] {
            let is_read = toml::read(&text).is_ok();
            assert_eq!(is_read, depth == 70 && text.contains(".a"), "{depth}");
        }
    }
}

fn trees() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        (-1e9..1e9_f64).prop_map(Json::from),
        "[ -~é\\n\\t]{0,12}".prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::btree_map("[ -~é]{0,8}", inner, 0..6).prop_map(Json::from_iter),
        ]
    })
}

/// A value without what TOML has not.
fn for_toml(value: Json) -> Option<Json> {
    match value {
        Json::Null => None,
        Json::Number(number) if number.is_u64() && !number.is_i64() => None,
        Json::Array(items) => Some(items.into_iter().filter_map(for_toml).collect()),
        Json::Object(map) => Some(map.into_iter().filter_map(|(k, v)| Some((k, for_toml(v)?))).collect()),
        other => Some(other),
    }
}

proptest! {
    /// JSON is YAML.
    #[test]
    fn json_is_read_as_yaml(value in trees()) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let read = of_yaml::<Json>(&text).unwrap();
            prop_assert_eq!(read.into_iter().next().unwrap_or_default(), value.clone(), "{}", text);
        }
    }

    #[test]
    fn what_is_written_as_toml_is_read(value in trees()) {
        let value = Json::from_iter([("root", for_toml(value).unwrap_or_default())].into_iter().filter(|(_, v)| !v.is_null()));
        let text = ::toml::to_string(&value).unwrap();
        prop_assert_eq!(of_toml::<Json>(&text).unwrap(), value, "{}", text);
    }

    #[test]
    fn any_text_is_yaml_to_both_or_to_none(text in "(a:|<<:|&x|\\*x|- |[ \\n#!\\-\\[\\]{}'\"a,?|>~0.]){0,40}") {
        let ours = of_yaml::<Json>(&text);
        let judge = serde_saphyr::from_multiple::<Json>(&text);
        if let (Ok(ours), Ok(judge)) = (&ours, &judge) {
            // The judge tells an empty document by its tag.
            let judge: Vec<&Json> = judge.iter().filter(|value| !value.is_null()).collect();
            prop_assert_eq!(ours.iter().collect::<Vec<_>>(), judge);
        }
        if let (Err(ours), Ok(judge)) = (&ours, &judge) {
            let said = ours.reason();
            let is_known = ["twice", "after `<<`"].iter().any(|word| said.contains(word));
            prop_assert!(is_known, "{} {:?}", said, judge);
        }
        // What only one of them reads is of a kind that is known.
        if let (Ok(ours), Err(judge)) = (&ours, &judge) {
            let said = judge.to_string();
            let is_known = ["key", "merge", "null", "string", "tag", "ratio", "alias"].iter().any(|word| said.contains(word));
            prop_assert!(is_known, "{:?} {}", ours, said);
        }
    }

    #[test]
    fn any_text_is_toml_to_both_or_to_none(text in "(a|b|\\.|=|\\[|\\]|\\{|\\}|\"|'|,|1| |\\n|_|-){0,40}") {
        prop_assert_eq!(of_toml::<Json>(&text).ok(), ::toml::from_str::<Json>(&text).ok());
    }
}

#[test]
fn a_tree_of_no_text_holds_nothing() {
    let tree = Tree::of("", false).unwrap();
    assert!(tree.root().is_none() && tree.documents().count() == 0);
}
