use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;

/// A record with its checksum.
fn record(offset: u16, kind: u8, data: &[u8]) -> String {
    let mut bytes = vec![data.len() as u8];
    bytes.extend(offset.to_be_bytes());
    bytes.push(kind);
    bytes.extend(data);
    let sum = bytes.iter().fold(0u8, |sum, byte| sum.wrapping_sub(*byte));
    bytes.push(sum);
    let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!(":{digits}\n")
}

const END: &str = ":00000001FF\n";

fn problem(text: &str) -> (u64, Problem) {
    let Error { line, problem } = Image::read(text.as_bytes()).unwrap_err();
    (line, problem)
}

#[test]
fn every_kind_of_record_is_read() {
    // The first line is the example every description of the format gives.
    let text = [
        ":10010000214601360121470136007EFE09D2190140\n",
        &record(0, 4, &[0x08, 0x00]),
        &record(0x10, 0, b"abc"),
        &record(0, 2, &[0x10, 0x00]),
        &record(0x20, 0, b"defg"),
        &record(0, 3, &[0x12, 0x34, 0x56, 0x78]),
        &record(0, 5, &[0x08, 0x00, 0x01, 0xED]),
        END,
    ]
    .concat();
    let image = Image::read(text.as_bytes()).unwrap();
    assert_eq!((image.records, image.total_len), (8, text.len() as u64));
    assert_eq!(image.start, Some(Start::Linear(0x0800_01ED)));
    let ranges = [(0x100, 16), (0x1_0020, 4), (0x0800_0010, 3)];
    assert_eq!(image.content.ranges, ranges.map(|(start, length)| Range { start, length }));
    assert_eq!((image.content.size, image.content.sha256), (23, None), "the addresses do not rise");

    // Both ends of line, blank lines, lower case, no end of line at the end.
    let loose = text.replace('\n', "\r\n\r\n").to_lowercase();
    assert_eq!(Image::read(loose.trim_end().as_bytes()).unwrap().content, image.content);
}

#[test]
fn one_range_has_the_digest_of_its_binary() {
    let binary: Vec<u8> = (0..3000u32).map(|i| (i * i / 8) as u8).collect();
    let mut text = record(0, 4, &[0x08, 0x00]);
    for (i, piece) in binary.chunks(32).enumerate() {
        text += &record(i as u16 * 32, 0, piece);
    }
    text += END;
    let content = Image::read(text.as_bytes()).unwrap().content;
    assert_eq!(content.ranges, [Range { start: 0x0800_0000, length: 3000 }]);
    assert_eq!(content.sha256, Some(Sha256::digest(&binary).into()));
}

