//! Requests in any number of pieces.

use proptest::prelude::*;

use super::{Batch, Limits, OwnedArgs, Parser, ProtocolError};

type Command = Vec<Vec<u8>>;

/// A connection as the server has one: bytes arrive in pieces, commands are collected.
#[derive(Default)]
struct Connection {
    parser: Parser,
    buffer: Vec<u8>,
    batch: Batch,
    commands: Vec<Command>,
    limits: Limits,
}

impl Connection {
    fn receive(&mut self, mut bytes: &[u8]) -> Result<(), ProtocolError> {
        while let Some(large) = self.parser.large() {
            let read = large.read_from(&mut bytes, usize::MAX).unwrap();
            if read == 0 {
                return Ok(());
            }
        }
        self.buffer.extend_from_slice(bytes);
        self.parse()
    }

    fn parse(&mut self) -> Result<(), ProtocolError> {
        loop {
            let outcome = self.parser.parse(&self.buffer, &self.limits, &mut self.batch);
            for index in 0..self.batch.len() {
                let args = self.batch.args(index, &self.buffer);
                let copy: Command = args.iter().map(<[u8]>::to_vec).collect();
                assert_eq!(args.to_owned_args().args().iter().collect::<Vec<_>>(), copy);
                self.commands.push(copy);
            }
            let progress = outcome?;
            self.buffer.drain(..progress.consumed);
            if !progress.more {
                return Ok(());
            }
        }
    }

    fn memory_bytes(&self) -> usize {
        let large = self.parser.large.as_ref().map_or(0, |large| large.reserved());
        self.buffer.capacity() + large + self.batch.memory_bytes()
    }
}

fn refusal(bytes: &[u8]) -> Option<ProtocolError> {
    Connection::default().receive(bytes).err()
}

