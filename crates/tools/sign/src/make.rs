//! Making the signature of one file, whatever signs: keys, a signature that is given, or nothing yet.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use lw_cli::{Context, Error, PendingFile, ResultExt};
use lw_firmware::image::Image;
use lw_firmware::signable::{self, Existing};
use lw_package::lw;
use lw_signature::mcuboot::{self, LoadAddress, Parameters};
use lw_signature::minisign::KeyId;
use lw_signature::package::PackageSignature;
use lw_signature::secure_boot_v2 as v2;
use lw_signature::{
    Algorithm, Digest, Hash, Hasher, KeyKind, PublicKey, SignError, Signer, detached, digest_of, minisign,
    secure_boot_v1 as v1, sign_digest, signify, sshsig,
};
use lw_signed::Keys;

use crate::args::EmbedArgs;
use crate::chip;
use crate::content::{self, Content};
use crate::error::ToolError;
use crate::scheme::Scheme;

/// What is signed, and how.
pub(crate) struct Job<'a> {
    /// The file.
    pub(crate) input: &'a Path,
    /// What is in it.
    pub(crate) content: &'a Content,
    /// The scheme.
    pub(crate) scheme: Scheme,
    /// What a `sshsig` is for.
    pub(crate) namespace: &'a str,
    /// How a signature gets into an image.
    pub(crate) embed: &'a EmbedArgs,
    /// How minisign and signify write it.
    pub(crate) text: TextOptions<'a>,
    /// SHA-256 of the file, once it is known.
    pub(crate) sha256: Cell<Option<Digest>>,
    /// SHA-256 of the file as another step has listed it: schemes that sign no more than this do not read the file.
    pub(crate) listed: Option<Digest>,
}

/// What minisign and signify write beside a signature.
#[derive(Clone, Copy, Default)]
pub(crate) struct TextOptions<'a> {
    pub(crate) key_id: Option<[u8; 8]>,
    pub(crate) legacy: bool,
    pub(crate) comment: Option<&'a str>,
    pub(crate) trusted_comment: Option<&'a str>,
}

/// A signature that was made and verified.
pub(crate) enum Made {
    /// The file of the signature.
    Detached(Vec<u8>),
    /// The input with its signature, not yet under its name.
    Embedded(PendingFile),
}

