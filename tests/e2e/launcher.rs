//! `launcher/lw.sh`: where it finds the binary, that it runs nothing else, and that nothing is left after.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lw_testkit::{ignores, root, signal, skip};
use sha2::{Digest, Sha256};

use crate::support::{Said, must, say, target, which, write_program};

/// The shells a runner may have as `sh`. A missing one is not looked at: the first is always there.
fn shells() -> Vec<Vec<PathBuf>> {
    let mut shells = vec![vec![which("sh").expect("a shell")]];
    shells.extend(["dash", "bash"].iter().filter_map(|name| which(name)).map(|path| vec![path]));
    shells.extend(which("busybox").map(|path| vec![path, "sh".into()]));
    shells
}

/// A program that says it is `lw`, and which one.
fn fake(version: &str, mark: &str) -> String {
    format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && echo 'lw {version}' && exit 0\nprintf '%s' '{mark}'\nprintf ' <%s>' \"$@\"\n"
    )
}

fn version() -> String {
    fs::read_to_string(root().join("launcher/version")).unwrap().trim().to_owned()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether there is what the launcher downloads with.
fn can_download() -> bool {
    let is_there = ["curl", "wget"].iter().any(|name| which(name).is_some());
    is_there || skip("neither curl nor wget is installed").unwrap_or_default()
}

/// A copy of the launcher with its own home, caches and PATH.
struct Bench {
    folder: tempfile::TempDir,
    env: BTreeMap<String, String>,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        for name in ["lw.sh", "version", "releases", "image", "checksums.txt"] {
            fs::create_dir_all(here.join("tree/launcher")).unwrap();
            fs::copy(root().join("launcher").join(name), here.join("tree/launcher").join(name)).unwrap();
        }
        for name in ["temp", "path", "home"] {
            fs::create_dir_all(here.join(name)).unwrap();
        }
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let env = BTreeMap::from([
            ("PATH".into(), format!("{}:/usr/bin:/bin", text(here.join("path")))),
            ("HOME".into(), text(here.join("home"))),
            ("RUNNER_TEMP".into(), text(here.join("temp"))),
            ("RUNNER_TOOL_CACHE".into(), text(here.join("tools"))),
            ("GITHUB_ACTIONS".into(), "true".into()),
            ("GITHUB_OUTPUT".into(), text(here.join("temp/output"))),
            ("GITHUB_PATH".into(), text(here.join("temp/path"))),
        ]);
        Self { folder, env }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn set(&mut self, name: &str, value: impl AsRef<Path>) -> &mut Self {
        self.env.insert(name.into(), value.as_ref().to_string_lossy().into_owned());
        self
    }

    /// Makes the tree a release that pins this binary.
    fn pin(&mut self, binary: &str) -> &mut Self {
        let sum = sha256(binary.as_bytes());
        fs::write(
            self.path("tree/launcher/checksums.txt"),
            format!("# A comment.\n{:064}  lw-other-target\n{sum}  lw-{}\n", 0, target()),
        )
        .unwrap();
        self
    }

    /// A release in whose tool cache this binary is.
    fn with_cached(binary: &str) -> Self {
        let mut bench = Self::new();
        bench.pin(binary).set("LW_DOWNLOAD_BASE", "http://127.0.0.1:1");
        write_program(&bench.cached(), binary);
        bench
    }

    /// Whether a run has left anything in the folders it may write to.
    fn assert_tidy(&self) {
        let temp: Vec<PathBuf> = fs::read_dir(self.path("temp"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("lw.")))
            .collect();
        assert_eq!(temp, Vec::<PathBuf>::new());
        assert_eq!(leftovers(&self.path("tools")), Vec::<PathBuf>::new());
    }

    fn cached(&self) -> PathBuf {
        self.path("tools/lw").join(version()).join(target()).join("lw")
    }

    fn command(&self, shell: &[PathBuf]) -> Command {
        let mut command = Command::new(&shell[0]);
        command
            .args(&shell[1..])
            .arg(self.path("tree/launcher/lw.sh"))
            .current_dir(self.path("temp"))
            .env_clear()
            .envs(&self.env);
        command
    }

    fn launch(&self, shell: &[PathBuf], args: &[&str]) -> Said {
        say(self.command(shell).args(args))
    }

    /// The one line the launcher fails with.
    fn refusal(&self, shell: &[PathBuf]) -> (i32, String) {
        let output = self.path("temp/output");
        let _ = fs::remove_file(&output);
        let said = self.launch(shell, &["size-gate"]);
        let errors: Vec<&str> = said.stdout.lines().filter(|line| line.contains("::error")).collect();
        assert_eq!(errors.len(), 1, "{said:?}");
        let message = errors[0].strip_prefix("::error title=lw::").unwrap().to_owned();
        let outputs = fs::read_to_string(output).unwrap();
        assert_eq!(outputs, format!("verdict=error\nsummary={}\n", message.replace("%25", "%")));
        (said.code, message)
    }
}

/// Bytes a binary may have, as the launcher says.
pub(crate) const LIMIT: usize = 64 << 20;

/// What a release host serves.
#[derive(Clone)]
pub(crate) enum Served {
    Whole(Vec<u8>),
    CutOff(Vec<u8>),
    Missing,
    /// Says that it is larger than a binary may be.
    Large,
    /// Says nothing of its size and never ends.
    Endless,
    /// Begins and then sends no more.
    Stalled,
}

/// A release host on the loopback device; counts its requests.
pub(crate) struct Host {
    pub(crate) address: String,
    requests: Arc<AtomicUsize>,
}

impl Host {
    pub(crate) fn serve(what: Served) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(mut stream), what) = (stream, what.clone()) else { return };
                count.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                    let path = lines.next().unwrap().unwrap();
                    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                    let length_unknown = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbeginning";
                    let (status, length, body) = match what {
                        Served::Endless => {
                            let _ = stream.write_all(length_unknown);
                            while stream.write_all(&[0; 1 << 16]).is_ok() {}
                            return;
                        }
                        Served::Stalled => {
                            let _ = stream.write_all(length_unknown);
                            std::thread::sleep(Duration::from_secs(120));
                            return;
                        }
                        Served::Large => ("200 OK", LIMIT + 1, Vec::new()),
                        Served::Whole(body) if path.contains(&format!("/lw-{} ", target())) => {
                            ("200 OK", body.len(), body)
                        }
                        Served::CutOff(body) => ("200 OK", body.len() + 100, body),
                        _ => ("404 Not Found", 0, Vec::new()),
                    };
                    let head =
                        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
                });
            }
        });
        Self { address, requests }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Files in the cache and beside it that are neither the binary nor a folder.
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { leftovers(&path) } else { vec![path] }
        })
        .filter(|path| path.file_name().is_some_and(|name| name != "lw"))
        .collect()
}

