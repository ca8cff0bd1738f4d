//! Any bytes as `lw-report/1`: what is read is written back equal, judged, and rendered in every format.

use lw_model::{JudgeOptions, Report};
use lw_render::{Format, Options, render};

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut report) = serde_json::from_slice::<Report>(bytes) else { return };
    let mut written = Vec::new();
    if render(&report, Format::Json, &Options::default(), &mut written).is_ok() {
        let back: Report = serde_json::from_slice(&written).expect("what is written can be read");
        assert_eq!(back, report);
    }
    report.judge(&JudgeOptions::default());
    report.judge(&JudgeOptions { permission: Some(("because", "--override")), require_baseline: true });
    for format in Format::ALL {
        let mut out = Vec::new();
        let done = render(&report, format, &Options::default(), &mut out);
        assert!(done.is_ok() || format == Format::Json, "{format}: {done:?}");
        assert!(std::str::from_utf8(&out).is_ok());
    }
});
