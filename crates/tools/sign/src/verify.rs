//! `verify`: judges signatures.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lw_cli::{Context, Error, ResultExt};
use lw_firmware::esp_image::Trailing;
use lw_firmware::image::Image;
use lw_model::lists::distinct;
use lw_model::{Align, Cell, Fact, Finding, Level, Location, Measure, Report, Table};
use lw_package::lw;
use lw_signature::minisign::KeyId;
use lw_signature::{
    PublicKeyFile, SignatureFormat, VerifyError, VerifyFileError, detached, digest_of, minisign, recognise,
    signify, sshsig,
};
use lw_signed::{Accepted, NamedKey, Rejected, Signature, Standing};

use crate::args::Verify;
use crate::chip;
use crate::content::{self, Content};
use crate::error::ToolError;
use crate::keys::{self, Trusted};
use crate::scheme::Scheme;

/// The most bytes of a signature file.
const LARGEST: usize = 1 << 20;

/// What a signature file is called, after the name of what it is for.
const BESIDE: [&str; 3] = [".sig", ".minisig", ".sshsig"];

/// A file and its signature file.
struct Pair {
    input: PathBuf,
    signature: Option<PathBuf>,
}

/// Judges signatures.
///
/// # Errors
/// When a key or a file cannot be read, or nothing is given.
pub(crate) fn run(args: &Verify, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let trusted = keys::trusted(&args.key.key, &args.trust, args.key.allow_test_key, cx, report)?;
    let pairs = pairs(args, cx, report)?;
    let columns =
        [("File", Align::Left), ("Scheme", Align::Left), ("Key", Align::Left), ("Verdict", Align::Left)];
    let mut table = Table::new("signatures", "Signatures", &columns);
    // A file with several signatures is verified when all of them are.
    let files = distinct(pairs.iter().map(|pair| &pair.input));
    let (mut failed, mut signers) = (BTreeSet::new(), Vec::new());
    let several = pairs.len() > 1;
    for pair in &pairs {
        let name = cx.display_path(&pair.input);
        let progress = cx.progress(&format!("verify {name}"), None);
        let judged = judge(pair, args, &trusted, cx, report);
        drop(progress);
        match judged {
            Ok(Ok((accepted, scheme))) => {
                for signature in &accepted.signatures {
                    let Signature { algorithm, signer, standing } = signature;
                    let how = if algorithm.is_empty() {
                        accepted.scheme.to_owned()
                    } else {
                        format!("{}, {algorithm}", accepted.scheme)
                    };
                    let cells = [name.clone(), how, signer.clone(), standing.name().to_owned()];
                    table.rows.push(cells.map(Cell::Text).to_vec());
                    if *standing == Standing::Trusted && !signers.contains(signer) {
                        signers.push(signer.clone());
                    }
                }
                report.facts.push(Fact { name: "scheme".into(), subject: Some(name), value: scheme });
            }
            Ok(Err(rejected)) => {
                let cells = [name.clone(), "–".into(), "–".into(), rejected.name().to_owned()];
                table.rows.push(cells.map(Cell::Text).to_vec());
                report.add_finding(rejected.finding("sign", &name));
                failed.insert(&pair.input);
            }
            // One bad file does not hide the others.
            Err(error) if several => {
                cx.record_error(report, &error);
                failed.insert(&pair.input);
            }
            Err(error) => return Err(error),
        }
    }
    report.tables.push(table);
    let verified = files.len() - failed.len();
    report.measures.push(Measure::count("sign.verified", verified as u64).label("files verified"));
    cx.output("verified", verified.to_string());
    cx.output("signer", signers.join("\n"));
    let all = files.len();
    cx.figure(format!("{verified} of {all} {} verified", if all == 1 { "file" } else { "files" }));
    Ok(())
}

