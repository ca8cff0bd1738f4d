//! The `MEMORY` block of a linker script: the regions of a firmware whose map does not list them.
//!
//! Grammar: "MEMORY Command" and "Expressions" in the manual of GNU ld. Symbols that the script assigns
//! before are known; what only the linker's command line or the C preprocessor knows is an error that
//! names it.

mod expression;
mod lexer;

use std::borrow::Cow;
use std::collections::HashMap;

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
    /// A number that is none.
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
    #[error("line {line}: the regions are in another file: INCLUDE {file}")]
    Include {
        /// Line, from 1.
        line: u32,
        /// The file.
        file: String,
    },
    /// More parentheses than anybody writes.
    #[error("line {line}: the expression is nested too deeply")]
    Depth {
        /// Line, from 1.
        line: u32,
    },
}

impl Diagnose for ScriptError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::NoMemory => "Pass the script that has the MEMORY block (often memory.x or memory.ld), or name the regions.",
                Self::Include { .. } => "Pass the included file instead, or name the regions.",
                Self::Unknown { .. } => {
                    "Pass the script after preprocessing, pass the linker's map, or name the regions as in FLASH=0x08000000+64K."
                }
                _ => "Write each region as NAME (rx) : ORIGIN = 0x08000000, LENGTH = 64K.",
            }
            .into(),
        )
    }
}

/// The regions of a linker script's `MEMORY` blocks, in their order.
///
/// # Errors
/// When there is no such block, when it does not follow the grammar, or when a value is not known.
pub fn memory_block(text: &str) -> Result<Vec<Region>, ScriptError> {
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens: &tokens, at: 0, symbols: HashMap::new(), regions: Vec::new() };
    let mut found = false;
    let mut include = None;
    while let Some(token) = reader.next() {
        match token.kind {
            Kind::Name("MEMORY") if reader.peek_is("{") => {
                found = true;
                reader.memory()?;
            }
            Kind::Name("INCLUDE") => {
                let file = reader.peek().map_or("", |token| token.text()).to_owned();
                include = include.or(Some(ScriptError::Include { line: token.line, file }));
            }
            Kind::Name("PROVIDE" | "HIDDEN" | "PROVIDE_HIDDEN") if reader.peek_is("(") => reader.provide(),
            Kind::Name(name) if reader.peek_is("=") => {
                reader.next();
                reader.assign(name, ";");
            }
            Kind::Symbol("{") => reader.skip_block(),
            _ => {}
        }
    }
    match include {
        _ if found => Ok(reader.regions),
        Some(include) => Err(include),
        None => Err(ScriptError::NoMemory),
    }
}

struct Reader<'t, 's> {
    tokens: &'t [Token<'s>],
    at: usize,
    symbols: HashMap<&'s str, i128>,
    regions: Vec<Region>,
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
                return Err(ScriptError::Include { line: *line, file });
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
        let mut evaluator = Evaluator::new(self.tokens, self.at, &self.symbols, &self.regions);
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
        let mut evaluator = Evaluator::new(self.tokens, self.at, &self.symbols, &self.regions);
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

    fn skip_block(&mut self) {
        let mut depth = 1usize;
        while let Some(token) = self.next() {
            match token.kind {
                Kind::Symbol("{") => depth += 1,
                Kind::Symbol("}") => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }
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
                "line 3: the regions are in another file: INCLUDE memory.ld / Pass",
            ),
            ("MEMORY {\n INCLUDE x.ld }", "line 2: the regions are in another file: INCLUDE x.ld / Pass"),
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
                "MEMORY { A : ORIGIN = DEFINED(x) ? 1 : 2, LENGTH = 1 }",
                "line 1: the value of `DEFINED` is not known from the script alone / Pass",
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

    proptest::proptest! {
        #[test]
        fn no_script_panics(text in "(MEMORY|[{}():=,;+*/<>?!~-]|ORIGIN|LENGTH|0x[0-9a-f]{1,20}|[0-9]{1,30}[KM]?|A|B| |\n|/\\*|\\*/|\"){0,60}") {
            let _ = memory_block(&text);
        }
    }
}
