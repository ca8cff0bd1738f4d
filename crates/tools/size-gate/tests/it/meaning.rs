//! What limits, figures and baselines mean: builds that must not pass, and the same ones that may.

use std::fs;
use std::path::Path;

use lw_model::{Level, Number, Outcome, Reason, Report, Verdict};

use crate::common::{Run, example, size_gate, words};
use crate::layout::Layout;

/// A small microcontroller: 15,004 bytes of 16 KiB of RAM are used.
fn full(ram: &str) -> Layout {
    Layout::arm()
        .region("FLASH", 0x0800_0000, 0x1_0000, "xr")
        .region(ram, 0x2000_0000, 0x4000, "xrw")
        .code(".text", 0x0800_0000, 20)
        .data(".data", 0x2000_0000, 0x0800_0014, 4)
        .zeroed(".bss", 0x2000_0004, 15_000)
}

fn write(folder: &Path, name: &str, layout: &Layout) {
    fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
    fs::write(folder.join(format!("{name}.elf")), layout.elf()).unwrap();
    fs::write(folder.join(format!("{name}.map")), layout.map()).unwrap();
}

/// Runs with ELF and map of one firmware.
fn run(layout: &Layout, arguments: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "f", layout);
    size_gate(folder.path(), &words(&format!("f.elf f.map {arguments}")))
}

fn outcome(layout: &Layout, arguments: &str) -> i32 {
    run(layout, arguments).code
}

fn rules(report: &Report) -> Vec<(&str, Level)> {
    report.findings.iter().map(|finding| (finding.rule.as_str(), finding.level)).collect()
}

#[test]
fn ram_is_ram_under_any_name() {
    for name in
        ["RAM", "BLOCK_RAM", "m_ncache", "BOOT_RAM", "PROGRAM_RAM", "FLASH2", "eeprom", "BKPSRAM", "ITCM"]
    {
        let run = run(&full(name), "--max ram=100");
        assert_eq!(run.code, 1, "{name}: {}", run.stderr);
        assert_eq!(run.report().measure("ram.bytes", None).unwrap().value, Number::Integer(15_004), "{name}");
        let kinds = run.report().tables.iter().find(|table| table.id == "region-kinds").unwrap();
        assert!(serde_json::to_string(kinds).unwrap().contains("is copied into it at start"));
    }
}

/// Kind 01: neither attributes nor the names of sections hide what is zeroed or copied.
#[test]
fn ram_is_ram_whatever_its_attributes_and_sections_are_called() {
    for attributes in ["xrw", "rw", "r", "xr", ""] {
        let shared =
            full("RAM").region("SHARED", 0x1000_0000, 0x4000, attributes).zeroed(".big", 0x1000_0000, 3000);
        assert_eq!(outcome(&shared, "--max ram=18003"), 1, "{attributes}");
        assert_eq!(outcome(&shared, "--max ram=18004"), 0, "{attributes}");
    }
    let folder = tempfile::tempdir().unwrap();
    for name in [".boot_settings", ".initial_values", ".finish", ".reinit"] {
        let copied =
            full("RAM").region("RAM2", 0x3000_0000, 0x4000, "xrw").data(name, 0x3000_0000, 0x0800_0018, 2000);
        write(folder.path(), "f", &copied);
        for inputs in ["f.elf f.map", "f.map"] {
            let run =
                |limit: &str| size_gate(folder.path(), &words(&format!("{inputs} --max ram={limit}"))).code;
            assert_eq!((run("17003"), run("17004")), (1, 0), "{name} {inputs}");
        }
    }
}

#[test]
fn the_user_may_say_what_a_region_is_but_not_hide_data() {
    let run = |arguments: &str| run(&full("RAM"), arguments);
    let hidden = run("--region-kind RAM=flash --max ram=20K");
    assert_eq!(hidden.code, 1);
    assert!(rules(hidden.report()).contains(&("size-gate/no-ram", Level::Error)));
    assert_eq!(run("--region-kind RAM=flash").report().verdict, Verdict::Warn);
    let absent = run("--region-kind SRAM=ram");
    assert!(rules(absent.report()).contains(&("size-gate/unused-option", Level::Warning)));
    assert_eq!(run("--region-kind RAM=dram").code, 2);
    assert_eq!(run("--region-kind FLASH=flash --max ram=20K").code, 0);
}

#[test]
fn what_lies_in_no_region_fails_where_a_limit_depends_on_it() {
    let unplaced = full("RAM").zeroed(".big", 0x2400_0000, 12_000);
    let run = |arguments: &str| run(&unplaced, arguments);
    for limit in [
        "--max ram=1M",
        "--max region.RAM=95%",
        "--preset ram-150k",
        "--max image=1M",
        "--min-free region.RAM=1",
        "--max sum(region.RAM,region.FLASH)=1M",
    ] {
        let run = run(limit);
        assert_eq!(run.code, 1, "{limit}");
        let found =
            run.report().findings.iter().find(|finding| finding.rule == "size-gate/unplaced").unwrap();
        assert!(found.message.contains("`.big`, 12,000 B"), "{}", found.message);
        assert!(found.message.contains("RAM would hold it"), "{}", found.message);
    }
    let alone = run("");
    assert_eq!((alone.code, alone.report().verdict), (0, Verdict::Pass));
    assert!(rules(alone.report()).contains(&("size-gate/unplaced", Level::Note)));
    assert_eq!(run("--max ram=20K").code, 1, "it is RAM: 27,004 B");
    // Content that is loaded from nowhere is no less lost.
    let stored = full("RAM").data(".lost", 0x2000_3A9C, 0x0900_0000, 100);
    assert_eq!(outcome(&stored, "--max image=1M"), 1);
    // With the region all is well.
    let with_region =
        full("RAM").region("D1", 0x2400_0000, 0x8000, "xrw").zeroed(".big", 0x2400_0000, 12_000);
    assert_eq!(outcome(&with_region, "--max ram=30K --max region.D1=12000"), 0);
}

