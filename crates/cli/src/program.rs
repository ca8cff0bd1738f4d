//! Programs that a user names: `exec:` signers, and later `git` and `kubectl`. Never a shell.

#![allow(clippy::disallowed_methods, reason = "this is where programs of the user's run, in real time")]

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::str::FromStr;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use lw_model::lists::filled;
use lw_model::{Class, Diagnose};

use crate::context::Context;
use crate::error::Error;
use crate::secret;

/// The most bytes a program may write to its standard output.
const LARGEST_OUTPUT: usize = 1 << 20;

/// How much of its standard error is kept: the end.
const KEPT_STDERR: usize = 16 << 10;

/// How many lines of it a message shows.
const SHOWN_LINES: usize = 10;

/// How long a program may take when nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How long its output is waited for once it has ended: a program it has started may still hold it open.
const AFTER_END: Duration = Duration::from_secs(2);

/// Variables every program gets, where they are set. Windows cannot start most programs without its own.
const PASSED: [&str; 12] = [
    "PATH",
    "HOME",
    "LANG",
    "LANGUAGE",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SystemRoot",
    "SYSTEMROOT",
    "USERPROFILE",
    "ComSpec",
    "PATHEXT",
];

/// A program and its first arguments, as a user writes them: `exec:/usr/bin/pkcs11-tool --sign --label 'release key'`.
///
/// The words stand between spaces; what stands between single or double quotes is taken as it is, spaces included. Nothing
/// is expanded, and there is no escape: `$`, `*`, `~` and `\` mean themselves. What only a shell could do (`$NAME`, a pipe, a
/// redirection outside of quotes) is refused, so that nobody waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<String>,
}

/// Why text names no program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// There is no word.
    #[error("no program is named")]
    Empty,
    /// The program is a name or a relative path.
    #[error("the program `{0}` is no absolute path")]
    Relative(String),
    /// A quote that does not end.
    #[error("the quote that begins with {0} does not end")]
    Quote(char),
    /// Something for a shell.
    #[error("`{0}` is for a shell, and none is used")]
    Shell(String),
    /// A NUL, which no argument can hold.
    #[error("there is a NUL character in it")]
    Nul,
}

impl Diagnose for ProgramError {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Relative(_) => {
                    "nothing is looked for on PATH or in the workspace, where a change under test could put it: write where it is, such as /usr/bin/pkcs11-tool"
                }
                Self::Shell(_) => {
                    "write the value itself; between quotes ('…') it is taken as it is; what needs a shell is written into a script, which is then the program"
                }
                Self::Quote(_) => "quotes have no escapes: put text with one kind of quote between two of the other",
                Self::Empty | Self::Nul => "write `exec:` and the absolute path of a program, then its arguments: exec:/usr/bin/tool --flag 'a value'",
            }
            .into(),
        )
    }
}

impl FromStr for Program {
    type Err = ProgramError;

    /// Reads a specification, with or without `exec:` before it.
    fn from_str(text: &str) -> Result<Self, ProgramError> {
        if text.contains('\0') {
            return Err(ProgramError::Nul);
        }
        let mut words = words(text.strip_prefix("exec:").unwrap_or(text))?.into_iter();
        let program = words.next().filter(|word| !word.is_empty()).ok_or(ProgramError::Empty)?;
        let path = PathBuf::from(&program);
        if !path.is_absolute() {
            return Err(ProgramError::Relative(program));
        }
        Ok(Self { path, arguments: words.collect() })
    }
}

