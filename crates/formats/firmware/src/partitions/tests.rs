use proptest::prelude::*;

use super::*;

const OTA: &str = "\
# Name,   Type, SubType, Offset,  Size, Flags
nvs,      data, nvs,     0x9000,  0x5000,
otadata,  data, ota,     0xe000,  0x2000,
app0,     app,  ota_0,   ,        0x180000,
app1,     app,  ota_1,   ,        1536k,
spiffs,   data, spiffs,  ,        -0x3F0000,
coredump, data, coredump,,        64K, encrypted:readonly
";

fn csv(text: &str) -> Result<Table, TableError> {
    Table::parse_csv(text, &CsvOptions::default())
}

/// The error of a line, without its number.
fn line(text: &str) -> LineError {
    match csv(text) {
        Err(TableError::Line { line: 1, problem }) => problem,
        other => panic!("{text}: {other:?}"),
    }
}

fn rule(text: &str) -> (Option<u32>, RuleError) {
    match csv(text) {
        Err(TableError::Rule { line, problem }) => (line, problem),
        other => panic!("{text}: {other:?}"),
    }
}

fn layout(table: &Table) -> Vec<(&str, u32, u32)> {
    table.partitions.iter().map(|p| (p.name.as_str(), p.offset, p.size)).collect()
}

#[test]
fn offsets_are_filled_in_and_negative_sizes_are_ends() {
    let table = csv(OTA).unwrap();
    assert_eq!(
        layout(&table),
        [
            ("nvs", 0x9000, 0x5000),
            ("otadata", 0xE000, 0x2000),
            ("app0", 0x1_0000, 0x18_0000),
            ("app1", 0x19_0000, 0x18_0000),
            ("spiffs", 0x31_0000, 0xE_0000),
            ("coredump", 0x3F_0000, 0x1_0000),
        ]
    );
    assert_eq!(table.end(), 4 << 20);
    assert_eq!(table.smallest_app().unwrap().name, "app0");
    assert_eq!(table.app_slots().count(), 2);
    let coredump = table.get("coredump").unwrap();
    assert!(coredump.is_encrypted() && coredump.is_readonly());
    assert_eq!((coredump.kind_name(), coredump.subtype_name()), ("data".into(), "coredump".into()));
    assert_eq!(table.advice(), [Advice::AlwaysWritten { name: "coredump".into() }]);
}

#[test]
fn only_factory_and_ota_are_slots_of_an_update() {
    let table =
        csv("f,app,factory,,1M\no,app,ota_15,,64K\nt,app,test,,64K\ntee,app,tee_0,,64K\nx,app,0x40,,64K")
            .unwrap();
    assert_eq!(table.app_slots().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["f", "o"]);
    assert!(table.partitions.iter().all(Partition::is_app));
    assert_eq!(table.get("x").unwrap().subtype_name(), "0x40");
    assert_eq!(table.advice(), [Advice::NoOtadata]);
}

#[test]
fn numbers_names_and_fields_are_read_as_the_build_does() {
    let one = |text: &str| csv(text).unwrap().partitions.remove(0);
    // Six fields count, later ones are a comment; names of types are read in any case.
    let p = one("a, Data, NVS, 0X9000, 0b1000_0000K, , # a comment");
    assert_eq!((p.kind, p.subtype, p.offset, p.size), (DATA, 2, 0x9000, 0x2_0000));
    assert_eq!(one("a, 0x40, 7, , 4m").size, 4 << 20);
    assert_eq!(one("a, data, , , 0o10000").subtype, 6);
    assert_eq!(one("sixteen_bytes_ok and_more, data, fat, , 4K").name, "sixteen_bytes_ok");
    assert_eq!(one("\u{FEFF}a, data, fat, , 4K\r\n").name, "a");
    // Old tables: offsets of data were rounded to words.
    let options = CsvOptions { data_alignment: 4, ..CsvOptions::default() };
    let table = Table::parse_csv("a,data,fat,,5\nb,data,fat,,4", &options).unwrap();
    assert_eq!(layout(&table), [("a", 0x9000, 5), ("b", 0x9008, 4)]);
    assert_eq!(table.advice(), [Advice::DataUnaligned { name: "b".into(), offset: 0x9008 }]);
}

