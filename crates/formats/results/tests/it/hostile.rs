//! Files that are cut off, damaged or made to harm.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use lw_model::Diagnose;
use lw_results::{End, Format, OddityKind, Problem, ResultsError, State, detect, read, read_as};
use proptest::prelude::*;

fn samples() -> Vec<(String, Vec<u8>)> {
    let mut samples = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for folder in fs::read_dir(root).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
        for entry in fs::read_dir(folder.path()).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            if let Some(file) = name.strip_suffix(".expected") {
                samples.push((file.to_owned(), fs::read(folder.path().join(file)).unwrap()));
            }
        }
    }
    samples.sort();
    samples
}

/// Where the format has an end mark, no beginning of a green file is green.
#[test]
fn every_prefix_of_a_format_with_an_end_mark_is_red() {
    let mut formats = Vec::new();
    for (name, bytes) in samples() {
        let Ok(run) = read(&bytes) else { continue };
        if run.end != End::Marked {
            continue;
        }
        formats.push(run.format);
        // What comes after the last thing that counts may be cut off: white space, comments.
        let whole = bytes.trim_ascii_end().len();
        let step = (whole / 400).max(1);
        for end in (0..whole).step_by(step).chain(whole.saturating_sub(60)..whole) {
            let prefix = &bytes[..end];
            match read_as(run.format, prefix) {
                Err(error) => assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{name}: {error}"),
                Ok(cut) => {
                    // All of it was there already.
                    let same = cut.counts() == run.counts() && cut.troubles == run.troubles && !run.is_red();
                    let trailing = matches!(run.format, Format::Tap | Format::Unity | Format::Ztest);
                    assert!(
                        cut.is_red() || (same && trailing),
                        "{name}: the first {end} of {whole} bytes are green"
                    );
                }
            }
        }
    }
    formats.sort_unstable();
    formats.dedup();
    assert!(formats.len() >= 7, "{formats:?}");
}

#[test]
fn a_cut_line_of_a_stream_is_an_error() {
    for (name, bytes) in samples() {
        let Ok(run) = read(&bytes) else { continue };
        if run.end == End::Open && matches!(run.format, Format::Go | Format::LibtestJson) {
            let error = read_as(run.format, &bytes[..bytes.len() - 5]).unwrap_err();
            let is_cut = matches!(error, ResultsError::Malformed { problem: Problem::Truncated(_), .. });
            assert!(is_cut, "{name}: {error}");
        }
    }
}

#[test]
fn an_unknown_word_is_an_error_with_its_place() {
    for (text, place) in [
        ("<testsuite>\n <testcase name='a' status='fine'/></testsuite>", "status"),
        ("<testsuite>\n <testcase name='a' result='green'/></testsuite>", "result"),
        (
            "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"a\"}\n{\"Action\":\"won\",\"Package\":\"p\",\"Test\":\"a\"}\n",
            "Action",
        ),
        ("<test-run><test-suite>\n<test-case name='a' result='Grand'/></test-suite></test-run>", "result"),
        (
            "<assemblies><assembly>\n<collection><test name='a' result='Won'/></collection></assembly></assemblies>",
            "result",
        ),
    ] {
        let error = read(text.as_bytes()).unwrap_err();
        let ResultsError::Malformed { at, problem: Problem::UnknownWord { place: found, .. }, .. } = &error
        else {
            panic!("{error}");
        };
        assert_eq!((*found, at.line), (place, 2), "{error}");
    }
}

#[test]
fn broken_structure_is_an_error() {
    for text in [
        "<testsuite><testcase name='a'></testsuite>",
        "<testsuite/><testsuite/>",
        "<testsuite/>text",
        "<testsuite><testcase name='a'><testcase name='b'><failure/></testcase></testcase></testsuite>",
        "<testsuite><testcase name='&unknown;'/></testsuite>",
        "<?xml version='1.0' encoding='EBCDIC'?><testsuite/>",
        "1..1\n1..1\nok 1\n",
        "TAP version 13\nok 1 - a\n",
        "1..1\nnot ok 1 - a\n  ---\n  message: x\n",
        "running 1 test\ntest a ... ok\n\ntest result: wonderful. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n",
        "{\"type\":\"suite\",\"event\":\"started\",\"test_count\":1}\n{\"type\":\"test\",\"name\":\"a\",\"event\":\"grand\"}\n",
    ] {
        assert!(read(text.as_bytes()).is_err(), "{text}");
    }
    assert_eq!(read(b" \n"), Err(ResultsError::Empty));
    assert_eq!(read(b""), Err(ResultsError::Empty));
    assert!(matches!(read(b"hello\n"), Err(ResultsError::Unknown { .. })));
    assert!(matches!(read(b"<html></html>"), Err(ResultsError::Unknown { .. })));
}

