//! What the tool reads and writes besides reports: nothing leaves the workspace, and nothing hangs.

use std::fs;

use lw_testkit::git::Scratch;

use crate::common::coverage_gate;

/// A tracefile in which a line of each file was hit.
fn tracefile(files: &[&str]) -> String {
    files.iter().map(|file| format!("SF:{file}\nDA:1,1\nend_of_record\n")).collect()
}

/// The text of all pages of a report.
fn pages(folder: &std::path::Path) -> String {
    let files = fs::read_dir(folder.join("files")).unwrap();
    files.map(|page| fs::read_to_string(page.unwrap().path()).unwrap()).collect()
}

#[test]
fn pages_show_the_text_of_tracked_files_only() {
    let repo = Scratch::new();
    let files = ["src/a.c", "gha-creds-1.json", ".env", "other/.git/config"];
    repo.commit(&[("src/a.c", "int tracked;\n")]);
    for file in &files[1..] {
        fs::create_dir_all(repo.path().join(file).parent().unwrap()).unwrap();
        fs::write(repo.path().join(file), "TOKEN\n").unwrap();
    }
    fs::write(repo.path().join("c.info"), tracefile(&files)).unwrap();
    let run = coverage_gate(repo.path(), &["--coverage=c.info", "--html=h"], &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.count("coverage.line.covered"), 4, "what is not shown counts");
    let text = pages(&repo.path().join("h"));
    assert!(text.contains("int tracked;") && text.contains("not tracked by git"));
    assert!(!text.contains("TOKEN"));
}

#[test]
fn too_few_threads_make_it_slower_and_no_defect() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["1.info", "2.info", "3.info"] {
        fs::write(folder.path().join(name), tracefile(&["a.c", "b.c"])).unwrap();
    }
    // No thread can have a stack of 64 TiB.
    let env = [("RUST_MIN_STACK", "70368744177664")];
    let run = coverage_gate(folder.path(), &["--coverage=*.info", "--html=h"], &env);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.count("coverage.line.covered"), 2);
}

#[cfg(unix)]
#[test]
fn a_report_whose_name_is_the_pattern_covers_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (path, hits) in [("cov/r/x.info", 0), ("cov/**/*.info", 1)] {
        fs::create_dir_all(folder.path().join(path).parent().unwrap()).unwrap();
        fs::write(folder.path().join(path), format!("SF:a.c\nDA:1,{hits}\nend_of_record\n")).unwrap();
    }
    let run = coverage_gate(folder.path(), &["--coverage=cov/**/*.info", "--min-line=80%"], &[]);
    assert_eq!(run.code, 1, "{}", run.stderr);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_page_is_not_written_through_a_link_out_of_the_workspace() {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().join("ws");
        fs::create_dir(&root).unwrap();
        fs::write(root.join("c.info"), tracefile(&["src/a.c"])).unwrap();
        let arguments = ["--coverage=c.info", "--html=h"];
        assert_eq!(coverage_gate(&root, &arguments, &[]).code, 0);
        let page = fs::read_dir(root.join("h/files")).unwrap().next().unwrap().unwrap().path();
        let victim = outside.path().join("victim");
        fs::write(&victim, "victim").unwrap();
        fs::remove_file(&page).unwrap();
        symlink("../../../victim", &page).unwrap();
        let run = coverage_gate(&root, &arguments, &[]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains("a symbolic link leads to"), "{}", run.stderr);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "victim");
        // So is one in the place of their folder.
        fs::remove_dir_all(root.join("h/files")).unwrap();
        fs::create_dir(outside.path().join("pages")).unwrap();
        symlink("../../pages", root.join("h/files")).unwrap();
        assert_eq!(coverage_gate(&root, &arguments, &[]).code, 2);
        assert_eq!(fs::read_dir(outside.path().join("pages")).unwrap().count(), 0);
    }

    #[test]
    fn a_report_or_source_that_is_a_fifo_hangs_nothing() {
        let repo = Scratch::new();
        repo.commit(&[]);
        let root = repo.path();
        fs::create_dir(root.join("src")).unwrap();
        for name in ["p.info", "src/p"] {
            assert!(Command::new("mkfifo").arg(root.join(name)).status().unwrap().success());
        }
        fs::write(root.join("c.info"), tracefile(&["src/p"])).unwrap();
        assert_eq!(coverage_gate(root, &["--coverage=p.info"], &[]).code, 3);
        assert_eq!(coverage_gate(root, &["--coverage=*.info"], &[]).code, 3, "it is not left out in silence");
        assert_eq!(
            coverage_gate(root, &["--coverage=c.info", "--baseline=p.info", "--ratchet=total"], &[]).code,
            3
        );
        assert_eq!(coverage_gate(root, &["--coverage=c.info", "--html=h"], &[]).code, 0);
        assert!(pages(&root.join("h")).contains("Only the lines the coverage report tells of are shown"));
    }

    #[test]
    fn errors_and_notes_quote_nothing_from_outside() {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().join("ws");
        fs::create_dir(&root).unwrap();
        fs::write(outside.path().join("npmrc"), "//registry/:_authToken=SECRET\n").unwrap();
        fs::write(outside.path().join("odd"), format!("{}SECRET:1\n", tracefile(&["a.c"]))).unwrap();
        symlink("../npmrc", root.join("cov.info")).unwrap();
        symlink("../odd", root.join("odd.info")).unwrap();
        fs::write(root.join("c.info"), tracefile(&["a.c"])).unwrap();
        for (arguments, code) in [
            (&["--coverage=cov.info"][..], 3),
            (&["--coverage=c.info", "--diff-file=cov.info"], 3),
            (&["--coverage=odd.info"], 0),
        ] {
            let run = coverage_gate(&root, &[arguments, &["--write=json=r.json"]].concat(), &[]);
            assert_eq!(run.code, code, "{}", run.stderr);
            let report = fs::read_to_string(root.join("r.json")).unwrap_or_default();
            assert!(!run.stderr.contains("SECRET") && !report.contains("SECRET"), "{}{report}", run.stderr);
        }
    }
}
