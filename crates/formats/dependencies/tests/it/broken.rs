//! Files of Python, Go, Conan and vcpkg that are cut off, changed, or made to hurt.

use std::fmt::Write as _;

use lw_dependencies::{Error, MemoryTree, Tree, golang};
use lw_inventory::{Inventory, Scope};
use lw_model::Diagnose as _;
use proptest::prelude::*;

use crate::python_common::{all_reached, check, data, names, one, read, read_text};

/// Every reader, its file, and a file of ours that it reads.
const FILES: [(&str, &str, &str, &str); 11] = [
    ("uv", "uv.lock", "python/uv", "uv.lock"),
    ("poetry", "poetry.lock", "python/poetry-1.1", "poetry.lock"),
    ("poetry", "poetry.lock", "python/poetry-2.1", "poetry.lock"),
    ("pipenv", "Pipfile.lock", "python/pipenv", "Pipfile.lock"),
    ("pylock", "pylock.toml", "python/pylock", "pylock.toml"),
    ("requirements", "requirements.txt", "python/requirements", "requirements.txt"),
    ("go", "go.mod", "go/module", "go.mod"),
    ("conan", "conan.lock", "conan/conan1", "conan.lock"),
    ("conan", "conan.lock", "conan/conan2", "conan.lock"),
    ("conan", "conanfile.txt", "conan/conan2", "conanfile.txt"),
    ("go", "go.sum", "go/module", "go.sum"),
];

fn sound(read: &Result<Inventory, Error>, lines: usize) {
    match read {
        Ok(inventory) => {
            check(inventory);
            all_reached(inventory);
        }
        Err(error) => {
            assert!(!error.to_string().is_empty() && error.hint().is_some());
            assert!(
                error.line.is_none_or(|line| line >= 1 && line as usize <= lines + 1),
                "{error} of {lines}"
            );
        }
    }
}

/// Reads bytes in the place of a file.
fn read_bytes(reader: &str, file: &str, bytes: &[u8]) {
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    let tree = match file {
        "go.sum" => MemoryTree::new([("go.mod", b"module x\n".to_vec()), (file, bytes.to_vec())]),
        _ => MemoryTree::new([(file, bytes.to_vec())]),
    };
    let file = if file == "go.sum" { "go.mod" } else { file };
    sound(&read(&tree, reader, file), lines);
}

#[test]
fn a_file_that_is_cut_off_is_read_or_refused_with_its_line() {
    for (reader, file, folder, name) in FILES {
        let bytes = data(folder).read(name).unwrap().unwrap().into_owned();
        let step = (bytes.len() / 150).max(1);
        for end in (0..bytes.len()).step_by(step) {
            read_bytes(reader, file, &bytes[..end]);
        }
    }
}

#[test]
fn a_lock_without_its_end_is_no_shorter_lock() {
    // Formats that end with something, or that are a tree, are never read by half.
    for (reader, file, folder, name) in FILES {
        if ["poetry", "pipenv", "conan"].contains(&reader) && file != "conanfile.txt" {
            let bytes = data(folder).read(name).unwrap().unwrap().into_owned();
            for share in [10, 30, 50, 70, 90] {
                let half = MemoryTree::new([(file, bytes[..bytes.len() * share / 100].to_vec())]);
                assert!(read(&half, reader, file).is_err(), "{file} at {share} %");
            }
        }
    }
}

