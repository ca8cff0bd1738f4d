//! Any text as a CSV partition table: what is read survives the way to binary and back.

use lw_firmware::partitions::{CsvOptions, Table};

fuzz_target!(|text: &str| {
    let options = CsvOptions {
        primary_bootloader_offset: Some(0x1000),
        recovery_bootloader_offset: Some(0x3F_0000),
        variables: [("A".to_owned(), "0x10000".to_owned())].into(),
        ..CsvOptions::default()
    };
    for options in
        [options, CsvOptions { data_alignment: 4, table_offset: 0xFFFF_F000, ..CsvOptions::default() }]
    {
        if let Ok(table) = Table::parse_csv(text, &options) {
            let written = table.to_bin().expect("a table that was read fits");
            assert_eq!(Table::parse(&written), Ok(table));
        }
    }
});
