//! What readers of JSON share; and JSON as a [`Tree`], for documents that are no streams and not as large as memory.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Number, Value};

use crate::SHOWN;
use crate::tree::{Fault, Tree, Word};

/// How many lists and objects may lie in each other: as many as `serde_json` allows.
const DEPTH: usize = 127;

/// The most values and names of one text, which take 256 MB. Real ones of so many would have hundreds of megabytes.
const MOST: usize = 1 << 24;

/// Reads a text by RFC 8259. What stands twice in an object is kept twice.
///
/// # Errors
/// When it is no JSON, in the words of `serde_json`; when it nests more than 127 deep or has more than 2^24 values.
pub fn read(text: &str) -> Result<Tree<'_>, Fault> {
    tree_of(text, false)
}

/// The same of a text in which no object may have two members of one name: RFC 8259, section 4, leaves open which of the two
/// counts.
///
/// # Errors
/// As of [`read`], and when an object has two members of one name.
pub fn read_unique(text: &str) -> Result<Tree<'_>, Fault> {
    tree_of(text, true)
}

/// Reads a text as what a program asks for.
///
/// # Errors
/// As of [`read`], and when it is something else.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    read(text)?.document().read()
}

/// The same of bytes.
///
/// # Errors
/// As of [`from_str`], and when they are no UTF-8.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    from_str(text_of(bytes)?)
}

/// The same with the paths of all values that the type did not ask for, as `images[0].x`, in the order of the text.
///
/// # Errors
/// As of [`from_str`].
pub fn from_str_noting_ignored<T: DeserializeOwned>(text: &str) -> Result<(T, Vec<String>), Fault> {
    let mut tree = read(text)?;
    tree.note_ignored();
    let value = tree.document().read()?;
    Ok((value, tree.ignored()))
}

/// Bytes as the text that JSON is.
///
/// # Errors
/// When they are no UTF-8, in the words of `serde_json`.
pub fn text_of(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| Fault::new(error.valid_up_to(), "invalid unicode code point"))
}

fn tree_of(text: &str, is_unique: bool) -> Result<Tree<'_>, Fault> {
    let tree = Tree::of(text, false)?;
    let mut reader = Reader { tree, text, at: 0, open: Vec::new(), is_unique, unescaped: String::new() };
    reader.tree.begin_document();
    match reader.document() {
        Ok(()) => Ok(reader.tree),
        Err(Stop::Fault(fault)) => Err(fault),
        Err(Stop::Syntax(reason)) => Err(reader.syntax(reason)),
    }
}

/// Why reading ends early.
enum Stop {
    /// The text is no JSON: `serde_json` says what it is instead, or else this.
    Syntax(&'static str),
    Fault(Fault),
}

const SYNTAX: Stop = Stop::Syntax("expected value");

struct Reader<'a> {
    tree: Tree<'a>,
    text: &'a str,
    at: usize,
    /// The entries of the lists and objects that have no end yet, and which are objects.
    open: Vec<(u32, bool)>,
    is_unique: bool,
    /// The last text that has escapes.
    unescaped: String,
}

impl<'a> Reader<'a> {
    /// What is wrong where it stopped. `serde_json` tells more than a reader without words, and errors are read once.
    fn syntax(&self, reason: &str) -> Fault {
        let Err(error) = serde_json::from_str::<IgnoredAny>(self.text) else {
            // What is passed over it does not look into.
            return Fault::new(self.at, reason);
        };
        let lines = self.text.match_indices('\n').map(|(at, _)| at + 1);
        let start = std::iter::once(0).chain(lines).nth(error.line().saturating_sub(1)).unwrap_or(self.at);
        let at = (start + error.column().saturating_sub(1)).min(self.text.len());
        if error.is_eof() {
            Fault::cut_off(at, json_reason(&error))
        } else {
            Fault::new(at, json_reason(&error))
        }
    }