impl fmt::Display for Program {
    /// The path alone: arguments may say more than a log should.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

impl Program {
    /// A program at an absolute path, without arguments.
    ///
    /// # Errors
    /// When the path is none.
    pub fn at(path: impl Into<PathBuf>) -> Result<Self, ProgramError> {
        let path = path.into();
        if !path.is_absolute() {
            return Err(ProgramError::Relative(path.display().to_string()));
        }
        Ok(Self { path, arguments: Vec::new() })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its first arguments.
    #[must_use]
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }
}

/// Words between white space; quotes are taken away.
fn words(text: &str) -> Result<Vec<String>, ProgramError> {
    let mut words = Vec::new();
    // The word that is read, and as much of it as no quotes keep from a shell.
    let mut word: Option<(String, String)> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let (word, bare) = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        None => return Err(ProgramError::Quote(c)),
                        Some(end) if end == c => break,
                        Some(inside) => word.push(inside),
                    }
                }
                bare.push('_');
            }
            c if c.is_whitespace() => end(word.take(), &mut words)?,
            c => {
                let (word, bare) = word.get_or_insert_default();
                word.push(c);
                bare.push(c);
            }
        }
    }
    end(word, &mut words)?;
    Ok(words)
}

fn end(word: Option<(String, String)>, words: &mut Vec<String>) -> Result<(), ProgramError> {
    let Some((word, bare)) = word else { return Ok(()) };
    let variable = bare.match_indices('$').any(|(at, _)| {
        let next = bare.get(at + 1..).and_then(|rest| rest.chars().next());
        next.is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '{' | '(' | '_'))
    });
    let operator = matches!(&*bare, "|" | "||" | "&" | "&&" | ";")
        || bare.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(['>', '<'])
        || bare.contains('`');
    if variable || operator {
        return Err(ProgramError::Shell(word));
    }
    words.push(word);
    Ok(())
}

/// A program to run, and how.
#[derive(Debug)]
pub struct ProgramCall<'a> {
    program: &'a Program,
    arguments: Vec<String>,
    stdin: &'a [u8],
    variables: Vec<&'a str>,
    accepted: &'a [i32],
    timeout: Duration,
}

impl<'a> ProgramCall<'a> {
    /// A call of a program, with its own arguments, nothing on standard input, one minute of time, and the exit code 0 as
    /// the only good one.
    #[must_use]
    pub fn new(program: &'a Program) -> Self {
        Self {
            program,
            arguments: Vec::new(),
            stdin: &[],
            variables: Vec::new(),
            accepted: &[0],
            timeout: TIMEOUT,
        }
    }

    /// Adds arguments after the program's own. Never a secret: every user of the machine can read them.
    #[must_use]
    pub fn arguments(mut self, more: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.arguments.extend(more.into_iter().map(Into::into));
        self
    }

    /// What the program reads on standard input; it need not read it.
    #[must_use]
    pub fn stdin(mut self, bytes: &'a [u8]) -> Self {
        self.stdin = bytes;
        self
    }

    /// Passes these variables on, besides `PATH`, `HOME`, `LANG`, `LC_*` and `TMPDIR`. One from which this run has read a
    /// secret is refused.
    #[must_use]
    pub fn variables(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.variables.extend(names);
        self
    }

    /// Exit codes that are no failure, instead of 0 alone.
    #[must_use]
    pub fn accept(mut self, codes: &'a [i32]) -> Self {
        self.accepted = codes;
        self
    }

    /// How long it may take. Then it is ended, with all programs it has started.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// What a program has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramOutput {
    /// Its exit code, one of those that were accepted.
    pub code: i32,
    /// What it wrote to standard output: at most 1 MiB.
    pub stdout: Vec<u8>,
    /// The end of what it wrote to standard error, made harmless for a log.
    pub stderr: String,
}

