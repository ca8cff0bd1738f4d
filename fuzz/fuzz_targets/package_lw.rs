//! Any bytes as an lw package, and as the parts of one whose sums are right: what is accepted is what was declared.

use std::collections::BTreeMap;
use std::io;

use lw_package::lw::{Reader, Sink};
use lw_package::{Manifest, Member, Sha256};

/// Between the parts of a package; a member is its path, a line feed and its content.
const BETWEEN: &[u8] = b"\n--member--\n";

/// Holds every member to its declaration while it comes.
#[derive(Default)]
struct Judge {
    current: Vec<u8>,
    members: BTreeMap<String, u64>,
}

impl Sink for Judge {
    fn begin(&mut self, _member: Member<'_>) -> io::Result<bool> {
        self.current.clear();
        Ok(true)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.current.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self, member: Member<'_>) -> io::Result<()> {
        let (size, sha256) = match member {
            Member::Image(image) => (image.size, image.sha256),
            Member::Delta(_, delta) => (delta.size, delta.sha256),
        };
        assert_eq!(self.current.len() as u64, size);
        assert_eq!(Sha256::of(&self.current), sha256);
        assert!(self.members.insert(member.path().to_owned(), size).is_none(), "a member came twice");
        Ok(())
    }
}

fn check(bytes: &[u8]) {
    let Ok(reader) = Reader::open(bytes) else { return };
    let parsed = Manifest::parse(reader.manifest_json()).expect("it was read");
    let json = parsed.manifest.to_json().expect("what is read can be written");
    assert_eq!(Manifest::parse(&json).expect("and read").manifest, parsed.manifest);
    for member in parsed.manifest.members() {
        let path = member.path();
        assert!(path.starts_with("images/") || path.starts_with("deltas/"));
        assert!(
            !path.split('/').any(|part| matches!(part, "" | "." | "..")) && !path.contains(['\\', ':', '\0'])
        );
    }
    let mut judge = Judge::default();
    if let Ok(manifest) = reader.unpack(&mut judge) {
        assert_eq!(judge.members.len(), manifest.members().count());
    }
}

/// A member as a tar has it.
fn member(path: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 512];
    let length = path.len().min(100);
    header[..length].copy_from_slice(&path[..length]);
    header[100..124].copy_from_slice(b"0000644\x000000000\x000000000\0");
    header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
    header[136..156].copy_from_slice(b"00000000000\0        ");
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header.extend_from_slice(content);
    header.resize(header.len().next_multiple_of(512), 0);
    header
}

/// A package of a manifest and members; `@0` in the manifest is the digest of the first member.
fn assemble(bytes: &[u8]) -> Vec<u8> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(BETWEEN.len()).position(|window| window == BETWEEN) {
        parts.push(&rest[..at]);
        rest = &rest[at + BETWEEN.len()..];
    }
    parts.push(rest);
    let mut manifest = String::from_utf8_lossy(parts[0]).into_owned();
    let mut members = Vec::new();
    for (index, part) in parts.iter().skip(1).take(9).enumerate() {
        let at = part.iter().position(|byte| *byte == b'\n').unwrap_or(part.len());
        let content = part.get(at + 1..).unwrap_or_default();
        manifest = manifest.replace(&format!("@{index}"), &Sha256::of(content).hex());
        members.extend(member(&part[..at], content));
    }
    [member(b"manifest.json", manifest.as_bytes()), members, vec![0; 1024]].concat()
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&assemble(bytes));
});
