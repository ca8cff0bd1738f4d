//! Writing a bill of materials.

use lw_bom::{Document, Format, Rule, Tool};
use lw_cli::{Context, Error};
use lw_model::Report;

use crate::args::OutputArgs;
use crate::generate::may_write;
use crate::merge::format_of;

/// The format that is written.
pub(crate) fn format(args: &OutputArgs) -> Format {
    args.sbom_format.map_or_else(Format::default, format_of)
}

/// The program that makes bills here.
pub(crate) fn this_tool() -> Tool {
    Tool {
        vendor: Some("lw-actions".to_owned()),
        name: "lw sbom".to_owned(),
        version: Some(lw_cli::VERSION.to_owned()),
    }
}

/// A document as it is written, and what is read of it again.
pub(crate) struct Written {
    text: String,
    /// What others will read.
    pub(crate) document: Document,
}

/// Puts a document into the words of its format, and holds it to what `validate` holds others to.
///
/// # Errors
/// When it cannot be written, or would be invalid.
pub(crate) fn put(document: &Document, args: &OutputArgs) -> Result<Written, Error> {
    let text = lw_bom::write(document, format(args))?;
    // That there is no component somebody has accepted.
    if let Some(fault) = lw_bom::first_error(text.as_bytes(), &[Rule::Empty]).map_err(Error::internal)? {
        let whose = fault.component.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        let message = format!("the bill would be invalid at {}: {whose}{}", fault.pointer, fault.message);
        return Err(Error::input(message).hint(fault.fix));
    }
    let (_, document) = lw_bom::read(text.as_bytes()).map_err(Error::internal)?;
    Ok(Written { text, document })
}

/// Writes a document, unless the report says that it is wrong; without `--output` nothing is written.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write(
    written: &Written,
    args: &OutputArgs,
    cx: &mut Context,
    report: &Report,
) -> Result<(), Error> {
    cx.output("serial", written.document.about.serial.clone().unwrap_or_default());
    let may = may_write(report) && !cx.common().fail_on.fails(report.verdict);
    let Some(path) = args.output.as_deref().filter(|_| may) else { return Ok(()) };
    cx.write(path, |out| out.write_all(written.text.as_bytes()))?;
    cx.output("path", cx.display_path(path));
    Ok(())
}
