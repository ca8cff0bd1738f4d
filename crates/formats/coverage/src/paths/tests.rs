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
    for folder in ["tests", "tests/", "./tests", "./tests/**"] {
        let filter = Filter::new([], [folder.to_owned()]).unwrap();
        let kept = ["tests/a.c", "tests/x/a.c", "tests.c", "src/tests/a.c"].map(|path| filter.keeps(path));
        assert_eq!(kept, [false, false, true, true], "{folder}");
    }
    assert!(matches!(Filter::new(["a{b".into()], []), Err(PathError::Pattern { .. })));
}

fn report(paths: &[&str]) -> Coverage {
    let text: String = paths.iter().map(|path| format!("SF:{path}\nDA:1,1\nend_of_record\n")).collect();
    crate::read(text.as_bytes()).unwrap()
}

fn mapped(mapper: &Mapper<'_>, paths: &[&str]) -> (Vec<String>, Vec<String>) {
    let mapped = mapper.map(report(paths)).unwrap();
    (mapped.coverage.files.into_keys().collect(), mapped.unknown.into_keys().collect())
}

#[test]
fn relative_paths_are_those_of_the_package_the_report_lies_in() {
    let index: RepoIndex = [
        "lib/main.dart",
        "pkgs/foo/lib/main.dart",
        "pkgs/bar/lib/main.dart",
        "pkgs/shared/x.dart",
        "main.go",
        "svc/a/main.go",
    ]
    .into_iter()
    .collect();
    let of = |folder: &str| Mapper::new(&index).folder(folder);
    for (folder, path, file) in [
        ("pkgs/foo/coverage", "lib/main.dart", "pkgs/foo/lib/main.dart"),
        ("pkgs/bar/build/out/coverage", "lib/main.dart", "pkgs/bar/lib/main.dart"),
        ("pkgs/foo", "../shared/x.dart", "pkgs/shared/x.dart"),
        // As seen from the docker image that ran the tests of this package.
        ("pkgs/foo/coverage", "/app/lib/main.dart", "pkgs/foo/lib/main.dart"),
        ("svc/a", "example.com/a/main.go", "svc/a/main.go"),
        ("coverage", "lib/main.dart", "lib/main.dart"),
        ("", "lib/main.dart", "lib/main.dart"),
        ("/tmp/elsewhere", "lib/main.dart", "lib/main.dart"),
    ] {
        assert_eq!(mapped(&of(folder), &[path]).0, [file], "{path} of a report in {folder}");
    }
    // What the checkout's own folder is in front of is not relative to any package.
    let absolute = of("pkgs/foo").strip_prefix("/home/ci/repo");
    assert_eq!(mapped(&absolute, &["/home/ci/repo/lib/main.dart"]).0, ["lib/main.dart"]);
}

#[test]
fn most_of_a_reports_paths_decide_which_folder_is_its_package() {
    let index: RepoIndex = ["src/a.c", "src/b.c", "src/c.c", "build/src/a.c"].into_iter().collect();
    let (known, _) = mapped(&Mapper::new(&index).folder("build"), &["src/a.c", "src/b.c", "src/c.c"]);
    assert_eq!(known, ["src/a.c", "src/b.c", "src/c.c"]);
}

#[test]
fn generated_files_of_two_packages_stay_two() {
    let index: RepoIndex = ["a/src/x.c", "b/src/x.c"].into_iter().collect();
    let of = |folder: &str| mapped(&Mapper::new(&index).folder(folder), &["src/x.c", "gen/y.c"]);
    assert_eq!(of("a/out"), (vec!["a/src/x.c".into()], vec!["a/gen/y.c".into()]));
    assert_eq!(of("b/out"), (vec!["b/src/x.c".into()], vec!["b/gen/y.c".into()]));
}

#[test]
fn the_module_of_a_report_decides_between_files_of_one_package_name() {
    let index = index();
    let of = |folder: &str| Mapper::new(&index).folder(folder).map(report(&["org/x/Util.java"]));
    let files = |folder: &str| of(folder).unwrap().coverage.files.into_keys().collect::<Vec<_>>();
    assert_eq!(files("web/target/site/jacoco"), ["web/src/main/java/org/x/Util.java"]);
    assert_eq!(files("core/build/reports"), ["core/src/main/java/org/x/Util.java"]);
    assert!(of("").is_err());
}

