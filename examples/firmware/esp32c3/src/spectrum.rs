//! The spectrum analyser: a 1024-point FFT in Q15, sixteen bands, and a waterfall of past frames.

use core::fmt::Write;

use esp_hal::ram;
use static_cell::ConstStaticCell;

use crate::{
    colour, persist,
    strip::{LEDS, Strip},
};

const POINTS: usize = 1024;
const BANDS: usize = 16;
const WATERFALL: usize = 1500;

/// sin(2*pi*i/1024) in Q15.
static SINE: [i16; POINTS] = sine_table();

/// Hann window in Q15: (1 - cos) / 2.
static WINDOW: [i16; POINTS] = hann_table();

/// Where each sample goes before the butterflies run.
static REVERSED: [u16; POINTS] = reversed_table();

/// First FFT bin of each band: about two bands for each octave.
static EDGES: [u16; BANDS + 1] = [2, 4, 6, 8, 12, 16, 22, 32, 44, 62, 88, 124, 176, 248, 320, 410, 512];

/// Sensitivity of the ear per band, Q8 (A-weighting, rounded).
static WEIGHT: [u16; BANDS] = [8, 22, 46, 78, 112, 150, 184, 214, 236, 250, 262, 271, 276, 280, 276, 262];

static NAMES: [&str; BANDS] = [
    "31 Hz", "62 Hz", "94 Hz", "125 Hz", "187 Hz", "250 Hz", "344 Hz", "500 Hz", "690 Hz", "970 Hz",
    "1.4 kHz", "1.9 kHz", "2.8 kHz", "3.9 kHz", "5 kHz", "6.4 kHz",
];

/// A quarter turn by its Taylor series in 30-bit fixed point: exact to the last bit of Q15.
const fn sine_q15(turn: usize) -> i16 {
    let quarter = POINTS / 4;
    let (index, negative) = (turn % (POINTS / 2), turn % POINTS >= POINTS / 2);
    let index = if index > quarter { POINTS / 2 - index } else { index } as i64;
    const ONE: i64 = 1 << 30;
    // 2*pi in 30-bit fixed point.
    let x = index * 6_746_518_852 / POINTS as i64;
    let square = x * x / ONE;
    let mut term = x;
    let mut sum = x;
    let mut n = 2;
    while n < 16 {
        term = -(term * square / ONE) / (n * (n + 1));
        sum += term;
        n += 2;
    }
    let rounded = (sum * 32_767 + ONE / 2) / ONE;
    if negative { -rounded as i16 } else { rounded as i16 }
}

const fn sine_table() -> [i16; POINTS] {
    let mut table = [0; POINTS];
    let mut i = 0;
    while i < POINTS {
        table[i] = sine_q15(i);
        i += 1;
    }
    table
}

const fn hann_table() -> [i16; POINTS] {
    let mut table = [0; POINTS];
    let mut i = 0;
    while i < POINTS {
        // cos(x) = sin(x + a quarter turn).
        let cosine = sine_q15((i + POINTS / 4) % POINTS) as i32;
        table[i] = ((32_767 - cosine) / 2) as i16;
        i += 1;
    }
    table
}

const fn reversed_table() -> [u16; POINTS] {
    let mut table = [0; POINTS];
    let mut i = 0;
    while i < POINTS {
        table[i] = (i as u16).reverse_bits() >> (16 - POINTS.ilog2());
        i += 1;
    }
    table
}

#[derive(Clone, Copy)]
struct Complex {
    re: i16,
    im: i16,
}

static BLOCK: ConstStaticCell<[Complex; POINTS]> = ConstStaticCell::new([Complex { re: 0, im: 0 }; POINTS]);
static HISTORY: ConstStaticCell<[[u8; BANDS]; WATERFALL]> = ConstStaticCell::new([[0; BANDS]; WATERFALL]);

pub struct Analyser {
    block: &'static mut [Complex; POINTS],
    history: &'static mut [[u8; BANDS]; WATERFALL],
    filled: usize,
    head: usize,
    bands: [u8; BANDS],
    view: View,
    hue: u8,
}

/// What the strip shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The bands side by side.
    Bands,
    /// One band's past, newest first.
    Waterfall(u8),
    /// A dot where each band's peak of the last seconds was.
    Peaks,
}

