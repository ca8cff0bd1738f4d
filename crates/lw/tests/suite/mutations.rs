//! A gate that passes, and then one thing about its input that must make it fail: none of these runs may end green.
//!
//! Each mutation starts from inputs that pass (which is tried each time), and changes what a broken pipeline or the author
//! of a pull request changes: a shard is lost, a board is swapped, a report is stale, a baseline is gone.

use std::fs;
use std::path::Path;
use std::process::Command;

use lw_testkit::git::Scratch;
use lw_testkit::root;

/// What the run did: its exit code, and what it said.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_lw"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.code().unwrap_or(-1), said)
}

/// Inputs, a call that passes with them, and changes that must not.
struct Gate {
    /// Makes the inputs, and what earlier runs leave.
    inputs: fn(&Scratch),
    call: &'static [&'static str],
}

impl Gate {
    #[track_caller]
    fn refuses(&self, what: &str, mutate: impl FnOnce(&Path)) {
        self.refuses_with(what, mutate, &[]);
    }

    /// The same when the call has more arguments.
    #[track_caller]
    fn refuses_with(&self, what: &str, mutate: impl FnOnce(&Path), more: &[&str]) {
        let scratch = Scratch::new();
        (self.inputs)(&scratch);
        let (code, said) = run(scratch.path(), self.call);
        assert_eq!(code, 0, "the control passes: {said}");
        mutate(scratch.path());
        let (code, said) = run(scratch.path(), &[self.call, more].concat());
        assert!(matches!(code, 1..=3), "{what} is exit {code}: {said}");
        assert!(!said.contains("PASS"), "{what}: {said}");
    }
}

fn copy(from: &str, folder: &Path, to: &str) {
    fs::copy(root().join("examples/firmware").join(from), folder.join(to)).unwrap();
}

fn edit(folder: &Path, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = folder.join(path);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn replace(folder: &Path, path: &str, from: &str, to: &str) {
    edit(folder, path, |bytes| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains(from), "{path} has {from}");
        *bytes = text.replace(from, to).into_bytes();
    });
}

const MEMORY: Gate = Gate {
    inputs: |scratch| {
        copy("stm32/firmware.elf", scratch.path(), "firmware.elf");
        copy("stm32/firmware.map", scratch.path(), "firmware.map");
        let call = ["size-gate", "--elf=firmware.elf", "--map=firmware.map", "--report=base.json"];
        assert_eq!(run(scratch.path(), &call).0, 0);
    },
    call: &[
        "size-gate",
        "--elf=firmware.elf",
        "--map=firmware.map",
        "--max=region.RAM.span=90%",
        "--max=image.bytes=64K",
        "--max-growth=region.FLASH.span=10%",
        "--baseline=base.json",
        "--require-baseline",
    ],
};

#[test]
fn sizes_of_something_else_do_not_pass() {
    MEMORY.refuses("a baseline that is gone", |folder| fs::remove_file(folder.join("base.json")).unwrap());
    MEMORY.refuses("a baseline that was cut off", |folder| {
        edit(folder, "base.json", |bytes| bytes.truncate(bytes.len() / 2));
    });
    MEMORY.refuses("a baseline of another tool", |folder| {
        replace(folder, "base.json", "\"name\": \"size-gate\"", "\"name\": \"coverage-gate\"");
    });
    MEMORY.refuses("a baseline of a run that was not completed", |folder| {
        replace(folder, "base.json", "\"verdict\": \"pass\"", "\"verdict\": \"error\"");
    });
    MEMORY.refuses("a baseline that is the one of another board", |folder| {
        copy("avr/firmware.elf", folder, "avr.elf");
        let call = ["size-gate", "--elf=avr.elf", "--report=base.json"];
        assert_eq!(run(folder, &call).0, 0);
    });
    MEMORY.refuses("another board's firmware", |folder| {
        copy("avr/firmware.elf", folder, "firmware.elf");
        copy("avr/firmware.map", folder, "firmware.map");
    });
    MEMORY.refuses("a map of another build", |folder| copy("riscv64/firmware.map", folder, "firmware.map"));
    MEMORY.refuses("an ELF that was cut off", |folder| {
        edit(folder, "firmware.elf", |bytes| bytes.truncate(bytes.len() / 2));
    });
    MEMORY.refuses("an ELF that is gone", |folder| fs::remove_file(folder.join("firmware.elf")).unwrap());
    MEMORY.refuses_with("a limit on a region that was renamed", |_| (), &["--max=region.SRAM.span=90%"]);
    MEMORY.refuses_with("a pattern that matches no file", |_| (), &["--max-file=build/*.bin=1MiB"]);
    MEMORY.refuses("a limit of lw.toml beside those of the call", |folder| {
        fs::write(folder.join("lw.toml"), "[size-gate.max]\nram.span = 1\n").unwrap();
    });
}

