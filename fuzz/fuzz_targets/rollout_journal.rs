//! Any bytes as a journal, and as what a target stores: what is read is what its own writing gives, and a cut journal is its whole lines.

use lw_rollout::journal::Journal;
use lw_rollout::{Lease, Mark, Record, Stored, Wish};

fn stored<T: Stored + PartialEq + std::fmt::Debug>(text: &str) {
    if let Ok(value) = T::from_text(text)
        && let Ok(again) = value.to_text()
    {
        assert_eq!(T::from_text(&again), Ok(value));
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(journal) = Journal::read(bytes) {
        assert_eq!(Journal::read(&bytes[..journal.whole]).unwrap().entries, journal.entries);
        let mut text = String::new();
        for entry in &journal.entries {
            let Ok(line) = Journal::line(entry.seq, entry.at, &entry.event) else { return };
            text.push_str(&line);
        }
        assert_eq!(Journal::read(text.as_bytes()).unwrap().entries, journal.entries);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        stored::<Lease>(text);
        stored::<Mark>(text);
        stored::<Record>(text);
        stored::<Wish>(text);
    }
});
