//! Any bytes in any pieces: what the scanner says does not depend on the pieces, nor on who reads.

use lw_firmware::esp_image::AppImage;
use lw_firmware::image::{Error, Image, Kind, Options, Scanned, Scanner};

/// The first byte gives the size of the pieces, the second what is expected.
fn scan(bytes: &[u8], size: usize, expect: Option<Kind>) -> Scanned {
    let mut scanner = Scanner::new(Options { expect, md5: false });
    for piece in bytes.chunks(size) {
        scanner.update(piece);
    }
    scanner.finish()
}

fuzz_target!(|input: &[u8]| {
    let [size, expect, bytes @ ..] = input else { return };
    let expect = Kind::ALL.get(usize::from(*expect)).copied();
    let whole = scan(bytes, usize::MAX, expect);
    assert_eq!(scan(bytes, usize::from(*size) + 1, expect), whole);
    assert_eq!(whole.digests.size, bytes.len() as u64);
    if let (Some(kind), Ok(image)) = (expect, &whole.image) {
        assert_eq!(image.kind(), kind);
    }
    match &whole.image {
        Ok(Image::Esp(image)) => {
            assert_eq!(AppImage::read(bytes).as_ref(), Ok(&**image));
            let refused = image.verify().is_err();
            assert!(!refused || !image.problems(true).is_empty());
            assert!(image.problems(true).len() >= image.problems(false).len());
        }
        Err(Error::Esp(error)) => assert_eq!(AppImage::read(bytes).as_ref(), Err(error)),
        _ => {}
    }
});
