use super::*;

fn index() -> RepoIndex {
    [
        "README.md",
        "main.go",
        "pkg/main.go",
        "pkg/né w.py",
        "lib/src/a.c",
        "app/src/a.c",
        "lib/include/vector",
        "core/src/main/java/org/x/Util.java",
        "web/src/main/java/org/x/Util.java",
        "core/src/main/java/org/x/Core.java",
        "back\\slash.c",
    ]
    .into_iter()
    .collect()
}

#[test]
fn one_spelling() {
    for (path, normal) in [
        ("./a//b/../c.c", "a/c.c"),
        ("C:\\x\\.\\y.cs", "C:/x/y.cs"),
        ("C:\\..\\y.cs", "C:/y.cs"),
        ("/../a", "/a"),
        ("../../a.c", "a.c"),
        ("file:///src/a.ts", "/src/a.ts"),
        ("", ""),
    ] {
        assert_eq!(normalize(path), normal, "{path}");
    }
}

#[test]
fn a_path_is_found_by_its_longest_end() {
    let index = index();
    let mapper = Mapper::new(&index);
    for (path, file) in [
        ("README.md", Some("README.md")),
        ("./pkg/x/../né w.py", Some("pkg/né w.py")),
        ("C:\\ci\\repo\\lib\\src\\a.c", Some("lib/src/a.c")),
        ("/home/ci/repo/pkg/main.go", Some("pkg/main.go")),
        ("/home/ci/repo/main.go", Some("main.go")),
        ("org/x/Core.java", Some("core/src/main/java/org/x/Core.java")),
        ("Core.java", Some("core/src/main/java/org/x/Core.java")),
        ("web/org/x/Util.java", Some("web/src/main/java/org/x/Util.java")),
        ("/usr/include/c++/12/vector", None),
        ("nowhere.c", None),
        ("back\\slash.c", Some("back\\slash.c")),
        ("", None),
        ("/", None),
    ] {
        assert_eq!(mapper.resolve(path), Ok(file), "{path}");
    }
}

#[test]
fn an_ambiguous_path_names_both_files() {
    let index = index();
    let error = Mapper::new(&index).resolve("src/a.c").unwrap_err();
    assert_eq!(error.to_string(), "`src/a.c` of the report may be `app/src/a.c` or `lib/src/a.c`");
    assert!(Mapper::new(&index).resolve("/other/src/a.c").is_err());
    assert!(Mapper::new(&index).resolve("org/x/Util.java").is_err());
}

#[test]
fn prefixes_and_roots_decide() {
    let index = index();
    let go = Mapper::new(&index).strip_prefix("example.com/acme/pkg");
    assert_eq!(go.resolve("example.com/acme/pkg/main.go"), Ok(Some("main.go")));
    assert_eq!(go.resolve("example.com/acme/pkg/pkg/main.go"), Ok(Some("pkg/main.go")));
    assert_eq!(go.resolve("example.com/acme/pkgother/README.md"), Ok(Some("README.md")));
    let rooted = Mapper::new(&index).root("app");
    assert_eq!(rooted.resolve("src/a.c"), Ok(Some("app/src/a.c")));
    assert!(Mapper::new(&index).root("app").root("lib").resolve("src/a.c").is_err());
}

#[test]
fn the_sources_of_a_report_are_its_roots() {
    let report = |source: &str| {
        let xml = format!(
            "<coverage><sources><source>--dummy</source><source>{source}</source></sources><packages><class \
             filename='src/a.c'><lines><line number='1' hits='1'/></lines></class><class filename='z.c'><lines/>\
             </class></packages></coverage>"
        );
        crate::read(xml.as_bytes()).unwrap()
    };
    let index = index();
    let mapped = Mapper::new(&index).map(report("/home/ci/repo/lib")).unwrap();
    assert_eq!(mapped.coverage.files.keys().collect::<Vec<_>>(), ["lib/src/a.c"]);
    assert_eq!(mapped.unknown.keys().collect::<Vec<_>>(), ["z.c"]);
    assert!(Mapper::new(&index).map(report("/home/ci/repo")).is_err());
}

#[test]
fn patterns() {
    let filter = Filter::new(["src/**".into(), "*.c".into()], ["**/gen/**".into()]).unwrap();
    let kept = ["src/a.c", "src/gen/a.c", "a.c", "b/a.c"].map(|path| filter.keeps(path));
    assert_eq!(kept, [true, false, true, false]);
    assert!(Filter::default().keeps("anything"));
    assert!(matches!(Filter::new(["a{b".into()], []), Err(PathError::Pattern { .. })));
}
