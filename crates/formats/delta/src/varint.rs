//! The variable-length integers of detools.
//!
//! The first byte holds six bits of the magnitude, bit 6 is the sign and bit 7 says that more follows; every further
//! byte holds seven bits, least significant group first. detools: `pack_size` in `detools/bsdiff.c` and
//! `unpack_size_with_length` in `detools/common.py`.

/// The most bytes a number takes: 6 bits and nine groups of 7 hold 63.
pub(crate) const MAX_LENGTH: usize = 10;

const MORE: u8 = 0x80;
const SIGN: u8 = 0x40;

/// Appends a number in the form detools writes.
pub(crate) fn write(out: &mut Vec<u8>, value: i64) {
    let mut left = value.unsigned_abs();
    let sign = if value < 0 { SIGN } else { 0 };
    let mut byte = sign | (left & 0x3F) as u8;
    left >>= 6;
    while left > 0 {
        out.push(byte | MORE);
        byte = (left & 0x7F) as u8;
        left >>= 7;
    }
    out.push(byte);
}

/// Why a number could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable<E> {
    /// Its bytes could not.
    Source(E),
    /// It has more than 63 bits.
    Overflow,
}

/// Reads a number from a source of bytes.
pub(crate) fn read<E>(mut next: impl FnMut() -> Result<u8, E>) -> Result<i64, Unreadable<E>> {
    let first = next().map_err(Unreadable::Source)?;
    let mut magnitude = u64::from(first & 0x3F);
    let mut more = first & MORE != 0;
    for group in 0..MAX_LENGTH as u32 - 1 {
        if !more {
            break;
        }
        let byte = next().map_err(Unreadable::Source)?;
        let shift = 6 + 7 * group;
        let bits = u64::from(byte & 0x7F);
        let shifted = bits << shift;
        if shifted >> shift != bits {
            return Err(Unreadable::Overflow);
        }
        magnitude |= shifted;
        more = byte & MORE != 0;
    }
    let value = i64::try_from(magnitude).map_err(|_| Unreadable::Overflow)?;
    if more {
        return Err(Unreadable::Overflow);
    }
    Ok(if first & SIGN != 0 { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(value: i64) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, value);
        bytes
    }

    fn unpacked(bytes: &[u8]) -> Result<i64, Unreadable<()>> {
        let mut bytes = bytes.iter();
        read(|| bytes.next().copied().ok_or(()))
    }

    #[test]
    fn numbers_are_packed_as_detools_packs_them() {
        // Printed by `detools.bsdiff.pack_size` of detools 0.53.0.
        let known: &[(i64, &[u8])] = &[
            (0, &[0x00]),
            (1, &[0x01]),
            (-1, &[0x41]),
            (63, &[0x3F]),
            (64, &[0x80, 0x01]),
            (-64, &[0xC0, 0x01]),
            (8191, &[0xBF, 0x7F]),
            (8192, &[0x80, 0x80, 0x01]),
            (4_194_304, &[0x80, 0x80, 0x80, 0x04]),
            (-4_194_305, &[0xC1, 0x80, 0x80, 0x04]),
            (i64::MAX, &[0xBF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
        ];
        for (value, bytes) in known {
            assert_eq!(packed(*value), *bytes, "{value}");
            assert_eq!(unpacked(bytes), Ok(*value), "{value}");
        }
    }

    #[test]
    fn a_number_of_more_than_63_bits_is_refused() {
        assert_eq!(
            unpacked(&[0xBF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02]),
            Err(Unreadable::Overflow)
        );
        assert_eq!(unpacked(&[0xFF; 20]), Err(Unreadable::Overflow));
        assert_eq!(unpacked(&[0x80; 20]), Err(Unreadable::Overflow));
    }

    #[test]
    fn a_number_that_breaks_off_is_not_a_number() {
        assert_eq!(unpacked(&[]), Err(Unreadable::Source(())));
        assert_eq!(unpacked(&[0x80]), Err(Unreadable::Source(())));
    }
}
