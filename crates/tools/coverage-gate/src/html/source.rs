//! The page of one file: its lines, how often each ran, and which branches were taken.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::iter::Peekable;

use lw_cli::NotShown;
use lw_coverage::{FileCoverage, LineBranches, Metric};
use lw_history::LineRanges;
use lw_model::Lines;

use super::markup::{Digits, bar, foot, head, kit, name, number, push_number, write_text};
use crate::grade::Floors;

/// Characters of a line that are shown: minified code has lines of megabytes.
const LONGEST: usize = 2000;

pub(super) fn page(
    path: &str,
    file: &FileCoverage,
    source: &Result<String, NotShown>,
    changed: Option<&LineRanges>,
    floors: &[Floors; Metric::ALL.len()],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut start = head(path, "../");
    let _ = writeln!(
        start,
        "<p class=\"back\"><a href=\"../index.html\">All files</a></p>\n<h1><code>{}</code></h1>",
        name(path)
    );
    figures(file, changed, floors, &mut start);
    let mut out = Lines::new(out);
    let out = &mut out;
    out.push(&start);
    match source {
        Ok(source) => lines(file, source, changed, out)?,
        Err(why) => {
            out.push(&format!(
                "<p class=\"note\">Only the lines the coverage report tells of are shown: {why}.</p>\n"
            ));
            numbers(file, changed, out)?;
        }
    }
    functions(file, out)?;
    out.push(&foot()).flush()
}

fn figures(
    file: &FileCoverage,
    changed: Option<&LineRanges>,
    floors: &[Floors; Metric::ALL.len()],
    out: &mut String,
) {
    out.push_str("<dl class=\"facts\">\n");
    for (metric, floors) in Metric::ALL.into_iter().zip(floors) {
        let counts = file.figure(metric).counts;
        if counts.total > 0 {
            let (covered, total) = (number(counts.covered), number(counts.total));
            let _ = writeln!(
                out,
                "<div><dt>{metric}</dt><dd>{} <small>{covered} of {total}</small></dd></div>",
                bar(counts, *floors)
            );
        }
    }
    if let Some(changed) = changed.filter(|changed| !changed.is_empty()) {
        let _ = writeln!(out, "<div><dt>changed</dt><dd>{} lines</dd></div>", number(changed.len()));
    }
    out.push_str("</dl>\n");
}

/// The class of a row as an attribute, filled up to the length at which it is stored without a call.
struct Class([u8; 24], usize);

impl Class {
    const fn new(text: &str) -> Self {
        let mut bytes = [0; 24];
        bytes.split_at_mut(text.len()).0.copy_from_slice(text.as_bytes());
        Self(bytes, text.len())
    }
}

/// The classes of rows: without coverage, missed, partial and hit, each of an old and a new line.
const CLASSES: [[Class; 2]; 4] = [
    [Class::new(""), Class::new(" class=\"new\"")],
    [Class::new(" class=\"miss\""), Class::new(" class=\"miss new\"")],
    [Class::new(" class=\"partial\""), Class::new(" class=\"partial new\"")],
    [Class::new(" class=\"hit\""), Class::new(" class=\"hit new\"")],
];

/// What is known of the lines, asked for in their order.
struct Known<H: Iterator<Item = (u32, u64)>, B: Iterator<Item = LineBranches>> {
    hits: Peekable<H>,
    branches: Peekable<B>,
}

/// What is known of the lines of a file.
fn known(file: &FileCoverage) -> Known<impl Iterator<Item = (u32, u64)>, impl Iterator<Item = LineBranches>> {
    Known { hits: file.lines().iter().peekable(), branches: file.branches().by_line().peekable() }
}

impl<H: Iterator<Item = (u32, u64)>, B: Iterator<Item = LineBranches>> Known<H, B> {
    /// The row of a line up to its source.
    fn open(&mut self, line: u32, changed: Option<&LineRanges>, out: &mut Lines<&mut dyn Write>) {
        while self.hits.next_if(|hits| hits.0 < line).is_some() {}
        while self.branches.next_if(|branches| branches.line < line).is_some() {}
        let hits = self.hits.next_if(|hits| hits.0 == line).map(|hits| hits.1);
        let branches =
            self.branches.next_if(|branches| branches.line == line).map(|branches| branches.counts);
        let branches = branches.filter(|counts| counts.total > 0);
        let is_new = changed.is_some_and(|changed| changed.contains(line));
        let [none, miss, partial, hit] = &CLASSES;
        let [old, new] = match (hits, branches) {
            (None, _) => none,
            (Some(0), _) => miss,
            (Some(_), Some(branches)) if branches.missed() > 0 => partial,
            (Some(_), _) => hit,
        };
        let Class(class, length) = if is_new { new } else { old };
        let line = Digits::of(line);
        out.push("<tr id=\"L");
        line.push(out);
        out.push("\"");
        out.push_first(*class, *length);
        out.push("><td class=\"n\" align=\"right\"><a href=\"#L");
        line.push(out);
        out.push("\">");
        line.push(out);
        if let Some(hits) = hits {
            out.push("</a></td><td class=\"h\" align=\"right\">");
            push_number(hits, out);
        } else {
            out.push("</a></td><td>");
        }
        match branches {
            Some(branches) => {
                out.push("</td><td class=\"b\" align=\"right\">").number(branches.covered).push("/");
                out.number(branches.total).push("</td><td class=\"s\"><code>")
            }
            None if hits.is_some() => out.push("</td><td class=\"b\"></td><td class=\"s\"><code>"),
            None => out.push("</td><td></td><td class=\"s\"><code>"),
        };
    }
}

