//! A whole message.

use crate::header::{self, Header};
use crate::near::{Near, NearMiss};

/// Where the specification leaves a choice, or projects read it in another way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Whether `BREAKING CHANGE #12` is a breaking change, which clause 12 denies and most programs grant.
    pub hash_is_breaking: bool,
}

/// What a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A conventional message.
    Conventional(Header),
    /// What `git revert` writes: `Revert "…"`, and `Reapply "…"` for a revert that is reverted.
    Revert {
        /// Title of what is reverted.
        title: String,
        /// Whether it is `Reapply`.
        is_reapply: bool,
    },
    /// What git, GitHub, GitLab and Bitbucket write for a merge.
    Merge {
        /// Number of the pull or merge request.
        pull: Option<u64>,
        /// The message below it, which holds the title of the pull request.
        title: Option<Box<Message>>,
    },
    /// A commit that was to be squashed.
    Fixup,
    /// Nothing but white space.
    Empty,
    /// Anything else.
    Other,
}

/// A line at the end of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footer {
    /// Its token, as it is written.
    pub token: String,
    /// Whether ` #` stands between, instead of `: `.
    pub has_hash: bool,
    /// Its value, over any number of lines.
    pub value: String,
}

impl Footer {
    fn is_breaking(&self) -> bool {
        matches!(self.token.as_str(), "BREAKING CHANGE" | "BREAKING-CHANGE")
    }
}

/// A message, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its first line.
    pub subject: String,
    /// What it is.
    pub kind: Kind,
    /// What stands between the first line and the footers.
    pub body: Option<String>,
    /// The footers, in order.
    pub footers: Vec<Footer>,
    /// What it breaks, if it does: the footers' texts, else the description behind a `!`.
    pub breaking: Option<String>,
    /// Full or short ids of the commits it reverts.
    pub reverts: Vec<String>,
    /// What it nearly is.
    pub near: Vec<NearMiss>,
}

impl Message {
    /// Takes a message apart. Lines may end in CR LF.
    #[must_use]
    pub fn parse(text: &str, rules: Rules) -> Self {
        Self::at_depth(text, rules, 0)
    }

