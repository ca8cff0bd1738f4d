//! Which format a file is in.

use std::fmt;

use lw_syntax::xml::{Node, Xml};

use crate::error::{Problem, ResultsError};
use crate::model::Run;
use crate::{board, dotnet, go, junit, libtest, precommit, projects, tap, text};

/// A format of test results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// JUnit XML, of whatever tool; CTest's and PlatformIO's too.
    Junit,
    /// What `go test -json` prints.
    Go,
    /// What Rust's test programs print with `--format json`.
    LibtestJson,
    /// What Rust's test programs print.
    LibtestText,
    /// The Test Anything Protocol, 12 to 14.
    Tap,
    /// Visual Studio's test results.
    Trx,
    /// NUnit 3.
    Nunit,
    /// xUnit.net, version 2 of its format.
    Xunit,
    /// PlatformIO's `--json-output-path`.
    PlatformIo,
    /// Zephyr's `twister.json`.
    Twister,
    /// The console of a board that runs Unity tests.
    Unity,
    /// The console of a board that runs Zephyr's ztest.
    Ztest,
    /// What pre-commit prints.
    PreCommit,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Junit,
        Self::Go,
        Self::LibtestJson,
        Self::LibtestText,
        Self::Tap,
        Self::Trx,
        Self::Nunit,
        Self::Xunit,
        Self::PlatformIo,
        Self::Twister,
        Self::Unity,
        Self::Ztest,
        Self::PreCommit,
    ];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Junit => "JUnit XML",
            Self::Go => "go test -json",
            Self::LibtestJson => "libtest JSON",
            Self::LibtestText => "libtest text",
            Self::Tap => "TAP",
            Self::Trx => "TRX",
            Self::Nunit => "NUnit 3",
            Self::Xunit => "xUnit 2",
            Self::PlatformIo => "PlatformIO JSON",
            Self::Twister => "twister.json",
            Self::Unity => "Unity log",
            Self::Ztest => "ztest log",
            Self::PreCommit => "pre-commit",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many lines of a log are looked at to recognise it.
const LOOKED_AT: usize = 20_000;

/// The format of a file, from its content; `None` when it is in none that is known.
#[must_use]
pub fn detect(bytes: &[u8]) -> Option<Format> {
    let text = without_mark(bytes).trim_ascii_start();
    match text.first()? {
        b'<' => return of_xml(text),
        b'{' => {
            if let Some(format) = of_json(text) {
                return Some(format);
            }
        }
        _ => {}
    }
    of_lines(text)
}

/// Reads a result file of any format, recognised by its content.
///
/// # Errors
/// When it is in no format that is known, or not what its format allows, or ends before its end mark.
pub fn read(bytes: &[u8]) -> Result<Run, ResultsError> {
    let text = without_mark(bytes);
    if text.trim_ascii().is_empty() {
        return Err(ResultsError::Empty);
    }
    match detect(bytes) {
        Some(format) => read_as(format, bytes),
        None => {
            let start = text.trim_ascii_start();
            let first = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let (start, _) = text::short(first.get(..60).unwrap_or(first));
            Err(ResultsError::Unknown { start: start.escape_debug().to_string() })
        }
    }
}

