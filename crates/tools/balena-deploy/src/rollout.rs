//! Rolling a release out, and what is reported of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lw_balena::{FleetTarget, Release, release_id};
use lw_cli::{Context, Error};
use lw_connect::Patience;
use lw_model::lists::{filled, sort_by};
use lw_model::{Align, Cell, Diagnose as _, Fact, Finding, Level, Report, Table};
use lw_retry::Policy;
use lw_rollout::{
    Answer, Batches, Call, CallError, Command, Engine, Member, MemberId, Observed, Outcome, Phase, Plan,
    Reaction, Request, Standing, Strategy, StrategyStep, Target, Time, drive, rehearse, standing,
};

use crate::args::{Back, How, JournalFile, Judged, Reaction as Chosen};
use crate::connect::Connection;
use crate::host::{Moment, Run};
use crate::tag::Tagger;

/// How many devices one call names: as many as fit into an address, and as many tags as are written between two looks at the lease.
const BATCHES: Batches = Batches { mark: 20, assign: 50 };

/// How a rollout goes, as it was asked for.
pub(crate) fn strategy(how: &How) -> Result<Strategy, Error> {
    let bake = Duration::from_secs(how.bake);
    let reaction = |chosen| match chosen {
        Chosen::Rollback => Reaction::RollBack,
        Chosen::Pause => Reaction::Pause,
    };
    let strategy = Strategy {
        steps: how.step.iter().map(|share| StrategyStep { share: *share, bake }).collect(),
        max_failed: how.max_failed,
        min_samples: how.min_samples,
        member_timeout: Duration::from_secs(how.device_timeout),
        rollback_within: Duration::from_secs(how.back.rollback_within),
        look_every: Duration::from_secs(how.back.look_every),
        on_failure: reaction(how.on_failure),
        on_cancel: reaction(how.on_cancel),
        ..Strategy::default()
    };
    strategy.check()?;
    Ok(strategy)
}

/// What one process is to do.
pub(crate) struct Job<'a> {
    pub(crate) command: Command,
    pub(crate) release: &'a Release,
    pub(crate) how: Option<&'a How>,
    /// How it goes back, where nothing else is decided.
    pub(crate) back: Option<&'a Back>,
    pub(crate) judged: &'a Judged,
    pub(crate) journal: Option<&'a Path>,
    /// What the fleet goes back to, where that is not what the rollout found.
    pub(crate) back_to: Option<u64>,
    /// Where the commit is tagged at the end, if it is to be.
    pub(crate) tagger: Option<&'a Tagger>,
}

impl<'a> Job<'a> {
    /// Of which no more is asked.
    pub(crate) fn new(
        command: Command,
        release: &'a Release,
        judged: &'a Judged,
        journal: &'a JournalFile,
    ) -> Self {
        let journal = journal.journal.as_deref();
        Self { command, release, how: None, back: None, judged, journal, back_to: None, tagger: None }
    }

    fn request(&self, to: &Connection, cx: &Context) -> Result<Request, Error> {
        let how = self.how;
        let leave_at = how.and_then(|how| how.wait_at_most).map(|seconds| {
            if seconds == 0 { Time::ZERO } else { to.api.time().now().plus(Duration::from_secs(seconds)) }
        });
        let mut strategy = how.map(strategy).transpose()?.unwrap_or_default();
        if let Some(back) = self.back {
            strategy.rollback_within = Duration::from_secs(back.rollback_within);
            strategy.look_every = Duration::from_secs(back.look_every);
            strategy.check()?;
        }
        Ok(Request {
            command: self.command,
            fleet: to.fleet.slug.clone(),
            release: release_id(self.release.id),
            holder: holder(cx),
            strategy,
            first: how.is_some_and(|how| how.first),
            again: how.is_some_and(|how| how.again),
            back_to: self.back_to.map(release_id),
            in_order: false,
            leave_at,
            batches: BATCHES,
            retry: Policy::default(),
            seed: cx.now(),
        })
    }

    fn target(&self, to: &Connection) -> FleetTarget {
        let healthy = filled(self.judged.healthy_status.iter().cloned());
        FleetTarget::new(Arc::clone(&to.api), &to.fleet, self.release.id, healthy)
    }
}

/// A name no other process has: the run and its attempt where a CI says them, and when it began.
fn holder(cx: &Context) -> String {
    let ci = cx.ci_context();
    let run = ci
        .run_url
        .as_deref()
        .and_then(|url| url.rsplit('/').find(|part| part.bytes().any(|b| b.is_ascii_digit())));
    let attempt = ci.run_attempt.map_or_else(String::new, |attempt| format!(".{attempt}"));
    let began = cx.clock().since_1970().as_nanos();
    format!("{}{attempt}-{began:x}-{}", run.unwrap_or("run"), std::process::id())
}