    fn document(&mut self) -> Result<(), Stop> {
        loop {
            self.value()?;
            // What ends with it, and what comes next.
            loop {
                let next = self.peek();
                let Some(&(index, is_object)) = self.open.last() else {
                    return if next.is_none() && self.at == self.text.len() { Ok(()) } else { Err(SYNTAX) };
                };
                match (next, is_object) {
                    (Some(b','), _) => {
                        self.at += 1;
                        if is_object {
                            self.name()?;
                        }
                        break;
                    }
                    (Some(b']'), false) | (Some(b'}'), true) => self.close(index, is_object)?,
                    _ => return Err(SYNTAX),
                }
            }
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let space = rest.iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\t' | b'\r'));
        self.at += space.unwrap_or(rest.len());
        rest.get(space?).copied()
    }

    /// Reads a value, of a list or an object only the beginning up to the first value in it.
    fn value(&mut self) -> Result<(), Stop> {
        loop {
            let next = self.peek();
            let at = self.at;
            if self.tree.len() > MOST {
                return Err(Stop::Fault(Fault::too_large(at, format!("it has more than {MOST} values"))));
            }
            let word = match next {
                Some(b'"') => return self.string(),
                Some(open @ (b'[' | b'{')) => {
                    let is_object = open == b'{';
                    if self.open.len() >= DEPTH {
                        return Err(Stop::Fault(Fault::new(at, "recursion limit exceeded")));
                    }
                    self.at += 1;
                    let index = self.tree.open(at, is_object);
                    self.open.push((index, is_object));
                    match (self.peek(), is_object) {
                        (Some(b']'), false) | (Some(b'}'), true) => return self.close(index, is_object),
                        (_, true) => self.name()?,
                        (_, false) => {}
                    }
                    continue;
                }
                Some(b'-' | b'0'..=b'9') => return self.number(),
                Some(b'n') => ("null", Word::Null),
                Some(b't') => ("true", Word::Bool(true)),
                Some(b'f') => ("false", Word::Bool(false)),
                _ => return Err(SYNTAX),
            };
            if !self.text.get(at..).is_some_and(|rest| rest.starts_with(word.0)) {
                return Err(SYNTAX);
            }
            self.at += word.0.len();
            self.tree.push_word(at, &word.1);
            return Ok(());
        }
    }

    /// Reads the name of a member and the colon after it.
    fn name(&mut self) -> Result<(), Stop> {
        if self.peek() != Some(b'"') {
            return Err(SYNTAX);
        }
        self.string()?;
        if self.peek() != Some(b':') {
            return Err(SYNTAX);
        }
        self.at += 1;
        Ok(())
    }

    fn close(&mut self, index: u32, is_object: bool) -> Result<(), Stop> {
        if is_object
            && self.is_unique
            && let Some((_, later)) = self.tree.repeated(index).first()
        {
            let reason = format!("the member {:?} is there twice", self.tree.shown(*later));
            return Err(Stop::Fault(Fault::new(self.tree.at(*later), reason)));
        }
        self.at += 1;
        self.tree.end(index);
        self.open.pop();
        Ok(())
    }

    fn number(&mut self) -> Result<(), Stop> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let end = rest.bytes().position(|byte| !is_part(&byte)).unwrap_or(rest.len());
        let text = rest.get(..end).unwrap_or_default();
        // What it is `serde_json` decides, so that no number is another one here.
        match text.parse::<Number>() {
            Ok(number) => {
                let word = match (number.as_i64(), number.as_u64(), number.as_f64()) {
                    (Some(number), ..) => Word::Integer(number),
                    (_, Some(number), _) => Word::Unsigned(number),
                    (.., number) => Word::Float(number.unwrap_or(f64::NAN)),
                };
                self.tree.push_word(self.at, &word);
            }
            Err(_) if serde_json::from_str::<IgnoredAny>(text).is_ok() => self.tree.push_huge(self.at),
            Err(_) => return Err(SYNTAX),
        }
        self.at += end;
        Ok(())
    }

