//! Sums of shares, exact.

use lw_model::Percent;

/// A fraction in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fraction {
    numerator: u128,
    denominator: u128,
}

impl Fraction {
    /// Nothing.
    pub(super) const ZERO: Self = Self { numerator: 0, denominator: 1 };

    /// Adds `part` of `whole`; of an empty whole there is nothing to add.
    ///
    /// The denominators are numbers of components, of which one bill has few different ones, so their product fits. Where it
    /// does not, the shares are added in steps of 2^-64, downwards: never is a score higher than it is.
    pub(super) fn add(&mut self, part: u64, whole: u64) {
        if whole == 0 {
            return;
        }
        let (part, whole) = (u128::from(part), u128::from(whole));
        let exact = || {
            let common = greatest_common_divisor(self.denominator, whole);
            let mine = whole / common;
            let theirs = self.denominator / common;
            let numerator = self.numerator.checked_mul(mine)?.checked_add(part.checked_mul(theirs)?)?;
            // A percentage is a millionth, for which there must be room, and so for the number of fields.
            let denominator = self.denominator.checked_mul(mine)?;
            numerator.checked_mul(1_000_000).and(denominator.checked_mul(1 << 20))?;
            Some(Self { numerator, denominator }.lowest())
        };
        *self = exact().unwrap_or_else(|| {
            let unit = 1_u128 << 64;
            let whole_part = self.numerator / self.denominator;
            let rest = scaled(self.numerator % self.denominator, self.denominator);
            Self { numerator: whole_part * unit + rest + (part << 64) / whole, denominator: unit }.lowest()
        });
    }

    /// Its share of so many, floored; `None` of none.
    pub(super) fn share_of(self, whole: u64) -> Option<Percent> {
        let whole = u128::from(whole).checked_mul(self.denominator).filter(|whole| *whole > 0)?;
        let millionths = self.numerator.checked_mul(1_000_000)? / whole;
        // A percentage of the house is floored to a millionth, which this is already.
        Percent::of(i64::try_from(millionths).ok()?, 1_000_000)
    }

    /// Numerator and denominator.
    pub(super) fn parts(self) -> (u128, u128) {
        (self.numerator, self.denominator)
    }

    fn lowest(self) -> Self {
        let common = greatest_common_divisor(self.numerator, self.denominator).max(1);
        Self { numerator: self.numerator / common, denominator: self.denominator / common }
    }
}

/// `numerator / denominator` in steps of 2^-64, downwards, where the numerator is the smaller one.
fn scaled(numerator: u128, denominator: u128) -> u128 {
    // Both are made small enough for the product first, the denominator upwards.
    let surplus = (128 - denominator.leading_zeros()).saturating_sub(63);
    let numerator = numerator >> surplus;
    let denominator = (denominator >> surplus) + u128::from(surplus > 0);
    (numerator << 64) / denominator
}

fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(parts: &[(u64, u64)]) -> Fraction {
        let mut sum = Fraction::ZERO;
        parts.iter().for_each(|(part, whole)| sum.add(*part, *whole));
        sum
    }

    #[test]
    fn thirds_make_a_whole() {
        let whole = sum(&[(1, 3), (2, 3), (5, 5)]);
        assert_eq!(whole.parts(), (2, 1));
        assert_eq!(whole.share_of(2), Some("100%".parse().unwrap()));
        assert_eq!(whole.share_of(0), None);
    }

    #[test]
    fn a_share_is_floored() {
        assert_eq!(sum(&[(2, 3)]).share_of(1), Some("66.6666%".parse().unwrap()));
        assert_eq!(sum(&[(999_999_999, 1_000_000_000)]).share_of(1), Some("99.9999%".parse().unwrap()));
        assert_eq!(sum(&[(0, 0), (1, 1)]).share_of(1), Some("100%".parse().unwrap()));
    }

    #[test]
    fn what_cannot_be_exact_is_never_too_high() {
        // Denominators whose product has no room.
        let primes = [(1, 4_294_967_291), (1, 4_294_967_279), (1, 4_294_967_231), (1, 4_294_967_197), (1, 2)];
        let share = sum(&primes).share_of(5).unwrap();
        assert_eq!(share, "10%".parse().unwrap());
        let nearly =
            [4_294_967_291, 4_294_967_279, 4_294_967_231, 4_294_967_197].map(|prime| (prime - 1, prime));
        assert_eq!(sum(&nearly).share_of(4), Some("99.9999%".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn of_one_whole_it_is_the_percentage_of_the_house(parts in proptest::collection::vec(0u64..=977, 1..12)) {
            let fractions: Vec<_> = parts.iter().map(|part| (*part, 977)).collect();
            let total: u64 = parts.iter().sum();
            let whole = 977 * parts.len() as u64;
            let expected = Percent::of(i64::try_from(total).unwrap(), i64::try_from(whole).unwrap());
            prop_assert_eq!(sum(&fractions).share_of(parts.len() as u64), expected);
        }

        #[test]
        fn everything_is_all_and_less_is_less(wholes in proptest::collection::vec(1u64..5_000_000, 1..8), short in 0usize..8) {
            let mut all: Vec<_> = wholes.iter().map(|whole| (*whole, *whole)).collect();
            prop_assert_eq!(sum(&all).share_of(all.len() as u64), Some("100%".parse().unwrap()));
            let index = short % all.len();
            all[index].0 -= 1;
            prop_assert!(sum(&all).share_of(all.len() as u64) < Some("100%".parse().unwrap()));
        }
    }
}
