//! Any bytes as a list of the tests there have to be.

use lw_results::Expected;

fuzz_target!(|bytes: &[u8]| {
    match Expected::read(bytes) {
        Ok(expected) => {
            let compared = expected.compare(std::iter::empty());
            assert_eq!(compared.missing.len(), expected.len());
        }
        Err(error) => lw_fuzz::explained(&error),
    }
});