/// The files to judge, each with its signature file where it has one.
fn pairs(args: &Verify, cx: &Context, report: &mut Report) -> Result<Vec<Pair>, Error> {
    let mut pairs = Vec::new();
    for path in cx.expand(&args.inputs.input, report)? {
        if cx.resolve(&path).is_dir() {
            pairs.extend(of_folder(&path, cx)?);
        } else {
            let signature = beside(&path, cx);
            pairs.push(Pair { input: path, signature });
        }
    }
    if pairs.is_empty() {
        return Err(Error::usage("there is nothing to verify").hint("give --input, a file or a folder"));
    }
    if let Some(signature) = &args.signature {
        if let Some(scheme) = args.scheme.scheme.filter(|scheme| scheme.is_embedded()) {
            return Err(Error::usage(format!(
                "--signature is given, and a signature of {} lies inside the file",
                scheme.name()
            ))
            .hint(
                "leave --signature out to verify what is inside, or name the scheme of the signature file",
            ));
        }
        let [pair] = pairs.as_mut_slice() else {
            return Err(Error::usage(format!(
                "--signature names one file, and {} are to be verified",
                pairs.len()
            ))
            .hint("leave it out: the signature beside each file is found by its name, FILE.sig"));
        };
        pair.signature = Some(signature.clone());
    }
    Ok(pairs)
}

/// The signature file beside a file.
fn beside(path: &Path, cx: &Context) -> Option<PathBuf> {
    BESIDE.iter().map(|ending| with(path, ending)).find(|path| cx.resolve(path).is_file())
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(ending);
    name.into()
}

/// Every file of a folder that is no signature of another one: a release folder holds nothing that is not signed.
fn of_folder(folder: &Path, cx: &Context) -> Result<Vec<Pair>, Error> {
    let shown = cx.display_path(folder);
    let mut files = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let unreadable = |error: std::io::Error| cx.unreadable(&folder, &error);
        for entry in std::fs::read_dir(cx.resolve(&folder)).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path = folder.join(entry.file_name());
            if entry.file_type().map_err(unreadable)?.is_dir() {
                folders.push(path);
            } else {
                files.insert(path);
            }
        }
    }
    let mut pairs = Vec::new();
    let mut used = BTreeSet::new();
    // A name comes after those it begins with, so that what signs a file is known before it would be one itself.
    for input in &files {
        if used.contains(input) {
            continue;
        }
        // Each is looked at: one that is passed over could be anything.
        let beside = BESIDE.iter().map(|ending| with(input, ending)).filter(|path| files.contains(path));
        let signatures: Vec<PathBuf> = beside.collect();
        if signatures.is_empty() {
            pairs.push(Pair { input: input.clone(), signature: None });
        }
        for signature in signatures {
            used.insert(signature.clone());
            pairs.push(Pair { input: input.clone(), signature: Some(signature) });
        }
    }
    if pairs.is_empty() {
        return Err(Error::input(format!("{shown}: there is no file in it, so nothing was verified"))
            .hint("name the folder the release is in"));
    }
    Ok(pairs)
}

/// What came of one file: accepted, with the scheme in a word; or rejected.
type Judged = Result<(Accepted, String), Rejected>;

fn judge(
    pair: &Pair,
    args: &Verify,
    trusted: &Trusted,
    cx: &Context,
    report: &mut Report,
) -> Result<Judged, Error> {
    let asked = args.scheme.scheme;
    match (&pair.signature, asked) {
        (Some(_), Some(scheme)) if scheme.is_embedded() => embedded(pair, Some(scheme), args, trusted, cx),
        (Some(signature), _) => beside_file(pair, signature, args, trusted, cx, report),
        (None, Some(scheme)) if !scheme.is_embedded() => {
            let beside = with(&pair.input, scheme.extension());
            Err(Error::input(format!(
                "{}: there is no signature file beside it",
                cx.display_path(&pair.input)
            ))
            .hint(format!("name it with --signature; looked for was {}", cx.display_path(&beside))))
        }
        (None, _) => embedded(pair, asked, args, trusted, cx),
    }
}

