//! A comparison of the whole content of two servers: key by key, type, encoding, expiry and value.

use std::io;

use super::compare::{same, same_members};
use super::{Call, printed};
use crate::{Client, Reply};

/// The first difference, described; `None` if the contents are the same.
pub fn difference(a: &mut Client, b: &mut Client) -> io::Result<Option<String>> {
    for db in ["0", "1", "2"] {
        for client in [&mut *a, &mut *b] {
            client.pipeline(&[vec!["SELECT", db]])?;
        }
        let keys = keys_of(a)?;
        if keys != keys_of(b)? {
            let (x, y) = (keys, keys_of(b)?);
            return Ok(Some(format!("keys of database {db}:\n  subject   {x:?}\n  reference {y:?}")));
        }
        for key in &keys {
            if let Some(found) = key_difference(a, b, key.bytes().unwrap_or_default())? {
                return Ok(Some(format!("database {db}, {found}")));
            }
        }
    }
    Ok(None)
}

fn keys_of(client: &mut Client) -> io::Result<Vec<Reply>> {
    let reply = client.pipeline(&[vec!["KEYS", "*"]])?.remove(0);
    let mut keys = reply.items().to_vec();
    keys.sort_by(|a, b| a.bytes().cmp(&b.bytes()));
    Ok(keys)
}

fn key_difference(a: &mut Client, b: &mut Client, key: &[u8]) -> io::Result<Option<String>> {
    let kind = a.pipeline(&[vec![b"TYPE".as_slice(), key]])?.remove(0).text();
    let questions = questions(&kind, key);
    let answers = a.pipeline(&questions)?.into_iter().zip(b.pipeline(&questions)?);
    for (question, (x, y)) in questions.iter().zip(answers) {
        // The order of a set's members is not promised, and its two encodings differ in it.
        let alike = same(question, &x, &y) || same_members(&x, &y) && super::name_of(question) == "SMEMBERS";
        if !alike {
            return Ok(Some(format!("{}:\n  subject   {x:?}\n  reference {y:?}", printed(question))));
        }
    }
    Ok(None)
}

fn questions(kind: &str, key: &[u8]) -> Vec<Call> {
    let content: &[&[&str]] = match kind {
        "string" => &[&["GET", "."]],
        "list" => &[&["LRANGE", ".", "0", "-1"]],
        "set" => &[&["SMEMBERS", "."]],
        "zset" => &[&["ZRANGE", ".", "0", "-1", "WITHSCORES"]],
        "hash" => &[&["HGETALL", "."]],
        "stream" => &[&["XRANGE", ".", "-", "+"], &["XINFO", "STREAM", ".", "FULL", "COUNT", "0"]],
        _ => &[],
    };
    let common: [&[&str]; 3] = [&["TYPE", "."], &["OBJECT", "ENCODING", "."], &["PTTL", "."]];
    let fill = |words: &&[&str]| -> Call {
        words.iter().map(|&w| if w == "." { key.to_vec() } else { w.as_bytes().to_vec() }).collect()
    };
    common.iter().chain(content).map(fill).collect()
}