#[test]
fn each_place_is_looked_at_in_its_order() {
    if !can_download() {
        return;
    }
    for shell in shells() {
        let mut bench = Bench::new();
        let download = fake(&version(), "download");
        let host = Host::serve(Served::Whole(download.clone().into()));
        bench.pin(&download).set("LW_DOWNLOAD_BASE", &host.address);
        let ran = |bench: &Bench| {
            let said = bench.launch(&shell, &["size-gate", "a b", "$(x)"]);
            assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{said:?}");
            said.stdout.strip_suffix(" <size-gate> <a b> <$(x)>").unwrap().to_owned()
        };

        assert_eq!(ran(&bench), "download");
        assert_eq!(host.requests(), 1);
        assert_eq!(fs::read_to_string(bench.cached()).unwrap(), download);
        // The second time it comes from the cache.
        assert_eq!((ran(&bench).as_str(), host.requests()), ("download", 1));

        let in_tree = bench.path("tree/bin").join(target()).join("lw");
        write_program(&in_tree, &fake(&version(), "tree"));
        assert_eq!(ran(&bench), "download");
        fs::remove_dir_all(bench.path("tools")).unwrap();
        assert_eq!((ran(&bench).as_str(), host.requests()), ("tree", 1));

        // On PATH only the pinned one will do.
        write_program(&bench.path("path/lw"), &download);
        assert_eq!((ran(&bench).as_str(), host.requests()), ("download", 1));
        assert!(!bench.cached().exists());
        bench.assert_tidy();

        write_program(&bench.path("my own/lw-dev"), &fake("0.0.1", "own"));
        let own = bench.path("my own/lw-dev");
        bench.set("LW_BIN", own);
        assert_eq!(ran(&bench), "own");
    }
}

