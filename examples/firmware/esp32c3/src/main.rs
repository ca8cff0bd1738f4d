//! An LED audio visualiser: microphone on the ADC, 72 WS2812 LEDs on the RMT, a log on UART0.
//!
//! Release 1.0 (feature `baseline`) is a level meter. Release 1.1 adds a spectrum analyser with its
//! tables and a waterfall, and a console to choose what it shows.

#![no_std]
#![no_main]

use core::fmt::Write as _;

#[cfg(not(feature = "baseline"))]
use esp_hal::uart::UartRx;
use esp_hal::{
    analog::adc::{Adc, AdcConfig, Attenuation},
    clock::CpuClock,
    gpio::{Level, Output, OutputConfig},
    main,
    rmt::{Rmt, TxChannelConfig, TxChannelCreator},
    time::{Duration, Instant, Rate},
    uart::{self, UartTx},
};

mod colour;
#[cfg(not(feature = "baseline"))]
mod console;
mod dsp;
mod persist;
#[cfg(not(feature = "baseline"))]
mod spectrum;
mod strip;

#[cfg(feature = "baseline")]
const VERSION: &str = "1.0.0";
#[cfg(not(feature = "baseline"))]
const VERSION: &str = env!("CARGO_PKG_VERSION");

esp_bootloader_esp_idf::esp_app_desc!(
    VERSION,
    env!("CARGO_PKG_NAME"),
    esp_bootloader_esp_idf::BUILD_TIME,
    esp_bootloader_esp_idf::BUILD_DATE,
    esp_bootloader_esp_idf::ESP_IDF_COMPATIBLE_VERSION,
    esp_bootloader_esp_idf::MMU_PAGE_SIZE,
    0,
    u16::MAX,
    esp_bootloader_esp_idf::SECURE_VERSION
);

/// Samples per second.
const SAMPLE_RATE: u64 = 16_000;

/// How often the log tells how it goes.
const REPORT_EVERY: Duration = Duration::from_secs(5);

#[main]
fn main() -> ! {
    let peripherals = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));

    let mut log = match UartTx::new(peripherals.UART0, uart::Config::default()) {
        Ok(tx) => tx.with_tx(peripherals.GPIO21),
        Err(_) => panic!("the UART refuses its default configuration"),
    };
    let boots = persist::count_boot();
    let _ = writeln!(log, "led-node {VERSION}, start {boots}, {} LEDs\r", strip::LEDS);
    if let Some(line) = persist::take_panic() {
        let _ = writeln!(log, "the last run panicked at line {line}\r");
    }

    let mut adc_config = AdcConfig::new();
    let mut microphone = adc_config.enable_pin(peripherals.GPIO2, Attenuation::_11dB);
    let mut adc = Adc::new(peripherals.ADC1, adc_config);

    let mut alive = Output::new(peripherals.GPIO8, Level::Low, OutputConfig::default());
    let channel = Rmt::new(peripherals.RMT, Rate::from_mhz(80))
        .and_then(|rmt| rmt.channel0.configure_tx(&TxChannelConfig::default().with_clk_divider(1)));
    let Ok(channel) = channel else {
        panic!("the RMT refuses its configuration");
    };
    let mut strip = strip::Strip::new(channel.with_pin(peripherals.GPIO10));

    let mut meter = dsp::Meter::new();
    #[cfg(not(feature = "baseline"))]
    let mut analyser = spectrum::Analyser::take();
    #[cfg(not(feature = "baseline"))]
    let mut console = match UartRx::new(peripherals.UART1, uart::Config::default()) {
        Ok(rx) => console::Console::new(rx.with_rx(peripherals.GPIO20)),
        Err(_) => panic!("the console's UART refuses its default configuration"),
    };

    let start = Instant::now();
    let mut samples = 0u64;
    let mut frames = 0u32;
    let mut report = start;
    loop {
        let raw = loop {
            if let Ok(value) = adc.read_oneshot(&mut microphone) {
                break value;
            }
        };
        samples += 1;
        let sample = meter.push(raw);

        #[cfg(not(feature = "baseline"))]
        let full = analyser.push(sample);
        #[cfg(feature = "baseline")]
        let full = {
            let _ = sample;
            samples.is_multiple_of(512)
        };
        if full {
            #[cfg(not(feature = "baseline"))]
            analyser.draw(&mut strip, frames);
            #[cfg(feature = "baseline")]
            meter.draw(&mut strip, frames);
            strip.show();
            #[cfg(not(feature = "baseline"))]
            console.poll(&mut analyser, &mut log);
            alive.toggle();
            frames = frames.wrapping_add(1);
        }

        if report.elapsed() >= REPORT_EVERY {
            report = Instant::now();
            let _ = writeln!(log, "{frames} frames, level {}, peak {}\r", meter.level(), meter.peak());
        }

        // Wait for the next sample, so that the rate does not depend on the work done.
        while start.elapsed().as_micros() < samples * 1_000_000 / SAMPLE_RATE {}
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    persist::note_panic(info.location().map_or(0, |at| at.line()));
    esp_hal::system::software_reset()
}
