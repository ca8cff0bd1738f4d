//! The `MEMORY` block of a linker script: the regions of a firmware whose map does not list them.
//!
//! Grammar: "MEMORY Command" and "Expressions" in the manual of GNU ld. Symbols that the script assigns
//! before are known; what only the linker's command line or the C preprocessor knows is an error that
//! names it. `INCLUDE` is followed as far as the caller can read the file.

mod expression;
mod lexer;

use std::borrow::Cow;

use lw_hashed::HashMap;
use lw_model::Diagnose;

use crate::region::Region;

use expression::Evaluator;
use lexer::{Kind, Token, tokens};

/// Why the regions could not be read from a linker script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// There is no `MEMORY` block.
    #[error("the linker script has no MEMORY block")]
    NoMemory,
    /// The grammar is not followed.
    #[error("line {line}: expected {expected}, found {found}")]
    Syntax {
        /// Line, from 1.
        line: u32,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A symbol without a known value.
    #[error("line {line}: the value of `{name}` is not known from the script alone")]
    Unknown {
        /// Line, from 1.
        line: u32,
        /// The symbol or function.
        name: String,
    },
    /// Text where a number belongs.
    #[error("line {line}: `{text}` is not a number")]
    Number {
        /// Line, from 1.
        line: u32,
        /// The text.
        text: String,
    },
    /// A value that no address space holds, or a division by zero.
    #[error("line {line}: {what} is outside 0 to 2^64 - 1")]
    Range {
        /// Line, from 1.
        line: u32,
        /// What has the value.
        what: String,
    },
    /// Another file is needed.
    #[error("line {line}: the regions are in another file: INCLUDE {file}{why}")]
    Include {
        /// Line, from 1.
        line: u32,
        /// The file.
        file: String,
        /// Why it was not followed, after a semicolon; empty when there is no such file.
        why: String,
    },
    /// Something is wrong in a file that the script includes.
    #[error("in {file}, {error}")]
    Included {
        /// The file, as the script names it.
        file: String,
        /// What is wrong.
        error: Box<ScriptError>,
    },
    /// More parentheses than anybody writes.
    #[error("line {line}: the expression is nested too deeply")]
    Depth {
        /// Line, from 1.
        line: u32,
    },
}

impl ScriptError {
    fn line_mut(&mut self) -> Option<&mut u32> {
        match self {
            Self::NoMemory | Self::Included { .. } => None,
            Self::Syntax { line, .. }
            | Self::Unknown { line, .. }
            | Self::Number { line, .. }
            | Self::Range { line, .. }
            | Self::Include { line, .. }
            | Self::Depth { line } => Some(line),
        }
    }
}

impl Diagnose for ScriptError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::NoMemory => "Pass the script that has the MEMORY block (often memory.x or memory.ld), or name the regions.",
                Self::Include { .. } => {
                    "Put the included file beside the script, pass it instead, or name the regions as in FLASH=0x08000000+64K."
                }
                Self::Included { error, .. } => return error.hint(),
                Self::Unknown { .. } => {
                    "Pass the script after preprocessing, pass the linker's map, or name the regions as in FLASH=0x08000000+64K."
                }
                _ => "Write each region as NAME (rx) : ORIGIN = 0x08000000, LENGTH = 64K.",
            }
            .into(),
        )
    }
}

/// What a linker script says of the memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The regions of its `MEMORY` blocks, in their order.
    pub regions: Vec<Region>,
    /// The output sections of its `SECTIONS` blocks, in their order.
    pub sections: Vec<ScriptSection>,
}

/// An output section as a linker script describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptSection {
    /// Name.
    pub name: String,
    /// The region it runs in (`> RAM`), an index into [`Script::regions`].
    pub region: Option<usize>,
    /// The region its content is kept in (`AT> FLASH`), an index into [`Script::regions`].
    pub load_region: Option<usize>,
    /// Whether it takes memory and has content, where the script says so.
    pub kind: Option<ScriptKind>,
    /// Takes what is left of its region: its size is computed from the region's length.
    pub fills: bool,
}

