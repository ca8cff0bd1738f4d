//! Any bytes as a file of any kind: refused, or every version in it can be replaced, is found again, and nothing else changed. And
//! as the list of a workspace, which has no version.

use lw_version_files::{Kind, Names, NewVersion, pnpm_members, read, write};

const KINDS: [Kind; 12] = [
    Kind::Text,
    Kind::CargoToml,
    Kind::CargoLock,
    Kind::Pyproject,
    Kind::PackageJson,
    Kind::PackageLock,
    Kind::Cmake,
    Kind::IdfComponent,
    Kind::LibraryJson,
    Kind::LibraryProperties,
    Kind::PlatformioIni,
    Kind::Header,
];

fuzz_target!(|data: &[u8]| {
    let Some((first, bytes)) = data.split_first() else { return };
    let _ = pnpm_members(bytes);
    let Some(kind) = KINDS.get(usize::from(*first) % KINDS.len()).copied() else { return };
    let ini_key = if *first >= 128 { "-DAPP_VERSION" } else { "custom_version" };
    let names = Names { ini_key: ini_key.into(), macro_name: None };
    let Ok(before) = read(kind, bytes, &names) else { return };
    let new = NewVersion { text: "77.88.99".into(), numbers: vec![77, 88, 99], prerelease: String::new() };
    let bumped = write(bytes, &before.places, &new).expect("what was read can be written");
    let after = read(kind, &bumped, &names).expect("what was written can be read");
    assert_eq!(before.places.len(), after.places.len());
    for (old, new) in before.places.iter().zip(&after.places) {
        assert_eq!((&old.what, old.line), (&new.what, new.line));
    }
});