/// Does what is to be done, and reports how it ended.
pub(crate) fn run(
    job: &Job<'_>,
    to: &Connection,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(), Error> {
    let request = job.request(to, cx)?;
    let strategy = request.strategy.clone();
    let mut target = Witness { target: job.target(to), decided: None };
    let mut engine = Engine::new(request);
    let (outcome, timeline) = {
        let shared: &Context = cx;
        shared.clock().catch_signals()?;
        let mut host = Run::new(shared, Arc::clone(to.api.time()), job.journal.map(Path::to_owned))?;
        let outcome = drive(&mut engine, &mut target, &mut host)?;
        (outcome, host.timeline)
    };
    if let Some(plan) = engine.plan() {
        notes(plan, report);
    }
    // At the end the marks are gone: what decided is what was seen while a wave was under way.
    let seen = target.decided.as_deref().or(engine.view());
    devices(&seen.map(|look| standings(look, &strategy)).unwrap_or_default(), job.release, to, report);
    if job.command == Command::Rollback {
        let by_hand = engine.view().map(|look| pinned_by_hand(look, job.release)).unwrap_or_default();
        report_by_hand(&by_hand, to, report);
    }
    report.tables.push(times(&timeline));
    conclude(outcome, job, to, cx, report)
}

/// Devices that somebody has pinned to the release: a rollback leaves them.
fn pinned_by_hand(look: &Observed, release: &Release) -> Vec<MemberId> {
    let ours = release_id(release.id);
    let is_left = |member: &Member| member.mark.is_none() && member.assigned.as_ref() == Some(&ours);
    look.members.iter().filter(|(_, member)| is_left(member)).map(|(id, _)| id.clone()).collect()
}

fn report_by_hand(by_hand: &[MemberId], to: &Connection, report: &mut Report) {
    let mut table = Table::new(
        "by-hand",
        "Pinned to it by hand, and left so",
        &[("Device", Align::Left), ("Page", Align::Left)],
    );
    for member in by_hand {
        let page = to.api.endpoints().device_page(member.as_str());
        let message = format!("device {member} is pinned to the release by hand, and stays so: {page}");
        report.add_finding(Finding::new("balena-deploy/by-hand", Level::Warning, member.as_str(), message));
        table.rows.push(vec![Cell::Code(member.as_str().to_owned()), Cell::Text(page)]);
    }
    if !table.rows.is_empty() {
        report.tables.push(table);
    }
}

/// What a look without a rollout needs: what is asked, of whom, and what it shows.
fn prepared(job: &Job<'_>, to: &Connection, cx: &Context) -> Result<(Request, FleetTarget, Observed), Error> {
    let request = job.request(to, cx)?;
    let mut target = job.target(to);
    let look = look(&mut target, cx)?;
    Ok((request, target, look))
}

/// Looks, and reports how each device stands; nothing is sent.
pub(crate) fn status(
    job: &Job<'_>,
    to: &Connection,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(), Error> {
    let (request, _, look) = prepared(job, to, cx)?;
    let phase =
        look.record.as_ref().map_or_else(|| "not begun".to_owned(), |record| record.phase.to_string());
    fact(report, "phase", phase.clone());
    if let Some(record) = &look.record {
        fact(report, "wave", record.wave.to_string());
        if let Some(why) = &record.why {
            fact(report, "why", why.clone());
        }
    }
    if let Some(holder) = look.lease.as_ref().and_then(|lease| lease.held_by(look.at)) {
        fact(report, "held by", holder.to_owned());
    }
    devices(&standings(&look, &request.strategy), job.release, to, report);
    cx.figure(format!("rollout of {}: {phase}", job.release.raw_version));
    outputs(job.release, false, cx);
    cx.judge(report, None);
    Ok(())
}

/// Says who would get the release when, and every request that would be sent.
pub(crate) fn plan(
    job: &Job<'_>,
    to: &Connection,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(), Error> {
    let (request, target, look) = prepared(job, to, cx)?;
    let plan = Plan::new(&request, &look, 0)?;
    let calls = rehearse(&request, &look)?;
    notes(&plan, report);
    let mut waves = Table::new(
        "waves",
        "Waves",
        &[
            ("Wave", Align::Right),
            ("Devices", Align::Right),
            ("So far", Align::Right),
            ("Which", Align::Left),
        ],
    );
    for wave in &plan.waves {
        let members: Vec<&str> = wave.members.iter().map(MemberId::as_str).collect();
        waves.rows.push(vec![
            Cell::Count(i64::from(wave.number)),
            count(wave.members.len()),
            count(wave.so_far),
            Cell::Code(shortened(&members)),
        ]);
    }
    report.tables.push(waves);
    if !plan.excluded.is_empty() {
        let mut table =
            Table::new("excluded", "In no wave", &[("Device", Align::Left), ("Because it is", Align::Left)]);
        for (member, why) in &plan.excluded {
            table.rows.push(vec![Cell::Code(member.as_str().to_owned()), Cell::Text(why.to_string())]);
        }
        report.tables.push(table);
    }
    let mut requests = Table::new(
        "requests",
        "Every request that changes something",
        &[("What for", Align::Left), ("Request", Align::Left), ("Body", Align::Left)],
    );
    requests.folded = true;
    requests.note = Some(
        "the lease is kept as often as the rollout takes long; times and the name of the process differ"
            .to_owned(),
    );
    for call in &calls {
        for mutation in target.mutations(call).map_err(|error| Error::remote(error.message))? {
            requests.rows.push(vec![
                Cell::Text(call.name()),
                Cell::Code(format!("{} {}", mutation.method.name(), mutation.target)),
                mutation.body.map_or(Cell::Empty, |body| Cell::Code(body.to_string())),
            ]);
        }
    }
    if let Some(tagger) = job.tagger {
        let (request, body) = tagger.request(job.release)?;
        requests.rows.push(vec![
            Cell::Text("tag the commit".to_owned()),
            Cell::Code(request),
            Cell::Code(body),
        ]);
    }
    cx.figure(format!("{} devices in {} waves", plan.marks.len(), plan.waves.len()));
    report.tables.push(requests);
    outputs(job.release, false, cx);
    cx.judge(report, None);
    Ok(())
}

/// One look, for what does nothing else.
pub(crate) fn look(target: &mut FleetTarget, cx: &Context) -> Result<Observed, Error> {
    target.look(&mut Patience::of(cx)).map_err(|error| Error::remote(error.message))
}

fn fact(report: &mut Report, name: &str, value: String) {
    report.facts.push(Fact { name: name.to_owned(), subject: None, value });
}

fn count(number: usize) -> Cell {
    Cell::Count(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The first devices of a list, and how many more there are.
fn shortened(members: &[&str]) -> String {
    let shown: Vec<&str> = members.iter().take(5).map(|member| member.get(..7).unwrap_or(member)).collect();
    let more = members.len().saturating_sub(shown.len());
    if more == 0 { shown.join(" ") } else { format!("{} and {more} more", shown.join(" ")) }
}

fn notes(plan: &Plan, report: &mut Report) {
    for note in &plan.notes {
        report.add_finding(Finding::new("balena-deploy/plan-note", Level::Note, note, note.clone()));
    }
}

/// A target that remembers the last look while a wave was under way.
struct Witness {
    target: FleetTarget,
    decided: Option<Box<Observed>>,
}

impl Target for Witness {
    fn call(&mut self, call: &Call, token: u64) -> Result<Answer, CallError> {
        let answer = self.target.call(call, token);
        if let Ok(Answer::Seen(look)) = &answer
            && let Some(record) = &look.record
            && matches!(record.phase, Phase::Applying | Phase::Baking)
        {
            self.decided = Some(look.clone());
        }
        answer
    }
}

/// How a device of a wave stands.
type Stands = (MemberId, u32, Standing);

/// What to think of each device of the waves so far.
fn standings(look: &Observed, strategy: &Strategy) -> Vec<Stands> {
    let Some(record) = &look.record else { return Vec::new() };
    let of = |(id, member): (&MemberId, &Member)| {
        let mark = member.mark.as_ref();
        let mark = mark.filter(|mark| mark.rollout == record.rollout && mark.wave <= record.wave)?;
        Some((id.clone(), mark.wave, standing(member, mark, record, strategy, look.at, false)))
    };
    let mut found: Vec<Stands> = look.members.iter().filter_map(of).collect();
    sort_by(&mut found, |a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    found
}

/// How each device of the waves so far stands.
fn devices(standings: &[Stands], release: &Release, to: &Connection, report: &mut Report) {
    if standings.is_empty() {
        return;
    }
    let mut tallies: BTreeMap<u32, BTreeMap<&str, usize>> = BTreeMap::new();
    let mut table = Table::new(
        "devices",
        "Devices",
        &[("Wave", Align::Right), ("Device", Align::Left), ("Stands", Align::Left), ("Page", Align::Left)],
    );
    table.folded = true;
    for (member, wave, standing) in standings {
        let (word, said) = match standing {
            Standing::Waiting => ("waiting", "its time is not over".to_owned()),
            Standing::Passed => ("passed", "runs the release and is well".to_owned()),
            Standing::Failed(why) => ("failed", why.to_string()),
            Standing::Unknown => ("unknown", "offline since before, or came late".to_owned()),
            Standing::Held => ("held", "has the release and does not start it".to_owned()),
            Standing::Taken => ("taken", "pinned by somebody else meanwhile".to_owned()),
        };
        *tallies.entry(*wave).or_default().entry(word).or_default() += 1;
        let page = to.api.endpoints().device_page(member.as_str());
        if let Standing::Failed(why) = standing {
            let message = format!("device {member} {why} (release {}): {page}", release.raw_version);
            report.add_finding(Finding::new(
                "balena-deploy/device-failed",
                Level::Warning,
                member.as_str(),
                message,
            ));
        }
        table.rows.push(vec![
            Cell::Count(i64::from(*wave)),
            Cell::Code(member.as_str().to_owned()),
            Cell::Text(format!("{word}: {said}")),
            Cell::Text(page),
        ]);
    }
    let words = ["passed", "failed", "waiting", "unknown", "held", "taken"];
    let columns: Vec<(&str, Align)> =
        [("Wave", Align::Right)].into_iter().chain(words.map(|word| (word, Align::Right))).collect();
    let mut waves = Table::new("waves", "Waves", &columns);
    for (wave, tally) in &tallies {
        let counts = words.map(|word| count(tally.get(word).copied().unwrap_or(0)));
        waves.rows.push([Cell::Count(i64::from(*wave))].into_iter().chain(counts).collect());
    }
    report.tables.push(waves);
    report.tables.push(table);
}

/// What happened when. lw-render draws a table with this id and these columns.
fn times(timeline: &[Moment]) -> Table {
    let columns =
        [("Seconds", Align::Right), ("What", Align::Left), ("Phase", Align::Left), ("Devices", Align::Right)];
    let mut table = Table::new("timeline", "Timeline", &columns);
    let began = timeline.first().map_or(Time::ZERO, |first| first.at);
    for moment in timeline {
        let seconds = i64::try_from(moment.at.since(began).as_secs()).unwrap_or(i64::MAX);
        table.rows.push(vec![
            Cell::Count(seconds),
            Cell::Text(moment.said.clone()),
            moment.phase.clone().map_or(Cell::Empty, Cell::Text),
            moment.devices.map_or(Cell::Empty, count),
        ]);
    }
    table.note = Some("since the first line, by the clock of Balena".to_owned());
    table
}

fn outputs(release: &Release, is_back: bool, cx: &mut Context) {
    cx.output("release-id", release.id.to_string());
    cx.output("version", release.raw_version.clone());
    cx.output("rolled-back", is_back.to_string());
}

fn conclude(
    outcome: Outcome,
    job: &Job<'_>,
    to: &Connection,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(), Error> {
    let code = outcome.exit_code();
    fact(report, "outcome", outcome.to_string());
    fact(report, "page", to.api.endpoints().release_page(to.fleet.id, job.release.id));
    // A draft that has become final has another version.
    let now = match outcome {
        Outcome::Succeeded => to.api.release_again(&to.fleet, job.release.id, &mut Patience::of(cx)),
        _ => Ok(job.release.clone()),
    };
    let (now, unread) = match now {
        Ok(now) => (now, None),
        Err(error) => (job.release.clone(), Some(Error::from(error))),
    };
    outputs(&now, matches!(outcome, Outcome::RolledBack { .. }), cx);
    let release = format!("release {} of {}", now.raw_version, to.fleet.slug);
    // The job is not done, or was undone: no verdict says otherwise.
    let is_error = code >= 10;
    // What is recorded as an error stands in the headline already.
    cx.figure(if is_error { release } else { format!("{release}: {outcome}") });
    if let Outcome::RollbackFailed { left, .. } = &outcome {
        for left in left {
            let text = left.to_string();
            report.add_finding(Finding::new("balena-deploy/left", Level::Error, &text, text.clone()));
        }
    }
    if code >= 10 {
        cx.exit_with(code);
    }
    match outcome {
        Outcome::Refused(refusal) => {
            // What every target calls `apply` is `deploy` here.
            let hint = refusal.hint().map(|hint| hint.replace("`apply`", "`deploy`"));
            let error = Error::usage(refusal.to_string());
            return Err(match hint {
                Some(hint) => error.hint(hint),
                None => error,
            });
        }
        Outcome::Unreachable { why } => {
            return Err(Error::remote(format!("Balena does not answer: {why}"))
                .hint("everything stays as it is; `resume` goes on with it"));
        }
        _ if is_error => {
            let error = Error::remote(outcome.to_string());
            cx.record_error(report, &error);
        }
        Outcome::Succeeded => {
            let tagged = match (unread, job.tagger) {
                (Some(error), _) => Err(error),
                (None, Some(tagger)) => tagger.join(&now, to, report),
                (None, None) => Ok(()),
            };
            if let Err(error) = tagged {
                cx.record_error(report, &error);
            }
        }
        _ => {}
    }
    cx.judge(report, None);
    Ok(())
}
