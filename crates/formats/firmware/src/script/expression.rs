//! Arithmetic of linker scripts: the operators of C and their precedence.

use lw_hashed::HashMap;

use crate::region::Region;

use super::ScriptError;
use super::lexer::{Kind, Token};

/// Deeper nesting is refused: nobody writes it, and it would use up the stack.
const MAX_DEPTH: u32 = 64;

/// Evaluates the expression that starts at a token.
pub(super) struct Evaluator<'t, 's> {
    tokens: &'t [Token<'s>],
    at: usize,
    symbols: &'t HashMap<&'s str, i128>,
    outside: &'t dyn Fn(&str) -> Option<u64>,
    regions: &'t [Region],
    depth: u32,
}

/// Binary operators by precedence, the weakest first.
const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<", "<=", ">", ">="],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl<'t, 's> Evaluator<'t, 's> {
    pub(super) fn new(
        tokens: &'t [Token<'s>],
        at: usize,
        symbols: &'t HashMap<&'s str, i128>,
        outside: &'t dyn Fn(&str) -> Option<u64>,
        regions: &'t [Region],
    ) -> Self {
        Self { tokens, at, symbols, outside, regions, depth: 0 }
    }

    /// The token after what was read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// A whole expression, with `?:`.
    pub(super) fn expression(&mut self) -> Result<i128, ScriptError> {
        self.deeper()?;
        let condition = self.binary(0)?;
        let value = if self.take("?") {
            // A symbol that only the other branch needs may be unknown: `DEFINED(size) ? size : 64K`.
            let yes = self.branch()?;
            self.expect(":")?;
            let no = self.branch()?;
            if condition == 0 { no? } else { yes? }
        } else {
            condition
        };
        self.depth -= 1;
        Ok(value)
    }

    /// One branch of `?:`. An unknown symbol in it is an error only when the branch is taken.
    fn branch(&mut self) -> Result<Result<i128, ScriptError>, ScriptError> {
        let (start, depth) = (self.at, self.depth);
        match self.expression() {
            Err(error @ ScriptError::Unknown { .. }) => {
                self.at = start;
                self.depth = depth;
                self.skip_branch();
                Ok(Err(error))
            }
            Err(error) => Err(error),
            Ok(value) => Ok(Ok(value)),
        }
    }

    /// Goes to the end of a branch: a `:`, `,`, `;`, `}` or `)` that is not inside it.
    fn skip_branch(&mut self) {
        let (mut parentheses, mut conditions) = (0_usize, 0_usize);
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Symbol("(") => parentheses += 1,
                Kind::Symbol(")") if parentheses > 0 => parentheses -= 1,
                Kind::Symbol("?") if parentheses == 0 => conditions += 1,
                Kind::Symbol(":") if parentheses == 0 && conditions > 0 => conditions -= 1,
                Kind::Symbol(")" | ":" | "," | ";" | "}") if parentheses == 0 => return,
                // The name of the next region, or its length without a comma before it.
                Kind::Name("LENGTH" | "len" | "l") if parentheses == 0 && self.is_assigned() => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    fn is_assigned(&self) -> bool {
        self.tokens.get(self.at + 1).is_some_and(|token| token.kind == Kind::Symbol("="))
    }

    fn binary(&mut self, level: usize) -> Result<i128, ScriptError> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(Token { kind: Kind::Symbol(operator), line }) = self.peek()
            && operators.contains(operator)
        {
            let line = *line;
            self.at += 1;
            let right = self.binary(level + 1)?;
            left = apply(operator, left, right).ok_or_else(|| out_of_range(operator, right, line))?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<i128, ScriptError> {
        self.deeper()?;
        let line = self.peek().map_or(1, |token| token.line);
        let value = if self.take("-") {
            let value = self.unary()?;
            value.checked_neg().ok_or_else(|| out_of_range("-", value, line))?
        } else if self.take("+") {
            self.unary()?
        } else if self.take("~") {
            // The linker computes with 64 bits without sign.
            i128::from(!(self.unary()? as u64))
        } else if self.take("!") {
            i128::from(self.unary()? == 0)
        } else {
            self.primary()?
        };
        self.depth -= 1;
        Ok(value)
    }

    fn primary(&mut self) -> Result<i128, ScriptError> {
        let Some(token) = self.peek() else { return Err(self.wrong("a value")) };
        match token.kind {
            Kind::Number(text) => {
                self.at += 1;
                number(text).ok_or_else(|| ScriptError::Number { line: token.line, text: text.into() })
            }
            Kind::Symbol("(") => {
                self.at += 1;
                let value = self.expression()?;
                self.expect(")")?;
                Ok(value)
            }
            Kind::Name(name) => {
                self.at += 1;
                if self.take("(") { self.function(name, token.line) } else { self.symbol(name, token.line) }
            }
            Kind::Quoted(name) => {
                self.at += 1;
                self.symbol(name, token.line)
            }
            Kind::Symbol(_) => Err(self.wrong("a value")),
        }
    }

    fn function(&mut self, name: &str, line: u32) -> Result<i128, ScriptError> {
        match name {
            "ORIGIN" | "LENGTH" | "org" | "len" | "o" | "l" => {
                let region = self.peek().map_or("", Token::text);
                self.at += 1;
                self.expect(")")?;
                let found = self.regions.iter().find(|found| found.name == region);
                let value = found.map(|found| {
                    if name.to_ascii_lowercase().starts_with('o') { found.origin } else { found.length }
                });
                value
                    .map(i128::from)
                    .ok_or_else(|| ScriptError::Unknown { line, name: format!("{name}({region})") })
            }
            // As in ld what the script assigns further down does not count.
            "DEFINED" => {
                let name = self.peek().map_or("", Token::text);
                self.at += 1;
                self.expect(")")?;
                Ok(i128::from(self.symbols.contains_key(name) || (self.outside)(name).is_some()))
            }
            "ABSOLUTE" => {
                let value = self.expression()?;
                self.expect(")")?;
                Ok(value)
            }
            "MAX" | "MIN" => {
                let first = self.expression()?;
                self.expect(",")?;
                let second = self.expression()?;
                self.expect(")")?;
                Ok(if name == "MAX" { first.max(second) } else { first.min(second) })
            }
            "ALIGN" => {
                let value = self.expression()?;
                self.expect(",")?;
                let align = self.expression()?;
                self.expect(")")?;
                let up = align
                    .checked_sub(1)
                    .and_then(|less| value.checked_add(less))
                    .and_then(|up| up.checked_div(align));
                up.and_then(|up| up.checked_mul(align)).ok_or_else(|| out_of_range("/", align, line))
            }
            _ => Err(ScriptError::Unknown { line, name: name.into() }),
        }
    }

    fn symbol(&self, name: &str, line: u32) -> Result<i128, ScriptError> {
        let outside = || (self.outside)(name).map(i128::from);
        let value = self.symbols.get(name).copied().or_else(outside);
        value.ok_or_else(|| ScriptError::Unknown { line, name: name.into() })
    }

    fn peek(&self) -> Option<&'t Token<'s>> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == Kind::Symbol(symbol));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), ScriptError> {
        if self.take(symbol) {
            return Ok(());
        }
        Err(self.wrong(match symbol {
            ")" => "`)`",
            "," => "`,`",
            _ => "`:`",
        }))
    }

    fn deeper(&mut self) -> Result<(), ScriptError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ScriptError::Depth {
                line: self.peek().or(self.tokens.last()).map_or(1, |token| token.line),
            });
        }
        Ok(())
    }

    fn wrong(&self, expected: &'static str) -> ScriptError {
        let line = self.peek().or(self.tokens.last()).map_or(1, |token| token.line);
        let found =
            self.peek().map_or_else(|| "the end of the file".into(), |token| format!("`{}`", token.text()));
        ScriptError::Syntax { line, expected, found }
    }
}

