//! File names as git quotes them.

use std::borrow::Cow;

/// Reads a name that may be in quotes, with the escapes of C (`core.quotePath`, git-config(1)): `"n\303\251.c"`.
///
/// Returns `None` when the quotes do not end where the text does, or an escape is unknown.
pub(crate) fn unquote(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    let Some(rest) = text.strip_prefix(b"\"") else { return Some(Cow::Borrowed(text)) };
    let mut bytes = rest.iter().copied();
    let mut name = Vec::with_capacity(rest.len());
    loop {
        match bytes.next()? {
            b'"' => return bytes.next().is_none().then_some(Cow::Owned(name)),
            b'\\' => {
                let escaped = bytes.next()?;
                name.push(match escaped {
                    b'a' => 0x07,
                    b'b' => 0x08,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 0x0b,
                    b'f' => 0x0c,
                    b'r' => b'\r',
                    b'"' | b'\\' => escaped,
                    b'0'..=b'3' => {
                        let mut digit = || bytes.next().filter(|byte| (b'0'..=b'7').contains(byte));
                        let (middle, low) = (digit()?, digit()?);
                        (escaped - b'0') << 6 | (middle - b'0') << 3 | (low - b'0')
                    }
                    _ => return None,
                });
            }
            byte => name.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_git_writes_them() {
        for (text, name) in [
            ("plain name.c", Some("plain name.c".as_bytes())),
            (r#""b/n\303\251 w.py""#, Some("b/né w.py".as_bytes())),
            (r#""tab\there\\ \"q\"""#, Some(b"tab\there\\ \"q\"".as_slice())),
            (r#""open"#, None),
            (r#""a"b"#, None),
            (r#""\400""#, None),
            (r#""\x""#, None),
            (r#""\30""#, None),
        ] {
            assert_eq!(unquote(text.as_bytes()).as_deref(), name, "{text}");
        }
    }
}
