//! Any bytes as an ESP image: nothing it says lies outside the file, and what is sound stays so when cut never.

use lw_firmware::esp_image::{AppImage, Pairing};

fuzz_target!(|bytes: &[u8]| {
    let Ok(image) = AppImage::read(bytes) else {
        assert!(AppImage::parse(bytes).is_err(), "parse accepts less");
        return;
    };
    assert_eq!(image.total_len, bytes.len() as u64);
    assert!(image.image_len <= image.total_len);
    assert!(
        image.segments.iter().all(|segment| segment.offset + u64::from(segment.length) <= image.image_len)
    );
    assert_eq!(AppImage::parse(bytes).is_ok(), image.verify().is_ok());
    assert_ne!(image.pairs_with(&[0; 32]), Pairing::Match, "zeros are no digest");
    assert!(image.layout_problems().len() <= 2 * image.segments.len() + 1);
    let cut = usize::try_from(image.image_len).expect("it lies in memory") - 1;
    assert!(AppImage::parse(&bytes[..cut]).is_err(), "one byte less is no image");
});