const IMAGE: Gate = Gate {
    inputs: |scratch| {
        for name in ["firmware.elf", "firmware.bin", "partitions.csv", "partitions.bin"] {
            copy(&format!("esp32c3/{name}"), scratch.path(), name);
        }
        copy("esp32c3/baseline/firmware.bin", scratch.path(), "earlier.bin");
    },
    call: &[
        "size-gate",
        "--elf=firmware.elf",
        "--bin=firmware.bin",
        "--partitions=partitions.csv",
        "--max=image.bytes=1MiB",
        "--min-free=partition.smallest-app=5%",
    ],
};

#[test]
fn an_image_that_is_none_or_another_does_not_pass() {
    IMAGE.refuses("a partition table as the image", |folder| {
        fs::copy(folder.join("partitions.bin"), folder.join("firmware.bin")).unwrap();
    });
    IMAGE.refuses("the image of an earlier build", |folder| {
        fs::copy(folder.join("earlier.bin"), folder.join("firmware.bin")).unwrap();
    });
    IMAGE.refuses("an image with a changed byte", |folder| {
        edit(folder, "firmware.bin", |bytes| bytes[5000] ^= 1);
    });
    IMAGE.refuses("a slot that became too small", |folder| {
        replace(folder, "partitions.csv", "0x10000,  0x30000", "0x10000,  0x10000");
    });
}

/// A source of ten lines and the report of a run that covers nine of them.
fn shard(name: &str) -> (String, String) {
    let source: String = (1..=10).map(|line| format!("int {name}_{line};\n")).collect();
    let lines: String = (1..=10).map(|line| format!("DA:{line},{}\n", u8::from(line < 10))).collect();
    (source, format!("SF:src/{name}.c\n{lines}end_of_record\n"))
}

const COVERAGE: Gate = Gate {
    inputs: |scratch| {
        let ((a, a_info), (b, b_info)) = (shard("a"), shard("b"));
        scratch.commit(&[("README", "x"), ("src/a.c", &a)]);
        scratch.git(&["checkout", "--quiet", "-b", "work"]);
        scratch.commit(&[("src/b.c", &b)]);
        fs::write(scratch.path().join("a.info"), a_info).unwrap();
        fs::write(scratch.path().join("b.info"), b_info).unwrap();
        let call = ["coverage-gate", "--coverage=*.info", "--report=base.json"];
        assert_eq!(run(scratch.path(), &call).0, 0);
    },
    call: &[
        "coverage-gate",
        "--coverage=*.info",
        "--min-line=80%",
        "--min-patch=80%",
        "--base=main",
        "--ratchet=total",
        "--baseline=base.json",
    ],
};

#[test]
fn coverage_of_something_else_does_not_pass() {
    COVERAGE.refuses("a shard that is lost", |folder| fs::remove_file(folder.join("a.info")).unwrap());
    COVERAGE.refuses("the shard of the change that is lost", |folder| {
        fs::remove_file(folder.join("b.info")).unwrap();
    });
    COVERAGE.refuses("every report gone", |folder| {
        fs::remove_file(folder.join("a.info")).unwrap();
        fs::remove_file(folder.join("b.info")).unwrap();
    });
    COVERAGE.refuses("paths of another machine", |folder| {
        for name in ["a", "b"] {
            replace(folder, &format!("{name}.info"), "SF:src/", "SF:/builds/elsewhere/lib/");
        }
    });
    COVERAGE.refuses("a report of an older text", |folder| {
        fs::write(folder.join("src/b.c"), "int b_1;\n").unwrap();
    });
    COVERAGE.refuses("a report that was cut off", |folder| {
        edit(folder, "a.info", |bytes| bytes.truncate(bytes.len() - 20));
    });
    COVERAGE.refuses("an empty report", |folder| edit(folder, "a.info", Vec::clear));
    COVERAGE.refuses("tests that ran nothing of the change", |folder| {
        edit(folder, "b.info", |bytes| {
            *bytes = String::from_utf8(bytes.clone()).unwrap().replace(",1\n", ",0\n").into_bytes();
        });
    });
    COVERAGE.refuses_with("files that are newly left out", |_| (), &["--exclude=src/a.c"]);
    COVERAGE.refuses("a file whose name is the pattern", |folder| {
        fs::remove_file(folder.join("a.info")).unwrap();
        fs::rename(folder.join("b.info"), folder.join("*.info")).unwrap();
    });
    COVERAGE.refuses("a baseline of another repository", |folder| {
        replace(folder, "base.json", "src/", "other/");
    });
    COVERAGE.refuses_with(
        "one report named twice in place of two",
        |_| (),
        &["--expect-reports=3", "--coverage=./a.info"],
    );
    COVERAGE.refuses("a change that a NUL byte hides", |folder| {
        let source = fs::read_to_string(folder.join("src/b.c")).unwrap();
        fs::write(folder.join("src/b.c"), source.replace("int b_1;", "int b_1; // \u{0}")).unwrap();
        for name in ["a", "b"] {
            replace(folder, &format!("{name}.info"), ",1\n", ",0\n");
        }
        for arguments in [["add", "src/b.c"], ["commit", "-qmchange"]] {
            let git = lw_testkit::git::command(folder).args(arguments).status().unwrap();
            assert!(git.success());
        }
    });
    COVERAGE.refuses("reports that are all missing, which is allowed", |folder| {
        fs::remove_file(folder.join("a.info")).unwrap();
        fs::remove_file(folder.join("b.info")).unwrap();
        fs::write(folder.join("lw.toml"), "missing = \"skip\"\n").unwrap();
    });
    COVERAGE.refuses("a baseline of a run that was not completed, where one is required", |folder| {
        replace(folder, "base.json", "\"verdict\": \"pass\"", "\"verdict\": \"error\"");
        fs::write(folder.join("lw.toml"), "[coverage-gate]\nrequire-baseline = true\n").unwrap();
    });
}

