//! The cheapest way through the offsets.

use std::ops::Range;

use crate::matcher::cost::{Recent, Tail, Weights};
use crate::matcher::index::{Index, Lookup, MAX_PLACES, SEED, Table};
use crate::prefix::common_prefix;

/// After that many bytes that are the same at the best offset no other is looked at.
const SURE: usize = 32;

/// Differences of up to that many bytes before such a stretch are not worth a step.
const GAP: usize = 8;

/// An offset is good while no more than so many of so many bytes are different there: then only every few bytes another one
/// is looked for.
const WINDOW: usize = 64;
const MAX_DIFFERENT: usize = 16;
/// Odd, since a table may have only every second place of the base.
const GLANCE: usize = 7;

/// How many bytes more have to be the same at another offset. A step costs more, but what is the same may go on.
const GAIN: usize = 3;

/// How far before the bytes that led to an offset it is tried.
const BACK: usize = 1024;

/// How many offsets are followed at a time.
const MAX_ALIVE: usize = 12;

/// How many of the offsets a place gives are tried, those with most bytes the same first.
const MAX_TRIED: usize = 4;

/// How many bytes are compared to tell which have most.
const COMPARED: usize = 128;

/// After so many bytes for which nothing was found every second one is looked up, and so on up to every eighth: what is
/// found late is followed back.
const PATIENCE: usize = 512;
const MAX_SKIP: usize = 7;

/// How much may be spent on offsets for each byte of the target, and besides: places compared and bytes gone back over.
/// Firmware needs less; data that is like itself everywhere would need the largest numbers above for every byte.
const EFFORT: u64 = 24;
const ALLOWANCE: u64 = 1 << 23;

/// How far before an offset is tried, how many places are looked at and how many tried when that is spent.
const TIRED: Limits = Limits { back: 8, places: 2, tried: 1 };
const FRESH: Limits = Limits { back: BACK, places: MAX_PLACES, tried: MAX_TRIED };

/// What is done for an offset.
#[derive(Clone, Copy)]
struct Limits {
    back: usize,
    places: usize,
    tried: usize,
}

/// A stretch of the target at one offset, or of new data; its end is where the next begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) start: usize,
    pub(super) offset: Option<i64>,
}

/// A stretch, and the number of the one before.
#[derive(Clone, Copy)]
struct Link {
    stretch: Stretch,
    before: Option<u32>,
}

/// A way to reach a place of the target.
#[derive(Clone, Copy)]
struct Path {
    cost: u64,
    link: Link,
    /// The number of the stretch once something follows it.
    number: Option<u32>,
    /// How the difference ends.
    tail: Tail,
    /// Where the base was left, when the path is in new data.
    left: i64,
}

/// The best way to reach a place.
#[derive(Clone, Copy, Default)]
struct Best {
    cost: u64,
    number: Option<u32>,
    /// Where in the base it ends.
    position: i64,
}

/// The stretches of the cheapest path through a part of the target, in their order.
pub(super) fn stretches(
    index: &Index<'_>,
    target: &[u8],
    part: Range<usize>,
    weights: Weights,
) -> Vec<Stretch> {
    let search = |tables| Search::new(index.base(), tables, target, part.clone(), weights);
    // How much a search looks up depends on its part alone, so that parts which are searched side by side come to the same
    // end in any order.
    if let Some((tables, most)) = index.coarse() {
        let mut search = search(tables);
        if search.run(most) {
            return search.finish();
        }
    }
    let mut search = search(index.fine());
    search.run(usize::MAX);
    search.finish()
}

