//! What a file of an unknown format looks like, for error messages.

/// A phrase for the content of a file: `an Intel HEX file`.
pub(crate) fn looks_like(bytes: &[u8]) -> String {
    let text = |prefix: &str| bytes.starts_with(prefix.as_bytes());
    let known = match bytes {
        [] => "an empty file",
        [0x7F, b'E', b'L', b'F', ..] => "an ELF file",
        [0xE9, ..] => "an Espressif app image (.bin)",
        [0x55, 0x46, 0x32, 0x0A, ..] => "a UF2 file",
        [b'M', b'Z', ..] => "a Windows executable",
        [0xFE, 0xED, 0xFA, 0xCE | 0xCF, ..] | [0xCE | 0xCF, 0xFA, 0xED, 0xFE, ..] => "a Mach-O file",
        [0x1F, 0x8B, ..] => "a gzip file",
        [0xAA, 0x50, ..] => "a binary partition table",
        [b'P', b'K', 3, 4, ..] => "a zip file",
        [0, b'a', b's', b'm', ..] => "a WebAssembly file",
        _ if text("!<arch>\n") || text("!<thin>\n") => "a static library (.a)",
        _ if text("version https://git-lfs") => "a Git LFS pointer: the file itself is not checked out",
        _ if bytes.iter().all(|byte| *byte == 0) => "only zero bytes",
        _ if is_hex(bytes) => "an Intel HEX file",
        _ if is_srec(bytes) => "a Motorola S-record file",
        _ if find(bytes, b"Linker script and memory map").is_some() => "a GNU ld map",
        _ => "",
    };
    if !known.is_empty() {
        return known.into();
    }
    if is_text(bytes.get(..bytes.len().min(512)).unwrap_or_default()) {
        return "a text file".into();
    }
    let start: Vec<_> = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("binary data that starts with {}", start.join(" "))
}

/// Whether the start of a file is text: it has no control characters; its end may cut a character.
pub(crate) fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(head.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !c.is_whitespace())
}

fn is_hex(bytes: &[u8]) -> bool {
    matches!(bytes, [b':', rest @ ..] if rest.len() >= 10 && rest.iter().take(10).all(u8::is_ascii_hexdigit))
}

pub(crate) fn is_srec(bytes: &[u8]) -> bool {
    matches!(bytes, [b'S', b'0'..=b'9', rest @ ..] if rest.len() >= 6 && rest.iter().take(6).all(u8::is_ascii_hexdigit))
}

/// Position of `needle` in the first megabyte of `haystack`.
pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let head = haystack.get(..haystack.len().min(1 << 20)).unwrap_or_default();
    head.windows(needle.len()).position(|window| window == needle)
}
