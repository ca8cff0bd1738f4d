//! What survives a reset: it lives in the RTC's fast memory.

use esp_hal::ram;
use portable_atomic::{AtomicU32, Ordering};

#[ram(unstable(rtc_fast, persistent))]
static BOOTS: AtomicU32 = AtomicU32::new(0);

/// Line of the last panic, 0 for none.
#[ram(unstable(rtc_fast, persistent))]
static PANIC_LINE: AtomicU32 = AtomicU32::new(0);

/// Loaded at each start: the gain the microphone begins with, in Q8.
#[ram(unstable(rtc_fast))]
static GAIN: AtomicU32 = AtomicU32::new(256);

/// Counts this start; the number of starts since power was applied.
pub fn count_boot() -> u32 {
    BOOTS.fetch_add(1, Ordering::Relaxed) + 1
}

pub fn note_panic(line: u32) {
    PANIC_LINE.store(line, Ordering::Relaxed);
}

pub fn take_panic() -> Option<u32> {
    match PANIC_LINE.swap(0, Ordering::Relaxed) {
        0 => None,
        line => Some(line),
    }
}

pub fn gain() -> u32 {
    GAIN.load(Ordering::Relaxed)
}

#[cfg(not(feature = "baseline"))]
pub fn set_gain(gain: u32) {
    GAIN.store(gain.clamp(32, 4096), Ordering::Relaxed);
}

/// Follows the peak slowly, so that a quiet room fills the strip as well.
pub fn adapt_gain(peak: u16) {
    let gain = gain();
    let next = match peak {
        28_000.. => gain - gain / 16,
        0..4_000 => gain + gain / 64 + 1,
        _ => gain,
    };
    GAIN.store(next.clamp(32, 4096), Ordering::Relaxed);
}