#[test]
fn each_damage_has_its_own_problem() {
    let data = record(0x100, 0, b"abcd");
    assert_eq!(problem(""), (1, Problem::NoEnd));
    assert_eq!(problem(&data), (2, Problem::NoEnd));
    assert_eq!(problem("hello\n"), (1, Problem::Start { found: b'h' }));
    assert_eq!(problem(&format!("{data}\n:0g")), (3, Problem::Digit { column: 3, found: b'g' }));
    assert_eq!(problem(":\n"), (1, Problem::Length { expected: 10, found: 0 }));
    assert_eq!(problem(":00000001F\n"), (1, Problem::Length { expected: 10, found: 9 }));
    assert_eq!(problem(":01000000FF\n"), (1, Problem::Length { expected: 12, found: 10 }));
    assert_eq!(problem(":00000001FE\n"), (1, Problem::Checksum { expected: 0xFF, found: 0xFE }));
    assert_eq!(problem(&record(0, 6, b"")), (1, Problem::Kind { found: 6 }));
    assert_eq!(problem(&record(0, 4, b"abc")), (1, Problem::KindLength { kind: 4, expected: 2, found: 3 }));
    assert_eq!(
        problem(&record(0xFFFE, 0, b"abc")),
        (1, Problem::Segment { base: 0, offset: 0xFFFE, size: 3 })
    );
    let top = record(0, 4, &[0xFF, 0xFF]) + &record(0xFFFE, 0, b"abc");
    assert_eq!(problem(&top), (2, Problem::Address { address: 0xFFFF_FFFE, size: 3 }));
    let twice = format!("{data}{}{END}", record(0x103, 0, b"x"));
    assert_eq!(problem(&twice), (2, Problem::Overlap { address: 0x103, size: 1 }));
    assert_eq!(problem(&format!("{data}{END}\n{data}")), (4, Problem::AfterEnd { end: 2 }));
    assert_eq!(problem(&format!(":{}\n", "0".repeat(521))), (1, Problem::TooLong));
    assert_eq!(problem(&format!(":{}", "0".repeat(100_000))), (1, Problem::TooLong));
    // White space after a record is no matter, as long as it stays within bounds.
    assert!(Image::read(format!("{}\r\n", END.trim_end()).as_bytes()).is_ok());
    assert_eq!(problem(&format!("{}{}\n{END}", data.trim_end(), " ".repeat(600))), (1, Problem::TooLong));
    assert_eq!(problem(&format!("{data}{}\n{END}", " ".repeat(600))), (2, Problem::TooLong));
    // A linear base lets a record cross 64 KiB.
    let crossing = record(0, 4, &[0, 1]) + &record(0xFFFE, 0, b"abc") + END;
    assert_eq!(
        Image::read(crossing.as_bytes()).unwrap().content.ranges,
        [Range { start: 0x1_FFFE, length: 3 }]
    );
}

#[test]
fn the_longest_record_is_read() {
    let text = record(0, 0, &[0xAB; 255]) + END;
    assert_eq!(Image::read(text.as_bytes()).unwrap().content.size, 255);
}

/// What a file gives when it comes in pieces.
fn in_pieces(bytes: &[u8], size: usize) -> Result<Image, Error> {
    let mut stream = Stream::new();
    for piece in bytes.chunks(size) {
        stream.update(piece);
    }
    stream.finish()
}

#[test]
fn white_space_inside_a_line_is_what_it_is_in_pieces_too() {
    let text = b":0200\x0C\x0C\x0C\t\t\0\n:00000001FF\n";
    for size in 1..text.len() {
        let error = in_pieces(text, size).unwrap_err();
        assert_eq!((error.line, error.problem), (1, Problem::Digit { column: 6, found: 0x0C }), "{size}");
    }
}

proptest! {
    #[test]
    fn any_text_gives_an_image_or_an_error(text in "[:0-9A-Fa-f\r\n xg]{0,200}") {
        if let Ok(image) = Image::read(text.as_bytes()) {
            prop_assert_eq!(image.content.size, image.content.ranges.iter().map(|range| range.length).sum::<u64>());
        }
    }

    #[test]
    fn pieces_of_any_size_give_the_same(
        text in "(:0[0-4][0-9A-F]{8}[ \r\t\x0C]{0,3}\n|:00000001FF\n|[: \t\x0C\x000x]{0,700}\n|\n){0,6}", size in 1usize..40,
    ) {
        prop_assert_eq!(in_pieces(text.as_bytes(), size), Image::read(text.as_bytes()));
    }

    #[test]
    fn a_changed_character_is_noticed(at in 0usize..1000, to in 0x20u8..0x7F) {
        let text = record(0x100, 0, b"some data") + &record(0x200, 0, b"more data") + END;
        let mut bytes = text.clone().into_bytes();
        let at = at % bytes.len();
        prop_assume!(!bytes[at].eq_ignore_ascii_case(&to) && bytes[at] != b'\n' && !to.is_ascii_whitespace());
        bytes[at] = to;
        prop_assert!(Image::read(&bytes).is_err(), "{}", at);
    }

    #[test]
    fn no_part_of_a_file_is_a_file(at in 0usize..1000) {
        let text = record(0x100, 0, b"some data") + &record(0x200, 0, b"more data") + END;
        // Without the end of line alone it is whole.
        prop_assert!(Image::read(&text.as_bytes()[..at % (text.len() - 1)]).is_err());
    }
}
