//! A server on this machine that answers as a test says, also as no server should: it drops connections, breaks off, dawdles, and
//! sends what nobody asked for.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The longest request that is read, in bytes.
const MAX_REQUEST: usize = 64 << 20;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// `GET`.
    pub method: String,
    /// The path with its query; of a request to a proxy, what it asks for.
    pub target: String,
    /// Names in small letters, with their values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Received {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// As a server does.
    Answer {
        /// The status.
        status: u16,
        /// Headers besides `Content-Length` and `Connection`.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// The connection ends without a word.
    Drop,
    /// The answer says that it has this many bytes, and ends after those it has.
    Truncated {
        /// How many it says.
        says: usize,
        /// How many come.
        body: Vec<u8>,
    },
    /// A byte at a time, with a pause after each.
    Slow {
        /// The body.
        body: Vec<u8>,
        /// The pause.
        pause: Duration,
    },
    /// Nothing comes for this long.
    Hang(Duration),
    /// These bytes, and the end.
    Raw(Vec<u8>),
}

impl Reply {
    /// An answer in JSON.
    #[must_use]
    pub fn json(status: u16, body: &str) -> Self {
        let headers = vec![("Content-Type", "application/json; charset=utf-8".to_owned())];
        Self::Answer { status, headers, body: body.into() }
    }

    /// The page of a gateway that has lost the server.
    #[must_use]
    pub fn html(status: u16) -> Self {
        let headers = vec![("Content-Type", "text/html".to_owned())];
        let body = format!("<html>\r\n<head><title>{status}</title></head>\r\n<body>nginx</body></html>\r\n");
        Self::Answer { status, headers, body: body.into() }
    }

    /// A refusal for now: 429 or 503 with `Retry-After`.
    #[must_use]
    pub fn later(status: u16, after: &str) -> Self {
        Self::Answer { status, headers: vec![("Retry-After", after.to_owned())], body: b"later".to_vec() }
    }
}

type Answers = dyn Fn(&Received) -> Reply + Send + Sync;

/// A server that runs until it is dropped.
pub struct Server {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Server {
    /// A server that answers each request with what `answers` says.
    ///
    /// # Panics
    /// When this machine has no loopback.
    #[must_use]
    #[allow(clippy::expect_used)]
    pub fn start(answers: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of the loopback");
        let address = listener.local_addr().expect("the address of a listener");
        let received = Arc::new(Mutex::new(Vec::new()));
        let is_over = Arc::new(AtomicBool::new(false));
        let answers: Arc<Answers> = Arc::new(answers);
        let (kept, over) = (Arc::clone(&received), Arc::clone(&is_over));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (answers, kept) = (Arc::clone(&answers), Arc::clone(&kept));
                // Each connection has a thread, so one that dawdles keeps no other waiting. It ends with the client.
                thread::spawn(move || drop(serve(&stream, &*answers, &kept)));
            }
        });
        Self { address, received, is_over, thread: Some(thread) }
    }

    /// A server that answers with these, one after the other, and with the last one from then on.
    #[must_use]
    pub fn with(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Mutex<VecDeque<Reply>> = Mutex::new(replies.into_iter().collect());
        Self::start(move |_| {
            let mut replies = replies.lock().unwrap_or_else(PoisonError::into_inner);
            let last = if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() };
            last.unwrap_or(Reply::Drop)
        })
    }

    /// `http://127.0.0.1:PORT` and the path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What came so far, in order.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // It waits for a connection: this is one.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(stream: &TcpStream, answers: &Answers, kept: &Mutex<Vec<Received>>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let request = receive(&mut reader)?;
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    let mut out = stream;
    match answers(&request) {
        Reply::Drop => {}
        Reply::Answer { status, headers, body } => {
            let mut text = format!("HTTP/1.1 {status} Any\r\nConnection: close\r\n");
            for (name, value) in headers {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
            if status != 304 && status != 204 {
                text.push_str(&format!("Content-Length: {}\r\n", body.len()));
            }
            out.write_all(text.as_bytes())?;
            out.write_all(b"\r\n")?;
            out.write_all(&body)?;
        }
        Reply::Truncated { says, body } => {
            out.write_all(head(says).as_bytes())?;
            out.write_all(&body)?;
        }
        Reply::Slow { body, pause } => {
            out.write_all(head(body.len()).as_bytes())?;
            for byte in body {
                out.write_all(&[byte])?;
                out.flush()?;
                thread::sleep(pause);
            }
        }
        Reply::Hang(pause) => thread::sleep(pause),
        Reply::Raw(bytes) => out.write_all(&bytes)?,
    }
    out.flush()?;
    stream.shutdown(Shutdown::Both)
}

fn head(length: usize) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

fn receive(reader: &mut impl BufRead) -> io::Result<Received> {
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.by_ref().take(64 << 10).read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let first = lines.first().ok_or_else(|| bad("no request"))?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let header = |line: &String| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers: Vec<_> = lines.iter().skip(1).filter_map(header).collect();
    let mut request = Received { method, target, headers, body: Vec::new() };
    if let Some(length) = request.header("content-length").and_then(|length| length.parse::<usize>().ok()) {
        if length > MAX_REQUEST {
            return Err(bad("too long"));
        }
        request.body = vec![0; length];
        reader.read_exact(&mut request.body)?;
    } else if request.header("transfer-encoding") == Some("chunked") {
        loop {
            let mut line = String::new();
            reader.by_ref().take(64 << 10).read_line(&mut line)?;
            let length = usize::from_str_radix(line.trim(), 16).map_err(|_| bad("no length of a chunk"))?;
            if request.body.len() + length > MAX_REQUEST {
                return Err(bad("too long"));
            }
            let mut chunk = vec![0; length + 2];
            reader.read_exact(&mut chunk)?;
            if length == 0 {
                break;
            }
            request.body.extend_from_slice(chunk.get(..length).unwrap_or_default());
        }
    }
    Ok(request)
}