#[test]
fn what_must_stay_free_is_never_what_is_used() {
    // 1,380 B are free.
    for name in [
        "ram",
        "ram.span",
        "ram.bytes",
        "ram.free",
        "region.RAM",
        "region.RAM.span",
        "region.RAM.bytes",
        "region.R*",
    ] {
        assert_eq!(outcome(&full("RAM"), &format!("--min-free {name}=4K")), 1, "{name}");
        assert_eq!(outcome(&full("RAM"), &format!("--min-free {name}=1K")), 0, "{name}");
        assert_eq!(outcome(&full("RAM"), &format!("--min-free {name}=10%")), 1, "{name}");
    }
    for name in
        ["image", "image.bytes", "flash", "section..bss", "file.x.bytes", "region.RAM.size", "symbol.a*"]
    {
        let run = run(&full("RAM"), &format!("--min-free {name}=5"));
        assert_eq!(run.code, 2, "{name}");
        assert!(run.stderr.contains("--max"), "{name}: {}", run.stderr);
    }
    // Of regions whose size nobody knows.
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "f", &full("RAM"));
    let run = size_gate(folder.path(), &words("--elf f.elf --min-free region.RAM=5"));
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("its size is not known"), "{}", run.stderr);
}

#[test]
fn ram_is_a_share_of_all_ram() {
    assert_eq!(outcome(&full("RAM"), "--max ram=80%"), 1);
    assert_eq!(outcome(&full("RAM"), "--max ram=92% --max ram.bytes=92%"), 0);
    let two = full("RAM").region("CCM", 0x1000_0000, 0x4000, "rw").zeroed(".ccm", 0x1000_0000, 100);
    assert_eq!(outcome(&two, "--max ram=47%"), 0);
    assert_eq!(outcome(&two, "--max ram=46%"), 1);
    // A region in which nothing lies makes no room.
    let empty = full("RAM").region("CCM", 0x1000_0000, 0x4000, "rw");
    assert_eq!(outcome(&empty, "--max ram=80%"), 1);
}

#[test]
fn a_pattern_limits_what_is_used_only() {
    for limit in ["region.*=16K", "region.*=92%", "*=16K", "region.R?M=16K"] {
        let run = run(&full("RAM"), &format!("--max {limit}"));
        assert_eq!(run.code, 0, "{limit}: {:?}", run.report().summary);
        let limited = run.report().measures.iter().filter(|measure| !measure.limits.is_empty());
        assert!(
            limited.clone().count() > 0 && limited.into_iter().all(|measure| measure.name.ends_with(".span"))
        );
    }
    assert_eq!(outcome(&full("RAM"), "--max region.*=91%"), 1);
    let other_case = run(&full("RAM"), "--max region.ram=5");
    assert!(other_case.stderr.contains("did you mean `region.RAM.span`"), "{}", other_case.stderr);
}

#[test]
fn sums_are_limited_as_one() {
    let two = full("RAM").region("CCM", 0x1000_0000, 0x4000, "rw").zeroed(".ccm", 0x1000_0000, 100);
    for (spec, code) in [
        ("sum(region.RAM,region.CCM)=15104", 0),
        ("sum(region.RAM,region.CCM)=15103", 1),
        ("region.RAM+region.CCM=15103", 1),
        ("sum(region.*)=15127", 1),
        ("sum(region.*)=15128", 0),
        ("sum(region.RAM,region.RAM)=15004", 0),
        ("sum(region.RAM,region.CCM)=46%", 1),
        ("sum(region.RAM,region.CCM)=47%", 0),
        ("sum(section..bss,section..ccm)=15099", 1),
        ("sum(section..*ss)=15000", 0),
        ("sum(section..none*)=0", 0),
        ("sum(section..none)=0", 2),
        ("sum(region.RAM,region.DTCM)=1M", 2),
    ] {
        assert_eq!(outcome(&two, &format!("--max {spec}")), code, "{spec}");
    }
    assert_eq!(outcome(&two, "--min-free sum(region.RAM,region.CCM)=17664"), 0);
    assert_eq!(outcome(&two, "--min-free sum(region.RAM,region.CCM)=17665"), 1);
    assert_eq!(outcome(&two, "--min-free sum(image,region.CCM)=1"), 2);
    // Bootloader and application, which are two firmwares of one run.
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "boot/f", &full("RAM"));
    write(folder.path(), "app/f", &full("RAM"));
    let run = |limit: &str| size_gate(folder.path(), &words(&format!("--elf */f.elf --max {limit}"))).code;
    assert_eq!(run("sum(boot/image,app/image)=48"), 0);
    assert_eq!(run("sum(boot/image,app/image)=47"), 1);
}

