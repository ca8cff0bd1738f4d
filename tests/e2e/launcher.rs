//! `launcher/lw.sh`: where it finds the binary, and that it runs nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lw_testkit::root;
use sha2::{Digest, Sha256};

use crate::support::{Said, say, target, which, write_program};

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

/// What a release host serves.
#[derive(Clone)]
pub(crate) enum Served {
    Whole(Vec<u8>),
    CutOff(Vec<u8>),
    Missing,
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
                    let (status, length, body) = match what {
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

        // On PATH only the exact version will do.
        write_program(&bench.path("path/lw"), &fake("0.0.1", "path"));
        assert_eq!(ran(&bench), "tree");
        write_program(&bench.path("path/lw"), &fake(&version(), "path"));
        assert_eq!(ran(&bench), "path");

        write_program(&bench.path("my own/lw-dev"), &fake("0.0.1", "own"));
        let own = bench.path("my own/lw-dev");
        bench.set("LW_BIN", own);
        assert_eq!(ran(&bench), "own");
    }
}

#[test]
fn a_download_that_is_not_the_pinned_one_is_never_run() {
    for shell in shells() {
        let good = fake(&version(), "good");
        for (served, code, message) in [
            (Served::Whole(fake(&version(), "evil").into()), 4, "instead of the pinned"),
            (Served::CutOff(good.clone().into()), 4, "could not download"),
            (Served::Missing, 4, "could not download"),
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
            assert_eq!(leftovers(&bench.path("tools")), Vec::<PathBuf>::new());
        }
    }
}

#[test]
fn a_poisoned_cache_is_not_run_but_replaced() {
    for shell in shells() {
        let mut bench = Bench::new();
        let good = fake(&version(), "good");
        let host = Host::serve(Served::Whole(good.clone().into()));
        write_program(&bench.cached(), &fake(&version(), "evil"));
        bench.pin(&good).set("LW_DOWNLOAD_BASE", &host.address);
        assert_eq!(bench.launch(&shell, &["x"]).stdout, "good <x>");
        assert_eq!(fs::read_to_string(bench.cached()).unwrap(), good);
    }
}

#[test]
fn jobs_that_share_a_cache_do_not_disturb_each_other() {
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
        assert_eq!(leftovers(&bench.path("tools")), Vec::<PathBuf>::new());
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_only_slower() {
    let mut bench = Bench::new();
    let good = fake(&version(), "good");
    let host = Host::serve(Served::Whole(good.clone().into()));
    bench.pin(&good).set("LW_DOWNLOAD_BASE", &host.address).set("RUNNER_TOOL_CACHE", "/dev/null");
    for shell in shells() {
        assert_eq!(bench.launch(&shell, &["x"]).stdout, "good <x>");
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
        for name in
            ["sh", "dirname", "uname", "mkdir", "mktemp", "sha256sum", "chmod", "mv", "rm", "tr", "sed"]
        {
            std::os::unix::fs::symlink(which(name).unwrap(), bench.path("path").join(name)).unwrap();
        }
        std::os::unix::fs::symlink(wget, bench.path("path/wget")).unwrap();
        let only = bench.path("path");
        bench.set("PATH", only);
        assert_eq!(bench.launch(&shells()[0], &["x"]).stdout, "good <x>");
        bench.set("LW_DOWNLOAD_BASE", "http://127.0.0.1:1");
        fs::remove_dir_all(bench.path("tools")).unwrap();
        assert!(bench.refusal(&shells()[0]).1.contains("could not download"));
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
