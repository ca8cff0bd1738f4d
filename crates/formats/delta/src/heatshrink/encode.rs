//! Writing heatshrink in as few bits as the format allows.
//!
//! Every copy costs the same whatever its distance and length, and of two ends the later one is never the worse, so
//! the cheapest encoding takes at each place either the byte itself or the longest copy: one pass from the end decides
//! which. What is left is finding the longest copies quickly where the data is mostly runs of zeros, as differences are.

use crate::heatshrink::Parameters;
use crate::prefix::common_prefix;

/// From this length on a run of one byte is looked at as a whole.
const MIN_RUN: usize = 4;

/// How many places with the same two bytes are compared; all of a window of 2^8.
const MAX_CANDIDATES: usize = 1024;

const NONE: u32 = u32::MAX;

/// Appends the shortest encoding of some data.
pub fn compress(data: &[u8], parameters: Parameters, out: &mut Vec<u8>) {
    let mut with_window = window(parameters, data.len());
    with_window.extend_from_slice(data);
    compress_in_window(&with_window, parameters, out);
}

/// What a decoder has before the data: a window of zeros, with room for so many bytes after it.
pub(crate) fn window(parameters: Parameters, room: usize) -> Vec<u8> {
    let window = 1 << parameters.window;
    let mut data = Vec::with_capacity(window + room);
    data.resize(window, 0);
    data
}

/// Appends the shortest encoding of what follows a [`window`].
pub(crate) fn compress_in_window(data: &[u8], parameters: Parameters, out: &mut Vec<u8>) {
    let mut copies = Finder::new(data, parameters).copies();
    choose(&mut copies, parameters);
    let (window, lookahead) = (u32::from(parameters.window), u32::from(parameters.lookahead));
    let longest = 1usize << lookahead;
    let mut bits = Bits::default();
    let mut at = 1 << window;
    for piece in &copies.pieces {
        while at < piece.end {
            // Inside a run all copies are the same, and none is listed.
            let copy =
                if at < piece.gap { copies.at(piece, at) } else { Backref { length: longest, distance: 1 } };
            if copy.length == 0 {
                let byte = data.get(at).copied().unwrap_or_default();
                bits.put(out, 1 << 8 | u32::from(byte), 9);
                at += 1;
            } else {
                let pair = (copy.distance as u32 - 1) << lookahead | (copy.length as u32 - 1);
                bits.put(out, pair, 1 + window + lookahead);
                at += copy.length;
            }
        }
    }
    bits.finish(out);
}

/// A copy of bytes before, heatshrink's back-reference; none has no length.
#[derive(Clone, Copy, Default)]
struct Backref {
    length: usize,
    distance: usize,
}

impl Backref {
    /// The length in the upper half, the distance less one in the lower.
    fn packed(self) -> u32 {
        // Shorter ones cost more than the byte. A length is up to 2^14, a distance up to 2^15.
        if self.length > 1 { (self.length as u32) << 16 | (self.distance as u32 - 1) } else { 0 }
    }

    fn unpacked(copy: u32) -> Self {
        Self { length: (copy >> 16) as usize, distance: (copy & 0xFFFF) as usize + 1 }
    }
}

/// A copy for each place.
#[derive(Default)]
struct Copies {
    packed: Vec<u32>,
    pieces: Vec<Piece>,
}

/// Places one after the other: those of which the copies are listed, then those deep inside a run.
///
/// From two longest copies before its end on, back to its second byte, every place of a run has the longest copy, at
/// distance 1, in the cheapest encoding. With f(r) for the cost of what is left from r bytes before the end on, c for that
/// of a copy and 9 for that of a byte: somewhere between the last longest copy and the one before it the copy is chosen,
/// as 2^lookahead bytes cost more. And where it is chosen, f(r) = c + f(r - longest), it is one byte earlier as well:
/// f(r + 1 - longest) <= 9 + f(r - longest), so that c + f(r + 1 - longest) <= 9 + f(r).
struct Piece {
    start: usize,
    /// Where the places of a run begin.
    gap: usize,
    end: usize,
    /// The number of the first copy.
    first: usize,
}

impl Copies {
    fn push(&mut self, copy: Backref) {
        self.packed.push(copy.packed());
    }

    /// Ends a piece with a gap between two places.
    fn gap(&mut self, gap: usize, end: usize) {
        let (start, first) =
            self.pieces.last().map_or((0, 0), |last| (last.end, last.first + last.gap - last.start));
        self.pieces.push(Piece { start, gap, end, first });
    }

