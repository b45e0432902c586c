//! LCS, and STRALGO LCS as it was called before 7.0: the longest common subsequence of two strings.
//! The algorithm is in [`crate::bits`].

use crate::bits::{Lcs, lcs, lcs_len};
use crate::command::*;
use crate::commands::number::int;
use crate::keyspace::Keys;
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
    .args(&[Arg::key("key1"), Arg::key("key2"), LEN, IDX, MIN_MATCH_LEN, WITH_MATCH_LEN]);

/// Declaration of STRALGO, the form in which LCS first came.
pub static STRALGO: Command = Command::new("stralgo", Group::String, -2, stralgo)
    .since("6.0.0")
    .until("7.0.0")
    .flags(READONLY)
    .keys(&[KeySpec::keyword("KEYS", 2, RO | ACCESS).find(Find::Range { last: 1, step: 1, limit: 0 })])
    .summary("Finds the longest common subsequence of two strings.")
    .complexity("O(N*M) where N and M are the lengths of the strings")
    .args(&[
        Arg::word("algorithm", "LCS"),
        Arg::one_of(
            "source",
            &[
                Arg::block("keys", &[Arg::key("key1"), Arg::key("key2")]).token("KEYS"),
                Arg::block("strings", &[Arg::string("string1"), Arg::string("string2")]).token("STRINGS"),
            ],
        ),
        LEN,
        IDX,
        MIN_MATCH_LEN,
        WITH_MATCH_LEN,
    ]);

const LEN: Arg = Arg::word("len", "LEN").optional();
const IDX: Arg = Arg::word("idx", "IDX").optional();
const MIN_MATCH_LEN: Arg = Arg::integer("min-match-len").token("MINMATCHLEN").optional();
const WITH_MATCH_LEN: Arg = Arg::word("withmatchlen", "WITHMATCHLEN").optional();

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let keys = [ctx.key(args, 1), ctx.key(args, 2)];
    look_at(ctx, keys)?;
    let mut options = Options::default();
    let mut at = 3;
    while at < args.len() {
        at = options.take(args, at)?.ok_or(Error::SYNTAX)?;
    }
    options.check()?;
    let texts = texts_of(&ctx.keys, keys)?;
    answer(&mut ctx.reply, &texts, ctx.settings.proto_max_bulk_len, &options)
}

/// Two strings or two keys among the options, of which the last two count.
fn stralgo(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if !eq_ignore_case(args.get(1), b"lcs") {
        return Err(Error::SYNTAX);
    }
    let (mut options, mut source, mut at) = (Options::default(), None, 2);
    while at < args.len() {
        let word = args.get(at);
        let has_two = at + 2 < args.len();
        let is_keys = eq_ignore_case(word, b"KEYS");
        if has_two && (is_keys || eq_ignore_case(word, b"STRINGS")) {
            if source.is_some() {
                return Err(Error::fixed("ERR Either use STRINGS or KEYS"));
            }
            if is_keys {
                look_at(ctx, [ctx.key(args, at + 1), ctx.key(args, at + 2)])?;
            }
            source = Some((is_keys, at));
            at += 3;
        } else {
            at = options.take(args, at)?.ok_or(Error::SYNTAX)?;
        }
    }
    let (is_keys, at) = source
        .ok_or(Error::fixed("ERR Please specify two strings: STRINGS or KEYS options are mandatory"))?;
    options.check()?;
    let texts = if is_keys {
        texts_of(&ctx.keys, [ctx.key(args, at + 1), ctx.key(args, at + 2)])?
    } else {
        [at + 1, at + 2].map(|at| Cow::Borrowed(args.get(at)))
    };
    answer(&mut ctx.reply, &texts, ctx.settings.proto_max_bulk_len, &options)
}

/// The side effects of a read, before both are read together.
fn look_at(ctx: &mut Ctx<'_>, keys: [Key<'_>; 2]) -> Outcome {
    for key in keys {
        if ctx.keys.read_entry(key).is_some_and(|entry| !entry.kind().is_string()) {
            return Err(Error::fixed("ERR The specified keys must contain string values"));
        }
    }
    Ok(())
}

fn texts_of<'a>(view: &'a Keys<'_>, keys: [Key<'_>; 2]) -> Result<[Cow<'a, [u8]>; 2], Error> {
    let text = |key| view.peek_str(key).map(|found| found.map_or(Cow::Borrowed(&b""[..]), |s| s.bytes()));
    Ok([text(keys[0])?, text(keys[1])?])
}

/// The limit is that of Redis, whose table takes four bytes for each pair of places.
fn answer(reply: &mut Reply<'_>, [a, b]: &[Cow<'_, [u8]>; 2], limit: usize, options: &Options) -> Outcome {
    let cells = (a.len() as u64 + 1).saturating_mul(b.len() as u64 + 1);
    if cells.saturating_mul(4) > limit as u64 {
        return Err(Error::fixed(
            "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
        ));
    }
    if options.indexes {
        reply_indexes(reply, &lcs(a, b), options);
    } else if options.len {
        reply.count(lcs_len(a, b));
    } else {
        reply.bulk(lcs(a, b).text);
    }
    Ok(())
}

#[derive(Default)]
struct Options {
    len: bool,
    indexes: bool,
    with_match_len: bool,
    min_match_len: u64,
}

impl Options {
    /// Takes the option at `at`; where the next begins, `None` if it is none.
    fn take(&mut self, args: Args<'_>, at: usize) -> Result<Option<usize>, Error> {
        match args.get(at) {
            word if eq_ignore_case(word, b"IDX") => self.indexes = true,
            word if eq_ignore_case(word, b"LEN") => self.len = true,
            word if eq_ignore_case(word, b"WITHMATCHLEN") => self.with_match_len = true,
            word if eq_ignore_case(word, b"MINMATCHLEN") && at + 1 < args.len() => {
                self.min_match_len = int(args.get(at + 1))?.max(0) as u64;
                return Ok(Some(at + 2));
            }
            _ => return Ok(None),
        }
        Ok(Some(at + 1))
    }

    fn check(&self) -> Outcome {
        if self.len && self.indexes {
            return Err(Error::fixed("ERR If you want both the length and indexes, please just use IDX."));
        }
        Ok(())
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
