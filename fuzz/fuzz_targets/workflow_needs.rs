//! Any text as what a workflow says of its jobs.

use lw_figures::{Ended, needs};

fuzz_target!(|text: &str| {
    match needs(text) {
        Ok(jobs) => {
            // A success is one only where the text has the word.
            let succeeded = jobs.iter().filter(|job| job.ended == Ended::Success).count();
            assert!(succeeded == 0 || text.contains("success") || text.contains("\\u"));
        }
        Err(error) => lw_fuzz::explained(&error),
    }
});
