//! The builder: takes a source tarball as a stream, and answers element by element.

/// A source that was uploaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upload {
    /// The query, percent-encoding undone, in order: `slug`, `isdraft`, `headless`, …
    pub query: Vec<(String, String)>,
    /// The entries in order.
    pub entries: Vec<Entry>,
    /// How long the upload was as it came, in bytes.
    pub sent: u64,
    /// How long the tarball is, in bytes.
    pub unpacked: u64,
    /// The release that came of it.
    pub release: Option<i64>,
    /// What is wrong with the tarball.
    pub error: Option<String>,
}

impl Upload {
    /// The entry of this path.
    #[must_use]
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.path == path)
    }

    /// What the query says of a name.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// An entry of a tarball.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path as it stands there; what is no UTF-8 is replaced.
    pub path: String,
    /// `f` a file, `d` a folder, `l` a symbolic link, `h` a hard link, `?` anything else.
    pub kind: char,
    /// Its permissions.
    pub mode: u32,
    /// Its length in bytes.
    pub size: u64,
    /// Where a link goes.
    pub link: Option<String>,
    /// The SHA-256 of its content, in hexadecimal; of what has none, of nothing.
    pub sha256: String,
    /// When it was changed, in seconds since 1970.
    pub modified: u64,
}
