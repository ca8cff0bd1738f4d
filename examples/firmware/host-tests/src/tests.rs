//! What the signal path, the colours and the memory of the node have to do.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::colour::hsv;
use crate::dsp::Meter;
use crate::persist;

/// The gain is one for the whole node: whoever looks at it does so alone, and finds it within a step of 256, as after power-on,
/// whatever the test before has made of it.
fn gain_of_a_new_node() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    while persist::gain() < 256 {
        persist::adapt_gain(0);
    }
    while persist::gain() > 256 {
        persist::adapt_gain(u16::MAX);
    }
    alone
}

#[test]
fn a_grey_has_equal_channels_and_a_primary_has_one() {
    let grey = hsv(77, 0, 128);
    assert!(grey.r == grey.g && grey.g == grey.b);
    let red = hsv(0, 255, 255);
    assert_eq!((red.r, red.g, red.b), (255, 0, 0));
    assert_eq!(hsv(200, 255, 0).b, 0);
}

#[test]
fn the_hue_goes_round_the_circle() {
    let strongest = |hue| {
        let colour = hsv(hue, 255, 255);
        [colour.r, colour.g, colour.b].iter().position(|level| *level == 255)
    };
    assert_eq!([5, 60, 100, 150, 180, 240].map(strongest), [0, 1, 1, 2, 2, 0].map(Some));
}

#[test]
fn a_constant_voltage_fades_from_the_meter() {
    let _alone = gain_of_a_new_node();
    let mut meter = Meter::new();
    for _ in 0..20_000 {
        meter.push(3000);
    }
    // The blocker moves in steps of 1/1024: what is left is below them.
    assert!(meter.level() <= 64, "{}", meter.level());
}

#[test]
fn a_tone_is_louder_than_silence_and_leaves_a_peak() {
    let _alone = gain_of_a_new_node();
    let mut meter = Meter::new();
    for sample in 0..4_000u16 {
        // 500 Hz at 16 kHz.
        meter.push(if sample / 16 % 2 == 0 { 1800 } else { 2300 });
    }
    assert!(meter.level() > 1000 && meter.peak() > meter.level());
}

#[test]
fn starts_are_counted() {
    let first = persist::count_boot();
    assert_eq!(persist::count_boot(), first + 1);
}

#[test]
fn the_gain_follows_the_peak_within_its_bounds() {
    let _alone = gain_of_a_new_node();
    let before = persist::gain();
    persist::adapt_gain(100);
    assert!(persist::gain() > before);
    for _ in 0..1000 {
        persist::adapt_gain(u16::MAX);
    }
    assert_eq!(persist::gain(), 32);
}

#[cfg(not(feature = "baseline"))]
#[test]
fn a_tone_stands_out_in_its_band() {
    use crate::spectrum::{Analyser, View};
    use crate::strip::Strip;

    let _alone = gain_of_a_new_node();
    let mut analyser = Analyser::take();
    let mut blocks = 0;
    while blocks < 12 {
        // 1 kHz at 16 kHz.
        for sample in [
            0i16, 12_540, 23_170, 30_274, 32_767, 30_274, 23_170, 12_540, 0, -12_540, -23_170, -30_274,
            -32_767, -30_274, -23_170, -12_540,
        ] {
            blocks += usize::from(analyser.push(sample));
        }
    }
    let mut strip = Strip::new();
    analyser.set_view(View::Bands);
    analyser.draw(&mut strip, 0);
    let light = |led: usize| {
        let pixel = strip.pixels[led];
        u32::from(pixel.r) + u32::from(pixel.g) + u32::from(pixel.b)
    };
    let brightest = (0..strip.pixels.len()).max_by_key(|led| light(*led)).unwrap_or(0);
    // Band 9 of 16 holds 970 Hz to 1.4 kHz; 72 LEDs show 16 bands.
    assert_eq!(brightest * 16 / 72, 9);
}
