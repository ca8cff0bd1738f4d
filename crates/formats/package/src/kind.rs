//! Which of the two formats a file has.

/// A format of packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The [`lw`](mod@crate::lw) package.
    Lw,
    /// The JSON package of the [`seed`](mod@crate::seed).
    Seed,
}

impl Kind {
    /// How many bytes [`detect`](Self::detect) looks at, at most.
    pub const DETECT_BYTES: usize = 512;

    /// Which format a file has that begins with `bytes`, if any.
    ///
    /// An `lw` package is told by its first member, `manifest.json`, and the `ustar` of its header; a JSON package by a
    /// brace with a key after it, after any whitespace and a byte order mark. It may still be broken.
    #[must_use]
    pub fn detect(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..Self::DETECT_BYTES).unwrap_or(bytes);
        if bytes.starts_with(b"manifest.json\0") && bytes.get(257..262) == Some(b"ustar") {
            return Some(Self::Lw);
        }
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
        let inside = text.strip_prefix(b"{")?.trim_ascii_start();
        matches!(inside.first(), Some(b'"') | None).then_some(Self::Seed)
    }

    /// `lw` or `seed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lw => "lw",
            Self::Seed => "seed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_by_its_first_bytes() {
        for (bytes, kind) in [
            (&b"{\"manifest\": {"[..], Some(Kind::Seed)),
            (b"\xEF\xBB\xBF \r\n\t{ \n\"firmware\"", Some(Kind::Seed)),
            (b"{", Some(Kind::Seed)),
            (b"{1", None),
            (b"", None),
            (b"[\"manifest\"]", None),
            (b"\xE9\x05\x02\x1F", None),
            (b"manifest.json\0", None),
        ] {
            assert_eq!(Kind::detect(bytes), kind, "{bytes:?}");
        }
        let header = crate::lw::header_for_tests("manifest.json");
        assert_eq!(Kind::detect(&header), Some(Kind::Lw));
        assert_eq!(Kind::detect(&header[..300]), Some(Kind::Lw));
        assert_eq!(Kind::detect(&crate::lw::header_for_tests("manifest.jso")), None, "another tar");
    }
}
