//! Any bytes as what the tests of an earlier run did.

use lw_results::Store;

fuzz_target!(|bytes: &[u8]| {
    match Store::read(bytes, None) {
        Ok(store) => {
            let mut written = Vec::new();
            store.write(&mut written).expect("a store can be written");
            assert_eq!(Store::read(&written, None).as_ref(), Ok(&store));
            let changes = Store::default().changes(&store, std::iter::empty());
            assert!(changes.removed >= store.len() as u64);
        }
        Err(error) => lw_fuzz::explained(&error),
    }
});
