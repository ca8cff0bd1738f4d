//! Names of symbols: for a person, and for finding the same symbol in another build.

use std::borrow::Cow;
use std::fmt;

use cpp_demangle::{BorrowedSymbol, DemangleOptions, ParseOptions};

/// Longer mangled names are left alone: the time to read one is not bounded by its length alone.
const MAX_MANGLED: usize = 4096;

/// Longer demangled names are left alone: back references let a short name grow without end.
const MAX_DEMANGLED: usize = 8192;

/// Deeper nesting is left alone. Far from what a thread's stack allows.
const MAX_DEPTH: u32 = 64;

/// The name a person knows: Rust (legacy and v0 mangling) without hashes, C++ with parameters.
///
/// `None` when the name is not mangled, or is too long or deep to be shown.
#[must_use]
pub fn demangle(name: &str) -> Option<String> {
    if name.len() > MAX_MANGLED
        || !matches!(name.as_bytes(), [b'_', b'Z' | b'R', ..] | [b'_', b'_', b'Z', ..])
    {
        return None;
    }
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        let mut out = Bounded(String::new());
        fmt::write(&mut out, format_args!("{rust:#}")).ok()?;
        return Some(out.0);
    }
    let parse = ParseOptions::default().recursion_limit(MAX_DEPTH);
    let (symbol, tail) = BorrowedSymbol::with_tail_and_options(name.as_bytes(), &parse).ok()?;
    // What follows a C++ name is a clone's suffix, which tells it from the other clones.
    let tail = std::str::from_utf8(tail).ok()?;
    if !tail.is_empty() && !tail.starts_with('.') {
        return None;
    }
    let mut out = Bounded(String::new());
    let options = DemangleOptions::new().recursion_limit(MAX_DEPTH);
    symbol.structured_demangle(&mut out, &options).ok()?;
    fmt::Write::write_str(&mut out, tail).ok()?;
    Some(out.0)
}

/// Text that refuses to grow beyond [`MAX_DEMANGLED`].
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > MAX_DEMANGLED {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// The part of a name that stays the same from build to build.
///
/// Leaves out what compilers number as they go: GCC's clone suffixes (`.constprop.0`, `.isra.0`,
/// `.part.0`, `.lto_priv.0`, `.cold`), LLVM's `.llvm.<digits>`, the hash of legacy Rust names, the crate
/// hash of v0 Rust names, and the hashes in the names of Rust's libraries and objects.
#[must_use]
pub fn stable_name(name: &str) -> Cow<'_, str> {
    let short = without_suffixes(name);
    if let Some(path) = short.strip_prefix("_R") {
        return without_crate_hashes(path).map_or(Cow::Borrowed(short), Cow::Owned);
    }
    if let Some(path) = short.strip_suffix('E').filter(|path| path.starts_with("_ZN") && path.len() > 22)
        && let Some((path, hash)) = path.split_at_checked(path.len() - 19)
        && let Some(digits) = hash.strip_prefix("17h")
        && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    {
        return Cow::Owned(format!("{path}E"));
    }
    without_file_hashes(short)
}

fn without_suffixes(name: &str) -> &str {
    const NUMBERED: [&str; 5] = [".constprop", ".isra", ".part", ".lto_priv", ".llvm"];
    let mut rest = name;
    loop {
        let number = rest.rfind('.').filter(|dot| {
            let digits = rest.get(dot + 1..).unwrap_or_default();
            !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
        });
        let base = number.and_then(|dot| rest.get(..dot)).unwrap_or(rest);
        let stripped = match number {
            Some(_) => NUMBERED.iter().find_map(|suffix| base.strip_suffix(suffix)),
            None => None,
        };
        match stripped.or_else(|| base.strip_suffix(".cold")) {
            Some(shorter) if !shorter.is_empty() => rest = shorter,
            _ => return rest,
        }
    }
}

/// Takes the disambiguators of crate roots (`C s <base-62> _`) out of a v0 path, after
/// <https://doc.rust-lang.org/rustc/symbol-mangling/v0.html>. Those of closures and impls stay: they tell
/// things of one crate apart. `None` where the grammar is not followed.
fn without_crate_hashes(path: &str) -> Option<String> {
    let bytes = path.as_bytes();
    let mut out = String::with_capacity(path.len() + 2);
    out.push_str("_R");
    let mut at = 0;
    while let Some(tag) = bytes.get(at) {
        let start = at;
        let length = match tag {
            // An identifier: its length, then maybe `_`, then its bytes.
            b'0'..=b'9' => {
                let digits = bytes.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let length: usize = if *tag == b'0' { 0 } else { path.get(at..at + digits)?.parse().ok()? };
                let digits = if *tag == b'0' { 1 } else { digits };
                let separator = usize::from(bytes.get(at + digits) == Some(&b'_'));
                (digits + separator).checked_add(length)?
            }
            // The namespace of a nested path is no tag of its own: `NC` is a closure, no crate.
            b'N' => 2,
            b'B' | b'L' | b'G' => base62(bytes.get(at + 1..)?)? + 1,
            // A constant: its type, then hexadecimal digits that would look like an identifier. `KC` is an ABI.
            b'K' => match bytes.get(at + 1)? {
                b'C' => 2,
                b'0'..=b'9' | b'B' | b'p' => 1,
                _ => bytes.get(at + 2..)?.iter().position(|byte| *byte == b'_')? + 3,
            },
            b'C' if bytes.get(at + 1) == Some(&b's') => {
                out.push('C');
                at += 2 + base62(bytes.get(at + 2..)?)?;
                continue;
            }
            _ => 1,
        };
        // A length of 2^64 - 1 is easily written.
        at = at.checked_add(length)?;
        out.push_str(path.get(start..at)?);
    }
    Some(out)
}