/// A signature inside the file.
fn embedded(
    pair: &Pair,
    asked: Option<Scheme>,
    args: &Verify,
    trusted: &Trusted,
    cx: &Context,
) -> Result<Judged, Error> {
    let name = cx.display_path(&pair.input);
    trusted.without_namespaces("an image or a package")?;
    let (found, judged) = match content::of(&pair.input, false, cx)? {
        Content::Package => {
            let package =
                lw::Reader::open(std::io::BufReader::new(cx.stream(&pair.input)?)).context(name.clone())?;
            let judged = lw_signed::package(package.manifest_json(), package.signature(), &trusted.keys);
            // The manifest is what is signed; that the rest is what it says is checked to the last byte.
            package.unpack(&mut ()).context(name.clone())?;
            (Scheme::LwPackage, judged)
        }
        Content::File(scanned) => match &scanned.image {
            Ok(image) => {
                let mut reopen = || match cx.stream(&pair.input) {
                    Ok(file) => Ok(Box::new(file) as Box<dyn std::io::Read>),
                    Err(error) => Err(std::io::Error::other(error.message())),
                };
                let chip = chip::given(&args.chip)?;
                let judged = lw_signed::image_in_file(image, &trusted.keys, chip, &mut reopen);
                (scheme_of(image), judged)
            }
            Err(_) if asked.is_none() => return Ok(Err(Rejected::Unsigned)),
            Err(error) => return Err(Error::from(error.clone()).context(name)),
        },
    };
    if let Some(asked) = asked.filter(|asked| *asked != found)
        && !matches!(judged, Err(Rejected::Unsigned))
    {
        let (file, found) = (name, format!("it is signed with {}", found.name()));
        return Err(ToolError::OtherSignature { file, found, scheme: asked.name() }.into());
    }
    Ok(judged.map(|accepted| (accepted, found.name().to_owned())))
}

/// The scheme an image is signed with; of a file for a flash that of the image it writes.
fn scheme_of(image: &Image) -> Scheme {
    match image {
        Image::Esp(esp) if matches!(esp.trailing, Trailing::SignatureV1 { .. }) => Scheme::SecureBootV1,
        Image::Mcuboot(_) => Scheme::Mcuboot,
        Image::Uf2(_) | Image::IntelHex(_) => {
            let mut nested = image.nested().filter_map(|nested| nested.image.as_ref().ok());
            nested.next().map_or(Scheme::SecureBootV2, scheme_of)
        }
        Image::Esp(_) | Image::Plain(_) => Scheme::SecureBootV2,
    }
}

