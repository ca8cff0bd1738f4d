//! The builder: takes a source tarball as a stream, and answers element by element.
//!
//! The answer is one JSON array whose elements come one by one, each on a line of its own between the commas: first the release's id,
//! then what is said. The parameters are those the CLI of balena sends.

use std::io::{self, Read};

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::schema;
use crate::spec::{Build, Ends};
use crate::time;
use crate::world::{Event, Refusal, World, fields};

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

/// Counts what goes past.
struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

/// Reads a tarball to its end, keeping the names and digests of what is in it and nothing else.
pub(crate) fn read_source(body: &mut dyn Read, is_gzip: bool) -> io::Result<Upload> {
    let mut upload = Upload::default();
    let mut sent = Counted { inner: body, count: 0 };
    let read = if is_gzip {
        read_tar(&mut GzDecoder::new(&mut sent), &mut upload)
    } else {
        read_tar(&mut sent, &mut upload)
    };
    if let Err(error) = read {
        upload.error = Some(error.to_string());
    }
    // Whatever the tarball is, the request is read to its end, unless the client is gone.
    io::copy(&mut sent, &mut io::sink())?;
    upload.sent = sent.count;
    Ok(upload)
}

fn read_tar(source: &mut dyn Read, upload: &mut Upload) -> io::Result<()> {
    let mut source = Counted { inner: source, count: 0 };
    let mut archive = tar::Archive::new(&mut source);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = match entry.header().entry_type() {
            tar::EntryType::Regular | tar::EntryType::Continuous => 'f',
            tar::EntryType::Directory => 'd',
            tar::EntryType::Symlink => 'l',
            tar::EntryType::Link => 'h',
            _ => '?',
        };
        let mut hash = Sha256::new();
        let mut buffer = [0; 16 << 10];
        loop {
            let count = entry.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            hash.update(buffer.get(..count).unwrap_or_default());
        }
        upload.entries.push(Entry {
            path: String::from_utf8_lossy(&entry.path_bytes()).into_owned(),
            kind,
            mode: entry.header().mode()?,
            size: entry.size(),
            link: entry.link_name_bytes().map(|link| String::from_utf8_lossy(&link).into_owned()),
            sha256: base16ct::lower::encode_string(&hash.finalize()),
            modified: entry.header().mtime()?,
        });
    }
    io::copy(&mut source, &mut io::sink())?;
    upload.unpacked = source.count;
    Ok(())
}

/// How the builder answers an upload.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A status and a text.
    Refused(u16, String),
    /// One object.
    Object(Value),
    /// Elements of an array.
    Elements(Vec<Value>),
}

impl World {
    /// Makes a release of a source, and says what the builder says.
    pub(crate) fn build(&mut self, mut upload: Upload) -> (Answer, Build) {
        let build = self.builds.pop_front().unwrap_or_default();
        let answer = self.start_build(&mut upload, &build);
        self.uploads.push(upload);
        (answer, build)
    }

    fn start_build(&mut self, upload: &mut Upload, build: &Build) -> Answer {
        if let Some((status, text)) = &build.refused {
            return Answer::Refused(*status, text.clone());
        }
        if let Some(error) = &upload.error {
            return Answer::Refused(400, format!("cannot read the tarball: {error}"));
        }
        let slug = upload.query("slug").unwrap_or_default();
        let fleet = self
            .rows("application")
            .find(|(_, row)| row.get("slug").and_then(Value::as_str) == Some(slug))
            .map(|(id, _)| id);
        let (Some(fleet), Some(resource)) = (fleet, schema::resource("release")) else {
            return Answer::Refused(404, format!("there is no fleet {slug}"));
        };
        let is_draft = upload.query("isdraft") == Some("true");
        let commit = build.commit.clone().unwrap_or_else(|| self.make("commit", 32));
        let mut body = fields(json!({
            "belongs_to__application": fleet, "commit": commit, "composition": {}, "status": "running",
            "source": "cloud", "start_timestamp": self.now, "is_final": !is_draft,
        }));
        if let Some(semver) = &build.semver {
            body.insert("semver".to_owned(), Value::from(semver.as_str()));
        }
        let release = match self.post(resource, &body) {
            Ok(release) => release,
            Err(Refusal::Real(status, text)) => return Answer::Refused(status, text.unwrap_or_default()),
            Err(Refusal::Unknown(text)) => return Answer::Refused(501, text),
        };
        upload.release = Some(release);
        self.ends.insert(release, if build.failure.is_some() { "failed" } else { "success" });
        if let Ends::After(span) = build.ends {
            self.queue.insert((self.now.saturating_add(time::millis(span)), Event::Build(release)));
        }
        if upload.query("headless") == Some("true") {
            return Answer::Object(json!({ "started": true, "releaseId": release }));
        }
        let message = |text: &str| json!({ "message": text });
        let mut elements = vec![json!({ "type": "metadata", "resource": "buildLogId", "value": release })];
        elements.extend(build.messages.iter().map(|text| message(text)));
        // A line that is written over, as progress is.
        elements.push(json!({ "message": "[main]     Uploading 50%", "replace": true }));
        elements.push(json!({ "type": "metadata", "resource": "cursor", "value": "erase" }));
        match &build.failure {
            Some(failure) => elements.push(json!({ "message": failure, "isError": true })),
            None => elements.push(message(&format!("[Info]     Release: {commit} (id: {release})"))),
        }
        Answer::Elements(elements)
    }

    /// The build of a release is over, unless somebody has ended it.
    pub(crate) fn end_build(&mut self, release: i64) {
        let Some(status) = self.ends.remove(&release) else { return };
        if self.text("release", release, "status") != Some("running") {
            return;
        }
        let Some(resource) = schema::resource("release") else { return };
        let body = fields(json!({ "status": status, "end_timestamp": self.now }));
        if self.patch(resource, &[release], &body).is_err() {
            // The commit was built before: it did not succeed.
            let body = fields(json!({ "status": "failed", "end_timestamp": self.now }));
            let _ = self.patch(resource, &[release], &body);
        }
    }
}