    /// `depth` is 1 for the message below the line of a merge, which is no merge of its own.
    fn at_depth(text: &str, rules: Rules, depth: usize) -> Self {
        let mut lines: Vec<&str> = Vec::with_capacity(1 + text.bytes().filter(|byte| *byte == b'\n').count());
        lines.extend(text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)));
        let first = lines.iter().position(|line| !line.trim().is_empty());
        let subject = first.and_then(|first| lines.get(first)).copied().unwrap_or_default();
        let rest = first.and_then(|first| lines.get(first + 1..)).unwrap_or_default();
        let start = first.unwrap_or(0) + 2;
        let mut near = Vec::new();
        let kind = kind(subject, rest, rules, depth, &mut near, first.unwrap_or(0) + 1);
        let mut parts = Parts::read(rest, start, rules);
        near.append(&mut parts.near);
        if matches!(kind, Kind::Merge { .. }) {
            // All of it is in the message below the line.
            parts = Parts::default();
        }
        let is_conventional = matches!(kind, Kind::Conventional(_));
        if !is_conventional {
            near.retain(|miss| miss.near != Near::NoBlankLine);
        }
        let breaking = match &kind {
            Kind::Conventional(header) if parts.breaking.is_none() && header.bang => {
                Some(header.pull().0.to_owned())
            }
            // Of a merge the message below it decides, and what is no conventional message says nothing of versions.
            Kind::Conventional(_) => parts.breaking.take(),
            _ => None,
        };
        let mut reverts = reverted(rest);
        if let Kind::Conventional(header) = &kind
            && header.kind == "revert"
        {
            let of_footers = parts.footers.iter().filter(|footer| footer.token.eq_ignore_ascii_case("refs"));
            reverts.extend(of_footers.flat_map(|footer| ids(&footer.value)));
        } else if !matches!(kind, Kind::Revert { .. }) {
            // Somebody may quote the sentence.
            reverts.retain(|_| is_conventional);
        }
        reverts.dedup();
        let mut message = Self {
            subject: subject.trim_end().to_owned(),
            kind,
            body: parts.body,
            footers: parts.footers,
            breaking,
            reverts,
            near,
        };
        if is_conventional && message.breaking.is_none() {
            let hidden = message.squashed(rules).into_iter().find(|item| item.breaking.is_some());
            if let Some(item) = hidden {
                let at = rest.iter().position(|line| line.contains(&item.subject)).unwrap_or(0);
                message.near.push(NearMiss { line: start + at, near: Near::SquashedBreaking });
            }
        }
        message
    }

    /// Drops the body, and the first line where the header says the same and nothing is nearly something else.
    pub fn forget_body(&mut self) {
        self.body = None;
        if self.near.is_empty() && self.header().is_some() {
            self.subject = String::new();
        }
        if let Kind::Merge { title: Some(title), .. } = &mut self.kind {
            title.forget_body();
        }
    }

    /// Drops what nobody needs who only tells what changed: all texts but the header, what breaks, and footers with one of these
    /// tokens, in whatever case. What is nearly something else keeps its first line.
    pub fn keep_told(&mut self, footers: &[&str]) {
        self.forget_body();
        if self.near.is_empty() {
            self.subject = String::new();
        }
        self.footers.retain(|footer| footers.iter().any(|token| footer.token.eq_ignore_ascii_case(token)));
        self.footers.shrink_to_fit();
        if let Kind::Merge { title, .. } = &mut self.kind {
            *title = title.take().filter(|title| title.header().is_some() || !title.near.is_empty());
            if let Some(title) = title {
                title.keep_told(footers);
            }
        }
    }

    /// The header of a conventional message.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        match &self.kind {
            Kind::Conventional(header) => Some(header),
            _ => None,
        }
    }

    /// The messages of the commits that were squashed into this one, where the body lists them as GitHub does: each after `* `,
    /// with its own body below. Those that are no conventional messages are left out.
    #[must_use]
    pub fn squashed(&self, rules: Rules) -> Vec<Self> {
        let mut items: Vec<String> = Vec::new();
        for line in self.body.as_deref().unwrap_or_default().lines() {
            let item = line.strip_prefix("* ").filter(|item| header::parse(item).is_some());
            match (item, items.last_mut()) {
                (Some(item), _) => items.push(item.to_owned()),
                (None, Some(_)) if is_rule(line) => break,
                (None, Some(last)) => {
                    last.push('\n');
                    last.push_str(line);
                }
                (None, None) => {}
            }
        }
        items.iter().map(|item| Self::plain(item, rules)).collect()
    }

    /// A message that is not looked into for lists.
    fn plain(text: &str, rules: Rules) -> Self {
        let (subject, rest) = text.split_once('\n').unwrap_or((text, ""));
        let rest: Vec<&str> = rest.lines().collect();
        let mut near = Vec::new();
        let kind = kind(subject, &rest, rules, 1, &mut near, 1);
        let parts = Parts::read(&rest, 2, rules);
        let breaking = match &kind {
            Kind::Conventional(header) => {
                parts.breaking.or_else(|| header.bang.then(|| header.pull().0.to_owned()))
            }
            _ => None,
        };
        let subject = subject.to_owned();
        Self { subject, kind, body: parts.body, footers: parts.footers, breaking, reverts: Vec::new(), near }
    }
}

