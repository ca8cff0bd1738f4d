//! Where a secret is read from.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use lw_model::{Class, Diagnose};

use crate::looks::looks_like_secret;

/// The place a secret is read from, as a command line, an input of an action or `lw.toml` names it.
///
/// `env:NAME`, `fd:N`, `-` for standard input; anything else is the path of a file. `./` before a path makes it one in any
/// case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A descriptor that the caller has opened: `lw … 3<key.pem`.
    Descriptor(u32),
    /// Standard input, to its end.
    Stdin,
    /// A file.
    File(PathBuf),
}

/// Why text is no source of a secret. None of these messages repeats the text: it may be the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// It is the secret itself, by its looks.
    #[error("a secret does not belong on the command line; the value is not shown")]
    IsSecret,
    /// There is no text.
    #[error("no source of the secret is named")]
    Empty,
    /// `env:` without a name, or with what is none.
    #[error("what stands after `env:` is no name of an environment variable; the value is not shown")]
    Variable,
    /// `fd:` without a number.
    #[error("what stands after `fd:` is no number of a descriptor; the value is not shown")]
    Descriptor,
    /// Another word before the colon.
    #[error("the kind of source before the `:` is not known; the value is not shown")]
    Kind,
}

impl Diagnose for SourceError {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::IsSecret => {
                    "every user of the machine can read it there: put it into an environment variable, and name that with `env:NAME`; a file whose name looks like a secret is named with `./` before it"
                }
                Self::Variable => {
                    "write `env:NAME`, the name alone, without `$`: letters, digits and `_`, no digit first"
                }
                Self::Empty | Self::Descriptor | Self::Kind => {
                    "name it with `env:NAME`, `fd:N`, `-` for standard input, or the path of a file (with `./` before it when it holds a `:`)"
                }
            }
            .into(),
        )
    }
}

impl FromStr for SecretSource {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        if looks_like_secret(text) {
            return Err(SourceError::IsSecret);
        }
        if text.trim().is_empty() {
            return Err(SourceError::Empty);
        }
        if text == "-" {
            return Ok(Self::Stdin);
        }
        if let Some((kind, rest)) = text.split_once(':').filter(|(kind, _)| is_kind(kind)) {
            if looks_like_secret(rest) {
                return Err(SourceError::IsSecret);
            }
            return match kind {
                "env" if is_variable(rest) => Ok(Self::Env(rest.to_owned())),
                "env" => Err(SourceError::Variable),
                "fd" => match rest.parse() {
                    Ok(0) => Ok(Self::Stdin),
                    Ok(number) if rest.bytes().all(|byte| byte.is_ascii_digit()) => {
                        Ok(Self::Descriptor(number))
                    }
                    _ => Err(SourceError::Descriptor),
                },
                _ => Err(SourceError::Kind),
            };
        }
        Ok(Self::File(PathBuf::from(text)))
    }
}

impl fmt::Display for SecretSource {
    /// Names the source as it was written; what it holds is not known here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::Descriptor(number) => write!(f, "fd:{number}"),
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// A word before a colon that is no drive of Windows.
fn is_kind(text: &str) -> bool {
    (2..=16).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-'))
}

fn is_variable(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_source_is_read_and_named() {
        for (text, source, shown) in [
            ("env:SIGNING_KEY", SecretSource::Env("SIGNING_KEY".into()), "env:SIGNING_KEY"),
            ("fd:3", SecretSource::Descriptor(3), "fd:3"),
            ("fd:0", SecretSource::Stdin, "standard input"),
            ("-", SecretSource::Stdin, "standard input"),
            ("keys/a.pem", SecretSource::File("keys/a.pem".into()), "keys/a.pem"),
            ("./env:A", SecretSource::File("./env:A".into()), "./env:A"),
            (r"C:\key.pem", SecretSource::File(r"C:\key.pem".into()), r"C:\key.pem"),
        ] {
            let read: SecretSource = text.parse().unwrap();
            assert_eq!(read, source);
            assert_eq!(read.to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_source_is_not_repeated() {
        let key = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
        for (text, error) in [
            (key.to_owned(), SourceError::IsSecret),
            (format!("env:{key}"), SourceError::IsSecret),
            ("-----BEGIN PRIVATE KEY-----".to_owned(), SourceError::IsSecret),
            (String::new(), SourceError::Empty),
            ("  ".to_owned(), SourceError::Empty),
            ("env:".to_owned(), SourceError::Variable),
            ("env:$hunter2".to_owned(), SourceError::Variable),
            ("env:2FAST".to_owned(), SourceError::Variable),
            ("fd:".to_owned(), SourceError::Descriptor),
            ("fd:+3".to_owned(), SourceError::Descriptor),
            ("fd:99999999999".to_owned(), SourceError::Descriptor),
            ("pass:hunter2".to_owned(), SourceError::Kind),
            ("https://user:hunter2@host/key".to_owned(), SourceError::Kind),
        ] {
            let found = text.parse::<SecretSource>().unwrap_err();
            assert_eq!(found, error, "{text}");
            let said = format!("{found} {found:?} {}", found.hint().unwrap_or_default());
            assert!(!said.contains("hunter2") && !said.contains(key), "{said}");
        }
    }
}
