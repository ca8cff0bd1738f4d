//! One requirement: `name[extra] >=1 ; marker` or `name @ address`.
//!
//! Grammar: <https://packaging.python.org/en/latest/specifications/dependency-specifiers/>.

use super::{is_name, marker};

/// What a project asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Requirement {
    /// The name, as it is written.
    pub(crate) name: String,
    /// Its extras, by their normal names.
    pub(crate) extras: Vec<String>,
    /// Which versions will do, `>=1,<2`; empty for any.
    pub(crate) versions: String,
    /// Where it is to be had.
    pub(crate) url: Option<String>,
    /// What must be so for it to count.
    pub(crate) marker: Option<String>,
}

impl Requirement {
    /// Reads a requirement.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let end =
            text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        if !is_name(name) {
            return Err(format!("{text:?} does not begin with the name of a package"));
        }
        let mut rest = rest.trim_start();
        let mut extras = Vec::new();
        if let Some(inner) = rest.strip_prefix('[') {
            let (inner, after) =
                inner.split_once(']').ok_or_else(|| format!("{text:?} has a \"[\" without its \"]\""))?;
            for extra in inner.split(',').map(str::trim).filter(|extra| !extra.is_empty()) {
                if !is_name(extra) {
                    return Err(format!("{extra:?} is no name of an extra"));
                }
                extras.push(super::normal(extra));
            }
            rest = after.trim_start();
        }
        let requirement = Self { name: name.to_owned(), extras, ..Self::default() };
        if let Some(url) = rest.strip_prefix('@') {
            let url = url.trim_start();
            // An address may hold a `;`, so only one after a blank ends it.
            let end = url.find(|c: char| c.is_whitespace()).unwrap_or(url.len());
            let (url, after) = url.split_at(end);
            if url.is_empty() {
                return Err(format!("{text:?} has no address after its \"@\""));
            }
            let marker = after.trim().strip_prefix(';');
            if marker.is_none() && !after.trim().is_empty() {
                return Err(format!("{text:?} has something after its address that is no marker"));
            }
            let requirement = Self { url: Some(url.to_owned()), ..requirement };
            return requirement.with_marker(marker);
        }
        let (versions, marker) =
            rest.split_once(';').map_or((rest, None), |(versions, marker)| (versions, Some(marker)));
        let versions = versions.trim();
        let versions =
            versions.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(versions);
        for clause in versions.split(',').map(str::trim).filter(|clause| !clause.is_empty()) {
            let operator = clause.find(|c: char| !"<>=!~".contains(c)).unwrap_or(clause.len());
            let (operator, version) = clause.split_at(operator);
            let version = version.trim();
            let known = ["==", "!=", "<=", ">=", "<", ">", "~=", "==="].contains(&operator);
            if !known || version.is_empty() || version.contains(char::is_whitespace) {
                return Err(format!("{clause:?} is no comparison with a version, such as \">=1.2\""));
            }
        }
        let versions = versions.split(',').map(str::trim).filter(|clause| !clause.is_empty());
        let versions = versions.collect::<Vec<_>>().join(",");
        Self { versions, ..requirement }.with_marker(marker)
    }

    fn with_marker(self, marker: Option<&str>) -> Result<Self, String> {
        match marker.map(str::trim).filter(|marker| !marker.is_empty()) {
            Some(marker) if !marker::is_marker(marker) => Err(format!("{marker:?} is no environment marker")),
            marker => Ok(Self { marker: marker.map(str::to_owned), ..self }),
        }
    }

    /// The one version that will do, where only one will.
    pub(crate) fn pin(&self) -> Option<&str> {
        pin(&self.versions)
    }
}

/// The one version of `==1.2` or `===1.2`; none of `==1.*`.
pub(crate) fn pin(versions: &str) -> Option<&str> {
    versions.split(',').map(str::trim).find_map(|clause| {
        let version = clause.strip_prefix("===").or_else(|| clause.strip_prefix("=="))?.trim();
        (!version.is_empty() && !version.contains('*')).then_some(version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_grammar_is_read() {
        let read = |text: &str| Requirement::parse(text).unwrap();
        let full = read("A.b_c [x, Y.z] >= 1.2 , < 2 ; python_version < '3.9' and extra == 'q'");
        assert_eq!(full.name, "A.b_c");
        assert_eq!(full.extras, ["x", "y-z"]);
        assert_eq!(full.versions, ">= 1.2,< 2");
        assert_eq!(full.marker.as_deref(), Some("python_version < '3.9' and extra == 'q'"));
        let url = read("pip @ https://host/a;b.whl#sha1=da39 ; os_name == 'nt'");
        assert_eq!(url.url.as_deref(), Some("https://host/a;b.whl#sha1=da39"));
        assert_eq!(url.marker.as_deref(), Some("os_name == 'nt'"));
        assert_eq!(read("a(>=1,<2)").versions, ">=1,<2");
        assert_eq!(read("a==1.0").pin(), Some("1.0"));
        assert_eq!(read("a===1.0+local").pin(), Some("1.0+local"));
        assert_eq!(read("a>=1,==1.5").pin(), Some("1.5"));
        assert_eq!(read("a==1.*").pin(), None);
        for wrong in ["", "-a", "a b", "a>", "a=1", "a[x", "a[,-]", "a @", "a;b", "a @ u v", "a>=1 2", "a-"] {
            assert!(Requirement::parse(wrong).is_err(), "{wrong}");
        }
    }
}