impl Context {
    /// The program of this name that is installed on the machine: the first that can be executed in the folders of `PATH`, but
    /// none in the workspace, where a change under test could put it. `None` where there is none.
    #[must_use]
    pub fn installed_program(&self, name: &str) -> Option<Program> {
        let folders = self.host().var("PATH")?;
        let workspace = std::fs::canonicalize(self.root()).ok();
        let is_foreign = |path: &Path| {
            let found = std::fs::canonicalize(path).ok();
            workspace.as_ref().zip(found.as_ref()).is_some_and(|(root, found)| found.starts_with(root))
        };
        let names = if cfg!(windows) { vec![format!("{name}.exe")] } else { vec![name.to_owned()] };
        let paths = std::env::split_paths(&folders).filter(|folder| folder.is_absolute());
        let mut found =
            paths.flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>());
        let path = found.find(|path| executable(path).is_ok() && !is_foreign(path))?;
        Program::at(path).ok()
    }

    /// Runs a program that the user has named, without a shell: a regular file at an absolute path, with its arguments as
    /// they are, in the folder of the run, and with no more of the environment than it is given.
    ///
    /// What it wrote to standard output is foreign: to be checked before it is used.
    ///
    /// # Errors
    /// When it cannot be run, takes too long, writes too much, ends with another code than the accepted ones or by a signal;
    /// with the end of what it said on standard error.
    pub fn run_program(&self, call: &ProgramCall<'_>) -> Result<ProgramOutput, Error> {
        let path = &call.program.path;
        executable(path)?;
        let mut command = Command::new(path);
        command.args(&call.program.arguments).args(&call.arguments);
        command.current_dir(self.files.cwd()).env_clear();
        self.pass_variables(&mut command, &call.variables)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            command.process_group(0);
        }
        run(&mut command, call).map_err(|error| error.context(path.display().to_string()))
    }

    fn pass_variables(&self, command: &mut Command, wanted: &[&str]) -> Result<(), Error> {
        if let Some(name) = wanted.iter().find(|name| secret::is_withheld(name)) {
            return Err(Error::usage(format!(
                "{name} is not passed on to a program: this run has read a secret from it"
            ))
            .hint("give the program a variable of its own"));
        }
        let names: BTreeSet<&str> = filled(wanted.iter().copied().chain(PASSED));
        for (name, value) in &self.host().env {
            let wanted = names.contains(name.as_str()) || name.starts_with("LC_");
            if wanted && !secret::is_withheld(name) {
                command.env(name, value);
            }
        }
        Ok(())
    }
}

fn executable(path: &Path) -> Result<(), Error> {
    let shown = path.display();
    let metadata = std::fs::metadata(path).map_err(|error| {
        Error::usage(format!("{shown}: {error}"))
            .hint("the program has to be installed where the run takes place")
    })?;
    if !metadata.is_file() {
        return Err(Error::usage(format!("{shown}: it is no regular file, so no program")));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if metadata.permissions().mode() & 0o111 == 0 {
            return Err(
                Error::usage(format!("{shown}: it may not be executed")).hint("make it a program: chmod +x")
            );
        }
    }
    Ok(())
}

/// What a thread that reads has to say.
enum Said {
    /// The end of standard output.
    Stdout(io::Result<Vec<u8>>),
    /// Standard output has more than it may have.
    TooMuch,
    /// The end of standard error.
    Stderr(Vec<u8>),
}

fn run(command: &mut Command, call: &ProgramCall<'_>) -> Result<ProgramOutput, Error> {
    let until = Instant::now() + call.timeout;
    let mut running = Running::start(command)?;
    let (to, said) = mpsc::channel();
    running.pass(call.stdin, &to);
    let mut heard = Heard::default();
    let mut too_much = false;
    let status = loop {
        if let Some(status) = running.ended()? {
            break Some(status);
        }
        let now = Instant::now();
        if now >= until || too_much {
            break None;
        }
        too_much = heard.listen(&said, running.pause.min(until - now));
        running.pause = (running.pause * 2).min(Duration::from_millis(20));
    };
    let Some(status) = status else {
        running.end();
        heard.rest(&said);
        if too_much || heard.too_much {
            return Err(Error::remote("it wrote more than 1 MiB to standard output, and was ended"));
        }
        let seconds = call.timeout.as_secs_f64();
        return Err(
            heard.failure(&format!("it took longer than {seconds} s, and was ended with all it had started"))
        );
    };
    let complete = heard.rest(&said);
    if heard.too_much {
        return Err(Error::remote("it wrote more than 1 MiB to standard output"));
    }
    let code = status.code().filter(|code| call.accepted.contains(code));
    let Some(code) = code else { return Err(heard.failure(&told(status))) };
    if !complete {
        return Err(Error::remote("it has ended, and something it started still holds its output open")
            .hint("a program has to end with all it starts"));
    }
    let stderr = heard.stderr();
    match heard.stdout {
        Some(Ok(stdout)) => Ok(ProgramOutput { code, stdout, stderr }),
        Some(Err(error)) => Err(Error::remote(format!("its output could not be read: {error}"))),
        None => Err(Error::internal("the output of a program was lost")),
    }
}

