//! Every guise in which a secret may turn up where it must not.

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use crate::Secret;

/// Shorter text turns up by chance.
const SHORTEST: usize = 8;

/// Shortest line of a text that is searched for by itself.
const SHORTEST_LINE: usize = 16;

/// A secret in one of its guises.
#[derive(Debug)]
pub struct Form {
    /// What it is: `base64`, `hexadecimal digits of the decoded PEM`.
    pub name: String,
    /// The bytes to search for.
    pub bytes: Secret,
}

/// The forms of a secret to search outputs for: as it is, without its line breaks, each long line of it, what it decodes
/// to (PEM, Base64, hexadecimal digits, one inside the other), and each of these encoded again: Base64 at any offset inside a
/// longer text, its URL alphabet, hexadecimal digits, JSON, percent encoding, a list of numbers as `Debug` prints bytes.
///
/// For tests and checks: each form is a copy of the secret.
#[must_use]
pub fn forms(secret: &Secret) -> Vec<Form> {
    let mut plain: Vec<(String, Zeroizing<Vec<u8>>)> =
        vec![(String::new(), Zeroizing::new(secret.expose().to_vec()))];
    // What a decoded one decodes to: Base64 of PEM of DER.
    let mut index = 0;
    while let Some((name, bytes)) = plain.get(index) {
        for (how, decoded) in decoded(bytes) {
            let name = if name.is_empty() { how.to_owned() } else { format!("{how} in {name}") };
            if plain.len() < 8 && !plain.iter().any(|(_, known)| *known == decoded) {
                plain.push((name, decoded));
                break;
            }
        }
        index += 1;
    }
    let mut found = Vec::new();
    for (of, bytes) in &plain {
        let mut add = |name: &str, bytes: Vec<u8>| {
            let name = if of.is_empty() { name.to_owned() } else { format!("{name} of the {of}") };
            push(&mut found, name, bytes);
        };
        add("the secret itself", bytes.to_vec());
        if let Ok(text) = std::str::from_utf8(bytes) {
            let trimmed = text.trim();
            add("without white space around", trimmed.as_bytes().to_vec());
            add("without line breaks", trimmed.replace(['\r', '\n'], "").into_bytes());
            add("line breaks as spaces", trimmed.replace("\r\n", "\n").replace('\n', " ").into_bytes());
            for line in trimmed.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE) {
                // The frame of a PEM is no secret.
                if !line.starts_with("---") && !line.starts_with("untrusted comment:") {
                    add("a line", line.as_bytes().to_vec());
                }
            }
            let json = json(trimmed);
            add("JSON", json.replace('/', "\\/").into_bytes());
            add("JSON", json.into_bytes());
        }
        let trimmed = bytes.trim_ascii();
        for text in [bytes.as_slice(), trimmed] {
            for skipped in 0..3 {
                // A whole number of groups is the same wherever the text ends.
                let Some(rest) = text.get(skipped..) else { continue };
                let whole = rest.get(..rest.len() - rest.len() % 3).unwrap_or_default();
                let base64 = Base64::encode_string(whole);
                add("Base64 in lines", in_lines(&base64, 64).into_bytes());
                add("Base64 in lines", in_lines(&base64, 76).into_bytes());
                add("Base64", base64.into_bytes());
                add("Base64 for URLs", Base64UrlUnpadded::encode_string(whole).into_bytes());
            }
            add("hexadecimal digits", base16ct::lower::encode_string(text).into_bytes());
            add("hexadecimal digits", base16ct::upper::encode_string(text).into_bytes());
            add(
                "hexadecimal digits with `:`",
                separated(text, ":", |byte| format!("{byte:02x}")).into_bytes(),
            );
            add(
                "hexadecimal digits with spaces",
                separated(text, " ", |byte| format!("{byte:02x}")).into_bytes(),
            );
            add("a list of numbers", separated(text, ", ", |byte| byte.to_string()).into_bytes());
            add("a list of numbers", separated(text, ",", |byte| byte.to_string()).into_bytes());
            let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            add("percent encoding", percent(text, keep).into_bytes());
            add("percent encoding", percent(text, |byte| keep(byte) || b"/:=+".contains(&byte)).into_bytes());
            add("escaped as `Debug` does", text.escape_ascii().to_string().into_bytes());
        }
    }
    found
}

fn push(found: &mut Vec<Form>, name: String, bytes: Vec<u8>) {
    let bytes = Secret::new(bytes);
    // The secret itself counts at any length.
    let long = bytes.expose().len() >= SHORTEST || (found.is_empty() && !bytes.is_blank());
    if long && !found.iter().any(|known| known.bytes.expose() == bytes.expose()) {
        found.push(Form { name, bytes });
    }
}

