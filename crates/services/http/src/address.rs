//! Where a request goes.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use lw_model::{Class, Diagnose};
use ureq::http::Uri;
use ureq::http::uri::Scheme;

/// An address a request may be sent to: HTTPS, or HTTP on this machine, without a name or password in it.
///
/// `Debug` and `Display` leave the query out, which may hold what is nobody's concern.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Arc<Uri>);

/// Why an address is not sent to. None repeats the address: whatever is wrong with it may be a secret in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is no address with a scheme and a host.
    #[error("it is no address of the form https://host/path")]
    Malformed,
    /// It would be sent in the clear.
    #[error("it is neither https nor on this machine")]
    NotHttps,
    /// It holds a name or a password.
    #[error("it holds a name or a password")]
    Credentials,
}

impl Diagnose for AddressError {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<std::borrow::Cow<'static, str>> {
        Some(match self {
            Self::Malformed => "give the whole address, such as https://api.example.com".into(),
            Self::NotHttps => "use https; http is for 127.0.0.1, [::1] and localhost".into(),
            Self::Credentials => "give the token by its own setting".into(),
        })
    }
}

impl Address {
    /// Checks an address.
    ///
    /// # Errors
    /// When nothing may be sent to it.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let uri: Uri = text.parse().map_err(|_| AddressError::Malformed)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(AddressError::Malformed);
        };
        if authority.as_str().contains('@') {
            return Err(AddressError::Credentials);
        }
        if authority.host().is_empty() {
            return Err(AddressError::Malformed);
        }
        let is_allowed =
            *scheme == Scheme::HTTPS || (*scheme == Scheme::HTTP && is_loopback(authority.host()));
        if is_allowed { Ok(Self(Arc::new(uri))) } else { Err(AddressError::NotHttps) }
    }

    /// The address a redirect leads to, when it is of the same origin: scheme, host and port.
    pub(crate) fn redirected(&self, location: &str) -> Option<Self> {
        let next = if location.starts_with('/') && !location.starts_with("//") {
            let origin = format!("{}://{}", self.0.scheme_str()?, self.0.authority()?);
            Self::parse(&format!("{origin}{location}")).ok()?
        } else {
            Self::parse(location).ok()?
        };
        self.is_of_same_origin(&next).then_some(next)
    }

    /// Whether scheme, host and port are the same: what one of them may know, the other may.
    #[must_use]
    pub fn is_of_same_origin(&self, other: &Self) -> bool {
        self.origin() == other.origin()
    }

    fn origin(&self) -> (bool, String, u16) {
        let is_https = self.0.scheme() == Some(&Scheme::HTTPS);
        let host = self.0.host().unwrap_or_default().to_ascii_lowercase();
        (is_https, host, self.0.port_u16().unwrap_or(if is_https { 443 } else { 80 }))
    }

    /// Whether it is on this machine: no proxy is asked for it.
    pub(crate) fn is_local(&self) -> bool {
        self.0.host().is_some_and(is_loopback)
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.0
    }
}

/// Whether a host is this machine, by its literal name; what a resolver says of any other name is not asked.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || bare.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        write!(f, "{}://{authority}{}", self.0.scheme_str().unwrap_or_default(), self.0.path())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_here() {
        for text in [
            "https://api.example.com/v7/x?$filter=a%20eq%201",
            "https://10.0.0.1:8443",
            "http://127.0.0.1:80/",
            "http://127.8.9.1",
            "http://localhost:1",
            "http://[::1]:9/x",
        ] {
            assert!(Address::parse(text).is_ok(), "{text}");
        }
        for (text, error) in [
            ("http://api.example.com", AddressError::NotHttps),
            ("http://localhost.example.com", AddressError::NotHttps),
            ("http://127.0.0.1.example.com", AddressError::NotHttps),
            ("http://[::2]", AddressError::NotHttps),
            ("ftp://127.0.0.1", AddressError::NotHttps),
            ("https://token@example.com", AddressError::Credentials),
            ("https://user:pass@example.com", AddressError::Credentials),
            ("http://127.0.0.1@example.com", AddressError::Credentials),
            ("example.com/x", AddressError::Malformed),
            ("/x", AddressError::Malformed),
            ("https://", AddressError::Malformed),
            ("https://a b", AddressError::Malformed),
            ("", AddressError::Malformed),
        ] {
            assert_eq!(Address::parse(text), Err(error), "{text}");
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn a_redirect_stays_within_its_origin() {
        let from = Address::parse("https://api.example.com/a?token=x").unwrap();
        for (location, to) in [
            ("/b?c=d", Some("https://api.example.com/b")),
            ("https://api.example.com/b", Some("https://api.example.com/b")),
            ("https://API.example.com:443/b", Some("https://API.example.com:443/b")),
            ("//evil.example.com/b", None),
            ("https://evil.example.com/b", None),
            ("https://api.example.com:444/b", None),
            ("http://api.example.com/b", None),
            ("http://127.0.0.1/b", None),
            ("https://x@api.example.com/b", None),
            ("b", None),
            ("", None),
        ] {
            let redirected = from.redirected(location).map(|address| address.to_string());
            assert_eq!(redirected.as_deref(), to, "{location}");
        }
    }

    #[test]
    fn what_is_shown_has_no_query() {
        let address = Address::parse("https://api.example.com/a?apikey=secret").unwrap();
        assert_eq!(address.to_string(), "https://api.example.com/a");
        assert!(!format!("{address:?}").contains("secret"));
    }
}