    fn at(&self, piece: &Piece, at: usize) -> Backref {
        self.packed
            .get(piece.first + at - piece.start)
            .map_or(Backref::default(), |copy| Backref::unpacked(*copy))
    }
}

/// What the rest costs, in bits, from each of the next places on.
struct Costs {
    costs: Vec<u64>,
    mask: usize,
}

impl Costs {
    fn new(longest: usize) -> Self {
        Self { costs: vec![0; 2 * longest], mask: 2 * longest - 1 }
    }

    fn get(&self, at: usize) -> u64 {
        self.costs.get(at & self.mask).copied().unwrap_or(u64::MAX)
    }

    fn set(&mut self, at: usize, cost: u64) {
        if let Some(place) = self.costs.get_mut(at & self.mask) {
            *place = cost;
        }
    }
}

/// Drops the copies that cost more than the bytes they stand for, seen from the whole encoding.
fn choose(copies: &mut Copies, parameters: Parameters) {
    let longest = 1usize << parameters.lookahead;
    let copy_cost = 1 + u64::from(parameters.window) + u64::from(parameters.lookahead);
    let mut costs = Costs::new(longest);
    for piece in copies.pieces.iter().rev() {
        if piece.gap < piece.end {
            let known: Vec<u64> = (piece.end..piece.end + longest).map(|at| costs.get(at)).collect();
            for at in piece.gap..piece.end.min(piece.gap + 2 * longest) {
                let count = (piece.end - at).div_ceil(longest);
                let end = known.get(at + count * longest - piece.end).copied().unwrap_or(u64::MAX);
                costs.set(at, end + count as u64 * copy_cost);
            }
        }
        let listed = copies.packed.get_mut(piece.first..).unwrap_or_default();
        let mut next = costs.get(piece.gap);
        for (at, copy) in (piece.start..piece.gap).zip(listed).rev() {
            let literal = next + 9;
            let length = Backref::unpacked(*copy).length;
            let copied = costs.get(at + length) + copy_cost;
            if length == 0 || literal < copied {
                *copy = 0;
                next = literal;
            } else {
                next = copied;
            }
            costs.set(at, next);
        }
    }
}

/// Finds the longest copy at every place.
struct Finder<'a> {
    data: &'a [u8],
    /// How far back and how long a copy may be.
    reach: usize,
    longest: usize,
    /// The last place with each pair of bytes, and for every place in reach the one before it.
    heads: Vec<u32>,
    chain: Vec<u32>,
    /// The runs so far: where they end, how long they are, and the run of the same byte before.
    runs: Vec<Run>,
    /// The last run of each byte.
    last_runs: Vec<u32>,
}

struct Run {
    end: u32,
    length: u32,
    /// Its number, or `NONE`.
    before: u32,
}

/// A run before that ends in the same byte as the one at hand.
struct End {
    distance: usize,
    /// How many bytes are the same before the end, and after it.
    before: usize,
    after: usize,
}

impl<'a> Finder<'a> {
    fn new(data: &'a [u8], parameters: Parameters) -> Self {
        let reach = 1 << parameters.window;
        Self {
            data,
            reach,
            longest: 1 << parameters.lookahead,
            heads: vec![NONE; 1 << 16],
            chain: vec![NONE; reach],
            runs: Vec::new(),
            last_runs: vec![NONE; 256],
        }
    }

    fn copies(mut self) -> Copies {
        let mut copies = Copies::default();
        let mut at = 0;
        let mut last = Backref::default();
        while let Some(byte) = self.data.get(at).copied() {
            let rest = self.data.get(at..).unwrap_or_default();
            let run = run_length(rest);
            if run < MIN_RUN {
                if run > 1 && (at == 0 || self.data.get(at - 1) != Some(&byte)) {
                    self.remember(at + run, run, byte);
                }
                last = self.search(at, last);
                copies.push(last);
                self.insert(at);
                at += 1;
                continue;
            }
            last = self.search_run(at, run, byte, last, &mut copies);
            // Copies that begin elsewhere in the run end with it, and are no longer than one of distance 1.
            for place in at + run - MIN_RUN..at + run {
                self.insert(place);
            }
            at += run;
            self.remember(at, run, byte);
        }
        copies.gap(at, at);
        copies
    }

