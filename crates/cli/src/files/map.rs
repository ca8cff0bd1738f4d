//! Large inputs as a part of the memory, which the system fills as it is read. The only `unsafe` of the suite.
//!
//! Reading a debug ELF of 100 MB for its 2 MB of symbols would cost every user time and memory. The price of a map: when
//! another process shortens the file, or its disk fails, reading it is no error but the signal SIGBUS, which ends a
//! process without a word. So that signal is caught: the lost pages read as zeros, and the run ends with an error that
//! names the file, whatever came of the zeros.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use std::path::{Path, PathBuf};

/// A mapped file.
#[derive(Debug)]
pub(super) struct Mapped {
    map: memmap2::Mmap,
    file: File,
    region: &'static Region,
}

/// Where a map lies. It is never freed, since the handler of the signal may look at it at any time.
#[derive(Debug, Default)]
struct Region {
    start: AtomicUsize,
    /// 0 once the map is gone.
    length: AtomicUsize,
    lost: AtomicBool,
    next: OnceLock<&'static Region>,
}

static FIRST: OnceLock<&'static Region> = OnceLock::new();

impl Mapped {
    /// Maps a regular file; `watch` will know whether it could be read to its end.
    pub(super) fn new(file: File, path: &Path, watch: &Watch) -> io::Result<Self> {
        catch_bus_errors()?;
        #[allow(unsafe_code)]
        // SAFETY: the map is private and read-only. Another process that writes into the file changes what is read, as
        // it would for a file that is read piece by piece; one that shortens it is what the handler is for.
        let map = unsafe { memmap2::Mmap::map(&file)? };
        let region: &'static Region = Box::leak(Box::default());
        region.start.store(map.as_ptr().addr(), Ordering::Relaxed);
        region.length.store(map.len(), Ordering::Release);
        let mut cell = &FIRST;
        while let Err(_taken) = cell.set(region) {
            let Some(last) = cell.get() else { break };
            cell = &last.next;
        }
        watch.add(region, path);
        Ok(Self { map, file, region })
    }

    /// Takes the pages out of this process; the next access brings them back.
    pub(super) fn release(&self) {
        #[cfg(unix)]
        #[allow(unsafe_code)]
        // SAFETY: the map is read-only, so there is nothing in it that the file has not: its pages are read again. Those that
        // the handler of the signal has put there are zeros before and after.
        let _ = unsafe { self.map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
    }
}

impl std::ops::Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // The last page of a shortened file reads as zeros without any signal.
        let length = self.file.metadata().map_or(0, |metadata| metadata.len());
        if length < self.map.len() as u64 {
            self.region.lost.store(true, Ordering::Relaxed);
        }
        self.region.length.store(0, Ordering::Release);
    }
}

/// The mapped inputs of a run, and whether all of them could be read.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch(Arc<Mutex<Vec<(&'static Region, PathBuf)>>>);

impl Watch {
    fn add(&self, region: &'static Region, path: &Path) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((region, path.to_owned()));
    }

    /// The first input that was shortened, or became unreadable, while it was read.
    pub(super) fn lost(&self) -> Option<PathBuf> {
        let maps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        maps.iter().find(|(region, _)| region.lost.load(Ordering::Relaxed)).map(|(_, path)| path.clone())
    }
}

#[cfg(unix)]
use unix::catch_bus_errors;

/// Elsewhere a mapped file cannot be shortened.
#[cfg(not(unix))]
fn catch_bus_errors() -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
#[allow(unsafe_code)]
mod unix {
    use std::io;
    use std::sync::OnceLock;
    use std::sync::atomic::Ordering;

    use super::FIRST;

    /// What happened at this signal before, and the size of a page.
    static BEFORE: OnceLock<(libc::sigaction, usize)> = OnceLock::new();

    /// Sets the handler, once for the process.
    pub(super) fn catch_bus_errors() -> io::Result<()> {
        if BEFORE.get().is_some() {
            return Ok(());
        }
        // SAFETY: both structures are plain data that the call reads and fills; the handler calls nothing that is not
        // safe in a signal. `SA_ONSTACK`: Rust has given each thread a stack for signals.
        let (result, before, page) = unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            let mut before: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_bus_error as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigemptyset(&raw mut action.sa_mask);
            // What was there is stored before the handler may need it; that of a second thread would be our own.
            let asked = libc::sigaction(libc::SIGBUS, std::ptr::null(), &raw mut before);
            let page = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)).unwrap_or(4096);
            let _ = BEFORE.set((before, page));
            let set = libc::sigaction(libc::SIGBUS, &raw const action, std::ptr::null_mut());
            (asked.min(set), before, page)
        };
        let _ = (before, page);
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Puts zeros where a map has lost its file. An error in any other place goes its old way.
    extern "C" fn on_bus_error(signal: libc::c_int, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
        let Some((before, page)) = BEFORE.get() else { return };
        // SAFETY: with `SA_SIGINFO` the system hands over a valid structure.
        let address = unsafe { (*info).si_addr() }.addr();
        let mut cell = &FIRST;
        while let Some(region) = cell.get() {
            let (start, length) =
                (region.start.load(Ordering::Relaxed), region.length.load(Ordering::Acquire));
            if address >= start && address - start < length {
                region.lost.store(true, Ordering::Relaxed);
                let from = address & !(page - 1);
                // SAFETY: the pages belong to a map of ours that is in use, up to whose end they are replaced by
                // others that can be read; whoever unmaps it unmaps them with it.
                let placed = unsafe {
                    libc::mmap(
                        std::ptr::without_provenance_mut(from),
                        start + length - from,
                        libc::PROT_READ,
                        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
                        -1,
                        0,
                    )
                };
                if placed != libc::MAP_FAILED {
                    return;
                }
            }
            cell = &region.next;
        }
        // SAFETY: what was set before is set again, and the same access, on return, leads there.
        unsafe { libc::sigaction(signal, before, std::ptr::null_mut()) };
    }
}
