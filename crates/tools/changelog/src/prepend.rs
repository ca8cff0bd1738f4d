//! New sections in a changelog that is there already.
//!
//! What somebody wrote stays as it is, byte for byte. A section that is there is not written again, so that a second run changes
//! nothing. A new release takes over what stood under *Unreleased*, as keepachangelog.com has it: the entries that it has itself
//! once, and those that were written by hand as they are.

use std::cmp::Ordering;

use lw_hashed::HashSet;
use lw_versions::{Scheme, Version};

/// A section to put into the changelog.
#[derive(Clone, Debug, Default)]
pub(crate) struct New {
    /// Tag and version; `None` for what is not released.
    pub(crate) release: Option<(String, Version)>,
    /// Heading and text, with LF.
    pub(crate) text: String,
    /// Entries that are ours as well, but are not told any more.
    pub(crate) gone: Vec<String>,
    /// Where the name of the release leads to; without one it gets no link at the foot.
    pub(crate) link: Option<String>,
}

/// What stands around the versions in headings and links.
#[derive(Clone, Debug)]
pub(crate) struct Names<'a> {
    /// What stands before the versions in the tags.
    pub(crate) prefix: &'a str,
    pub(crate) scheme: Scheme,
}

/// A changelog with new sections in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prepended {
    pub(crate) text: String,
    /// Releases that were there already.
    pub(crate) kept: Vec<String>,
    /// How many entries written by hand were taken over from *Unreleased*.
    pub(crate) moved: usize,
}

/// Puts sections, the newest first, into a changelog. `since` is where what comes after the newest release is compared with it, for
/// the link of *Unreleased*.
///
/// # Errors
/// The line of a block of code or a comment that never ends: whatever is put below it would be part of it.
pub(crate) fn prepend(
    old: &str,
    new: &[New],
    since: Option<&str>,
    names: &Names<'_>,
) -> Result<Prepended, usize> {
    let crlf = old.matches("\r\n").count() * 2 > old.matches('\n').count();
    let mut parts = Parts::read(old, names)?;
    let (mut kept, mut moved) = (Vec::new(), 0);
    let newest = new.iter().position(|section| section.release.is_some());
    // Entries that are ours, whatever becomes of them.
    let mut ours: HashSet<String> = HashSet::new();
    for section in new {
        ours.extend(blocks(&section.text).iter().map(Block::key));
        ours.extend(section.gone.iter().map(|text| text.trim_end().to_owned()));
    }
    // From the oldest, so that each finds those below it.
    for (index, section) in new.iter().enumerate().rev() {
        match &section.release {
            Some((tag, version)) => {
                if parts.sections.iter().any(|part| part.is(tag, version)) {
                    kept.push(tag.clone());
                    continue;
                }
                let place = parts.place_of(version);
                // Only the newest release has what was not released before.
                let open = parts.sections.iter().position(|part| part.name == Name::Unreleased);
                let is_newest = newest == Some(index) && open.map_or(place == 0, |open| place == open + 1);
                let mut text = section.text.clone();
                if let Some(part) = open.filter(|_| is_newest).and_then(|open| parts.sections.get_mut(open)) {
                    let taken = take_over(section, &part.text, &ours, true);
                    (text, moved) = (taken.text, moved + taken.by_hand);
                    match taken.left {
                        Some(left) => part.replace(&left, crlf),
                        None => part.empty(),
                    }
                }
                parts.insert(place, Name::Version(Some(tag.clone()), Some(version.clone())), &text, crlf);
                if let Some(link) = &section.link {
                    parts.link(&version.to_string(), link, crlf, names);
                    if let (Some(since), true) = (since, is_newest) {
                        parts.relink_unreleased(since);
                    }
                }
            }
            None => {
                match parts.sections.iter().position(|part| part.name == Name::Unreleased) {
                    Some(open) => {
                        let Some(part) = parts.sections.get_mut(open) else { continue };
                        let taken = take_over(section, &part.text, &ours, false);
                        moved += taken.by_hand;
                        part.replace(&taken.text, crlf);
                    }
                    None => parts.insert(0, Name::Unreleased, &section.text, crlf),
                }
                if let Some(link) = &section.link {
                    parts.link("Unreleased", link, crlf, names);
                    parts.relink_unreleased(link);
                }
            }
        }
    }
    kept.reverse();
    Ok(Prepended { text: parts.write(), kept, moved })
}