#[test]
fn variables_are_replaced() {
    let variables = [("SIZE", "0x100000"), ("NAME_1", "app")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    let options = CsvOptions { variables: variables.into(), ..CsvOptions::default() };
    let text = "# $UNSET costs nothing\n$NAME_1,app,factory,,${SIZE}\ncost$5,data,fat,,4K";
    let table = Table::parse_csv(text, &options).unwrap();
    assert_eq!(layout(&table), [("app", 0x1_0000, 0x10_0000), ("cost$5", 0x11_0000, 0x1000)]);
    assert_eq!(line("a,data,fat,,$SIZE"), LineError::UnknownVariable("SIZE".into()));
}

#[test]
fn bootloader_and_table_have_their_own_places() {
    let text = "boot,bootloader,primary,,\npt,partition_table,primary,,\nrec,bootloader,recovery,,\nota,bootloader,ota,,\nf,app,factory,,1M";
    assert_eq!(line("boot,bootloader,primary"), LineError::BootloaderOffset("primary"));
    let options = CsvOptions {
        primary_bootloader_offset: Some(0x1000),
        recovery_bootloader_offset: Some(0x3F_0000),
        ..CsvOptions::default()
    };
    // A recovery bootloader after everything ends the filling, so it comes last here.
    let text = text.replace("rec,bootloader,recovery,,\n", "") + "\nrec,bootloader,recovery,,";
    assert_eq!(
        layout(&Table::parse_csv(&text, &options).unwrap()),
        [
            ("boot", 0x1000, 0x7000),
            ("pt", 0x8000, 0x1000),
            ("ota", 0x9000, 0x7000),
            ("f", 0x1_0000, 0x10_0000),
            ("rec", 0x3F_0000, 0x7000),
        ]
    );
}

#[test]
fn a_wrong_line_says_what_and_where() {
    assert_eq!(line("nvs data nvs"), LineError::NotCsv("nvs data nvs".into()));
    assert_eq!(line("a\0b,data,nvs,,4K"), LineError::NulInName);
    assert_eq!(line("a,,nvs,,4K"), LineError::EmptyField("type"));
    assert_eq!(line("a,app,,,4K"), LineError::EmptyField("subtype"));
    assert_eq!(line("a,data,nvs,,"), LineError::EmptyField("size"));
    assert!(matches!(line("a,dat,nvs,,4K"), LineError::UnknownName { field: "type", .. }));
    assert!(matches!(line("a,app,ota_16,,64K"), LineError::UnknownName { field: "subtype", .. }));
    assert!(matches!(line("a,0x40,nvs,,64K"), LineError::NotANumber { field: "subtype", .. }));
    assert!(matches!(line("a,256,1,,64K"), LineError::OutOfRange { field: "type", .. }));
    assert!(matches!(line("a,data,nvs,,12Q"), LineError::NotANumber { field: "size", .. }));
    assert!(matches!(line("a,data,nvs,,010"), LineError::NotANumber { .. }));
    assert!(matches!(line("a,data,nvs,-4K,4K"), LineError::OutOfRange { field: "offset", .. }));
    assert!(matches!(line("a,data,nvs,,99999999999999999999"), LineError::OutOfRange { .. }));
    assert_eq!(line("a,data,nvs,,4K,secret"), LineError::UnknownFlag("secret".into()));
    assert_eq!(line("a,data,nvs,,-0x9000"), LineError::EndBeforeStart { offset: 0x9000, end: 0x9000 });
    assert_eq!(
        line("a,data,nvs,0x8000,4K"),
        LineError::BelowTable { offset: 0x8000, table: 0x8000, free: 0x9000 }
    );
    assert!(matches!(line("a,data,nvs,0xFFFFF000,8K"), LineError::BeyondAddressSpace { .. }));
    let error = csv("# c\n\na,data,nvs,0x9000,8K\nb,data,fat,0xa000,4K").unwrap_err();
    assert_eq!(error.to_string(), "line 4: offset 0xa000 is below 0xb000, where the previous partition ends");
    assert_eq!(csv("# nothing\n"), Err(TableError::Empty));
}

#[test]
fn partitions_that_do_not_go_together_are_refused() {
    assert_eq!(rule("a,data,nvs,,4K\na,data,fat,,4K"), (Some(2), RuleError::DuplicateName("a".into())));
    assert!(matches!(
        rule("a,data,nvs,,4K\nb,app,factory,0x18000,64K"),
        (Some(2), RuleError::Unaligned { alignment: 0x1_0000, .. })
    ));
    assert!(matches!(
        rule("a,data,nvs,,4K\nb,data,fat,0xa002,4K"),
        (Some(2), RuleError::Unaligned { alignment: 4, .. })
    ));
    assert!(matches!(rule("a,data,ota,,8K\nb,data,ota,,8K"), (Some(2), RuleError::DuplicateOtadata { .. })));
    assert!(matches!(rule("a,data,ota,,4K"), (Some(1), RuleError::OtadataSize { size: 0x1000, .. })));
    assert!(matches!(
        rule("a,data,tee_ota,,4K"),
        (Some(1), RuleError::OtadataSize { subtype: "tee_ota", .. })
    ));
    let overlap = Table {
        partitions: vec![
            Partition { name: "b".into(), kind: 1, subtype: 2, offset: 0xA000, size: 0x1000, flags: 0 },
            Partition { name: "a".into(), kind: 1, subtype: 2, offset: 0x9000, size: 0x1001, flags: 0 },
        ],
    };
    let error = Table::parse(&overlap.to_bin().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "partition `b` at 0xa000 overlaps `a`, which ends at 0xa001");
}

#[test]
fn a_binary_table_is_whole_or_refused() {
    let table = csv(OTA).unwrap();
    let good = table.to_bin().unwrap();
    assert_eq!(good.len(), 0xC00);
    assert_eq!(Table::parse(&good), Ok(table.clone()));
    let md5_at = 6 * 32;
    let strict = |bytes: &[u8]| Table::parse(bytes).unwrap_err();
    let lenient = |bytes: &[u8], allow_missing_md5, allow_missing_end| {
        Table::parse_bin(bytes, ParseOptions { allow_missing_md5, allow_missing_end })
    };

    let mut changed = good.clone();
    changed[8] = 1;
    assert!(matches!(strict(&changed), TableError::Md5 { offset, .. } if offset == md5_at));
    assert_eq!(strict(&good[..md5_at + 32]), TableError::MissingEnd { offset: md5_at + 32 });
    assert_eq!(strict(&good[..40]), TableError::Truncated { offset: 32, available: 8 });
    assert_eq!(lenient(&good[..md5_at], true, true), Ok(table.clone()));
    assert_eq!(lenient(&good[..md5_at], true, false), Err(TableError::MissingEnd { offset: md5_at }));
    assert_eq!(lenient(&good[..md5_at], false, true), Err(TableError::MissingMd5));

    let mut without = good[..md5_at].to_vec();
    without.resize(0xC00, 0xFF);
    assert_eq!(strict(&without), TableError::MissingMd5);
    assert_eq!(lenient(&without, true, false), Ok(table));

    let mut after = good[..md5_at + 32].to_vec();
    after.extend(&good[..32]);
    assert_eq!(strict(&after), TableError::AfterMd5 { offset: md5_at + 32 });
    let mut magic = good.clone();
    magic[32] = 0;
    assert_eq!(strict(&magic), TableError::Magic { offset: 32, first: 0, second: 0x50 });
    let mut name = good.clone();
    name[12] = 0xC3;
    assert_eq!(strict(&name), TableError::Name { offset: 0 });
    assert_eq!(strict(&[0xFF; 0xC00]), TableError::Empty);
    assert!(matches!(strict(&[0; 64]), TableError::NotATable { .. }));
    assert!(strict(&[0xE9, 3, 2, 0x20]).to_string().ends_with("found an application image (E9)"));
    // What follows the table in its sector, such as a signature, is not part of it.
    let mut signed = good.clone();
    signed.extend([7; 68]);
    assert!(Table::parse(&signed).is_ok());
}

#[test]
fn a_table_holds_94_partitions() {
    let text = |count| (0..count).map(|n| format!("p{n},data,fat,,4K\n")).collect::<String>();
    let full = csv(&text(94)).unwrap();
    assert_eq!(Table::parse(&full.to_bin().unwrap()), Ok(full));
    assert_eq!(csv(&text(95)), Err(TableError::TooMany { count: 95, max: 94 }));
}

#[test]
fn text_in_utf_16_is_read() {
    let mut bytes = vec![0xFF, 0xFE];
    bytes.extend(OTA.encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(Table::parse(&bytes), csv(OTA));
    bytes.pop();
    assert!(matches!(Table::parse(&bytes), Err(TableError::NotATable { .. })));
}

fn partitions() -> impl Strategy<Value = Table> {
    let one = ("[a-zA-Z_]{0,12}", any::<u8>(), any::<u8>(), 0u32..0x10, 0u32..3, any::<u32>());
    proptest::collection::vec(one, 1..=MAX_PARTITIONS).prop_map(|rows| {
        let mut offset = 0x1_0000;
        let partitions =
            rows.into_iter().enumerate().map(|(index, (name, kind, subtype, size, gap, flags))| {
                offset += gap * 0x1_0000;
                // Only one otadata is allowed, and that has a rule of its own.
                let subtype = if kind == DATA && matches!(subtype, 0 | 0x90) { 6 } else { subtype };
                let size = size * 0x1000;
                let partition =
                    Partition { name: format!("{name}{index}"), kind, subtype, offset, size, flags };
                offset += 0x1_0000;
                partition
            });
        Table { partitions: partitions.collect() }
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(table in partitions(), cut: prop::sample::Index) {
        let bytes = table.to_bin().unwrap();
        prop_assert_eq!(bytes.len(), 0xC00);
        prop_assert_eq!(&Table::parse_bin(&bytes, ParseOptions::default()).unwrap(), &table);
        let entries = (table.partitions.len() + 1) * 32;
        prop_assert!(Table::parse(&bytes[..cut.index(entries + 32)]).is_err());
    }

    #[test]
    fn any_bytes_give_a_table_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400), magic: bool) {
        let mut bytes = bytes;
        if magic {
            for entry in bytes.chunks_mut(32) {
                if let [a, b, ..] = entry { (*a, *b) = (0xAA, 0x50); }
            }
        }
        for (allow_missing_md5, allow_missing_end) in [(false, false), (true, true)] {
            let options = ParseOptions { allow_missing_md5, allow_missing_end };
            if let Ok(table) = Table::parse_with(&bytes, options, &CsvOptions::default()) {
                let _ = (table.advice(), table.end(), table.smallest_app());
            }
        }
    }

    #[test]
    fn any_text_gives_a_table_or_an_error(text in r"([a-z$#{}:\-]{0,6},?[ \n,0-9xkKmM\-]{0,8}){0,30}") {
        if let Ok(table) = csv(&text) {
            prop_assert_eq!(Table::parse(&table.to_bin().unwrap()), Ok(table));
        }
    }
}

#[test]
fn a_table_with_a_bootloader_needs_its_offset() {
    let text = "boot,bootloader,primary,,,\ntable,partition_table,primary,,,\nnvs,data,nvs,,0x5000,\napp,app,factory,,1M,\n";
    assert!(matches!(
        csv(text),
        Err(TableError::Line { line: 1, problem: LineError::BootloaderOffset("primary") })
    ));
    let options = CsvOptions { primary_bootloader_offset: Some(0x1000), ..CsvOptions::default() };
    let table = Table::parse_csv(text, &options).unwrap();
    assert_eq!(
        layout(&table)[..3],
        [("boot", 0x1000, 0x7000), ("table", 0x8000, 0x1000), ("nvs", 0x9000, 0x5000)]
    );
}

#[test]
fn a_line_of_the_bootloader_or_table_says_no_other_place_than_the_chip_has() {
    let options = CsvOptions {
        primary_bootloader_offset: Some(0x1000),
        recovery_bootloader_offset: Some(0x3F_0000),
        ..CsvOptions::default()
    };
    let read = |line: &str| Table::parse_csv(&format!("nvs,data,nvs,0x9000,0x5000,\n{line}\n"), &options);
    for (line, told, place) in [
        ("boot,bootloader,primary,0x0,,", 0, 0x1000),
        ("boot,bootloader,primary,0x2000,0x6000,", 0x2000, 0x1000),
        ("boot,bootloader,primary,8K,,", 0x2000, 0x1000),
        ("rec,bootloader,recovery,0x300000,,", 0x30_0000, 0x3F_0000),
        ("pt,partition_table,primary,0x10000,,", 0x1_0000, 0x8000),
    ] {
        let problem = LineError::Elsewhere { told, place };
        assert_eq!(read(line), Err(TableError::Line { line: 2, problem }), "{line}");
    }
    for line in [
        "boot,bootloader,primary,,,",
        "boot,bootloader,primary,N/A,N/A,",
        "boot,bootloader,primary,0x1000,,",
        "boot,bootloader,primary,4K,,",
        "pt,partition_table,primary,0x8000,,",
        "rec,bootloader,recovery,0x3F0000,,",
    ] {
        assert!(read(line).is_ok(), "{line}: {:?}", read(line));
    }
}

#[test]
fn subtypes_of_a_projects_own_are_declared() {
    let text = "own,app,my_app,0x10000,1M,\nlog,data,journal,,64K,\n";
    assert!(matches!(line(text), LineError::UnknownName { field: "subtype", .. }));
    let extra_subtypes = ["app, my_app, 0x40", "data,journal,a1"].map(|text| text.parse().unwrap()).to_vec();
    let options = CsvOptions { extra_subtypes, ..CsvOptions::default() };
    let table = Table::parse_csv(text, &options).unwrap();
    assert_eq!(
        table.partitions.iter().map(|p| (p.kind, p.subtype)).collect::<Vec<_>>(),
        [(0, 0x40), (1, 0xA1)]
    );
    // The type counts.
    assert!(Table::parse_csv("own,data,my_app,0x10000,1M,\n", &options).is_err());
    // A number that has a name, and what is none.
    for wrong in
        ["app, mine, 0x10", "app, mine", "gpu, mine, 0x40", "app, , 0x40", "app, mine, 0x100", "app, mine, x"]
    {
        assert!(wrong.parse::<ExtraSubtype>().is_err(), "{wrong}");
    }
}
