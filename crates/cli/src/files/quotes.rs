//! Errors without what they quote of a file.

/// What stands for a quote that was taken out.
const CUT: &str = "…";

/// The text with everything in quotes taken out, and the bytes of a file in hexadecimal digits.
///
/// From the first mark to the last of its kind, because a quote may hold marks itself.
pub(super) fn without(text: &str) -> String {
    let mut text = text.to_owned();
    for mark in ['`', '"', '\''] {
        if let (Some(first), Some(last)) = (text.find(mark), text.rfind(mark))
            && first < last
        {
            text.replace_range(first + 1..last, CUT);
        }
    }
    let mut words: Vec<&str> = Vec::new();
    let mut hex: Vec<&str> = Vec::new();
    for word in text.split(' ') {
        let is_hex = |word: &str| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hex(word.trim_end_matches([',', ';', '.', ':'])) {
            hex.push(word);
            continue;
        }
        flush(&mut hex, &mut words);
        words.push(word);
    }
    flush(&mut hex, &mut words);
    words.join(" ")
}

/// Two or more bytes in a row are a quote; a single one may be a number of two digits.
fn flush<'a>(hex: &mut Vec<&'a str>, words: &mut Vec<&'a str>) {
    if hex.len() > 1 {
        words.push(CUT);
    } else {
        words.append(hex);
    }
    hex.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_cut_and_the_rest_is_kept() {
        for (text, expected) in [
            ("a.csv: line 12: found `token`", "a.csv: line 12: found `…`"),
            ("found `a`SECRET`b`, expected `x`", "found `…`"),
            ("string \"a \\\" SECRET\", expected u64", "string \"…\", expected u64"),
            ("data that starts with 6d 65 6f 75: no image", "data that starts with … no image"),
            (
                "offset 0x10: it has 12 bytes of the manifest's",
                "offset 0x10: it has 12 bytes of the manifest's",
            ),
        ] {
            assert_eq!(without(text), expected);
        }
    }
}
