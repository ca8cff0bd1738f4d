//! Reading a JSON package of which nothing is trusted.

use std::collections::BTreeSet;
use std::io::{Read, Write};

use lw_syntax::json;
use lw_syntax::tree::Fault;
use serde::de::IgnoredAny;
use sha2::Sha256 as Sha256Hasher;
use sha2::digest::Digest as _;

use crate::digest::Sha256;
use crate::error::{JsonProblem, ReadError};
use crate::seed::md5::SideMd5;
use crate::seed::scan::Scanner;
use crate::seed::{Checksums, FIRMWARE, Manifest};

/// A package that was read, and is what its manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its manifest.
    pub manifest: Manifest,
    /// The JSON paths of keys that mean nothing to this version: `manifest.extra`.
    pub unknown: Vec<String>,
}

/// Reads a package and writes its firmware to `sink`.
///
/// Keys may come in any order and with any white space. What `sink` was given is the firmware only when this returns: the
/// manifest, and so size and digests, may come last.
///
/// # Errors
/// Anything that is no JSON package, bytes after it, another size or digest than declared, and failures of source and
/// sink.
pub fn read(input: impl Read, mut sink: impl Write) -> Result<Package, ReadError> {
    let mut scanner = Scanner::new(input);
    scanner.byte_order_mark()?;
    scanner.expect(b'{', "a JSON object")?;
    let mut keys = BTreeSet::new();
    let mut unknown = Vec::new();
    let mut manifest: Option<Manifest> = None;
    let mut firmware = None;
    let mut more = true;
    while more {
        let offset = scanner.offset();
        let key = scanner.key()?;
        scanner.expect(b':', "a colon after the key")?;
        if !keys.insert(key.clone()) {
            return Err(ReadError::Json { offset, problem: JsonProblem::DuplicateKey(key) });
        }
        match key.as_str() {
            "manifest" => {
                let declared = parse(&mut scanner, &mut unknown)?;
                if let Some((size, checksums)) = firmware {
                    declared.check(size, checksums)?;
                }
                manifest = Some(declared);
            }
            "firmware" => {
                let (size, checksums) = decode(&mut scanner, manifest.as_ref(), &mut sink)?;
                if let Some(declared) = &manifest {
                    declared.check(size, checksums)?;
                }
                firmware = Some((size, checksums));
            }
            _ => {
                let offset = scanner.offset();
                let value = scanner.value(&key)?;
                serde_json::from_str::<IgnoredAny>(&value).map_err(|error| {
                    let problem = JsonProblem::Value(error.to_string());
                    ReadError::Json { offset, problem }
                })?;
                unknown.push(key);
            }
        }
        more = scanner.either(b',', b'}', "a comma or the end of the object")?;
    }
    scanner.end()?;
    let missing = |key| ReadError::Json { offset: 0, problem: JsonProblem::MissingKey(key) };
    let manifest = manifest.ok_or_else(|| missing("manifest"))?;
    firmware.ok_or_else(|| missing("firmware"))?;
    sink.flush().map_err(|source| ReadError::Sink { file: FIRMWARE.into(), source })?;
    Ok(Package { manifest, unknown })
}

/// The value of the key `manifest`.
fn parse(scanner: &mut Scanner<impl Read>, unknown: &mut Vec<String>) -> Result<Manifest, ReadError> {
    let offset = scanner.offset();
    let text = scanner.value("manifest")?;
    let (manifest, ignored) =
        json::from_str_noting_ignored(&text).map_err(|fault| refused(offset, &text, &fault))?;
    unknown.extend(ignored.iter().map(|path| format!("manifest.{path}")));
    Ok(manifest)
}

/// That a value at an offset is not what it should be.
fn refused(offset: u64, text: &str, fault: &Fault) -> ReadError {
    ReadError::Json { offset, problem: JsonProblem::Value(fault.placed(text.as_bytes())) }
}

/// The value of the key `firmware`, written to the sink. Where the size is known it is the limit.
fn decode(
    scanner: &mut Scanner<impl Read>,
    manifest: Option<&Manifest>,
    sink: &mut impl Write,
) -> Result<(u64, Checksums), ReadError> {
    // A manifest that comes last has not said yet how much there is.
    let mut md5 = SideMd5::new(manifest.map_or(u64::MAX, |manifest| manifest.size));
    let mut sha256 = Sha256Hasher::new();
    let mut size = 0;
    scanner.hex(|bytes| {
        size += bytes.len() as u64;
        if let Some(manifest) = manifest.filter(|manifest| size > manifest.size) {
            return Err(ReadError::Size { file: FIRMWARE.into(), declared: manifest.size, found: size });
        }
        md5.update(bytes);
        sha256.update(bytes);
        sink.write_all(bytes).map_err(|source| ReadError::Sink { file: FIRMWARE.into(), source })
    })?;
    let md5 = md5.finish().map_err(|source| ReadError::Io { offset: scanner.offset(), source })?;
    Ok((size, Checksums { md5, sha256: Sha256::finish(sha256) }))
}

impl Manifest {
    /// Holds a firmware to it.
    fn check(&self, size: u64, found: Checksums) -> Result<(), ReadError> {
        let file = || FIRMWARE.to_owned();
        if size != self.size {
            return Err(ReadError::Size { file: file(), declared: self.size, found: size });
        }
        let digest =
            |algorithm, declared, found| ReadError::Digest { file: file(), algorithm, declared, found };
        let declared = self.checksums;
        if found.sha256 != declared.sha256 {
            return Err(digest("SHA-256", declared.sha256.hex(), found.sha256.hex()));
        }
        if found.md5 != declared.md5 {
            return Err(digest("MD5", declared.md5.hex(), found.md5.hex()));
        }
        Ok(())
    }
}
