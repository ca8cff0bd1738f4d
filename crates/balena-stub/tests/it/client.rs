//! A client that sends what it is told and nothing else.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use lw_balena_stub::Stub;
use serde_json::Value;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether all came that was said to come.
    pub(crate) is_whole: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

/// Percent-encodes what no target of a request may hold.
pub(crate) fn encode(target: &str) -> String {
    let bytes = target.bytes().map(|byte| match byte {
        b' ' | b'"' | b'<' | b'>' | b'%' | 0x80.. => format!("%{byte:02X}"),
        _ => char::from(byte).to_string(),
    });
    bytes.collect()
}

/// Sends bytes to a server, and gives what it answers; nothing when the connection ends without a word.
pub(crate) fn raw(url: &str, request: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    // A server that drops the connection may do so while it is written to.
    let _ = stream.write_all(request);
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return None;
    }
    let status = line.split(' ').nth(1)?.parse().unwrap();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new(), is_whole: true };
    if answer.header("transfer-encoding") == Some("chunked") {
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                answer.is_whole = false;
                break;
            }
            let mut chunk = vec![0; usize::from_str_radix(line.trim(), 16).unwrap() + 2];
            reader.read_exact(&mut chunk).unwrap();
            if chunk.len() == 2 {
                break;
            }
            answer.body.extend_from_slice(&chunk[..chunk.len() - 2]);
        }
    } else {
        let _ = reader.read_to_end(&mut answer.body);
        let says = answer.header("content-length").map(|length| length.parse::<usize>().unwrap());
        answer.is_whole = says.is_none_or(|says| says == answer.body.len());
    }
    Some(answer)
}

/// A request of the API, with a token.
pub(crate) fn send(
    stub: &Stub,
    method: &str,
    target: &str,
    body: Option<&Value>,
    token: &str,
) -> Option<Answer> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let authorization =
        if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let head = format!(
        "{method} {} HTTP/1.1\r\nHost: x\r\n{authorization}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        encode(target),
        body.len()
    );
    raw(&stub.api_url(), &[head.as_bytes(), body.as_bytes()].concat())
}

/// A request of the API with the right token, which must be answered.
pub(crate) fn ask(stub: &Stub, method: &str, target: &str, body: &Value) -> Answer {
    let body = (!body.is_null()).then_some(body);
    send(stub, method, target, body, stub.token()).unwrap_or_else(|| panic!("no answer to {method} {target}"))
}

/// The rows that a query gives.
pub(crate) fn rows(stub: &Stub, target: &str) -> Vec<Value> {
    let answer = ask(stub, "GET", target, &Value::Null);
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    answer.json()["d"].as_array().unwrap().clone()
}