    /// Notes a run. Ends and lengths fit: the data is made of inputs of less than 2^31 bytes.
    fn remember(&mut self, end: usize, length: usize, byte: u8) {
        if let Some(last) = self.last_runs.get_mut(usize::from(byte)) {
            self.runs.push(Run { end: end as u32, length: length as u32, before: *last });
            *last = (self.runs.len() - 1) as u32;
        }
    }

    /// The longest copy at a place; `last` is the one at the place before.
    fn search(&self, at: usize, last: Backref) -> Backref {
        let limit = self.longest.min(self.data.len() - at);
        let mut best = self.continued(at, last, limit);
        let mut place = self.pair(at).and_then(|pair| self.heads.get(pair)).copied().unwrap_or(NONE);
        for _ in 0..MAX_CANDIDATES {
            let from = place as usize;
            if place == NONE || at - from > self.reach || best.length == limit {
                break;
            }
            if self.data.get(from + best.length) == self.data.get(at + best.length) {
                let length = self.extend(at, at - from, 0, limit);
                if length > best.length {
                    best = Backref { length, distance: at - from };
                }
            }
            place = self.chain.get(from & (self.reach - 1)).copied().unwrap_or(NONE);
        }
        best
    }

    /// What a copy goes on to one place later.
    fn continued(&self, at: usize, last: Backref, limit: usize) -> Backref {
        if last.length > 1 {
            Backref {
                length: self.extend(at, last.distance, last.length - 1, limit),
                distance: last.distance,
            }
        } else {
            Backref::default()
        }
    }

    /// Lists the copies at every place of a run and returns the last one.
    fn search_run(&self, start: usize, run: usize, byte: u8, last: Backref, copies: &mut Copies) -> Backref {
        let end = start + run;
        let mut ends = self.ends(end, run).into_iter().peekable();
        let mut aligned: Option<End> = None;
        let mut best = Backref::default();
        let mut at = start;
        while at < end {
            let remaining = end - at;
            let limit = self.longest.min(self.data.len() - at);
            if at > start && remaining >= 2 * self.longest {
                let behind = end + 1 - 2 * self.longest;
                copies.gap(at, behind);
                at = behind;
                continue;
            }
            if at > start && remaining >= limit {
                best = Backref { length: limit, distance: 1 };
                copies.push(best);
                at += 1;
                continue;
            }
            best = if at > start {
                Backref { length: remaining, distance: 1 }
            } else {
                self.search_run_start(at, run, byte, last, limit)
            };
            while let Some(next) = ends.next_if(|next| next.before >= remaining) {
                if aligned.as_ref().is_none_or(|aligned| next.after > aligned.after) {
                    aligned = Some(next);
                }
            }
            if let Some(found) = &aligned
                && remaining + found.after > best.length
            {
                best = Backref { length: (remaining + found.after).min(limit), distance: found.distance };
            }
            copies.push(best);
            at += 1;
        }
        best
    }

    /// At the first byte of a run there is none of distance 1: the last run of the byte, or what the copy before goes on
    /// to.
    fn search_run_start(&self, at: usize, run: usize, byte: u8, last: Backref, limit: usize) -> Backref {
        let mut best = self.continued(at, last, limit);
        let mut number = self.last_runs.get(usize::from(byte)).copied().unwrap_or(NONE);
        for _ in 0..MAX_CANDIDATES {
            let Some(before) = self.runs.get(number as usize) else { break };
            let behind = at - before.end as usize;
            if behind >= self.reach || best.length >= run.min(limit) {
                break;
            }
            // The last of the run, of which most is in reach.
            let length = (before.length as usize).min(run).min(limit).min(self.reach - behind);
            if length > best.length {
                best = Backref { length, distance: behind + length };
            }
            number = before.before;
        }
        best
    }