    fn string(&mut self) -> Result<(), Stop> {
        let at = self.at;
        self.at += 1;
        let from = self.at;
        let mut has_escapes = false;
        self.unescaped.clear();
        loop {
            let begin = self.at;
            let rest = self.text.as_bytes().get(begin..).unwrap_or_default();
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).ok_or(SYNTAX)?;
            self.at += plain;
            let is_end = rest.get(plain) == Some(&b'"');
            if is_end && !has_escapes {
                let text = self.text;
                self.tree.push_text(at, false, text.get(from..self.at).unwrap_or_default());
            } else {
                self.unescaped.push_str(self.text.get(begin..self.at).unwrap_or_default());
            }
            if !is_end && rest.get(plain) != Some(&b'\\') {
                // Of this one `serde_json` tells a place beside it.
                let reason = "control character (\\u0000-\\u001F) found while parsing a string";
                return Err(Stop::Fault(Fault::new(self.at, reason)));
            }
            self.at += 1;
            if is_end {
                break;
            }
            has_escapes = true;
            self.escape()?;
        }
        if has_escapes {
            self.tree.push_text(at, false, &self.unescaped);
        }
        Ok(())
    }

    /// Reads what comes after a backslash.
    fn escape(&mut self) -> Result<(), Stop> {
        let escaped = match self.text.as_bytes().get(self.at) {
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                let character = self.code_point()?;
                self.unescaped.push(character);
                return Ok(());
            }
            Some(same @ (b'"' | b'\\' | b'/')) => char::from(*same),
            _ => return Err(SYNTAX),
        };
        self.unescaped.push(escaped);
        self.at += 1;
        Ok(())
    }

    /// Reads four digits, and where they are the first half of a character its second.
    fn code_point(&mut self) -> Result<char, Stop> {
        let lone = || Stop::Syntax("lone leading surrogate in hex escape");
        let first = self.unit()?;
        if !matches!(first, 0xd800..0xe000) {
            return char::from_u32(first).ok_or_else(lone);
        }
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with("\\u")) {
            return Err(lone());
        }
        self.at += 2;
        let second = self.unit()?;
        if first >= 0xdc00 || !matches!(second, 0xdc00..0xe000) {
            return Err(lone());
        }
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or_else(lone)
    }

    fn unit(&mut self) -> Result<u32, Stop> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(SYNTAX)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(SYNTAX);
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| SYNTAX)
    }
}

/// What `serde_json` says is wrong, without the line and column it ends with: an error of ours tells its place by itself.
#[must_use]
pub fn json_reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// A value of JSON in which no object has two members of one name. RFC 8259, section 4, leaves open which of the two counts,
/// so that what one program checks another might read differently. For documents of tens of megabytes, beside which there is no room
/// for a tree of them; others are read by [`read_unique`].
///
/// Nesting is bounded by what `serde_json` allows, 128.
pub struct UniqueJson(pub Value);

