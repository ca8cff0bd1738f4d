//! Patches that detools, esp_delta_ota's generator and bsdiff made.

use std::fs;

use lw_delta::detools::Compression;
use lw_delta::heatshrink::Parameters;
use lw_delta::{Encoding, Format, describe, esp};
use lw_testkit::shared_fixture;

use crate::common::{LIMIT, applied};

fn read(name: &str) -> Option<Vec<u8>> {
    Some(fs::read(shared_fixture(&format!("ota/{name}"))?).unwrap())
}

#[test]
fn patches_of_others_make_their_targets() {
    let Some(_) = shared_fixture("ota/delta") else { return };
    for chip in ["c3", "s3"] {
        let image = |age: &str| read(&format!("esp-app/esp32-{chip}-hello_world-{age}.bin")).unwrap();
        let (base, target) = (image("old"), image("new"));
        for (name, format) in [
            ("detools-hs.patch", Format::DetoolsHeatshrink),
            ("espdelta.patch", Format::EspDelta),
            ("bsdiff40", Format::Bsdiff40),
        ] {
            let separator = if name == "bsdiff40" { "." } else { "-" };
            let patch = read(&format!("delta/esp32-{chip}{separator}{name}")).unwrap();
            assert_eq!(Format::detect(&patch).unwrap(), format);
            let (made, info) = applied(&patch, &base);
            assert!(made == target, "{chip} {name}");
            assert_eq!(describe(&patch, LIMIT).unwrap(), info);
        }
        // The generator puts the hash at the end of the unsigned base in front, and then what detools makes.
        let patch = read(&format!("delta/esp32-{chip}-espdelta.patch")).unwrap();
        let header = esp::Header::read(&patch).unwrap();
        assert!(header.check(base.last_chunk().unwrap()).is_ok());
        assert!(header.check(target.last_chunk().unwrap()).is_err());
        assert_eq!(patch[..64], header.write());
        assert_eq!(patch[64..], read(&format!("delta/esp32-{chip}-detools-hs.patch")).unwrap());
    }
}

#[test]
fn a_patch_is_described_as_detools_describes_it() {
    let Some(patch) = read("delta/esp32-c3-detools-hs.patch") else { return };
    let info = describe(&patch, LIMIT).unwrap();
    // `detools patch_info`: 728 diffs, 121.28 KiB, of which 94.67 KiB are diffs.
    assert_eq!((info.steps, info.target_size), (728, 124_192));
    assert_eq!((info.diff_bytes, info.extra_bytes), (96_940, 27_252));
    assert_eq!(info.encoding, Encoding::Detools(Compression::Heatshrink(Parameters::default())));
}

#[test]
fn the_own_patches_of_the_component() {
    let Some(base) = read("delta/espdelta-base.bin") else { return };
    let (target, _) = applied(&read("delta/espdelta-patch.bin").unwrap(), &base);
    assert!(target == read("delta/espdelta-new.bin").unwrap());
    // Nothing in a patch says which target it makes: this one is taken, and only a digest of the target can tell.
    let (other, info) = applied(&read("delta/espdelta-bad_patch.bin").unwrap(), &base);
    assert!(other != target);
    assert_eq!(info.target_size, 1022);
}
