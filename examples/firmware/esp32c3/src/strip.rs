//! A strip of WS2812 LEDs on the RMT peripheral.

use esp_hal::{
    Blocking,
    gpio::Level,
    ram,
    rmt::{Channel, PulseCode, Tx},
};
use static_cell::ConstStaticCell;

use crate::colour::Rgb;

pub const LEDS: usize = 72;
const PULSES: usize = LEDS * 24 + 1;

/// One bit on the wire, at 80 MHz: 0.4 us high and 0.85 us low, or 0.8 and 0.45.
const ZERO: PulseCode = PulseCode::new(Level::High, 32, Level::Low, 68);
const ONE: PulseCode = PulseCode::new(Level::High, 64, Level::Low, 36);

static PIXELS: ConstStaticCell<[Rgb; LEDS]> = ConstStaticCell::new([Rgb { r: 0, g: 0, b: 0 }; LEDS]);
static WIRE: ConstStaticCell<[PulseCode; PULSES]> = ConstStaticCell::new([PulseCode::end_marker(); PULSES]);

pub struct Strip<'d> {
    /// Absent only while a transmission owns it.
    channel: Option<Channel<'d, Blocking, Tx>>,
    pixels: &'static mut [Rgb; LEDS],
    wire: &'static mut [PulseCode; PULSES],
}

/// Three bytes to 24 pulses; green is sent first. In RAM, as it runs for every LED of every frame.
#[ram]
fn encode(pixel: Rgb, wire: &mut [PulseCode]) {
    let bits = u32::from(pixel.g) << 16 | u32::from(pixel.r) << 8 | u32::from(pixel.b);
    for (position, pulse) in wire.iter_mut().enumerate() {
        *pulse = if bits & (0x80_0000 >> position) != 0 { ONE } else { ZERO };
    }
}

impl<'d> Strip<'d> {
    /// Takes the strip's buffers: there is one strip.
    pub fn new(channel: Channel<'d, Blocking, Tx>) -> Self {
        Self { channel: Some(channel), pixels: PIXELS.take(), wire: WIRE.take() }
    }

    /// Ignores LEDs past the end, so that effects may overshoot.
    pub fn set(&mut self, led: usize, colour: Rgb) {
        if let Some(pixel) = self.pixels.get_mut(led) {
            *pixel = colour;
        }
    }

    /// Sends the frame and waits until it is out.
    pub fn show(&mut self) {
        for (pixel, wire) in self.pixels.iter().zip(self.wire.chunks_exact_mut(24)) {
            encode(*pixel, wire);
        }
        let Some(channel) = self.channel.take() else {
            return;
        };
        self.channel = Some(match channel.transmit(&self.wire[..]) {
            Ok(transaction) => match transaction.wait() {
                Ok(channel) | Err((_, channel)) => channel,
            },
            Err((_, channel)) => channel,
        });
    }
}
