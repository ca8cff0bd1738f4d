//! Names, lines and hits of functions, which lie in records apart.

use std::borrow::Cow;

use lw_hashed::HashMap;
use lw_model::lists::sort_by_key;
use lw_model::same_bytes;

use crate::model::{FileBuilder, WarningKind, Warnings};

/// The function records of one section.
///
/// Version 1 has `FN` (lines and name) and `FNDA` (hits and name); version 2.2 has `FNL` (an index and lines) and
/// `FNA` (the index, hits and a name), with several names for one index where a template has instantiations.
#[derive(Debug, Default)]
pub(super) struct Functions<'a> {
    named: Vec<Named<'a>>,
    hits: Vec<(u64, &'a [u8])>,
    located: Vec<Located>,
    aliases: Vec<(u64, u64, &'a [u8])>,
}

#[derive(Debug)]
struct Named<'a> {
    start: u32,
    end: u32,
    name: &'a [u8],
}

#[derive(Debug)]
struct Located {
    index: u64,
    start: u32,
    end: u32,
    named: bool,
}

impl<'a> Functions<'a> {
    pub(super) fn named(&mut self, start: u32, end: u32, name: &'a [u8]) {
        self.named.push(Named { start, end, name });
    }

    pub(super) fn hits(&mut self, hits: u64, name: &'a [u8]) {
        self.hits.push((hits, name));
    }

    pub(super) fn located(&mut self, index: u64, start: u32, end: u32) {
        self.located.push(Located { index, start, end, named: false });
    }

    pub(super) fn alias(&mut self, index: u64, hits: u64, name: &'a [u8]) {
        self.aliases.push((index, hits, name));
    }

    /// Puts the records of the section together.
    pub(super) fn resolve(&mut self, into: &mut FileBuilder, warnings: &mut Warnings, line: u64) {
        let same_order = self.named.len() == self.hits.len()
            && self.named.iter().zip(&self.hits).all(|(function, hits)| same_bytes(function.name, hits.1));
        if same_order {
            for (function, (hits, _)) in self.named.iter().zip(&self.hits) {
                add(into, warnings, line, function.start, function.end, *hits, function.name);
            }
        } else {
            self.resolve_by_name(into, warnings, line);
        }
        self.named.clear();
        self.hits.clear();
        self.resolve_aliases(into, warnings, line);
    }

    /// Names may be repeated: JavaScript has many functions called `(anonymous)`. So the hits of a name belong
    /// to its functions in their order; further ones to the last of them.
    fn resolve_by_name(&self, into: &mut FileBuilder, warnings: &mut Warnings, line: u64) {
        let mut places: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (place, function) in self.named.iter().enumerate().rev() {
            places.entry(function.name).or_default().push(place);
        }
        let mut sums = vec![0_u64; self.named.len()];
        for (hits, name) in &self.hits {
            let place = match places.get_mut(name) {
                Some(places) if places.len() > 1 => places.pop(),
                Some(places) => places.first().copied(),
                None => None,
            };
            match place.and_then(|place| sums.get_mut(place)) {
                Some(sum) => *sum = sum.saturating_add(*hits),
                None => {
                    warnings.add(WarningKind::FunctionWithoutLine, line, name);
                    add(into, warnings, line, 0, 0, *hits, name);
                }
            }
        }
        for (function, hits) in self.named.iter().zip(sums) {
            add(into, warnings, line, function.start, function.end, hits, function.name);
        }
    }

    fn resolve_aliases(&mut self, into: &mut FileBuilder, warnings: &mut Warnings, line: u64) {
        // The last one holds where an index is repeated, as in a hash of Perl.
        self.located.reverse();
        sort_by_key(&mut self.located, |place| place.index);
        self.located.dedup_by_key(|place| place.index);
        for (index, hits, name) in &self.aliases {
            let place = self.located.binary_search_by_key(index, |place| place.index);
            match place.ok().and_then(|place| self.located.get_mut(place)) {
                Some(place) => {
                    place.named = true;
                    add(into, warnings, line, place.start, place.end, *hits, name);
                }
                None => {
                    warnings.add(WarningKind::FunctionWithoutLine, line, name);
                    add(into, warnings, line, 0, 0, *hits, name);
                }
            }
        }
        // One that nobody called by a name was not called.
        for place in self.located.iter().filter(|place| !place.named) {
            into.function(place.start, place.end, 0, "");
        }
        self.located.clear();
        self.aliases.clear();
    }
}

fn add(
    into: &mut FileBuilder,
    warnings: &mut Warnings,
    line: u64,
    start: u32,
    end: u32,
    hits: u64,
    name: &[u8],
) {
    // Checking first is faster: nearly all names are ASCII.
    let text = std::str::from_utf8(name).map_or_else(|_| String::from_utf8_lossy(name), Cow::Borrowed);
    if matches!(text, Cow::Owned(_)) {
        warnings.add(WarningKind::InvalidText, line, name);
    }
    into.function(start, end, hits, &text);
}