#[test]
fn what_nests_without_end_is_refused() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let json = deep("[", "]");
    let toml = format!("a = {}", deep("[", "]"));
    for (reader, file) in [("uv", "uv.lock"), ("poetry", "poetry.lock"), ("pylock", "pylock.toml")] {
        assert!(read_text(reader, file, &toml).is_err(), "{file}");
        assert!(read_text(reader, file, &format!("[{}]", "a.".repeat(100_000))).is_err(), "{file}");
    }
    for (reader, file) in [("pipenv", "Pipfile.lock"), ("conan", "conan.lock"), ("vcpkg", "vcpkg.json")] {
        assert!(read_text(reader, file, &json).is_err(), "{file}");
    }
    let marker = format!("a ; {}", "(".repeat(100_000));
    assert!(read_text("requirements", "requirements.txt", &marker).is_err());
    let files = (0..100).map(|n| (format!("{n}.txt"), format!("-r {}.txt\n", n + 1)));
    let tree = MemoryTree::new(files.chain([("requirements.txt".to_owned(), "-r 0.txt\n".to_owned())]));
    assert!(
        read(&tree, "requirements", "requirements.txt")
            .unwrap_err()
            .to_string()
            .contains("include each other")
    );
    // Each file includes the next one twice: 2^30 readings, if nobody counted.
    let files = (0..30).map(|n| (format!("{n}.txt"), format!("-r {0}.txt\n-r {0}.txt\n", n + 1)));
    let last = [
        ("requirements.txt".to_owned(), "-r 0.txt\n".to_owned()),
        ("30.txt".to_owned(), "a==1\n".to_owned()),
    ];
    let tree = MemoryTree::new(files.chain(last));
    assert!(read(&tree, "requirements", "requirements.txt").unwrap_err().to_string().contains("more than"));
    let groups = "[project]\nname = 'x'\n[dependency-groups]\na = [{ include-group = 'b' }, { include-group = 'b' }]\nb = [{ include-group = 'a' }, { include-group = 'a' }]\n";
    let tree = MemoryTree::new([("pyproject.toml", groups), ("requirements.txt", "a==1\n")]);
    sound(&read(&tree, "requirements", "requirements.txt"), 5);
}

#[test]
fn twenty_thousand_packages_are_read() {
    const COUNT: usize = 20_000;
    let mut uv = "version = 1\n[[package]]\nname = 'app'\nversion = '1'\nsource = { virtual = '.' }\ndependencies = [{ name = 'p0' }]\n".to_owned();
    let mut poetry = String::new();
    let mut requirements = String::new();
    let mut go = "module x\ngo 1.21\nrequire (\n".to_owned();
    let mut conan = "{\"version\": \"0.5\", \"requires\": [".to_owned();
    for n in 0..COUNT {
        let next = n + 1;
        let needs =
            if next < COUNT { format!("dependencies = [{{ name = 'p{next}' }}]\n") } else { String::new() };
        write!(uv, "[[package]]\nname = 'p{n}'\nversion = '1'\nsource = {{ registry = 'https://pypi.org/simple' }}\n{needs}").unwrap();
        let needs =
            if next < COUNT { format!("[package.dependencies]\np{next} = '*'\n") } else { String::new() };
        write!(poetry, "[[package]]\nname = 'p{n}'\nversion = '1'\n{needs}").unwrap();
        writeln!(requirements, "p{n}==1").unwrap();
        writeln!(go, "x.org/p{n} v1.0.0").unwrap();
        write!(conan, "{}\"p{n}/1\"", if n > 0 { ",\n" } else { "" }).unwrap();
    }
    poetry.push_str("[metadata]\nlock-version = '2.1'\n");
    go.push_str(")\n");
    conan.push_str("]}");
    for (reader, file, text) in [
        ("uv", "uv.lock", uv),
        ("poetry", "poetry.lock", poetry),
        ("requirements", "requirements.txt", requirements),
        ("go", "go.mod", go),
        ("conan", "conan.lock", conan),
    ] {
        let inventory = read_text(reader, file, &text).unwrap();
        assert_eq!(inventory.len(), COUNT, "{file}");
        all_reached(&inventory);
    }
}

