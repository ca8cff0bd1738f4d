//! A server on this machine that answers as a test says, also as no server should: it drops connections, breaks off, dawdles, and
//! sends what nobody asked for. What must be read or written as a stream goes past memory: see [`Server::serve`].

#![allow(
    clippy::disallowed_methods,
    reason = "it dawdles in real time, because that is what its client has to bear"
)]

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

mod faults;

pub use faults::{Harm, Injection, Visible, When};

/// The longest request that is read, in bytes.
const MAX_REQUEST: u64 = 64 << 20;

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
    /// The head of an answer as it should be, and of its body as much as said, with a pause after each byte.
    Crippled {
        /// The answer.
        answer: Box<Reply>,
        /// How many bytes of its body come, of more that it says there are; all unless it is said.
        kept: Option<usize>,
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

/// How an answer goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends without a word.
    Drop,
    /// 429 or 503 with `Retry-After`.
    Later {
        /// The status.
        status: u16,
        /// The header: seconds, or a date.
        after: String,
    },
    /// This status with an empty body: 500.
    Status(u16),
    /// The page of a gateway with this status: 502.
    Html(u16),
    /// The answer, whose connection ends after so many bytes of its body.
    Truncated(usize),
    /// The answer, a byte at a time with a pause after each. An upload is answered after the pause instead.
    Slow(Duration),
    /// Nothing for this long, then the end.
    Hang(Duration),
}

impl Fault {
    /// Whether there has to be an answer first, of which this is made.
    #[must_use]
    pub fn is_of_an_answer(&self) -> bool {
        matches!(self, Self::Truncated(_) | Self::Slow(_))
    }

    /// What is sent instead of an answer, or made of it.
    #[must_use]
    pub fn instead_of(&self, answer: Reply) -> Reply {
        match self {
            Self::Drop => Reply::Drop,
            Self::Later { status, after } => Reply::later(*status, after),
            Self::Status(status) => Reply::Answer { status: *status, headers: Vec::new(), body: Vec::new() },
            Self::Html(status) => Reply::html(*status),
            Self::Truncated(kept) => {
                // However short the body is, something of it is missing.
                Reply::Crippled { answer: Box::new(answer), kept: Some(*kept), pause: Duration::ZERO }
            }
            Self::Slow(pause) => Reply::Crippled { answer: Box::new(answer), kept: None, pause: *pause },
            Self::Hang(pause) => Reply::Hang(*pause),
        }
    }
}

/// A request whose head has been read. Reading from it gives the body as it comes; who reads nothing of it leaves it to
/// [`Outgoing::reply`], which drains it, so that the client hears the answer and not a broken connection.
pub struct Incoming<'a> {
    head: Received,
    reader: BufReader<&'a TcpStream>,
    stream: &'a TcpStream,
    rest: Rest,
}

/// What is to come of a body.
#[derive(Clone, Copy, Debug)]
enum Rest {
    /// This many bytes.
    Bytes(u64),
    /// This many of a chunk, and more chunks.
    Chunked(u64),
    /// Nothing before the client is told to go on; then one of the above.
    Waits {
        length: Option<u64>,
    },
    Nothing,
}

impl std::fmt::Debug for Incoming<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming").field("head", &self.head).field("rest", &self.rest).finish_non_exhaustive()
    }
}

impl Incoming<'_> {
    /// The request, whose body is empty until [`read_body`](Self::read_body).
    #[must_use]
    pub fn head(&self) -> &Received {
        &self.head
    }

    /// Reads the body into the request.
    ///
    /// # Errors
    /// When the connection ends before the body does, or it is longer than 64 MiB.
    pub fn read_body(&mut self) -> io::Result<&Received> {
        let mut body = Vec::new();
        self.by_ref().take(MAX_REQUEST + 1).read_to_end(&mut body)?;
        if body.len() as u64 > MAX_REQUEST {
            return Err(bad("the body is too long"));
        }
        self.head.body = body;
        Ok(&self.head)
    }

    /// Reads what is left of the body, and forgets it.
    ///
    /// # Errors
    /// When the connection ends before the body does.
    pub fn drain(&mut self) -> io::Result<u64> {
        io::copy(self, &mut io::sink())
    }
}