const PACKAGE: Gate = Gate {
    inputs: |scratch| {
        copy("esp32c3/firmware.bin", scratch.path(), "firmware.bin");
        copy("esp32c3/partitions.csv", scratch.path(), "partitions.csv");
        copy("esp32c3/baseline/firmware.bin", scratch.path(), "earlier.bin");
        let call = ["ota-package", "package", "--firmware=led=earlier.bin", "--output=earlier.ota"];
        assert_eq!(run(scratch.path(), &call).0, 0);
    },
    call: &[
        "ota-package",
        "package",
        "--firmware=led=firmware.bin",
        "--chip=esp32c3",
        "--partitions=partitions.csv",
        "--previous=earlier.ota",
        "--output=app.ota",
    ],
};

#[test]
fn a_package_a_device_would_refuse_is_not_made() {
    PACKAGE.refuses("an image that was cut off", |folder| {
        edit(folder, "firmware.bin", |bytes| bytes.truncate(bytes.len() - 40));
    });
    PACKAGE.refuses("an image with a changed byte", |folder| {
        edit(folder, "firmware.bin", |bytes| bytes[5000] ^= 1);
    });
    PACKAGE.refuses_with("an image of another chip", |_| (), &["--chip=led=esp32s3"]);
    PACKAGE.refuses_with("a version that is not the one inside", |_| (), &["--version=9.9.9"]);
    PACKAGE.refuses("a slot that became too small", |folder| {
        replace(folder, "partitions.csv", "0x10000,  0x30000", "0x10000,  0x10000");
    });
    PACKAGE.refuses("the earlier release once more, as a lower one than the last", |folder| {
        let call = ["ota-package", "package", "--firmware=led=firmware.bin", "--output=earlier.ota"];
        assert_eq!(run(folder, &call).0, 0);
        fs::copy(folder.join("earlier.bin"), folder.join("firmware.bin")).unwrap();
    });
    PACKAGE.refuses("a previous package that is gone", |folder| {
        fs::remove_file(folder.join("earlier.ota")).unwrap();
    });
    PACKAGE.refuses_with("a delta from something else", |_| (), &["--from=led=partitions.csv"]);
    PACKAGE.refuses_with("a release without its signature", |_| (), &["--require-signature"]);
    PACKAGE.refuses("the table of another chip, with its bootloader elsewhere", |folder| {
        let from = fs::read(root().join("examples/firmware/esp32c3/partitions.bin")).unwrap();
        let mut entry = vec![0xAA, 0x50, 2, 0, 0, 0x10, 0, 0, 0, 0x70, 0, 0];
        entry.extend(b"bootloader");
        entry.resize(32, 0);
        // Rows up to the MD5 row, which then no longer holds: it is left out, as old tools did.
        let rows: Vec<u8> =
            from.chunks(32).take_while(|row| row.starts_with(&[0xAA, 0x50])).flatten().copied().collect();
        let mut table = [entry, rows].concat();
        table.resize(0xC00, 0xFF);
        fs::write(folder.join("partitions.csv"), table).unwrap();
        fs::write(folder.join("lw.toml"), "[ota-package]\nallow-legacy-table = true\n").unwrap();
    });
    PACKAGE.refuses("a previous package that was changed", |folder| {
        edit(folder, "earlier.ota", |bytes| bytes[3000] ^= 1);
    });
}