/// The section of a release in what a template wrote: from its heading on.
pub(crate) fn section(
    text: &str,
    release: Option<&(String, Version)>,
    prefix: &str,
    scheme: Scheme,
) -> Option<String> {
    let parts = Parts::read(text, &Names { prefix, scheme }).ok()?;
    let of_release = |part: &Part| match release {
        Some((tag, version)) => part.is(tag, version),
        None => part.name == Name::Unreleased,
    };
    let first = parts.sections.first().filter(|part| of_release(part))?;
    let is_one = parts.sections.len() == 1;
    is_one.then(|| format!("{}{}", first.text, parts.foot))
}

/// What a heading is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Unreleased,
    /// The tag or version as it is written, and as a version where it is one.
    Version(Option<String>, Option<Version>),
}

/// A heading with what stands below it.
#[derive(Clone, Debug)]
struct Part {
    name: Name,
    /// An anchor above the heading, as older programs write it.
    anchor: String,
    /// Everything from the heading on, with its line ends.
    text: String,
}

impl Part {
    fn is(&self, tag: &str, version: &Version) -> bool {
        match &self.name {
            Name::Unreleased => false,
            Name::Version(written, found) => {
                written.as_deref() == Some(tag)
                    // Build metadata is part of the name, though not of the order.
                    || found.as_ref().is_some_and(|found| found.to_string() == version.to_string())
            }
        }
    }

    /// Leaves the heading, with the blank lines below it.
    fn empty(&mut self) {
        let (heading, rest) = self.text.split_at(heading_length(&self.text));
        let blank: String =
            rest.split_inclusive('\n').take(1).filter(|line| line.trim().is_empty()).collect();
        self.text = format!("{heading}{blank}");
    }

    fn replace(&mut self, text: &str, crlf: bool) {
        let text = with_line_ends(text, crlf);
        // What stood between this and the next section stays.
        let body = self.text.trim_end_matches(['\n', '\r']).len();
        let mut gap: String = self.text.get(body..).unwrap_or_default().to_owned();
        if gap.is_empty() {
            gap.push_str(if crlf { "\r\n" } else { "\n" });
        }
        self.text = format!("{}{gap}", text.trim_end_matches(['\n', '\r']));
    }
}

/// A changelog, taken apart; together the parts are what was read.
struct Parts {
    /// What stands above the first section.
    head: String,
    sections: Vec<Part>,
    /// The definitions of links at the end.
    foot: String,
}

impl Parts {
    fn read(text: &str, names: &Names<'_>) -> Result<Self, usize> {
        let (body, foot) = text.split_at(foot(text));
        let mut parts = Self { head: String::new(), sections: Vec::new(), foot: foot.to_owned() };
        let lines: Vec<&str> = body.split_inclusive('\n').collect();
        let mut fence = Fence::default();
        let mut open = None;
        for (place, line) in lines.iter().enumerate() {
            let is_inside = fence.is_inside(line);
            open = if fence.is_open() { open.or(Some(place + 1)) } else { None };
            let name = (!is_inside).then(|| {
                let next = lines.get(place + 1).copied().unwrap_or_default();
                heading(line, next).and_then(|text| name_of(text, names))
            });
            if let Some(name) = name.flatten() {
                // An anchor right above belongs to the heading.
                let anchor = parts.anchor();
                parts.sections.push(Part { name, anchor, text: String::new() });
            }
            parts.last().push_str(line);
        }
        open.map_or(Ok(parts), Err)
    }

    fn last(&mut self) -> &mut String {
        self.sections.last_mut().map_or(&mut self.head, |part| &mut part.text)
    }

    /// Takes an anchor off the end.
    fn anchor(&mut self) -> String {
        let last = self.last();
        let start = last.trim_end_matches(['\n', '\r']).rfind('\n').map_or(0, |at| at + 1);
        let line = last.get(start..).unwrap_or_default().trim_start();
        if (line.starts_with("<a name=") || line.starts_with("<a id=")) && line.trim_end().ends_with("</a>") {
            last.split_off(start)
        } else {
            String::new()
        }
    }