/// How a program ended.
fn told(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return format!("it was ended by the signal {signal}");
        }
    }
    status.code().map_or_else(|| status.to_string(), |code| format!("it ended with the exit code {code}"))
}

/// What was heard of a program so far.
#[derive(Default)]
struct Heard {
    stdout: Option<io::Result<Vec<u8>>>,
    stderr: Option<Vec<u8>>,
    too_much: bool,
}

impl Heard {
    /// Waits for something to hear; whether standard output has more than it may.
    fn listen(&mut self, said: &Receiver<Said>, wait: Duration) -> bool {
        match said.recv_timeout(wait) {
            Ok(Said::Stdout(bytes)) => self.stdout = Some(bytes),
            Ok(Said::Stderr(bytes)) => self.stderr = Some(bytes),
            Ok(Said::TooMuch) => self.too_much = true,
            // Both have ended: only the end of the program is left to wait for.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(wait),
            Err(RecvTimeoutError::Timeout) => {}
        }
        self.too_much
    }

    /// Hears the rest of a program that has ended; whether that came to an end, too.
    fn rest(&mut self, said: &Receiver<Said>) -> bool {
        let until = Instant::now() + AFTER_END;
        while (self.stdout.is_none() && !self.too_much) || self.stderr.is_none() {
            let now = Instant::now();
            if now >= until {
                return false;
            }
            self.listen(said, until - now);
        }
        true
    }

    fn stderr(&self) -> String {
        let bytes = self.stderr.as_deref().unwrap_or_default();
        lw_ci::neutralise(&String::from_utf8_lossy(bytes)).into_owned()
    }

    /// A failure, with the last lines of standard error.
    fn failure(&self, what: &str) -> Error {
        let text = self.stderr();
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let last = lines.get(lines.len().saturating_sub(SHOWN_LINES)..).unwrap_or_default();
        if last.is_empty() {
            return Error::remote(format!("{what}; it said nothing on standard error"));
        }
        Error::remote(format!("{what}; on standard error it said:\n{}", last.join("\n")))
    }
}

/// A program that runs; dropped, it is ended.
struct Running {
    child: Child,
    /// How long to wait before the next look.
    pause: Duration,
    reaped: bool,
}

impl Running {
    fn start(command: &mut Command) -> Result<Self, Error> {
        let mut attempts = 0;
        loop {
            match command.spawn() {
                Ok(child) => return Ok(Self { child, pause: Duration::from_millis(1), reaped: false }),
                // Somebody has just written it: another process may hold it open for a moment.
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && attempts < 10 => {
                    attempts += 1;
                    thread::sleep(Duration::from_millis(20));
                }
                Err(error) => return Err(Error::remote(format!("it cannot be started: {error}"))),
            }
        }
    }

    /// Starts the threads that write its input and read its output.
    fn pass(&mut self, input: &[u8], to: &Sender<Said>) {
        if let Some(mut pipe) = self.child.stdin.take() {
            let input = zeroize::Zeroizing::new(input.to_vec());
            // A program that does not read has no need of it.
            thread::spawn(move || pipe.write_all(&input));
        }
        if let Some(pipe) = self.child.stdout.take() {
            let to = to.clone();
            thread::spawn(move || read_stdout(pipe, &to));
        }
        if let Some(pipe) = self.child.stderr.take() {
            let to = to.clone();
            thread::spawn(move || to.send(Said::Stderr(end_of(pipe))));
        }
    }

    /// Its status, once it has ended; all it has started in its group is ended then, too.
    fn ended(&mut self) -> Result<Option<ExitStatus>, Error> {
        let lost = |error: io::Error| Error::remote(format!("its end could not be waited for: {error}"));
        // Looked at before it is taken away: its number is that of its group, and still its own.
        #[cfg(unix)]
        {
            use rustix::process::{WaitId, WaitIdOptions, waitid};
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
            let id = self.id().ok_or_else(|| Error::internal("a program without a number"))?;
            if waitid(WaitId::Pid(id), options).map_err(|error| lost(error.into()))?.is_none() {
                return Ok(None);
            }
            self.kill_group();
        }
        let status = self.child.try_wait().map_err(lost)?;
        self.reaped = status.is_some();
        Ok(status)
    }

