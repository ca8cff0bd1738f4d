//! What a server answers.

use std::io::{self, Read};

use serde::de::DeserializeOwned;
use ureq::http::HeaderMap;

use crate::address::Address;
use crate::client::Method;
use crate::error::{Error, ErrorKind, beginning};

/// An answer that was read as a whole.
#[derive(Clone)]
pub struct Answer {
    pub(crate) method: Method,
    pub(crate) address: Address,
    /// The status, which is a success: from 200 to 299, or one that the request says it accepts.
    pub status: u16,
    /// The server's time, in seconds since 1970.
    pub date: Option<u64>,
    /// The type of the content, without its parameters, in small letters.
    pub content_type: Option<String>,
    pub(crate) headers: HeaderMap,
    /// The content.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header, unless there is none or it is no text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The content as JSON.
    ///
    /// # Errors
    /// When it is something else, such as the page of a proxy.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let not_json = |why: String| Error {
            method: self.method.name(),
            address: self.address.clone(),
            kind: ErrorKind::NotJson { why, body: beginning(&self.body) },
            retry_after: None,
        };
        if let Some(kind) = self.content_type.as_deref().filter(|kind| !kind.ends_with("json")) {
            return Err(not_json(format!("it says that it is {}", beginning(kind.as_bytes()))));
        }
        serde_json::from_slice(&self.body).map_err(|error| not_json(error.to_string()))
    }
}

impl std::fmt::Debug for Answer {
    /// Without the headers, among which may be cookies and signed addresses.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("method", &self.method)
            .field("address", &self.address)
            .field("status", &self.status)
            .field("date", &self.date)
            .field("content_type", &self.content_type)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

/// The content of an answer that is read as it comes: a log, a download. It ends with an error when the connection breaks before
/// the content does, or when nothing comes for too long.
pub struct Reader {
    pub(crate) inner: Box<dyn Read + Send>,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}
