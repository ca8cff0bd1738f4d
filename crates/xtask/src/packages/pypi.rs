//! Wheels of PyPI, one per platform, with the binary where pip puts it beside Python's own programs
//! (<https://packaging.python.org/en/latest/specifications/binary-distribution-format/>).

use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};

use super::archive::{self, File};
use super::{Platform, REPOSITORY, SUMMARY};

const NAME: &str = "lw-actions";

/// The wheels by the names of their files.
pub(super) fn wheels(
    binaries: &[(&Platform, Vec<u8>)],
    licences: &[(&str, &[u8])],
) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let stem = format!("{}-{}", NAME.replace('-', "_"), lw_cli::VERSION);
    let mut made = Vec::new();
    for (platform, binary) in binaries {
        let info = format!("{stem}.dist-info");
        let tags: String = platform.wheel.iter().map(|tag| format!("Tag: py3-none-{tag}\n")).collect();
        let wheel =
            format!("Wheel-Version: 1.0\nGenerator: lw-actions xtask\nRoot-Is-Purelib: false\n{tags}");
        let mut files =
            vec![File::program(format!("{stem}.data/scripts/{}", platform.program()), binary.clone())];
        files.extend(
            licences
                .iter()
                .map(|(name, bytes)| File::data(format!("{info}/licenses/{name}"), bytes.to_vec())),
        );
        files.push(File::data(format!("{info}/METADATA"), metadata(licences).into_bytes()));
        files.push(File::data(format!("{info}/WHEEL"), wheel.into_bytes()));
        let mut record: String = files
            .iter()
            .map(|file| {
                let sum = Base64UrlUnpadded::encode_string(&Sha256::digest(&file.bytes));
                format!("{},sha256={sum},{}\n", file.path, file.bytes.len())
            })
            .collect();
        record.push_str(&format!("{info}/RECORD,,\n"));
        files.push(File::data(format!("{info}/RECORD"), record.into_bytes()));
        made.push((format!("{stem}-py3-none-{}.whl", platform.wheel.join(".")), archive::zip(&files)?));
    }
    Ok(made)
}

fn metadata(licences: &[(&str, &[u8])]) -> String {
    let files: String = licences.iter().map(|(name, _)| format!("License-File: {name}\n")).collect();
    format!(
        "Metadata-Version: 2.4\nName: {NAME}\nVersion: {}\nSummary: {SUMMARY}\nLicense-Expression: MIT OR Apache-2.0\n{files}Project-URL: Source, {REPOSITORY}\nRequires-Python: >=3.8\nDescription-Content-Type: text/markdown\n\n# lw\n\n{SUMMARY}. See [{REPOSITORY}]({REPOSITORY}).\n\n```sh\nuvx --from {NAME} lw list\n```\n",
        lw_cli::VERSION
    )
}
