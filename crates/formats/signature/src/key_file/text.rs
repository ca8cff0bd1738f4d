//! PEM and base64 as people and CI systems hand them on: lost line breaks, other line breaks, blanks around them.

use base64ct::{Base64, Encoding as _};
use zeroize::Zeroizing;

use super::error::KeyFileError;

/// A block of a PEM file (RFC 7468), not decoded yet.
pub(super) struct Block<'a> {
    /// Its label, when it is one that is known.
    pub(super) label: Option<Label>,
    /// The line it starts in, counted from 1.
    pub(super) line: usize,
    /// What is between the first and the last line of the block.
    body: &'a str,
    /// The line the body starts in.
    body_line: usize,
}

/// The labels of PEM blocks that are known. Others are never repeated in a message: they are foreign text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    Pkcs8,
    EncryptedPkcs8,
    Pkcs1,
    Sec1,
    Dsa,
    OpenSsh,
    Spki,
    Pkcs1Public,
    Certificate,
    TrustedCertificate,
    Request,
    EcParameters,
    DhParameters,
    DsaParameters,
    RevocationList,
    Pkcs7,
    Cms,
    PgpPrivate,
    PgpPublic,
    PgpMessage,
    PgpSigned,
    PgpSignature,
    Cosign,
    Sigstore,
    Tpm,
    SshSignature,
    Age,
    SshPublic,
}

/// Labels as they are written. Where two are the same block, the first one is the usual one.
const LABELS: [(&str, Label); 32] = [
    ("PRIVATE KEY", Label::Pkcs8),
    ("ENCRYPTED PRIVATE KEY", Label::EncryptedPkcs8),
    ("RSA PRIVATE KEY", Label::Pkcs1),
    ("EC PRIVATE KEY", Label::Sec1),
    ("DSA PRIVATE KEY", Label::Dsa),
    ("OPENSSH PRIVATE KEY", Label::OpenSsh),
    ("PUBLIC KEY", Label::Spki),
    ("RSA PUBLIC KEY", Label::Pkcs1Public),
    ("CERTIFICATE", Label::Certificate),
    ("X509 CERTIFICATE", Label::Certificate),
    ("TRUSTED CERTIFICATE", Label::TrustedCertificate),
    ("CERTIFICATE REQUEST", Label::Request),
    ("NEW CERTIFICATE REQUEST", Label::Request),
    ("EC PARAMETERS", Label::EcParameters),
    ("DH PARAMETERS", Label::DhParameters),
    ("DSA PARAMETERS", Label::DsaParameters),
    ("X509 CRL", Label::RevocationList),
    ("PKCS7", Label::Pkcs7),
    ("PKCS #7 SIGNED DATA", Label::Pkcs7),
    ("CMS", Label::Cms),
    ("PGP PRIVATE KEY BLOCK", Label::PgpPrivate),
    ("PGP PUBLIC KEY BLOCK", Label::PgpPublic),
    ("PGP MESSAGE", Label::PgpMessage),
    ("PGP SIGNED MESSAGE", Label::PgpSigned),
    ("PGP SIGNATURE", Label::PgpSignature),
    ("ENCRYPTED COSIGN PRIVATE KEY", Label::Cosign),
    ("ENCRYPTED SIGSTORE PRIVATE KEY", Label::Sigstore),
    ("TSS2 PRIVATE KEY", Label::Tpm),
    ("TSS2 KEY BLOB", Label::Tpm),
    ("SSH SIGNATURE", Label::SshSignature),
    ("AGE ENCRYPTED FILE", Label::Age),
    ("SSH2 PUBLIC KEY", Label::SshPublic),
];

impl Label {
    fn from_name(name: &str) -> Option<Self> {
        LABELS.iter().find(|(text, _)| *text == name).map(|(_, label)| *label)
    }

    /// Whether no block with this label is ever read: it is only named.
    fn is_never_read(self) -> bool {
        !matches!(
            self,
            Self::Pkcs8
                | Self::EncryptedPkcs8
                | Self::Pkcs1
                | Self::Sec1
                | Self::OpenSsh
                | Self::Spki
                | Self::Pkcs1Public
                | Self::Certificate
        )
    }

    /// As it is written in a file.
    pub(super) fn name(self) -> &'static str {
        LABELS.iter().find(|(_, label)| *label == self).map_or("", |(text, _)| text)
    }
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

fn fault(line: usize, reason: impl Into<String>) -> KeyFileError {
    KeyFileError::Text { line, reason: reason.into() }
}

/// `-----BEGIN EC PRIVATE KEY-----`, or without the label when it is none that is known.
fn frame(start: &str, label: Option<Label>) -> String {
    label.map_or_else(|| format!("`{start}…`"), |label| format!("`{start}{}{DASHES}`", label.name()))
}