#[test]
fn the_image_is_the_file_and_everything_says_so() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "f", &full("RAM"));
    fs::write(folder.path().join("f.bin"), vec![0x55; 4516]).unwrap();
    for inputs in ["f.elf f.bin", "f.bin", "--map f.map --bin f.bin"] {
        for limit in ["image.bytes=4515", "image=4515", "flash=4515"] {
            let run = size_gate(folder.path(), &words(&format!("{inputs} --max {limit}")));
            assert_eq!(run.code, 1, "{inputs} {limit}");
            assert!(run.report().summary.contains("image 4,516 B"), "{}", run.report().summary);
        }
        let run =
            size_gate(folder.path(), &words(&format!("{inputs} --max image=4516 --preset binary-1mib")));
        assert_eq!(run.code, 0, "{inputs}");
    }
}

#[test]
fn what_is_loaded_counts_wherever_it_runs() {
    let loaded = full("RAM").data(".resident", 0x2000_3A9C, 0x2000_3A9C, 300);
    let image = run(&loaded, "").report().measure("image.bytes", None).unwrap().value;
    assert_eq!(image, Number::Integer(324));
    // A program of a host: nothing of it is copied.
    let host = Layout { machine: 62, ..Layout::default() }
        .code(".text", 0x40_0000, 6000)
        .data(".data", 0x40_2000, 0x40_2000, 200)
        .zeroed(".bss", 0x40_20C8, 100);
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "f", &host);
    let run = size_gate(folder.path(), &words("f.elf"));
    assert_eq!(run.report().measure("image.bytes", None).unwrap().value, Number::Integer(6200));
}

#[test]
fn other_files_of_a_device_are_no_image() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("table.csv"), "app,app,factory,0x10000,1M\n").unwrap();
    let table = fs::read(example("esp32c3/partitions.bin")).unwrap();
    let mut ota_data = vec![0xFF; 0x2000];
    ota_data[..4].copy_from_slice(&1_u32.to_le_bytes());
    ota_data[28..32].copy_from_slice(&0x4743_989A_u32.to_le_bytes());
    let bootloader = bootloader();
    for (bytes, what) in [
        (table, "a partition table"),
        (ota_data, "the OTA data that selects a partition (boot_app0.bin)"),
        (bootloader, "a bootloader"),
    ] {
        fs::write(folder.path().join("x.bin"), bytes).unwrap();
        for more in ["", " --partitions table.csv"] {
            let run = size_gate(folder.path(), &words(&format!("--bin x.bin{more}")));
            assert_eq!(run.code, 3, "{what}");
            assert!(run.stderr.contains(what), "{}", run.stderr);
        }
    }
    // Its size may be limited as that of any file.
    assert_eq!(size_gate(folder.path(), &words("--max-file x.bin=1M")).code, 0);
}

/// An image of an ESP32-C3 with one segment, which runs in RAM.
fn bootloader() -> Vec<u8> {
    let mut image = vec![0xE9, 1, 2, 0x20];
    image.extend(0x4038_0000_u32.to_le_bytes());
    image.extend([0xEE, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    image.extend(0x4038_0000_u32.to_le_bytes());
    image.extend(16_u32.to_le_bytes());
    image.extend([0; 16]);
    image.resize((image.len() + 1).next_multiple_of(16) - 1, 0);
    image.push(0xEF);
    image
}

#[test]
fn it_does_not_fit_while_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("small.csv"), "a,app,ota_0,0x10000,64K\nb,app,ota_1,,64K\n").unwrap();
    let image = example("esp32c3/firmware.bin");
    let run = size_gate(
        folder.path(),
        &[words("--partitions small.csv"), vec![format!("--bin={}", image.display())]].concat(),
    );
    assert_eq!(run.code, 1);
    assert_eq!(run.report().fact("fits", None), None);
    assert!(run.report().fact("judged against", None).unwrap().starts_with("a (65,536 B"));
}

/// What fills the rest of RAM, by the linker script's own words.
fn with_heap() -> Layout {
    full("RAM").reserved(".heap", 0x2000_3A9C, 0x4000 - 15_004, "((ORIGIN (RAM) + LENGTH (RAM)) - .)")
}

/// Kind 07: what only the ELF or the script tells never makes a limit hold.
#[test]
fn what_a_map_leaves_open_is_judged_on_the_safe_side() {
    let folder = example("cmsis-like");
    let run = |inputs: &str, limits: &str| {
        let run = size_gate(&folder, &words(&format!("{inputs} {limits}")));
        let rule = rules(run.report()).into_iter().find(|(rule, _)| *rule == "size-gate/unsure-content");
        (run.code, rule.map(|(_, level)| level))
    };
    // 320 bytes of `.shared_with_probe`, which would be loaded from FLASH; 296 of three others, which stay where they are.
    let map = "--map firmware.map";
    for (limit, unsure) in [
        ("--max image=", 2992 + 616),
        ("--max region.FLASH=", 2992 + 320),
        ("--max region.FLASH.bytes=", 2992 + 320),
        ("--max sum(image,region.FLASH)=", 2 * 2992 + 616 + 320),
        ("--max sum(region.F*,region.RAM2)=", 2992 + 320 + 280),
    ] {
        assert_eq!(run(map, &format!("{limit}{unsure}")), (0, Some(Level::Note)), "{limit}");
        assert_eq!(run(map, &format!("{limit}{}", unsure - 1)), (1, Some(Level::Error)), "{limit}");
        assert_eq!(run(map, &format!("{limit}warn:{}", unsure - 1)), (0, Some(Level::Warning)), "{limit}");
        // Over the limit anyway: nothing depends on it.
        assert_eq!(run(map, &format!("{limit}1")), (1, Some(Level::Note)), "{limit}");
    }
    let free = 0x2_0000 - 2992 - 320;
    assert_eq!(run(map, &format!("--min-free region.FLASH={free}")), (0, Some(Level::Note)));
    assert_eq!(run(map, &format!("--min-free region.FLASH={}", free + 1)), (1, Some(Level::Error)));
    // The script and the ELF tell.
    for inputs in ["--map firmware.map --linker-script link.ld", "--elf firmware.elf --map firmware.map"] {
        assert_eq!(run(inputs, "--max image=2992 --max region.FLASH=2992"), (0, None), "{inputs}");
    }
    // Two firmwares: each is told of its own, and a sum of both.
    let matrix = "--firmware a.map=firmware.map --firmware b.map=firmware.map --firmware b.elf=firmware.elf";
    assert_eq!(run(matrix, "--max b/image=2992 --max a/image=3608"), (0, Some(Level::Note)));
    assert_eq!(run(matrix, "--max a/image=3607"), (1, Some(Level::Error)));
    assert_eq!(run(matrix, "--max sum(a/image,b/image)=6599"), (1, Some(Level::Error)));
    assert_eq!(run(matrix, "--max sum(a/image,b/image)=6600"), (0, Some(Level::Note)));
}

