//! Any bytes as the log of a build by Cargo, and as what `cargo auditable` leaves in a binary.

use lw_dependencies::cargo::{BuildLog, from_binary, only_built};
use lw_inventory::Inventory;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(log) = BuildLog::read(bytes, "log") {
        // What was built and is not locked is an error.
        assert!(only_built(Inventory::new(), &log, "log").is_err());
    }
    if let Ok(Some(inventory)) = from_binary(bytes, "binary") {
        assert!(inventory.root().is_some());
    }
});
