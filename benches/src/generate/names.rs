//! Names as compilers make them: C, C++ (Itanium mangling), Rust (legacy and v0 mangling).

use std::fmt::Write as _;

use crate::generate::rng::Rng;

const WORDS: [&str; 48] = [
    "adc", "alloc", "auth", "buffer", "cache", "channel", "check", "clock", "config", "connect", "context",
    "crypto", "decode", "driver", "encode", "event", "flash", "frame", "gpio", "handler", "hash", "heap",
    "init", "internal", "link", "lock", "mbedtls", "mesh", "net", "notify", "packet", "parse", "power",
    "queue", "read", "register", "sensor", "session", "socket", "spi", "state", "stream", "task", "timer",
    "update", "verify", "wifi", "write",
];

/// Parameter lists of C++ functions.
const PARAMETERS: [&str; 8] =
    ["v", "i", "PKcj", "RKS_", "PvS1_", "bmm", "St17basic_string_viewIcSt11char_traitsIcEE", "NS_4spanE"];

/// Rust paths before the last identifier, in the legacy mangling.
const RUST_PATHS: [&str; 6] = [
    "4core3fmt",
    "5alloc3vec",
    "87_$LT$T$u20$as$u20$core..convert..Into$LT$U$GT$$GT$",
    "7esp_hal3spi6master",
    "14embassy_executor3raw",
    "69_$LT$core..option..Option$LT$T$GT$$u20$as$u20$core..fmt..Debug$GT$",
];

/// What language a symbol comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    C,
    Cpp,
    Rust,
}

/// A name of two or three words: `timer_queue_read`.
pub(crate) fn words(rng: &mut Rng) -> String {
    let count = 2 + rng.below(2);
    let parts: Vec<_> = (0..count).map(|_| word(rng)).collect();
    parts.join("_")
}

fn word(rng: &mut Rng) -> &'static str {
    rng.pick(&WORDS).copied().unwrap_or("task")
}

/// An identifier that no other symbol of the program has.
fn unique(rng: &mut Rng, ordinal: u64) -> String {
    format!("{}_{ordinal:x}", words(rng))
}

/// The linker's name of a function or of an object with its own name.
pub(crate) fn symbol(rng: &mut Rng, language: Language, ordinal: u64) -> String {
    let name = unique(rng, ordinal);
    match language {
        Language::C => name,
        Language::Cpp => {
            let (outer, class) = (word(rng), words(rng));
            let parameters = rng.pick(&PARAMETERS).copied().unwrap_or("v");
            format!("_ZN{}{outer}{}{class}{}{name}E{parameters}", outer.len(), class.len(), name.len())
        }
        Language::Rust if rng.chance(70) => {
            let path = rng.pick(&RUST_PATHS).copied().unwrap_or_default();
            format!("_ZN{path}{}{name}17h{:016x}E", name.len(), rng.next())
        }
        Language::Rust => {
            let (crate_name, module) = (words(rng), word(rng));
            format!(
                "_RNvNtCs{}_{}{crate_name}{}{module}{}{name}",
                base62(rng.next()),
                crate_name.len(),
                module.len(),
                name.len()
            )
        }
    }
}

/// A name that many objects have: a static of a function.
pub(crate) fn local(rng: &mut Rng) -> String {
    let mut name = rng
        .pick(&["TAG", "counter", "buf", "s_state", "lock", "__func__"])
        .copied()
        .unwrap_or("x")
        .to_owned();
    if rng.chance(60) {
        // Writing to a string cannot fail.
        let _ = write!(name, ".{}", rng.below(4));
    }
    name
}

fn base62(mut value: u64) -> String {
    const DIGITS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut out = String::new();
    while value > 0 {
        let digit = usize::try_from(value % 62).unwrap_or_default();
        out.push(DIGITS.get(digit).copied().unwrap_or(b'0').into());
        value /= 62;
    }
    out
}

/// Path of an archive and the name of an object in it.
pub(crate) fn archive(rng: &mut Rng, language: Language, ordinal: usize) -> String {
    match language {
        Language::C | Language::Cpp => {
            let name = format!("{}_{ordinal}", words(rng));
            format!("esp-idf/{name}/lib{name}.a")
        }
        Language::Rust => format!("target/release/deps/lib{}-{:016x}.rlib", words(rng), rng.next()),
    }
}

/// Name of an object.
pub(crate) fn object(rng: &mut Rng, language: Language, ordinal: usize) -> String {
    match language {
        Language::C => format!("{}_{ordinal}.c.obj", words(rng)),
        Language::Cpp => format!("{}_{ordinal}.cpp.obj", words(rng)),
        Language::Rust => format!("{}-{:016x}.{ordinal}.rcgu.o", words(rng), rng.next()),
    }
}
