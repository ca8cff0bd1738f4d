//! The firmware's own sources, compiled for the host; only the strip is another one, which keeps its pixels.

#![allow(dead_code, reason = "the firmware's main loop is not here")]

#[path = "../../esp32c3/src/colour.rs"]
mod colour;
#[path = "../../esp32c3/src/dsp.rs"]
mod dsp;
#[path = "../../esp32c3/src/persist.rs"]
mod persist;
#[cfg(not(feature = "baseline"))]
#[path = "../../esp32c3/src/spectrum.rs"]
mod spectrum;

/// The LED strip, without its wire.
mod strip {
    use std::marker::PhantomData;

    use crate::colour::Rgb;

    pub const LEDS: usize = 72;

    pub struct Strip<'d> {
        pub pixels: [Rgb; LEDS],
        channel: PhantomData<&'d ()>,
    }

    impl Strip<'_> {
        pub fn new() -> Self {
            Self { pixels: [Rgb::default(); LEDS], channel: PhantomData }
        }

        pub fn set(&mut self, led: usize, colour: Rgb) {
            self.pixels[led] = colour;
        }
    }
}

#[cfg(test)]
mod tests;
