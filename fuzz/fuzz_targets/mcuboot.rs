//! Any bytes as a MCUboot image: nothing it says lies outside the file, and no cut of a sound one is sound.

use lw_firmware::mcuboot::{Image, Trailing};

fuzz_target!(|bytes: &[u8]| {
    let Ok(image) = Image::read(bytes) else {
        assert!(Image::parse(bytes).is_err(), "parse accepts less");
        return;
    };
    assert_eq!(image.total_len, bytes.len() as u64);
    assert!(image.image_len <= image.total_len);
    for tlv in image.protected.iter().chain(&image.unprotected) {
        let at = usize::try_from(tlv.offset).expect("it lies in memory");
        assert_eq!(bytes.get(at..at + tlv.data.len()), Some(&tlv.data[..]));
    }
    if let Trailing::Slot(trailer) = &image.trailing {
        assert!(trailer.offset >= image.image_len && trailer.offset < image.total_len);
    }
    assert_eq!(Image::parse(bytes).is_ok(), image.verify().is_ok());
    let cut = usize::try_from(image.image_len).expect("it lies in memory") - 1;
    assert!(Image::parse(&bytes[..cut]).is_err(), "one byte less is no image");
});
