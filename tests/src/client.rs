//! A blocking client of both protocol versions, small enough to be obviously right.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::Reply;

/// How long a read or write may wait before the test fails instead of hanging.
const TIMEOUT: Duration = Duration::from_secs(30);

/// One connection. Replies are read in order; nothing is matched to calls.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    consumed: usize,
}

impl Client {
    /// Connects to a port of this machine.
    pub fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self { stream, buffer: Vec::new(), consumed: 0 })
    }

    /// Sends one call and reads its reply; panics when the connection fails.
    pub fn call<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Reply {
        self.send(&encode(args)).expect("the server takes a call");
        self.read().expect("the server answers")
    }

    /// `call` with the arguments separated by blanks: `run("SET key value")`.
    pub fn run(&mut self, line: &str) -> Reply {
        self.call(&line.split_ascii_whitespace().collect::<Vec<_>>())
    }

    /// Sends raw bytes.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends a call without reading its reply.
    pub fn start<A: AsRef<[u8]>>(&mut self, args: &[A]) {
        self.send(&encode(args)).expect("the server takes a call");
    }

    /// Sends all calls at once, then reads all replies. A second thread writes, as neither side
    /// may fill the other's buffers while both only write.
    pub fn pipeline<A: AsRef<[u8]>>(&mut self, calls: &[Vec<A>]) -> io::Result<Vec<Reply>> {
        let bytes: Vec<u8> = calls.iter().flat_map(|call| encode(call)).collect();
        if bytes.len() < 32 * 1024 {
            self.send(&bytes)?;
            return (0..calls.len()).map(|_| self.read()).collect();
        }
        let mut writer = self.stream.try_clone()?;
        std::thread::scope(|scope| {
            let written = scope.spawn(move || writer.write_all(&bytes));
            let replies = (0..calls.len()).map(|_| self.read()).collect::<io::Result<Vec<_>>>();
            if replies.is_err() {
                // The writer must not wait for a server that no longer reads.
                let _ = self.stream.shutdown(Shutdown::Both);
            }
            written.join().expect("the writer does not panic")?;
            replies
        })
    }

    /// Reads one reply.
    pub fn read(&mut self) -> io::Result<Reply> {
        let line = self.line()?;
        let text = text_of(&line[1.min(line.len())..]);
        Ok(match line.first() {
            Some(b'+') => Reply::Simple(text),
            Some(b'-') => Reply::Error(text),
            Some(b':') => Reply::Integer(parse(&text)?),
            Some(b'$') => match parse::<i64>(&text)? {
                -1 => Reply::NilBulk,
                length => Reply::Bulk(self.body(length)?),
            },
            Some(b'*') => match parse::<i64>(&text)? {
                -1 => Reply::NilArray,
                length => Reply::Array(self.elements(length)?),
            },
            Some(b'_') => Reply::Null,
            Some(b'#') => Reply::Boolean(text == "t"),
            Some(b',') => Reply::Double(text),
            Some(b'(') => Reply::BigNumber(text),
            Some(b'=') => Reply::Verbatim(self.body(parse(&text)?)?),
            Some(b'!') => Reply::Error(text_of(&self.body(parse(&text)?)?)),
            Some(b'~') => Reply::Set(self.elements(parse(&text)?)?),
            Some(b'>') => Reply::Push(self.elements(parse(&text)?)?),
            Some(b'%') => {
                let flat = self.elements(parse::<i64>(&text)? * 2)?;
                Reply::Map(flat.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
            }
            _ => return Err(bad_data(format!("not a reply: {:?}", line.escape_ascii().to_string()))),
        })
    }

    /// Everything the server still sends until it closes the connection.
    pub fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = self.buffer.split_off(self.consumed);
        match self.stream.read_to_end(&mut rest) {
            // A server that closes with unread input resets the connection.
            Err(e) if e.kind() != io::ErrorKind::ConnectionReset => Err(e),
            _ => Ok(rest),
        }
    }

    /// Sets how long a read may wait.
    pub fn set_read_timeout(&self, timeout: Duration) {
        self.stream.set_read_timeout(Some(timeout)).expect("a timeout above zero");
    }

    /// Closes the sending side; replies can still be read. The server may have closed already.
    pub fn finish_sending(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    fn elements(&mut self, count: i64) -> io::Result<Vec<Reply>> {
        (0..count).map(|_| self.read()).collect()
    }

    /// A body of `length` bytes and its line end.
    fn body(&mut self, length: i64) -> io::Result<Vec<u8>> {
        let length = usize::try_from(length).map_err(|_| bad_data(format!("length {length}")))?;
        while self.buffer.len() - self.consumed < length + 2 {
            self.fill()?;
        }
        let bytes = self.buffer[self.consumed..self.consumed + length].to_vec();
        self.consumed += length + 2;
        Ok(bytes)
    }

    /// A line without its end.
    fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut searched = 0;
        loop {
            let rest = &self.buffer[self.consumed..];
            if let Some(at) = rest[searched..].windows(2).position(|w| w == b"\r\n") {
                let line = rest[..searched + at].to_vec();
                self.consumed += line.len() + 2;
                return Ok(line);
            }
            searched = rest.len().saturating_sub(1);
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.consumed == self.buffer.len() {
            self.buffer.clear();
            self.consumed = 0;
        }
        let mut chunk = [0; 64 * 1024];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => {
                    let message = "the server closed the connection";
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
                }
                Ok(n) => {
                    self.buffer.extend_from_slice(&chunk[..n]);
                    return Ok(());
                }
                // A process that was stopped and goes on is told so if its read has a timeout.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// A call in the form clients send: an array of bulk strings.
pub fn encode<A: AsRef<[u8]>>(args: &[A]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", args.len()).into_bytes();
    for arg in args {
        let arg = arg.as_ref();
        out.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
        out.extend_from_slice(arg);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// A line as text; one that is not UTF-8 with a character per byte, so that no two lines look alike.
fn text_of(line: &[u8]) -> String {
    match str::from_utf8(line) {
        Ok(text) => text.to_owned(),
        Err(_) => line.iter().map(|&byte| char::from(byte)).collect(),
    }
}

fn parse<T: std::str::FromStr>(text: &str) -> io::Result<T> {
    text.parse().map_err(|_| bad_data(format!("not a number: {text:?}")))
}

fn bad_data(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
