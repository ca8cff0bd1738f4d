//! The sized symbols of an ELF by section and address.

use crate::elf::{Elf, Symbol, SymbolKind};

/// A symbol that may own bytes.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    pub(super) name: &'a [u8],
    pub(super) address: u64,
    pub(super) size: u64,
    section: u32,
    rank: u8,
}

impl Owner<'_> {
    /// Section, address and rank as one number: they are compared some millions of times.
    fn place(&self) -> u128 {
        u128::from(self.section) << 72 | u128::from(self.address) << 8 | u128::from(self.rank)
    }
}

/// All symbols with a size, ordered so that of several at one address the owner comes first.
pub(super) struct Symbols<'a>(Vec<Owner<'a>>);

impl<'a> Symbols<'a> {
    pub(super) fn new(elf: &'a Elf<'a>) -> Self {
        let mut owners = Vec::with_capacity(elf.max_symbols());
        owners.extend(elf.symbols().filter(|symbol| symbol.size > 0).filter_map(owner));
        // Unstable: what compares equal is the same symbol twice.
        #[allow(clippy::disallowed_methods, reason = "a million are soonest in order by it")]
        owners.sort_unstable_by(|a, b| {
            a.place().cmp(&b.place()).then_with(|| b.size.cmp(&a.size)).then_with(|| a.name.cmp(b.name))
        });
        Self(owners)
    }

    /// The symbols of a section that start in a range.
    pub(super) fn between(&self, section: usize, start: u64, end: u64) -> &[Owner<'a>] {
        let Ok(section) = u32::try_from(section) else { return &[] };
        let place =
            |address| self.0.partition_point(|owner| (owner.section, owner.address) < (section, address));
        self.0.get(place(start)..place(end)).unwrap_or_default()
    }
}

fn owner(symbol: Symbol<'_>) -> Option<Owner<'_>> {
    let rank = match (symbol.kind, symbol.local) {
        (SymbolKind::Function | SymbolKind::Object, false) => 0,
        (SymbolKind::Function | SymbolKind::Object, true) => 1,
        (SymbolKind::Label, _) => 2,
    };
    Some(Owner {
        name: symbol.name,
        address: symbol.address,
        size: symbol.size,
        section: u32::try_from(symbol.section).ok()?,
        rank,
    })
}
