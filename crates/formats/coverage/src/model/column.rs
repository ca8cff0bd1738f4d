//! Many numbers in little memory.

/// Numbers in the narrowest type that holds them all: the same numbers are always held in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
}

impl Column {
    pub(crate) fn from_values(values: impl ExactSizeIterator<Item = u64> + Clone) -> Self {
        // Its highest bit is that of the greatest number, and neither it nor the bytes of each number take a branch.
        let all = values.clone().fold(0, |all, value| all | value);
        let bytes = values.clone().map(u64::to_le_bytes);
        if all <= u8::MAX.into() {
            Self::U8(bytes.map(|[a, ..]| a).collect())
        } else if all <= u16::MAX.into() {
            Self::U16(bytes.map(|[a, b, ..]| u16::from_le_bytes([a, b])).collect())
        } else if all <= u32::MAX.into() {
            Self::U32(bytes.map(|[a, b, c, d, ..]| u32::from_le_bytes([a, b, c, d])).collect())
        } else {
            Self::U64(values.collect())
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::U8(values) => values.len(),
            Self::U16(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::U64(values) => values.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn get(&self, index: usize) -> Option<u64> {
        match self {
            Self::U8(values) => values.get(index).copied().map(u64::from),
            Self::U16(values) => values.get(index).copied().map(u64::from),
            Self::U32(values) => values.get(index).copied().map(u64::from),
            Self::U64(values) => values.get(index).copied(),
        }
    }

    /// Where a number stands among numbers in their order.
    pub(crate) fn place(&self, value: u64) -> Option<usize> {
        match self {
            Self::U8(values) => values.binary_search(&value.try_into().ok()?).ok(),
            Self::U16(values) => values.binary_search(&value.try_into().ok()?).ok(),
            Self::U32(values) => values.binary_search(&value.try_into().ok()?).ok(),
            Self::U64(values) => values.binary_search(&value).ok(),
        }
    }

    pub(crate) fn iter(&self) -> Values<'_> {
        match self {
            Self::U8(values) => Values::U8(values.iter()),
            Self::U16(values) => Values::U16(values.iter()),
            Self::U32(values) => Values::U32(values.iter()),
            Self::U64(values) => Values::U64(values.iter()),
        }
    }
}

impl Default for Column {
    fn default() -> Self {
        Self::U8(Vec::new())
    }
}

/// The numbers of a column, one after the other.
#[derive(Clone, Debug)]
pub(crate) enum Values<'a> {
    U8(std::slice::Iter<'a, u8>),
    U16(std::slice::Iter<'a, u16>),
    U32(std::slice::Iter<'a, u32>),
    U64(std::slice::Iter<'a, u64>),
}

impl Iterator for Values<'_> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        match self {
            Self::U8(values) => values.next().copied().map(u64::from),
            Self::U16(values) => values.next().copied().map(u64::from),
            Self::U32(values) => values.next().copied().map(u64::from),
            Self::U64(values) => values.next().copied(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::U8(values) => values.size_hint(),
            Self::U16(values) => values.size_hint(),
            Self::U32(values) => values.size_hint(),
            Self::U64(values) => values.size_hint(),
        }
    }
}

impl ExactSizeIterator for Values<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_whatever_they_need() {
        for most in [0, 255, 256, 65_535, 65_536, u64::from(u32::MAX), 1 << 32, u64::MAX] {
            let values = [0, most / 2, most];
            let column = Column::from_values(values.iter().copied());
            let width = match column {
                Column::U8(_) => 8,
                Column::U16(_) => 16,
                Column::U32(_) => 32,
                Column::U64(_) => 64,
            };
            let needed = (64 - most.leading_zeros()).next_power_of_two().max(8);
            assert_eq!(width, needed, "{most}");
            assert_eq!(column.iter().collect::<Vec<_>>(), values);
            assert_eq!((column.len(), column.iter().len()), (3, 3));
            assert_eq!((column.get(0), column.get(2), column.get(3)), (Some(0), Some(most), None));
            assert_eq!(column.place(most).map(|place| column.get(place)), Some(Some(most)));
            assert_eq!(column.place(most ^ 1).is_some(), values.contains(&(most ^ 1)), "{most}");
        }
        assert_eq!(Column::default(), Column::from_values(std::iter::empty()));
        assert!(Column::default().is_empty());
    }
}
