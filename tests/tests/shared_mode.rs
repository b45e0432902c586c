//! What several workers do side by side: no command of a usual load stops all of them.

use ochre_tests::{Client, Server};

/// A server on which little happens that is not asked for: the cron turns once a second.
fn start(more: &[&str]) -> Server {
    let args = ["--io-threads", "4", "--hz", "1", "--dynamic-hz", "no"];
    Server::start(&[&args, more].concat())
}

/// How often the workers were stopped, and the lines that tell for which commands.
fn turns(client: &mut Client) -> (u64, Vec<String>) {
    let info = client.run("INFO workers").text();
    let value = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    let total = value("exclusive_turns:").and_then(|text| text.parse().ok()).expect("the section has it");
    let lines = info
        .lines()
        .filter(|line| line.contains("turns=") && !line.starts_with("exclusive_info:"))
        .map(str::to_owned)
        .collect();
    (total, lines)
}

/// Runs each line a hundred times in one pipeline, and asserts that this stopped nobody.
fn runs_beside_others(server: &Server, lines: &[&str]) {
    let (mut client, mut observer) = (server.connect(), server.connect());
    for line in lines {
        let (before, lines_before) = turns(&mut observer);
        let call: Vec<&str> = line.split(' ').collect();
        client.pipeline(&vec![call; 100]).expect("the server answers");
        let (after, lines_after) = turns(&mut observer);
        // The cron may have turned, and the observer's command itself may count.
        assert!(after - before < 10, "{line}: {before} turns before, {after} after");
        assert_eq!(lines_after.len(), lines_before.len(), "{line}: {lines_after:?}");
    }
}

#[test]
fn commands_on_the_connection_and_about_commands_stop_nobody() {
    let server = start(&[]);
    runs_beside_others(
        &server,
        &[
            "PING",
            "ECHO x",
            "SELECT 3",
            "HELLO 3",
            "TIME",
            "LASTSAVE",
            "LOLWUT",
            "COMMAND COUNT",
            "COMMAND INFO get set",
            "COMMAND GETKEYS set a b",
            "CLIENT ID",
            "CLIENT GETNAME",
            "CLIENT SETNAME me",
            "CLIENT SETINFO lib-name x",
            "CLIENT INFO",
            "CLIENT NO-EVICT on",
            "CONFIG GET save",
            "CONFIG HELP",
        ],
    );
}

#[test]
fn subcommands_on_keys_and_calls_in_error_stop_nobody() {
    let server = start(&[]);
    server.connect().run("SET a 1");
    runs_beside_others(
        &server,
        &[
            "OBJECT ENCODING a",
            "OBJECT NOTHING a",
            "GET",
            "NOTHING a b",
            "CONFIG SET",
            "CONFIG NOTHING",
            "SAVE a",
        ],
    );
}

#[test]
fn commands_of_clients_that_have_not_authenticated_stop_nobody() {
    let server = start(&["--requirepass", "secret"]);
    let mut observer = server.connect();
    assert!(observer.run("AUTH secret").is_ok());
    let (before, _) = turns(&mut observer);
    let mut client = server.connect();
    for _ in 0..100 {
        assert_eq!(client.run("GET a").text(), "NOAUTH Authentication required.");
        assert_eq!(client.run("CONFIG SET maxmemory 0").text(), "NOAUTH Authentication required.");
        assert!(client.run("AUTH wrong").is_error());
    }
    assert!(client.run("HELLO 2 AUTH default secret").items().len() > 2);
    assert!(client.run("GET a").is_nil());
    let (after, _) = turns(&mut observer);
    assert!(after - before < 20, "{before} turns before, {after} after");
}

#[test]
fn commands_keep_their_order_and_their_meaning_in_one_pipeline() {
    let server = start(&[]);
    let mut client = server.connect();
    let lines = "SET a 0|SELECT 1|SET a 1|PING|GET a|SELECT 0|GET a|NOTHING|CLIENT REPLY SKIP|GET a|ECHO x|\
                 CLIENT REPLY OFF|SET b 1|CLIENT REPLY ON|GET b";
    let bytes: String = lines.split('|').flat_map(|line| [line, "\r\n"]).collect();
    client.send(bytes.as_bytes()).unwrap();
    let expected = "OK|OK|OK|PONG|1|OK|0|ERR unknown command 'NOTHING', with args beginning with: |x|OK|1";
    for text in expected.split('|') {
        assert_eq!(client.read().unwrap().text(), text);
    }
    client.send(b"SET c 1\r\nQUIT\r\nSET c 2\r\n").unwrap();
    assert_eq!((client.read().unwrap().text(), client.read().unwrap().text()), ("OK".into(), "OK".into()));
    assert!(client.read().is_err());
    assert_eq!(server.connect().run("GET c").text(), "1");
}