    /// Where a version belongs: above the first one that is lower.
    fn place_of(&self, version: &Version) -> usize {
        let is_lower = |part: &Part| match &part.name {
            Name::Version(_, Some(other)) => other.precedence(version) == Ordering::Less,
            _ => false,
        };
        let lower = self.sections.iter().position(is_lower);
        lower.unwrap_or_else(|| {
            // Nothing is lower: below all that are versions at all.
            let is_higher = |part: &Part| matches!(&part.name, Name::Version(_, Some(_)) | Name::Unreleased);
            self.sections.iter().rposition(is_higher).map_or(0, |last| last + 1)
        })
    }

    fn insert(&mut self, place: usize, name: Name, text: &str, crlf: bool) {
        let end = if crlf { "\r\n" } else { "\n" };
        let text = with_line_ends(text, crlf);
        let is_last = place >= self.sections.len() && self.foot.is_empty();
        let gap = if is_last { "" } else { end };
        let before = match place.checked_sub(1).and_then(|above| self.sections.get_mut(above)) {
            Some(above) => &mut above.text,
            None => &mut self.head,
        };
        if !before.is_empty() && before != "\u{feff}" {
            if !before.ends_with('\n') {
                before.push_str(end);
            }
            if !before.ends_with("\n\n") && !before.ends_with("\n\r\n") {
                before.push_str(end);
            }
        }
        let text = format!("{}{end}{gap}", text.trim_end_matches(['\n', '\r']));
        let part = Part { name, anchor: String::new(), text };
        self.sections.insert(place.min(self.sections.len()), part);
    }

    /// Adds the definition of a link, unless it is there.
    fn link(&mut self, name: &str, target: &str, crlf: bool, names: &Names<'_>) {
        let label = |line: &str| definition(line).map(|(label, _)| label.to_owned());
        let mut lines: Vec<String> = self.foot.split_inclusive('\n').map(str::to_owned).collect();
        if lines.iter().filter_map(|line| label(line)).any(|label| label.eq_ignore_ascii_case(name)) {
            return;
        }
        let end = if crlf { "\r\n" } else { "\n" };
        let new = format!("[{name}]: {target}{end}");
        let order = |label: &str| match name_of(label, names) {
            Some(Name::Version(_, Some(version))) => Some(version),
            _ => None,
        };
        let version = order(name);
        let is_lower = |line: &String| match (&version, label(line).and_then(|label| order(&label))) {
            (Some(version), Some(other)) => other.precedence(version) == Ordering::Less,
            // What is not released comes first.
            (None, other) => other.is_some(),
            _ => false,
        };
        let place = lines.iter().position(is_lower).unwrap_or(lines.len());
        if lines.is_empty() {
            let last = self.last();
            if !last.ends_with("\n\n") && !last.ends_with("\n\r\n") {
                last.push_str(end);
            }
        }
        if let Some(above) = place.checked_sub(1).and_then(|above| lines.get_mut(above))
            && !above.ends_with('\n')
        {
            above.push_str(end);
        }
        lines.insert(place, new);
        self.foot = lines.concat();
    }

    /// Lets the link of *Unreleased* begin at the newest release, where there is one.
    fn relink_unreleased(&mut self, target: &str) {
        let lines = self.foot.split_inclusive('\n').map(|line| match definition(line) {
            Some((label, old)) if label.eq_ignore_ascii_case("unreleased") => line.replacen(old, target, 1),
            _ => line.to_owned(),
        });
        self.foot = lines.collect();
    }

    fn write(self) -> String {
        let mut text = self.head;
        for part in self.sections {
            text.push_str(&part.anchor);
            text.push_str(&part.text);
        }
        text.push_str(&self.foot);
        text
    }
}

fn with_line_ends(text: &str, crlf: bool) -> String {
    if crlf { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text.to_owned() }
}

/// Whether lines are in a block of code or a comment, where nothing is a heading.
#[derive(Default)]
struct Fence {
    code: Option<(char, usize)>,
    comment: bool,
}

impl Fence {
    fn is_open(&self) -> bool {
        self.comment || self.code.is_some()
    }

