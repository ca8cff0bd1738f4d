//! Whom the client trusts, beside the server of OpenSSL.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lw_http::{Client, ErrorKind, Settings};
use lw_testkit::program;

use crate::{client, client_with, get};

/// `openssl s_server`, which ends when it is dropped.
struct Tls {
    child: Child,
    port: u16,
    certificate: Vec<u8>,
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Tls {
    fn start(openssl: &Path, folder: &Path, names: &str) -> Self {
        let made = Command::new(openssl)
            .args(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
                    .split(' '),
            )
            .args(["-keyout", "key.pem", "-out", "cert.pem", "-addext", &format!("subjectAltName={names}")])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .current_dir(folder)
            .stderr(Stdio::null())
            .status();
        assert!(made.unwrap().success());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(openssl)
            .args([
                "s_server",
                "-accept",
                &format!("127.0.0.1:{port}"),
                "-cert",
                "cert.pem",
                "-key",
                "key.pem",
                "-www",
            ])
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { child, port, certificate: std::fs::read(folder.join("cert.pem")).unwrap() }
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}/", self.port)
    }

    fn trusted(&self) -> Client {
        client_with(|settings: &mut Settings| settings.certificates = Some(self.certificate.clone()))
    }
}

#[test]
fn a_certificate_is_trusted_when_it_is_named_and_for_its_names() {
    let Some(openssl) = program("openssl") else { return };
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let here = Tls::start(&openssl, one.path(), "IP:127.0.0.1");
    let elsewhere = Tls::start(&openssl, two.path(), "DNS:example.com");
    let answer = here.trusted().send(&get(&here.url())).unwrap();
    assert_eq!(answer.status, 200);
    assert!(String::from_utf8_lossy(&answer.body).contains("TLSv1.3"), "the newest there is");

    let refused = [
        client().send(&get(&here.url())),
        elsewhere.trusted().send(&get(&here.url())),
        // The certificate is trusted, and is not for this name.
        elsewhere.trusted().send(&get(&elsewhere.url())),
    ];
    for error in refused.map(Result::unwrap_err) {
        assert!(matches!(error.kind, ErrorKind::Tls(_)), "{error:?}");
        assert!(!error.failure().is_transient(), "no repetition makes it trusted");
    }
}
