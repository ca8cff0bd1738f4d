//! Any base and target: every encoding of the steps makes the target again, and none is much larger than the target.

use lw_delta::detools::Compression;
use lw_delta::heatshrink::Parameters;
use lw_delta::{Encoding, Format, Script, apply, describe};
use memchr::memmem;

const BETWEEN: &[u8] = b"--to--";

fuzz_target!(|bytes: &[u8]| {
    let split = memmem::find(bytes, BETWEEN).unwrap_or(bytes.len());
    let base = &bytes[..split];
    let target = bytes.get(split + BETWEEN.len()..).unwrap_or_default();
    let parameters = bytes.first().map_or(8, |byte| 5 + byte % 11);
    let parameters = Parameters::new(parameters, parameters - 1).expect("in range");
    for encoding in [
        Encoding::Detools(Compression::None),
        Encoding::Detools(Compression::Crle),
        Encoding::Detools(Compression::Heatshrink(parameters)),
        Encoding::esp_delta([0xE5; 32]),
        Encoding::Bsdiff40,
    ] {
        let script = Script::between(base, target, encoding.format()).expect("small enough");
        let patch = script.write(&encoding);
        // A literal of heatshrink takes nine bits, a header 64 bytes, three empty streams of bzip2 42; a step is taken
        // where it saves something.
        assert!(
            patch.len() <= target.len() + target.len() / 4 + 256,
            "{}: {}",
            encoding.format(),
            patch.len()
        );
        let mut made = Vec::new();
        let info = apply(&patch, base, target.len() as u64, &mut made).expect("it is ours");
        assert!(made == target);
        assert_eq!(Format::detect(&patch), Ok(encoding.format()));
        assert_eq!(describe(&patch, target.len() as u64), Ok(info));
        assert_eq!(info.steps, script.steps().len() as u64);
    }
});
