//! What is a secret by its looks.

use crate::Secret;

/// How a key begins: its armour, the Base64 of armour and of `openssh-key-v1`, minisign's and signify's marks.
const KEYS: [&str; 8] = [
    "-----BEGIN",
    "LS0tLS1CRUdJTi",
    "b3BlbnNzaC1rZXktdjE",
    "untrusted comment:",
    "PuTTY-User-Key-File",
    "RWRTY0Iy",
    "RWRCSw",
    "AGE-SECRET-KEY-",
];

/// How tokens begin that are told by it.
const TOKENS: [&str; 13] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "glrt-",
    "xoxb-",
    "xoxp-",
    "npm_",
    "pypi-",
    "eyJhbGciOi",
];

/// How the Base64 of a key in DER begins: a SEQUENCE of 46, 119, or more than 127 bytes.
const DER: [&str; 5] = ["MC4C", "MHcC", "MIG", "MIH", "MII"];

/// With fewer characters after it a beginning is only the beginning of some name.
const AFTER_BEGINNING: usize = 12;

/// Digits of a key of 256 bits in hexadecimal.
const HEX_DIGITS: usize = 64;

/// Characters of Base64 without a `/` that are no word of a path: a key of 256 bits has 43.
const BASE64_RUN: usize = 40;

/// Characters of an API key of Balena: letters of both cases and digits.
const API_KEY: usize = 32;

/// Whether text that should name a source is more likely the secret itself: PEM or another armour, several lines, a token of
/// a known kind, long Base64 or hexadecimal digits.
///
/// A file with such a name can still be meant: with `./` before it.
#[must_use]
pub fn looks_like_secret(text: &str) -> bool {
    if text.contains(['\n', '\r', '\0']) || text.contains("-----BEGIN") || text.contains("PRIVATE KEY") {
        return true;
    }
    let text = text.trim();
    if text.starts_with("./") || text.starts_with("../") || text.starts_with(".\\") {
        return false;
    }
    let known = |beginning: &&str| {
        text.strip_prefix(*beginning)
            .is_some_and(|rest| rest.len() >= AFTER_BEGINNING && !rest.contains(['\\', '.']))
    };
    if KEYS.iter().chain(&TOKENS).any(known) || is_der(text) {
        return true;
    }
    if is_jwt(text)
        || (text.len() == API_KEY && is_mixed(text) && text.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    {
        return true;
    }
    if text.len() >= HEX_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return true;
    }
    // Base64 that is filled up: no name ends like this.
    if text.len() >= 20 && text.ends_with('=') && text.bytes().all(|byte| is_base64(byte) || byte == b'/') {
        return true;
    }
    text.split('/').any(is_base64_run)
}

/// Whether a secret is a key rather than a token or a passphrase: of several lines, in armour, DER, or Base64 of these.
///
/// A CI that is told to hide a value has to be told the value, in a log it may already have written: a key is never told.
#[must_use]
pub fn is_key_material(secret: &Secret) -> bool {
    let Some(text) = secret.expose_text().map(str::trim) else { return true };
    text.contains(['\n', '\r', '\0'])
        || text.contains("-----BEGIN")
        || text.contains("PRIVATE KEY")
        || KEYS.iter().any(|beginning| text.starts_with(beginning))
        || is_der(text)
}

/// Whether text is the Base64 of a key in DER.
fn is_der(text: &str) -> bool {
    text.len() >= BASE64_RUN
        && DER.iter().any(|beginning| text.starts_with(beginning))
        && text.bytes().all(|byte| is_base64(byte) || byte == b'/')
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'_' | b'=')
}

/// Whether text is a JSON Web Token: three parts of Base64 for addresses, of which the first two are objects (RFC 7519).
fn is_jwt(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let [header, claims, signature] = parts[..] else { return false };
    let is_base64 =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    header.starts_with("eyJ")
        && claims.starts_with("eyJ")
        && [header, claims, signature].into_iter().all(is_base64)
}

/// Long text of Base64 in which both cases and digits stand, as chance has it and names have not.
fn is_base64_run(part: &str) -> bool {
    part.len() >= BASE64_RUN && part.bytes().all(is_base64) && is_mixed(part)
}

fn is_mixed(text: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| text.as_bytes().iter().any(kind);
    has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_by_their_looks() {
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----\n";
        for secret in [
            pem,
            &pem.replace('\n', ""),
            &pem.replace('\n', " "),
            "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1DNENBUUF3",
            "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/x",
            "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC",
            "1O5y2/kTWErVttjx92n4rTr+fCjL8dT74Jeoj0R1WEI=",
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "glpat-abcdefghij0123456789",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9eyJzdWIiOiIxIn0",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.dGhlIHNpZ25hdHVyZQ",
            "eyJ0eXAiOiJKV1QifQ.eyJpZCI6MX0.c2ln",
            "Zx81QL90aB3dE5fG7hJ9kL1mN3pQ5rS7",
            "RWRTY0Iyabcdefghijklmnopqrstuvwxyz",
            "two\nlines",
        ] {
            assert!(looks_like_secret(secret), "{secret}");
        }
    }

    #[test]
    fn keys_are_told_from_tokens() {
        for key in [
            "-----BEGIN EC PRIVATE KEY-----",
            "LS0tLS1CRUdJTiBQUklWQVRF",
            "b3BlbnNzaC1rZXktdjEAAAA",
            "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC",
            "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7",
            "two\nlines",
        ] {
            assert!(is_key_material(&Secret::new(key.into())), "{key}");
        }
        assert!(is_key_material(&Secret::new(vec![0x30, 0x82, 0xff])));
        for token in ["ghs_16C7e42F292c6912E7710c838347Ae178B4a", "hunter2", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"]
        {
            assert!(!is_key_material(&Secret::new(token.into())), "{token}");
        }
    }

    #[test]
    fn names_of_files_are_no_secrets() {
        for name in [
            "key.pem",
            "keys/release-2026.pem",
            "/home/runner/work/_temp/4b1f8a52-7c52-4a3e-8b0a-1f2e3d4c5b6a/signing.key",
            "/home/runner/work/lwActions2/lwActions2/build/esp32c3/Release/secureBoot/signingKeys/productionKey",
            "C:\\Users\\me\\AppData\\Local\\Temp\\key.pem",
            "$(minisign.key)",
            "./9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "ghp_notes",
            "MIIcerts/ca.pem",
            "eyJson.keys.txt",
            "release-key-of-2026-for-Firmware",
            "MIGRATION_SIGNING_KEY",
            "MIGRATION/SIGNING/KEYS/OF/THE/LAST/RELEASE.pem",
            "npm_keys/of.pem",
            "a-long-name-of-words-that-is-no-secret-at-all-and-has-only-small-letters",
            "",
        ] {
            assert!(!looks_like_secret(name), "{name}");
        }
    }
}
