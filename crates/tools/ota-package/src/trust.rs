//! Whose signatures count, and whether the files of a run have them.

use std::path::Path;
use std::time::Duration;

use lw_cli::{Context, Error};
use lw_firmware::esp_image::ChipId;
use lw_model::{Align, Cell, Fact, Report, Table};
use lw_package::Kind;
use lw_signed::{Accepted, Chip, KeyReader, Keys, ReadKeys, Rejected, Role};

use crate::args::TrustArgs;
use crate::read::OpenedPackage;
use crate::scan::Checked;

/// The keys that `expect-key` and `known-key` name.
#[derive(Debug)]
pub(crate) struct Trust {
    keys: Keys,
    /// The trusted keys that signed what was judged so far.
    signers: Vec<String>,
    has_judged: bool,
}

impl Trust {
    /// Reads the keys; without any, nothing is judged.
    ///
    /// # Errors
    /// When one cannot be read or must not be trusted, and when keys are given of which none is trusted.
    pub(crate) fn read(args: &TrustArgs, cx: &Context, report: &mut Report) -> Result<Self, Error> {
        let mut reader = KeyReader::new("ota-package", Duration::from_secs(cx.now()), args.allow_test_key);
        let file = |path: &str| {
            let path = Path::new(path);
            Ok::<_, Error>((cx.display_path(path), cx.open(path)?))
        };
        reader.add_named(Role::Trusted, "expect-key", &args.expect_key, file)?;
        reader.add_named(Role::Known, "known-key", &args.known_key, file)?;
        let ReadKeys { keys, findings, .. } = reader.finish();
        findings.into_iter().for_each(|finding| report.add_finding(finding));
        if keys.is_empty() && !keys.known.is_empty() {
            return Err(Error::usage("no key is trusted: nothing can be verified")
                .hint("give --expect-key NAME=FILE; --known-key only tells who signed"));
        }
        Ok(Self { keys, signers: Vec::new(), has_judged: false })
    }

    /// Whether signatures are judged at all.
    pub(crate) fn is_given(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Whether any signature was judged.
    pub(crate) fn has_judged(&self) -> bool {
        self.has_judged
    }

    /// Judges the signature of a package, when keys are given. Returns whether it was found good.
    pub(crate) fn package(
        &mut self,
        package: &OpenedPackage,
        subject: Option<&str>,
        report: &mut Report,
    ) -> bool {
        match package.format {
            Kind::Lw => {
                let (manifest, signature) = (&package.manifest_json, package.signature.as_deref());
                self.manifest(&package.name, manifest, signature, subject, report)
            }
            // The format has no place for a signature.
            Kind::Seed => self.judge(|_| Err(Rejected::Unsigned), &package.name, subject, report),
        }
    }

    /// Judges the signature over a manifest, when keys are given. Returns whether it was found good.
    pub(crate) fn manifest(
        &mut self,
        name: &str,
        manifest: &[u8],
        signature: Option<&[u8]>,
        subject: Option<&str>,
        report: &mut Report,
    ) -> bool {
        self.judge(|keys| lw_signed::package(manifest, signature, keys), name, subject, report)
    }

    /// Judges the signature inside an image, when keys are given. Returns whether it was found good.
    ///
    /// `chip` is what the user says of images that do not name theirs.
    pub(crate) fn image(
        &mut self,
        image: &Checked,
        chip: Option<&str>,
        subject: Option<&str>,
        report: &mut Report,
    ) -> bool {
        let id = image.image.chip().or_else(|| ChipId::from_name(chip?));
        let chip = Chip { id, revision: None };
        self.judge(|keys| lw_signed::image(&image.image, keys, chip), &image.name, subject, report)
    }

    fn judge(
        &mut self,
        judge: impl FnOnce(&Keys) -> Result<Accepted, Rejected>,
        name: &str,
        subject: Option<&str>,
        report: &mut Report,
    ) -> bool {
        if !self.is_given() {
            return false;
        }
        self.has_judged = true;
        let judged = judge(&self.keys);
        let value = match &judged {
            Ok(accepted) => format!("signed by {}", accepted.signers().join(" and ")),
            Err(rejected) => rejected.name().to_owned(),
        };
        report.facts.push(Fact { name: "signature".into(), subject: subject.map(str::to_owned), value });
        match judged {
            Ok(accepted) => {
                let mut table = table(&accepted, name);
                table.subject = subject.map(str::to_owned);
                report.tables.push(table);
                for signer in accepted.signers() {
                    if !self.signers.iter().any(|known| known == signer) {
                        self.signers.push(signer.to_owned());
                    }
                }
                true
            }
            Err(rejected) => {
                let mut finding = rejected.finding("ota-package", name);
                finding.subject = subject.map(str::to_owned);
                report.add_finding(finding);
                false
            }
        }
    }

    /// Outputs about who signed.
    pub(crate) fn publish(&self, cx: &mut Context) {
        cx.output("signer", self.signers.join("\n"));
    }
}

/// One row for each signature of a file.
fn table(accepted: &Accepted, name: &str) -> Table {
    let mut table = Table::new(
        "signatures",
        format!("Signatures of {name}"),
        &[
            ("Scheme", Align::Left),
            ("Algorithm", Align::Left),
            ("Key", Align::Left),
            ("Verdict", Align::Left),
        ],
    );
    for signature in &accepted.signatures {
        let algorithm = if signature.algorithm.is_empty() {
            Cell::Empty
        } else {
            Cell::Text(signature.algorithm.clone())
        };
        table.rows.push(vec![
            Cell::Text(accepted.scheme.into()),
            algorithm,
            Cell::Text(signature.signer.clone()),
            Cell::Text(signature.standing.name().into()),
        ]);
    }
    table
}
