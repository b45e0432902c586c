//! The options that XADD and XTRIM share, and what replicas get in place of `~`.

use super::arguments::{INVALID_ID, integer, strict_id};
use crate::command::effects::Words;
use crate::command::{Args, Ctx, Error};
use crate::level::Level;
use crate::stream::{NewId, Stream, StreamId, Trim, TrimBy};
use crate::text::eq_ignore_case;

/// Parsed options.
pub(super) struct Options {
    /// What to trim.
    pub trim: Option<Trim>,
    /// The argument with the threshold of the trim.
    threshold_at: usize,
    /// XADD must not create the key.
    pub no_mkstream: bool,
    /// The id of the new entry, and its argument.
    pub id: NewId,
    pub id_at: usize,
}

struct Parser<'c, 'a, 'b> {
    ctx: &'c Ctx<'a>,
    args: Args<'b>,
    by: Option<TrimBy>,
    approximate: bool,
    limit: Option<i64>,
    threshold_at: usize,
    no_mkstream: bool,
}

/// Reads the options of XADD up to its id, or those of XTRIM up to the end.
pub(super) fn parse(ctx: &Ctx<'_>, args: Args<'_>, is_xadd: bool) -> Result<Options, Error> {
    let mut parser =
        Parser { ctx, args, by: None, approximate: false, limit: None, threshold_at: 0, no_mkstream: false };
    let (mut at, mut id) = (2, NewId::Auto);
    let newer = ctx.level() >= Level::V6_2;
    while at < args.len() {
        let word = args.get(at);
        let has_value = at + 1 < args.len();
        if is_xadd && word == b"*" {
            break;
        } else if eq_ignore_case(word, b"maxlen") && has_value {
            at = parser.strategy(at, max_len)?;
        } else if newer && eq_ignore_case(word, b"minid") && has_value {
            at = parser.strategy(at, |arg| strict_id(arg).map(TrimBy::MinId))?;
        } else if newer && eq_ignore_case(word, b"limit") && has_value {
            parser.limit = Some(limit(args.get(at + 1))?);
            at += 2;
        } else if newer && is_xadd && eq_ignore_case(word, b"nomkstream") {
            parser.no_mkstream = true;
            at += 1;
        } else if is_xadd {
            id = new_id(ctx, word)?;
            break;
        } else {
            return Err(Error::SYNTAX);
        }
    }
    parser.finish(id, at, is_xadd)
}

fn max_len(arg: &[u8]) -> Result<TrimBy, Error> {
    match u64::try_from(integer(arg)?) {
        Ok(most) => Ok(TrimBy::MaxLen(most)),
        Err(_) => Err(Error::fixed("ERR The MAXLEN argument must be >= 0.")),
    }
}

fn limit(arg: &[u8]) -> Result<i64, Error> {
    match integer(arg)? {
        limit if limit < 0 => Err(Error::fixed("ERR The LIMIT argument must be >= 0.")),
        limit => Ok(limit),
    }
}

fn new_id(ctx: &Ctx<'_>, arg: &[u8]) -> Result<NewId, Error> {
    match NewId::parse(arg) {
        Some(NewId::AutoSeq(_)) if ctx.level() < Level::V7_0 => Err(INVALID_ID),
        Some(id) => Ok(id),
        None => Err(INVALID_ID),
    }
}

impl Parser<'_, '_, '_> {
    /// Reads `MAXLEN [~|=] threshold` or its like at `at`; returns the argument after it.
    fn strategy(
        &mut self,
        at: usize,
        threshold: impl Fn(&[u8]) -> Result<TrimBy, Error>,
    ) -> Result<usize, Error> {
        if self.by.is_some() {
            return Err(Error::fixed(
                "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
            ));
        }
        let sign = self.args.get(at + 1);
        let has_sign = at + 2 < self.args.len() && (sign == b"~" || sign == b"=");
        self.approximate = has_sign && sign == b"~";
        self.threshold_at = at + 1 + usize::from(has_sign);
        self.by = Some(threshold(self.args.get(self.threshold_at))?);
        Ok(self.threshold_at + 1)
    }

    fn finish(self, id: NewId, id_at: usize, is_xadd: bool) -> Result<Options, Error> {
        if self.limit.is_some_and(|limit| limit != 0) && self.by.is_none() {
            return Err(Error::fixed(
                "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy",
            ));
        }
        if !is_xadd && self.by.is_none() {
            return Err(Error::fixed("ERR syntax error, XTRIM must be called with a trimming strategy"));
        }
        let limit = self.effective_limit()?;
        let approximate = self.approximate;
        let trim = self.by.map(|by| Trim { by, approximate, limit });
        Ok(Options { trim, threshold_at: self.threshold_at, no_mkstream: self.no_mkstream, id, id_at })
    }

    /// The most entries to remove. What the primary or the AOF says was settled there.
    fn effective_limit(&self) -> Result<u64, Error> {
        if self.ctx.caller.trusted {
            return Ok(0);
        }
        match self.limit {
            Some(_) if !self.approximate => {
                Err(Error::fixed("ERR syntax error, LIMIT cannot be used without the special ~ option"))
            }
            Some(limit) => Ok(limit.unsigned_abs()),
            None if self.approximate => Ok(default_limit(self.ctx.settings.stream_node_max_entries)),
            None => Ok(0),
        }
    }
}

/// A hundred nodes, so that one command never trims for long.
fn default_limit(node_max_entries: u64) -> u64 {
    match node_max_entries.saturating_mul(100) {
        0 => 10_000,
        limit => limit.min(1_000_000),
    }
}

impl Options {
    /// Puts the outcome of an approximate trim in place of its threshold, in the words to be
    /// propagated: another node layout must not trim differently.
    pub(super) fn settle_threshold(&self, words: &mut Words, stream: &Stream) {
        let Some(Trim { by, approximate: true, .. }) = self.trim else { return };
        words[self.threshold_at - 1] = b"=".to_vec();
        words[self.threshold_at] = match by {
            TrimBy::MaxLen(_) => itoa::Buffer::new().format(stream.log.len()).as_bytes().to_vec(),
            TrimBy::MinId(_) => {
                let front = stream.log.front_id().unwrap_or(StreamId::MAX);
                front.text().as_bytes().to_vec()
            }
        };
    }

    /// True when the words of the client would not give the same result elsewhere.
    pub(super) fn is_approximate(&self) -> bool {
        self.trim.is_some_and(|trim| trim.approximate)
    }
}