impl Job<'_> {
    /// Signs. `output` is where a signed image or package will be.
    ///
    /// # Errors
    /// When the file is not what the scheme is for, a key does not do, or what was made does not verify.
    pub(crate) fn make(&self, signers: &[&dyn Signer], output: &Path, cx: &Context) -> Result<Made, Error> {
        if self.scheme.is_embedded() {
            return Ok(Made::Embedded(self.embed(signers, output, cx)?));
        }
        let [signer] = signers else {
            return Err(Error::usage(format!(
                "a signature of the scheme {} is of one key; {} are given",
                self.scheme.name(),
                signers.len()
            ))
            .hint("sign once for each key, each into a file of its own"));
        };
        self.detached(*signer, cx).map(Made::Detached)
    }

    fn name(&self, cx: &Context) -> String {
        cx.display_path(self.input)
    }

    fn digest(&self, hash: Hash, cx: &Context) -> Result<Digest, Error> {
        digest_of(hash, cx.stream(self.input)?).map_err(|error| cx.unreadable(self.input, &error))
    }

    fn detached(&self, signer: &dyn Signer, cx: &Context) -> Result<Vec<u8>, Error> {
        // Each pass opens the file anew.
        let open = || cx.stream(self.input).map_err(|error| io::Error::other(error.message()));
        let text = self.text;
        let key_id = KeyId(text.key_id.unwrap_or_else(|| signer.public_key().default_key_id()));
        match self.scheme {
            Scheme::Minisign => {
                let form = if text.legacy { minisign::Form::Legacy } else { minisign::Form::Prehashed };
                let file_name = self.input.file_name().map(|name| name.to_string_lossy().into_owned());
                let trusted_comment = text.trusted_comment.map_or_else(
                    || minisign::trusted_comment(form, cx.now(), &file_name.unwrap_or_default()),
                    str::to_owned,
                );
                let options = minisign::Options {
                    form,
                    key_id,
                    untrusted_comment: text.comment.unwrap_or(minisign::COMMENT),
                    trusted_comment: &trusted_comment,
                };
                Ok(minisign::sign(signer, &options, open).context(self.name(cx))?.to_bytes())
            }
            Scheme::Signify => {
                let default = signify::comment("the public key");
                let comment = text.comment.unwrap_or(&default);
                Ok(signify::sign(signer, key_id, comment, open).context(self.name(cx))?.to_bytes())
            }
            Scheme::Sshsig => {
                let digest = match self.listed {
                    Some(listed) => {
                        self.sha256.set(Some(listed));
                        listed
                    }
                    None => self.digest(sshsig::HASH, cx)?,
                };
                Ok(sshsig::sign(signer, self.namespace, &digest)
                    .context(self.name(cx))?
                    .to_armour()
                    .into_bytes())
            }
            scheme => {
                let Some(algorithm) = scheme.algorithm() else {
                    return Err(Error::internal(format!("{} is no detached scheme", scheme.name())));
                };
                if algorithm.hash() != Some(Hash::Sha256) {
                    return detached::sign(signer, algorithm, open).context(self.name(cx));
                }
                // One pass gives what is signed and what the report says of the file.
                let digest = match self.listed {
                    Some(listed) => listed,
                    None => self.digest(Hash::Sha256, cx)?,
                };
                self.sha256.set(Some(digest));
                sign_digest(signer, algorithm, &digest).context(self.name(cx))
            }
        }
    }

    fn existing(&self) -> Result<Existing, Error> {
        match (self.embed.append, self.embed.replace) {
            (true, true) => Err(Error::usage("--append and --replace are both given")
                .hint("keep the signatures that are there, or take them off")),
            (true, false) => Ok(Existing::Append),
            (false, true) => Ok(Existing::Replace),
            (false, false) => Ok(Existing::Refuse),
        }
    }

    fn embed(&self, signers: &[&dyn Signer], output: &Path, cx: &Context) -> Result<PendingFile, Error> {
        let existing = self.existing()?;
        let file = match self.content {
            Content::Package if self.scheme == Scheme::LwPackage => {
                return self.package(signers, existing, output, cx);
            }
            Content::Package => {
                return Err(ToolError::OtherContent {
                    file: self.name(cx),
                    found: "an lw package".into(),
                    scheme: self.scheme.name(),
                    wanted: wanted(self.scheme),
                }
                .into());
            }
            Content::File(scanned) => scanned,
        };
        let image = file.image.as_ref().map_err(Clone::clone).context(self.name(cx))?;
        match (self.scheme, image) {
            (Scheme::SecureBootV2, Image::Esp(esp)) => {
                let schemes = self.schemes_v2(signers)?;
                let firmware: Vec<_> =
                    schemes.iter().map(|scheme| lw_signed::firmware_scheme(*scheme)).collect();
                let slot = self.embed.slot_size.map(|size| size.0);
                let place = esp.signable_v2(&firmware, existing, slot).context(self.name(cx))?;
                let covered = &esp.signature_input.covered;
                let covered = v2::Covered { sha256: covered.sha256, sha384: covered.sha384 };
                let given = chip::given(&self.embed.chip)?;
                let limits = chip::limits(esp, given).context(self.name(cx))?;
                let blocks: Vec<_> = signers
                    .iter()
                    .map(|signer| v2::sign_block(*signer, &covered))
                    .collect::<Result<_, _>>()
                    .context(self.name(cx))?;
                let sector = match (&esp.signature_input.signature, existing) {
                    (Some(sector), Existing::Append) => {
                        v2::append(sector, &blocks, &covered, &limits.as_v2())
                    }
                    _ => v2::assemble(&blocks, &covered, &limits.as_v2()),
                };
                let sector = sector.context(self.name(cx))?;
                self.write(output, cx, |file, out| {
                    copy(file, place.keep, out)?;
                    fill(0xFF, place.padding, out)?;
                    out.write_all(&sector[..])
                })
            }
            (Scheme::SecureBootV1, Image::Esp(esp)) => {
                let slot = self.embed.slot_size.map(|size| size.0);
                let place = esp.signable_v1(existing, slot).context(self.name(cx))?;
                let [signer] = signers else {
                    return Err(signable::Refusal::One).context(self.name(cx));
                };
                let signature =
                    v1::sign(*signer, &esp.signature_input.image_sha256).context(self.name(cx))?;
                self.write(output, cx, |file, out| {
                    copy(file, place.keep, out)?;
                    fill(0xFF, place.padding, out)?;
                    out.write_all(&signature)
                })
            }
            (Scheme::Mcuboot, Image::Mcuboot(image)) => {
                if self.embed.header_size.is_some() {
                    return Err(Error::usage(format!(
                        "{}: --header-size is given, and the image has a header",
                        self.name(cx)
                    ))
                    .hint("leave it out to sign the image as it is, or give the binary of the build"));
                }
                image.signable(existing).context(self.name(cx))?;
                let options =
                    mcuboot::Options { existing: of_mcuboot(existing), ..mcuboot::Options::default() };
                let area = mcuboot::sign(&lw_signed::mcuboot_image(image), signers, options)
                    .context(self.name(cx))?;
                let slot = self.embed.slot_size.map(|size| size.0);
                let relaid = image.relay(area.len() as u64, slot).context(self.name(cx))?;
                self.write(output, cx, |file, out| {
                    copy(file, relaid.keep, out)?;
                    out.write_all(&area)?;
                    fill(relaid.erased, relaid.fill, out)?;
                    if let Some(tail) = relaid.tail {
                        file.seek(SeekFrom::Start(tail))?;
                        io::copy(file, out)?;
                    }
                    Ok(())
                })
            }
            (Scheme::Mcuboot, other) => self.mcuboot_from_binary(other, signers, output, cx),
            (scheme, other) => Err(ToolError::OtherContent {
                file: self.name(cx),
                found: other.kind().phrase().into(),
                scheme: scheme.name(),
                wanted: wanted(scheme),
            }
            .into()),
        }
    }

    fn schemes_v2(&self, signers: &[&dyn Signer]) -> Result<Vec<v2::Scheme>, Error> {
        let of = |signer: &&dyn Signer| {
            let kind = signer.public_key().kind();
            v2::Scheme::of(signer.public_key()).ok_or_else(|| {
                Error::usage(format!("Secure Boot V2 has no signature for a key of the kind {kind}"))
                    .hint("give a key of RSA-3072, ECDSA P-256 or P-384: `lw sign keys make --kind rsa-3072`")
            })
        };
        signers.iter().map(of).collect()
    }

    /// Puts header and TLVs around a binary, as `imgtool sign` does.
    fn mcuboot_from_binary(
        &self,
        image: &Image,
        signers: &[&dyn Signer],
        output: &Path,
        cx: &Context,
    ) -> Result<PendingFile, Error> {
        let name = self.name(cx);
        let Some(header_size) = self.embed.header_size else {
            return Err(Error::usage(format!("{name}: {} has no header of MCUboot", image.kind().phrase()))
                .hint("give --header-size and --image-version to make one, as `imgtool sign` does, or give an image that has one"));
        };
        signable::payload(image).context(name.clone())?;
        let Some(version) = &self.embed.image_version else {
            return Err(Error::usage(format!("{name}: --image-version is not given"))
                .hint("MCUboot compares it with the version it runs: --image-version 1.2.3+4"));
        };
        let version: mcuboot::Version = version.parse().map_err(|error| {
            Error::usage(format!("--image-version: {error}"))
                .hint("write MAJOR.MINOR.REVISION+BUILD, such as 1.2.3+4")
        })?;
        let security_counter = match self.embed.security_counter.as_deref().map(str::trim) {
            None => None,
            Some("auto") => Some(version.security_counter()),
            Some(number) => Some(number.parse().map_err(|_| {
                Error::usage(format!(
                    "--security-counter {number}: expected a number up to 4294967295, or auto"
                ))
                .hint("a device never takes an image with a lower one than it has seen")
            })?),
        };
        let load_address = match self.embed.load_address {
            None => LoadAddress::InPlace,
            Some(address) => LoadAddress::Ram(u32::try_from(address.0).map_err(|_| {
                Error::usage(format!("--load-address {address}: expected an address of 32 bits"))
            })?),
        };
        let parameters = Parameters {
            header_size: u32::try_from(header_size.0).unwrap_or(u32::MAX),
            pad_header: self.embed.pad_header,
            version,
            load_address,
            security_counter,
            ..Parameters::default()
        };
        let mut file = cx.stream(self.input)?;
        let length = file.seek(SeekFrom::End(0)).map_err(|error| cx.unreadable(self.input, &error))?;
        let prepared = parameters.prepare(length).context(name.clone())?;
        // Once over the binary: the room for the header, then the payload, which is hashed with header and protected TLVs.
        let unreadable = |error: io::Error| cx.unreadable(self.input, &error);
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let mut start = vec![0; usize::from(prepared.skip)];
        file.read_exact(&mut start).map_err(unreadable)?;
        prepared.check_start(&start).context(name.clone())?;
        let mut hashers = [Hash::Sha256, Hash::Sha384, Hash::Sha512].map(Hasher::new);
        let mut update = |bytes: &[u8]| hashers.iter_mut().for_each(|hasher| hasher.update(bytes));
        update(&prepared.header);
        content::feed(&mut file, &mut update).map_err(unreadable)?;
        update(&prepared.protected);
        let [sha256, sha384, sha512] = hashers.map(Hasher::finish);
        let covered =
            mcuboot::Covered { sha256: array(&sha256), sha384: array(&sha384), sha512: array(&sha512) };
        let area = mcuboot::sign(&covered.without_tlvs(), signers, mcuboot::Options::default())
            .context(name.clone())?;
        let total = prepared.length() + area.len() as u64;
        if let Some(size) = self.embed.slot_size {
            let slot = mcuboot::Slot {
                size: size.0,
                align: self.embed.align.into(),
                max_align: None,
                max_sectors: 128,
                overwrite_only: false,
            };
            slot.check(total).context(name)?;
        }
        self.write(output, cx, |file, out| {
            out.write_all(&prepared.header)?;
            file.seek(SeekFrom::Start(prepared.skip.into()))?;
            io::copy(file, out)?;
            out.write_all(&prepared.protected)?;
            out.write_all(&area)
        })
    }

    fn package(
        &self,
        signers: &[&dyn Signer],
        existing: Existing,
        output: &Path,
        cx: &Context,
    ) -> Result<PendingFile, Error> {
        let name = self.name(cx);
        let input = cx.stream(self.input)?;
        let mut pending = cx.create(output)?;
        let sign = |manifest: &[u8], before: Option<&[u8]>| -> Result<Option<Vec<u8>>, Error> {
            let mut signature = match (before, existing) {
                (Some(_), Existing::Refuse) => {
                    return Err(signable::Refusal::Signed { with: "lw-package" }.into());
                }
                (Some(before), Existing::Append) => PackageSignature::parse(before)?,
                _ => PackageSignature::default(),
            };
            for signer in signers {
                let algorithm = Algorithm::of(signer.public_key().kind());
                signature.sign(*signer, algorithm, manifest)?;
            }
            Ok(Some(signature.to_bytes()))
        };
        lw::with_signature(input, io::BufWriter::new(&mut pending), |_, manifest, before| {
            sign(manifest, before).map_err(PackageError::Sign)
        })
        .map_err(|error| match error {
            PackageError::Sign(error) => error.context(name.clone()),
            PackageError::Package(error) => Error::from(error).context(name.clone()),
        })?;
        Ok(pending)
    }

    /// Writes a signed image, and reads back whether its signatures hold.
    fn write(
        &self,
        output: &Path,
        cx: &Context,
        fill: impl FnOnce(&mut lw_cli::Input, &mut dyn Write) -> io::Result<()>,
    ) -> Result<PendingFile, Error> {
        let mut file = cx.stream(self.input)?;
        let mut pending = cx.create(output)?;
        let mut out = io::BufWriter::with_capacity(128 << 10, &mut pending);
        fill(&mut file, &mut out)
            .and_then(|()| out.flush())
            .map_err(|error| cx.unwritable(output, &error))?;
        drop(out);
        Ok(pending)
    }
}

