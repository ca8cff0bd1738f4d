//! Pinning by hand.

use lw_cli::{Context, Error};
use lw_model::{Align, Cell, Report, Table};

use crate::args::Where;
use crate::connect::Connection;

/// Pins devices to a release, or lets them follow their fleet. One that cannot be does not hide the others.
pub(crate) fn pin(
    at: &Where,
    devices: &[String],
    release: Option<Option<&str>>,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(), Error> {
    if devices.is_empty() {
        return Err(Error::usage("no device is named").hint("give --device with its uuid"));
    }
    let mut to = Connection::open(at, cx)?;
    let release = release.map(|name| to.release(name)).transpose()?;
    let mut table = Table::new("devices", "Devices", &[("Device", Align::Left), ("Pinned to", Align::Left)]);
    let mut done = 0_usize;
    for uuid in devices {
        let device = to.api.device(&to.fleet, uuid.trim(), &mut to.patience);
        let pinned = device.and_then(|device| {
            let to_release = release.as_ref().map(|release| release.id);
            to.api.pin(&to.fleet, &device, to_release, &mut to.patience).map(|()| device.uuid)
        });
        match pinned {
            Ok(uuid) => {
                done += 1;
                let name = release
                    .as_ref()
                    .map_or_else(|| "nothing".to_owned(), |release| release.raw_version.clone());
                table.rows.push(vec![Cell::Code(uuid), Cell::Text(name)]);
            }
            Err(error) if devices.len() > 1 => cx.record_error(report, &error.into()),
            Err(error) => return Err(error.into()),
        }
    }
    report.tables.push(table);
    if let Some(release) = &release {
        cx.output("release-id", release.id.to_string());
        cx.output("version", release.raw_version.clone());
    }
    cx.figure(format!("{done} of {} devices", devices.len()));
    cx.judge(report, None);
    Ok(())
}