    /// The runs before that end in the byte before `end` and go on like the data there, those with most before the end
    /// first.
    fn ends(&self, end: usize, run: usize) -> Vec<End> {
        let mut ends = Vec::new();
        if end == self.data.len() {
            return ends;
        }
        let mut place = self.pair(end - 1).and_then(|pair| self.heads.get(pair)).copied().unwrap_or(NONE);
        let byte = self.data.get(end - 1);
        for _ in 0..MAX_CANDIDATES {
            let from = place as usize;
            if place == NONE || end - 1 - from > self.reach {
                break;
            }
            let same = self.data.get(..=from).unwrap_or_default().iter().rev().take(run.min(self.longest));
            let before = same.take_while(|other| Some(*other) == byte).count();
            let distance = end - 1 - from;
            let limit = self.longest.min(self.data.len() - end);
            ends.push(End { distance, before, after: self.extend(end, distance, 0, limit) });
            place = self.chain.get(from & (self.reach - 1)).copied().unwrap_or(NONE);
        }
        #[allow(
            clippy::disallowed_methods,
            reason = "up to a thousand at each run are soonest in order by it"
        )]
        ends.sort_by_key(|end| std::cmp::Reverse(end.before));
        ends
    }

    /// How long a copy is of which a part is known.
    fn extend(&self, at: usize, distance: usize, known: usize, limit: usize) -> usize {
        let known = known.min(limit);
        let (one, other) = (self.data.get(at - distance + known..), self.data.get(at + known..));
        known + common_prefix(one.unwrap_or_default(), other.unwrap_or_default(), limit - known)
    }

    fn pair(&self, at: usize) -> Option<usize> {
        let pair = self.data.get(at..)?.first_chunk::<2>()?;
        Some(usize::from(u16::from_le_bytes(*pair)))
    }

    fn insert(&mut self, at: usize) {
        let Some(head) = self.pair(at).and_then(|pair| self.heads.get_mut(pair)) else { return };
        if let Some(before) = self.chain.get_mut(at & (self.reach - 1)) {
            *before = *head;
        }
        *head = at as u32;
    }
}

/// How often the first byte is repeated.
fn run_length(data: &[u8]) -> usize {
    match data {
        [first, second, ..] if first == second => {
            // The data against itself, one byte on.
            1 + common_prefix(data, data.get(1..).unwrap_or_default(), usize::MAX)
        }
        _ => data.len().min(1),
    }
}

/// Bits on their way into bytes.
#[derive(Default)]
struct Bits {
    bits: u64,
    count: u32,
}

impl Bits {
    /// Appends up to 32 bits.
    fn put(&mut self, out: &mut Vec<u8>, value: u32, count: u32) {
        self.bits = self.bits << count | u64::from(value);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            out.push((self.bits >> self.count) as u8);
        }
    }

    fn finish(mut self, out: &mut Vec<u8>) {
        if self.count > 0 {
            let padding = 8 - self.count;
            self.put(out, 0, padding);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::heatshrink::decompress;

    /// How many bits the shortest encoding has, found by trying every copy.
    fn fewest_bits(data: &[u8], parameters: Parameters) -> u64 {
        let data = &[&window(parameters, 0), data].concat();
        let (reach, longest) = (1 << parameters.window, 1 << parameters.lookahead);
        let copy = 1 + u64::from(parameters.window) + u64::from(parameters.lookahead);
        let mut costs = vec![0; data.len() + 1];
        for at in (reach..data.len()).rev() {
            costs[at] = costs[at + 1] + 9;
            for from in at - reach..at {
                let same = (0..longest.min(data.len() - at)).take_while(|i| data[from + i] == data[at + i]);
                // Copies of one byte save a bit at most, with the smallest parameters only: they are not looked for.
                for length in 2..=same.count() {
                    costs[at] = costs[at].min(costs[at + length] + copy);
                }
            }
        }
        costs[reach]
    }

    /// Data as differences are: mostly zeros, now and then something that was there before.
    fn sparse() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => (0usize..90).prop_map(|length| vec![0; length]),
            1 => (0usize..700).prop_map(|length| vec![0; length]),
            3 => prop::collection::vec(0u8..3, 1..6),
            1 => (1usize..40).prop_map(|length| vec![1; length]),
            1 => (1usize..20).prop_map(|length| [7, 9].repeat(length)),
            1 => prop::collection::vec(any::<u8>(), 1..12),
        ];
        prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn nothing_is_shorter(data in sparse(), window in 5u8..9, lookahead in 3u8..8) {
            if let Some(parameters) = Parameters::new(window, lookahead) {
                let mut packed = Vec::new();
                compress(&data, parameters, &mut packed);
                let bits = fewest_bits(&data, parameters);
                prop_assert!((packed.len() as u64) * 8 < bits + 8, "{} bytes for {bits} bits", packed.len());
                prop_assert_eq!(decompress(&packed, parameters, data.len()).unwrap(), data);
            }
        }
    }
}