impl<'de> Deserialize<'de> for UniqueJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value of JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(UniqueJson(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                let shown: String = name.chars().take(SHOWN).collect();
                return Err(A::Error::custom(format_args!("the member {shown:?} is there twice")));
            }
            let UniqueJson(value) = members.next_value()?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[test]
    fn a_reason_of_json_has_no_place_but_keeps_foreign_text() {
        let reason = |text: &str| json_reason(&serde_json::from_str::<u8>(text).unwrap_err());
        assert_eq!(reason("["), "invalid type: sequence, expected u8");
        assert_eq!(reason("\n\n{"), "invalid type: map, expected u8");
        assert_eq!(
            reason(r#"" at line 1 column 2""#),
            r#"invalid type: string " at line 1 column 2", expected u8"#
        );
        let error = Error::custom("it stands at line 3 column 4 of another file");
        assert_eq!(json_reason(&error), "it stands at line 3 column 4 of another file");
    }

    #[test]
    fn a_name_is_there_once_at_every_depth() {
        let read = |text: &str| serde_json::from_str::<UniqueJson>(text).map(|UniqueJson(value)| value);
        let good = r#"{"a":[null,true,-1,18446744073709551615,0.5,"x\n",{"a":{}}],"b":{"a":1}}"#;
        assert_eq!(read(good).unwrap(), serde_json::from_str::<Value>(good).unwrap());
        for twice in [r#"{"a":1,"a":1}"#, r#"[{"b":[{"a":1,"\u0061":2}]}]"#] {
            assert_eq!(json_reason(&read(twice).unwrap_err()), r#"the member "a" is there twice"#);
        }
        let long = format!("{{\"{0}\":1,\"{0}\":1}}", "n".repeat(1000));
        assert!(read(&long).unwrap_err().to_string().len() < 150);
        assert!(read(&"[".repeat(100_000)).is_err());
    }

    /// Holds what is read to what `serde_json` reads.
    fn compare(text: &str) {
        let ours = read(text).and_then(|tree| tree.document().read::<Value>());
        match (ours, serde_json::from_str::<Value>(text)) {
            (Ok(ours), Ok(theirs)) => {
                assert_eq!(ours, theirs, "{text:?}");
                // Equal numbers are written alike, also -0.
                assert_eq!(ours.to_string(), theirs.to_string());
            }
            // Of a line break in a text `serde_json` tells the line after it.
            (Err(ours), Err(_)) if ours.reason().starts_with("control character") => {
                assert!(text.as_bytes()[ours.at().unwrap()] < b' ', "{text:?}: {ours:?}");
            }
            (Err(ours), Err(theirs)) if ours.reason().starts_with("lone") => {
                assert_eq!(ours.line(text), u32::try_from(theirs.line()).ok(), "{text:?}");
            }
            (Err(ours), Err(theirs)) if ours.reason() == json_reason(&theirs) => {
                // A fault is at a byte, and so in a column.
                let (reason, line, column) = (ours.reason(), theirs.line(), theirs.column().max(1));
                let place = format!("{reason} at line {line} column {column}");
                assert_eq!(ours.placed(text.as_bytes()), place, "{text:?}");
                assert_eq!(ours.is_cut_off(), theirs.is_eof(), "{text:?}");
            }
            // A number beyond all, which is one where nobody asks for it; and which of two mistakes is told.
            (Err(_), Err(_)) => {}
            (ours, theirs) => panic!("{text:?}: {ours:?}, {theirs:?}"),
        }
        let unique = read_unique(text).and_then(|tree| tree.document().read::<Value>());
        match (unique, serde_json::from_str::<UniqueJson>(text)) {
            (Ok(ours), Ok(UniqueJson(theirs))) => assert_eq!(ours, theirs),
            (Err(_), Err(_)) => {}
            (ours, theirs) => panic!("{text:?}: {ours:?}, {:?}", theirs.map(|value| value.0)),
        }
    }

    #[test]
    fn what_is_json_and_what_is_none() {
        for text in [
            "",
            " ",
            "null",
            "nul",
            "nullx",
            "true false",
            "tru",
            "falsey",
            "[",
            "]",
            "[]",
            "[ ]",
            "[,]",
            "[1,]",
            "[1 2]",
            "{",
            "{}",
            "{ }",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1 \"b\":2}",
            "{1:2}",
            "{\"a\":1]",
            "[1}",
            "\"",
            "\"\\",
            "\"\\u",
            "\"\\u12",
            "\"\\u12g4\"",
            "\"\\u+123\"",
            "\"\\x\"",
            "\"\n\"",
            "\"\u{7f}é\"",
            "\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "\"\\ud83dx\"",
            "\"\\ude00\"",
            "\"\\ud83d\\ud83d\"",
            "\"\\ude00\\ude00\"",
            "\"\\u0000\"",
            "\u{feff}1",
            "\u{a0}1",
            "\u{c}1",
            "\t\r\n 1 \t\r\n",
            "1 1",
            "0",
            "-0",
            "-",
            "00",
            "01",
            "-01",
            "+1",
            "1.",
            ".5",
            "1.5",
            "-0.0",
            "1e",
            "1e+",
            "1e5",
            "1E-5",
            "1e400",
            "-1e400",
            "1e-400",
            "1-2",
            "1.5.2",
            "0x1",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775808",
            "-9223372036854775809",
            "123456789012345678901234567890",
            "0.1",
            "2.2250738585072014e-308",
            "179769313486231580793e289",
            "{\"a\":1,\"a\":2}",
            "{\"a\":1,\"\\u0061\":2}",
            "[1] // no",
            "NaN",
            "Infinity",
            "'a'",
            "{\"a\":[{\"b\":{}},[[]],\"\",-1.5e-3]}\n",
        ] {
            compare(text);
        }
    }

    #[test]
    fn nesting_is_bounded_as_by_serde_json() {
        for depth in [1, 126, 127, 128, 129, 100_000] {
            compare(&format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
            compare(&format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth)));
        }
    }

    #[derive(Deserialize, Debug, PartialEq)]
    struct Inner<'a> {
        #[serde(borrow)]
        name: std::borrow::Cow<'a, str>,
        size: Option<u8>,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    struct Outer {
        inner: Vec<OwnedInner>,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    struct OwnedInner {
        name: String,
        #[serde(default)]
        size: u8,
    }

    #[test]
    fn an_error_has_the_line_of_what_is_in_the_way() {
        let fault = |text: &str| {
            let fault = from_str::<Outer>(text).unwrap_err();
            (fault.reason().to_owned(), fault.line(text).unwrap())
        };
        let said = |reason: &str, line| (reason.to_owned(), line);
        assert_eq!(
            fault("{\n\"inner\": [\n{\n\"name\": 1}]}"),
            said("invalid type: integer `1`, expected a string", 4)
        );
        assert_eq!(fault("{\n\"inner\": [\n{\n\"size\": 1\n}]}"), said("missing field `name`", 3));
        assert_eq!(
            fault("{\n\"inner\": [{\n\"name\": \"\",\n\"size\": 1,\n\"size\":\n1}]}"),
            said("duplicate field `size`", 5)
        );
        assert_eq!(
            fault("{\n\"inner\": [{\n\"name\": \"\",\n\"size\": 256}]}"),
            said("invalid value: integer `256`, expected u8", 4)
        );
        assert_eq!(fault("{\n\"inner\": [{\n\"name\":\n}]}"), said("expected value", 4));
        assert_eq!(fault("{\n\"inner\": [1e400]}"), said("no number is as large here", 2));
        assert_eq!(fault("{\"inner\": \n\"\\ud800\"}"), said("lone leading surrogate in hex escape", 2));
        assert_eq!(
            from_slice::<Value>(b"\n\"\xff\"").unwrap_err().placed(b"\n\"\xff\""),
            "invalid unicode code point at line 2 column 2"
        );
    }

    #[test]
    fn texts_are_borrowed_where_they_can_be() {
        let tree = read(r#"[{"name":"a","size":null},{"size":2,"name":"\n"}]"#).unwrap();
        let [first, second]: [Inner<'_>; 2] = tree.document().read().unwrap();
        assert!(matches!(first.name, std::borrow::Cow::Borrowed("a")));
        // Also of what has escapes: the tree has it as it is.
        assert!(matches!(second.name, std::borrow::Cow::Borrowed("\n")));
        assert_eq!((first.size, second.size), (None, Some(2)));
    }

    #[test]
    fn what_nobody_asks_for_is_told_by_its_path() {
        let text =
            r#"{"x":{"y":1},"inner":[{"name":"a","0":[]},{"size":1,"name":"b","a.b":null,"":{}}],"z":[1]}"#;
        let (outer, ignored) = from_str_noting_ignored::<Outer>(text).unwrap();
        assert_eq!(outer.inner.len(), 2);
        assert_eq!(ignored, ["x", "inner[0].0", "inner[1].a.b", "inner[1].", "z"]);
        assert!(from_str_noting_ignored::<Value>(text).unwrap().1.is_empty());
    }

    /// Pieces of JSON, from which texts are made that nearly are some.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"a\":", "{\"a\":1}", "null", "true", "1", "-", "0", ".", "e", "\\", "\\u00e9", "\\ud83d", "\\ude00", " ", "\n", "é",
            ]).prop_map(str::to_owned),
            1 => any::<char>().prop_map(String::from),
            1 => any::<f64>().prop_map(|number| format!("{number:?}")),
            1 => any::<i128>().prop_map(|number| number.to_string()),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    fn values() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        scalar.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".{0,3}", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_text_is_what_serde_json_takes_it_for(text in pieces()) {
            compare(&text);
        }

        #[test]
        fn every_value_is_read_as_it_was_written(value in values(), cut in any::<prop::sample::Index>()) {
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                compare(&text);
                let cut = text.floor_char_boundary(cut.index(text.len() + 1));
                compare(&text[..cut]);
            }
        }
    }
}
