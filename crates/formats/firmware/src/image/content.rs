//! Images in what a UF2 or Intel HEX file writes to flash: they are checked as their binary would be.

use crate::esp_image::Trailing;
use crate::image::{Error, Image, Kind, Options, Scanner};
use crate::mcuboot;

/// Images of one file that are read; a file of bootloader, partition table and application has three.
const MOST: usize = 64;
/// First bytes of a range that tell whether it is an image.
const TELLING: usize = 24;

/// An image in the content of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nested {
    /// The address it is written to.
    pub address: u32,
    /// The image, whether or not its checks hold, or why there is no image.
    pub image: Result<Image, Error>,
    /// Bytes that are written right after it, other than erased flash: other content, or what fills the last block of a UF2
    /// file. Nothing in the image covers them.
    pub beyond: u64,
}

impl Nested {
    /// What is wrong with it, in a message about the whole file.
    #[must_use]
    pub fn error(&self, error: Error) -> Error {
        Error::Nested { address: self.address, error: Box::new(error) }
    }
}

/// Looks for images at the start of each range of addresses that a file writes in rising order.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContentWatch {
    /// Where the current range starts and where the next byte of it would lie.
    start: u32,
    end: u64,
    state: State,
    found: Vec<Nested>,
}

#[derive(Clone, Debug, Default)]
enum State {
    /// The first bytes of a range.
    Head(Vec<u8>),
    /// The image the range starts with.
    Image(Box<Scanner>),
    /// Nothing that is known.
    #[default]
    Other,
}

impl ContentWatch {
    /// Takes the bytes that are written to an address; `is_esp` tells that they are for a chip whose images start with
    /// nothing but one byte of magic.
    pub(crate) fn write(&mut self, address: u32, data: &[u8], is_esp: bool) {
        if data.is_empty() {
            return;
        }
        if u64::from(address) != self.end || matches!(self.state, State::Other) && self.end == 0 {
            self.end_range();
            self.start = address;
            self.state = State::Head(Vec::new());
        }
        self.end = u64::from(address) + data.len() as u64;
        match &mut self.state {
            State::Head(head) => {
                head.extend_from_slice(data);
                if head.len() >= TELLING {
                    let head = std::mem::take(head);
                    self.decide(&head, is_esp);
                }
            }
            State::Image(scanner) => scanner.update(data),
            State::Other => {}
        }
    }

    fn decide(&mut self, head: &[u8], is_esp: bool) {
        let kind = kind(head, is_esp).filter(|_| self.found.len() < MOST);
        self.state = kind.map_or(State::Other, |kind| {
            let mut scanner = Scanner::new(Options { expect: Some(kind), md5: false });
            scanner.update(head);
            State::Image(Box::new(scanner))
        });
    }

    fn end_range(&mut self) {
        if let State::Image(scanner) = std::mem::take(&mut self.state) {
            let mut image = scanner.finish().image;
            let mut beyond = 0;
            // What comes after an image is other content of the flash, or fills the last block of a UF2 file.
            if let Ok(Image::Esp(esp)) = &mut image
                && matches!(esp.trailing, Trailing::FlashContents { .. } | Trailing::Other { .. })
            {
                beyond = esp.total_len - esp.image_len;
                esp.trailing = Trailing::None;
            }
            if let Ok(Image::Mcuboot(mcuboot)) = &mut image
                && let mcuboot::Trailing::Other { length, .. } = mcuboot.trailing
            {
                beyond = length;
                mcuboot.trailing = mcuboot::Trailing::None;
            }
            self.found.push(Nested { address: self.start, image, beyond });
        }
    }

    /// The images, in the order they were written.
    pub(crate) fn finish(mut self) -> Vec<Nested> {
        self.end_range();
        self.found
    }
}

/// The format of an image that starts like this.
fn kind(head: &[u8], is_esp: bool) -> Option<Kind> {
    if head.starts_with(&mcuboot::MAGIC.to_le_bytes()) {
        return Some(Kind::Mcuboot);
    }
    // One byte of magic is little where nothing else says that it is for such a chip: the header must read as one.
    let [0xE9, segments, mode, ..] = *head else { return None };
    let field = |at: usize| {
        head.get(at..at + 2).and_then(|two| two.first_chunk::<2>()).copied().map(u16::from_le_bytes)
    };
    let chip = field(12).map(crate::esp_image::ChipId);
    let is_header = (1..=16).contains(&segments)
        && mode <= 5
        && chip.is_some_and(|chip| chip.name().is_some())
        && head.get(19..23) == Some(&[0; 4])
        && matches!(head.get(23), Some(0 | 1));
    (is_esp || is_header).then_some(Kind::Esp)
}
