//! Any bytes as a UF2 file: ranges are sorted, apart and as long as the data.

use lw_firmware::uf2::Image;

fuzz_target!(|bytes: &[u8]| {
    let Ok(image) = Image::read(bytes) else { return };
    assert_eq!((image.total_len, image.total_len / 512), (bytes.len() as u64, image.blocks.into()));
    let flashed: u32 = image.parts.iter().map(|part| part.blocks).sum();
    assert_eq!(flashed + image.skipped + image.files, image.blocks);
    for part in &image.parts {
        let content = &part.content;
        assert_eq!(content.ranges.iter().map(|range| range.length).sum::<u64>(), content.size);
        assert!(content.ranges.windows(2).all(|pair| pair[0].end() < u64::from(pair[1].start)));
        assert!(content.span().is_none_or(|span| span.end() <= 1 << 32));
        assert_eq!(content.gaps().count() + 1, content.ranges.len().max(1));
    }
    assert!(Image::read(&bytes[..bytes.len() - 1]).is_err(), "one byte less is no file");
});