/// A signature in a file of its own.
fn beside_file(
    pair: &Pair,
    signature: &Path,
    args: &Verify,
    trusted: &Trusted,
    cx: &Context,
    report: &mut Report,
) -> Result<Judged, Error> {
    let bytes = cx.open(signature)?;
    let shown = cx.display_path(signature);
    if bytes.len() > LARGEST {
        return Err(Error::input(format!("{shown}: it has {} bytes, which no signature has", bytes.len()))
            .hint("give the signature file, not the file it is for"));
    }
    let name = cx.display_path(&pair.input);
    let asked = args.scheme.scheme;
    let scheme = match recognise(&bytes) {
        SignatureFormat::Minisign => Some(Scheme::Minisign),
        SignatureFormat::Signify => Some(Scheme::Signify),
        SignatureFormat::SshSig => Some(Scheme::Sshsig),
        _ => None,
    };
    let scheme = match (asked, scheme) {
        (Some(asked), Some(found)) if asked != found => {
            let found = format!("it is a signature of {}", found.name());
            return Err(ToolError::OtherSignature { file: shown, found, scheme: asked.name() }.into());
        }
        (Some(asked), _) => Some(asked),
        (None, found) => found,
    };
    let open = || cx.stream(&pair.input);
    // Each key in turn: what holds with a trusted one is accepted, and a known one tells who signed.
    let mut refused: Option<VerifyFileError> = None;
    let mut known: Option<String> = None;
    for (named, file) in &trusted.files {
        let scheme = scheme.unwrap_or_else(|| Scheme::of_key(named.key.kind()));
        if scheme != Scheme::Sshsig {
            trusted.without_namespaces(scheme.name())?;
        }
        let held = match scheme {
            Scheme::Minisign => {
                let signature = minisign::Signature::parse(&bytes).context(shown.clone())?;
                let held = signature.verify(&file.key, file.key_id.map(KeyId), open()?);
                if held.is_ok() && signature.form() == minisign::Form::Legacy {
                    let message =
                        format!("{shown}: it is a minisign signature of the old form, over the file itself");
                    let finding = Finding::new("sign/legacy", Level::Warning, &shown, message);
                    report.add_finding(finding.at(Some(Location::file(&shown))));
                }
                held
            }
            Scheme::Signify => {
                let signature = signify::Signature::parse(&bytes).context(shown.clone())?;
                signature.verify(&file.key, file.key_id.map(KeyId), open()?)
            }
            Scheme::Sshsig => {
                let signature = sshsig::Signature::parse(&bytes).context(shown.clone())?;
                file.limits.allow(&args.scheme.namespace, std::time::Duration::from_secs(cx.now())).map_err(
                    |why| {
                        Error::input(format!("{}: {why}", named.name))
                            .hint("the line of `allowed_signers` says what its key may sign, and until when")
                    },
                )?;
                let digest = digest_of(signature.hash(), open()?)
                    .map_err(|error| cx.unreadable(&pair.input, &error))?;
                signature.verify(&file.key, &args.scheme.namespace, &digest).map_err(VerifyFileError::from)
            }
            scheme => match scheme.algorithm() {
                Some(algorithm) => detached::verify(&file.key, algorithm, open()?, &bytes),
                None => return Err(Error::internal(format!("{} is no detached scheme", scheme.name()))),
            },
        };
        match held {
            Ok(()) if trusted.keys.trusts(&named.key) => {
                let accepted = accepted(scheme, named, file);
                return Ok(Ok((accepted, scheme.name().to_owned())));
            }
            Ok(()) => known = Some(named.name.clone()),
            Err(VerifyFileError::Read(error)) => return Err(cx.unreadable(&pair.input, &error)),
            Err(error) => {
                // What says most comes from a key that could have made it.
                let could = scheme.algorithm().is_none_or(|algorithm| algorithm.takes(named.key.kind()));
                if refused.is_none() || could {
                    refused = Some(error);
                }
            }
        }
    }
    if let Some(signer) = known {
        let wanted = trusted.keys.wanted();
        return Ok(Err(Rejected::Untrusted { signers: vec![signer], wanted }));
    }
    let Some(refused) = refused else {
        return Err(Error::usage(format!(
            "{shown}: a digest of a key is not enough to verify a signature file"
        ))
        .hint("give the public key itself with --key"));
    };
    match refused {
        VerifyFileError::Verify(VerifyError::Untrusted { signer, wanted }) => {
            Ok(Err(Rejected::Untrusted { signers: vec![signer], wanted }))
        }
        VerifyFileError::Verify(
            error @ (VerifyError::Mismatch | VerifyError::OtherFile { .. } | VerifyError::Comment { .. }),
        ) => Ok(Err(Rejected::Forged { reason: error.to_string() })),
        // Of another format, another scheme, or damaged beyond reading: said as what it is.
        other => Err(other).context(format!("{shown}, for {name}")),
    }
}

fn accepted(scheme: Scheme, named: &NamedKey, file: &PublicKeyFile) -> Accepted {
    let signature = Signature {
        algorithm: file.key.kind().to_string(),
        signer: format!("{} (SHA-256 {})", named.name, keys::hex(&named.key)),
        standing: Standing::Trusted,
    };
    Accepted { scheme: scheme.name(), signatures: vec![signature] }
}
