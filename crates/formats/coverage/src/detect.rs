//! Tells the format of a report by its content. Names of files say little: `coverage.xml` may be any of three.

use memchr::memmem;
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::error::Foreign;
use crate::model::Format;

/// What a file was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Report(Format),
    Gzip,
    Empty,
    Foreign(Foreign),
    Unknown,
}

/// The format of a report, by its content; `None` when it is none of [`Format::ALL`].
///
/// For compressed data this is `None`, too; [`read`](crate::read) decompresses it.
#[must_use]
pub fn detect(bytes: &[u8]) -> Option<Format> {
    match kind(bytes) {
        Kind::Report(format) => Some(format),
        _ => None,
    }
}

pub(crate) fn kind(bytes: &[u8]) -> Kind {
    if let Some(kind) = binary(bytes) {
        return kind;
    }
    let text = without_mark(bytes).trim_ascii_start();
    match text.first() {
        None => Kind::Empty,
        Some(b'<') => xml(text),
        Some(b'{') => json(text),
        Some(_) if text.starts_with(b"mode:") => Kind::Report(Format::GoCover),
        Some(_) if is_lcov(text) => Kind::Report(Format::Lcov),
        Some(_) => Kind::Unknown,
    }
}

/// Without the byte order mark that Windows tools put first.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

fn binary(bytes: &[u8]) -> Option<Kind> {
    let foreign = match bytes {
        [0x1f, 0x8b, ..] => return Some(Kind::Gzip),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Foreign::Utf16,
        // `\xffl?rofr\x81` (raw, either byte order; `?` tells 32 from 64 bits) and `\xfflprofi\x81` (indexed).
        [0xff, b'l', _, b'r', b'o', b'f', _, 0x81, ..] | [0x81, _, b'f', b'o', b'r', _, b'l', 0xff, ..] => {
            Foreign::LlvmProfile
        }
        [b'a', b'd', b'c' | b'o', b'g', ..]
        | [b'o', b'n', b'c', b'g', ..]
        | [b'g', b'c', b'd' | b'n', b'a' | b'o', ..] => Foreign::GcovData,
        _ if bytes.starts_with(b"SQLite format 3\0") => Foreign::CoveragePyData,
        [0x01, 0xc0, 0xc0, ..] => Foreign::JacocoExec,
        _ => return None,
    };
    Some(Kind::Foreign(foreign))
}

fn is_lcov(text: &[u8]) -> bool {
    text.starts_with(b"TN:") || text.starts_with(b"SF:") || memmem::find(text, b"\nSF:").is_some()
}

/// By the root element; Cobertura and Clover share its name, but not its attributes and children.
fn xml(text: &[u8]) -> Kind {
    let mut reader = Reader::from_reader(text);
    let mut in_coverage = false;
    loop {
        let (element, empty) = match reader.read_event() {
            Ok(Event::Start(element)) => (element, false),
            Ok(Event::Empty(element)) => (element, true),
            Ok(Event::Eof) | Err(_) => return Kind::Unknown,
            Ok(Event::End(_)) if in_coverage => return Kind::Unknown,
            Ok(_) => continue,
        };
        match element.local_name().into_inner() {
            b"sources" | b"packages" if in_coverage => return Kind::Report(Format::Cobertura),
            b"project" | b"testproject" if in_coverage => return Kind::Report(Format::Clover),
            _ if in_coverage => return Kind::Unknown,
            b"coverage" => {
                for attribute in element.attributes().with_checks(false).flatten() {
                    match attribute.key.as_ref() {
                        b"line-rate" | b"lines-valid" | b"branch-rate" => {
                            return Kind::Report(Format::Cobertura);
                        }
                        b"clover" => return Kind::Report(Format::Clover),
                        _ => {}
                    }
                }
                if empty {
                    return Kind::Unknown;
                }
                in_coverage = true;
            }
            b"report" => return Kind::Report(Format::Jacoco),
            b"CoverageSession" => return Kind::Foreign(Foreign::OpenCover),
            b"testsuites" | b"testsuite" => return Kind::Foreign(Foreign::Junit),
            _ => return Kind::Unknown,
        }
    }
}