    /// Whether this line is inside, or the one that begins or ends it.
    fn is_inside(&mut self, line: &str) -> bool {
        if self.comment {
            self.comment = !line.contains("-->");
            return true;
        }
        let text = line.trim_start_matches(' ');
        let run = |sign: char| text.chars().take_while(|next| *next == sign).count();
        match self.code {
            Some((sign, length)) => {
                if run(sign) >= length && text.trim_start_matches(sign).trim().is_empty() {
                    self.code = None;
                }
                true
            }
            None => {
                let sign = text.chars().next().filter(|sign| matches!(sign, '`' | '~'));
                if let Some(sign) = sign.filter(|sign| run(*sign) >= 3)
                    && !(sign == '`' && text.trim_start_matches('`').contains('`'))
                {
                    self.code = Some((sign, run(sign)));
                    return true;
                }
                let begins = text.starts_with("<!--") && !text.contains("-->");
                self.comment = begins;
                begins
            }
        }
    }
}

/// The text of a heading of the first or second level.
fn heading<'a>(line: &'a str, next: &str) -> Option<&'a str> {
    let line = line.trim_start_matches('\u{feff}').trim_end();
    let sharp = line.strip_prefix("## ").or_else(|| line.strip_prefix("# "));
    sharp.map(str::trim).or_else(|| is_rule(next).then_some(line))
}

/// Whether a line makes the one above a heading.
fn is_rule(line: &str) -> bool {
    let line = line.trim_end();
    ['-', '='].iter().any(|sign| line.len() > 1 && line.chars().all(|found| found == *sign))
}

/// How many bytes the heading of a section has.
fn heading_length(section: &str) -> usize {
    let mut lines = section.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    let is_sharp = first.trim_start_matches('\u{feff}').starts_with('#');
    first.len() + lines.next().filter(|next| !is_sharp && is_rule(next)).map_or(0, str::len)
}

/// What a heading is about: its first word, without what makes it a link.
fn name_of(text: &str, names: &Names<'_>) -> Option<Name> {
    let text = text
        .trim_start_matches(|next: char| next == '[' || next == '<' || next == '*' || next.is_whitespace());
    // `<a name="1.2.3"></a>1.2.3`, as older programs write it.
    let text = text.split_once("</a>").map_or(text, |(_, rest)| rest.trim_start_matches('['));
    let word: String = text
        .chars()
        .take_while(|next| !next.is_whitespace() && !matches!(next, ']' | '(' | ':' | ',' | '*'))
        .filter(|next| !matches!(next, '\\' | '\u{200b}'))
        .collect();
    if word.eq_ignore_ascii_case("unreleased") {
        return Some(Name::Unreleased);
    }
    let bare = word.strip_prefix(names.prefix).filter(|_| !names.prefix.is_empty()).unwrap_or(&word);
    let bare = bare.strip_prefix(['v', 'V']).unwrap_or(bare);
    let version = Version::parse(bare, names.scheme).ok();
    // Not of the scheme, but somebody's version all the same.
    let number = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    let is_like = number(bare) && bare.split_once('.').is_some_and(|(_, rest)| number(rest));
    (version.is_some() || is_like).then_some(Name::Version(Some(word), version))
}

/// Where the definitions of links at the end of a text begin.
fn foot(text: &str) -> usize {
    let mut start = text.len();
    for line in text.split_inclusive('\n').rev() {
        let is_blank = line.trim().is_empty();
        if definition(line).is_none() && !is_blank {
            break;
        }
        start -= line.len();
    }
    // Blank lines before the first one belong to what stands above.
    for line in text.get(start..).unwrap_or_default().split_inclusive('\n') {
        if definition(line).is_some() {
            return start;
        }
        start += line.len();
    }
    text.len()
}

/// Label and target of `[label]: target`.
fn definition(line: &str) -> Option<(&str, &str)> {
    let (label, target) = line.strip_prefix('[')?.split_once("]: ")?;
    let target = target.trim();
    (!label.contains(['[', ']']) && !target.is_empty()).then_some((label, target))
}

/// The text of a release with what it takes over.
struct Taken {
    text: String,
    /// What stays where it was: entries that name a commit which the release does not have.
    left: Option<String>,
    /// How many entries were written by hand.
    by_hand: usize,
}

/// An entry, or a paragraph; with its heading of the third level.
#[derive(Clone, Debug)]
struct Block<'a> {
    group: Option<&'a str>,
    text: &'a str,
}

