//! Making the text of many files side by side, in one output.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, Builder};

use lw_model::Lines;

/// Records of the files that are made in one go: a few hundred kilobytes of text.
const PIECE: usize = 1 << 14;
/// Blocks that may wait for the output, so that memory stays bounded however large a file is.
const WAITING: usize = 16;
/// More do not pay: the output is what limits them.
const MAX_THREADS: usize = 8;

/// Writes the text of each item, in their order.
///
/// # Errors
/// When the output fails.
pub(super) fn write<I: Sync>(
    items: &[I],
    weight: impl Fn(&I) -> usize,
    text: impl Fn(&I, &mut Lines<&mut dyn Write>) -> io::Result<()> + Sync,
    out: &mut dyn Write,
) -> io::Result<()> {
    let pieces = pieces(items, weight);
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS).min(pieces.len());
    let all = |items: &[I], out: &mut dyn Write| {
        let mut lines = Lines::new(out);
        items.iter().try_for_each(|item| text(item, &mut lines))?;
        lines.flush()
    };
    if threads <= 1 {
        return all(items, out);
    }
    thread::scope(|scope| {
        let (pieces, all) = (&pieces, &all);
        let made: Vec<_> = (0..threads)
            .map(|first| {
                let (sender, receiver) = sync_channel(WAITING);
                let make = move || {
                    let mut blocks = Blocks(sender);
                    // An error means that nobody waits for the rest.
                    let _ = pieces.iter().skip(first).step_by(threads).try_for_each(|piece| {
                        all(piece, &mut blocks)?;
                        blocks.end()
                    });
                };
                Builder::new().spawn_scoped(scope, make).ok().map(|_| receiver)
            })
            .collect();
        pieces.iter().zip(made.iter().cycle()).try_for_each(|(piece, made)| match made {
            Some(made) => pass_on(made, out),
            // There was no thread to be had for it.
            None => all(piece, out),
        })
    })
}

/// Writes the blocks of one piece.
fn pass_on(made: &Receiver<Option<Vec<u8>>>, out: &mut dyn Write) -> io::Result<()> {
    loop {
        match made.recv() {
            Ok(Some(block)) => out.write_all(&block)?,
            Ok(None) => return Ok(()),
            // The thread panicked, and so will the scope.
            Err(_) => return Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

/// Hands blocks of text to the thread that writes them.
struct Blocks(SyncSender<Option<Vec<u8>>>);

impl Blocks {
    /// Ends a piece.
    fn end(&mut self) -> io::Result<()> {
        self.0.send(None).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(Some(bytes.to_vec())).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Neighbours that make about as much text together.
fn pieces<I>(items: &[I], weight: impl Fn(&I) -> usize) -> Vec<&[I]> {
    let mut pieces = Vec::new();
    let (mut first, mut sum) = (0, 0);
    for (place, item) in items.iter().enumerate() {
        sum += weight(item);
        if sum >= PIECE {
            pieces.extend(items.get(first..=place));
            (first, sum) = (place + 1, 0);
        }
    }
    pieces.extend(items.get(first..).filter(|rest| !rest.is_empty()));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Items of very different sizes, some larger than all that may wait.
    fn items() -> Vec<usize> {
        (0..400).map(|item| if item % 97 == 5 { 300_000 } else { item * 7 }).collect()
    }

    fn text(item: &usize, out: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        (0..*item as u64).try_for_each(|line| out.number(*item as u64).push(":").number(line).end())
    }

    #[test]
    fn the_order_is_that_of_the_items() {
        let items = items();
        assert!(pieces(&items, |item| *item).len() > 20);
        let mut written = Vec::new();
        write(&items, |item| *item, text, &mut written).unwrap();
        let mut expected = Vec::new();
        let mut lines: Lines<&mut dyn Write> = Lines::new(&mut expected);
        items.iter().try_for_each(|item| text(item, &mut lines)).unwrap();
        lines.flush().unwrap();
        drop(lines);
        assert!(written == expected);
        write(&[], |item| *item, text, &mut written).unwrap();
    }

    #[test]
    fn an_output_that_fails_ends_all_threads() {
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = write(&items(), |item| *item, text, &mut Full(1 << 20)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