/// Kind 07: a heap and a stack that may be `(COPY)` count, and that is said, unless something tells that they are.
#[test]
fn what_may_take_no_memory_counts_until_something_tells() {
    // As the Pico SDK has it: nothing follows in the region, so that the map does not tell.
    let copy = full("RAM").reserved(".heap", 0x2000_3A9C, 0x400, "(. + 0x400)");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("f.map"), copy.map()).unwrap();
    let script = |kind: &str| {
        let text = format!(
            "MEMORY {{ FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 64K\n RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 16K }}\n\
             SECTIONS {{ .text : {{ *(.text) }} > FLASH\n .data : {{ *(.data) }} > RAM AT> FLASH\n\
             .bss (NOLOAD) : {{ *(.bss) }} > RAM\n .heap ({kind}) : {{ . = . + 0x400; }} > RAM }}"
        );
        fs::write(folder.path().join("f.ld"), text).unwrap();
    };
    let run = |arguments: &str| size_gate(folder.path(), &words(&format!("--map f.map {arguments}")));
    let alone = run("--max ram=16027 --min-free region.RAM=357");
    assert_eq!(alone.code, 1);
    let note = alone.report().findings.iter().find(|finding| finding.rule == "size-gate/input").unwrap();
    assert!(note.message.contains("`.heap`"), "{}", note.message);
    assert_eq!(run("--max ram=16028 --min-free region.RAM=356").code, 0);
    script("COPY");
    let told = run("--linker-script f.ld --max ram=15004 --min-free region.RAM=1380");
    assert_eq!((told.code, rules(told.report()).len()), (0, 0), "{:?}", rules(told.report()));
    script("NOLOAD");
    assert_eq!(run("--linker-script f.ld --max ram=16027").code, 1);
    assert_eq!(run("--linker-script f.ld --max ram=16028").code, 0);
}