impl Block<'_> {
    /// As it is compared: without line ends, and without the space at the end of lines.
    fn key(&self) -> String {
        self.text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    /// The commit or pull request an entry names at its end.
    fn reference(&self) -> Option<&str> {
        let text = self.text.trim_end().strip_suffix(')')?;
        let inside = text.get(text.rfind(" (")? + 2..)?;
        let label =
            inside.strip_prefix('[').map_or(inside, |rest| rest.split(']').next().unwrap_or_default());
        let label = label.split(' ').next().unwrap_or_default();
        let is_pull = label.strip_prefix('#').is_some_and(|rest| !rest.is_empty() && all_digits(rest));
        let is_commit = label.len() >= 7 && label.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_pull || is_commit).then_some(label)
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The entries of *Unreleased* that are not ours, under the headings of the new section, which loses those that somebody wrote better.
/// With `leaves` those stay behind that name the commit of a later release.
fn take_over(new: &New, open: &str, ours: &HashSet<String>, leaves: bool) -> Taken {
    let told = blocks(&new.text);
    let gone: Vec<Block<'_>> = new.gone.iter().map(|text| Block { group: None, text }).collect();
    let known: HashSet<&str> = told.iter().chain(&gone).filter_map(Block::reference).collect();
    let is_later = |block: &Block<'_>| {
        let commit = block.reference().filter(|reference| !reference.starts_with('#'));
        leaves && commit.is_some_and(|commit| !known.contains(commit))
    };
    let not_told: Vec<Block<'_>> =
        blocks(open).into_iter().filter(|block| !ours.contains(&block.key())).collect();
    let (later, by_hand): (Vec<_>, Vec<_>) = not_told.into_iter().partition(is_later);
    let left = (!later.is_empty()).then(|| arranged(open, &[], &later));
    let text = if by_hand.is_empty() { new.text.clone() } else { arranged(&new.text, &told, &by_hand) };
    Taken { text, left, by_hand: by_hand.len() }
}

/// The heading of a section, and below it entries of ours and others, under their headings.
fn arranged(section: &str, ours: &[Block<'_>], by_hand: &[Block<'_>]) -> String {
    let named: HashSet<&str> = by_hand.iter().filter_map(Block::reference).collect();
    let heading = section.get(..heading_length(section)).unwrap_or_default().trim_end();
    let mut text = format!("{heading}\n");
    let mut groups: Vec<Option<&str>> = vec![None];
    for block in ours.iter().chain(by_hand) {
        if !groups.contains(&block.group) {
            groups.push(block.group);
        }
    }
    for group in groups {
        let of_ours = ours.iter().filter(|block| {
            block.group == group && !block.reference().is_some_and(|reference| named.contains(reference))
        });
        let all: Vec<&Block<'_>> =
            of_ours.chain(by_hand.iter().filter(|block| block.group == group)).collect();
        if all.is_empty() {
            continue;
        }
        if let Some(group) = group {
            text.push_str("\n### ");
            text.push_str(group);
            text.push('\n');
        }
        let mut was_item = false;
        for block in all {
            let is_item = is_item(block.text);
            if !(was_item && is_item) {
                text.push('\n');
            }
            was_item = is_item;
            text.push_str(block.text.trim_end_matches(['\n', '\r']));
            text.push('\n');
        }
    }
    text
}

fn is_item(line: &str) -> bool {
    line.starts_with("- ") || line.starts_with("* ") || line.starts_with("+ ")
}