/// What bytes decode to, each with its name.
fn decoded(bytes: &[u8]) -> Vec<(&'static str, Zeroizing<Vec<u8>>)> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Vec::new() };
    let mut found = Vec::new();
    if let Some(body) = pem_body(text)
        && let Some(decoded) = from_base64(body)
    {
        found.push(("decoded PEM", decoded));
    }
    let words: String = text.split_ascii_whitespace().collect();
    if words.len() >= 2 * SHORTEST
        && words.len().is_multiple_of(2)
        && let Ok(decoded) = base16ct::mixed::decode_vec(&words)
    {
        found.push(("decoded hexadecimal digits", Zeroizing::new(decoded)));
    }
    if let Some(decoded) = from_base64(text).filter(|decoded| decoded.len() >= SHORTEST) {
        found.push(("decoded Base64", decoded));
    }
    // minisign and signify: a comment, then a line of Base64.
    if let Some((first, rest)) = text.split_once('\n')
        && first.starts_with("untrusted comment:")
        && let Some(decoded) = from_base64(rest.lines().next().unwrap_or_default())
    {
        found.push(("decoded key", decoded));
    }
    found
}

/// What stands between the frames of the first PEM, without header lines.
fn pem_body(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (_, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    // `DEK-Info` and its like end in an empty line.
    Some(body.rsplit_once("\n\n").map_or(body, |(_, body)| body))
}

fn from_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text: Zeroizing<String> = Zeroizing::new(
        text.split_ascii_whitespace()
            .collect::<String>()
            .trim_end_matches('=')
            .replace('-', "+")
            .replace('_', "/"),
    );
    if text.is_empty() {
        return None;
    }
    base64ct::Base64Unpadded::decode_vec(&text).ok().map(Zeroizing::new)
}

fn in_lines(text: &str, width: usize) -> String {
    let lines: Vec<&str> =
        text.as_bytes().chunks(width).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    lines.join("\n")
}

fn separated(bytes: &[u8], between: &str, shown: impl Fn(u8) -> String) -> String {
    bytes.iter().map(|byte| shown(*byte)).collect::<Vec<_>>().join(between)
}

fn percent(bytes: &[u8], keep: impl Fn(u8) -> bool) -> String {
    let one = |byte: &u8| if keep(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    bytes.iter().map(one).collect()
}

fn json(text: &str) -> String {
    let one = |c: char| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        c if c.is_ascii_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    /// The key in it: 48 bytes of PKCS#8 (RFC 8410, section 10.3).
    const DER_HEX: &str =
        "302e020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842";

    fn has(secret: &[u8], text: &[u8]) -> bool {
        let forms = forms(&Secret::new(secret.to_vec()));
        forms
            .iter()
            .any(|form| text.windows(form.bytes.expose().len()).any(|part| part == form.bytes.expose()))
    }

    #[test]
    fn a_pem_is_found_in_every_guise() {
        let base64 = Base64::encode_string(PEM.as_bytes());
        let body = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
        let der = base16ct::mixed::decode_vec(DER_HEX).unwrap();
        let around = |shift: usize| {
            let text = format!("{}{PEM}and more", "x".repeat(shift));
            Base64::encode_string(text.as_bytes())
        };
        for (what, text) in [
            ("raw", format!("error: {PEM}").into_bytes()),
            ("one line", PEM.replace('\n', "").into_bytes()),
            ("spaces", PEM.replace('\n', " ").into_bytes()),
            ("CRLF", PEM.replace('\n', "\r\n").into_bytes()),
            ("body", format!("[{body}]").into_bytes()),
            ("base64", base64.clone().into_bytes()),
            ("base64 in lines", in_lines(&base64, 76).into_bytes()),
            ("base64 at offset 1", around(1).into_bytes()),
            ("base64 at offset 2", around(2).into_bytes()),
            ("DER", der.clone()),
            ("hex of DER", DER_HEX.as_bytes().to_vec()),
            ("HEX of DER", DER_HEX.to_uppercase().into_bytes()),
            ("Debug of DER", format!("{der:?}").into_bytes()),
            ("pretty colons", separated(&der, ":", |byte| format!("{byte:02x}")).into_bytes()),
            ("URL", Base64UrlUnpadded::encode_string(&der).into_bytes()),
            ("JSON", format!("{PEM:?}").into_bytes()),
            (
                "percent",
                PEM.replace(' ', "%20")
                    .replace('\n', "%0A")
                    .replace('+', "%2B")
                    .replace('/', "%2F")
                    .into_bytes(),
            ),
        ] {
            assert!(has(PEM.as_bytes(), &text), "{what}");
            assert!(has(base64.as_bytes(), &text), "{what}, of a secret that is Base64 of PEM");
        }
        assert!(
            !has(PEM.as_bytes(), b"-----BEGIN PRIVATE KEY-----\nsomething else"),
            "the frame is no secret"
        );
    }

    #[test]
    fn a_token_is_found_and_other_text_is_not() {
        let token = b"hunter2";
        assert!(has(token, b"token=hunter2&x"));
        assert!(has(b"hunter2 and more\n", b"x hunter2 and more"));
        assert!(has(b"s3cr;et%/x", b"?t=s3cr%3Bet%25%2Fx"));
        assert!(has(b"a\"b\\c-is-long", br#"{"t": "a\"b\\c-is-long"}"#));
        assert!(!has(token, b"hunter3"));
        assert!(!has(b"", b"anything") && !has(b"\n", b"a\nb"));
    }

    #[test]
    fn hexadecimal_digits_are_decoded() {
        assert!(has(DER_HEX.as_bytes(), &base16ct::mixed::decode_vec(DER_HEX).unwrap()));
    }
}
