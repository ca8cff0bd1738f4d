//! GNU tar, Python's tarfile and zstd read what we write, and the other way round.

use std::fs;
use std::path::Path;
use std::process::Command;

use lw_package::lw::Compression;
use lw_package::{HeaderProblem, Manifest, ReadError};
use lw_testkit::program;

use crate::common::{Input, expected, noise, sample, unpack, write};

/// Runs a judge and returns what it prints.
fn judge(folder: &Path, name: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new(program(name)?).current_dir(folder).args(arguments).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {complaint}");
    assert_eq!(complaint, "", "{name} {arguments:?}");
    Some(output.stdout)
}

/// The paths of a package in order, as the manifest has them.
fn paths(manifest: &Manifest) -> Vec<String> {
    let members = manifest.members().map(|member| member.path().to_owned());
    std::iter::once("manifest.json".to_owned()).chain(members).collect()
}

#[test]
fn gnu_tar_lists_and_extracts_ours() {
    let folder = tempfile::tempdir().unwrap();
    let mut inputs = sample();
    inputs.iter_mut().for_each(|input| input.compression = Compression::None);
    let (bytes, package) = write(&inputs, None, 512);
    fs::write(folder.path().join("p.tar"), &bytes).unwrap();
    let Some(list) = judge(folder.path(), "tar", &["tvf", "p.tar", "--full-time", "--numeric-owner"]) else {
        return;
    };
    let list = String::from_utf8(list).unwrap();
    let names: Vec<_> = list.lines().map(|line| line.rsplit(' ').next().unwrap()).collect();
    assert_eq!(names, paths(&package.manifest));
    assert!(list.lines().all(|line| line.starts_with("-rw-r--r-- 0/0 ")), "{list}");
    judge(folder.path(), "tar", &["xf", "p.tar"]);
    assert_eq!(fs::read(folder.path().join("manifest.json")).unwrap(), package.manifest_json);
    for (path, content) in expected(&inputs, &package.manifest) {
        assert_eq!(fs::read(folder.path().join(&path)).unwrap(), content, "{path}");
    }
}

#[test]
fn ours_reads_what_gnu_tar_packs_again() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = sample();
    let (bytes, package) = write(&inputs, None, 512);
    fs::write(folder.path().join("p.tar"), &bytes).unwrap();
    if judge(folder.path(), "tar", &["xf", "p.tar"]).is_none() {
        return;
    }
    let paths = paths(&package.manifest);
    let pack = |format: &str| {
        let mut arguments = vec!["cf", "q.tar", format];
        arguments.extend(paths.iter().map(String::as_str));
        judge(folder.path(), "tar", &arguments);
        unpack(&fs::read(folder.path().join("q.tar")).unwrap())
    };
    for format in ["--format=ustar", "--format=gnu"] {
        let (manifest, collect) = pack(format).unwrap();
        assert_eq!(manifest, package.manifest, "{format}");
        assert_eq!(collect.members, expected(&inputs, &manifest), "{format}");
    }
    // Extended headers could say anything about the member after them.
    match pack("--format=pax") {
        Err(ReadError::Header { offset: 0, problem: HeaderProblem::Type { what, .. } }) => {
            assert_eq!(what, "a pax extension");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn python_finds_the_same_members() {
    let folder = tempfile::tempdir().unwrap();
    let mut inputs = sample();
    inputs.iter_mut().for_each(|input| input.compression = Compression::None);
    let (bytes, package) = write(&inputs, None, 512);
    fs::write(folder.path().join("p.tar"), &bytes).unwrap();
    let script = "import hashlib, tarfile
for m in tarfile.open('p.tar', 'r:'):
    assert m.isreg() and (m.mode, m.uid, m.gid, m.mtime, m.uname, m.gname) == (0o644, 0, 0, 0, '', ''), m.get_info()
    print(m.name, m.size, hashlib.sha256(tarfile.open('p.tar').extractfile(m).read()).hexdigest())";
    let Some(list) = judge(folder.path(), "python3", &["-c", script]) else { return };
    let list = String::from_utf8(list).unwrap();
    let members = package.manifest.members();
    let ours: String = members
        .map(|member| format!("{} {} {}\n", member.path(), member.stored_size(), member.stored_sha256()))
        .collect();
    assert_eq!(list.split_once('\n').unwrap().1, ours);
}

#[test]
fn zstd_decodes_ours() {
    let folder = tempfile::tempdir().unwrap();
    for (index, bytes) in [Vec::new(), vec![7; 1_000_000], noise(300_000, 1), b"firmware ".repeat(50_000)]
        .into_iter()
        .enumerate()
    {
        let inputs = [Input { board: "b".into(), compression: Compression::Zstd, bytes, deltas: Vec::new() }];
        let (tar, package) = write(&inputs, None, 4096);
        let stored = package.manifest.images[0].encoding.unwrap();
        let start = 512 + package.manifest_json.len().next_multiple_of(512) + 512;
        let frame = &tar[start..start + usize::try_from(stored.size).unwrap()];
        fs::write(folder.path().join("x.zst"), frame).unwrap();
        let Some(plain) = judge(folder.path(), "zstd", &["-dcq", "x.zst"]) else { return };
        assert!(plain == inputs[0].bytes, "case {index}");
        let (manifest, collect) = unpack(&tar).unwrap();
        assert_eq!(collect.members, expected(&inputs, &manifest));
    }
}

/// A real application, beside what the reference makes of it.
#[test]
fn our_frames_are_about_as_small_as_zstd_9() {
    let Some(image) = lw_testkit::shared_fixture("ota/esp-app/esp32-s3-hello_world-new.bin") else { return };
    let bytes = fs::read(&image).unwrap();
    let inputs = [Input { board: "b".into(), compression: Compression::Zstd, bytes, deltas: Vec::new() }];
    let (_, package) = write(&inputs, None, 4096);
    let ours = package.manifest.images[0].encoding.unwrap().size;
    let folder = tempfile::tempdir().unwrap();
    let image = image.to_str().unwrap();
    let Some(theirs) = judge(folder.path(), "zstd", &["-9", "-cq", image]) else { return };
    assert!(ours * 100 <= theirs.len() as u64 * 102, "{ours} bytes, zstd -9 makes {}", theirs.len());
}