impl Read for Incoming<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if let Rest::Waits { length } = self.rest {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            self.rest = length.map_or(Rest::Chunked(0), Rest::Bytes);
        }
        if let Rest::Chunked(0) = self.rest {
            let length = read_line(&mut self.reader)?;
            let digits = length.split(';').next().unwrap_or_default().trim();
            let length = u64::from_str_radix(digits, 16).map_err(|_| bad("no length of a chunk"))?;
            if length == 0 {
                // Trailers, and the empty line behind them.
                while !read_line(&mut self.reader)?.is_empty() {}
                self.rest = Rest::Nothing;
            } else {
                self.rest = Rest::Chunked(length);
            }
        }
        let left = match self.rest {
            Rest::Bytes(left) | Rest::Chunked(left) => left,
            Rest::Nothing | Rest::Waits { .. } => 0,
        };
        if left == 0 {
            return Ok(0);
        }
        let count = (&mut self.reader).take(left).read(buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let left = left - count as u64;
        match &mut self.rest {
            Rest::Chunked(rest) => {
                *rest = left;
                if left == 0 && !read_line(&mut self.reader)?.is_empty() {
                    return Err(bad("a chunk is longer than it says"));
                }
            }
            rest => *rest = Rest::Bytes(left),
        }
        Ok(count)
    }
}

/// Where an answer goes.
#[derive(Debug)]
pub struct Outgoing<'a> {
    stream: &'a TcpStream,
}

impl Outgoing<'_> {
    /// Answers, once the request has been read to its end.
    ///
    /// # Errors
    /// When the client is gone.
    pub fn reply(&mut self, request: &mut Incoming<'_>, reply: &Reply) -> io::Result<()> {
        if !matches!(reply, Reply::Drop) {
            request.drain()?;
        }
        write_reply(self.stream, reply)
    }

    /// Answers a request that has been read as far as anybody wants.
    ///
    /// # Errors
    /// When the client is gone.
    pub fn send(&mut self, reply: &Reply) -> io::Result<()> {
        write_reply(self.stream, reply)
    }

    /// Begins an answer whose length nobody knows yet. Dropping what this returns without [`Chunks::end`] cuts it off.
    ///
    /// # Errors
    /// When the client is gone.
    pub fn chunks(&mut self, status: u16, headers: &[(&str, &str)]) -> io::Result<Chunks<'_>> {
        let mut text =
            format!("HTTP/1.1 {status} Any\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        self.stream.write_all(text.as_bytes())?;
        Ok(Chunks { stream: self.stream })
    }
}

/// An answer that goes out piece by piece.
#[derive(Debug)]
pub struct Chunks<'a> {
    stream: &'a TcpStream,
}

impl Chunks<'_> {
    /// Sends a piece, at once.
    ///
    /// # Errors
    /// When the client is gone.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.stream.write_all(&chunk)
    }

    /// Says that this was all.
    ///
    /// # Errors
    /// When the client is gone.
    pub fn end(self) -> io::Result<()> {
        let mut stream = self.stream;
        stream.write_all(b"0\r\n\r\n")
    }
}

type Serve = dyn Fn(&mut Incoming<'_>, &mut Outgoing<'_>) -> io::Result<()> + Send + Sync;

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
    pub fn start(answers: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&received);
        let mut server = Self::serve(move |request, out| {
            let request = request.read_body()?.clone();
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
            write_reply(out.stream, &answers(&request))
        });
        server.received = received;
        server
    }

    /// A server that reads and writes by itself, as streams. It keeps no request.
    ///
    /// # Panics
    /// When this machine has no loopback.
    #[must_use]
    #[allow(clippy::expect_used)]
    pub fn serve(
        serve: impl Fn(&mut Incoming<'_>, &mut Outgoing<'_>) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of the loopback");
        let address = listener.local_addr().expect("the address of a listener");
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let serve: Arc<Serve> = Arc::new(serve);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let serve = Arc::clone(&serve);
                // Each connection has a thread, so one that dawdles keeps no other waiting. It ends with the client.
                thread::spawn(move || drop(connection(&stream, &*serve)));
            }
        });
        Self { address, received: Arc::default(), is_over, thread: Some(thread) }
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

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn connection(stream: &TcpStream, serve: &Serve) -> io::Result<()> {
    // Each piece of a stream is to arrive when it is sent.
    stream.set_nodelay(true)?;
    let mut request = receive(stream)?;
    let served = serve(&mut request, &mut Outgoing { stream });
    stream.shutdown(Shutdown::Both)?;
    served
}

