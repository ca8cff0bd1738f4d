//! Hexadecimal text of bytes and back, by table: two lookups a byte, no branches that depend on the data.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The two digits of every byte, side by side.
static PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

/// What marks a byte that is no hexadecimal digit.
pub(crate) const NO_DIGIT: u8 = 0xFF;

/// The value of every digit, upper case accepted.
static VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 16 {
        values[DIGITS[digit] as usize] = digit as u8;
        values[DIGITS[digit].to_ascii_uppercase() as usize] = digit as u8;
        digit += 1;
    }
    values
};

/// The value of a digit, or [`NO_DIGIT`].
pub(crate) fn value(digit: u8) -> u8 {
    VALUES.get(usize::from(digit)).copied().unwrap_or(NO_DIGIT)
}

/// Writes the lower-case digits of `bytes` over the start of `text` and returns them.
///
/// Bytes for whose digits `text` has no room are left out.
pub(crate) fn encode<'text>(bytes: &[u8], text: &'text mut [u8]) -> &'text [u8] {
    let (pairs, _) = text.as_chunks_mut::<2>();
    let mut count = 0;
    for (pair, byte) in pairs.iter_mut().zip(bytes) {
        if let Some(digits) = PAIRS.get(usize::from(*byte)) {
            *pair = *digits;
        }
        count += 2;
    }
    text.get(..count).unwrap_or_default()
}

/// Decodes as many pairs of digits as `bytes` has room for, up to the first pair with another character.
///
/// Returns how many bytes were decoded.
pub(crate) fn decode(text: &[u8], bytes: &mut [u8]) -> usize {
    let (pairs, _) = text.as_chunks::<2>();
    let mut count = 0;
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (value(*high), value(*low));
        if (high | low) > 15 {
            break;
        }
        *byte = high << 4 | low;
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_there_and_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut text = [0; 512];
        let expected: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(encode(&bytes, &mut text), expected.as_bytes());
        for text in [expected.clone(), expected.to_uppercase()] {
            let mut back = [0; 256];
            assert_eq!(decode(text.as_bytes(), &mut back), 256);
            assert_eq!(back.as_slice(), bytes);
        }
    }

    #[test]
    fn what_is_no_digit_ends_the_decoding() {
        let mut bytes = [0; 4];
        assert_eq!(decode(b"0a1g", &mut bytes), 1);
        assert_eq!(decode(b"0a1", &mut bytes), 1, "half a pair");
        assert_eq!(decode(b"0a1b0a1b0a1b", &mut bytes), 4, "no more than there is room for");
        assert_eq!((b'0'..=b'~').filter(|digit| value(*digit) != NO_DIGIT).count(), 22);
    }
}
