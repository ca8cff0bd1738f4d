//! Generated firmwares: an ELF in each of the four formats and the map that GNU ld would write for it.

mod hostile;
mod model;
mod properties;
mod special;
mod writer;
