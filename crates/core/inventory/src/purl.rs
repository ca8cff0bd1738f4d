//! Package URLs (ECMA-427, <https://github.com/package-url/purl-spec>).

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};
use std::str::FromStr;

/// A package URL in its canonical form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purl {
    kind: String,
    namespace: Vec<String>,
    name: String,
    version: Option<String>,
    qualifiers: BTreeMap<String, String>,
    subpath: Vec<String>,
}

/// Why a text is no package URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PurlError {
    /// Does not begin with `pkg:`.
    #[error("it does not begin with \"pkg:\"")]
    Scheme,
    /// The type is missing or has characters a type cannot have.
    #[error(
        "{0:?} is no type of a package: it has letters, digits, \".\", \"+\" and \"-\" and begins with a letter"
    )]
    Kind(String),
    /// There is no name.
    #[error("it has no name")]
    Name,
    /// A qualifier has a key that is empty or malformed, or stands there twice.
    #[error("{0:?} is no key of a qualifier, or stands there twice")]
    Qualifier(String),
    /// A `%` without two hexadecimal digits, or bytes that are no UTF-8.
    #[error("{0:?} has a \"%\" without two hexadecimal digits, or bytes that are no UTF-8")]
    Encoding(String),
    /// Its type wants or forbids a part.
    #[error("a package of type {kind:?} {rule}")]
    Rule {
        /// The type.
        kind: String,
        /// What it wants.
        rule: &'static str,
    },
}

impl Purl {
    /// A package URL of a type, an optional namespace (parts separated by `/`), a name and an optional version, brought to
    /// the form its type demands.
    ///
    /// # Errors
    /// What its type forbids.
    pub fn new(
        kind: &str,
        namespace: Option<&str>,
        name: &str,
        version: Option<&str>,
    ) -> Result<Self, PurlError> {
        let namespace = namespace.unwrap_or_default();
        let purl = Self {
            kind: kind.to_ascii_lowercase(),
            namespace: namespace.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            name: name.to_owned(),
            version: version.filter(|version| !version.is_empty()).map(str::to_owned),
            qualifiers: BTreeMap::new(),
            subpath: Vec::new(),
        };
        purl.normalized()
    }

    /// The same with a qualifier; an empty value takes it away.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        let key = key.to_ascii_lowercase();
        if value.is_empty() {
            self.qualifiers.remove(&key);
        } else {
            self.qualifiers.insert(key, value.to_owned());
        }
        self
    }

    /// The same with a folder inside the package.
    #[must_use]
    pub fn with_subpath(mut self, subpath: &str) -> Self {
        self.subpath =
            subpath.split('/').filter(|part| !["", ".", ".."].contains(part)).map(str::to_owned).collect();
        self
    }

    /// The same without its version.
    #[must_use]
    pub fn without_version(mut self) -> Self {
        self.version = None;
        self
    }

    /// Its type, `cargo`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Its namespace, parts joined with `/`.
    #[must_use]
    pub fn namespace(&self) -> Option<String> {
        (!self.namespace.is_empty()).then(|| self.namespace.join("/"))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Its qualifiers, by their keys.
    #[must_use]
    pub fn qualifiers(&self) -> &BTreeMap<String, String> {
        &self.qualifiers
    }

    /// The folder inside the package.
    #[must_use]
    pub fn subpath(&self) -> Option<String> {
        (!self.subpath.is_empty()).then(|| self.subpath.join("/"))
    }

    /// What the definition of its type demands (`types/*.json` of purl-spec).
    fn normalized(mut self) -> Result<Self, PurlError> {
        let is_kind = self.kind.starts_with(|first: char| first.is_ascii_alphabetic())
            && self.kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-".contains(&byte));
        if !is_kind {
            return Err(PurlError::Kind(self.kind));
        }
        let lower = |text: &mut String| *text = text.to_lowercase();
        match self.kind.as_str() {
            "pypi" => {
                lower(&mut self.name);
                self.name = self.name.replace('_', "-");
            }
            "npm" | "github" | "bitbucket" | "composer" => {
                lower(&mut self.name);
                self.namespace.iter_mut().for_each(lower);
            }
            _ => {}
        }
        if self.name.is_empty() {
            return Err(PurlError::Name);
        }
        Ok(self)
    }
}