#[test]
fn named_roots_come_before_a_file_of_the_same_name_in_the_root() {
    let index: RepoIndex = ["lib/a.c", "one/lib/a.c", "two/lib/a.c", "here/lib/a.c"].into_iter().collect();
    let resolve = |mapper: Mapper<'_>| mapper.resolve("lib/a.c").map(|file| file.map(str::to_owned));
    assert_eq!(resolve(Mapper::new(&index).root("one")), Ok(Some("one/lib/a.c".into())));
    assert_eq!(resolve(Mapper::new(&index).working_folder("here")), Ok(Some("here/lib/a.c".into())));
    assert_eq!(
        resolve(Mapper::new(&index).root("one").working_folder("here")),
        Ok(Some("one/lib/a.c".into()))
    );
    assert_eq!(resolve(Mapper::new(&index).root("one").own_root("two")), Ok(Some("two/lib/a.c".into())));
    assert_eq!(resolve(Mapper::new(&index).root("none")), Ok(Some("lib/a.c".into())));
    // A root that has not this file does not make it ambiguous.
    assert_eq!(resolve(Mapper::new(&index).root("one").root("none")), Ok(Some("one/lib/a.c".into())));
    // Also before the package the report lies in.
    let named = Mapper::new(&index).folder("one/coverage").own_root("two");
    assert_eq!(mapped(&named, &["lib/a.c"]).0, ["two/lib/a.c"]);
}

#[test]
fn the_name_of_a_file_alone_is_not_enough_for_a_package() {
    let index: RepoIndex = ["web/index.js", "web/src/app.js"].into_iter().collect();
    let (known, unknown) =
        mapped(&Mapper::new(&index).folder("web/coverage"), &["src/app.js", "node_modules/x/index.js"]);
    assert_eq!((known, unknown), (vec!["web/src/app.js".into()], vec!["web/node_modules/x/index.js".into()]));
}

#[test]
fn paths_of_windows_in_another_case_are_found_and_others_are_told() {
    let index: RepoIndex = ["lib/Util.cs", "lib/Two.cs", "lib/two.cs"].into_iter().collect();
    let mapper = Mapper::new(&index);
    assert_eq!(mapped(&mapper, &["c:\\agent\\s\\LIB\\util.cs"]).0, ["lib/Util.cs"]);
    assert_eq!(mapped(&mapper, &["LIB\\util.cs"]).0, ["lib/Util.cs"]);
    // Two files differ only in case, so neither is meant for sure.
    assert_eq!(mapped(&mapper, &["c:\\s\\lib\\TWO.cs"]).1, ["c:\\s\\lib\\TWO.cs"]);
    let told = mapper.map(report(&["LIB/util.cs"])).unwrap();
    assert_eq!(told.other_case, [("LIB/util.cs".to_owned(), "lib/Util.cs".to_owned())]);
    assert!(told.coverage.files.is_empty());
}

#[test]
fn kotlin_leaves_out_the_folders_of_its_root_package() {
    let index: RepoIndex = ["src/main/kotlin/Foo.kt", "src/main/kotlin/sub/Bar.kt", "a/Two.kt", "b/Two.kt"]
        .into_iter()
        .collect();
    let mapper = Mapper::new(&index);
    let (known, unknown) = mapped(&mapper, &["com/acme/Foo.kt", "com/acme/sub/Bar.kt", "com/acme/Two.kt"]);
    assert_eq!(known, ["src/main/kotlin/Foo.kt", "src/main/kotlin/sub/Bar.kt"]);
    assert_eq!(unknown, ["com/acme/Two.kt"]);
    // Another package's file of the same name is not this one.
    let (known, unknown) = mapped(&mapper, &["com/acme/sub/Bar.kt", "com/acme/gen/Bar.kt"]);
    assert_eq!(
        (known, unknown),
        (vec!["src/main/kotlin/sub/Bar.kt".into()], vec!["com/acme/gen/Bar.kt".into()])
    );
}
