//! When a version was published, where a lock file or a registry's copy says so.

use lw_dependencies::{MemoryTree, Options, Places};

use crate::common::{get, read_texts, read_with};

#[test]
fn the_first_file_of_a_python_package_says_when_it_was_published() {
    let uv = r#"version = 1
revision = 3

[[package]]
name = "app"
source = { virtual = "." }
dependencies = [{ name = "one" }, { name = "two" }]

[[package]]
name = "one"
version = "1.0"
source = { registry = "https://pypi.org/simple" }
sdist = { url = "https://files.pythonhosted.org/one-1.0.tar.gz", upload-time = "2024-05-02T10:00:01.250Z" }
wheels = [{ url = "https://files.pythonhosted.org/one-1.0-py3-none-any.whl", upload-time = "2024-05-02T09:59:59Z" }]

[[package]]
name = "two"
version = "1.0"
source = { registry = "https://pypi.org/simple" }
sdist = { url = "https://files.pythonhosted.org/two-1.0.tar.gz", upload-time = "last week" }
"#;
    let inventory = read_texts(&[("uv.lock", uv)]).unwrap();
    assert_eq!(get(&inventory, "one").released.as_deref(), Some("2024-05-02T09:59:59Z"));
    assert_eq!(get(&inventory, "two").released, None);
    let pylock = r#"lock-version = "1.0"
created-by = "somebody"

[[packages]]
name = "one"
version = "1.0"

[[packages.wheels]]
name = "one-1.0-py3-none-any.whl"
url = "https://files.pythonhosted.org/one-1.0-py3-none-any.whl"
upload-time = 2024-05-02T12:00:00+02:00

[packages.wheels.hashes]
sha256 = "abababababababababababababababababababababababababababababababab"
"#;
    let inventory = read_texts(&[("pylock.toml", pylock)]).unwrap();
    assert_eq!(get(&inventory, "one").released.as_deref(), Some("2024-05-02T10:00:00Z"));
}

#[test]
fn a_module_without_a_version_holds_the_time_of_its_commit_and_the_cache_that_of_others() {
    let project = MemoryTree::new([(
        "go.mod",
        "module example.org/app\n\ngo 1.22\n\nrequire (\n\tgolang.org/x/one v0.0.0-20191109021931-daa7c04131f5\n\tgolang.org/x/two v1.2.4-0.20200102030405-daa7c04131f5\n\tgolang.org/x/three v1.0.0\n\tgolang.org/x/four v1.0.0-20191309021931-daa7c04131f5\n)\n",
    )]);
    let cache = MemoryTree::new([(
        "cache/download/golang.org/x/three/@v/v1.0.0.info",
        r#"{"Version": "v1.0.0", "Time": "2021-06-07T08:09:10Z"}"#,
    )]);
    let places = Places { go_modules: Some(&cache), ..Places::of(&project) };
    let inventory = read_with(&places, "go.mod", &Options::default()).unwrap();
    let released = |name: &str| get(&inventory, &format!("golang.org/x/{name}")).released.as_deref();
    assert_eq!(released("one"), Some("2019-11-09T02:19:31Z"));
    assert_eq!(released("two"), Some("2020-01-02T03:04:05Z"));
    assert_eq!(released("three"), Some("2021-06-07T08:09:10Z"));
    assert_eq!(released("four"), None, "there is no thirteenth month");
}

#[test]
fn cargos_copy_of_the_index_says_when_a_crate_was_published() {
    let lock = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"itoa\", \"ryu\"]\n\n[[package]]\nname = \"itoa\"\nversion = \"1.0.1\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\n[[package]]\nname = \"ryu\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
    let project = MemoryTree::new([
        ("Cargo.lock", lock),
        ("Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\n"),
    ]);
    let itoa = "\x03\x02\x00\x00\x00etag: \"x\"\x001.0.10\x00{\"vers\":\"1.0.10\",\"pubtime\":\"2024-01-01T00:00:00Z\"}\x001.0.1\x00{\"vers\":\"1.0.1\",\"pubtime\":\"2023-01-01T00:00:00Z\"}\x00";
    // An index of before there were times.
    let ryu = "\x03\x02\x00\x00\x00etag: \"x\"\x001.0.0\x00{\"vers\":\"1.0.0\"}\x00";
    let home = MemoryTree::new([
        ("registry/src/index.crates.io-1949cf8c6b5b557f/other-1.0.0/Cargo.toml", ""),
        ("registry/index/index.crates.io-1949cf8c6b5b557f/.cache/it/oa/itoa", itoa),
        ("registry/index/index.crates.io-1949cf8c6b5b557f/.cache/3/r/ryu", ryu),
    ]);
    let places = Places { cargo_home: Some(&home), ..Places::of(&project) };
    let inventory = read_with(&places, "Cargo.lock", &Options::default()).unwrap();
    assert_eq!(get(&inventory, "itoa").released.as_deref(), Some("2023-01-01T00:00:00Z"));
    assert_eq!(get(&inventory, "ryu").released, None);
}
