//! The loop of a process: ask the engine, do it, tell the engine.

use crate::engine::{Engine, Step};
use crate::journal::Event;
use crate::outcome::Outcome;
use crate::target::{Answer, Call, CallError};
use crate::words::Time;

/// Where the members are: what makes one [`Call`] of it after the other.
pub trait Target {
    /// Makes one call.
    ///
    /// It does not repeat it by itself: the engine knows how long it may take and what to do meanwhile.
    ///
    /// # Errors
    /// When it did not answer, or refused.
    fn call(&mut self, call: &Call, token: u64) -> Result<Answer, CallError>;
}

/// What a process has besides its target: a clock, a sleep, a journal, and somebody who may cancel it.
pub trait Host {
    /// Why something could not be written to the journal.
    type Error;

    /// The time by the target's clock, as well as it is known.
    fn now(&mut self) -> Time;

    /// Sleeps until then, or until somebody cancels.
    fn wait(&mut self, until: Time, why: &str);

    /// How often somebody has cancelled.
    fn cancelled(&mut self) -> u32;

    /// Writes to the journal, and on to the disk.
    ///
    /// # Errors
    /// When it cannot. Nothing is sent whose intent was not written.
    fn record(&mut self, event: &Event) -> Result<(), Self::Error>;
}

/// Runs to the end.
///
/// # Errors
/// When the journal cannot be written.
pub fn drive<H: Host>(
    engine: &mut Engine,
    target: &mut dyn Target,
    host: &mut H,
) -> Result<Outcome, H::Error> {
    host.record(&engine.begun())?;
    loop {
        engine.cancel(host.cancelled());
        let now = host.now();
        match engine.next(now) {
            Step::Call { token, call } => {
                let written = call.changes();
                if written {
                    host.record(&Event::Intent { token, call: call.clone() })?;
                }
                let answer = target.call(&call, token);
                match &answer {
                    Ok(_) if written => host.record(&Event::Done)?,
                    Ok(Answer::Sample(sample)) => {
                        host.record(&Event::Note(format!(
                            "check: {} ({} samples)",
                            sample.said, sample.samples
                        )))?;
                    }
                    Ok(_) => {}
                    Err(error) if written => host.record(&Event::Failed(error.message.clone()))?,
                    Err(error) => host.record(&Event::Note(error.message.clone()))?,
                }
                let now = host.now();
                engine.told(now, &call, answer);
            }
            Step::Wait { until, why } => host.wait(until, &why),
            Step::End(outcome) => {
                host.record(&Event::Ended { code: outcome.exit_code(), said: outcome.to_string() })?;
                return Ok(outcome);
            }
        }
    }
}