/// What stands below the heading of a section: items of lists with what is indented below them, and paragraphs.
fn blocks(section: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut group = None;
    let mut at = heading_length(section);
    let (mut start, mut end) = (at, at);
    let mut fence = Fence::default();
    let mut after_blank = true;
    let close = |start: usize, end: usize, group, blocks: &mut Vec<_>| {
        let text = section.get(start..end).map(|text| text.trim_start_matches(['\r', '\n']));
        if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
            blocks.push(Block { group, text });
        }
    };
    for line in section.get(at..).unwrap_or_default().split_inclusive('\n') {
        let is_inside = fence.is_inside(line);
        let is_blank = line.trim().is_empty() && !is_inside;
        let is_indented = line.starts_with([' ', '\t']);
        let of_item = section.get(start..end).is_some_and(is_item);
        let title = line.strip_prefix("### ").filter(|_| !is_inside);
        let begins = !is_inside && (is_item(line) || (after_blank && !is_blank && !(is_indented && of_item)));
        if title.is_some() || begins {
            close(start, end, group, &mut blocks);
            start = at;
            end = at;
        }
        at += line.len();
        match title {
            Some(title) => {
                group = Some(title.trim());
                start = at;
                end = at;
                after_blank = true;
            }
            None if !is_blank => {
                end = at;
                after_blank = false;
            }
            None => after_blank = true,
        }
    }
    close(start, end, group, &mut blocks);
    blocks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAMES: Names<'_> = Names { prefix: "v", scheme: Scheme::Semver };

    fn release(version: &str, text: &str) -> New {
        let parsed = Version::parse(version, Scheme::Semver).unwrap();
        let link = Some(format!("https://x.example/compare/{version}"));
        let text = format!("## [{version}] - 2026-01-02\n\n{text}");
        New { release: Some((format!("v{version}"), parsed)), text, gone: Vec::new(), link }
    }

    fn put(old: &str, new: &[New]) -> String {
        let once = prepend(old, new, Some("https://x.example/since"), &NAMES).unwrap();
        let twice = prepend(&once.text, new, Some("https://x.example/since"), &NAMES).unwrap();
        assert_eq!(twice.text, once.text, "a second run changed something");
        once.text
    }

    const KEEP: &str = "# Changelog\n\nBy hand.  \n\n## [Unreleased]\n\n### Added\n\n- by hand,\n  over two lines\n- told ([abcdef12](https://x.example/commit/abcdef12))\n\n### Security\n\n* careful\n\n## [1.0.0] - 2025-01-01\n\n### Added\n\n- `x`   \n\n[Unreleased]: https://x.example/compare/v1.0.0...HEAD\n[1.0.0]: https://x.example/releases/tag/v1.0.0\n";

    #[test]
    fn a_release_takes_over_what_was_unreleased() {
        let new = release(
            "1.1.0",
            "### Added\n\n- told ([abcdef12](https://x.example/commit/abcdef12))\n- other ([abcdef34](https://x.example/commit/abcdef34))\n",
        );
        let expected = "# Changelog\n\nBy hand.  \n\n## [Unreleased]\n\n## [1.1.0] - 2026-01-02\n\n### Added\n\n- told ([abcdef12](https://x.example/commit/abcdef12))\n- other ([abcdef34](https://x.example/commit/abcdef34))\n- by hand,\n  over two lines\n\n### Security\n\n* careful\n\n## [1.0.0] - 2025-01-01\n\n### Added\n\n- `x`   \n\n[Unreleased]: https://x.example/since\n[1.1.0]: https://x.example/compare/1.1.0\n[1.0.0]: https://x.example/releases/tag/v1.0.0\n";
        assert_eq!(put(KEEP, std::slice::from_ref(&new)), expected);
        assert_eq!(put(&KEEP.replace('\n', "\r\n"), &[new]), expected.replace('\n', "\r\n"));
    }

    #[test]
    fn words_of_somebody_replace_ours_and_what_was_taken_back_goes() {
        let old = "## [Unreleased]\n\n### Added\n\n- better words (#12)\n- gone (#13)\n\n## 1.0.0\n";
        let mut new = release("1.1.0", "### Added\n\n- our words (#12)\n\n### Fixed\n\n- it (#14)\n");
        new.gone = vec!["- gone (#13)\n".into()];
        new.link = None;
        assert_eq!(
            put(old, &[new]),
            "## [Unreleased]\n\n## [1.1.0] - 2026-01-02\n\n### Added\n\n- better words (#12)\n\n### Fixed\n\n- it (#14)\n\n## 1.0.0\n"
        );
    }

    #[test]
    fn what_was_committed_later_stays_unreleased() {
        let old = "## [Unreleased]\n\n### Fixed\n\n- later ([abcdef99](x))\n- told (abcdef12)\n- by hand (#99)\n\n## [1.0.0]\n";
        let new = New { link: None, ..release("1.1.0", "### Fixed\n\n- told (abcdef12)\n") };
        assert_eq!(
            put(old, &[new]),
            "## [Unreleased]\n\n### Fixed\n\n- later ([abcdef99](x))\n\n## [1.1.0] - 2026-01-02\n\n### Fixed\n\n- told (abcdef12)\n- by hand (#99)\n\n## [1.0.0]\n"
        );
    }

    #[test]
    fn what_is_not_released_is_written_anew() {
        let text = |text: &str| New { text: format!("## [Unreleased]\n\n{text}"), ..New::default() };
        let first = put(KEEP, &[text("### Fixed\n\n- one (#1)\n")]);
        assert!(first.contains("### Fixed\n\n- one (#1)\n\n### Added\n\n- by hand,"), "{first}");
        let mut later = text("### Fixed\n\n- two (#2)\n");
        later.gone = vec!["- one (#1)\n".into()];
        let second = put(&first, &[later]);
        assert!(second.contains("- two (#2)") && !second.contains("- one (#1)"), "{second}");
        assert!(second.contains("- by hand,\n  over two lines") && second.contains("* careful"), "{second}");
        assert_eq!(put("", &[text("- a\n")]), "## [Unreleased]\n\n- a\n");
    }

    #[test]
    fn sections_stand_where_their_version_does() {
        let old = "# Changelog\n\n<a name=\"2.0.0\"></a>\n## [2.0.0](https://x.example) (2025-02-02)\n\n* b\n\n## v1.0.0\n\n```\n## [1.0.5]\n```\n\nOld\n---\n";
        let new = |version| New { link: None, ..release(version, "- n\n") };
        let text = put(old, &[new("3.0.0"), new("1.0.5"), new("0.9.0")]);
        let order: Vec<usize> =
            ["[3.0.0]", "<a name", "[2.0.0]", "[1.0.5] -", "v1.0.0", "```", "Old\n---", "[0.9.0]"]
                .iter()
                .map(|part| text.find(part).unwrap())
                .collect();
        assert!(order.is_sorted(), "{order:?} {text}");
        assert!(text.contains("- n\n\n<a name"), "{text}");
        // What is there stays, however it is written.
        for heading in [
            "## 3.0.0",
            "# v3.0.0 (2020-01-01)",
            "## [3.0.0]: words",
            "3.0.0 / 2020\n============",
            "## **3.0.0**",
        ] {
            let old = format!("# Changelog\n\n{heading}\n\nby hand");
            let kept = prepend(&old, &[new("3.0.0")], None, &NAMES).unwrap();
            assert_eq!((kept.text, kept.kept), (old, vec!["v3.0.0".to_owned()]), "{heading}");
        }
    }

    #[test]
    fn an_odd_file_stays_as_it_is() {
        let new = || [release("1.0.0", "- n\n")];
        for old in [
            "",
            "\u{feff}",
            "no newline",
            "\u{feff}# Changelog\r\n",
            "<!--\n## [1.0.0]\n-->\n",
            "## [Unreleased]",
        ] {
            let text = put(old, &new());
            let kept: String = text.replace("\r\n", "\n");
            assert!(kept.contains(old.trim_end_matches(['\r', '\n'])), "{old:?} {text:?}");
            assert_eq!(kept.matches("\n- n\n").count(), 1, "{text:?}");
        }
    }

    #[test]
    fn what_never_ends_is_named_with_its_line() {
        for (text, line) in [("a\n```\n# x\n", 2), ("```\nx\n```\n<!-- x\n", 4), ("## 1.0.0\n~~~\n```\n", 2)]
        {
            assert_eq!(prepend(text, &[], None, &NAMES), Err(line), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_by_hand_is_lost_and_nothing_is_twice(
            lines in proptest::collection::vec(
                "(- |\\* |## |### |  |```|<!--|-->|\\[1\\.0\\.0\\]: |## \\[?[0-3]\\.0\\.0\\]?|## \\[Unreleased\\]|)[ab(#1)]{0,5}",
                0..30,
            ),
            crlf in any::<bool>(),
        ) {
            let end = if crlf { "\r\n" } else { "\n" };
            let old: String = lines.iter().flat_map(|line| [line.as_str(), end]).collect();
            let new = [release("2.0.0", "### Added\n\n- n (#7)\n"), release("1.0.0", "- m\n")];
            let Ok(once) = prepend(&old, &new, Some("https://x.example/since"), &NAMES) else { return Ok(()) };
            let twice = prepend(&once.text, &new, Some("https://x.example/since"), &NAMES).unwrap();
            prop_assert_eq!(&twice.text, &once.text);
            prop_assert_eq!(twice.moved, 0);
            // Each line that says something is there as often as before, at least.
            let count = |text: &str, line: &str| text.lines().filter(|other| *other == line).count();
            for line in old.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("### ")) {
                prop_assert!(count(&once.text, line) >= count(&old, line), "{:?} in {:?} of {:?}", line, once.text, old);
            }
        }
    }
}