fn encode(command: &Command) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", command.len()).into_bytes();
    for arg in command {
        bytes.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
        bytes.extend_from_slice(arg);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

#[test]
fn refusals_carry_the_texts_of_redis() {
    let cases: [(&[u8], &str); 10] = [
        (b"*3000000000\r\n", "Protocol error: invalid multibulk length"),
        (b"*a\r\n", "Protocol error: invalid multibulk length"),
        (b"*1\r\nfooz\r\n", "Protocol error: expected '$', got 'f'"),
        (b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n", "Protocol error: expected '$', got 'f'"),
        (b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$-10\r\n", "Protocol error: invalid bulk length"),
        (b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$2000000000\r\n", "Protocol error: invalid bulk length"),
        (b"*1\r\n$01\r\n", "Protocol error: invalid bulk length"),
        (b"\"\"foo\r\n", "Protocol error: unbalanced quotes in request"),
        (&[b'a'; 65537], "Protocol error: too big inline request"),
        (&[b'*'; 65537], "Protocol error: too big mbulk count string"),
    ];
    for (bytes, text) in cases {
        let error = refusal(bytes).expect(text);
        assert_eq!(error.message().escape_ascii().to_string().replace("\\'", "'"), text);
    }
    assert_eq!(refusal(&[b'a'; 65536]), None);
    let endless = [b"*1\r\n$".as_slice(), &[b'1'; 65536]].concat();
    assert_eq!(refusal(&endless), Some(ProtocolError::LengthTooBig));
}

#[test]
fn strangers_get_small_limits_and_one_command_at_a_time() {
    let mut connection = Connection::default();
    connection.limits.unauthenticated = true;
    assert_eq!(connection.receive(b"*11\r\n"), Err(ProtocolError::UnauthenticatedCount));
    let mut connection = Connection::default();
    connection.limits.unauthenticated = true;
    assert_eq!(connection.receive(b"*1\r\n$16385\r\n"), Err(ProtocolError::UnauthenticatedLength));

    let mut parser = Parser::new();
    let mut batch = Batch::new();
    let limits = Limits { unauthenticated: true, ..Limits::default() };
    let buffer = b"*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n*1\r\n$17000\r\n";
    let progress = parser.parse(buffer, &limits, &mut batch).unwrap();
    assert_eq!((batch.len(), progress.more), (1, true));
    assert!(parser.parse(&buffer[progress.consumed..], &Limits::default(), &mut batch).is_ok());
}

#[test]
fn commands_before_an_error_are_kept() {
    let mut connection = Connection::default();
    assert!(connection.receive(b"*1\r\n$4\r\nPING\r\nPING again\r\n*1\r\nx\r\n").is_err());
    assert_eq!(connection.commands, [vec![b"PING".to_vec()], vec![b"PING".to_vec(), b"again".to_vec()]]);
}

#[test]
fn empty_lines_and_empty_arrays_are_skipped() {
    let mut connection = Connection::default();
    connection.receive(b"\r\n\n  \r\n*0\r\n*-1\r\n*1\r\n$0\r\n\r\nget 'a b'\n").unwrap();
    assert_eq!(connection.commands, [vec![b"".to_vec()], vec![b"get".to_vec(), b"a b".to_vec()]]);
}

#[test]
fn a_large_argument_is_taken_over() {
    let mut connection = Connection::default();
    let value = vec![b'v'; 100_000];
    let bytes = encode(&vec![b"SET".to_vec(), b"k".to_vec(), value.clone()]);
    connection.buffer.extend_from_slice(&bytes[..50]);
    connection.parse().unwrap();
    let large = connection.parser.large().unwrap();
    let mut rest = &bytes[50..];
    assert_eq!(large.read_from(&mut rest, usize::MAX).unwrap(), large_rest(&bytes));
    connection.buffer.extend_from_slice(rest);
    let progress = connection.parser.parse(&connection.buffer, &connection.limits, &mut connection.batch);
    assert!(progress.is_ok());
    let args = connection.batch.args(0, &connection.buffer);
    assert_eq!(args.len(), 3);
    assert!(args.shared(1).is_none());
    let shared = args.shared(2).unwrap();
    assert_eq!(shared, value);
    connection.batch.clear();
    assert_eq!(Vec::from(shared).capacity(), value.len());
}

fn large_rest(bytes: &[u8]) -> usize {
    bytes.len() - 50 - 2
}

#[test]
fn a_promise_reserves_little() {
    let mut connection = Connection::default();
    connection.receive(b"*2000000000\r\n$500000000\r\nabc").unwrap();
    assert!(connection.memory_bytes() < 2 * 1024 * 1024);
    connection.receive(&vec![b'x'; 3_000_000]).unwrap();
    assert!(connection.memory_bytes() < 10 << 20);
}

#[test]
fn an_idle_parser_holds_nothing() {
    let mut connection = Connection::default();
    connection.receive(b"*2\r\n$3\r\nGET\r\n$").unwrap();
    assert!(connection.parser.is_mid_command());
    connection.receive(b"1\r\nk\r\n").unwrap();
    assert_eq!(connection.parser.memory_bytes(), 0);
    assert_eq!(connection.commands.len(), 1);
}

#[test]
fn a_command_of_many_arguments_comes_in_pieces() {
    let command: Command = (0..5000).map(|number| format!("{number:07}").into_bytes()).collect();
    let mut connection = Connection::default();
    for piece in encode(&command).chunks(100) {
        connection.receive(piece).unwrap();
    }
    assert_eq!(connection.commands, [command]);
}

#[test]
fn owned_arguments_grow_and_shrink() {
    let mut args: OwnedArgs = ["SET", "k"].into_iter().collect();
    args.push_int(-5);
    args.push_shared(bytes::Bytes::from(vec![1; 3]));
    let mut twice = OwnedArgs::new();
    twice.extend(args.args().from(1));
    assert_eq!(twice.args().iter().collect::<Vec<_>>(), [&b"k"[..], b"-5", &[1; 3]]);
    assert_eq!(twice.args().try_get(3), None);
    assert!(twice.args().from(9).is_empty());
    twice.clear();
    assert!(twice.args().is_empty());
}

fn pipeline() -> impl Strategy<Value = Vec<Command>> {
    let small = prop::collection::vec(any::<u8>(), 0..20);
    let large = (500usize..70_000, any::<u8>()).prop_map(|(len, byte)| vec![byte; len]);
    let arg = prop_oneof![20 => small, 1 => large];
    prop::collection::vec(prop::collection::vec(arg, 1..15), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 200 }))]

    #[test]
    fn any_split_gives_the_same_commands(
        commands in pipeline(),
        inline in any::<bool>(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
        max_batch in 1usize..20,
        unshared in any::<bool>(),
    ) {
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        for command in commands {
            bytes.extend(encode(&command));
            expected.push(command);
            if inline {
                bytes.extend_from_slice(b"PING \"a\\x20b\"\r\n\r\n*0\r\nECHO x\n");
                expected.push(vec![b"PING".to_vec(), b"a b".to_vec()]);
                expected.push(vec![b"ECHO".to_vec(), b"x".to_vec()]);
            }
        }
        let mut connection = Connection::default();
        connection.limits.max_batch = max_batch;
        if unshared {
            connection.limits.large_arg = usize::MAX;
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.sort_unstable();
        let mut from = 0;
        for cut in cuts.into_iter().chain([bytes.len()]) {
            let mut piece = &bytes[from..cut];
            // A read that completes a large argument ends there; the rest comes with the next one.
            while !piece.is_empty() {
                let missing = connection.parser.large().map_or(usize::MAX, |large| large.missing());
                let (now, later) = piece.split_at(missing.min(piece.len()));
                connection.receive(now).unwrap();
                piece = later;
            }
            from = cut;
        }
        prop_assert_eq!(connection.commands, expected);
        prop_assert!(connection.buffer.is_empty());
        prop_assert!(!connection.parser.is_mid_command());
    }

    #[test]
    fn random_bytes_never_panic_nor_take_memory(pieces in prop::collection::vec(hostile(), 0..40)) {
        let mut connection = Connection::default();
        let mut sent = 0;
        for piece in pieces {
            sent += piece.len();
            if connection.receive(&piece).is_err() {
                break;
            }
            prop_assert!(connection.memory_bytes() < 3 * 1024 * 1024 + 70 * sent);
        }
    }
}

/// Bytes that are nearly a request.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..30),
        "[*$][0-9]{0,10}\r\n".prop_map(String::into_bytes),
        "[*$0-9a\r\n\"'-]{0,20}".prop_map(String::into_bytes),
        Just(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n".to_vec()),
        (0usize..50_000).prop_map(|len| vec![b'x'; len]),
    ]
}
