//! Any bytes as a binary partition table: what is read is written back as the same table.

use lw_firmware::partitions::{CsvOptions, ParseOptions, Table, TableError};

fuzz_target!(|bytes: &[u8]| {
    // The MD5 and the end marker would keep nearly every input from the code behind them.
    let lenient = ParseOptions { allow_missing_md5: true, allow_missing_end: true };
    let Ok(table) = Table::parse_bin(bytes, lenient) else {
        assert!(Table::parse_bin(bytes, ParseOptions::default()).is_err(), "strict accepts less");
        return;
    };
    if let Ok(strict) = Table::parse_with(bytes, ParseOptions::default(), &CsvOptions::default()) {
        assert_eq!(strict, table);
    }
    match table.to_bin() {
        Ok(written) => assert_eq!(Table::parse(&written), Ok(table.clone())),
        Err(error) => assert!(matches!(error, TableError::TooMany { .. })),
    }
    assert!(
        table.smallest_app().is_none_or(|smallest| table.app_slots().all(|slot| smallest.size <= slot.size))
    );
    assert!(table.partitions.iter().all(|partition| partition.end() <= table.end()));
    assert!(table.advice().len() <= 4 * table.partitions.len() + 1);
});
