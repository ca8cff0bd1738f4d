//! Firmware files: as one memory model, and as the images devices are updated with.
//!
//! [`Elf`] and [`Map`] read what the linker wrote; [`Memory::measure`] turns any mix of them into the use of
//! each memory region, and [`attribution::tree`] says who uses it, exactly additive down to the symbol.
//! [`image`] recognises, checks and hashes what is sent to a device, in one pass and in little memory.
//!
//! Everything here takes bytes and returns a model or a typed error with a position. Nothing reads
//! a file, the environment or the clock, and nothing prints.

pub mod attribution;
mod bytes;
pub mod chip;
pub mod demangle;
pub mod elf;
pub mod esp_image;
pub mod image;
pub mod intel_hex;
pub mod map;
pub mod mcuboot;
pub mod memory;
pub mod pairing;
pub mod partitions;
mod ranges;
pub mod region;
pub mod script;
mod sniff;
mod stream;
pub mod uf2;

pub use chip::Chip;
pub use elf::Elf;
pub use map::Map;
pub use memory::{Memory, Sources};
pub use region::{Region, RegionClass, RegionKind};
