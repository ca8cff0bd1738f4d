//! Writing a bill of materials.

use lw_bom::{Document, Format, Tool};
use lw_cli::{Context, Error};
use lw_model::Report;

use crate::args::{OutputArgs, SbomFormat};
use crate::generate::may_write;

impl From<SbomFormat> for Format {
    fn from(format: SbomFormat) -> Self {
        match format {
            SbomFormat::CycloneDx15 => Self::CycloneDx15,
            SbomFormat::CycloneDx16 => Self::CycloneDx16,
            SbomFormat::CycloneDx17 => Self::CycloneDx17,
            SbomFormat::Spdx23 => Self::Spdx23,
            SbomFormat::Spdx301 => Self::Spdx301,
        }
    }
}

/// The program that makes bills here.
pub(crate) fn this_tool() -> Tool {
    Tool {
        vendor: Some("lw-actions".to_owned()),
        name: "lw sbom".to_owned(),
        version: Some(lw_cli::VERSION.to_owned()),
    }
}

/// Writes a document, unless the report says that it is wrong; without `--output` nothing is written.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(
    document: &Document,
    args: &OutputArgs,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(), Error> {
    let text = lw_bom::write(document, args.sbom_format.into())?;
    if let Ok((_, read)) = lw_bom::read(text.as_bytes()) {
        cx.output("serial", read.about.serial.unwrap_or_default());
    }
    let Some(path) = args.output.as_deref().filter(|_| may_write(report)) else { return Ok(()) };
    cx.write(path, |out| out.write_all(text.as_bytes()))?;
    cx.output("path", cx.display_path(path));
    Ok(())
}
