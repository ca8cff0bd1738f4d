//! A console on the UART: what the analyser shows, and how.

use core::fmt::Write;

use esp_hal::{Blocking, uart::UartRx};

use crate::{
    persist,
    spectrum::{Analyser, View},
};

const LINE: usize = 64;

pub struct Console<'d> {
    rx: UartRx<'d, Blocking>,
    line: [u8; LINE],
    length: usize,
}

/// Why a line was not understood.
enum Refused<'l> {
    Command(&'l str),
    Argument { command: &'static str, expected: &'static str },
    Encoding,
}

impl core::fmt::Display for Refused<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Command(name) => write!(f, "no command {name:?}; try `help`"),
            Self::Argument { command, expected } => write!(f, "`{command}` wants {expected}"),
            Self::Encoding => f.write_str("the line is not UTF-8"),
        }
    }
}

const HELP: &str = "bands | waterfall BAND | peaks | hue 0..255 | gain 32..4096 | report | help\r";

impl<'d> Console<'d> {
    pub fn new(rx: UartRx<'d, Blocking>) -> Self {
        Self { rx, line: [0; LINE], length: 0 }
    }

    /// Takes what has arrived, without waiting; runs a line when it is complete.
    pub fn poll(&mut self, analyser: &mut Analyser, log: &mut impl Write) {
        let mut bytes = [0; 16];
        while self.rx.read_ready() {
            let Ok(count) = self.rx.read(&mut bytes) else {
                // A framing error or an overrun: the line is lost, the next one is not.
                self.length = 0;
                return;
            };
            for &byte in &bytes[..count] {
                match byte {
                    b'\r' | b'\n' if self.length > 0 => {
                        let outcome = match core::str::from_utf8(&self.line[..self.length]) {
                            Ok(line) => run(line.trim(), analyser, log),
                            Err(_) => Err(Refused::Encoding),
                        };
                        let _ = match outcome {
                            Ok(()) => writeln!(log, "ok\r"),
                            Err(refused) => writeln!(log, "error: {refused}\r"),
                        };
                        self.length = 0;
                    }
                    b'\r' | b'\n' => {}
                    8 | 127 => self.length = self.length.saturating_sub(1),
                    _ if self.length < LINE => {
                        self.line[self.length] = byte;
                        self.length += 1;
                    }
                    _ => {}
                }
            }
        }
    }
}

fn run<'l>(line: &'l str, analyser: &mut Analyser, log: &mut impl Write) -> Result<(), Refused<'l>> {
    let (command, argument) = line.split_once(' ').unwrap_or((line, ""));
    let argument = argument.trim();
    match command {
        "bands" => analyser.set_view(View::Bands),
        "peaks" => analyser.set_view(View::Peaks),
        "waterfall" => match argument.parse() {
            Ok(band @ 0..16) => analyser.set_view(View::Waterfall(band)),
            _ => return Err(Refused::Argument { command: "waterfall", expected: "a band, 0 to 15" }),
        },
        "hue" => match argument.parse() {
            Ok(hue) => analyser.set_hue(hue),
            Err(_) => return Err(Refused::Argument { command: "hue", expected: "0 to 255" }),
        },
        "gain" => match argument.parse() {
            Ok(gain @ 32..=4096) => persist::set_gain(gain),
            _ => return Err(Refused::Argument { command: "gain", expected: "32 to 4096" }),
        },
        "report" => analyser.report(log),
        "help" => {
            let _ = writeln!(log, "{HELP}");
        }
        _ => return Err(Refused::Command(command)),
    }
    Ok(())
}