#[test]
fn a_plan_that_is_not_kept_and_a_bail_out_are_red() {
    for text in ["1..2\nok 1 - a\n", "1..1\nok 1 - a\nok 2 - b\n", "1..2\nok 1 - a\nBail out! no board\n"] {
        let run = read(text.as_bytes()).unwrap();
        assert!(run.is_red() && !run.troubles.is_empty(), "{text}");
    }
    let run = read(b"1..2\nok 1 - a\nBail out! no board\n").unwrap();
    assert_eq!((run.unnamed_not_run, &*run.troubles[0].evidence.message), (1, "no board"));
    assert!(!read(b"1..0 # SKIP nothing to do\n").unwrap().is_red());
}

#[test]
fn what_xml_forbids_is_replaced_and_told() {
    let text =
        b"<testsuite><testcase name='a\x1b[31m\x01&#x1;'><failure>\x00\xff</failure></testcase></testsuite>";
    let run = read(text).unwrap();
    let (_, case) = run.cases().next().unwrap();
    assert_eq!(&*case.name, "a\u{fffd}\u{fffd}");
    assert_eq!(case.state(), State::Failed);
    let replaced = run.oddities.iter().find(|(kind, ..)| *kind == OddityKind::Replaced);
    assert_eq!(replaced, Some((OddityKind::Replaced, 4, 1)));
}

#[test]
fn depth_and_size_are_bounded() {
    let deep = "<testsuite name='a'>".repeat(100_000);
    let error = read_as(Format::Junit, deep.as_bytes()).unwrap_err();
    assert!(matches!(error, ResultsError::Malformed { problem: Problem::TooDeep(_), .. }), "{error}");
    let deep: String = (0..1000).map(|n| format!("{}ok 1\n", "    ".repeat(n))).collect();
    assert!(read_as(Format::Tap, format!("1..1\n{deep}").as_bytes()).is_err());
    assert!(read_as(Format::PlatformIo, "[".repeat(1_000_000).as_bytes()).is_err());

    // Twenty megabytes of output, in one line and in many.
    let output = format!("{}\n", "::error::x\u{1b}[31m\u{0}".repeat(1_000_000));
    let text = format!(
        "<testsuite><testcase name='a'><failure message='{0}'>{0}</failure><system-out>{output}</system-out></testcase></testsuite>",
        "m".repeat(1 << 20)
    );
    let run = read(text.as_bytes()).unwrap();
    let evidence = run.cases().next().unwrap().1.last.evidence.clone().unwrap();
    assert!(
        evidence.message.len() < 5000 && evidence.detail.len() < 10_000 && evidence.output.len() < 10_000
    );
}

#[test]
fn time_is_linear() {
    // Each is the worst there is of its kind; a quadratic reader takes minutes.
    let many = 200_000;
    let inputs = [
        format!("<testsuite tests='1'>{}</testsuite>", "<testcase name='a'/>".repeat(many)),
        format!(
            "<testsuite>{}</testsuite>",
            "<testsuite name='b'><testcase name='a'/></testsuite>".repeat(many)
        ),
        format!("1..{many}\n{}", "not ok - a # x # y # z\n# d\n".repeat(many)),
        "a:1:".repeat(many),
        format!("t.c:1:a:PASS\n{}", "t.c:1:b:PASS:".repeat(many)),
        "rst:0x1\nTEST(a, b)\n".repeat(many),
        format!("running 1 test\n{}", "test a ... x\n".repeat(many)),
    ];
    let start = Instant::now();
    for input in &inputs {
        let _ = detect(input.as_bytes());
        let _ = read(input.as_bytes());
        let _ = read_as(Format::Unity, input.as_bytes());
    }
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), which in 0..13_usize) {
        let _ = read(&bytes);
        let _ = read_as(Format::ALL[which], &bytes);
    }

    #[test]
    fn no_damage_makes_a_reader_panic(at in any::<prop::sample::Index>(), which in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let samples = samples();
        let (_, mut bytes) = samples[which.index(samples.len())].clone();
        let format = detect(&bytes).unwrap_or(Format::Junit);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = read_as(format, &bytes);
    }
}
