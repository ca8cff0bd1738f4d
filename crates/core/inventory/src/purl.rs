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
    /// A `%` without two hexadecimal digits, bytes that are no UTF-8, or a slash inside of a part.
    #[error("{0:?} has a \"%\" without two hexadecimal digits, bytes that are no UTF-8, or an encoded slash")]
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

    /// The same, when its type wants nothing more: qualifiers that `with` added are looked at as well.
    ///
    /// # Errors
    /// What its type forbids or misses.
    pub fn validated(self) -> Result<Self, PurlError> {
        let purl = self.normalized()?;
        if let Some(key) = purl.qualifiers.keys().find(|key| !is_key(key)) {
            return Err(PurlError::Qualifier(key.clone()));
        }
        let wanted = match purl.kind.as_str() {
            "julia" => Some(("uuid", "wants the qualifier \"uuid\"")),
            "swid" => Some(("tag_id", "wants the qualifier \"tag_id\"")),
            _ => None,
        };
        match wanted {
            Some((key, rule)) if !purl.qualifiers.contains_key(key) => {
                Err(PurlError::Rule { kind: purl.kind, rule })
            }
            _ => Ok(purl),
        }
    }

    /// What the definition of its type demands (`types/*.json` of purl-spec).
    fn normalized(mut self) -> Result<Self, PurlError> {
        let is_kind = self.kind.starts_with(|first: char| first.is_ascii_alphabetic())
            && self.kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-".contains(&byte));
        if !is_kind {
            return Err(PurlError::Kind(self.kind));
        }
        if self.name.is_empty() {
            return Err(PurlError::Name);
        }
        let kind = self.kind.as_str();
        let rule = |rule| Err(PurlError::Rule { kind: kind.to_owned(), rule });
        if NO_NAMESPACE.contains(&kind) && !self.namespace.is_empty() {
            return rule("has no namespace");
        }
        if NAMESPACE.contains(&kind) && self.namespace.is_empty() {
            return rule("wants a namespace");
        }
        let lower = |text: &mut String| {
            // Only what changes is written anew.
            if text.chars().any(char::is_uppercase) {
                *text = text.to_lowercase();
            }
        };
        if LOWER_NAMESPACE.contains(&kind) {
            self.namespace.iter_mut().for_each(lower);
        }
        if LOWER_NAME.contains(&kind) {
            lower(&mut self.name);
        }
        if LOWER_VERSION.contains(&kind) {
            self.version.iter_mut().for_each(lower);
        }
        match kind {
            // The namespace is the host, and the whole path on it is the name.
            "git" => {
                let mut path = self.namespace.split_off(1);
                path.extend(self.name.split('/').filter(|part| !part.is_empty()).map(str::to_owned));
                self.name = path.join("/");
                if self.name.is_empty() {
                    return Err(PurlError::Name);
                }
            }
            "pypi" => self.name = self.name.replace('_', "-"),
            "pub" => {
                let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
                self.name = self.name.chars().map(plain).collect();
            }
            // A registry of Databricks knows no case, others do.
            "mlflow"
                if self
                    .qualifiers
                    .get("repository_url")
                    .is_some_and(|url| url.contains("azuredatabricks")) =>
            {
                lower(&mut self.name);
            }
            "cpan" if self.name.contains("::") => {
                return rule("is a distribution, which has no \"::\" in its name");
            }
            "chrome-extension" => {
                let is_name =
                    self.name.len() == 32 && self.name.bytes().all(|byte| matches!(byte, b'a'..=b'p'));
                let numbers = self.version.iter().flat_map(|version| version.split('.'));
                let is_version = numbers.clone().count() <= 4
                    && numbers
                        .into_iter()
                        .all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
                if !is_name {
                    return rule("has 32 letters from a to p as its name");
                }
                if !is_version {
                    return rule("has one to four numbers as its version");
                }
            }
            _ => {}
        }
        Ok(self)
    }
}

// What `types/*-definition.json` of purl-spec say. `golang` wants a namespace there, but a module may be a host alone
// (`go.opencensus.io`); and although its notes ask for lower case, its definition and everybody's advisories keep it.