fn apply(operator: &str, left: i128, right: i128) -> Option<i128> {
    let shift = u32::try_from(right).ok().filter(|shift| *shift < 64);
    match operator {
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "/" => left.checked_div(right),
        "%" => left.checked_rem(right),
        "<<" => left.checked_mul(1i128 << shift?),
        ">>" => Some(left >> shift?),
        "&" => Some(left & right),
        "|" => Some(left | right),
        "^" => Some(left ^ right),
        "==" => Some(i128::from(left == right)),
        "!=" => Some(i128::from(left != right)),
        "<" => Some(i128::from(left < right)),
        "<=" => Some(i128::from(left <= right)),
        ">" => Some(i128::from(left > right)),
        ">=" => Some(i128::from(left >= right)),
        "&&" => Some(i128::from(left != 0 && right != 0)),
        "||" => Some(i128::from(left != 0 || right != 0)),
        _ => None,
    }
}

fn out_of_range(operator: &str, right: i128, line: u32) -> ScriptError {
    let what = match operator {
        "/" | "%" if right == 0 => "the quotient by zero".into(),
        _ => format!("the result of `{operator}`"),
    };
    ScriptError::Range { line, what }
}

/// `0x10`, `16`, `020`, `10h`, each with `K` or `M`. As in ld a leading zero means octal.
fn number(text: &str) -> Option<i128> {
    let (digits, factor) = match text.char_indices().next_back()? {
        (last, 'k' | 'K') => (text.get(..last)?, 1 << 10),
        (last, 'm' | 'M') => (text.get(..last)?, 1 << 20),
        _ => (text, 1),
    };
    let prefixed = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let value = match prefixed.or_else(|| digits.strip_suffix(['h', 'H'])) {
        Some(hex) => u64::from_str_radix(hex, 16),
        None if digits.len() > 1 && digits.starts_with('0') => u64::from_str_radix(digits, 8),
        None => digits.parse(),
    };
    Some(i128::from(value.ok()?) * factor)
}
