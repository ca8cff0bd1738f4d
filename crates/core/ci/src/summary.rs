//! A summary cut to the size a CI takes.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Longest line in which a tag between backticks is told from a tag.
const MAX_SPAN_LINE: usize = 4096;

/// HTML elements that swallow what follows when they stay open.
const BLOCKS: [&str; 3] = ["details", "table", "pre"];

/// The Markdown in at most `limit` bytes.
///
/// What is too long is cut at the end of a line, which is a row of a table; code fences and
/// `<details>`, `<table>`, `<pre>` that are open there are closed, and a last line says how many lines
/// were left out. With a limit too small even for that line the result is empty.
#[must_use]
pub fn fit_summary(markdown: &str, limit: usize) -> Cow<'_, str> {
    if markdown.len() <= limit {
        return Cow::Borrowed(markdown);
    }
    let total = markdown.lines().count();
    // The note is longest when everything is left out.
    let room = limit.saturating_sub(note(total).len());
    let mut open = Open::default();
    let mut used = 0;
    let mut kept = 0;
    let mut end = 0;
    let mut lines = markdown.split_inclusive('\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        used += line.len();
        if used > room {
            break;
        }
        open.read(line);
        // A header row without its delimiter row is no table.
        let in_header = lines.peek().is_some_and(|(_, next)| open.fence.is_none() && is_delimiter_row(next));
        if used + open.closing_len() <= room && !in_header {
            (kept, end) = (index + 1, used);
        }
    }
    let note = note(total - kept);
    if note.len() > limit {
        return Cow::Borrowed("");
    }
    let text = markdown.get(..end).unwrap_or_default();
    let mut open = Open::default();
    text.split_inclusive('\n').for_each(|line| open.read(line));
    Cow::Owned(format!("{text}{}{note}", open.closing()))
}

fn note(lines: usize) -> String {
    let s = if lines == 1 { " was" } else { "s were" };
    format!("\n_{lines} line{s} left out to stay within the size limit of summaries._\n")
}

/// `| --- | ---: |`
fn is_delimiter_row(line: &str) -> bool {
    let line = line.trim();
    line.contains('-') && line.contains('|') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

/// What is open at the end of a line.
#[derive(Default)]
struct Open<'a> {
    /// The marker of an open code fence.
    fence: Option<&'a str>,
    /// The open HTML elements, outermost first.
    blocks: Vec<&'static str>,
    /// How many of each are open, so that a closing tag without its opening one costs nothing.
    blocks_open: BTreeMap<&'static str, usize>,
    /// Bytes that close all of `blocks`.
    blocks_closing: usize,
}

/// Bytes of `</` and `>` with its line feed.
const TAG: usize = 4;

impl<'a> Open<'a> {
    fn read(&mut self, line: &'a str) {
        let text = line.trim_end();
        let inner = text.trim_start_matches(' ');
        // Four spaces make indented code, which opens no fence.
        let marker = if text.len() - inner.len() < 4 { fence_marker(inner) } else { None };
        match (self.fence, marker) {
            (Some(fence), Some(marker)) => {
                // CommonMark 4.5: closed by the same character, at least as often, and nothing after it.
                if marker.starts_with(fence) && marker.len() == inner.len() {
                    self.fence = None;
                }
            }
            (Some(_), None) => {}
            // The information after a fence of backticks holds no backtick.
            (None, Some(marker))
                if !(marker.starts_with('`') && inner.trim_start_matches('`').contains('`')) =>
            {
                self.fence = Some(marker);
            }
            (None, _) => self.read_tags(text),
        }
    }

    fn read_tags(&mut self, text: &str) {
        // Pairing backticks is not linear in the length of a line.
        let spans = text.len() <= MAX_SPAN_LINE;
        let mut rest = text;
        while let Some(at) = rest.find(['<', '`']) {
            let found = rest.get(at..).unwrap_or_default();
            if found.starts_with('`') && spans {
                rest = after_code_span(found);
                continue;
            }
            let (closes, name) = match found.strip_prefix("</") {
                Some(name) => (true, name),
                None => (false, found.get(1..).unwrap_or_default()),
            };
            let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
            let block =
                name.get(..end).and_then(|name| BLOCKS.iter().find(|block| block.eq_ignore_ascii_case(name)));
            match block {
                Some(block) if closes && self.blocks_open.get(block).is_some_and(|count| *count > 0) => {
                    while let Some(closed) = self.blocks.pop() {
                        self.blocks_closing -= closed.len() + TAG;
                        *self.blocks_open.entry(closed).or_default() -= 1;
                        if closed == *block {
                            break;
                        }
                    }
                }
                Some(block) if !closes => {
                    self.blocks.push(block);
                    self.blocks_closing += block.len() + TAG;
                    *self.blocks_open.entry(block).or_default() += 1;
                }
                _ => {}
            }
            rest = name.get(end..).unwrap_or_default();
        }
    }