#[test]
fn a_download_that_is_not_the_pinned_one_is_never_run() {
    if !can_download() {
        return;
    }
    for shell in shells() {
        let good = fake(&version(), "good");
        for (served, code, message) in [
            (Served::Whole(fake(&version(), "evil").into()), 4, "instead of the pinned"),
            (Served::CutOff(good.clone().into()), 4, "could not download"),
            (Served::Missing, 4, "could not download"),
            (Served::Large, 4, "more than the 67108864 bytes"),
            (Served::Endless, 4, "more than the 67108864 bytes"),
        ] {
            let mut bench = Bench::new();
            let host = Host::serve(served);
            bench.pin(&good).set("LW_DOWNLOAD_BASE", format!("{}/%0A::error::x", host.address));
            let (found, text) = bench.refusal(&shell);
            assert_eq!(found, code);
            assert!(text.contains(message), "{text}");
            // What the address holds is data.
            assert!(text.contains("/%250A::error::x"), "{text}");
            assert!(!bench.cached().exists());
            bench.assert_tidy();
        }
    }
}

#[test]
fn a_poisoned_cache_is_not_run_but_replaced() {
    if !can_download() {
        return;
    }
    for shell in shells() {
        let mut bench = Bench::new();
        let good = fake(&version(), "good");
        let host = Host::serve(Served::Whole(good.clone().into()));
        write_program(&bench.cached(), &fake(&version(), "evil"));
        bench.pin(&good).set("LW_DOWNLOAD_BASE", &host.address);
        let said = bench.launch(&shell, &["x"]);
        assert_eq!(said.stdout, "good <x>");
        assert!(said.stderr.contains("is not run: it has the SHA-256"), "{said:?}");
        assert_eq!(fs::read_to_string(bench.cached()).unwrap(), good);
        assert_eq!(bench.launch(&shell, &["x"]).stderr, "");
    }
}

/// A program that leaves a trace however it is called, and says that it is of the right version.
fn evil(trace: &Path) -> String {
    format!("#!/bin/sh\necho \"$*\" >>'{}'\necho 'lw {}'\n", trace.display(), version())
}

/// The writer of the cache who waits for the moment between the digest and the start.
#[test]
fn a_cache_that_changes_after_it_was_hashed_is_not_run() {
    // A standalone busybox takes its own `sha256sum`, whatever is on PATH.
    for shell in shells().into_iter().filter(|shell| shell.len() == 1) {
        let bench = Bench::with_cached(&fake(&version(), "good"));
        let (trace, swap) = (bench.path("trace"), bench.path("swap"));
        write_program(&swap, &evil(&trace));
        let real = which("sha256sum").unwrap();
        write_program(
            &bench.path("path/sha256sum"),
            &format!(
                "#!/bin/sh\n{} || exit 1\nmv -f '{}' '{}'\n",
                real.display(),
                swap.display(),
                bench.cached().display()
            ),
        );
        let said = bench.launch(&shell, &["x"]);
        assert_eq!((said.code, said.stdout.as_str()), (0, "good <x>"), "{said:?}");
        assert!(!swap.exists(), "nothing was swapped");
        assert!(!trace.exists());
    }
}

/// The same writer, who does not wait.
#[test]
fn a_cache_that_changes_all_the_time_never_runs_another_program() {
    if !can_download() {
        return;
    }
    let good = fake(&version(), "good");
    let host = Host::serve(Served::Whole(good.clone().into()));
    let mut bench = Bench::with_cached(&good);
    bench.set("LW_DOWNLOAD_BASE", &host.address);
    let (trace, one, two) = (bench.path("trace"), bench.path("one"), bench.path("two"));
    write_program(&one, &good);
    write_program(&two, &evil(&trace));
    let (stop, next) = (AtomicBool::new(false), bench.path("next"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                for program in [&one, &two] {
                    fs::hard_link(program, &next).unwrap();
                    fs::rename(&next, bench.cached()).unwrap();
                    std::thread::sleep(Duration::from_micros(800));
                }
            }
        });
        let shells = shells();
        let outputs: Vec<String> =
            (0..60).map(|run| bench.launch(&shells[run % shells.len()], &["x"]).stdout).collect();
        stop.store(true, Ordering::SeqCst);
        assert_eq!(outputs, vec!["good <x>"; 60]);
    });
    assert!(!trace.exists(), "{}", fs::read_to_string(trace).unwrap());
}

