//! The ustar header (POSIX.1-2017, pax, "ustar Interchange Format"): one fixed form is written, little more is read.

use crate::error::HeaderProblem;

/// Headers and members are padded to blocks of this many bytes.
pub(super) const BLOCK: usize = 512;

/// The end of a tar: two blocks of zeros.
pub(super) const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

const NAME: std::ops::Range<usize> = 0..100;
const MODE: std::ops::Range<usize> = 100..108;
const UID: std::ops::Range<usize> = 108..116;
const GID: std::ops::Range<usize> = 116..124;
const SIZE: std::ops::Range<usize> = 124..136;
const MTIME: std::ops::Range<usize> = 136..148;
const CHECKSUM: std::ops::Range<usize> = 148..156;
const TYPE: usize = 156;
const LINK: std::ops::Range<usize> = 157..257;
const MAGIC: std::ops::Range<usize> = 257..265;
const PREFIX: std::ops::Range<usize> = 345..500;

/// Magic and version of POSIX.
const USTAR: &[u8] = b"ustar\x0000";

/// Magic and version of GNU tar, whose headers are the same for regular files with short names.
const GNU: &[u8] = b"ustar  \0";

/// How many bytes fill up the last block of `size` bytes.
pub(super) fn padding(size: u64) -> usize {
    // The remainder is below `BLOCK`.
    (BLOCK - (size % BLOCK as u64) as usize) % BLOCK
}

/// The header of a regular file: mode 0644, owner 0, time 0, so that the same member always has the same header.
///
/// `path` has at most 100 bytes and `size` at most 11 octal digits: the manifest's checks see to it.
pub(super) fn header(path: &str, size: u64) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    put(&mut header, NAME, path.as_bytes());
    put(&mut header, MODE, b"0000644\0");
    put(&mut header, UID, b"0000000\0");
    put(&mut header, GID, b"0000000\0");
    put(&mut header, SIZE, format!("{size:011o}\0").as_bytes());
    put(&mut header, MTIME, b"00000000000\0");
    put(&mut header, TYPE..TYPE + 1, b"0");
    put(&mut header, MAGIC, USTAR);
    // The device numbers of a regular file; GNU tar and Python write them too.
    put(&mut header, 329..337, b"0000000\0");
    put(&mut header, 337..345, b"0000000\0");
    let checksum = format!("{:06o}\0 ", checksum(&header));
    put(&mut header, CHECKSUM, checksum.as_bytes());
    header
}

fn put(header: &mut [u8; BLOCK], range: std::ops::Range<usize>, bytes: &[u8]) {
    if let Some(field) = header.get_mut(range) {
        field.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    }
}

/// The sum of all bytes, with the checksum itself read as spaces.
fn checksum(header: &[u8; BLOCK]) -> u32 {
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    sum(header) - sum(field(header, CHECKSUM)) + 8 * u32::from(b' ')
}

fn field(header: &[u8; BLOCK], range: std::ops::Range<usize>) -> &[u8] {
    header.get(range).unwrap_or_default()
}

/// What a header says of a regular file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) size: u64,
}

/// Reads the header of a regular file and refuses every other.
pub(super) fn parse(header: &[u8; BLOCK]) -> Result<Entry, HeaderProblem> {
    let magic = field(header, MAGIC);
    if magic != USTAR && magic != GNU {
        return Err(HeaderProblem::Magic);
    }
    let written = written(field(header, CHECKSUM)).ok_or(HeaderProblem::Number { field: "the checksum" })?;
    let found = checksum(header);
    let written = u32::try_from(written).unwrap_or(u32::MAX);
    if found != written {
        return Err(HeaderProblem::Checksum { found, written });
    }
    let mut path = String::new();
    // GNU tar keeps times where POSIX has the prefix.
    let prefix = if magic == USTAR { text(field(header, PREFIX))? } else { "" };
    if !prefix.is_empty() {
        path.push_str(prefix);
        path.push('/');
    }
    path.push_str(text(field(header, NAME))?);
    let kind = header.get(TYPE).copied().unwrap_or_default();
    let what = match kind {
        b'0' | 0 => None,
        b'1' => Some("a hard link"),
        b'2' => Some("a symbolic link"),
        b'3' => Some("a character device"),
        b'4' => Some("a block device"),
        b'5' => Some("a folder"),
        b'6' => Some("a pipe"),
        b'7' => Some("a contiguous file"),
        b'L' | b'K' => Some("a GNU long name"),
        b'S' => Some("a GNU sparse file"),
        b'g' | b'x' | b'X' => Some("a pax extension"),
        b'V' | b'M' | b'D' | b'N' => Some("a GNU extension"),
        _ => Some("of an unknown type"),
    };
    if let Some(what) = what {
        return Err(HeaderProblem::Type { path, what });
    }
    if field(header, LINK).first().is_some_and(|byte| *byte != 0) {
        return Err(HeaderProblem::Type { path, what: "a file with a link's target" });
    }
    let size = octal(field(header, SIZE)).ok_or(HeaderProblem::Number { field: "the size" })?;
    Ok(Entry { path, size })
}

