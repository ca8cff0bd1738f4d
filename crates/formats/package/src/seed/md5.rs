//! MD5 beside everything else.
//!
//! It has no instructions of its own, so on a machine that has some for SHA-256 it takes longer than the rest of a
//! package together. A thread of its own halves the time of a large one.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

use md5::Md5 as Hasher;
use sha2::digest::Digest as _;

use crate::digest::Md5;

/// How much is handed over at once.
const PIECE: usize = 128 << 10;

/// How many pieces may wait: more only take memory.
const WAITING: usize = 2;

/// From this size on a thread is worth its start.
const LARGE: u64 = 2 << 20;

/// Far more than the hasher's frames need.
const STACK: usize = 64 << 10;

/// A hasher that works in a thread of its own when there is much to do.
#[derive(Debug)]
pub(super) enum SideMd5 {
    /// In the thread that calls.
    Here(Hasher),
    /// In another one.
    Beside(Beside),
}

#[derive(Debug)]
pub(super) struct Beside {
    pieces: SyncSender<Vec<u8>>,
    /// Pieces that were hashed, to be filled again.
    hashed: Receiver<Vec<u8>>,
    piece: Vec<u8>,
    worker: JoinHandle<Hasher>,
}

impl SideMd5 {
    /// A hasher for about `size` bytes.
    pub(super) fn new(size: u64) -> Self {
        if size < LARGE {
            return Self::Here(Hasher::new());
        }
        let (pieces, incoming) = sync_channel::<Vec<u8>>(WAITING);
        let (done, hashed) = channel();
        let work = move || {
            let mut hasher = Hasher::new();
            for piece in incoming {
                hasher.update(&piece);
                // Nobody waits for the last pieces.
                let _ = done.send(piece);
            }
            hasher
        };
        match Builder::new().name("md5".into()).stack_size(STACK).spawn(work) {
            Ok(worker) => Self::Beside(Beside { pieces, hashed, piece: Vec::new(), worker }),
            Err(_) => Self::Here(Hasher::new()),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Here(hasher) => hasher.update(bytes),
            Self::Beside(beside) => {
                beside.piece.extend_from_slice(bytes);
                if beside.piece.len() >= PIECE {
                    beside.hand_over();
                }
            }
        }
    }

    /// The digest of everything.
    pub(super) fn finish(self) -> io::Result<Md5> {
        match self {
            Self::Here(hasher) => Ok(Md5::finish(hasher)),
            Self::Beside(mut beside) => {
                beside.hand_over();
                drop(beside.pieces);
                let hasher = beside.worker.join();
                hasher.map(Md5::finish).map_err(|_| io::Error::other("the thread that hashes ended"))
            }
        }
    }
}

impl Beside {
    fn hand_over(&mut self) {
        let mut next = self.hashed.try_recv().unwrap_or_default();
        next.clear();
        // When the thread is gone, joining it says so.
        let _ = self.pieces.send(std::mem::replace(&mut self.piece, next));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_give_the_same_digest() {
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|index| (index.wrapping_mul(index) >> 8) as u8).collect();
        for piece in [1 << 10, 4093, PIECE, PIECE + 1, bytes.len()] {
            for size in [0, LARGE] {
                let mut md5 = SideMd5::new(size);
                assert_eq!(matches!(md5, SideMd5::Beside(_)), size == LARGE);
                bytes.chunks(piece).for_each(|piece| md5.update(piece));
                assert_eq!(md5.finish().unwrap(), Md5::of(&bytes), "pieces of {piece}");
            }
        }
        assert_eq!(SideMd5::new(LARGE).finish().unwrap(), Md5::of(b""));
    }
}