#[test]
fn another_program_on_path_is_never_run_and_that_is_said() {
    for shell in shells() {
        let good = fake(&version(), "good");
        let mut bench = Bench::with_cached(&good);
        let trace = bench.path("trace");
        write_program(&bench.path("path/lw"), &evil(&trace));
        let said = bench.launch(&shell, &["x"]);
        assert_eq!((said.code, said.stdout.as_str()), (0, "good <x>"), "{said:?}");
        let name = bench.path("path/lw").display().to_string();
        assert!(said.stderr.starts_with(&format!("note: {name} is not run: it has the SHA-256")), "{said:?}");
        assert_eq!(said.stderr.lines().count(), 1, "{said:?}");

        // A tree that pins nothing has nothing to compare it with; what lies in the tree is the user's word.
        fs::copy(root().join("launcher/checksums.txt"), bench.path("tree/launcher/checksums.txt")).unwrap();
        let (code, text) = bench.refusal(&shell);
        assert_eq!((code, text.contains("pins no binary")), (4, true), "{text}");
        write_program(&bench.path("tree/bin").join(target()).join("lw"), &fake("0.0.1", "tree"));
        let said = bench.launch(&shell, &["x"]);
        assert_eq!(said.stdout, "tree <x>");
        assert!(said.stderr.contains("on PATH is not run: this tree pins no binary"), "{said:?}");
        assert!(!trace.exists(), "{}", fs::read_to_string(trace).unwrap());

        // LW_BIN is a file, also where its name has no folder.
        write_program(&bench.path("temp/lw"), &fake("0.0.1", "own"));
        bench.set("LW_BIN", "lw");
        assert_eq!(bench.launch(&shell, &["x"]).stdout, "own <x>");
    }
}

#[test]
fn what_is_no_file_or_has_no_end_is_passed_over() {
    if !can_download() {
        return;
    }
    let good = fake(&version(), "good");
    let make = |kind: &str, path: &Path| match kind {
        "fifo" => drop(must(Command::new("mkfifo").arg("--mode=755").arg(path))),
        "device" => std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
        "folder" => fs::create_dir(path).unwrap(),
        _ => {
            write_program(path, "#!/bin/sh\n");
            fs::OpenOptions::new().write(true).open(path).unwrap().set_len(1 << 40).unwrap();
        }
    };
    for shell in shells() {
        let host = Host::serve(Served::Whole(good.clone().into()));
        for kind in ["fifo", "huge", "device", "folder"] {
            let mut bench = Bench::new();
            bench.pin(&good).set("LW_DOWNLOAD_BASE", &host.address);
            make(kind, &bench.path("path/lw"));
            fs::create_dir_all(bench.cached().parent().unwrap()).unwrap();
            make(kind, &bench.cached());
            let start = Instant::now();
            let said = bench.launch(&shell, &["x"]);
            assert_eq!((said.code, said.stdout.as_str()), (0, "good <x>"), "{kind}: {said:?}");
            assert!(start.elapsed() < Duration::from_secs(60), "{kind}: {:?}", start.elapsed());
            assert!(said.stderr.contains(&format!("{} is not run", bench.cached().display())), "{said:?}");
            // Only a folder cannot be replaced, and then that is said.
            assert_eq!(said.stderr.contains("is not kept for later jobs"), kind == "folder", "{said:?}");
            bench.assert_tidy();
        }
        // A link is as good as what it leads to.
        let bench = Bench::with_cached(&good);
        fs::rename(bench.cached(), bench.path("elsewhere")).unwrap();
        std::os::unix::fs::symlink(bench.path("elsewhere"), bench.cached()).unwrap();
        assert_eq!(bench.launch(&shell, &["x"]).stdout, "good <x>");
    }
}