/// Types whose packages have no namespace.
const NO_NAMESPACE: [&str; 18] = [
    "bazel",
    "bitnami",
    "cargo",
    "chrome-extension",
    "cocoapods",
    "conda",
    "cran",
    "gem",
    "hackage",
    "julia",
    "mlflow",
    "nuget",
    "oci",
    "opam",
    "otp",
    "pub",
    "pypi",
    "vcpkg",
];

/// Types whose packages have a namespace.
const NAMESPACE: [&str; 13] = [
    "alpm",
    "apk",
    "bitbucket",
    "composer",
    "deb",
    "git",
    "github",
    "huggingface",
    "maven",
    "qpkg",
    "rpm",
    "swift",
    "vscode-extension",
];

/// Types whose namespaces are in lower case.
const LOWER_NAMESPACE: [&str; 13] = [
    "alpm",
    "apk",
    "bitbucket",
    "brew",
    "composer",
    "deb",
    "github",
    "hex",
    "luarocks",
    "qpkg",
    "rpm",
    "vscode-extension",
    "yocto",
];

/// Types whose names are in lower case.
const LOWER_NAME: [&str; 15] = [
    "alpm",
    "apk",
    "bitbucket",
    "bitnami",
    "brew",
    "chrome-extension",
    "composer",
    "deb",
    "github",
    "hex",
    "luarocks",
    "oci",
    "otp",
    "pypi",
    "vscode-extension",
];

/// Types whose versions are in lower case.
const LOWER_VERSION: [&str; 4] = ["huggingface", "oci", "pypi", "vscode-extension"];

/// Whether a text can be the key of a qualifier, in its canonical form.
fn is_key(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_lowercase())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte))
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
        if self.kind == "git" {
            for (index, part) in self.name.split('/').enumerate() {
                out.write_str(if index > 0 { "/" } else { "" })?;
                encode(part, out)?;
            }
        } else {
            encode(&self.name, out)?;
        }
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

/// One part of a namespace or of a folder: a slash would make it two.
fn segment(text: &str) -> Result<String, PurlError> {
    let decoded = decode(text)?;
    if decoded.contains('/') { Err(PurlError::Encoding(text.to_owned())) } else { Ok(decoded) }
}

impl FromStr for Purl {
    type Err = PurlError;

    fn from_str(text: &str) -> Result<Self, PurlError> {
        let (scheme, rest) = text.split_once(':').ok_or(PurlError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("pkg") {
            return Err(PurlError::Scheme);
        }
        let (rest, subpath) = rest.rsplit_once('#').unwrap_or((rest, ""));
        let (rest, qualifiers) = rest.rsplit_once('?').unwrap_or((rest, ""));
        let rest = rest.trim_start_matches('/');
        let (kind, rest) = rest.split_once('/').ok_or(PurlError::Name)?;
        let (path, version) = match rest.rsplit_once('@') {
            // An `@` before a slash begins an npm scope that was left unencoded.
            Some((path, version)) if !version.contains('/') => (path, Some(decode(version)?)),
            _ => (rest, None),
        };
        // A slash at the end of the path stands where a version left no name.
        let (namespace, name) =
            path.rsplit_once('/').map_or(("", path), |(namespace, name)| (namespace, name));
        let (namespace, name) = match (name, version.is_some()) {
            ("", false) => {
                let path = path.trim_end_matches('/');
                path.rsplit_once('/').map_or(("", path), |(namespace, name)| (namespace, name))
            }
            _ => (namespace, name),
        };
        let namespace = namespace.split('/').filter(|part| !part.is_empty()).map(segment);
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
            let key = key.to_ascii_lowercase();
            let value = decode(value)?;
            if !is_key(&key) || purl.qualifiers.contains_key(&key) {
                return Err(PurlError::Qualifier(key));
            }
            if !value.is_empty() {
                purl.qualifiers.insert(key, value);
            }
        }
        let subpath = subpath.split('/').map(segment);
        purl.subpath = subpath.collect::<Result<_, _>>()?;
        purl.subpath.retain(|part| !["", ".", ".."].contains(&part.as_str()));
        purl.validated()
    }
}