/// Reads back what was written, and holds it to the keys that signed: the input may have changed since it was looked at.
pub(crate) fn check(
    made: &PendingFile,
    scheme: Scheme,
    embed: &EmbedArgs,
    keys: &Keys,
    name: &str,
) -> Result<(), Error> {
    let mut reader = made.reader();
    let unreadable = |error: io::Error| Error::remote(format!("{name}: {error}"));
    reader.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let accepted = if scheme == Scheme::LwPackage {
        let package = lw::Reader::open(io::BufReader::new(reader)).context(name.to_owned())?;
        let accepted = lw_signed::package(package.manifest_json(), package.signature(), keys);
        package.unpack(&mut ()).context(name.to_owned())?;
        accepted
    } else {
        let mut scanner = lw_firmware::image::Scanner::new(lw_firmware::image::Options::default());
        content::feed(&mut reader, |bytes| scanner.update(bytes)).map_err(unreadable)?;
        let image = scanner.finish().image.context(name.to_owned())?;
        lw_signed::image(&image, keys, chip::given(&embed.chip)?)
    };
    match accepted {
        Ok(_) => Ok(()),
        Err(rejected) => {
            Err(ToolError::Unsound { file: name.to_owned(), reason: rejected.to_string() }.into())
        }
    }
}

/// An error while a package is written anew.
enum PackageError {
    Sign(Error),
    Package(lw::SignedError),
}