/// What the first line makes of a message.
fn kind(
    subject: &str,
    rest: &[&str],
    rules: Rules,
    depth: usize,
    near: &mut Vec<NearMiss>,
    line: usize,
) -> Kind {
    if subject.is_empty() {
        return Kind::Empty;
    }
    let lower = subject.trim_start();
    if ["fixup! ", "squash! ", "amend! "].iter().any(|start| lower.starts_with(start)) {
        near.push(NearMiss { line, near: Near::Fixup });
        return Kind::Fixup;
    }
    for (start, is_reapply) in [("Revert \"", false), ("Reapply \"", true)] {
        if let Some(title) = subject.strip_prefix(start).and_then(|rest| rest.rsplit_once('"')) {
            return Kind::Revert { title: title.0.to_owned(), is_reapply };
        }
    }
    if let Some(header) = header::parse(subject) {
        if subject.split_once(": ").is_some_and(|(_, rest)| rest.starts_with(' ')) {
            near.push(NearMiss { line, near: Near::TwoSpaces });
        }
        if header.kind == "wip" {
            near.push(NearMiss { line, near: Near::Wip });
        }
        return Kind::Conventional(header);
    }
    if depth == 0
        && let Some(pull) = merge(subject)
    {
        let first = rest.iter().position(|line| !line.trim().is_empty());
        let below = first.and_then(|first| rest.get(first..)).unwrap_or_default();
        let pull = pull.or_else(|| {
            // GitLab names the request in the last line.
            let text = below.iter().rev().find_map(|line| line.trim().strip_prefix("See merge request "))?;
            text.rsplit_once('!')?.1.parse().ok()
        });
        let title = (!below.is_empty()).then(|| Box::new(Message::at_depth(&below.join("\n"), rules, 1)));
        return Kind::Merge { pull, title };
    }
    if let Some(found) = header::near(subject) {
        near.push(NearMiss { line, near: found });
    }
    Kind::Other
}

/// Whether a subject is that of a merge, and the number of the pull request it names.
fn merge(subject: &str) -> Option<Option<u64>> {
    let number = |text: &str| -> Option<u64> {
        let end = text.find(|next: char| !next.is_ascii_digit()).unwrap_or(text.len());
        text.get(..end)?.parse().ok()
    };
    if let Some(rest) = subject.strip_prefix("Merge pull request #") {
        return Some(number(rest));
    }
    if subject.starts_with("Merged in ") {
        return Some(subject.split_once("(pull request #").and_then(|(_, rest)| number(rest)));
    }
    ["Merge branch ", "Merge branches ", "Merge remote-tracking branch", "Merge tag ", "Merge commit "]
        .iter()
        .any(|start| subject.starts_with(start))
        .then_some(None)
}

/// A line of dashes, as it stands between the parts of a squashed message.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && line.bytes().all(|byte| byte == b'-')
}