    /// Length of [`closing`](Self::closing).
    fn closing_len(&self) -> usize {
        let fence = self.fence.map_or(0, |fence| fence.len() + 1);
        fence + self.blocks_closing + usize::from(!self.blocks.is_empty())
    }

    /// What closes everything that is open.
    fn closing(&self) -> String {
        let mut closing = String::new();
        if let Some(fence) = self.fence {
            closing.push_str(fence);
            closing.push('\n');
        }
        if !self.blocks.is_empty() {
            // Inside HTML, Markdown ends only at an empty line.
            closing.push('\n');
            for block in self.blocks.iter().rev() {
                closing.push_str("</");
                closing.push_str(block);
                closing.push_str(">\n");
            }
        }
        closing
    }
}

/// Three or more backticks or tildes that `line` begins with.
fn fence_marker(line: &str) -> Option<&str> {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.len() - line.trim_start_matches(mark).len();
    if length >= 3 { line.get(..length) } else { None }
}

/// The text after the code span that `text` begins with, or after its backticks when it is none.
fn after_code_span(text: &str) -> &str {
    let after = text.trim_start_matches('`');
    let ticks = text.len() - after.len();
    let mut rest = after;
    while let Some(at) = rest.find('`') {
        let run = rest.get(at..).unwrap_or_default();
        rest = run.trim_start_matches('`');
        if run.len() - rest.len() == ticks {
            return rest;
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(rows: usize) -> String {
        let mut text = String::from("# Size\n\n| name | bytes |\n| --- | ---: |\n");
        for row in 0..rows {
            text.push_str(&format!("| symbol {row} | {row} |\n"));
        }
        text
    }

    #[test]
    fn what_fits_stays() {
        let text = table(3);
        assert!(matches!(fit_summary(&text, text.len()), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn a_table_is_cut_at_a_row_and_the_rest_is_counted() {
        let text = table(100);
        let cut = fit_summary(&text, 400).into_owned();
        assert!(cut.len() <= 400);
        let rows = cut.lines().filter(|line| line.starts_with("| symbol")).count();
        assert!(rows > 5 && cut.lines().filter(|line| line.starts_with('|')).all(|line| line.ends_with('|')));
        assert!(cut.ends_with(&format!(
            "|\n\n_{} lines were left out to stay within the size limit of summaries._\n",
            100 - rows
        )));
    }

    #[test]
    fn a_header_row_never_stands_alone() {
        let text = table(100);
        let header = text.find("| ---").unwrap();
        for limit in header..header + 140 {
            let cut = fit_summary(&text, limit);
            assert_eq!(cut.contains("| name |"), cut.contains("| ---"), "{cut}");
        }
    }

    #[test]
    fn what_is_open_is_closed() {
        let text = format!(
            "<details open><summary>`<pre>` and <b>x</b></summary>\n\n~~~~ text\n{}~~~~\n</details>\n",
            "line\n".repeat(100)
        );
        let cut = fit_summary(&text, 300).into_owned();
        assert!(cut.len() <= 300);
        assert!(cut.contains("line\n~~~~\n\n</details>\n\n_"), "{cut}");
        assert!(!cut.contains("</pre>"), "a tag in a code span is text: {cut}");
    }

    #[test]
    fn tags_inside_a_fence_are_text() {
        let text = format!("```\n<details>\n```\n{}", "x\n".repeat(200));
        assert!(!fit_summary(&text, 200).contains("</details>"));
    }

    #[test]
    fn one_huge_line_leaves_the_note() {
        assert_eq!(
            fit_summary(&"x".repeat(1000), 100),
            "\n_1 line was left out to stay within the size limit of summaries._\n"
        );
        assert_eq!(fit_summary(&"x".repeat(1000), 10), "");
    }

    proptest! {
        #[test]
        fn never_longer_and_always_closed(
            lines in proptest::collection::vec("(<details>|</details>|```|~~~|\\| a \\||\\| - \\||`|<|ü|text){0,4}", 0..60),
            limit in 0usize..600,
        ) {
            let text = lines.join("\n");
            let cut = fit_summary(&text, limit);
            prop_assert!(cut.len() <= limit);
            if cut.len() < text.len() {
                let mut open = Open::default();
                for line in cut.split_inclusive('\n') {
                    open.read(line);
                }
                prop_assert!(open.fence.is_none() && open.blocks.is_empty(), "{}", cut);
            }
        }
    }
}