/// All blocks of a text, wherever they start; what is between them is not looked at (RFC 7468, 2: explanatory text).
pub(super) fn blocks(text: &str) -> Result<Vec<Block<'_>>, KeyFileError> {
    let mut blocks = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(found) = rest.find(BEGIN) else {
            if let Some(end) = rest.find(END) {
                let line = line_of(text, at + end);
                return Err(fault(line, "a PEM block ends that has not begun: its first lines are missing"));
            }
            return Ok(blocks);
        };
        let start = at + found;
        let line = line_of(text, start);
        let after = text.get(start + BEGIN.len()..).unwrap_or_default();
        let Some(label_length) = after.find(DASHES).filter(|length| *length <= 64) else {
            return Err(fault(line, "the first line of a PEM block has no `-----` at its end"));
        };
        let label_text = after.get(..label_length).unwrap_or_default();
        let label = Label::from_name(label_text);
        let body_start = start + BEGIN.len() + label_length + DASHES.len();
        let body = text.get(body_start..).unwrap_or_default();
        if label.is_some_and(Label::is_never_read) {
            // What it is says enough; what is in it is not looked at.
            blocks.push(Block { label, line, body: "", body_line: line });
            let end = format!("{END}{label_text}{DASHES}");
            at = body.find(&end).map_or(text.len(), |length| body_start + length + end.len());
            continue;
        }
        let missing = || {
            let end = frame(END, label);
            fault(line, format!("the PEM block that begins here is cut off: its last line {end} is missing"))
        };
        let length = body.find(END).ok_or_else(missing)?;
        let tail = body.get(length + END.len()..).unwrap_or_default();
        let body = body.get(..length).unwrap_or_default();
        if body.contains(BEGIN) {
            return Err(missing());
        }
        let end_line = line_of(text, body_start + length);
        let end_length = tail.find(DASHES).filter(|length| *length <= 64).ok_or_else(|| {
            fault(
                end_line,
                format!("the last line of the PEM block is damaged; expected {}", frame(END, label)),
            )
        })?;
        let end_text = tail.get(..end_length).unwrap_or_default();
        if end_text != label_text {
            let found = frame(END, Label::from_name(end_text));
            let reason = format!(
                "the PEM block begins with {} and ends with {found}; expected the same label",
                frame(BEGIN, label)
            );
            return Err(fault(end_line, reason));
        }
        blocks.push(Block { label, line, body, body_line: line_of(text, body_start) });
        at = body_start + length + END.len() + end_length + DASHES.len();
    }
}

impl Block<'_> {
    /// Whether it is encrypted the old way, with headers before the base64 (RFC 1421).
    pub(super) fn is_legacy_encrypted(&self) -> bool {
        self.body.contains("Proc-Type:") && self.body.contains("ENCRYPTED")
    }

    /// What the base64 stands for.
    pub(super) fn decode(&self) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        decode_body(self.body, self.body_line).and_then(|decoded| {
            if decoded.is_empty() {
                return Err(fault(self.line, "the PEM block that begins here has nothing in it"));
            }
            Ok(decoded)
        })
    }
}

/// Reads base64 with blanks and line breaks anywhere, and with `\n` written out; `line` is where it starts.
pub(super) fn decode_body(body: &str, line: usize) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    // As long as it can get, so that nothing is left behind by growing.
    let mut plain = Zeroizing::new(Vec::with_capacity(body.len()));
    let mut characters = body.char_indices().peekable();
    let mut padding = 0;
    while let Some((offset, character)) = characters.next() {
        match character {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' if padding == 0 => plain.push(character as u8),
            '=' if padding < 2 => {
                padding += 1;
                plain.push(b'=');
            }
            '\\' if characters.next_if(|(_, next)| matches!(next, 'n' | 'r')).is_some() => {}
            _ if character.is_whitespace() => {}
            _ => {
                let before = body.get(..offset).unwrap_or_default();
                let column = 1 + before.rsplit('\n').next().unwrap_or_default().chars().count();
                let line = line + before.matches('\n').count();
                let reason = if character == '=' || padding > 0 {
                    "the base64 goes on after its end (`=`)"
                } else {
                    "this is no character of base64"
                };
                return Err(fault(line, format!("character {column}: {reason}")));
            }
        }
    }
    let last = line + body.trim_end().matches('\n').count();
    if plain.len() % 4 != 0 {
        let reason = format!(
            "the base64 that ends here has {} characters, which is no multiple of 4: some are missing or added",
            plain.len()
        );
        return Err(fault(last, reason));
    }
    let mut decoded = Zeroizing::new(vec![0; plain.len() / 4 * 3]);
    let length = Base64::decode(plain.as_slice(), &mut decoded)
        .map_err(|_| fault(last, "the base64 that ends here is damaged in its last characters"))?
        .len();
    decoded.truncate(length);
    Ok(decoded)
}