/// By the keys of the outermost object, and what they lead to: several tools have `files`, and each its own.
///
/// Read no further than to the first key that decides.
fn json(text: &[u8]) -> Kind {
    let mut keys = Keys { rest: text.get(1..).unwrap_or_default() };
    while let Some((key, value)) = keys.next() {
        let foreign = match (key, value.first()) {
            (b"data", Some(b'[')) | (b"cargo_llvm_cov", Some(b'{')) => return Kind::Report(Format::Llvm),
            (b"gcovr/format_version", _) => Foreign::Gcovr,
            (b"gcovr/summary_format_version", _) => Foreign::GcovrSummary,
            (b"meta", Some(b'{')) if has_key(value, b"simplecov_version") => Foreign::SimpleCov,
            (b"total", Some(b'{')) if has_key(value, b"statements") => Foreign::IstanbulSummary,
            (b"files", Some(b'{')) | (b"meta", Some(b'{')) | (b"totals", Some(b'{')) => {
                return Kind::Report(Format::CoveragePy);
            }
            (b"gcc_version" | b"current_working_directory" | b"data_file", Some(b'"')) => {
                return Kind::Report(Format::Gcov);
            }
            // The first file tells: gcov's has lines, the others' have totals.
            (b"files", Some(b'[')) => match value.get(1..).unwrap_or_default().trim_ascii_start() {
                file if has_key(file, b"percent_covered") => Foreign::Kcov,
                file if has_key(file, b"line_percent") => Foreign::GcovrSummary,
                file if has_key(file, b"lines") && is_of_gcovr(file) => Foreign::Gcovr,
                _ => return Kind::Report(Format::Gcov),
            },
            (_, Some(b'{')) if has_key(value, b"statementMap") || is_istanbul(value) => Foreign::Istanbul,
            (_, Some(b'{')) if begins_with_key(value, b"coverage") => Foreign::SimpleCov,
            _ => continue,
        };
        return Kind::Foreign(foreign);
    }
    Kind::Unknown
}

/// Newer versions of Istanbul have `path` in front, and may leave out everything else of a file that never ran.
fn is_istanbul(file: &[u8]) -> bool {
    begins_with_key(file, b"path")
}

/// Whether the first line of a file has one of gcovr's own marks.
fn is_of_gcovr(file: &[u8]) -> bool {
    let mut keys = Keys { rest: file.get(1..).unwrap_or_default() };
    while let Some((key, value)) = keys.next() {
        if key == b"lines" {
            let line = value.get(1..).unwrap_or_default().trim_ascii_start();
            let mut keys = Keys { rest: line.get(1..).unwrap_or_default() };
            return std::iter::from_fn(|| keys.next()).any(|(key, _)| key.starts_with(b"gcovr/"));
        }
    }
    false
}

/// Whether an object has a key, wherever it stands.
fn has_key(object: &[u8], key: &[u8]) -> bool {
    let mut keys = Keys { rest: object.strip_prefix(b"{").unwrap_or_default() };
    std::iter::from_fn(|| keys.next()).any(|(known, _)| known == key)
}

fn begins_with_key(object: &[u8], key: &[u8]) -> bool {
    Keys { rest: object.get(1..).unwrap_or_default() }.next().is_some_and(|first| first.0 == key)
}

/// The keys of an object, each with what follows it.
struct Keys<'a> {
    rest: &'a [u8],
}

impl<'a> Keys<'a> {
    fn next(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        loop {
            match self.rest.first()? {
                b'"' => break,
                b'}' => return None,
                _ => self.rest = skip_value(self.rest)?,
            }
        }
        let (key, after) = string(self.rest)?;
        let value = after.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        self.rest = skip_value(value)?;
        Some((key, value))
    }
}

/// The content of a string, escapes and all, and what follows it.
fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.get(1..)?;
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', inside.get(from..)?)?;
        match inside.get(at) {
            Some(b'"') => return Some((inside.get(..at)?, inside.get(at + 1..)?)),
            _ => from = at + 2,
        }
    }
}

