//! The builder: what it takes, and what it says.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use lw_balena_stub::{Build, Config, Ends, Fault, Injection, Release, Stub};
use serde_json::json;

use crate::client::{Answer, raw};

fn stub() -> (Stub, i64) {
    let stub = Stub::start(Config::default());
    let fleet = stub.add_fleet("fleet");
    (stub, fleet)
}

/// A tarball of a source as the CLI of balena makes one.
fn source() -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut entry = |path: &str, kind: tar::EntryType, mode: u32, content: &[u8], link: Option<&str>| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_mtime(7);
        header.set_size(content.len() as u64);
        match link {
            Some(link) => archive.append_link(&mut header, path, link).unwrap(),
            None => archive.append_data(&mut header, path, content).unwrap(),
        }
    };
    entry("Dockerfile", tar::EntryType::Regular, 0o644, b"FROM scratch\n", None);
    entry("run.sh", tar::EntryType::Regular, 0o755, b"", None);
    entry(&format!("{}deep", "long/".repeat(40)), tar::EntryType::Regular, 0o600, b"x", None);
    entry("link", tar::EntryType::Symlink, 0o777, b"", Some("run.sh"));
    archive.into_inner().unwrap().finish().unwrap()
}

fn upload_as(stub: &Stub, query: &str, body: &[u8], token: &str) -> Option<Answer> {
    let head = format!(
        "POST /v3/build?{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let mut request = head.into_bytes();
    // In pieces, as a stream comes.
    for piece in body.chunks(100) {
        request.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        request.extend_from_slice(piece);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    raw(&stub.builder_url(), &request)
}

fn upload(stub: &Stub, query: &str) -> Option<Answer> {
    upload_as(stub, query, &source(), stub.token())
}

#[test]
fn a_source_is_read_and_built_element_by_element() {
    let (stub, fleet) = stub();
    let before = stub.add_release(fleet, &Release::last("1.0.0"));
    let answer = upload(&stub, "slug=admin%2Ffleet&isdraft=true&dockerfilePath=&nocache=false").unwrap();
    assert_eq!((answer.status, answer.is_whole), (200, true));
    let text = answer.text();
    let elements = answer.json();
    let elements = elements.as_array().unwrap();
    assert_eq!(
        text.lines().count(),
        elements.len() * 2 + 1,
        "each element is a line between commas:\n{text}"
    );
    let release = elements[0]["value"].as_i64().unwrap();
    assert_eq!(elements[0], json!({ "type": "metadata", "resource": "buildLogId", "value": release }));
    assert!(elements.iter().any(|element| element["replace"] == true));
    assert!(!elements.iter().any(|element| element["isError"] == true));

    let state = stub.state();
    assert_eq!(state.releases[&release].status, "success");
    assert!(!state.releases[&release].is_final, "a draft changes no fleet");
    assert_eq!(state.fleets[&fleet].target, Some(before));
    let upload = &stub.uploads()[0];
    assert_eq!((upload.release, upload.error.as_deref()), (Some(release), None));
    assert_eq!(upload.query("slug"), Some("admin/fleet"));
    assert_eq!(upload.sent, source().len() as u64);
    assert_eq!(upload.unpacked % 512, 0);
    let shown: Vec<(&str, char, u32, u64)> = upload
        .entries
        .iter()
        .map(|entry| (entry.path.as_str(), entry.kind, entry.mode, entry.size))
        .collect();
    let deep = format!("{}deep", "long/".repeat(40));
    assert_eq!(
        shown,
        [
            ("Dockerfile", 'f', 0o644, 13),
            ("run.sh", 'f', 0o755, 0),
            (deep.as_str(), 'f', 0o600, 1),
            ("link", 'l', 0o777, 0)
        ]
    );
    assert_eq!(upload.entry("link").unwrap().link.as_deref(), Some("run.sh"));
    // printf 'FROM scratch\n' | sha256sum
    let digest = "bb57c7da220a8753d7bdabac0d3afdb6efa742e4c736c5bc93ab40dfd5e23b9b";
    assert_eq!(upload.entry("Dockerfile").unwrap().sha256, digest);
    assert_eq!(
        upload.entry("run.sh").unwrap().sha256,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}

#[test]
fn a_final_build_reaches_the_fleet_at_once() {
    let (stub, fleet) = stub();
    upload(&stub, "slug=admin/fleet&isdraft=false").unwrap();
    let state = stub.state();
    let release = stub.uploads()[0].release.unwrap();
    assert_eq!(state.fleets[&fleet].target, Some(release));
    assert_eq!(state.releases[&release].raw_version, "0.0.0");
}

#[test]
fn a_build_that_fails_says_so_in_an_element_and_in_the_release() {
    let (stub, _) = stub();
    stub.next_build(Build::failing("Some services failed to build"));
    let answer = upload(&stub, "slug=admin/fleet&isdraft=true").unwrap();
    assert_eq!(answer.status, 200, "the status says nothing of the build");
    let elements = answer.json();
    let last = elements.as_array().unwrap().last().unwrap();
    assert_eq!(*last, json!({ "message": "Some services failed to build", "isError": true }));
    assert_eq!(stub.state().releases[&1].status, "failed");
}

#[test]
fn a_build_outlives_its_answer() {
    let (stub, _) = stub();
    stub.next_build(Build::cut(2, Ends::After(Duration::from_secs(300))));
    let answer = upload(&stub, "slug=admin/fleet&isdraft=true").unwrap();
    assert!(!answer.is_whole);
    assert_eq!(answer.text().lines().count(), 4, "two elements, and no end:\n{}", answer.text());
    assert_eq!(stub.state().releases[&1].status, "running");
    stub.advance(Duration::from_secs(299));
    assert_eq!(stub.state().releases[&1].status, "running");
    stub.advance(Duration::from_secs(1));
    assert_eq!(stub.state().releases[&1].status, "success");

    // The connection ends as if all were well, and the array does not.
    stub.next_build(Build { is_unclosed: true, ends: Ends::Never, ..Build::default() });
    let answer = upload(&stub, "slug=admin/fleet&isdraft=true").unwrap();
    assert!(answer.is_whole && !answer.text().ends_with("]\n"));
    stub.advance(Duration::from_secs(86_400));
    assert_eq!(stub.state().releases[&2].status, "running");
}

#[test]
fn a_build_may_go_on_by_itself() {
    let (stub, _) = stub();
    stub.next_build(Build { ends: Ends::After(Duration::from_secs(60)), ..Build::default() });
    let answer = upload(&stub, "slug=admin/fleet&isdraft=true&headless=true").unwrap();
    assert_eq!(answer.json(), json!({ "started": true, "releaseId": 1 }));
    assert_eq!(stub.state().releases[&1].status, "running");
    stub.advance(Duration::from_secs(60));
    assert_eq!(stub.state().releases[&1].status, "success");
}

#[test]
fn what_the_builder_does_not_take_makes_no_release() {
    let (stub, _) = stub();
    let answer = upload_as(&stub, "slug=admin/fleet", &source(), "wrong").unwrap();
    assert_eq!(answer.status, 401);
    assert_eq!(upload(&stub, "slug=admin/nope").unwrap().status, 404);
    let half = &source()[..source().len() / 2];
    assert_eq!(upload_as(&stub, "slug=admin/fleet", half, stub.token()).unwrap().status, 400);
    stub.next_build(Build { refused: Some((503, "try later".to_owned())), ..Build::default() });
    let answer = upload(&stub, "slug=admin/fleet").unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (503, "try later"));
    assert!(stub.state().releases.is_empty());
    assert!(stub.uploads()[1].error.is_some());
}

#[test]
fn an_upload_meets_faults_before_and_after_it_takes_effect() {
    let (stub, _) = stub();
    let query = "slug=admin/fleet&isdraft=true";
    stub.inject(Injection::at("POST", "/v3/build", Fault::Later { status: 429, after: "5".to_owned() }));
    let answer = upload(&stub, query).unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("5")));
    assert!(stub.state().releases.is_empty());
    stub.inject(Injection::at("POST", "/v3/build", Fault::Drop).taking_effect());
    assert!(upload(&stub, query).is_none());
    assert_eq!(stub.state().releases[&1].status, "success", "live, and nobody has heard of it");
    stub.inject(Injection::at("POST", "/v3/build", Fault::Truncated(30)));
    let answer = upload(&stub, query).unwrap();
    assert_eq!((answer.body.len(), answer.is_whole), (30, false));
    assert_eq!(stub.state().releases[&2].status, "success");
}