/// What a map alone counts, and an ELF of the same build does not, is no growth that was undone.
#[test]
fn a_baseline_that_counts_what_may_be_copy_is_not_compared_with_an_elf() {
    let content = |name: &str| full("RAM").code(name, 0x0800_0018, 0x800);
    for (what, of_map, depends) in [
        ("content that nothing follows", content(".version_copy"), &["image=0", "region.FLASH=0"][..]),
        ("another name", content("build_info"), &["image=0"]),
        (
            "a heap",
            full("RAM").reserved(".heap", 0x2000_3A9C, 0x400, "(. + 0x400)"),
            &["ram=0", "region.RAM=0"],
        ),
        ("a stack", full("RAM").reserved(".stack_dummy", 0x2000_3A9C, 0x400, "(. + 0x400)"), &["ram=0"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let run = |arguments: &str| size_gate(folder.path(), &words(arguments));
        // In the ELF it takes no memory; there the code grew by nearly as much.
        write(folder.path(), "map", &of_map);
        write(folder.path(), "elf", &full("RAM").code(".grown", 0x0800_1000, 0x7F0));
        let baseline = base(folder.path(), "map.map");
        for limit in depends {
            let compared = run(&format!("elf.elf --max-growth {limit} {baseline}"));
            assert_eq!(compared.code, 1, "{what} {limit}: {}", compared.stdout);
            assert!(rules(compared.report()).contains(&("size-gate/gone", Level::Error)), "{what} {limit}");
            let reason = compared.report().limits().map(|(_, _, limit)| limit.reason).collect::<Vec<_>>();
            assert_eq!(reason, [Some(Reason::NothingMatched)], "{what} {limit}");
            // The other way round, and with the ELF itself as what is compared with.
            let other = base(folder.path(), "elf.elf");
            assert_eq!(run(&format!("map.map --max-growth {limit} {other}")).code, 1, "{what} {limit}");
            assert_eq!(
                run(&format!("map.map --max-growth {limit} --baseline-elf elf.elf")).code,
                1,
                "{what}"
            );
            let baseline = base(folder.path(), "map.map");
            // The same map, and its build with ELF, where nothing is open.
            assert_eq!(run(&format!("map.map --max-growth {limit} {baseline}")).code, 0, "{what} {limit}");
        }
    }
    // Where a map leaves nothing open it is as good as an ELF.
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "f", &full("RAM"));
    let baseline = base(folder.path(), "f.map");
    let run = size_gate(
        folder.path(),
        &words(&format!("f.elf --max-growth image=0 --max-growth ram=0 {baseline}")),
    );
    assert_eq!(run.code, 0, "{}", run.stdout);
}

#[test]
fn a_filler_is_free() {
    let run = |arguments: &str| run(&with_heap(), arguments);
    let report = run("");
    let report = report.report();
    let value = |name: &str| report.measure(name, None).unwrap().value;
    assert_eq!(value("region.RAM.span"), Number::Integer(0x4000));
    for name in ["region.RAM.bytes", "ram.span", "ram.bytes"] {
        assert_eq!(value(name), Number::Integer(15_004), "{name}");
    }
    assert_eq!(value("region.RAM.free"), Number::Integer(1380));
    let note = report.tables.iter().find(|table| table.id == "regions").unwrap().note.clone().unwrap();
    assert!(note.contains("`.heap` takes what is left of RAM"), "{note}");
    assert_eq!(run("--max ram=15004 --min-free region.RAM=1380").code, 0);
    assert_eq!(run("--max ram=15003").code, 1);
    assert_eq!(run("--min-free region.RAM=1381").code, 1);
    // One that only the user can know.
    let fixed = full("RAM").reserved("._stack", 0x2000_3A9C, 1000, "(. + 0x3e8)");
    assert_eq!(outcome(&fixed, "--max ram=15004"), 1);
    assert_eq!(outcome(&fixed, "--max ram=15004 --filler ._stack"), 0);
    assert_eq!(outcome(&fixed, "--max ram=15004 --filler .*stack"), 0);
    // What has content is nothing that fills.
    let run = crate::meaning::run(&full("RAM"), "--filler .data --max ram=100");
    assert!(rules(run.report()).contains(&("size-gate/unused-option", Level::Warning)));
    assert_eq!(run.code, 1);
}

/// The report of one firmware, or of a matrix, in a file of its own.
fn base(folder: &Path, arguments: &str) -> String {
    let run = size_gate(folder, &words(&format!("{arguments} --write json=base.json")));
    assert_eq!(run.code, 0, "{}", run.stderr);
    "--baseline base.json".into()
}

#[test]
fn a_firmware_that_vanished_fails_a_limit_of_growth() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a/f", "b/f", "c/f"] {
        write(folder.path(), name, &full("RAM"));
    }
    let baseline = base(folder.path(), "--elf */f.elf");
    let run = |arguments: &str| size_gate(folder.path(), &words(&format!("{arguments} {baseline}")));
    assert_eq!(run("--elf */f.elf --max-growth image=0").code, 0);
    // One of the matrix.
    let one = run("--elf a/f.elf --max-growth image=0");
    assert_eq!(one.code, 1);
    assert_eq!(
        one.report().measure("image.bytes", None).unwrap().limits[0].reason,
        Some(Reason::NothingMatched)
    );
    // Two of three, and one under another name.
    fs::rename(folder.path().join("c"), folder.path().join("d")).unwrap();
    let renamed = run("--elf */f.elf --max-growth image=0");
    assert_eq!(renamed.code, 1);
    assert!(
        renamed
            .report()
            .findings
            .iter()
            .any(|finding| finding.message.contains("firmware `c` of the baseline"))
    );
    fs::remove_dir_all(folder.path().join("d")).unwrap();
    assert_eq!(run("--elf */f.elf --max-growth image=0").code, 1);
    // Without a limit of growth it is only told.
    let told = run("--elf */f.elf");
    assert_eq!(told.code, 0);
    assert!(rules(told.report()).contains(&("size-gate/gone", Level::Note)));
    // A firmware that is new has nothing to grow from.
    let baseline = base(folder.path(), "--elf */f.elf");
    write(folder.path(), "n/f", &full("RAM"));
    let run = |arguments: &str| size_gate(folder.path(), &words(&format!("{arguments} {baseline}")));
    assert_eq!(run("--elf */f.elf --max-growth image=0").code, 0);
    assert_eq!(run("--elf */f.elf --max-growth image=0 --require-baseline").code, 1);
}

#[test]
fn a_region_under_another_name_has_not_shrunk_to_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "f", &full("RAM"));
    let baseline = base(folder.path(), "f.elf f.map");
    write(folder.path(), "f", &full("SRAM"));
    let run =
        |arguments: &str| size_gate(folder.path(), &words(&format!("f.elf f.map {arguments} {baseline}")));
    for limit in ["region.SRAM=0", "region.RAM=0", "region.*=1M", "sum(region.SRAM,region.FLASH)=0"] {
        let run = run(&format!("--max-growth {limit}"));
        assert_eq!(run.code, 1, "{limit}");
        let gone = run.report().findings.iter().find(|finding| finding.rule == "size-gate/gone").unwrap();
        assert!(
            gone.message.contains("region RAM of the baseline is not in this run; new is SRAM"),
            "{}",
            gone.message
        );
    }
    assert_eq!(run("").code, 0);
    // A region that is new is no other one's.
    write(
        folder.path(),
        "f",
        &full("RAM").region("CCM", 0x1000_0000, 4096, "rw").zeroed(".ccm", 0x1000_0000, 64),
    );
    assert_eq!(run("--max-growth region.*=0").code, 0);
}