/// All butterflies of one stage, halving so that Q15 cannot overflow. The hot loop: in RAM.
#[ram]
fn stage(block: &mut [Complex; POINTS], half: usize) {
    let step = POINTS / (2 * half);
    for group in block.chunks_exact_mut(2 * half) {
        let (low, high) = group.split_at_mut(half);
        for (k, (a, b)) in low.iter_mut().zip(high).enumerate() {
            let wr = i32::from(SINE[(k * step + POINTS / 4) % POINTS]);
            let wi = -i32::from(SINE[k * step]);
            let (re, im) = (i32::from(b.re), i32::from(b.im));
            let tr = (wr * re - wi * im) >> 15;
            let ti = (wr * im + wi * re) >> 15;
            let (ar, ai) = (i32::from(a.re), i32::from(a.im));
            *b = Complex { re: ((ar - tr) >> 1) as i16, im: ((ai - ti) >> 1) as i16 };
            *a = Complex { re: ((ar + tr) >> 1) as i16, im: ((ai + ti) >> 1) as i16 };
        }
    }
}

/// Integer square root, rounded down.
fn root(value: u64) -> u32 {
    let mut rest = value;
    let mut root = 0u64;
    let mut bit = 1u64 << 62;
    while bit > rest {
        bit >>= 2;
    }
    while bit != 0 {
        if rest >= root + bit {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
        bit >>= 2;
    }
    root as u32
}

impl Analyser {
    /// Takes the buffers: there is one analyser.
    pub fn take() -> Self {
        Self {
            block: BLOCK.take(),
            history: HISTORY.take(),
            filled: 0,
            head: 0,
            bands: [0; BANDS],
            view: View::Bands,
            hue: 0,
        }
    }

    /// True when a block is full and analysed.
    pub fn push(&mut self, sample: i16) -> bool {
        let windowed = (i32::from(sample) * i32::from(WINDOW[self.filled])) >> 15;
        self.block[usize::from(REVERSED[self.filled])] = Complex { re: windowed as i16, im: 0 };
        self.filled += 1;
        if self.filled < POINTS {
            return false;
        }
        self.filled = 0;
        self.analyse();
        true
    }

    fn analyse(&mut self) {
        let mut half = 1;
        while half < POINTS {
            stage(self.block, half);
            half *= 2;
        }
        let mut peak = 0;
        for (band, level) in self.bands.iter_mut().enumerate() {
            let bins = usize::from(EDGES[band])..usize::from(EDGES[band + 1]);
            let energy: u64 = self.block[bins]
                .iter()
                .map(|bin| {
                    u64::from(i32::from(bin.re).pow(2) as u32) + u64::from(i32::from(bin.im).pow(2) as u32)
                })
                .sum();
            let loud = root(energy).saturating_mul(u32::from(WEIGHT[band]));
            peak = peak.max(loud);
            *level = (loud >> 9).min(255) as u8;
        }
        persist::adapt_gain((peak >> 3).min(u32::from(u16::MAX)) as u16);
        self.history[self.head] = self.bands;
        self.head = (self.head + 1) % WATERFALL;
    }

    pub fn set_view(&mut self, view: View) {
        self.view = view;
    }

    pub fn set_hue(&mut self, hue: u8) {
        self.hue = hue;
    }

    /// The frame `age` blocks ago; the waterfall's oldest when it is not that long.
    fn past(&self, age: usize) -> &[u8; BANDS] {
        &self.history[(self.head + WATERFALL - 1 - age.min(WATERFALL - 1)) % WATERFALL]
    }

    pub fn draw(&self, strip: &mut Strip<'_>, frame: u32) {
        let turn = self.hue.wrapping_add((frame >> 3) as u8);
        for led in 0..LEDS {
            let band = led * BANDS / LEDS;
            let hue = turn.wrapping_add((band * 256 / BANDS) as u8);
            let colour = match self.view {
                // Each band fades to half of what it was a moment ago.
                View::Bands => {
                    let value = self.bands[band].max(self.past(8)[band] / 2);
                    colour::hsv(hue, 255 - value / 4, value)
                }
                View::Waterfall(band) => {
                    let value = self.past(led)[usize::from(band) % BANDS];
                    colour::hsv(turn.wrapping_add(value / 2), 255, value)
                }
                View::Peaks => {
                    let peak = (0..64).map(|age| self.past(age)[band]).max().unwrap_or(0);
                    let dot = band * LEDS / BANDS + usize::from(peak) * (LEDS / BANDS) / 256;
                    colour::hsv(hue, 255, if led == dot { 255 } else { self.bands[band] / 8 })
                }
            };
            strip.set(led, colour);
        }
    }

    /// The mean of each band over the waterfall, as bars of text.
    pub fn report(&self, log: &mut impl Write) {
        let mut sums = [0u32; BANDS];
        for frame in self.history.iter() {
            for (sum, level) in sums.iter_mut().zip(frame) {
                *sum += u32::from(*level);
            }
        }
        for (name, sum) in NAMES.iter().zip(sums) {
            let mean = sum / WATERFALL as u32;
            let _ = writeln!(log, "{name:>8} {mean:3} {:#<width$}\r", "", width = mean as usize / 8);
        }
    }
}