/// The most memory this process had so far, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

#[test]
fn a_large_source_goes_past_memory() {
    const SIZE: u64 = 256 << 20;
    let (stub, _) = stub();
    let mut stream = TcpStream::connect(stub.builder_url().strip_prefix("http://").unwrap()).unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_path("large").unwrap();
    header.set_size(SIZE);
    header.set_mode(0o644);
    header.set_cksum();
    let head = format!(
        "POST /v3/build?slug=admin/fleet&isdraft=true HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        stub.token(),
        512 + SIZE + 1024
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server says when it wants the body.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(header.as_bytes()).unwrap();
    let before = peak();
    let block = vec![0; 1 << 20];
    for _ in 0..SIZE >> 20 {
        stream.write_all(&block).unwrap();
    }
    stream.write_all(&[0; 1024]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    // Other tests of this process need some, too.
    assert!(peak() - before < SIZE / 2, "{} bytes", peak() - before);
    let upload = &stub.uploads()[0];
    // head -c 256M /dev/zero | sha256sum
    assert_eq!(
        upload.entry("large").unwrap().sha256,
        "a6d72ac7690f53be6ae46ba88506bd97302a093f7108472bd9efc3cefda06484"
    );
    assert_eq!(upload.unpacked, 512 + SIZE + 1024);
}