/// What follows a value, or the byte between two of them.
fn skip_value(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    let mut depth = 0_usize;
    loop {
        rest = match rest.first()? {
            b'"' => string(rest)?.1,
            b'{' | b'[' => {
                depth += 1;
                rest.get(1..)?
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                rest.get(1..)?
            }
            _ => rest.get(1..)?,
        };
        if depth == 0 {
            return Some(rest);
        }
        let next = rest.iter().position(|byte| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']'))?;
        rest = rest.get(next..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_by_its_keys_in_any_order() {
        for (text, format) in [
            (r#"{"version":"2","data":[{}]}"#, Format::Llvm),
            (r#"{"type":"x\"}","n":1.5e3,"b":true,"l":[1,{"files":{}}],"data":[]}"#, Format::Llvm),
            (r#"{"files":{"a.py":{}}}"#, Format::CoveragePy),
            (r#"{ "meta" : {"format":3}, "files":{}}"#, Format::CoveragePy),
            (r#"{"format_version": "1", "files": []}"#, Format::Gcov),
            (r#"{"gcc_version": "12", "x": []}"#, Format::Gcov),
            (r#"{"files": [{"file": "a.c", "functions": [], "lines": [{"count": 1}]}]}"#, Format::Gcov),
        ] {
            assert_eq!(detect(text.as_bytes()), Some(format), "{text}");
        }
        for text in ["{", "{}", "{\"a", "{\"a\"", "{\"a\":", r#"{"a":"b"}"#, r#"{"data":{}}"#, "{]", "{{"] {
            assert_eq!(kind(text.as_bytes()), Kind::Unknown, "{text}");
        }
    }

    #[test]
    fn xml_by_its_root() {
        let coverage = |inside: &str| {
            kind(format!("\u{feff}<?xml version='1.0'?>\n<!-- x --><!DOCTYPE coverage>{inside}").as_bytes())
        };
        assert_eq!(coverage("<coverage line-rate='1'>"), Kind::Report(Format::Cobertura));
        assert_eq!(coverage("<coverage><sources/>"), Kind::Report(Format::Cobertura));
        assert_eq!(coverage("<coverage generated='1'><project>"), Kind::Report(Format::Clover));
        assert_eq!(coverage("<report name='x'/>"), Kind::Report(Format::Jacoco));
        assert_eq!(coverage("<testsuites/>"), Kind::Foreign(Foreign::Junit));
        assert_eq!(coverage("<coverage/>"), Kind::Unknown);
        assert_eq!(coverage("<coverage></coverage><sources/>"), Kind::Unknown);
        assert_eq!(coverage("<html>"), Kind::Unknown);
    }

    #[test]
    fn text_and_data() {
        for (bytes, expected) in [
            (&b"mode: set\n"[..], Kind::Report(Format::GoCover)),
            (b"# comment\nTN:\nSF:a", Kind::Report(Format::Lcov)),
            (b"\n \nSF:a", Kind::Report(Format::Lcov)),
            (b" \n", Kind::Empty),
            (b"hello", Kind::Unknown),
            (b"\x1f\x8b\x08", Kind::Gzip),
            (b"\xff\xfe<\0", Kind::Foreign(Foreign::Utf16)),
            (b"adcg", Kind::Foreign(Foreign::GcovData)),
            (b"\x81rforpl\xff", Kind::Foreign(Foreign::LlvmProfile)),
            (br#"{"/src/a.js":{"path":"/src/a.js"}}"#, Kind::Foreign(Foreign::Istanbul)),
            (br#"{"RSpec":{"coverage":{}}}"#, Kind::Foreign(Foreign::SimpleCov)),
            (br#"{"meta":{"simplecov_version":"0.22"},"coverage":{}}"#, Kind::Foreign(Foreign::SimpleCov)),
            (br#"{"/a.js":{"statementMap":{},"path":"/a.js"}}"#, Kind::Foreign(Foreign::Istanbul)),
            (br#"{"/a.js":{"fnMap":{},"s":{},"statementMap":{}}}"#, Kind::Foreign(Foreign::Istanbul)),
            (br#"{"total":{"lines":{},"statements":{}},"/a.js":{}}"#, Kind::Foreign(Foreign::IstanbulSummary)),
            (br#"{"gcovr/format_version":"0.15","files":[]}"#, Kind::Foreign(Foreign::Gcovr)),
            (
                br#"{"files":[{"file":"a.c","lines":[{"line_number":2,"gcovr/md5":"x"}]}],"gcovr/format_version":"0.9"}"#,
                Kind::Foreign(Foreign::Gcovr),
            ),
            (br#"{"root":"..","gcovr/summary_format_version":"0.6"}"#, Kind::Foreign(Foreign::GcovrSummary)),
            (br#"{"files":[{"filename":"a","line_percent":1}]}"#, Kind::Foreign(Foreign::GcovrSummary)),
            (br#"{"files":[{"file":"/a/m.ts","percent_covered":"50"}]}"#, Kind::Foreign(Foreign::Kcov)),
        ] {
            assert_eq!(kind(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }
}