fn write_reply(mut out: &TcpStream, reply: &Reply) -> io::Result<()> {
    match reply {
        Reply::Drop => {}
        Reply::Answer { status, headers, body } => {
            write_head(out, *status, headers, body.len())?;
            out.write_all(body)?;
        }
        Reply::Crippled { answer, kept, pause } => match &**answer {
            Reply::Answer { status, headers, body } => {
                let says = kept.map_or(body.len(), |kept| body.len().max(kept.saturating_add(1)));
                write_head(out, *status, headers, says)?;
                for byte in body.iter().take(kept.unwrap_or(usize::MAX)) {
                    out.write_all(&[*byte])?;
                    if !pause.is_zero() {
                        thread::sleep(*pause);
                    }
                }
            }
            other => write_reply(out, other)?,
        },
        Reply::Truncated { says, body } => {
            out.write_all(head(*says).as_bytes())?;
            out.write_all(body)?;
        }
        Reply::Slow { body, pause } => {
            out.write_all(head(body.len()).as_bytes())?;
            for byte in body {
                out.write_all(&[*byte])?;
                out.flush()?;
                thread::sleep(*pause);
            }
        }
        Reply::Hang(pause) => thread::sleep(*pause),
        Reply::Raw(bytes) => out.write_all(bytes)?,
    }
    out.flush()
}

fn write_head(
    mut out: &TcpStream,
    status: u16,
    headers: &[(&'static str, String)],
    length: usize,
) -> io::Result<()> {
    let mut text = format!("HTTP/1.1 {status} Any\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if status != 304 && status != 204 {
        text.push_str(&format!("Content-Length: {length}\r\n"));
    }
    text.push_str("\r\n");
    out.write_all(text.as_bytes())
}

fn head(length: usize) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// A line without its end.
fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if reader.take(64 << 10).read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    line.truncate(line.trim_end().len());
    Ok(line)
}

fn receive(stream: &TcpStream) -> io::Result<Incoming<'_>> {
    let mut reader = BufReader::new(stream);
    let first = read_line(&mut reader)?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let line = read_line(&mut reader)?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let head = Received { method, target, headers, body: Vec::new() };
    let length = head.header("content-length").and_then(|length| length.parse().ok());
    let is_chunked = head.header("transfer-encoding") == Some("chunked");
    let waits = head.header("expect").is_some_and(|expect| expect.eq_ignore_ascii_case("100-continue"));
    let rest = match length {
        None if !is_chunked => Rest::Nothing,
        length if waits => Rest::Waits { length: length.filter(|_| !is_chunked) },
        Some(length) if !is_chunked => Rest::Bytes(length),
        _ => Rest::Chunked(0),
    };
    Ok(Incoming { head, reader, stream, rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server answers to these bytes.
    fn answer(server: &Server, request: &str) -> String {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // A server that breaks off may reset the connection.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    fn echo() -> Server {
        Server::start(|request| Reply::Answer {
            status: 200,
            headers: Vec::new(),
            body: request.body.clone(),
        })
    }

    #[test]
    fn a_body_in_chunks_is_the_body() {
        let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let body = "3;name=x\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
        assert!(answer(&echo(), &format!("{head}{body}")).ends_with("\r\n\r\nabc0123456789"));
    }

    #[test]
    fn a_body_that_is_none_is_not_answered() {
        for body in ["x\r\n", "3\r\nabcd\r\n0\r\n\r\n", "-1\r\n", "10000000000000000\r\n"] {
            let request = format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
            assert_eq!(answer(&echo(), &request), "", "{body:?}");
        }
        let server = echo();
        let request = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", MAX_REQUEST + 1);
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream.write_all(b"abc").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty() && server.received().is_empty());
    }

    #[test]
    fn a_client_that_waits_is_told_to_go_on() {
        let request = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc";
        let answer = answer(&echo(), request);
        assert!(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ") && answer.ends_with("abc"));
    }

    #[test]
    fn a_crippled_answer_says_more_than_comes() {
        let whole = || Box::new(Reply::json(201, "[1,2]"));
        for (kept, says, comes) in
            [(Some(2), 5, "[1"), (Some(5), 6, "[1,2]"), (Some(0), 5, ""), (None, 5, "[1,2]")]
        {
            let reply = Reply::Crippled { answer: whole(), kept, pause: Duration::ZERO };
            let answer = answer(&Server::with([reply]), "GET / HTTP/1.1\r\n\r\n");
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 201 "), "{head}");
            assert!(head.contains(&format!("Content-Length: {says}")), "{head}");
            assert_eq!(body, comes);
        }
    }

    #[test]
    fn a_stream_is_whole_only_when_it_is_ended() {
        for is_ended in [true, false] {
            let server = Server::serve(move |request, out| {
                request.drain()?;
                let mut chunks = out.chunks(200, &[("Content-Type", "text/plain")])?;
                chunks.send(b"one")?;
                chunks.send(b"")?;
                if is_ended { chunks.end() } else { Ok(()) }
            });
            let answer = answer(&server, "GET / HTTP/1.1\r\n\r\n");
            let (_, body) = answer.split_once("\r\n\r\n").unwrap();
            assert_eq!(body, if is_ended { "3\r\none\r\n0\r\n\r\n" } else { "3\r\none\r\n" });
        }
    }
}