impl From<lw::SignedError> for PackageError {
    fn from(error: lw::SignedError) -> Self {
        Self::Package(error)
    }
}

fn copy(file: &mut impl Read, count: u64, out: &mut dyn Write) -> io::Result<()> {
    let copied = io::copy(&mut file.take(count), out)?;
    if copied == count { Ok(()) } else { Err(io::Error::other("the input was shortened while it was read")) }
}

fn fill(byte: u8, count: u64, out: &mut dyn Write) -> io::Result<()> {
    io::copy(&mut io::repeat(byte).take(count), out).map(|_| ())
}

fn array<const N: usize>(digest: &Digest) -> [u8; N] {
    let mut array = [0; N];
    array.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
    array
}

fn of_mcuboot(existing: Existing) -> mcuboot::Existing {
    match existing {
        Existing::Refuse => mcuboot::Existing::Refuse,
        Existing::Append => mcuboot::Existing::Append,
        Existing::Replace => mcuboot::Existing::Replace,
    }
}

/// What a scheme is for.
fn wanted(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::SecureBootV1 | Scheme::SecureBootV2 => "an ESP image, as `esptool elf2image` writes it",
        Scheme::Mcuboot => "an image for MCUboot, or a binary and --header-size",
        Scheme::LwPackage => "an lw package, as `lw ota-package package` writes it",
        _ => "any file",
    }
}