/// The type of an output section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptKind {
    /// `(NOLOAD)`: takes memory, has no content.
    NoLoad,
    /// `(COPY)`, `(INFO)`, `(DSECT)`, `(OVERLAY)`: takes no memory.
    NoAlloc,
}

/// Reads a file that a script includes: `None` when there is none of that name, an error when it may not be read.
pub type Include<'a> = dyn FnMut(&str) -> Result<Option<String>, String> + 'a;

impl Script {
    /// Reads a script and what it includes.
    ///
    /// `include` reads a file; `outside` is the value of a symbol that the script does not assign, where something
    /// else tells it: `--defsym` leaves it in the ELF.
    ///
    /// # Errors
    /// When no `MEMORY` block is found, when the grammar is not followed, or when a value is not known.
    pub fn parse(
        text: &str,
        include: &mut Include<'_>,
        outside: &dyn Fn(&str) -> Option<u64>,
    ) -> Result<Self, ScriptError> {
        let mut sources = Sources { files: Vec::new(), refused: None };
        sources.gather(None, text.to_owned(), 0, include)?;
        let all = sources.tokens()?;
        read(&all, outside, sources.refused.as_deref()).map_err(|error| sources.locate(error))
    }
}

/// The regions of a linker script's `MEMORY` blocks, in their order.
///
/// # Errors
/// When there is no such block, when it does not follow the grammar, or when a value is not known.
pub fn memory_block(text: &str) -> Result<Vec<Region>, ScriptError> {
    Script::parse(text, &mut |_| Ok(None), &|_| None).map(|script| script.regions)
}

/// A script and the files it includes.
struct Sources {
    files: Vec<Source>,
    /// Why the first file that could not be included was not.
    refused: Option<String>,
}

struct Source {
    /// Name as the script has it; the script itself has none.
    name: Option<String>,
    text: String,
    /// The file each `INCLUDE` names, in their order, as far as it was found.
    includes: Vec<Option<usize>>,
    /// Lines of all files before this one, so that one number tells file and line.
    lines_before: u32,
}

impl Sources {
    /// A script that includes itself ends here.
    const MAX_DEPTH: usize = 8;
    /// More files than any project has scripts.
    const MAX_FILES: usize = 64;
    /// Words of all files together, each as often as it is included.
    const MAX_TOKENS: usize = 1 << 20;

    fn gather(
        &mut self,
        name: Option<String>,
        text: String,
        depth: usize,
        include: &mut Include<'_>,
    ) -> Result<usize, ScriptError> {
        let lines_before = self.files.last().map_or(0, |last| {
            last.lines_before.saturating_add(u32::try_from(last.text.lines().count() + 1).unwrap_or(u32::MAX))
        });
        let found = tokens(&text).map_err(|error| match &name {
            Some(file) => ScriptError::Included { file: file.clone(), error: Box::new(error) },
            None => error,
        })?;
        let names: Vec<(String, u32)> =
            included(&found).map(|(file, line)| (file.to_owned(), line)).collect();
        let number = self.files.len();
        self.files.push(Source { name, text, includes: Vec::new(), lines_before });
        let mut includes = Vec::with_capacity(names.len());
        for (file, line) in names {
            if depth >= Self::MAX_DEPTH || self.files.len() >= Self::MAX_FILES {
                return Err(ScriptError::Include {
                    line,
                    file,
                    why: "; too many files include one another".into(),
                });
            }
            let child = match include(&file) {
                Ok(Some(text)) => Some(self.gather(Some(file), text, depth + 1, include)?),
                Ok(None) => None,
                Err(why) => {
                    self.refused.get_or_insert(format!("; {why}"));
                    None
                }
            };
            includes.push(child);
        }
        if let Some(source) = self.files.get_mut(number) {
            source.includes = includes;
        }
        Ok(number)
    }