/// The search for the cheapest path.
struct Search<'a> {
    base: &'a [u8],
    /// Up to the end of the part.
    target: &'a [u8],
    /// Where the part starts.
    start: usize,
    weights: Weights,
    lookup: Lookup<'a>,
    links: Vec<Link>,
    /// The paths at offsets.
    alive: Vec<Path>,
    /// The path in new data.
    extra: Path,
    /// The best ways to the last places, and the first of them that counts.
    history: Vec<Best>,
    floor: usize,
    /// What the differences on the best way were.
    recent: Recent,
    /// Offsets that were tried, and up to where the bytes are the same.
    tried: Vec<(i64, usize)>,
    /// What was spent on offsets.
    effort: u64,
    /// For how many bytes nothing was found.
    misses: usize,
}

impl<'a> Search<'a> {
    fn new(
        base: &'a [u8],
        tables: &'a [Table],
        target: &'a [u8],
        part: Range<usize>,
        weights: Weights,
    ) -> Self {
        let start = part.start;
        let path = |offset| Path {
            cost: 0,
            link: Link { stretch: Stretch { start, offset }, before: None },
            number: None,
            tail: Tail::default(),
            left: start as i64,
        };
        Self {
            base,
            target: target.get(..part.end).unwrap_or(target),
            start,
            weights,
            lookup: Lookup::new(tables, target),
            links: Vec::new(),
            alive: vec![path(Some(0))],
            extra: path(None),
            history: vec![Best::default(); BACK],
            floor: start,
            recent: Recent::new(),
            tried: vec![(i64::MAX, 0); 64],
            effort: 0,
            misses: 0,
        }
    }

    /// Finds the path; `false` if more than so many places had to be looked up before its end.
    fn run(&mut self, most: usize) -> bool {
        let mut at = self.start;
        while at < self.target.len() {
            let best = self.record(at);
            let known = best.map_or(0, |best| self.same(at, best));
            if known >= SURE {
                at = self.follow(at, known);
                continue;
            }
            if !best.is_some_and(|best| self.resumes(at, best) || self.goes_on(at, best)) {
                self.look_up(at, best);
                if self.lookup.count() > most {
                    return false;
                }
            }
            self.advance(at);
            if let Some(pair) = best.and_then(|best| self.pair(at, best)).filter(|pair| *pair != [0, 0]) {
                self.recent.note(pair, at);
            }
            at += 1;
        }
        true
    }

    /// Notes the best way to a place and returns its offset.
    fn record(&mut self, at: usize) -> Option<i64> {
        let best = self.alive.iter().enumerate().min_by_key(|(_, path)| path.cost);
        let best = best.filter(|(_, path)| path.cost <= self.extra.cost).map(|(place, _)| place);
        let links = &mut self.links;
        let path = match best.and_then(|place| self.alive.get_mut(place)) {
            Some(path) => path,
            None => &mut self.extra,
        };
        let number = number(path, links);
        let offset = path.link.stretch.offset;
        let position = offset.map_or(path.left, |offset| at as i64 + offset);
        let entry = Best { cost: path.cost, number: Some(number), position };
        if let Some(place) = self.history.get_mut(at % BACK) {
            *place = entry;
        }
        if at >= self.floor + BACK {
            self.floor = at + 1 - BACK;
        }
        offset
    }

    /// How many bytes are the same at an offset.
    fn same(&self, at: usize, offset: i64) -> usize {
        let base = self.base_at(at, offset).unwrap_or_default();
        common_prefix(base, self.target.get(at..).unwrap_or_default(), usize::MAX)
    }