#[test]
fn a_baseline_of_another_shape_is_none() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "f", &full("RAM"));
    fs::write(folder.path().join("f.bin"), vec![0x55; 30]).unwrap();
    // Sections then, the file now: what is counted is another thing, and who leaves the file out hides its growth.
    let baseline = base(folder.path(), "f.elf f.map");
    let run = |arguments: &str| size_gate(folder.path(), &words(&format!("{arguments} {baseline}")));
    let changed = run("f.elf f.map f.bin --max-growth image=0");
    let limit = &changed.report().measure("image.bytes", None).unwrap().limits[0];
    assert_eq!(
        (changed.code, limit.outcome, limit.reason),
        (1, Outcome::NotJudged, Some(Reason::NothingMatched))
    );
    assert!(rules(changed.report()).contains(&("size-gate/gone", Level::Error)));
    let other = run("f.elf f.map f.bin --max-growth ram=0");
    assert_eq!(other.code, 0);
    assert!(rules(other.report()).contains(&("size-gate/gone", Level::Note)));
    // One firmware then, a matrix now.
    write(folder.path(), "a/f", &full("RAM"));
    write(folder.path(), "b/f", &full("RAM"));
    assert_eq!(run("--elf */f.elf --max-growth image=0").code, 1);
    // A sketches report of two sketches, which could be either.
    fs::write(
        folder.path().join("sketches.json"),
        r#"{"boards":[{"board":"x","sketches":[
            {"name":"one","compilation_success":true,"sizes":[{"name":"flash","maximum":1000,"current":{"absolute":24}}]},
            {"name":"two","compilation_success":true,"sizes":[{"name":"flash","maximum":1000,"current":{"absolute":24}}]}]}]}"#,
    )
    .unwrap();
    let sketches = "f.elf f.map --baseline sketches.json --max-growth image=0";
    assert_eq!(size_gate(folder.path(), &words(sketches)).code, 1);
    // One of sections, for a file.
    let one = fs::read_to_string(folder.path().join("sketches.json")).unwrap();
    let (one, _) = one.split_once(",\n            {\"name\":\"two").unwrap();
    fs::write(folder.path().join("sketches.json"), format!("{one}]}}]}}")).unwrap();
    assert_eq!(size_gate(folder.path(), &words(sketches)).code, 0);
    assert_eq!(size_gate(folder.path(), &words(&format!("{sketches} --bin f.bin"))).code, 1);
}

#[test]
fn an_elf_may_be_the_baseline() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "base", &full("RAM"));
    write(folder.path(), "f", &full("RAM").zeroed(".more", 0x2000_3A9C, 96));
    let run = |arguments: &str| {
        size_gate(folder.path(), &words(&format!("f.elf f.map --baseline-elf base.elf {arguments}")))
    };
    assert_eq!(run("--max-growth region.RAM=96 --max-growth ram=96 --max-growth image=0").code, 0);
    for limit in ["region.RAM=95", "ram=95", "ram.bytes=95", "sum(region.RAM,image)=95"] {
        assert_eq!(run(&format!("--max-growth {limit}")).code, 1, "{limit}");
    }
    fs::write(folder.path().join("avr.elf"), fs::read(example("avr/firmware.elf")).unwrap()).unwrap();
    let other = size_gate(folder.path(), &words("f.elf f.map --baseline-elf avr.elf --max-growth ram=1M"));
    assert_eq!(other.code, 3);
    assert!(
        other.stderr.contains("the baseline is for machine 83, this firmware is for 40"),
        "{}",
        other.stderr
    );
    // A report that is there is taken, with what it knows more; one that is not leaves the ELF.
    assert_eq!(run("--baseline x.json --max-growth region.RAM=95").code, 1);
    assert_eq!(run("--max-growth region.RAM=96 --write json=x.json").code, 0);
    assert_eq!(run("--baseline x.json --max-growth region.RAM=0").code, 0);
    assert_eq!(size_gate(folder.path(), &words("f.elf --baseline-elf none.elf")).code, 3);
}

#[test]
fn a_matrix_is_one_table_of_numbers() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a/f", "b/f"] {
        write(folder.path(), name, &full("RAM"));
    }
    let baseline = base(folder.path(), "--elf */f.elf");
    write(folder.path(), "b/f", &full("RAM").zeroed(".more", 0x2000_3A9C, 96));
    let run = size_gate(folder.path(), &words(&format!("--elf */f.elf {baseline}")));
    let table = &run.report().tables[0];
    assert_eq!(table.id, "firmwares");
    let titles: Vec<&str> = table.columns.iter().map(|column| column.title.as_str()).collect();
    assert_eq!(titles, ["Firmware", "Image", "Change", "Static RAM", "Change"]);
    let rows = serde_json::to_string(&table.rows).unwrap();
    assert!(
        rows.contains(r#"[{"code":"b"},{"bytes":24},{"delta":0},{"bytes":15100},{"delta":96}]"#),
        "{rows}"
    );
}

