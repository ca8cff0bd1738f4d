//! The numbers a Secure Boot V2 block keeps beside an RSA modulus, which the chip's multiplier needs and never checks.
//!
//! ESP-IDF `components/bootloader_support`, `ets_secure_boot_sig_block`; esptool `espsecure/__init__.py`. A block whose
//! modulus or whose R was changed after it was signed shows here, without any key to compare with.

/// Bytes of an RSA-3072 modulus.
const LENGTH: usize = 384;
const LIMBS: usize = LENGTH / 4;

/// Whether `r` is 2^6144 mod `modulus` and `m_prime` is -modulus^-1 mod 2^32; all numbers are little-endian.
///
/// False as well when the modulus is not one of RSA-3072: not 3072 bits long, or even.
pub(super) fn constants_hold(modulus: &[u8], r: &[u8], m_prime: u32) -> bool {
    let (Some(n), Some(r)) = (limbs(modulus), limbs(r)) else { return false };
    let low = n[0];
    let is_modulus = low % 2 == 1 && n[LIMBS - 1] >> 31 == 1;
    is_modulus && m_prime == inverse(low).wrapping_neg() && r == power_of_two(&n)
}

fn limbs(bytes: &[u8]) -> Option<[u32; LIMBS]> {
    let (words, []) = bytes.as_chunks::<4>() else { return None };
    let words: [[u8; 4]; LIMBS] = words.try_into().ok()?;
    Some(words.map(u32::from_le_bytes))
}

/// 1 / `odd` mod 2^32, by Newton's iteration: each step doubles the number of right bits, and `odd` itself has three.
fn inverse(odd: u32) -> u32 {
    (0..4).fold(odd, |x, _| x.wrapping_mul(2u32.wrapping_sub(odd.wrapping_mul(x))))
}

/// 2^6144 mod `n`, where `n` has 3072 bits: 2^3072 mod `n` is 2^3072 - `n`, which is doubled 3072 times.
fn power_of_two(n: &[u32; LIMBS]) -> [u32; LIMBS] {
    let mut value = [0; LIMBS];
    subtract(&mut value, n);
    for _ in 0..LENGTH * 8 {
        let mut carry = 0;
        for limb in &mut value {
            (*limb, carry) = (*limb << 1 | carry, *limb >> 31);
        }
        if carry == 1 || value.iter().rev().ge(n.iter().rev()) {
            subtract(&mut value, n);
        }
    }
    value
}

/// `value` - `n` mod 2^3072.
fn subtract(value: &mut [u32; LIMBS], n: &[u32; LIMBS]) {
    let mut borrow = false;
    for (limb, other) in value.iter_mut().zip(n) {
        let (difference, first) = limb.overflowing_sub(*other);
        let (difference, second) = difference.overflowing_sub(borrow.into());
        (*limb, borrow) = (difference, first || second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2^3072 - 1: 2^3072 is 1 modulo it, and so is 2^6144; -1 is its own inverse, so M' is 1.
    const ALL: [u8; LENGTH] = [0xFF; LENGTH];

    fn one() -> [u8; LENGTH] {
        let mut one = [0; LENGTH];
        one[0] = 1;
        one
    }

    #[test]
    fn the_constants_of_a_modulus_hold_and_no_others() {
        assert!(constants_hold(&ALL, &one(), 1));
        assert!(!constants_hold(&ALL, &one(), 2));
        assert!(!constants_hold(&ALL, &ALL, 1));
        let mut other = ALL;
        other[5] = 0xFE;
        assert!(!constants_hold(&other, &one(), 1));
    }

    #[test]
    fn two_to_the_3071_and_one_has_the_remainder_of_the_textbook() {
        // n = 2^3071 + 1, so 2^3071 is -1, 2^6142 is 1, and 2^6144 is 4.
        let (mut n, mut four) = ([0; LENGTH], [0; LENGTH]);
        (n[0], n[LENGTH - 1], four[0]) = (1, 0x80, 4);
        assert!(constants_hold(&n, &four, u32::MAX));
    }

    #[test]
    fn what_is_no_modulus_of_rsa_3072_does_not_hold() {
        let mut even = ALL;
        even[0] = 0xFE;
        let mut short = ALL;
        short[LENGTH - 1] = 0x7F;
        for modulus in [&even[..], &short, &ALL[1..], &[]] {
            assert!(!constants_hold(modulus, &one(), 1));
        }
    }
}