#[test]
fn the_tool_has_what_it_was_given_and_nothing_is_left_behind() {
    let tool = "#!/bin/sh\ncase $1 in\n  code) exit \"$2\" ;;\n  kill) kill -KILL $$ ;;\n  read) cat; cat <&9; cat <&3 ;;\n  closed) if { true 9<&0; } 2>/dev/null; then echo open; else echo closed; fi ;;\n  where) echo \"$0\" ;;\nesac\n";
    for shell in shells() {
        let bench = Bench::with_cached(tool);
        for code in [0, 1, 2, 5, 126, 127, 255] {
            assert_eq!(bench.launch(&shell, &["code", &code.to_string()]).code, code);
        }
        // As a shell says it of what it runs.
        assert_eq!(bench.launch(&shell, &["kill"]).code, 137);

        for name in ["zero", "nine", "three"] {
            fs::write(bench.path("temp").join(name), name).unwrap();
        }
        let words: Vec<String> = shell.iter().map(|word| word.display().to_string()).collect();
        let script = bench.path("tree/launcher/lw.sh").display().to_string();
        let within = |line: &str| {
            let line = line.replace("LAUNCH", &format!("{} {script}", words.join(" ")));
            say(&mut bench.command(&[PathBuf::from("sh"), "-c".into(), line.into()]))
        };
        let said = within("LAUNCH read <zero 3<three 9<nine");
        assert_eq!((said.code, said.stdout.as_str()), (0, "zeroninethree"), "{said:?}");
        assert_eq!(within("LAUNCH closed <&-").stdout, "closed\n");
        let said = within("LAUNCH read <zero 3<zero 4<zero 5<zero 6<zero 7<zero 8<zero 9<zero");
        assert_eq!((said.code, said.stdout.contains("the descriptors 3 to 9 are all open")), (2, true));
        bench.assert_tidy();

        // The copy lies where nobody else may swap it.
        let place = |bench: &Bench| PathBuf::from(bench.launch(&shell, &["where"]).stdout.trim_end());
        assert!(place(&bench).starts_with(bench.path("temp")));
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        fs::set_permissions(bench.path("temp"), open).unwrap();
        let place = place(&bench);
        assert!(!place.starts_with(bench.path("temp")), "{}", place.display());
        assert!(!place.parent().unwrap().exists());
    }
}

/// A folder for temporary files from which no program runs.
#[test]
fn a_folder_mounted_noexec_is_passed_over() {
    let is_root = say(Command::new("id").arg("-u")).stdout.trim() == "0";
    let Some(unshare) = which("unshare").filter(|_| is_root) else {
        return skip("only root may mount, with unshare").unwrap_or_default();
    };
    if say(Command::new(&unshare).args(["--mount", "true"])).code != 0 {
        return skip("this container may not mount").unwrap_or_default();
    }
    for shell in shells() {
        let bench = Bench::with_cached(&fake(&version(), "good"));
        let words: Vec<String> = shell.iter().map(|word| word.display().to_string()).collect();
        let within = |folder: &Path| {
            let script = format!(
                "mount --bind {0} {0} && mount -o remount,bind,noexec {0} && cd {1} && exec {2} {3} x",
                folder.display(),
                bench.path("temp").display(),
                words.join(" "),
                bench.path("tree/launcher/lw.sh").display()
            );
            let args = ["--mount", "--propagation=private", "sh", "-c", &script];
            let words: Vec<PathBuf> = args.iter().map(PathBuf::from).collect();
            let mut command = bench.command(&[vec![unshare.clone()], words].concat());
            say(&mut command)
        };
        let said = within(&bench.path("temp"));
        assert_eq!((said.code, said.stdout.as_str()), (0, "good <x>"), "{said:?}");
        bench.assert_tidy();
        let said = within(&std::env::temp_dir());
        assert_eq!(said.code, 4, "{said:?}");
        assert!(said.stdout.contains("there is no folder to run a verified copy of lw from"), "{said:?}");
        bench.assert_tidy();
    }
}

/// Waits for something to come about.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Processes whose command line names this folder.
fn processes_of(folder: &Path) -> Vec<String> {
    let folder = folder.to_string_lossy().into_owned();
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    entries
        .filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok())
        .filter(|line| line.contains(&folder))
        .collect()
}