#[test]
fn inputs_of_other_builds_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str, bytes: Vec<u8>| fs::write(folder.path().join(name), bytes).unwrap();
    write(folder.path(), "f", &full("RAM"));
    let run = |arguments: &str| size_gate(folder.path(), &words(arguments));
    // The map of a firmware that has no section of this one, with more RAM.
    let other = Layout::arm()
        .region("FLASH", 0x0800_0000, 0x1_0000, "xr")
        .region("RAM", 0x2000_0000, 0x1_0000, "xrw")
        .code(".code", 0x0800_0000, 20)
        .zeroed(".zeros", 0x2000_0000, 9000);
    of("o.map", other.map().into());
    let refused = run("--elf f.elf --map o.map --max region.RAM=50%");
    assert_eq!(refused.code, 3);
    assert!(
        refused.stderr.contains("it has no section `.bss` of 15000 bytes at 0x20000004, nor 2 others"),
        "{}",
        refused.stderr
    );
    // A section or two may be added after the link.
    let more = full("RAM").code(".signature", 0x0800_0100, 64);
    of("more.elf", more.elf());
    assert_eq!(run("--elf more.elf --map f.map").code, 0);
    // The script of another build: the map has what the linker used.
    of("f.ld", b"MEMORY { FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 64K\n RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 64K }".into());
    assert_eq!(run("--elf f.elf --map f.map --linker-script f.ld --max region.RAM=50%").code, 1);
    assert_eq!(run("--elf f.elf --linker-script f.ld --max region.RAM=50%").code, 0);
    // What `objcopy --only-keep-debug` leaves.
    let mut debug = full("RAM");
    debug.sections.iter_mut().for_each(|section| section.kind = crate::writer::NOBITS);
    of("debug.elf", debug.elf());
    let debug = run("--elf debug.elf --max image=1");
    assert_eq!(debug.code, 3);
    assert!(debug.stderr.contains("--only-keep-debug"), "{}", debug.stderr);
    // An image shorter than what the ELF loads, whatever is in it.
    of("f.bin", vec![0xA5; 23]);
    assert_eq!(run("--elf f.elf --bin f.bin --max image=30").code, 1);
    assert_eq!(run("--elf f.elf --bin f.bin --max image=30 --allow-unpaired").code, 0);
    of("f.bin", vec![0xA5; 24]);
    assert_eq!(run("--elf f.elf --bin f.bin --max image=30").code, 0);
}

/// The plain binary of an example: everything that is loaded, from the lowest address on.
fn binary(name: &str) -> Vec<u8> {
    let bytes = fs::read(example(name).join("firmware.elf")).unwrap();
    let elf = lw_firmware::Elf::parse(&bytes).unwrap();
    let loaded = || elf.sections.iter().filter(|section| section.is_loaded() && section.size > 0);
    let base = loaded().map(|section| section.lma).min().unwrap();
    let mut out = Vec::new();
    for section in loaded() {
        let (from, at) = (section.offset as usize, (section.lma - base) as usize);
        let content = &bytes[from..from + section.size as usize];
        out.resize(out.len().max(at + content.len()), 0);
        out[at..at + content.len()].copy_from_slice(content);
    }
    out
}

#[test]
fn a_plain_image_is_held_to_what_its_elf_loads() {
    let folder = tempfile::tempdir().unwrap();
    let elf = example("stm32").join("firmware.elf");
    let run = |image: &[u8], arguments: &str| {
        fs::write(folder.path().join("f.bin"), image).unwrap();
        let arguments = words(&format!("--bin f.bin {arguments}"));
        let run = size_gate(folder.path(), &[vec![format!("--elf={}", elf.display())], arguments].concat());
        let unpaired = run.report().findings.iter().find(|finding| finding.rule == "size-gate/unpaired");
        (run.code, unpaired.map(|finding| finding.level))
    };
    let image = binary("stm32");
    assert_eq!(run(&image, ""), (0, None));
    // A header before it, a signature after it, a checksum in it.
    assert_eq!(run(&[&[7; 512], image.as_slice(), &[9; 300]].concat(), ""), (0, None));
    let mut filled_in = image.clone();
    filled_in[0x1C..0x3C].fill(0x11);
    assert_eq!(run(&filled_in, ""), (0, None));
    // Of the build before: four bytes of code less.
    let mut stale = image.clone();
    stale.drain(3000..3004);
    assert_eq!(run(&stale, "--max image=1M"), (1, Some(Level::Error)));
    assert_eq!(run(&stale, "--allow-unpaired"), (0, Some(Level::Warning)));
    // Cut off, of another firmware, encrypted.
    assert_eq!(run(&image[..5000], ""), (1, Some(Level::Error)));
    assert_eq!(run(&binary("cmsis-like"), ""), (1, Some(Level::Error)));
    let encrypted: Vec<u8> = image.iter().enumerate().map(|(at, byte)| byte ^ (at * 7 + 1) as u8).collect();
    assert_eq!(run(&encrypted, ""), (1, Some(Level::Error)));
    assert_eq!(run(&encrypted, "--allow-unpaired"), (0, Some(Level::Note)));
    // Text and containers are not looked into.
    assert_eq!(run(&[b":10".as_slice(), &image].concat(), ""), (0, None));
}

#[test]
fn an_image_goes_to_no_partition_of_data() {
    let folder = tempfile::tempdir().unwrap();
    let table = "app,app,factory,0x10000,64K\nstore,data,spiffs,,1M\n";
    fs::write(folder.path().join("t.csv"), table).unwrap();
    fs::write(folder.path().join("f.bin"), vec![0x55; 0x2_0000]).unwrap();
    let run =
        |fit: &str| size_gate(folder.path(), &words(&format!("--bin f.bin --partitions t.csv --fit {fit}")));
    assert_eq!(run("app").code, 1);
    let data = run("store");
    assert_eq!(data.code, 2);
    assert!(data.stderr.contains("store holds data (spiffs)"), "{}", data.stderr);
}