#[test]
fn more_than_anything_real_is_refused() {
    let requirements: String = (0..200_001).fold(String::new(), |mut text, n| {
        let _ = writeln!(text, "p{n}");
        text
    });
    let error = read_text("requirements", "requirements.txt", &requirements).unwrap_err();
    assert!(error.to_string().contains("entries"), "{error}");
    let huge = vec![b' '; (64 << 20) + 1];
    let error = read(&MemoryTree::new([("uv.lock", huge)]), "uv", "uv.lock").unwrap_err();
    assert!(error.to_string().contains("bytes"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_file_is_read_or_refused(which in 0..FILES.len(), at in 0.0..1.0f64, with in ".{0,12}", cut in 0..40usize) {
        let (reader, file, folder, name) = FILES[which];
        let mut bytes = data(folder).read(name).unwrap().unwrap().into_owned();
        let at = (bytes.len() as f64 * at) as usize;
        bytes.splice(at..(at + cut).min(bytes.len()), with.bytes());
        read_bytes(reader, file, &bytes);
    }

    #[test]
    fn any_text_is_a_list_of_requirements_or_none(text in "([a-zA-Z0-9_.-]{1,5}|[ \n\\\\#;@=<>~!'\"\\[\\](),/:$]|-r |-e |--hash=sha256:|git\\+https://u:p@h/|==1){0,40}") {
        read_bytes("requirements", "requirements.txt", text.as_bytes());
    }

    #[test]
    fn any_text_is_a_go_module_or_none(text in "(module |require |replace |exclude |retract |=> |[a-z./]{1,6}|v1\\.0|[ \n\t()\"`,]|//){0,40}") {
        read_bytes("go", "go.mod", format!("module x\n{text}").as_bytes());
    }

    #[test]
    fn any_bytes_behind_the_mark_are_information_of_a_build_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut image = b"\xff Go buildinf:\x08\x02".to_vec();
        image.resize(32, 0);
        image.extend(bytes);
        if let Ok(Some(inventory)) = golang::read_binary(&image, "app") {
            check(&inventory);
        }
    }

    /// A package of a graph is required when a way of required edges leads to it, whatever else leads there.
    #[test]
    fn scopes_of_uv_are_those_of_the_best_way(edges in proptest::collection::vec((0..8usize, 0..8usize), 0..16), dev in proptest::collection::vec(0..8usize, 0..4), main in proptest::collection::vec(0..8usize, 0..4)) {
        let list = |to: &[usize]| to.iter().map(|n| format!("{{ name = 'p{n}' }}")).collect::<Vec<_>>().join(", ");
        let mut lock = format!("version = 1\n[[package]]\nname = 'app'\nversion = '1'\nsource = {{ virtual = '.' }}\ndependencies = [{}]\n[package.dev-dependencies]\ndev = [{}]\n", list(&main), list(&dev));
        for n in 0..8 {
            let to: Vec<_> = edges.iter().filter(|(from, _)| *from == n).map(|(_, to)| *to).collect();
            let _ = write!(lock, "[[package]]\nname = 'p{n}'\nversion = '1'\nsource = {{ registry = 'https://pypi.org/simple' }}\ndependencies = [{}]\n", list(&to));
        }
        let inventory = read_text("uv", "uv.lock", &lock).unwrap();
        check(&inventory);
        all_reached(&inventory);
        prop_assert_eq!(names(&inventory).len(), 8);
        let closure = |starts: &[usize]| {
            let mut known = starts.to_vec();
            let mut at = 0;
            while at < known.len() {
                let next: Vec<_> = edges.iter().filter(|(from, _)| *from == known[at]).map(|(_, to)| *to).collect();
                known.extend(next.into_iter().filter(|to| !known.contains(to)).collect::<std::collections::BTreeSet<_>>());
                at += 1;
            }
            known
        };
        let (required, excluded) = (closure(&main), closure(&dev));
        for n in 0..8 {
            let expected = if !required.contains(&n) && excluded.contains(&n) { Scope::Excluded } else { Scope::Required };
            prop_assert_eq!(one(&inventory, &format!("p{n}")).scope, expected);
        }
    }
}