/// Writes a part percent-encoded: letters, digits and `.-_~:` stay.
fn encode(text: &str, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
            out.write_char(char::from(byte))?;
        } else {
            write!(out, "%{byte:02X}")?;
        }
    }
    Ok(())
}

fn encode_parts(parts: &[String], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.write_char('/')?;
        }
        encode(part, out)?;
    }
    Ok(())
}

impl Display for Purl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "pkg:{}/", self.kind)?;
        encode_parts(&self.namespace, out)?;
        if !self.namespace.is_empty() {
            out.write_char('/')?;
        }
        encode(&self.name, out)?;
        if let Some(version) = &self.version {
            out.write_char('@')?;
            encode(version, out)?;
        }
        for (index, (key, value)) in self.qualifiers.iter().enumerate() {
            write!(out, "{}{key}=", if index == 0 { '?' } else { '&' })?;
            encode(value, out)?;
        }
        if !self.subpath.is_empty() {
            out.write_char('#')?;
            encode_parts(&self.subpath, out)?;
        }
        Ok(())
    }
}

fn decode(text: &str) -> Result<String, PurlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let value = digit(rest.next()).zip(digit(rest.next())).map(|(high, low)| high * 16 + low);
        let value = value.and_then(|value| u8::try_from(value).ok());
        bytes.push(value.ok_or_else(|| PurlError::Encoding(text.to_owned()))?);
    }
    String::from_utf8(bytes).map_err(|_| PurlError::Encoding(text.to_owned()))
}

impl FromStr for Purl {
    type Err = PurlError;

    fn from_str(text: &str) -> Result<Self, PurlError> {
        let (scheme, rest) = text.split_once(':').ok_or(PurlError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("pkg") {
            return Err(PurlError::Scheme);
        }
        let (rest, subpath) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let rest = rest.trim_matches('/');
        let (kind, rest) = rest.split_once('/').ok_or(PurlError::Name)?;
        let (path, version) = match rest.rsplit_once('@') {
            // An `@` before a slash begins an npm scope that was left unencoded.
            Some((path, version)) if !path.is_empty() && !version.contains('/') => {
                (path, Some(decode(version)?))
            }
            _ => (rest, None),
        };
        let path = path.trim_matches('/');
        let (namespace, name) =
            path.rsplit_once('/').map_or(("", path), |(namespace, name)| (namespace, name));
        let namespace = namespace.split('/').filter(|part| !part.is_empty()).map(decode);
        let mut purl = Self {
            kind: kind.to_ascii_lowercase(),
            namespace: namespace.collect::<Result<_, _>>()?,
            name: decode(name)?,
            version: version.filter(|version| !version.is_empty()),
            qualifiers: BTreeMap::new(),
            subpath: Vec::new(),
        };
        for qualifier in qualifiers.split('&').filter(|qualifier| !qualifier.is_empty()) {
            let (key, value) = qualifier.split_once('=').unwrap_or((qualifier, ""));
            let is_key = key.starts_with(|first: char| first.is_ascii_alphabetic())
                && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
            let key = key.to_ascii_lowercase();
            let value = decode(value)?;
            if !is_key || purl.qualifiers.contains_key(&key) {
                return Err(PurlError::Qualifier(key));
            }
            if !value.is_empty() {
                purl.qualifiers.insert(key, value);
            }
        }
        let subpath = subpath.split('/').filter(|part| !["", ".", ".."].contains(part)).map(decode);
        purl.subpath = subpath.collect::<Result<_, _>>()?;
        purl.normalized()
    }
}
