//! Rules of placement the chip's MMU and loader have, which a file can break and still be well formed.

use std::fmt;

use lw_model::lists::sort_by_key;

use crate::esp_image::{AppImage, ChipId, Format, Segment};

/// A rule of placement an image breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayoutProblem {
    /// A flash-mapped segment whose place in the file and address differ modulo the MMU page.
    Unaligned {
        /// Number of the segment, from 0.
        index: usize,
        /// The segment.
        segment: Segment,
        /// The page size in bytes.
        page: u32,
    },
    /// Two flash-mapped segments on one MMU page.
    SharedPage {
        /// Number of the second segment, from 0.
        index: usize,
        /// The segment.
        segment: Segment,
        /// The page size in bytes.
        page: u32,
    },
    /// A segment for an address at which the chip of the header has no memory: an image for another chip.
    NoMemory {
        /// Number of the segment, from 0.
        index: usize,
        /// The segment.
        segment: Segment,
        /// The chip.
        chip: ChipId,
    },
    /// The address the loader jumps to lies in no segment.
    Entry {
        /// The address.
        entry: u32,
        /// Where the field is in the file.
        offset: u64,
    },
    /// The descriptor names a page size the chip does not have.
    PageSize {
        /// The page size in bytes.
        page: u32,
    },
}

impl fmt::Display for LayoutProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unaligned { index, segment: Segment { load_addr, offset, .. }, page } => write!(
                f,
                "segment {index} is mapped at {load_addr:#x} but lies at offset {offset:#x}: modulo the MMU page of \
                 {page:#x} bytes they must be equal"
            ),
            Self::SharedPage { index, segment: Segment { load_addr, .. }, page } => write!(
                f,
                "segment {index} at {load_addr:#x} starts on the MMU page of {page:#x} bytes another segment uses"
            ),
            Self::NoMemory { index, segment: Segment { load_addr, offset, length }, chip } => write!(
                f,
                "segment {index} at offset {offset:#x} has {length} bytes for {load_addr:#x}, where {chip} has no memory"
            ),
            Self::Entry { entry, offset } => write!(
                f,
                "the entry address at offset {offset:#x} is {entry:#010x}, which lies in no segment: the chip would crash \
                 when it jumps there"
            ),
            Self::PageSize { page } => write!(f, "the chip has no MMU page of {page:#x} bytes"),
        }
    }
}

impl AppImage {
    /// MMU page size in bytes: recorded by the build, else the largest the chip has that suits every
    /// flash-mapped segment. `None` for an ESP8266, whose flash is not mapped by pages.
    #[must_use]
    pub fn mmu_page_size(&self) -> Option<u32> {
        let sizes = self.chip()?.mmu_page_sizes();
        let recorded = self.app.as_ref().and_then(|app| app.mmu_page_size);
        recorded
            .or_else(|| {
                sizes
                    .iter()
                    .rev()
                    .copied()
                    .find(|page| self.mapped().all(|(_, segment)| is_aligned(segment, *page)))
            })
            .or(sizes.last().copied())
    }

    /// What the second-stage bootloader would refuse although every check of the file holds.
    #[must_use]
    pub fn layout_problems(&self) -> Vec<LayoutProblem> {
        let mut problems = Vec::new();
        let entry = self.header.entry;
        let is_code = |segment: &Segment| {
            segment.load_addr != 0
                && entry.checked_sub(segment.load_addr).is_some_and(|distance| distance < segment.length)
        };
        if !self.segments.iter().any(is_code) {
            problems.push(LayoutProblem::Entry { entry, offset: self.header.offset + 4 });
        }
        let (Some(chip), Some(page)) = (self.chip(), self.mmu_page_size()) else { return problems };
        if chip.name().is_some() && !chip.mmu_page_sizes().contains(&page) {
            problems.push(LayoutProblem::PageSize { page });
        }
        for (index, segment) in self
            .segments
            .iter()
            .enumerate()
            .filter(|(_, segment)| segment.load_addr != 0 && segment.length > 0)
        {
            let last = segment.load_addr.saturating_add(segment.length.saturating_sub(1));
            if [segment.load_addr, last].into_iter().any(|address| chip.has_memory_at(address) == Some(false))
            {
                problems.push(LayoutProblem::NoMemory { index, segment: *segment, chip });
            }
        }
        let mut mapped: Vec<_> = self.mapped().collect();
        for &(index, segment) in &mapped {
            if !is_aligned(segment, page) {
                problems.push(LayoutProblem::Unaligned { index, segment: *segment, page });
            }
        }
        sort_by_key(&mut mapped, |(_, segment)| segment.load_addr);
        for pair in mapped.windows(2) {
            if let [(_, before), (index, segment)] = pair {
                let last = before.load_addr.saturating_add(before.length.saturating_sub(1));
                if segment.load_addr / page == last / page {
                    problems.push(LayoutProblem::SharedPage { index: *index, segment: **segment, page });
                }
            }
        }
        problems
    }

    /// The segments that are executed or read from flash, with their numbers.
    pub fn mapped(&self) -> impl Iterator<Item = (usize, &Segment)> {
        let chip = if self.format == Format::Esp32 { self.chip() } else { None };
        self.segments
            .iter()
            .enumerate()
            .filter(move |(_, segment)| chip.is_some_and(|chip| chip.maps_flash(segment.load_addr)))
    }
}

fn is_aligned(segment: &Segment, page: u32) -> bool {
    segment.offset % u64::from(page) == u64::from(segment.load_addr % page)
}
