//! Any bytes as rules of `.dockerignore`, as a composition, and as the builder's answer: what is read in pieces is what is read at once,
//! and nothing that is shown controls a terminal.

use std::io::{Cursor, Read};

use lw_balena_build::{Answer, Ignore, Log, Said, Tarball, contexts, replaced};

struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(self.0.len()).min(3);
        let (now, rest) = self.0.split_at(most);
        buffer[..most].copy_from_slice(now);
        self.0 = rest;
        Ok(most)
    }
}

fn all(reader: impl Read) -> (Vec<Said>, bool, bool) {
    let mut answer = Answer::new(reader);
    let mut said = Vec::new();
    loop {
        match answer.next_said() {
            Ok(Some(one)) => said.push(one),
            Ok(None) => return (said, answer.is_whole(), true),
            Err(_) => return (said, answer.is_whole(), false),
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let said = all(bytes);
    assert_eq!(said, all(Slow(bytes)));
    let mut log = Log::default();
    for one in &said.0 {
        if let Said::Message { text, replaces, .. } = one {
            for line in log.push(text, *replaces) {
                assert!(!line.chars().any(char::is_control));
            }
        }
    }
    let none = Tarball::new(Vec::new(), |_| Err(std::io::Error::other("none")));
    if let Ok(sent) = replaced(Cursor::new(bytes), none) {
        // What is wrong behind its beginning is an error, and no end of it.
        let _ = std::io::copy(&mut sent.take(1 << 20), &mut std::io::sink());
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = contexts(text);
    if let Some((rules, path)) = text.split_once('\0')
        && let Ok(ignore) = Ignore::parse(rules)
        && path.len() < 200
    {
        let _ = ignore.leaves_out(path);
        let below = format!("{path}/x");
        if !rules.contains('!') && !path.is_empty() && ignore.leaves_out(path) {
            assert!(ignore.leaves_out(&below));
        }
    }
});
