//! Any bytes as an Intel HEX file: ranges are sorted, apart and as long as the data, and pieces change nothing.

use lw_firmware::intel_hex::Image;

fuzz_target!(|bytes: &[u8]| {
    let whole = Image::read(bytes);
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let streamed = Image::read_from(&mut std::io::Read::chain(first, second));
    assert_eq!(streamed.ok().as_ref(), whole.as_ref().ok());
    let Ok(Image { content, records, total_len, .. }) = whole else { return };
    assert_eq!(total_len, bytes.len() as u64);
    assert!(content.size * 2 <= total_len && records * 11 <= total_len);
    assert_eq!(content.ranges.iter().map(|range| range.length).sum::<u64>(), content.size);
    assert!(content.ranges.windows(2).all(|pair| pair[0].end() < u64::from(pair[1].start)));
});
