//! Identifiers that follow from content: UUID version 5 (RFC 9562, section 5.5).

use std::fmt::Write as _;

use sha1::{Digest as _, Sha1};

/// The namespace of RFC 9562 for names that are URLs.
const NAMESPACE_URL: [u8; 16] =
    [0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8];

/// The UUID of a URL, in lower-case hexadecimal digits with hyphens.
pub(crate) fn of_url(url: &str) -> String {
    of(NAMESPACE_URL, url.as_bytes())
}

/// What stands before the content of a document, so that its UUID is nobody else's.
const CONTENT: &str = "https://lw-actions/sbom#";

/// The UUID of a document's content: that of the URL `https://lw-actions/sbom#` followed by it.
pub(crate) fn of_content(content: &str) -> String {
    of_url(&format!("{CONTENT}{content}"))
}

/// The same of what is written as JSON without spaces, which is held nowhere as a whole.
pub(crate) fn of_json(content: &impl serde::Serialize) -> serde_json::Result<String> {
    struct Hashing(Sha1);
    impl std::io::Write for Hashing {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut hashing = Hashing(begun(NAMESPACE_URL));
    hashing.0.update(CONTENT);
    // The writer comes in pieces of a few bytes.
    let mut out = std::io::BufWriter::new(&mut hashing);
    serde_json::to_writer(&mut out, content)?;
    drop(out);
    Ok(written(hashing.0))
}

fn begun(namespace: [u8; 16]) -> Sha1 {
    let mut hash = Sha1::new();
    hash.update(namespace);
    hash
}

fn of(namespace: [u8; 16], name: &[u8]) -> String {
    let mut hash = begun(namespace);
    hash.update(name);
    written(hash)
}

fn written(hash: Sha1) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in hash.finalize().iter().take(16).enumerate() {
        let byte = match index {
            6 => byte & 0x0f | 0x50,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_that_of_the_standard() {
        // RFC 9562, appendix A.4, is of the DNS namespace; this one is Python's `uuid.uuid5(uuid.NAMESPACE_URL, …)`.
        assert_eq!(super::of_url("https://www.example.com/"), "3d3ed9d2-aa3d-5fa6-90e8-ed662e90f559");
    }

    #[test]
    fn json_is_content_like_any_other() {
        let value = serde_json::json!({"a": ["b", 1], "long": "x".repeat(20_000)});
        let text = serde_json::to_string(&value).unwrap();
        assert_eq!(super::of_json(&value).unwrap(), super::of_content(&text));
    }
}
