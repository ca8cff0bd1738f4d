//! Fixed-point signal path: DC blocker, low-pass filter, level meter. All samples are Q15.

use esp_hal::ram;

use crate::persist;
#[cfg(feature = "baseline")]
use crate::{
    colour,
    strip::{LEDS, Strip},
};

const TAPS: usize = 31;

/// Symmetric low-pass, cut-off 5 kHz at 16 kHz, Hamming window; Q15, sum 32768.
static LOW_PASS: [i16; TAPS] = [
    -51, 47, 37, -146, 84, 229, -426, 0, 810, -839, -615, 2213, -1215, -3545, 9550, 20502, 9550, -3545,
    -1215, 2213, -615, -839, 810, 0, -426, 229, 84, -146, 37, 47, -51,
];

/// The filter runs for every sample: from RAM it does not wait for the flash cache.
#[ram]
fn fir(history: &[i16; TAPS], newest: usize) -> i16 {
    let mut sum = 0i32;
    let mut at = newest;
    for &tap in &LOW_PASS {
        sum += i32::from(tap) * i32::from(history[at]);
        at = if at == 0 { TAPS - 1 } else { at - 1 };
    }
    (sum >> 15).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

/// The level meter of the microphone.
pub struct Meter {
    history: [i16; TAPS],
    newest: usize,
    dc: i32,
    level: u32,
    peak: u16,
}

impl Meter {
    pub const fn new() -> Self {
        Self { history: [0; TAPS], newest: 0, dc: 2048 << 8, level: 0, peak: 0 }
    }

    /// Takes a raw 12-bit reading, gives the filtered sample.
    pub fn push(&mut self, raw: u16) -> i16 {
        let raw = i32::from(raw) << 8;
        self.dc += (raw - self.dc) >> 10;
        let gained = (((raw - self.dc) >> 4) * persist::gain() as i32) >> 8;
        self.newest = if self.newest + 1 == TAPS { 0 } else { self.newest + 1 };
        self.history[self.newest] = gained.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
        let sample = fir(&self.history, self.newest);

        let loud = sample.unsigned_abs();
        self.level = self.level - (self.level >> 8) + u32::from(loud);
        if loud >= self.peak {
            self.peak = loud;
        } else {
            self.peak -= self.peak >> 12;
        }
        sample
    }

    /// Mean of the last samples, Q15.
    pub fn level(&self) -> u16 {
        (self.level >> 8) as u16
    }

    pub fn peak(&self) -> u16 {
        self.peak
    }

    /// A bar from the strip's middle to both ends.
    #[cfg(feature = "baseline")]
    pub fn draw(&self, strip: &mut Strip<'_>, frame: u32) {
        persist::adapt_gain(self.peak);
        let lit = usize::from(self.level()) * LEDS / 2 / 8192;
        for led in 0..LEDS {
            let distance = led.abs_diff(LEDS / 2);
            let value = if distance <= lit { 255 } else { 0 };
            strip.set(led, colour::hsv((frame + distance as u32 * 3) as u8, 255, value));
        }
    }
}