/// Takes note of what is to be signed, and signs nothing.
pub(crate) struct Ask {
    pub(crate) public: PublicKey,
    pub(crate) asked: std::cell::RefCell<Option<Asked>>,
}

/// What a key somewhere else has to sign.
#[derive(Clone)]
pub(crate) enum Asked {
    /// A digest, with RSA or ECDSA.
    Digest(Algorithm, Digest),
    /// A message, with Ed25519.
    Message(Vec<u8>),
}

impl Ask {
    fn note<T>(&self, asked: Asked) -> Result<T, SignError> {
        self.asked.replace(Some(asked));
        Err(SignError::Signer { reason: "it is only asked what there is to sign".into() })
    }
}

impl Signer for Ask {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign_digest_unchecked(&self, algorithm: Algorithm, digest: &Digest) -> Result<Vec<u8>, SignError> {
        self.note(Asked::Digest(algorithm, *digest))
    }

    fn sign_message_unchecked(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.note(Asked::Message(message.to_vec()))
    }
}

/// Whether a key can make raw signatures of this scheme.
pub(crate) fn takes(scheme: Scheme, kind: KeyKind) -> bool {
    match scheme {
        Scheme::Minisign | Scheme::Signify => kind == KeyKind::Ed25519,
        Scheme::Sshsig | Scheme::LwPackage => true,
        Scheme::SecureBootV1 => kind == KeyKind::EcdsaP256,
        Scheme::SecureBootV2 => {
            matches!(kind, KeyKind::Rsa { bits: 3072 } | KeyKind::EcdsaP256 | KeyKind::EcdsaP384)
        }
        Scheme::Mcuboot => !matches!(kind, KeyKind::Rsa { bits } if bits != 2048 && bits != 3072),
        raw => raw.algorithm().is_some_and(|algorithm| algorithm.takes(kind)),
    }
}
