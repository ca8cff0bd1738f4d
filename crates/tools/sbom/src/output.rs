//! Writing a bill of materials.

use lw_bom::{Document, Format, Tool};
use lw_cli::{Context, Error};
use lw_model::{Level, Report};

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
    let text = lw_bom::write(document, format(args))?;
    // What is handed out was held to what `validate` holds others to.
    let validation = lw_bom::validate(text.as_bytes()).map_err(|error| Error::internal(error))?;
    if let Some(fault) = validation.faults.iter().find(|fault| fault.rule.level() == Level::Error) {
        let whose = fault.component.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        return Err(Error::input(format!(
            "the bill would be invalid at {}: {whose}{}",
            fault.pointer, fault.message
        ))
        .hint(fault.fix.clone()));
    }
    if let Ok((_, read)) = lw_bom::read(text.as_bytes()) {
        cx.output("serial", read.about.serial.unwrap_or_default());
    }
    let Some(path) = args.output.as_deref().filter(|_| may_write(report)) else { return Ok(()) };
    cx.write(path, |out| out.write_all(text.as_bytes()))?;
    cx.output("path", cx.display_path(path));
    Ok(())
}
