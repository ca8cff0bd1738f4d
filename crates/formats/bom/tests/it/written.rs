//! What one of everything looks like in every format.

use lw_bom::{Format, write};
use snapbox::Data;

use crate::documents::{complete, everything};

#[test]
fn every_format_is_as_it_was() {
    for format in Format::ALL {
        for (folder, document) in [("written", everything()), ("complete", complete())] {
            let path =
                lw_testkit::root().join(format!("crates/formats/bom/tests/fixtures/{folder}/{format}.json"));
            let expected = Data::read_from(&path, Some(snapbox::data::DataFormat::Text));
            snapbox::Assert::new()
                .action_env(snapbox::assert::DEFAULT_ACTION_ENV)
                .eq(write(&document, format).unwrap(), expected.raw());
        }
    }
}