    /// The words of the script, with those of every included file in the place of its `INCLUDE`.
    fn tokens(&self) -> Result<Vec<Token<'_>>, ScriptError> {
        let files: Vec<Vec<Token<'_>>> =
            self.files.iter().map(|source| tokens(&source.text)).collect::<Result<_, _>>()?;
        let mut all = Vec::new();
        self.splice(0, &files, &mut all)?;
        Ok(all)
    }

    fn splice<'s>(
        &self,
        file: usize,
        files: &[Vec<Token<'s>>],
        all: &mut Vec<Token<'s>>,
    ) -> Result<(), ScriptError> {
        let (Some(source), Some(words)) = (self.files.get(file), files.get(file)) else { return Ok(()) };
        let mut includes = source.includes.iter();
        let mut words = words.iter().peekable();
        while let Some(token) = words.next() {
            if all.len() >= Self::MAX_TOKENS {
                return Err(ScriptError::Depth { line: token.line });
            }
            let is_include = token.kind == Kind::Name("INCLUDE")
                && words.peek().is_some_and(|next| matches!(next.kind, Kind::Quoted(_)));
            if is_include && let Some(Some(child)) = includes.next() {
                words.next();
                self.splice(*child, files, all)?;
                continue;
            }
            all.push(Token { line: token.line.saturating_add(source.lines_before), ..*token });
        }
        Ok(())
    }

    /// Turns the one number of an error's place into the line of its file.
    fn locate(&self, mut error: ScriptError) -> ScriptError {
        let Some(line) = error.line_mut() else { return error };
        let Some(source) = self.files.iter().rev().find(|source| source.lines_before < *line) else {
            return error;
        };
        *line -= source.lines_before;
        match &source.name {
            Some(file) => ScriptError::Included { file: file.clone(), error: Box::new(error) },
            None => error,
        }
    }
}

/// The file of each `INCLUDE`, and its line.
fn included<'t, 's>(tokens: &'t [Token<'s>]) -> impl Iterator<Item = (&'s str, u32)> + 't {
    tokens.windows(2).filter_map(|pair| match pair {
        [Token { kind: Kind::Name("INCLUDE"), .. }, Token { kind: Kind::Quoted(file), line }] => {
            Some((*file, *line))
        }
        _ => None,
    })
}

fn read(
    tokens: &[Token<'_>],
    outside: &dyn Fn(&str) -> Option<u64>,
    refused: Option<&str>,
) -> Result<Script, ScriptError> {
    let mut reader = Reader {
        tokens,
        at: 0,
        symbols: HashMap::new(),
        outside,
        regions: Vec::new(),
        sections: Vec::new(),
        aliases: HashMap::new(),
        refused: refused.unwrap_or_default(),
    };
    let mut found = false;
    let mut include = None;
    while let Some(token) = reader.next() {
        match token.kind {
            Kind::Name("MEMORY") if reader.peek_is("{") => {
                found = true;
                reader.memory()?;
            }
            Kind::Name("SECTIONS") if reader.peek_is("{") => reader.sections(),
            Kind::Name("INCLUDE") => {
                let file = reader.peek().map_or("", |token| token.text()).to_owned();
                let why = reader.refused.to_owned();
                include = include.or(Some(ScriptError::Include { line: token.line, file, why }));
            }
            Kind::Name("REGION_ALIAS") if reader.peek_is("(") => reader.alias(),
            Kind::Name("PROVIDE" | "HIDDEN" | "PROVIDE_HIDDEN") if reader.peek_is("(") => reader.provide(),
            Kind::Name(name) if reader.peek_is("=") => {
                reader.next();
                reader.assign(name, ";");
            }
            Kind::Symbol("{") => {
                let _ = reader.skip_block();
            }
            _ => {}
        }
    }
    if !found {
        return Err(include.unwrap_or(ScriptError::NoMemory));
    }
    let region = |name: Option<&str>| {
        let name = name?;
        let name = reader.aliases.get(name).copied().unwrap_or(name);
        reader.regions.iter().position(|region| region.name == name)
    };
    let sections = reader
        .sections
        .iter()
        .map(|raw| ScriptSection {
            name: raw.name.to_owned(),
            region: region(raw.region),
            load_region: region(raw.load_region),
            kind: raw.kind,
            fills: raw.fills,
        })
        .collect();
    Ok(Script { sections, regions: reader.regions })
}

/// A [`ScriptSection`] whose regions are still names.
struct RawSection<'s> {
    name: &'s str,
    region: Option<&'s str>,
    load_region: Option<&'s str>,
    kind: Option<ScriptKind>,
    fills: bool,
}

struct Reader<'t, 's> {
    tokens: &'t [Token<'s>],
    at: usize,
    symbols: HashMap<&'s str, i128>,
    outside: &'t dyn Fn(&str) -> Option<u64>,
    regions: Vec<Region>,
    sections: Vec<RawSection<'s>>,
    /// Other names of regions (`REGION_ALIAS`).
    aliases: HashMap<&'s str, &'s str>,
    /// Why a file could not be included, to stand after its name.
    refused: &'t str,
}

