//! LCS: the longest common subsequence of two strings. The algorithm is in [`crate::bits`].

use crate::bits::{Lcs, lcs, lcs_len};
use crate::command::*;
use crate::commands::number::int;
use crate::text::eq_ignore_case;
use ochre_resp::reply::Reply;
use std::borrow::Cow;

/// Declaration of LCS.
pub static LCS: Command = Command::new("lcs", Group::String, -3, run)
    .since("7.0.0")
    .flags(READONLY)
    .keys(&[KeySpec::range(1, 1, 1, RO | ACCESS)])
    .summary("Finds the longest common subsequence of two strings.")
    .complexity("O(N*M) where N and M are the lengths of the strings")
    .args(&[
        Arg::key("key1"),
        Arg::key("key2"),
        Arg::word("len", "LEN").optional(),
        Arg::word("idx", "IDX").optional(),
        Arg::integer("min-match-len").token("MINMATCHLEN").optional(),
        Arg::word("withmatchlen", "WITHMATCHLEN").optional(),
    ]);

#[derive(Default)]
struct Options {
    len: bool,
    indexes: bool,
    with_match_len: bool,
    min_match_len: u64,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (first, second) = (ctx.key(args, 1), ctx.key(args, 2));
    // First with the side effects of a read, then both together.
    for key in [first, second] {
        if ctx.keys.read_entry(key).is_some_and(|entry| !entry.kind().is_string()) {
            return Err(Error::fixed("ERR The specified keys must contain string values"));
        }
    }
    let options = Options::parse(args)?;
    let text = |key| ctx.keys.peek_str(key).map(|found| found.map_or(Cow::Borrowed(&b""[..]), |s| s.bytes()));
    let (a, b) = (text(first)?, text(second)?);
    // The limit is that of Redis, whose table takes four bytes for each pair of places.
    let cells = (a.len() as u64 + 1).saturating_mul(b.len() as u64 + 1);
    if cells.saturating_mul(4) > ctx.settings.proto_max_bulk_len as u64 {
        return Err(Error::fixed(
            "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
        ));
    }
    if options.indexes {
        reply_indexes(&mut ctx.reply, &lcs(&a, &b), &options);
    } else if options.len {
        ctx.reply.count(lcs_len(&a, &b));
    } else {
        ctx.reply.bulk(lcs(&a, &b).text);
    }
    Ok(())
}

impl Options {
    fn parse(args: Args<'_>) -> Result<Options, Error> {
        let mut options = Options::default();
        let mut at = 3;
        while at < args.len() {
            match args.get(at) {
                word if eq_ignore_case(word, b"IDX") => options.indexes = true,
                word if eq_ignore_case(word, b"LEN") => options.len = true,
                word if eq_ignore_case(word, b"WITHMATCHLEN") => options.with_match_len = true,
                word if eq_ignore_case(word, b"MINMATCHLEN") && at + 1 < args.len() => {
                    at += 1;
                    options.min_match_len = int(args.get(at))?.max(0) as u64;
                }
                _ => return Err(Error::SYNTAX),
            }
            at += 1;
        }
        if options.len && options.indexes {
            return Err(Error::fixed("ERR If you want both the length and indexes, please just use IDX."));
        }
        Ok(options)
    }
}

fn reply_indexes(reply: &mut Reply<'_>, found: &Lcs, options: &Options) {
    let long_enough = |run: &&crate::bits::Match| run.len() as u64 >= options.min_match_len;
    reply.map(2);
    reply.bulk(b"matches");
    reply.array(found.matches.iter().filter(long_enough).count());
    for run in found.matches.iter().filter(long_enough) {
        reply.array(if options.with_match_len { 3 } else { 2 });
        for (start, end) in [run.a, run.b] {
            reply.array(2);
            reply.count(start);
            reply.count(end);
        }
        if options.with_match_len {
            reply.count(run.len());
        }
    }
    reply.bulk(b"len");
    reply.count(found.text.len());
}
