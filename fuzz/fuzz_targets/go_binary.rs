//! Any bytes as a Go binary.

use lw_dependencies::golang::read_binary;
use lw_fuzz::sound;

fuzz_target!(|bytes: &[u8]| {
    match read_binary(bytes, "app") {
        Ok(Some(inventory)) => sound(&inventory),
        Ok(None) => {}
        Err(error) => assert!(error.to_string().starts_with("app")),
    }
});