    #[cfg(unix)]
    fn id(&self) -> Option<rustix::process::Pid> {
        rustix::process::Pid::from_raw(i32::try_from(self.child.id()).ok()?)
    }

    #[cfg(unix)]
    fn kill_group(&self) {
        if let Some(id) = self.id() {
            // It may have ended by itself.
            let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
        }
    }

    fn end(&mut self) {
        if self.reaped {
            return;
        }
        #[cfg(unix)]
        self.kill_group();
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.reaped = true;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn read_stdout(pipe: ChildStdout, to: &Sender<Said>) {
    let mut bytes = Vec::new();
    let done = pipe.take(LARGEST_OUTPUT as u64 + 1).read_to_end(&mut bytes);
    // Nobody listens any more when this fails.
    let _ =
        to.send(if bytes.len() > LARGEST_OUTPUT { Said::TooMuch } else { Said::Stdout(done.map(|_| bytes)) });
}

/// Reads to the end and keeps the last part.
fn end_of(mut pipe: ChildStderr) -> Vec<u8> {
    let mut kept = VecDeque::new();
    let mut buffer = vec![0; 8 << 10];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                kept.extend(buffer.get(..count).unwrap_or_default());
                kept.drain(..kept.len().saturating_sub(KEPT_STDERR));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    kept.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, Vec<String>), ProgramError> {
        text.parse::<Program>().map(|program| (program.to_string(), program.arguments))
    }

    #[test]
    #[cfg(unix)]
    fn words_stand_between_spaces_and_quotes_keep_them_together() {
        for (text, arguments) in [
            ("exec:/bin/a", &[][..]),
            ("/bin/a", &[]),
            ("exec: /bin/a  -x\n --y=1 ", &["-x", "--y=1"]),
            ("exec:/bin/a 'one two' \"it's\" --label='a b'c ''", &["one two", "it's", "--label=a bc", ""]),
            (
                "exec:/bin/a pkcs11:token=x;object=y?pin-source=z&b ~ * \\ 5$",
                &["pkcs11:token=x;object=y?pin-source=z&b", "~", "*", "\\", "5$"],
            ),
            ("exec:/bin/a '$HOME' '|' '>x' \"`id`\"", &["$HOME", "|", ">x", "`id`"]),
        ] {
            let expected: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(read(text), Ok(("/bin/a".to_owned(), expected)), "{text}");
        }
        let (path, _) = read("exec:'/opt/my tools/sign' x").unwrap();
        assert_eq!(path, "/opt/my tools/sign");
    }

    #[test]
    #[cfg(unix)]
    fn what_is_no_program_is_refused() {
        let shell = |word: &str| ProgramError::Shell(word.to_owned());
        for (text, error) in [
            ("exec:", ProgramError::Empty),
            ("exec:''", ProgramError::Empty),
            ("exec:sign --x", ProgramError::Relative("sign".into())),
            ("exec:./sign", ProgramError::Relative("./sign".into())),
            ("exec:/bin/a 'x", ProgramError::Quote('\'')),
            ("exec:/bin/a \"x", ProgramError::Quote('"')),
            ("exec:/bin/a $HOME", shell("$HOME")),
            ("exec:/bin/a --key=${KEY}", shell("--key=${KEY}")),
            ("exec:/bin/a $(id)", shell("$(id)")),
            ("exec:/bin/a `id`", shell("`id`")),
            ("exec:/bin/a | base64", shell("|")),
            ("exec:/bin/a >x", shell(">x")),
            ("exec:/bin/a 2>/dev/null", shell("2>/dev/null")),
            ("exec:/bin/a\0", ProgramError::Nul),
        ] {
            assert_eq!(read(text), Err(error.clone()), "{text}");
            assert!(error.hint().is_some());
        }
    }
}
