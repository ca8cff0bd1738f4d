//! Colours, with gamma correction from a table in flash.

/// 255 * (i / 255)^2.6, rounded.
static GAMMA: [u8; 256] = include!("gamma.in");

#[derive(Clone, Copy, Default)]
pub struct Rgb {
    pub r: u8,
    pub g: u8,
    pub b: u8,
}

/// Hue, saturation and value to gamma-corrected RGB.
pub fn hsv(hue: u8, saturation: u8, value: u8) -> Rgb {
    let scale = |level: u16| (level * u16::from(value) / 255) as u8;
    let sextant = hue / 43;
    let rise = u16::from(hue - sextant * 43) * 6;
    let low = 255 - u16::from(saturation);
    let up = low + (255 - low) * rise / 255;
    let down = 255 - (255 - low) * rise / 255;
    let (r, g, b) = match sextant {
        0 => (255, up, low),
        1 => (down, 255, low),
        2 => (low, 255, up),
        3 => (low, down, 255),
        4 => (up, low, 255),
        _ => (255, low, down),
    };
    let corrected = |level| GAMMA[usize::from(scale(level))];
    Rgb { r: corrected(r), g: corrected(g), b: corrected(b) }
}
