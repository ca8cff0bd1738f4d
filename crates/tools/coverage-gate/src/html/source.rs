//! The page of one file: its lines, how often each ran, and which branches were taken.

use std::fmt::Write as _;
use std::iter::Peekable;

use lw_cli::NotShown;
use lw_coverage::{FileCoverage, LineBranches, Metric};
use lw_history::LineRanges;

use super::markup::{bar, foot, head, kit, name, number, push_digits, push_number, push_text};
use crate::grade::Floors;

/// Characters of a line that are shown: minified code has lines of megabytes.
const LONGEST: usize = 2000;

pub(super) fn page(
    path: &str,
    file: &FileCoverage,
    source: &Result<String, NotShown>,
    changed: Option<&LineRanges>,
    floors: &[Floors; Metric::ALL.len()],
) -> String {
    let mut out = head(path, "../");
    let _ = writeln!(
        out,
        "<p class=\"back\"><a href=\"../index.html\">All files</a></p>\n<h1><code>{}</code></h1>",
        name(path)
    );
    figures(file, changed, floors, &mut out);
    match source {
        Ok(source) => lines(file, source, changed, &mut out),
        Err(why) => {
            let _ = writeln!(
                out,
                "<p class=\"note\">Only the lines the coverage report tells of are shown: {why}.</p>"
            );
            numbers(file, changed, &mut out);
        }
    }
    functions(file, &mut out);
    out + &foot()
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

/// What is between the number in a row's anchor and the number in the link to it.
macro_rules! row {
    ($class:literal) => {
        concat!("\"", $class, "><td class=\"n\" align=\"right\"><a href=\"#L")
    };
}

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
    fn open(&mut self, line: u32, changed: Option<&LineRanges>, out: &mut String) {
        while self.hits.next_if(|hits| hits.0 < line).is_some() {}
        while self.branches.next_if(|branches| branches.line < line).is_some() {}
        let hits = self.hits.next_if(|hits| hits.0 == line).map(|hits| hits.1);
        let branches =
            self.branches.next_if(|branches| branches.line == line).map(|branches| branches.counts);
        let branches = branches.filter(|counts| counts.total > 0);
        let is_new = changed.is_some_and(|changed| changed.contains(line));
        // Most of a page are these rows: few long pieces are faster than many short ones.
        let open = match (hits, branches) {
            (None, _) if is_new => row!(" class=\"new\""),
            (None, _) => row!(""),
            (Some(0), _) if is_new => row!(" class=\"miss new\""),
            (Some(0), _) => row!(" class=\"miss\""),
            (Some(_), Some(branches)) if branches.missed() > 0 && is_new => row!(" class=\"partial new\""),
            (Some(_), Some(branches)) if branches.missed() > 0 => row!(" class=\"partial\""),
            (Some(_), _) if is_new => row!(" class=\"hit new\""),
            (Some(_), _) => row!(" class=\"hit\""),
        };
        let mut digits = itoa::Buffer::new();
        let line = digits.format(line);
        out.push_str("<tr id=\"L");
        push_digits(line, out);
        out.push_str(open);
        push_digits(line, out);
        out.push_str("\">");
        push_digits(line, out);
        if let Some(hits) = hits {
            out.push_str("</a></td><td class=\"h\" align=\"right\">");
            push_number(hits, out);
        } else {
            out.push_str("</a></td><td>");
        }
        match branches {
            Some(branches) => {
                let _ =
                    write!(out, "</td><td class=\"b\" align=\"right\">{branches}</td><td class=\"s\"><code>");
            }
            None if hits.is_some() => out.push_str("</td><td class=\"b\"></td><td class=\"s\"><code>"),
            None => out.push_str("</td><td></td><td class=\"s\"><code>"),
        }
    }
}

const HEAD: &str = "<div class=\"scroll\"><table class=\"source\" cellspacing=\"0\">\n<thead><tr><th scope=\"col\" align=\"right\">Line</th><th scope=\"col\" align=\"right\">Hits</th><th scope=\"col\" align=\"right\">Branches</th><th scope=\"col\" align=\"left\">Source</th></tr></thead>\n<tbody>\n";
const TAIL: &str = "</tbody>\n</table></div>\n";

fn lines(file: &FileCoverage, source: &str, changed: Option<&LineRanges>, out: &mut String) {
    let mut known = known(file);
    // What is around a line has a hundred bytes.
    out.reserve(source.len().saturating_mul(3));
    out.push_str(HEAD);
    let mut last = 0;
    for (line, content) in (1_u32..).zip(split_lines(source)) {
        known.open(line, changed, out);
        // A line of no more bytes has no more characters.
        let end = (content.len() > LONGEST).then(|| content.char_indices().nth(LONGEST)).flatten();
        match end {
            Some((end, _)) => {
                push_text(content.get(..end).unwrap_or_default(), out);
                out.push('…');
            }
            None => push_text(content, out),
        }
        out.push_str("</code></td></tr>\n");
        last = line;
    }
    let beyond = known.hits.filter(|hits| hits.0 > last).count();
    out.push_str(TAIL);
    if beyond > 0 {
        let _ = writeln!(
            out,
            "<p class=\"note\">The coverage report has {beyond} lines beyond the end of this file: it was made from another version of it.</p>"
        );
    }
}

/// As [`str::lines`], which looks for the ends of lines one by one.
fn split_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some((line, after)) =
            memchr::memchr(b'\n', rest.as_bytes()).and_then(|end| rest.split_at_checked(end))
        else {
            return Some(std::mem::take(&mut rest));
        };
        rest = after.strip_prefix('\n').unwrap_or_default();
        Some(line.strip_suffix('\r').unwrap_or(line))
    })
}

fn numbers(file: &FileCoverage, changed: Option<&LineRanges>, out: &mut String) {
    if file.lines().is_empty() {
        return;
    }
    let mut known = known(file);
    out.push_str(HEAD);
    for (line, _) in file.lines().iter() {
        known.open(line, changed, out);
        out.push_str("</code></td></tr>\n");
    }
    out.push_str(TAIL);
}

fn functions(file: &FileCoverage, out: &mut String) {
    let functions = file.functions();
    if functions.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "<details><summary>Functions <small>{}</small></summary>\n<div class=\"scroll\"><table cellpadding=\"4\">\n<thead><tr><th scope=\"col\" align=\"left\">Function</th><th scope=\"col\" align=\"right\">Calls</th></tr></thead>\n<tbody>\n",
        number(functions.len() as u64)
    );
    for function in functions {
        let calls = kit::cell("Calls", true);
        let class = if function.hits == 0 { "miss" } else { "" };
        let _ = writeln!(
            out,
            "<tr class=\"{class}\"><td><a href=\"#L{}\"><code>{}</code></a></td>{calls}{}</td></tr>",
            function.start,
            name(&function.name),
            number(function.hits)
        );
    }
    out.push_str("</tbody>\n</table></div></details>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_standard_library() {
        for text in
            ["", "\n", "\r\n", "\r", "a", "a\n", "a\r\n\r\nb\r", "a\r\r\n\nb", "é\n日本\r\n\n", "\n\n"]
        {
            assert!(split_lines(text).eq(text.lines()), "{text:?}");
        }
    }
}
