//! Running a script and reading its output line by line, from both streams.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With this exit code; after a signal, 128 and its number.
    Code(i32),
    /// It ran for too long and was killed.
    TimedOut,
}

/// What to run.
pub(super) struct Script<'a> {
    pub(super) program: &'a Path,
    pub(super) args: &'a [String],
    pub(super) folder: &'a Path,
    pub(super) env: &'a [(String, String)],
    pub(super) timeout: Duration,
}

impl Script<'_> {
    /// Runs it with no other environment than its own; `on_line` sees each line of standard output and
    /// error as it comes.
    pub(super) fn run(&self, on_line: &mut dyn FnMut(&str)) -> io::Result<End> {
        let mut child = Command::new(self.program)
            .args(self.args)
            .current_dir(self.folder)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (sender, receiver) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            read_lines(stdout, sender.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            read_lines(stderr, sender);
        }
        let deadline = Instant::now() + self.timeout;
        loop {
            match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => on_line(&line),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    child.kill()?;
                    child.wait()?;
                    return Ok(End::TimedOut);
                }
            }
        }
        Ok(End::Code(code(child.wait()?)))
    }
}

#[cfg(unix)]
fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

#[cfg(not(unix))]
fn code(status: std::process::ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}

/// Sends each line of a stream. As .NET's `StreamReader.ReadLine`: LF, CR LF and a lone CR end a line,
/// a byte order mark at the start is dropped, what is no UTF-8 becomes U+FFFD.
fn read_lines(stream: impl Read + Send + 'static, sender: mpsc::Sender<String>) {
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut first = true;
        let mut chunk = Vec::new();
        while stream.read_until(b'\n', &mut chunk).is_ok_and(|length| length > 0) {
            let text = chunk.strip_suffix(b"\n").unwrap_or(&chunk);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            let text = String::from_utf8_lossy(text);
            let text = if first { text.strip_prefix('\u{feff}').unwrap_or(&text) } else { &text };
            first = false;
            for line in text.split('\r') {
                if sender.send(line.to_owned()).is_err() {
                    return;
                }
            }
            chunk.clear();
        }
    });
}

/// The program of this name in the folders of a `PATH`.
pub(super) fn which(name: &str, path: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name));
    }
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_in_dotnet() {
        let (sender, receiver) = mpsc::channel();
        read_lines(&b"\xef\xbb\xbfa\r\nb\rc\n\nd\xff"[..], sender);
        let lines: Vec<String> = receiver.iter().collect();
        assert_eq!(lines, ["a", "b", "c", "", "d\u{fffd}"]);
    }
}