    fn base_at(&self, at: usize, offset: i64) -> Option<&'a [u8]> {
        self.base.get(usize::try_from(at as i64 + offset).ok()?..)
    }

    /// Whether a sure stretch at the offset begins within a few bytes.
    fn resumes(&self, at: usize, offset: i64) -> bool {
        let (Some(base), Some(target)) = (self.base_at(at, offset), self.target.get(at..)) else {
            return false;
        };
        let near = GAP.min(base.len()).min(target.len());
        let same = |place: &usize| base.get(*place) == target.get(*place);
        let after = near - (0..near).rev().take_while(same).count();
        let (base, target) = (base.get(after..).unwrap_or_default(), target.get(after..).unwrap_or_default());
        common_prefix(base, target, SURE) >= SURE
    }

    /// Whether most of the next bytes are the same at the offset; now and then they are not asked for.
    fn goes_on(&self, at: usize, offset: i64) -> bool {
        let (Some(base), Some(target)) = (self.base_at(at, offset), self.target.get(at..)) else {
            return false;
        };
        let (Some(base), Some(target)) = (base.first_chunk::<WINDOW>(), target.first_chunk::<WINDOW>())
        else {
            return false;
        };
        !at.is_multiple_of(GLANCE) && same_bytes(base, target) + MAX_DIFFERENT >= WINDOW
    }

    /// The differences of a byte and the one before it.
    fn pair(&self, at: usize, offset: i64) -> Option<[u8; 2]> {
        let before = at.checked_sub(1)?;
        let (base, target) = (self.base_at(before, offset)?, self.target.get(before..)?);
        let (base, target) = (base.first_chunk::<2>()?, target.first_chunk::<2>()?);
        Some([target[0].wrapping_sub(base[0]), target[1].wrapping_sub(base[1])])
    }

    /// Follows the best path over bytes that are the same, and forgets the others.
    fn follow(&mut self, at: usize, length: usize) -> usize {
        let end = at + length;
        let Some(mut best) = self.alive.iter().min_by_key(|path| path.cost).copied() else { return end };
        let position = best.link.stretch.offset.map_or(best.left, |offset| at as i64 + offset);
        let mut done = 0;
        while done < length {
            if let Some(place) = self.history.get_mut((at + done) % BACK) {
                *place = Best { cost: best.cost, number: best.number, position: position + done as i64 };
            }
            // Only the last places can be gone back to.
            let count = if done < 2 { 1 } else { (length - done).saturating_sub(BACK).max(1) };
            best.cost += count as u64 * self.weights.zero(best.tail.zeros);
            best.tail = Tail { last: 0, zeros: (best.tail.zeros + 1).min(2) };
            done += count;
        }
        self.alive.clear();
        self.alive.push(best);
        // New data cannot be cheaper; it begins again with the next byte.
        self.extra.cost = u64::MAX;
        end
    }

    /// What a byte costs at an offset after such differences; `None` outside the base.
    fn byte_cost(&self, at: usize, offset: i64, tail: &mut Tail) -> Option<u64> {
        let difference = self.target.get(at)?.wrapping_sub(*self.base_at(at, offset)?.first()?);
        Some(self.weights.difference(difference, at, tail, &self.recent))
    }

    /// Moves all paths over one byte.
    fn advance(&mut self, at: usize) {
        let best = self.history.get(at % BACK).copied().unwrap_or_default();
        if best.cost < self.extra.cost {
            self.extra = Path {
                cost: best.cost,
                link: Link { stretch: Stretch { start: at, offset: None }, before: best.number },
                number: None,
                tail: Tail::default(),
                left: best.position,
            };
        }
        self.extra.cost += self.weights.extra;
        let mut alive = std::mem::take(&mut self.alive);
        let mut least = self.extra.cost;
        alive.retain_mut(|path| {
            let Some(offset) = path.link.stretch.offset else { return false };
            let Some(cost) = self.byte_cost(at, offset, &mut path.tail) else { return false };
            path.cost += cost;
            least = least.min(path.cost);
            true
        });
        // It could be reached again for that.
        let limit = least + self.weights.step(self.base.len() as i64);
        alive.retain(|path| path.cost <= limit);
        self.alive = alive;
    }

    /// Tries the offsets that the index gives for a place, beside the best one.
    fn look_up(&mut self, at: usize, best: Option<i64>) {
        self.misses += 1;
        let skip = (self.misses / PATIENCE).min(MAX_SKIP);
        if !at.is_multiple_of(1 + skip) {
            return;
        }
        let position = self.history.get(at % BACK).map_or(0, |best| best.position);
        let rested = self.effort <= ALLOWANCE + EFFORT * (at - self.start) as u64;
        let limits = if rested { FRESH } else { TIRED };
        let here = best.and_then(|best| self.base_at(at, best)).unwrap_or_default();
        let Self { base, target, lookup, alive, tried, effort, .. } = self;
        let target = target.get(at..).unwrap_or_default();
        let mut found: [Option<(usize, u64, i64)>; MAX_TRIED] = [None; MAX_TRIED];
        let mut left = limits.places;
        for places in lookup.places(at) {
            let mut any = false;
            for place in places.take(left) {
                left -= 1;
                *effort += 4;
                let offset = place as i64 - at as i64;
                let is_alive = alive.iter().any(|path| path.link.stretch.offset == Some(offset));
                if is_alive || tried.get(slot(offset)).is_some_and(|tried| tried.0 == offset && at < tried.1)
                {
                    any = true;
                    continue;
                }
                if found.iter().flatten().any(|kept| kept.2 == offset) {
                    continue;
                }
                let length = common_prefix(base.get(place..).unwrap_or_default(), target, COMPARED);
                if length < SEED {
                    continue;
                }
                any = true;
                if same_bytes(here.get(..length).unwrap_or(here), target) + GAIN > length {
                    continue;
                }
                // The longer, then the nearer one is better.
                let distance = (place as i64 - position).unsigned_abs();
                let mut candidate = Some((length, u64::MAX - distance, offset));
                for kept in &mut found {
                    if candidate > *kept {
                        std::mem::swap(kept, &mut candidate);
                    }
                }
            }
            // Where more bytes are the same no other place with fewer is.
            if any {
                break;
            }
        }
        for (length, _, offset) in found.into_iter().flatten().take(limits.tried) {
            if let Some(tried) = self.tried.get_mut(slot(offset)) {
                *tried = (offset, at + length);
            }
            self.misses = 0;
            self.enter(at, offset, limits.back);
        }
    }

    /// Adds a path at an offset, from where that is cheapest.
    fn enter(&mut self, at: usize, offset: i64, back: usize) {
        let Ok(from) = usize::try_from(at as i64 + offset) else { return };
        let back = back.min(at - self.floor).min(from);
        let (first, base) = (at - back, self.base.get(from - back..from).unwrap_or_default());
        let target = self.target.get(first..at).unwrap_or_default();
        let differences = || target.iter().zip(base).map(|(target, base)| target.wrapping_sub(*base));
        let reached = |place: usize| self.history.get(place % BACK).copied().unwrap_or_default();
        let step = |place: usize, reached: Best| self.weights.step(place as i64 + offset - reached.position);
        let mut start = at;
        let mut least = reached(at).cost + step(at, reached(at));
        let mut behind = 0;
        let mut tail = Tail::ZEROS;
        for (place, difference) in (first..at).zip(differences()).rev() {
            self.effort += 1;
            behind += self.weights.difference(difference, place, &mut tail, &self.recent);
            let reached = reached(place);
            let before = reached.cost + behind;
            if before > least {
                break;
            }
            let total = before + step(place, reached);
            if total < least {
                (start, least) = (place, total);
            }
        }
        let mut path = Path {
            cost: reached(start).cost + step(start, reached(start)),
            link: Link { stretch: Stretch { start, offset: Some(offset) }, before: reached(start).number },
            number: None,
            tail: Tail::default(),
            left: 0,
        };
        for (place, difference) in (first..at).zip(differences()).skip(start - first) {
            path.cost += self.weights.difference(difference, place, &mut path.tail, &self.recent);
        }
        if self.alive.len() < MAX_ALIVE {
            self.alive.push(path);
        } else if let Some(worst) = self.alive.iter_mut().max_by_key(|path| path.cost)
            && worst.cost > path.cost
        {
            *worst = path;
        }
    }

    /// Writes down the path.
    fn finish(mut self) -> Vec<Stretch> {
        let end = self.target.len();
        self.record(end);
        let mut next = self.history.get(end % BACK).and_then(|best| best.number);
        let mut stretches = Vec::new();
        while let Some(link) = next.and_then(|number| self.links.get(number as usize)) {
            stretches.push(link.stretch);
            next = link.before;
        }
        stretches.reverse();
        stretches
    }
}

