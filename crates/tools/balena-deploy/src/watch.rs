//! How a fleet is: for a schedule, so that somebody is told before a customer tells.

use std::collections::BTreeMap;
use std::time::Duration;

use lw_balena::Device;
use lw_cli::{Context, Error, same_measure};
use lw_model::{Align, Cell, Fact, Finding, Level, Measure, Report, Table};

use crate::args::Watch;
use crate::check::attach;
use crate::connect::Connection;

/// How often updates of a device have failed: a measure per device that has some.
const FAILED: &str = "device.failed-updates";

/// When the last of them failed, in milliseconds since 1970 by Balena's clock.
const FAILED_AT: &str = "failed-at";

/// Which release it was to run.
const FAILED_TO: &str = "failed-release";

/// Looks at every device of the fleet, and changes nothing.
pub(crate) fn watch(args: &Watch, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let earlier = match cx.baseline(report)? {
        Some((path, bytes)) => cx.read_baseline(&path, &bytes, report)?,
        None => None,
    };
    let mut to = Connection::open(&args.at, cx)?;
    let devices = to.api.devices(&to.fleet, &mut to.patience)?;
    if devices.is_empty() {
        // Nothing that is well is not well.
        return Err(Error::input(format!("{} has no devices that the token may see", to.fleet.slug))
            .hint("name the fleet with --fleet, and give a token that may see its devices"));
    }
    let now = to.api.time().now();
    let mut table = Table::new(
        "unwell",
        "Devices that need somebody",
        &[("Device", Align::Left), ("Name", Align::Left), ("Because", Align::Left), ("Page", Align::Left)],
    );
    let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut offline, mut failing) = (0_u64, 0_u64);
    for device in &devices {
        let status = device.overall_status.as_deref().unwrap_or("unknown");
        *statuses.entry(status).or_default() += 1;
        let page = to.api.endpoints().device_page(&device.uuid);
        let mut unwell = |rule: &str, why: String| {
            let message = format!("device {} {why}: {page}", device.uuid);
            report.add_finding(Finding::new(rule, Level::Warning, &device.uuid, message));
            table.rows.push(vec![
                Cell::Code(device.uuid.clone()),
                Cell::Text(device.name.clone().unwrap_or_default()),
                Cell::Text(why),
                Cell::Text(page.clone()),
            ]);
        };
        // One that was never connected is not gone.
        if !device.is_heard() && status != "inactive" {
            match device.changed().map(|at| now.since(at)) {
                Some(span) if span <= Duration::from_secs(args.offline_after) => {}
                Some(span) => {
                    offline += 1;
                    unwell("balena-deploy/offline", format!("is offline for {}", spoken(span)));
                }
                None => {
                    offline += 1;
                    unwell("balena-deploy/offline", "is offline, and nobody knows since when".to_owned());
                }
            }
        }
        let wanted = device.pinned.or(to.fleet.target);
        let Some(why) = failed(device, wanted) else { continue };
        let times = count(device, wanted, earlier.as_ref());
        // The first time was no retry.
        if times.saturating_sub(1) > args.max_retries || why == "rejected" {
            failing += 1;
            let name = wanted.map_or_else(String::new, |release| format!(" to release {release}"));
            unwell(
                "balena-deploy/update-failing",
                format!("has {why} its update{name}, {times} times in all"),
            );
        }
        let subject = Some(device.uuid.clone());
        let mut fact = |name: &str, value: u64| {
            report.facts.push(Fact {
                name: name.to_owned(),
                subject: subject.clone(),
                value: value.to_string(),
            });
        };
        fact(FAILED_AT, device.last_update_status_event.map_or(0, lw_rollout::Time::millis));
        fact(FAILED_TO, wanted.unwrap_or(0));
        let mut measure = Measure::count(FAILED, times).label("failed updates");
        measure.subject = subject;
        report.measures.push(measure);
    }
    let all = devices.len() as u64;
    let mut tally =
        Table::new("statuses", "Devices by status", &[("Status", Align::Left), ("Devices", Align::Right)]);
    for (status, number) in statuses {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        tally.rows.push(vec![Cell::Text(status.to_owned()), Cell::Count(number)]);
    }
    report.tables.push(tally);
    if !table.rows.is_empty() {
        report.tables.push(table);
    }
    report
        .measures
        .push(Measure::count("devices.offline", offline).label("devices offline for long").out_of(all));
    report
        .measures
        .push(Measure::count("devices.failing", failing).label("devices whose updates fail").out_of(all));
    if let Some(earlier) = &earlier {
        cx.compare(report, earlier, same_measure);
    } else {
        let value = "of this run only: name the report of the run before with --baseline".to_owned();
        report.facts.push(Fact { name: "failed updates".to_owned(), subject: None, value });
    }
    attach(&args.limits, cx, report)?;
    cx.figure(format!("{all} devices of {}, {offline} offline for long, {failing} failing", to.fleet.slug));
    cx.judge(report, None);
    Ok(())
}

/// How the last update of a device has failed, if that is how it stands.
fn failed(device: &Device, wanted: Option<u64>) -> Option<&'static str> {
    // What is left of an earlier update does not matter to one that runs what it is to run.
    if wanted.is_some() && device.running == wanted {
        return None;
    }
    match device.update_status.as_deref() {
        Some("aborted") => Some("aborted"),
        Some("rejected") => Some("rejected"),
        _ => None,
    }
}

/// How many updates of a device to this release have failed so far. The API shows the last one only, so they are counted from
/// one run to the next; those that fail between two runs count as one.
fn count(device: &Device, wanted: Option<u64>, earlier: Option<&Report>) -> u64 {
    let uuid = Some(device.uuid.as_str());
    let before = earlier.and_then(|report| {
        let measure = report.measure(FAILED, uuid)?;
        let lw_model::Number::Integer(times) = measure.value else { return None };
        let is_same = report.fact(FAILED_TO, uuid)? == wanted.unwrap_or(0).to_string();
        is_same.then_some((u64::try_from(times).ok()?, report.fact(FAILED_AT, uuid)?))
    });
    let at = device.last_update_status_event.map_or(0, lw_rollout::Time::millis).to_string();
    match before {
        Some((times, seen)) if seen == at => times,
        Some((times, _)) => times.saturating_add(1),
        None => 1,
    }
}

/// A span as people say it, rounded down.
fn spoken(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    match (minutes / 60 / 24, minutes / 60, minutes) {
        (days @ 2.., _, _) => format!("{days} days"),
        (_, hours @ 2.., _) => format!("{hours} hours"),
        (_, _, minutes) => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_spoken() {
        let spoken = |seconds| spoken(Duration::from_secs(seconds));
        assert_eq!(spoken(3700), "61 minutes");
        assert_eq!(spoken(7200), "2 hours");
        assert_eq!(spoken(47 * 3600), "47 hours");
        assert_eq!(spoken(50 * 3600), "2 days");
    }
}