/// A field of text, up to the first zero. After it there is nothing: what one tool ignores another might read.
fn text(field: &[u8]) -> Result<&str, HeaderProblem> {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    let (text, rest) = field.split_at_checked(end).ok_or(HeaderProblem::Name)?;
    if rest.iter().any(|byte| *byte != 0) || !text.is_ascii() {
        return Err(HeaderProblem::Name);
    }
    std::str::from_utf8(text).map_err(|_| HeaderProblem::Name)
}

/// The checksum: six octal digits, a zero and a space, as POSIX has it and all tars write it. The sum covers every other bit
/// of a header, so that with one form only no bit can be changed.
fn written(field: &[u8]) -> Option<u64> {
    let digits = field.strip_suffix(b"\0 ")?;
    octal(digits).filter(|_| digits.iter().all(u8::is_ascii_digit))
}

/// An octal number: spaces, digits, then spaces and zeros. GNU tar's binary numbers start at 8 GiB; they are refused.
fn octal(field: &[u8]) -> Option<u64> {
    let start = field.iter().position(|byte| *byte != b' ')?;
    let digits = field.get(start..)?;
    let end = digits.iter().position(|byte| !(b'0'..=b'7').contains(byte)).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at_checked(end)?;
    if digits.is_empty() || rest.iter().any(|byte| *byte != 0 && *byte != b' ') {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, digit| value.checked_mul(8)?.checked_add(u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resealed(mut header: [u8; BLOCK], at: usize, bytes: &[u8]) -> [u8; BLOCK] {
        header[at..at + bytes.len()].copy_from_slice(bytes);
        let sum = format!("{:06o}\0 ", checksum(&header));
        header[CHECKSUM].copy_from_slice(sum.as_bytes());
        header
    }

    #[test]
    fn what_is_written_is_read() {
        for size in [0, 1, 512, (1 << 33) - 1] {
            let path = format!("images/{}", "x".repeat(93));
            assert_eq!(parse(&header(&path, size)), Ok(Entry { path, size }));
        }
    }

    #[test]
    fn every_changed_byte_of_a_header_is_seen() {
        let good = header("images/a.bin", 77);
        for at in 0..BLOCK {
            for change in (0..8).map(|bit| 1 << bit) {
                let mut bad = good;
                bad[at] ^= change;
                assert!(parse(&bad).is_err(), "byte {at}");
            }
        }
    }

    #[test]
    fn only_regular_files_pass() {
        let good = header("images/a.bin", 0);
        for kind in (0..=255_u8).filter(|kind| *kind != b'0' && *kind != 0) {
            let bad = resealed(good, TYPE, &[kind]);
            assert!(matches!(parse(&bad), Err(HeaderProblem::Type { .. })), "type {kind}");
        }
        assert!(matches!(parse(&resealed(good, LINK.start, b"/etc")), Err(HeaderProblem::Type { .. })));
    }

    #[test]
    fn numbers_are_octal() {
        let good = header("images/a.bin", 0);
        let size = |bytes: &[u8]| parse(&resealed(good, SIZE.start, bytes)).map(|entry| entry.size);
        assert_eq!(size(b"       17  \0"), Ok(15));
        assert_eq!(size(b"777777777777"), Ok((1 << 36) - 1), "all twelve digits");
        for bad in [
            &b"            "[..],
            b"\0\0\0\0\0\0\0\0\0\0\0\0",
            b"00000000008\0",
            b"1\x005\0\0\0\0\0\0\0\0\0",
            &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        ] {
            assert_eq!(size(bad), Err(HeaderProblem::Number { field: "the size" }), "{bad:?}");
        }
    }

    #[test]
    fn a_name_is_plain_text_with_nothing_after_it() {
        let good = header("images/a.bin", 0);
        assert_eq!(parse(&resealed(good, 50, b"x")), Err(HeaderProblem::Name));
        assert_eq!(parse(&resealed(good, 3, "é".as_bytes())), Err(HeaderProblem::Name));
        let long = resealed(good, PREFIX.start, b"images/deep");
        assert_eq!(parse(&long).unwrap().path, "images/deep/images/a.bin");
        let gnu = resealed(long, MAGIC.start, GNU);
        assert_eq!(parse(&gnu).unwrap().path, "images/a.bin", "GNU tar has times there");
    }
}