/// How many bytes are the same at the same place.
fn same_bytes(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).filter(|(one, other)| one == other).count()
}

fn slot(offset: i64) -> usize {
    (offset.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58) as usize
}

/// The number of a path's stretch.
fn number(path: &mut Path, links: &mut Vec<Link>) -> u32 {
    *path.number.get_or_insert_with(|| {
        links.push(path.link);
        // At most as many as bytes and offsets tried, of a target of less than 2^31 bytes.
        (links.len() - 1) as u32
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;

    const LENGTH: usize = 1 << 16;

    /// Runs a search and returns how much it spent on offsets.
    fn effort(base: &[u8], target: &[u8]) -> u64 {
        let index = Index::new(base);
        let weights = Weights::of(Format::DetoolsHeatshrink);
        let mut search = Search::new(base, index.fine(), target, 0..target.len(), weights);
        assert!(search.run(usize::MAX));
        search.effort
    }

    /// Bytes of a generator, drawn from so many.
    fn noise(mut seed: u64, of: u64) -> Vec<u8> {
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((seed >> 33) % of) as u8
        };
        (0..LENGTH).map(|_| next()).collect()
    }

    /// Zeros with a byte now and then.
    fn sparse(seed: u64, every: usize) -> Vec<u8> {
        let mut bytes = vec![0; LENGTH];
        for (place, byte) in bytes.iter_mut().step_by(every).zip(noise(seed, 256)) {
            *place = byte;
        }
        bytes
    }

    #[test]
    fn data_that_is_like_itself_everywhere_is_not_tried_everywhere() {
        let pattern: Vec<u8> = noise(1, 256).into_iter().take(700).cycle().take(LENGTH).collect();
        let mut dented = pattern.clone();
        dented.iter_mut().step_by(37).for_each(|byte| *byte ^= 1);
        let fibonacci = (0..).scan((vec![0u8], vec![0, 1]), |(one, other), _| {
            let next = [&other[..], &one[..]].concat();
            *one = std::mem::replace(other, next);
            Some(other.clone())
        });
        let mut fibonacci = fibonacci.into_iter().find(|word| word.len() >= LENGTH).unwrap();
        fibonacci.truncate(LENGTH);
        let pairs = [
            (vec![0; LENGTH], vec![0xFF; LENGTH]),
            (vec![0; LENGTH], sparse(4, 9)),
            (sparse(4, 9), vec![0; LENGTH]),
            (sparse(4, 9), sparse(5, 11)),
            (pattern.clone(), dented.clone()),
            (dented, pattern),
            (fibonacci, [1, 2].repeat(LENGTH / 2)),
            (noise(2, 2), noise(3, 2)),
            (noise(2, 256), noise(3, 256)),
        ];
        // What one byte may spend at the most, and what all may.
        let burst = 4 * FRESH.places as u64 + (FRESH.tried * FRESH.back) as u64;
        let tired = 4 * TIRED.places as u64 + (TIRED.tried * TIRED.back) as u64;
        let bound = ALLOWANCE + burst + EFFORT.max(tired) * LENGTH as u64;
        let mut most = 0;
        for (base, target) in &pairs {
            let effort = effort(base, target);
            assert!(effort <= bound, "{effort} of {bound}");
            most = most.max(effort);
        }
        // Without the limits some of them spend more.
        assert!(most > ALLOWANCE, "{most} proves little");
    }
}