impl<'t, 's> Reader<'t, 's> {
    fn peek(&self) -> Option<&'t Token<'s>> {
        self.tokens.get(self.at)
    }

    fn peek_is(&self, symbol: &str) -> bool {
        self.peek().is_some_and(|token| token.kind == Kind::Symbol(symbol))
    }

    fn next(&mut self) -> Option<&'t Token<'s>> {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn line(&self) -> u32 {
        self.peek().or(self.tokens.last()).map_or(1, |token| token.line)
    }

    fn wrong(&self, expected: &'static str) -> ScriptError {
        let found =
            self.peek().map_or_else(|| "the end of the file".into(), |token| format!("`{}`", token.text()));
        ScriptError::Syntax { line: self.line(), expected, found }
    }

    fn expect(&mut self, symbol: &str, expected: &'static str) -> Result<(), ScriptError> {
        if !self.peek_is(symbol) {
            return Err(self.wrong(expected));
        }
        self.at += 1;
        Ok(())
    }

    /// `{ FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 64K ... }`
    fn memory(&mut self) -> Result<(), ScriptError> {
        self.expect("{", "`{`")?;
        loop {
            if self.peek_is("}") {
                self.at += 1;
                return Ok(());
            }
            let Some(Token { kind: Kind::Name(name) | Kind::Quoted(name), line }) = self.peek() else {
                return Err(self.wrong("the name of a memory region or `}`"));
            };
            self.at += 1;
            if *name == "INCLUDE" {
                let file = self.peek().map_or("", |token| token.text()).to_owned();
                return Err(ScriptError::Include { line: *line, file, why: self.refused.to_owned() });
            }
            let attributes = self.attributes()?;
            self.expect(":", "`:` after the name of the region")?;
            let origin = self.value(&["ORIGIN", "org", "o"], "`ORIGIN =`")?;
            if self.peek_is(",") {
                self.at += 1;
            }
            let length = self.value(&["LENGTH", "len", "l"], "`LENGTH =`")?;
            let address = |value: i128, what: &str| {
                let what = || format!("the {what} of region `{name}`");
                u64::try_from(value).map_err(|_| ScriptError::Range { line: *line, what: what() })
            };
            let (origin, length) = (address(origin, "origin")?, address(length, "length")?);
            self.regions.push(Region { attributes, ..Region::new(*name, origin, length) });
        }
    }

    /// `(rw !x)`: kept as the linker prints it, in lower case.
    fn attributes(&mut self) -> Result<String, ScriptError> {
        if !self.peek_is("(") {
            return Ok(String::new());
        }
        self.at += 1;
        let mut attributes = String::new();
        loop {
            match self.peek().map(|token| token.kind) {
                Some(Kind::Symbol(")")) => {
                    self.at += 1;
                    return Ok(attributes);
                }
                Some(Kind::Symbol("!")) => {
                    attributes.push_str(if attributes.is_empty() { "!" } else { " !" });
                }
                Some(Kind::Name(letters)) => attributes.push_str(&letters.to_ascii_lowercase()),
                _ => return Err(self.wrong("attributes such as `rx` and `)`")),
            }
            self.at += 1;
        }
    }

    fn value(&mut self, spellings: &[&str], expected: &'static str) -> Result<i128, ScriptError> {
        match self.peek().map(|token| token.kind) {
            Some(Kind::Name(name)) if spellings.contains(&name) => self.at += 1,
            _ => return Err(self.wrong(expected)),
        }
        self.expect("=", "`=`")?;
        let mut evaluator = Evaluator::new(self.tokens, self.at, &self.symbols, self.outside, &self.regions);
        let value = evaluator.expression()?;
        self.at = evaluator.at();
        Ok(value)
    }

    /// `PROVIDE(name = expression);`
    fn provide(&mut self) {
        self.at += 1;
        if let Some(Token { kind: Kind::Name(name), .. }) = self.next()
            && self.peek_is("=")
        {
            self.at += 1;
            self.assign(name, ")");
        }
    }

    /// Remembers the value of a symbol; one that cannot be known is an error only where it is used.
    fn assign(&mut self, name: &'s str, end: &str) {
        let mut evaluator = Evaluator::new(self.tokens, self.at, &self.symbols, self.outside, &self.regions);
        let value = evaluator.expression();
        let after = evaluator.at();
        let ends = self.tokens.get(after).is_some_and(|token| token.kind == Kind::Symbol(end));
        match value {
            Ok(value) if ends => {
                self.symbols.insert(name, value);
                self.at = after;
            }
            _ => {
                self.symbols.remove(name);
            }
        }
    }

    /// Goes after the `}` of a block whose `{` was read, and gives what is between.
    fn skip_block(&mut self) -> &'t [Token<'s>] {
        let start = self.at;
        let mut depth = 1usize;
        while let Some(token) = self.next() {
            match token.kind {
                Kind::Symbol("{") => depth += 1,
                Kind::Symbol("}") => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        self.tokens.get(start..self.at.saturating_sub(1)).unwrap_or_default()
    }

    /// `("RAMALIAS", RAM)`
    fn alias(&mut self) {
        if let Some([_, alias, comma, region]) = self.tokens.get(self.at..self.at + 4)
            && comma.kind == Kind::Symbol(",")
        {
            let region = self.aliases.get(region.text()).copied().unwrap_or(region.text());
            self.aliases.insert(alias.text(), region);
        }
    }

    /// `{ .text : { … } > FLASH  .data (NOLOAD) : AT (…) { … } > RAM AT> FLASH  OVERLAY : { .a { … } .b { … } } > RAM … }`
    fn sections(&mut self) {
        self.at += 1;
        let mut start = self.at;
        while let Some(token) = self.next() {
            match token.kind {
                Kind::Symbol("}") => return,
                Kind::Symbol(";") => start = self.at,
                Kind::Symbol("{") => {
                    let header = self.tokens.get(start..self.at - 1).unwrap_or_default();
                    let body = self.skip_block();
                    let (region, load_region) = self.regions_after();
                    let first = self.sections.len();
                    match header.first().map(|token| token.kind) {
                        Some(Kind::Name("OVERLAY")) => {
                            // The members are `.name { … }`.
                            let (mut depth, mut name) = (0_usize, None);
                            for token in body {
                                match token.kind {
                                    Kind::Symbol("{") => {
                                        if depth == 0
                                            && let Some(name) = name.take()
                                        {
                                            self.sections.push(section(name, &[], &[]));
                                        }
                                        depth += 1;
                                    }
                                    Kind::Symbol("}") => depth = depth.saturating_sub(1),
                                    Kind::Name(text) | Kind::Quoted(text) if depth == 0 => name = Some(text),
                                    _ => {}
                                }
                            }
                        }
                        Some(Kind::Name(name) | Kind::Quoted(name)) => {
                            self.sections.push(section(name, header, body));
                        }
                        _ => {}
                    }
                    for section in self.sections.iter_mut().skip(first) {
                        (section.region, section.load_region) = (region, load_region);
                    }
                    start = self.at;
                }
                _ => {}
            }
        }
    }

    /// `> RAM AT> FLASH :phdr =0xFF ,` after the block of an output section.
    fn regions_after(&mut self) -> (Option<&'s str>, Option<&'s str>) {
        let (mut region, mut load_region) = (None, None);
        loop {
            let next = |skip: usize| self.tokens.get(self.at + skip).map(|token| token.kind);
            match (next(0), next(1), next(2)) {
                (Some(Kind::Symbol(">")), Some(Kind::Name(name) | Kind::Quoted(name)), _) => {
                    region = Some(name);
                    self.at += 2;
                }
                (
                    Some(Kind::Name("AT")),
                    Some(Kind::Symbol(">")),
                    Some(Kind::Name(name) | Kind::Quoted(name)),
                ) => {
                    load_region = Some(name);
                    self.at += 3;
                }
                (Some(Kind::Symbol(":")), Some(_), _) => self.at += 2,
                (Some(Kind::Symbol("=")), _, _) => {
                    let mut evaluator =
                        Evaluator::new(self.tokens, self.at + 1, &self.symbols, self.outside, &self.regions);
                    let _ = evaluator.expression();
                    self.at = evaluator.at().max(self.at + 1);
                }
                (Some(Kind::Symbol(",")), _, _) => self.at += 1,
                _ => return (region, load_region),
            }
        }
    }
}

/// An output section, from what stands before its block and in it.
fn section<'s>(name: &'s str, header: &[Token<'s>], body: &[Token<'s>]) -> RawSection<'s> {
    let kind = header.windows(2).find_map(|pair| match pair {
        [Token { kind: Kind::Symbol("("), .. }, Token { kind: Kind::Name(kind), .. }] => match *kind {
            "NOLOAD" => Some(ScriptKind::NoLoad),
            "COPY" | "INFO" | "DSECT" | "OVERLAY" => Some(ScriptKind::NoAlloc),
            _ => None,
        },
        _ => None,
    });
    // `. = ORIGIN(RAM) + LENGTH(RAM) - .;`
    let mut fills = false;
    let mut moves = false;
    for pair in body.windows(2) {
        match pair {
            [Token { kind: Kind::Name("."), .. }, Token { kind: Kind::Symbol("=" | "+="), .. }] => {
                moves = true;
            }
            [Token { kind: Kind::Symbol(";"), .. }, _] => moves = false,
            [Token { kind: Kind::Name("LENGTH"), .. }, Token { kind: Kind::Symbol("("), .. }] => {
                fills |= moves;
            }
            _ => {}
        }
    }
    // What takes sections of objects as well is no mere filler.
    let takes = |token: &Token<'_>| match token.kind {
        Kind::Name(name) => name == "COMMON" || name.len() > 1 && name.starts_with('.'),
        _ => false,
    };
    let fills = fills && !body.iter().any(takes);
    RawSection { name, region: None, load_region: None, kind, fills }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match memory_block(text) {
            Ok(regions) => {
                let show = |region: &Region| match region.attributes.as_str() {
                    "" => region.to_string(),
                    attributes => format!("{region} ({attributes})"),
                };
                regions.iter().map(show).collect::<Vec<_>>().join("; ")
            }
            Err(error) => {
                format!("{error} / {}", error.hint().unwrap_or_default().split(' ').next().unwrap_or(""))
            }
        }
    }

    #[test]
    fn spellings_units_and_expressions() {
        let cases = [
            ("MEMORY { FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 64K }", "FLASH=0x8000000+65536 (rx)"),
            ("MEMORY{a:org=0,len=1M b:o=16,l=2k}", "a=0x0+1048576; b=0x10+2048"),
            (
                "MEMORY { data (rw !x) : ORIGIN = 0x800100, LENGTH = 0x800 - 0x20 }",
                "data=0x800100+2016 (rw !x)",
            ),
            ("MEMORY { \"my ram\" (!RX) : ORIGIN = 0x10 LENGTH = 010 }", "my ram=0x10+8 (!rx)"),
            (
                "N = 4; MEMORY { A : ORIGIN = 1 << 28, LENGTH = N * (2K + 1) / 2 B : ORIGIN = ORIGIN(A) + LENGTH(A), LENGTH = MAX(1, 3) % 2 ? 8 : 9 }",
                "A=0x10000000+4098; B=0x10001002+8",
            ),
            (
                "/* MEMORY { X : } */ PROVIDE(stack = 0x400); SECTIONS { .x : { MEMORY = 1; } } MEMORY { R : ORIGIN = 0, LENGTH = 4K - stack }",
                "R=0x0+3072",
            ),
            (
                "MEMORY { A : ORIGIN = 0, LENGTH = 1 } MEMORY { B : ORIGIN = ~0 & 0xff, LENGTH = -1 + 2 }",
                "A=0x0+1; B=0xff+1",
            ),
            (
                "# 1 \"memory.ld.in\"\nMEMORY { A : ORIGIN = 1000h, LENGTH = (0x10 == 16) + (1 < 2 && !0) }",
                "A=0x1000+2",
            ),
            ("a = b; a = 2; MEMORY { A : ORIGIN = a, LENGTH = a }", "A=0x2+2"),
        ];
        for (script, expected) in cases {
            assert_eq!(shown(script), expected, "{script}");
        }
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let cases = [
            ("", "the linker script has no MEMORY block / Pass"),
            (
                "SECTIONS {}\n\nINCLUDE memory.ld",
                "line 3: the regions are in another file: INCLUDE memory.ld / Put",
            ),
            ("MEMORY {\n INCLUDE x.ld }", "line 2: the regions are in another file: INCLUDE x.ld / Put"),
            (
                "MEMORY {\n A (rx) ORIGIN = 1 }",
                "line 2: expected `:` after the name of the region, found `ORIGIN` / Write",
            ),
            (
                "MEMORY { A : ORIGIN = 1, LENGTH = ",
                "line 1: expected a value, found the end of the file / Write",
            ),
            (
                "MEMORY { A : ORIGIN = FOO, LENGTH = 1 }",
                "line 1: the value of `FOO` is not known from the script alone / Pass",
            ),
            (
                "MEMORY { A : ORIGIN = DEFINED(x) ? 1 : y, LENGTH = 1 }",
                "line 1: the value of `y` is not known from the script alone / Pass",
            ),
            (
                "MEMORY { A : ORIGIN = LENGTH(B), LENGTH = 1 }",
                "line 1: the value of `LENGTH(B)` is not known from the script alone / Pass",
            ),
            (
                "MEMORY { A : ORIGIN = 1 / 0, LENGTH = 1 }",
                "line 1: the quotient by zero is outside 0 to 2^64 - 1 / Write",
            ),
            (
                "MEMORY { A : ORIGIN = 0, LENGTH = 0 - 1 }",
                "line 1: the length of region `A` is outside 0 to 2^64 - 1 / Write",
            ),
            ("MEMORY { A : ORIGIN = 0xg, LENGTH = 1 }", "line 1: `0xg` is not a number / Write"),
            (
                "MEMORY { A : ORIGIN = 0, LENGTH = 1",
                "line 1: expected the name of a memory region or `}`, found the end of the file / Write",
            ),
            (
                "MEMORY { A : ORIGIN = 0, LENGTH = 99999999999999999999999999999999999999999 }",
                "line 1: `99999999999999999999999999999999999999999` is not a number / Write",
            ),
        ];
        for (script, expected) in cases {
            assert_eq!(shown(script), expected, "{script}");
        }
        let deep = format!("MEMORY {{ A : ORIGIN = {}1", "(".repeat(100_000));
        assert!(shown(&deep).starts_with("line 1: the expression is nested too deeply"), "{}", shown(&deep));
        let deep = format!("MEMORY {{ A : ORIGIN = {}1", "-".repeat(100_000));
        assert!(shown(&deep).starts_with("line 1: the expression is nested too deeply"), "{}", shown(&deep));
    }

    #[test]
    fn included_files_are_followed_and_their_mistakes_named() {
        let files = |name: &str| match name {
            "flash.ld" => {
                Ok(Some("FLASH(rx) : ORIGIN = 0x10000000, LENGTH = (2 * 1024 * 1024)\n".to_owned()))
            }
            "parts/ram-1.ld" => Ok(Some("\n\nRAM : ORIGIN = 0x20000000, LENGTH = size\n".to_owned())),
            "again.ld" => Ok(Some("INCLUDE again.ld".to_owned())),
            "../up.ld" => Err("it lies outside the repository".to_owned()),
            _ => Ok(None),
        };
        let parse = |text: &str| Script::parse(text, &mut { files }, &|_| None);
        let script =
            parse("size = 8K;\nMEMORY\n{\n INCLUDE \"flash.ld\"\n INCLUDE parts/ram-1.ld }\nINCLUDE none.ld")
                .unwrap();
        assert_eq!(script.regions.len(), 2);
        assert_eq!(script.regions[1].length, 8192);
        for (text, message) in [
            ("MEMORY { INCLUDE parts/ram-1.ld }", "in parts/ram-1.ld, line 3: the value of `size`"),
            ("MEMORY { INCLUDE none.ld }", "line 1: the regions are in another file: INCLUDE none.ld"),
            (
                "\nMEMORY { INCLUDE ../up.ld }",
                "line 2: the regions are in another file: INCLUDE ../up.ld; it lies outside",
            ),
            ("INCLUDE again.ld", "line 1: the regions are in another file: INCLUDE again.ld; too many"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn what_is_defined_is_known_from_the_script_or_from_outside() {
        let region = |text: &str| {
            let outside = |name: &str| (name == "__ram").then_some(4096);
            let script = Script::parse(text, &mut |_| Ok(None), &outside).unwrap();
            (script.regions[0].origin, script.regions[0].length)
        };
        let length =
            "MEMORY { R : ORIGIN = 0, LENGTH = DEFINED(__size) ? __size : (DEFINED(__ram) ? __ram : 64K) }";
        assert_eq!(region(length), (0, 4096));
        assert_eq!(region(&format!("__size = 1K; {length}")), (0, 1024));
        assert_eq!(
            region("MEMORY { R : ORIGIN = DEFINED(a) ? a : 16 LENGTH = DEFINED(b) ? (b + 1) : 2K }"),
            (16, 2048)
        );
    }

    #[test]
    fn output_sections_name_their_regions_types_and_what_fills_the_rest() {
        let text = "MEMORY { FLASH : ORIGIN = 0, LENGTH = 1K RAM : ORIGIN = 0x2000, LENGTH = 1K }
            REGION_ALIAS(\"DATA\", RAM)
            SECTIONS {
              . = ALIGN(4);
              .text 0x10 : ALIGN(8) { KEEP(*(.isr)) *(.text*) } > FLASH :text =0xff
              \".my sec\" : { *(x) } >FLASH
              .data : { *(.data) } > DATA AT> FLASH
              .heap (COPY) : { . = . + 0x800; } > RAM
              OVERLAY 0x2080 : AT (0x80) { .ov1 { *(.ov1) } .ov2 { *(.ov2) } } > RAM AT> FLASH
              PROVIDE(end = .);
              .bss (NOLOAD) : { *(.bss) } > RAM
              .fixed (NOLOAD) : { . += 64; x = LENGTH(RAM); } > RAM
              .rest (NOLOAD) : { . = ORIGIN(RAM) + LENGTH(RAM) - .; } > RAM
              .mixed (NOLOAD) : { *(.big) . = ORIGIN(RAM) + LENGTH(RAM) - .; } > RAM
              /DISCARD/ : { *(.comment) }
            }";
        let script = Script::parse(text, &mut |_| Ok(None), &|_| None).unwrap();
        let shown: Vec<String> = script
            .sections
            .iter()
            .map(|section| {
                let region =
                    |index: Option<usize>| index.map_or("-", |index| script.regions[index].name.as_str());
                let (run, load) = (region(section.region), region(section.load_region));
                format!("{} {run} {load} {:?} {}", section.name, section.kind, section.fills)
            })
            .collect();
        assert_eq!(
            shown,
            [
                ".text FLASH - None false",
                ".my sec FLASH - None false",
                ".data RAM FLASH None false",
                ".heap RAM - Some(NoAlloc) false",
                ".ov1 RAM FLASH None false",
                ".ov2 RAM FLASH None false",
                ".bss RAM - Some(NoLoad) false",
                ".fixed RAM - Some(NoLoad) false",
                ".rest RAM - Some(NoLoad) true",
                ".mixed RAM - Some(NoLoad) false",
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_script_panics(text in "(MEMORY|[{}():=,;+*/<>?!~-]|ORIGIN|LENGTH|0x[0-9a-f]{1,20}|[0-9]{1,30}[KM]?|A|B| |\n|/\\*|\\*/|\"){0,60}") {
            let _ = memory_block(&text);
        }
    }
}