/// Ids of commits in a text: words of 7 to 64 hexadecimal digits.
fn ids(text: &str) -> Vec<String> {
    text.split(|next: char| !next.is_ascii_alphanumeric())
        .filter(|word| (7..=64).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .map(str::to_ascii_lowercase)
        .collect()
}

/// The commits of the sentences that `git revert` writes; `This reverts commit A, reversing changes made to B.` is of the merge A.
fn reverted(lines: &[&str]) -> Vec<String> {
    lines
        .iter()
        .filter_map(|line| line.trim_start().strip_prefix("This reverts commit "))
        .filter_map(|rest| ids(rest.split([',', '.', ' ']).next().unwrap_or_default()).into_iter().next())
        .collect()
}

/// Body and footers.
#[derive(Default)]
struct Parts {
    body: Option<String>,
    footers: Vec<Footer>,
    breaking: Option<String>,
    near: Vec<NearMiss>,
}

impl Parts {
    /// Reads the lines below the first one, which is line `start` - 1 of the message.
    fn read(lines: &[&str], start: usize, rules: Rules) -> Self {
        let mut parts = Self::default();
        // The body ends where the footers begin.
        let mut body = lines;
        let mut open: Option<(Footer, usize)> = None;
        let mut in_footers = false;
        // Right below the description nothing begins.
        let mut after_blank = false;
        for (place, line) in lines.iter().enumerate() {
            let at = start + place;
            let is_blank = line.trim().is_empty();
            let token = footer(line).filter(|_| in_footers || after_blank);
            if place == 0 && !is_blank {
                parts.near.push(NearMiss { line: at, near: Near::NoBlankLine });
            }
            if let Some(token) = token {
                if !in_footers {
                    body = lines.get(..place).unwrap_or_default();
                }
                in_footers = true;
                parts.close(open.take(), rules);
                open = Some((token, at));
            } else {
                if let Some(near) = breaking_near(line) {
                    parts.near.push(NearMiss { line: at, near });
                }
                match &mut open {
                    Some(_) if is_rule(line) => parts.close(open.take(), rules),
                    Some((footer, _)) => {
                        footer.value.push('\n');
                        footer.value.push_str(line);
                    }
                    None => {}
                }
            }
            after_blank = is_blank;
        }
        parts.close(open, rules);
        let is_empty = |line: &&str| line.is_empty();
        let start = body.iter().take_while(|line| is_empty(line)).count();
        let body = body.get(start..).unwrap_or_default();
        let end = body.len() - body.iter().rev().take_while(|line| line.trim().is_empty()).count();
        let mut body = body.get(..end).unwrap_or_default().join("\n");
        body.truncate(body.trim_end().len());
        parts.body = (!body.is_empty()).then_some(body);
        parts
    }

    fn close(&mut self, footer: Option<(Footer, usize)>, rules: Rules) {
        let Some((mut footer, line)) = footer else { return };
        footer.value = footer.value.trim().to_owned();
        if footer.is_breaking() {
            if footer.value.is_empty() {
                self.near.push(NearMiss { line, near: Near::BreakingEmpty });
            } else if footer.has_hash && !rules.hash_is_breaking {
                self.near.push(NearMiss { line, near: Near::BreakingHash });
            } else {
                let text = if footer.has_hash { format!("#{}", footer.value) } else { footer.value.clone() };
                match &mut self.breaking {
                    Some(breaking) => {
                        breaking.push_str("\n\n");
                        breaking.push_str(&text);
                    }
                    None => self.breaking = Some(text),
                }
            }
        }
        self.footers.push(footer);
    }
}

/// The footer a line begins.
fn footer(line: &str) -> Option<Footer> {
    let end = match line.strip_prefix("BREAKING CHANGE") {
        Some(_) => "BREAKING CHANGE".len(),
        None => line.find(|next: char| !(next.is_ascii_alphanumeric() || next == '-'))?,
    };
    let (token, rest) = line.split_at_checked(end)?;
    if !token.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return None;
    }
    let (has_hash, value) = match (rest.strip_prefix(": "), rest.strip_prefix(" #")) {
        (Some(value), _) => (false, value),
        (None, Some(value)) => (true, value),
        (None, None) => return None,
    };
    Some(Footer { token: token.to_owned(), has_hash, value: value.to_owned() })
}

/// What a line that is no footer says of breaking changes.
fn breaking_near(line: &str) -> Option<Near> {
    let length = "BREAKING CHANGE".len();
    let is_one = |found: &[u8]| {
        found.eq_ignore_ascii_case(b"BREAKING CHANGE") || found.eq_ignore_ascii_case(b"BREAKING-CHANGE")
    };
    // Hardly a line has it: the first letter is looked at before the others.
    let mut windows = line.as_bytes().windows(length);
    let place = windows.position(|found| matches!(found.first(), Some(b'B' | b'b')) && is_one(found))?;
    let written = line.get(place..place + "BREAKING CHANGE".len()).unwrap_or_default();
    let is_upper = !written.bytes().any(|byte| byte.is_ascii_lowercase());
    let before = line.get(..place).unwrap_or_default().trim();
    let after = line.get(place + "BREAKING CHANGE".len()..).unwrap_or_default();
    let quoted = before.starts_with(['>', '`', '"', '\'']) || before.ends_with(['`', '"']);
    let plural = after.strip_prefix(['S', 's']).is_some_and(|rest| rest.starts_with(':'));
    let with_colon = after.strip_prefix(':');
    match (before, with_colon) {
        _ if quoted => is_upper.then_some(Near::BreakingQuoted),
        ("", _) if plural => Some(Near::BreakingPlural),
        ("", Some(rest)) if rest.trim().is_empty() => Some(Near::BreakingEmpty),
        ("", Some(_)) if !is_upper => Some(Near::BreakingLower),
        ("", Some(_)) => Some(Near::BreakingNoBlank),
        ("*" | "-" | "+" | "•", Some(_)) => Some(Near::BreakingList),
        _ => is_upper.then_some(Near::BreakingProse),
    }
}