#[test]
fn a_signal_ends_the_tool_and_the_launcher() {
    let tool = "#!/bin/sh\n: >started\nexec sleep 60 # \"$0\"\n";
    for shell in shells() {
        for (name, number) in [("TERM", 15), ("INT", 2), ("HUP", 1)] {
            if ignores("self", number) {
                // Under `nohup`, say: no shell can trap what was ignored when it started, so nothing would come of it.
                continue;
            }
            let code = 128 + number;
            let bench =
                Bench::with_cached(&tool.replace("started", &format!("started; echo $$ >pid-{name}")));
            let mut child = bench.command(&shell).arg("x").stdin(Stdio::null()).spawn().unwrap();
            let pid = bench.path("temp").join(format!("pid-{name}"));
            until("the tool starts", || fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n')));
            signal(&child, name);
            assert_eq!(child.wait().unwrap().code(), Some(code), "{shell:?} {name}");
            let tool = Path::new("/proc").join(fs::read_to_string(&pid).unwrap().trim());
            assert!(!tool.exists(), "{shell:?} {name}: the tool still runs");
            bench.assert_tidy();
        }
    }
}

#[test]
fn a_signal_ends_a_download() {
    if !can_download() {
        return;
    }
    for shell in shells() {
        for (name, number) in [("TERM", 15), ("INT", 2)] {
            if ignores("self", number) {
                // As above.
                continue;
            }
            let code = 128 + number;
            let host = Host::serve(Served::Stalled);
            let mut bench = Bench::new();
            bench.pin("anything").set("LW_DOWNLOAD_BASE", &host.address);
            let mut child = bench.command(&shell).arg("x").stdin(Stdio::null()).spawn().unwrap();
            until("the download starts", || host.requests() == 1);
            signal(&child, name);
            assert_eq!(child.wait().unwrap().code(), Some(code), "{shell:?} {name}");
            assert_eq!(processes_of(&bench.path("temp")), Vec::<String>::new());
            bench.assert_tidy();
        }
    }
}

#[test]
fn jobs_that_share_a_cache_do_not_disturb_each_other() {
    if !can_download() {
        return;
    }
    for shell in shells() {
        let mut bench = Bench::new();
        let good = format!("{}#{}\n", fake(&version(), "good"), "x".repeat(1 << 20));
        let host = Host::serve(Served::Whole(good.clone().into()));
        bench.pin(&good).set("LW_DOWNLOAD_BASE", &host.address);
        std::thread::scope(|scope| {
            let jobs: Vec<_> = (0..8).map(|_| scope.spawn(|| bench.launch(&shell, &["x"]))).collect();
            for job in jobs {
                let said = job.join().unwrap();
                assert_eq!((said.code, said.stdout.as_str()), (0, "good <x>"), "{said:?}");
            }
        });
        assert_eq!(fs::read_to_string(bench.cached()).unwrap(), good);
        bench.assert_tidy();
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_only_slower() {
    if !can_download() {
        return;
    }
    let mut bench = Bench::new();
    let good = fake(&version(), "good");
    let host = Host::serve(Served::Whole(good.clone().into()));
    bench.pin(&good).set("LW_DOWNLOAD_BASE", &host.address).set("RUNNER_TOOL_CACHE", "/dev/null");
    for shell in shells() {
        let said = bench.launch(&shell, &["x"]);
        assert_eq!(said.stdout, "good <x>");
        assert!(said.stderr.starts_with("note: lw is not kept for later jobs: /dev/null/lw/"), "{said:?}");
        bench.assert_tidy();
    }
}

#[test]
fn without_curl_wget_does() {
    // Debian's static busybox crashes in its own wget, so that one is not tried.
    if let Some(wget) = which("wget") {
        let mut bench = Bench::new();
        let good = fake(&version(), "good");
        let host = Host::serve(Served::Whole(good.clone().into()));
        bench.pin(&good).set("LW_DOWNLOAD_BASE", &host.address);
        let needed = "sh dirname uname mkdir mktemp sha256sum chmod mv rm tr sed ls head cat wc";
        for name in needed.split(' ') {
            std::os::unix::fs::symlink(which(name).unwrap(), bench.path("path").join(name)).unwrap();
        }
        std::os::unix::fs::symlink(wget, bench.path("path/wget")).unwrap();
        let only = bench.path("path");
        bench.set("PATH", only);
        assert_eq!(bench.launch(&shells()[0], &["x"]).stdout, "good <x>");
        bench.set("LW_DOWNLOAD_BASE", "http://127.0.0.1:1");
        fs::remove_dir_all(bench.path("tools")).unwrap();
        assert!(bench.refusal(&shells()[0]).1.contains("could not download"));
        let host = Host::serve(Served::Endless);
        bench.set("LW_DOWNLOAD_BASE", &host.address);
        assert!(bench.refusal(&shells()[0]).1.contains("more than the 67108864 bytes"));
        bench.assert_tidy();
    }
}

#[test]
fn what_cannot_work_is_refused_with_the_way_out() {
    for shell in shells() {
        let mut bench = Bench::new();
        let (code, text) = bench.refusal(&shell);
        assert_eq!((code, text.contains("pins no binary")), (4, true), "{text}");

        for (uname, message) in [
            ("case $1 in -s) echo Linux ;; *) echo riscv64 ;; esac", "no binary for Linux on riscv64"),
            ("case $1 in -s) echo SunOS ;; *) echo x86_64 ;; esac", "no binary for SunOS"),
        ] {
            // A standalone busybox takes its own `uname`, whatever is on PATH.
            if shell.len() > 1 {
                continue;
            }
            write_program(&bench.path("path/uname"), &format!("#!/bin/sh\n{uname}\n"));
            let (code, text) = bench.refusal(&shell);
            assert_eq!((code, text.contains(message)), (4, true), "{text}");
            assert!(text.contains("LW_BIN"), "{text}");
        }
        let _ = fs::remove_file(bench.path("path/uname"));

        bench.set("LW_RUNTIME", "podman; touch pwned");
        let (code, text) = bench.refusal(&shell);
        assert_eq!((code, text.as_str()), (2, "the input runtime must be auto, native or docker"));
        bench.set("LW_RUNTIME", "auto");

        // A folder, a file that is no program, and text that would be commands.
        let folder = bench.path("temp");
        let text = bench.path("temp/text");
        fs::write(&text, "no program").unwrap();
        for value in [folder.as_path(), text.as_path(), Path::new("/x\n::add-mask::y ##[error]z")] {
            bench.set("LW_BIN", value);
            let (code, text) = bench.refusal(&shell);
            assert_eq!((code, text.contains("LW_BIN is not a program")), (2, true), "{text}");
            assert!(!text.contains("##["), "{text}");
        }
        bench.env.remove("LW_BIN");

        fs::remove_file(bench.path("tree/launcher/version")).unwrap();
        let (code, text) = bench.refusal(&shell);
        assert_eq!((code, text.contains("this tree is incomplete")), (4, true), "{text}");

        // Where nobody reads workflow commands there are none.
        bench.env.remove("GITHUB_ACTIONS");
        let said = bench.launch(&shell, &["size-gate"]);
        assert_eq!(said.stdout, "");
        assert!(said.stderr.starts_with("error: this tree is incomplete"), "{said:?}");
    }
}

#[test]
fn an_installation_is_seen_by_later_steps_and_may_run_a_tool() {
    for shell in shells() {
        let mut bench = Bench::new();
        write_program(&bench.path("own/lw-dev"), &fake(&version(), "own"));
        let own = bench.path("own/lw-dev");
        bench.set("LW_BIN", own);
        let path_file = bench.path("temp/path");
        let _ = fs::remove_file(&path_file);
        let said = bench.launch(&shell, &["--install"]);
        assert_eq!((said.code, said.stdout), (0, format!("lw {}\n", version())));
        let folder = fs::read_to_string(&path_file).unwrap();
        let found = say(Command::new(Path::new(folder.trim_end()).join("lw")).arg("x"));
        assert_eq!(found.stdout, "own <x>");

        bench
            .set("LW_TOOL", "size-gate")
            .set("LW_ARGUMENTS", "--max=a b\n\n\"; touch pwned; #\n$(touch pwned)");
        let said = bench.launch(&shell, &["--install"]);
        assert_eq!(
            said.stdout,
            format!("lw {}\nown <size-gate> <--max=a b> <\"; touch pwned; #> <$(touch pwned)>", version())
        );
        assert!(!bench.path("temp/pwned").exists());
    }
}

/// What an installation puts on PATH is a copy of its own, which the launcher of a later step verifies again.
#[test]
fn an_installed_copy_is_what_later_steps_run() {
    for shell in shells() {
        let good = fake(&version(), "good");
        let mut bench = Bench::with_cached(&good);
        let path_file = bench.path("temp/path");
        let _ = fs::remove_file(&path_file);
        bench.set("LW_TOOL", "size-gate");
        let said = bench.launch(&shell, &["--install"]);
        assert_eq!((said.code, said.stdout), (0, format!("lw {}\ngood <size-gate>", version())));
        let folder = PathBuf::from(fs::read_to_string(&path_file).unwrap().trim_end());
        assert!(folder.starts_with(bench.path("temp")), "{}", folder.display());
        let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["lw"]);

        // Neither the cache nor a host is there any more.
        fs::remove_dir_all(bench.path("tools")).unwrap();
        let path = format!("{}:{}", folder.display(), bench.env["PATH"]);
        bench.set("PATH", path);
        let said = bench.launch(&shell, &["x"]);
        assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("good <x>", ""), "{said:?}");
        fs::write(folder.join("lw"), evil(&bench.path("trace"))).unwrap();
        assert_eq!(bench.refusal(&shell).0, 4);
        assert!(!bench.path("trace").exists());

        // Where no later step is told of it, nothing stays.
        let mut bench = Bench::with_cached(&good);
        bench.env.remove("GITHUB_PATH");
        assert_eq!(bench.launch(&shell, &["--install"]).stdout, format!("lw {}\n", version()));
        bench.assert_tidy();
    }
}

#[test]
fn the_container_sees_what_the_runner_gives_and_no_value_is_on_its_command_line() {
    for shell in shells() {
        let mut bench = Bench::new();
        write_program(
            &bench.path("path/docker"),
            "#!/bin/sh\n[ \"$1\" = info ] && exit 0\nprintf '%s\\n' \"$@\"\nexit ${CODE:-0}\n",
        );
        let workspace = bench.path("work, \"space\"");
        fs::create_dir_all(&workspace).unwrap();
        bench
            .set("LW_RUNTIME", "docker")
            .set("LW_IMAGE", "lw:test")
            .set("LW_NETWORK", "none")
            .set("GITHUB_WORKSPACE", &workspace)
            .set("INPUT_MAX", "secret value")
            .set("not-a-name", "x");
        let said = say(bench.command(&shell).current_dir(&workspace).args(["size-gate", "--x y"]));
        let args: Vec<&str> = said.stdout.lines().collect();
        let has = |words: &[&str]| args.windows(words.len()).any(|window| window == words);
        assert!(has(&["lw:test", "size-gate", "--x y"]), "{args:?}");
        assert!(
            has(&["--env", "INPUT_MAX"]) && has(&["--network", "none"]) && has(&["--read-only"]),
            "{args:?}"
        );
        // `host` is the only other word that means something; what does not is passed over.
        for (word, is_taken) in [("host", true), ("bridge --privileged", false)] {
            bench.set("LW_NETWORK", word);
            let said = say(bench.command(&shell).current_dir(&workspace).arg("size-gate"));
            let lines: Vec<&str> = said.stdout.lines().collect();
            let is_there = lines.windows(2).any(|pair| pair == ["--network", word]);
            assert_eq!((is_there, lines.contains(&"--network")), (is_taken, is_taken), "{lines:?}");
        }
        assert!(!has(&["--env", "PATH"]) && !has(&["--env", "HOME"]) && !has(&["--env", "not-a-name"]));
        assert!(!said.stdout.contains("secret value"));
        let quoted = workspace.to_string_lossy().replace('"', "\"\"");
        assert!(has(&["--mount", &format!("type=bind,\"source={quoted}\",\"target={quoted}\"")]), "{args:?}");
        assert_eq!(args.iter().filter(|arg| arg.contains("source=")).count(), 2, "{args:?}");

        // The tool's own exit codes pass; docker's do not look like them.
        bench.set("CODE", "1");
        assert_eq!(bench.launch(&shell, &["size-gate"]).code, 1);
        bench.set("CODE", "125");
        let said = bench.launch(&shell, &["size-gate"]);
        assert_eq!(said.code, 4);
        assert!(
            said.stdout.contains("::error title=lw::docker could not run lw:test (exit code 125)"),
            "{said:?}"
        );

        // Without a pinned image there is none.
        bench.env.remove("LW_IMAGE");
        let (code, text) = bench.refusal(&shell);
        assert_eq!((code, text.contains("pins no image")), (4, true), "{text}");
        fs::remove_file(bench.path("path/docker")).unwrap();
        let only = bench.path("path");
        for name in ["dirname", "tr", "sed"] {
            let _ = std::os::unix::fs::symlink(which(name).unwrap(), only.join(name));
        }
        bench.set("PATH", only);
        let (code, text) = bench.refusal(&shell);
        assert_eq!((code, text.contains("there is no docker")), (2, true), "{text}");
    }
}