#[test]
fn a_firmware_of_another_chip_is_told() {
    let run = |arguments: &str| {
        size_gate(&example("esp32c3"), &words(&format!("--map gnu/firmware.map {arguments}")))
    };
    let other = run("--chip esp32c6 --max ram=1K");
    assert_eq!(other.code, 1);
    assert!(rules(other.report()).contains(&("size-gate/other-chip", Level::Error)));
    assert!(other.report().measure("ram.span", None).unwrap().value > Number::Integer(36_000));
    // Even where the limit is met.
    assert_eq!(run("--chip esp32c6 --max ram=1M").code, 1);
    assert_eq!(run("--chip esp32c6").report().verdict, Verdict::Warn);
    assert_eq!(run("--chip esp32c3 --max ram=1M").code, 0);
}

#[test]
fn every_measure_is_listed_on_demand() {
    let run = run(&full("RAM"), "--list-measures");
    let table = run.report().tables.iter().find(|table| table.id == "every-measure").unwrap();
    assert_eq!(table.rows.len(), run.report().measures.len());
}

#[test]
fn an_input_that_may_be_missing_leaves_its_limits_unjudged() {
    let folder = tempfile::tempdir().unwrap();
    let run = size_gate(folder.path(), &words("--elf none/*.elf --missing skip --max image.bytes=1"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.report().unmatched_limits[0].limit.reason, Some(Reason::Skipped));
    assert_eq!(size_gate(folder.path(), &words("--elf none/*.elf --max image.bytes=1")).code, 3);
}

#[test]
fn limits_may_stand_on_several_lines_of_one_argument() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "f", &full("RAM"));
    let arguments = [words("f.elf f.map"), vec!["--max=image=1M\nram=100\n".into()]].concat();
    assert_eq!(size_gate(folder.path(), &arguments).code, 1);
}

#[test]
fn a_script_is_followed_to_what_lies_beside_it_and_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("project");
    fs::create_dir_all(inside.join(".git")).unwrap();
    write(&inside, "f", &full("RAM"));
    let flash = "FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 64K";
    fs::write(inside.join("flash.ld"), flash).unwrap();
    fs::write(folder.path().join("flash.ld"), flash).unwrap();
    let script = |include: &str| {
        let text = format!(
            "MEMORY {{ INCLUDE {include}\n RAM (xrw) : ORIGIN = 0x20000000, LENGTH = DEFINED(size) ? size : 16K }}"
        );
        fs::write(inside.join("f.ld"), text).unwrap();
        size_gate(&inside, &words("--elf f.elf --linker-script f.ld --max region.RAM=91%"))
    };
    assert_eq!(script("flash.ld").code, 1);
    assert_eq!(script("\"flash.ld\"").code, 1);
    for outside in ["../flash.ld", &folder.path().join("flash.ld").display().to_string()] {
        let run = script(outside);
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(run.stderr.contains("outside the repository"), "{}", run.stderr);
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path().join("flash.ld"), inside.join("link.ld")).unwrap();
    #[cfg(unix)]
    assert_eq!(script("link.ld").code, 3);
    assert!(script("f.ld").stderr.contains("too many files include one another"));
}

#[test]
fn an_overlay_is_as_large_as_its_largest_member() {
    let overlay =
        full("RAM").data(".ov1", 0x2000_3B00, 0x0800_E000, 8).data(".ov2", 0x2000_3B00, 0x0800_E008, 16);
    let run = |arguments: &str| run(&overlay, arguments);
    assert_eq!(run("--max section..ov2=16 --max section..ov1=8").code, 0);
    assert_eq!(run("--max section..ov2=15").code, 1);
    let report = run("");
    let ram = report.report().measure("region.RAM.bytes", None).unwrap().value;
    assert_eq!(ram, Number::Integer(15_020));
    let note =
        report.report().tables.iter().find(|table| table.id == "regions").unwrap().note.clone().unwrap();
    assert!(note.contains("`.ov1` shares addresses"), "{note}");
    assert!(note.contains("of FLASH from 0x8000018 are empty"), "{note}");
    let sections = report.report().tables.iter().find(|table| table.id == "sections").unwrap();
    assert!(
        serde_json::to_string(&sections.rows)
            .unwrap()
            .contains(r#"[{"text":"(gaps)"},{"text":"FLASH"},{"bytes":57320}]"#)
    );
}

#[test]
fn platformios_flash_is_that_of_the_chip() {
    let layout = full("RAM").region("QSPI", 0x9000_0000, 0x80_0000, "r").code(".ext", 0x9000_0000, 1000);
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "f", &layout);
    let printed = |name: &str| {
        let path = folder.path().join(name);
        let run =
            size_gate(folder.path(), &words(&format!("f.elf f.map --write platformio={}", path.display())));
        assert_eq!(run.code, 0, "{}", run.stderr);
        fs::read_to_string(path).unwrap()
    };
    assert!(printed("a").contains("from 65536 bytes"), "{}", printed("a"));
    // Names that the platform does not expect are counted as `size` does.
    let other = Layout::arm()
        .region("ROM", 0x4400, 0xBB80, "xr")
        .region("RAM", 0x2C00, 0x1000, "xw")
        .code(".lower.text", 0x4400, 500)
        .data(".upper.data", 0x2C00, 0x45F4, 40)
        .zeroed(".lower.bss", 0x2C28, 300);
    write(folder.path(), "f", &other);
    let lines = printed("b");
    assert!(
        lines.contains("(used 340 bytes from 4096 bytes)") && lines.contains("(used 540 bytes"),
        "{lines}"
    );
}