/// Length of a base-62 number with its `_`.
fn base62(bytes: &[u8]) -> Option<usize> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    (bytes.get(digits) == Some(&b'_')).then_some(digits + 1)
}

/// `libcore-0123456789abcdef.rlib` is `libcore.rlib`, `app.3f2k9x1c7v5b8n0m-cgu.0.rcgu.o` is `app.cgu.0.rcgu.o`.
fn without_file_hashes(name: &str) -> Cow<'_, str> {
    if !(name.ends_with(".rlib") || name.ends_with(".o")) || !name.contains('-') {
        return Cow::Borrowed(name);
    }
    let parts: Vec<&str> = name.split('.').collect();
    let stable: Vec<&str> = parts
        .iter()
        .map(|part| match part.rsplit_once('-') {
            Some((stem, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                stem
            }
            Some((hash, "cgu"))
                if hash.len() >= 8 && hash.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
            {
                "cgu"
            }
            _ => *part,
        })
        .collect();
    if stable == parts { Cow::Borrowed(name) } else { Cow::Owned(stable.join(".")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_a_person() {
        let cases = [
            ("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", Some("core::fmt::Write::write_fmt")),
            ("_RNvCs1234_7mycrate3foo", Some("mycrate::foo")),
            ("_ZN6Widget4drawEib", Some("Widget::draw(int, bool)")),
            ("_ZN6Widget4drawEv.constprop.0", Some("Widget::draw() [clone .constprop.0]")),
            ("main", None),
            ("_Z", None),
            ("_R", None),
            ("_ZN", None),
        ];
        for (name, expected) in cases {
            assert_eq!(demangle(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn hostile_names_end() {
        assert_eq!(demangle(&format!("_Z{}", "P".repeat(100_000))), None);
        assert_eq!(demangle(&format!("_Z1f{}", "P".repeat(4000))), None);
        let growing = format!("_ZN1a{}E", "S_S_".repeat(500));
        assert!(demangle(&growing).is_none_or(|name| name.len() <= MAX_DEMANGLED));
        let nested = format!("_RNvC1a1b{}", "I".repeat(2000));
        assert!(demangle(&nested).is_none_or(|name| name.len() <= MAX_DEMANGLED));
        for length in [u64::MAX - 20, u64::MAX] {
            let endless = format!("_RY{length}a");
            assert_eq!(stable_name(&endless), endless);
        }
    }

    #[test]
    fn names_across_builds() {
        let cases = [
            ("foo.constprop.0.isra.3", "foo"),
            ("foo.part.0.cold", "foo"),
            ("foo.cold.12", "foo"),
            ("foo.lto_priv.7", "foo"),
            ("foo.llvm.1234567890123", "foo"),
            ("counter.0", "counter.0"),
            (".cold", ".cold"),
            ("_ZN4core3fmt5write17h0123456789abcdefE", "_ZN4core3fmt5writeE"),
            ("_ZN4core3fmt5writeE", "_ZN4core3fmt5writeE"),
            ("_RNvCs1AbC9_7mycrate3foo", "_RNvC7mycrate3foo"),
            // A closure keeps its number; an identifier that looks like a crate keeps its letters.
            ("_RNCNvCs9_7mycrate3foos_0B3_", "_RNCNvC7mycrate3foos_0B3_"),
            ("_RNvC7mycrate5Cs1_x", "_RNvC7mycrate5Cs1_x"),
            ("_RINvCs7_1a1bKj1f_EB2_", "_RINvC1a1bKj1f_EB2_"),
            ("_RNvCs", "_RNvCs"),
            ("libcore-0123456789abcdef.rlib", "libcore.rlib"),
            ("app-0123456789abcdef.app.3f2k9x1c7v5b8n0m-cgu.0.rcgu.o", "app.app.cgu.0.rcgu.o"),
            ("lib_a-memcpy.o", "lib_a-memcpy.o"),
        ];
        for (name, expected) in cases {
            assert_eq!(stable_name(name), expected, "{name}");
        }
    }
}