/// Reads a result file of a format.
///
/// # Errors
/// As [`read`].
pub fn read_as(format: Format, bytes: &[u8]) -> Result<Run, ResultsError> {
    let text = without_mark(bytes);
    if text.trim_ascii().is_empty() {
        return Err(ResultsError::Empty);
    }
    match format {
        Format::Junit => junit::read(text),
        Format::Go => go::read(text),
        Format::LibtestJson => libtest::read_json(text),
        Format::LibtestText => libtest::read_text(text),
        Format::Tap => tap::read(text),
        Format::Trx => dotnet::read_trx(text),
        Format::Nunit => dotnet::read_nunit(text),
        Format::Xunit => dotnet::read_xunit(text),
        Format::PlatformIo => projects::read_platformio(text),
        Format::Twister => projects::read_twister(text),
        Format::Unity => board::read_unity(text),
        Format::Ztest => board::read_ztest(text),
        Format::PreCommit => precommit::read(text),
    }
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

fn of_xml(text: &[u8]) -> Option<Format> {
    let mut xml = Xml::new(text, 2);
    loop {
        match xml.next() {
            Ok(Node::Open(root)) => {
                return match root.name() {
                    b"testsuites" | b"testsuite" => Some(Format::Junit),
                    b"TestRun" => Some(Format::Trx),
                    b"test-run" => Some(Format::Nunit),
                    b"assemblies" | b"assembly" => Some(Format::Xunit),
                    _ => None,
                };
            }
            Ok(Node::Text(_)) => {}
            Ok(Node::Close(_) | Node::End) => return None,
            // Cut off in its very first tag, it is still a damaged file of this format.
            Err(_) => {
                let starts = |name: &[u8]| text.starts_with(name);
                return match () {
                    () if starts(b"<testsuite") || starts(b"<?xml") => Some(Format::Junit),
                    () if starts(b"<TestRun") => Some(Format::Trx),
                    () if starts(b"<test-run") => Some(Format::Nunit),
                    () if starts(b"<assembl") => Some(Format::Xunit),
                    () => None,
                };
            }
        }
    }
}

fn of_json(text: &[u8]) -> Option<Format> {
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let has = |text: &[u8], key: &str| memchr::memmem::find(text, format!("\"{key}\"").as_bytes()).is_some();
    if has(first, "Action") && (has(first, "Package") || has(first, "ImportPath")) {
        return Some(Format::Go);
    }
    if has(first, "type") && has(first, "event") {
        return Some(Format::LibtestJson);
    }
    if has(text, "test_suites") && has(text, "project_dir") {
        return Some(Format::PlatformIo);
    }
    (has(text, "testsuites") && (has(text, "environment") || has(text, "testcases")))
        .then_some(Format::Twister)
}

/// Logs hold the lines of whatever else runs: the first line that only one format has decides.
fn of_lines(text: &[u8]) -> Option<Format> {
    for line in text.split(|byte| *byte == b'\n').take(LOOKED_AT) {
        // A longer line is no line of a result.
        let line = line.get(..4096).unwrap_or(line).trim_ascii_end();
        if line.is_empty() {
            continue;
        }
        if line.starts_with(b"{")
            && let Some(format) = of_json(line)
        {
            return Some(format);
        }
        if tap::is_start(line) {
            return Some(Format::Tap);
        }
        if libtest::is_start(line) {
            return Some(Format::LibtestText);
        }
        if board::is_ztest(line) {
            return Some(Format::Ztest);
        }
        if board::is_unity(line) {
            return Some(Format::Unity);
        }
        if precommit::hook(line).is_some() {
            return Some(Format::PreCommit);
        }
    }
    None
}

/// Text of XML in the encoding its declaration names, as UTF-8.
///
/// # Errors
/// When that is neither UTF-8 nor Latin-1 or one of its relatives.
pub(crate) fn decoded(format: Format, bytes: &[u8]) -> Result<Option<Vec<u8>>, ResultsError> {
    let error = |encoding: &str| {
        Err(ResultsError::Malformed {
            format,
            at: lw_syntax::Position::line(1),
            problem: Problem::Encoding(encoding.to_owned()),
        })
    };
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return error("UTF-16");
    }
    let Some(declaration) = bytes.strip_prefix(b"<?xml") else { return Ok(None) };
    let declaration = declaration.get(..200).unwrap_or(declaration);
    let end = memchr::memmem::find(declaration, b"?>").unwrap_or(0);
    let declaration = String::from_utf8_lossy(declaration.get(..end).unwrap_or_default());
    let Some((_, after)) = declaration.split_once("encoding") else { return Ok(None) };
    let name = after.trim_start_matches(['=', ' ', '"', '\'']);
    let name = name.split(['"', '\'', ' ']).next().unwrap_or_default();
    match name.to_ascii_lowercase().as_str() {
        // PlatformIO writes `utf8`.
        "" | "utf-8" | "utf8" | "us-ascii" | "ascii" => Ok(None),
        "iso-8859-1" | "latin1" | "latin-1" | "iso-8859-15" | "windows-1252" | "cp1252" => {
            Ok(Some(bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes()))
        }
        _ => error(name),
    }
}
