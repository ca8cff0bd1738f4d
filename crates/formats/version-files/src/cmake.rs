//! `VERSION` of `project()`, by CMake's own grammar (<https://cmake.org/cmake/help/latest/manual/cmake-language.7.html>).

use std::ops::Range;

use crate::FileVersions;
use crate::error::VersionFileError;
use crate::place::{Form, Role};
use crate::source::Source;

pub(crate) fn read(source: &Source<'_>) -> Result<FileVersions, VersionFileError> {
    let mut found =
        FileVersions { without: Some("no project() of it has a VERSION"), ..FileVersions::default() };
    let bytes = source.text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'#' {
            at = after_comment(bytes, at).ok_or_else(|| source.wrong(at, "the comment does not end"))?;
            continue;
        }
        if !(byte.is_ascii_alphabetic() || *byte == b'_') {
            at += 1;
            continue;
        }
        let name = word(bytes, at);
        let mut next = name.end;
        while bytes.get(next).is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            next += 1;
        }
        if bytes.get(next) != Some(&b'(') {
            at = name.end;
            continue;
        }
        let (arguments, end) = arguments(source, next)?;
        at = end;
        if !source.get(name).eq_ignore_ascii_case("project") {
            continue;
        }
        let mut arguments = arguments.into_iter().skip_while(|range| source.get(range.clone()) != "VERSION");
        let Some(value) = arguments.nth(1) else { continue };
        let place = source.place("project(VERSION)", value, Form::Core, Role::Own)?;
        if !found.places.is_empty() {
            return Err(VersionFileError::Several { line: place.line, what: place.what });
        }
        found.places.push(place);
    }
    Ok(found)
}

fn word(bytes: &[u8], start: usize) -> Range<usize> {
    let rest = bytes.get(start..).unwrap_or_default();
    let length = rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'));
    start..start + length.unwrap_or(rest.len())
}

/// Where what follows a comment begins; `None` when it has no end.
fn after_comment(bytes: &[u8], start: usize) -> Option<usize> {
    if let Some((_, end)) = bracket(bytes, start + 1) {
        return end;
    }
    let rest = bytes.get(start..)?;
    Some(start + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()))
}

/// What stands between `[==[` and `]==]`, and where that ends; the end is `None` where there is none.
fn bracket(bytes: &[u8], start: usize) -> Option<(Range<usize>, Option<usize>)> {
    let rest = bytes.get(start..)?.strip_prefix(b"[")?;
    let equals = rest.iter().take_while(|byte| **byte == b'=').count();
    let inner = rest.get(equals..)?.strip_prefix(b"[")?;
    let begin = bytes.len() - inner.len();
    let close = [b"]".as_slice(), &vec![b'='; equals], b"]"].concat();
    let length = inner.windows(close.len()).position(|window| window == close.as_slice());
    let end = length.map(|length| begin + length);
    Some((begin..end.unwrap_or(bytes.len()), end.map(|end| end + close.len())))
}

/// The arguments between parentheses, without their quotes, and where what follows begins.
fn arguments(source: &Source<'_>, start: usize) -> Result<(Vec<Range<usize>>, usize), VersionFileError> {
    let bytes = source.text.as_bytes();
    let (mut found, mut depth, mut at) = (Vec::new(), 0_usize, start);
    let open = || source.wrong(start, "the parenthesis does not end");
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return Ok((found, at + 1));
                }
            }
            b'#' => {
                at = after_comment(bytes, at).ok_or_else(open)?;
                continue;
            }
            b'"' => {
                let mut end = at + 1;
                while bytes.get(end).is_some_and(|byte| *byte != b'"') {
                    end += if bytes.get(end) == Some(&b'\\') { 2 } else { 1 };
                }
                if end >= bytes.len() {
                    return Err(source.wrong(at, "the quote does not end"));
                }
                found.push(at + 1..end);
                at = end;
            }
            b'[' if bracket(bytes, at).is_some() => {
                let (inner, end) = bracket(bytes, at).ok_or_else(open)?;
                found.push(inner);
                at = end.ok_or_else(open)?;
                continue;
            }
            b' ' | b'\t' | b'\r' | b'\n' | b';' => {}
            _ => {
                let begin = at;
                while bytes.get(at).is_some_and(|byte| {
                    !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b';' | b'(' | b')' | b'#' | b'"')
                }) {
                    at += if bytes.get(at) == Some(&b'\\') { 2 } else { 1 };
                }
                at = at.min(bytes.len());
                found.push(begin..at);
                continue;
            }
        }
        at += 1;
    }
    Err(open())
}
