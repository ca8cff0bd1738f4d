//! What the builder is asked.

use std::io::Read;

use lw_http::{Method, Reader, Request};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::api::Api;
use crate::error::Error;

/// A build of a source for a fleet. It is always one of a draft: what a final release does is to roll itself out to the whole fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Build {
    /// The fleet's slug.
    pub slug: String,
    /// The Dockerfile, by its path in the source; empty for the one of its name.
    pub dockerfile: String,
    /// Nothing of earlier builds is used.
    pub no_cache: bool,
    /// The builder answers at once, with one object, and builds on.
    pub detached: bool,
}

impl Build {
    /// Path and query of the request.
    #[must_use]
    pub fn target(&self) -> String {
        let flag = |value: bool| if value { "true" } else { "false" };
        let options = [
            ("slug", self.slug.as_str()),
            ("dockerfilePath", &self.dockerfile),
            ("emulated", "false"),
            ("nocache", flag(self.no_cache)),
            ("headless", flag(self.detached)),
            ("isdraft", "true"),
        ];
        let options =
            options.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
        format!("/v3/build?{}", options.join("&"))
    }
}

impl Api {
    /// Sends a source to the builder, a gzipped tarball that is read as it is sent, and gives what the builder says as it comes.
    ///
    /// It is sent once: whether a build was begun that nobody hears of is to be looked up by its tags.
    ///
    /// # Errors
    /// When the source cannot be read, or the builder refuses it.
    pub fn build(&self, build: &Build, source: &mut dyn Read) -> Result<Reader, Error> {
        let address = self.builder(&build.target())?;
        let mut request = Request::new(Method::Post, address).bearer(self.token());
        request.headers.push(("content-encoding", "gzip".to_owned()));
        Ok(self.client().upload(&request, "application/octet-stream", None, source)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_always_one_of_a_draft() {
        let build = Build { slug: "org/fleet&isdraft=false".to_owned(), detached: true, ..Build::default() };
        assert_eq!(
            build.target(),
            "/v3/build?slug=org%2Ffleet%26isdraft%3Dfalse&dockerfilePath=&emulated=false&nocache=false&headless=true&isdraft=true"
        );
    }
}
