//! Why a request failed.

use std::borrow::Cow;
use std::time::Duration;

use lw_model::{Class, Diagnose};
use lw_retry::Failure;

use crate::address::{Address, AddressError};

/// The most characters of an answer that an error quotes.
const QUOTED: usize = 200;

/// A request that failed, and where it went: without the query, and with nothing of what was sent.
#[derive(Debug, thiserror::Error)]
#[error("{method} {address}: {kind}")]
pub struct Error {
    /// The method.
    pub method: &'static str,
    /// Where it went.
    pub address: Address,
    /// What happened.
    pub kind: ErrorKind,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
}

/// What happened to a request.
#[derive(Debug, thiserror::Error)]
pub enum ErrorKind {
    /// The host has no address.
    #[error("the host has no address")]
    NoAddress,
    /// There was no connection.
    #[error("no connection: {0}")]
    NoConnection(String),
    /// There was a connection and no trust.
    #[error("TLS: {0}")]
    Tls(String),
    /// A time was over.
    #[error("it took too long ({0})")]
    TimedOut(String),
    /// The connection ended or broke before the answer did.
    #[error("the answer broke off: {0}")]
    BrokeOff(String),
    /// The answer is longer than it may be.
    #[error("the answer has more than {0} bytes")]
    TooLong(u64),
    /// The server answered with a status that is no success.
    #[error("the server answered {status}{}", said(.body))]
    Status {
        /// The status.
        status: u16,
        /// What it said, cut short and without control characters.
        body: String,
    },
    /// The server answered with something else than JSON, or with another JSON.
    #[error("the answer is not the JSON that was asked for: {why}{}", said(.body))]
    NotJson {
        /// What is wrong with it.
        why: String,
        /// How it begins.
        body: String,
    },
    /// The server sent it elsewhere, where it does not go.
    #[error("the server sent it elsewhere: {0}")]
    Redirect(String),
    /// The token cannot be part of a request.
    #[error("the token has characters that no token has")]
    Token,
    /// The request cannot be sent at all.
    #[error("it cannot be sent: {0}")]
    Request(String),
}

fn said(body: &str) -> String {
    if body.is_empty() { String::new() } else { format!(": {body}") }
}

impl Error {
    /// What a policy of repetition is told of it.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match &self.kind {
            ErrorKind::NoAddress | ErrorKind::NoConnection(_) => Failure::NotSent,
            ErrorKind::TimedOut(_) | ErrorKind::BrokeOff(_) => Failure::NoAnswer,
            ErrorKind::Status { status, .. } => Failure::Status(*status),
            ErrorKind::NotJson { .. } => Failure::NotUnderstood,
            // None of these goes away by itself.
            ErrorKind::Tls(_)
            | ErrorKind::TooLong(_)
            | ErrorKind::Redirect(_)
            | ErrorKind::Token
            | ErrorKind::Request(_) => Failure::Status(400),
        }
    }

    /// The status, when the server answered.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.kind {
            ErrorKind::Status { status, .. } => Some(status),
            _ => None,
        }
    }
}

impl Diagnose for Error {
    fn class(&self) -> Class {
        match self.kind {
            ErrorKind::Token | ErrorKind::Request(_) => Class::Usage,
            _ => Class::Remote,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match &self.kind {
            ErrorKind::NoAddress => {
                "is the name right, and does this machine reach a name server, or need a proxy (HTTPS_PROXY)?"
            }
            ErrorKind::NoConnection(_) => {
                "is the server up, and does this machine need a proxy (HTTPS_PROXY)?"
            }
            ErrorKind::Tls(_) => {
                "if a proxy of your own looks into TLS, name its certificate with SSL_CERT_FILE"
            }
            ErrorKind::TimedOut(_) | ErrorKind::BrokeOff(_) => {
                "it was repeated as often as it may be; try again later"
            }
            ErrorKind::TooLong(_) => "no answer that is asked for is as long; is the address right?",
            ErrorKind::Status { status: 401, .. } => "the token is wrong, expired, or for something else",
            ErrorKind::Status { status: 403, .. } => "the token may not do this",
            ErrorKind::Status { status: 404, .. } => "is the address right, and may the token see it?",
            ErrorKind::Status { status: 429, .. } => "the server is asked too often; try again later",
            ErrorKind::Status { status: 500.., .. } => "the server has a problem; try again later",
            ErrorKind::Status { .. } => return None,
            ErrorKind::NotJson { .. } => "a proxy or a sign-in page may have answered in the server's place",
            ErrorKind::Redirect(_) => "give the address it is sent to, if you trust it",
            ErrorKind::Token => {
                "a token is one line of printable characters: look for a line break or a space in it"
            }
            ErrorKind::Request(_) => return None,
        };
        Some(hint.into())
    }
}

impl From<AddressError> for ErrorKind {
    fn from(error: AddressError) -> Self {
        Self::Request(error.to_string())
    }
}

/// How an answer begins, for people: one line without control characters. It is foreign all the same, and escaped where it is shown.
#[must_use]
pub fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..4 * QUOTED).unwrap_or(body)).into_owned();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(QUOTED).collect();
    if short.len() < line.len() || body.len() > 4 * QUOTED {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_quoted_in_one_line_and_cut() {
        assert_eq!(beginning(b" a\r\n\x1b[31m b\0c "), "a [31m b c");
        assert_eq!(beginning(b""), "");
        assert_eq!(beginning(&[0xff, b'x']), "\u{fffd}x");
        let long = beginning("ü".repeat(5000).as_bytes());
        assert_eq!(long.chars().count(), QUOTED + 1);
        assert_eq!(beginning(&[b'x'; QUOTED]), "x".repeat(QUOTED));
    }
}