const HEAD: &str = "<div class=\"scroll\"><table class=\"source\" cellspacing=\"0\">\n<thead><tr><th scope=\"col\" align=\"right\">Line</th><th scope=\"col\" align=\"right\">Hits</th><th scope=\"col\" align=\"right\">Branches</th><th scope=\"col\" align=\"left\">Source</th></tr></thead>\n<tbody>\n";
const TAIL: &str = "</tbody>\n</table></div>\n";

fn lines(
    file: &FileCoverage,
    source: &str,
    changed: Option<&LineRanges>,
    out: &mut Lines<&mut dyn Write>,
) -> io::Result<()> {
    let mut known = known(file);
    out.push(HEAD);
    let mut last: u32 = 0;
    let mut rest = source;
    while let Some(content) = next_line(&mut rest) {
        last += 1;
        known.open(last, changed, out);
        // A line of no more bytes has no more characters.
        let end = (content.len() > LONGEST).then(|| content.char_indices().nth(LONGEST)).flatten();
        match end {
            Some((end, _)) => {
                write_text(content.get(..end).unwrap_or_default(), out);
                out.push("…");
            }
            None => write_text(content, out),
        }
        out.push("</code></td></tr>").end()?;
    }
    let beyond = known.hits.filter(|hits| hits.0 > last).count();
    out.push(TAIL);
    if beyond > 0 {
        out.push(&format!(
            "<p class=\"note\">The coverage report has {beyond} lines beyond the end of this file: it was made from another version of it.</p>\n"
        ));
    }
    Ok(())
}

/// As the iterator [`str::lines`], which looks for the ends of lines byte by byte.
fn next_line<'a>(rest: &mut &'a str) -> Option<&'a str> {
    if rest.is_empty() {
        return None;
    }
    let Some(end) = memchr::memchr(b'\n', rest.as_bytes()) else { return Some(std::mem::take(rest)) };
    let is_windows = end > 0 && rest.as_bytes().get(end - 1) == Some(&b'\r');
    let line = rest.get(..end - usize::from(is_windows))?;
    *rest = rest.get(end + 1..)?;
    Some(line)
}

fn numbers(
    file: &FileCoverage,
    changed: Option<&LineRanges>,
    out: &mut Lines<&mut dyn Write>,
) -> io::Result<()> {
    if file.lines().is_empty() {
        return Ok(());
    }
    let mut known = known(file);
    out.push(HEAD);
    for (line, _) in file.lines().iter() {
        known.open(line, changed, out);
        out.push("</code></td></tr>").end()?;
    }
    out.push(TAIL);
    Ok(())
}

fn functions(file: &FileCoverage, out: &mut Lines<&mut dyn Write>) -> io::Result<()> {
    let functions = file.functions();
    if functions.is_empty() {
        return Ok(());
    }
    out.push(&format!(
        "<details><summary>Functions <small>{}</small></summary>\n<div class=\"scroll\"><table cellpadding=\"4\">\n<thead><tr><th scope=\"col\" align=\"left\">Function</th><th scope=\"col\" align=\"right\">Calls</th></tr></thead>\n<tbody>\n",
        number(functions.len() as u64)
    ));
    let calls = kit::cell("Calls", true);
    for function in functions {
        let class = if function.hits == 0 { "<tr class=\"miss" } else { "<tr class=\"" };
        out.push(class).push("\"><td><a href=\"#L").number(function.start).push("\"><code>");
        out.push(&name(&function.name)).push("</code></a></td>").push(&calls);
        push_number(function.hits, out);
        out.push("</td></tr>").end()?;
    }
    out.push("</tbody>\n</table></div></details>\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_standard_library() {
        for text in
            ["", "\n", "\r\n", "\r", "a", "a\n", "a\r\n\r\nb\r", "a\r\r\n\nb", "é\n日本\r\n\n", "\n\n"]
        {
            let mut rest = text;
            assert!(std::iter::from_fn(|| next_line(&mut rest)).eq(text.lines()), "{text:?}");
        }
    }
}
