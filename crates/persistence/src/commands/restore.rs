//! RESTORE: a key made of a payload of DUMP.

use crate::rdb::{Decoding, payload};
use ochre_engine::command::effects::{Remark, Words};
use ochre_engine::command::*;
use ochre_engine::level::Level;
use ochre_engine::settings::{SanitizeDumpPayload, Settings};
use ochre_engine::text::{eq_ignore_case, parse_i64};
use ochre_engine::time::UnixMs;
use ochre_engine::value::RawValue;
use std::sync::atomic::AtomicU64;

/// Declaration of RESTORE.
pub static RESTORE: Command = Command::new("restore", Group::Generic, -4, restore)
    .since("2.6.0")
    .flags(WRITE | DENYOOM)
    .categories(CAT_DANGEROUS)
    .keys(&[KeySpec::at(1, OW | UPDATE)])
    .summary("Creates a key from the serialized form of a value.")
    .complexity(
        "O(N*M) where N is the number of elements and M their average size; O(M) for strings, \
         O(N*M*log(N)) for sorted sets",
    )
    .history(&[
        ("3.0.0", "`REPLACE` came."),
        ("5.0.0", "`ABSTTL` came."),
        ("5.0.0", "`IDLETIME` and `FREQ` came."),
    ])
    .args(&[
        Arg::key("key"),
        Arg::integer("ttl"),
        Arg::string("serialized-value"),
        Arg::word("replace", "REPLACE").since("3.0.0").optional(),
        Arg::word("absttl", "ABSTTL").since("5.0.0").optional(),
        Arg::integer("seconds").token("IDLETIME").since("5.0.0").optional(),
        Arg::integer("frequency").token("FREQ").since("5.0.0").optional(),
    ]);

#[derive(Default)]
struct Options {
    replace: bool,
    absolute: bool,
    idle_seconds: Option<i64>,
    frequency: Option<i64>,
}

impl Options {
    fn parse(args: Args<'_>, level: Level) -> Result<Options, Error> {
        let mut options = Options::default();
        let has_5_0 = level >= Level::V5_0;
        let mut at = 4;
        while at < args.len() {
            let word = args.get(at);
            let more = at + 1 < args.len() && has_5_0;
            if eq_ignore_case(word, b"replace") {
                options.replace = true;
            } else if eq_ignore_case(word, b"absttl") && has_5_0 {
                options.absolute = true;
            } else if eq_ignore_case(word, b"idletime") && more && options.frequency.is_none() {
                at += 1;
                let seconds = integer(args.get(at))?;
                if seconds < 0 {
                    return Err(Error::fixed("ERR Invalid IDLETIME value, must be >= 0"));
                }
                options.idle_seconds = Some(seconds);
            } else if eq_ignore_case(word, b"freq") && more && options.idle_seconds.is_none() {
                at += 1;
                let frequency = integer(args.get(at))?;
                if !(0..=255).contains(&frequency) {
                    return Err(Error::fixed("ERR Invalid FREQ value, must be >= 0 and <= 255"));
                }
                options.frequency = Some(frequency);
            } else {
                return Err(Error::SYNTAX);
            }
            at += 1;
        }
        Ok(options)
    }
}

fn integer(text: &[u8]) -> Result<i64, Error> {
    parse_i64(text).ok_or(Error::NOT_INTEGER)
}

fn restore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = Options::parse(args, ctx.level())?;
    let key = ctx.key(args, 1);
    if !options.replace && ctx.keys.write_entry(key).is_some() {
        return Err(Error::fixed("BUSYKEY Target key name already exists."));
    }
    let ttl = integer(args.get(2))?;
    if ttl < 0 {
        return Err(Error::fixed("ERR Invalid TTL value, must be >= 0"));
    }
    let value = value_of(ctx, args.get(3))?;
    let lazy = ctx.settings.lazyfree_lazy_server_del;
    let deleted = options.replace && ctx.keys.remove_with(key, lazy);
    let expiry = (ttl != 0).then_some(if options.absolute {
        UnixMs(ttl)
    } else {
        UnixMs(ttl.wrapping_add(ctx.now.0))
    });
    if expiry.is_some_and(|at| at <= ctx.now) && !ctx.caller.trusted {
        // It would be gone at once: all that is left of it is that the old key went.
        if deleted {
            ctx.changed(key, EventClasses::GENERIC, "del", 1);
            let name = if lazy && ctx.level() >= Level::V7_2 { "UNLINK" } else { "DEL" };
            ctx.propagate(|| vec![vec![name.into(), key.bytes.into()]]);
        }
        ctx.reply.ok();
        return Ok(());
    }
    ctx.keys.put(key, value, expiry);
    set_access(ctx, key, &options);
    ctx.changed(key, EventClasses::GENERIC, "restore", 1);
    if let Some(at) = expiry
        && !options.absolute
    {
        let level = ctx.level();
        ctx.propagate(|| with_absolute_expiry(args, at, level));
    }
    ctx.reply.ok();
    Ok(())
}

/// The value in a payload, checked as much as the caller's trust asks for.
fn value_of(ctx: &mut Ctx<'_>, bytes: &[u8]) -> Result<RawValue, Error> {
    let Settings { sanitize_dump_payload, skip_checksum_validation, .. } = *ctx.settings;
    let deep = match sanitize_dump_payload {
        SanitizeDumpPayload::No => false,
        SanitizeDumpPayload::Yes => true,
        SanitizeDumpPayload::Clients => !ctx.caller.trusted,
    };
    let body = payload::verify(bytes, !skip_checksum_validation)
        .ok_or(Error::fixed("ERR DUMP payload version or checksum are wrong"))?;
    let searched = AtomicU64::new(0);
    let deep = deep.then_some(&searched);
    let decoding = Decoding { settings: ctx.settings, seed: ctx.keys.seed(), deep };
    let restored = payload::restore(body, &decoding);
    let remarks = &mut ctx.keys.fx.remarks;
    match searched.into_inner() {
        0 => {}
        count => remarks.push(Remark::Sanitized(count)),
    }
    restored.map_err(|(offset, fault)| {
        remarks.push(Remark::Log(format!("Internal error in RDB reading offset {offset} -> {fault}")));
        Error::fixed("ERR Bad data format")
    })
}

/// Sets the access clock as the options say, as far as the memory policy records that.
fn set_access(ctx: &mut Ctx<'_>, key: Key<'_>, options: &Options) {
    let clock = ctx.keys.access_clock();
    let access = match (options.idle_seconds, options.frequency) {
        (Some(seconds), _) => clock.idle_for(seconds.unsigned_abs()),
        (None, Some(frequency)) => clock.with_frequency(frequency as u8),
        (None, None) => return,
    };
    if let Some(mut entry) = ctx.keys.write_entry(key) {
        entry.set_access(access);
    }
}

/// The command with the time of expiry in place of the time to live; before 5.0 that took two.
fn with_absolute_expiry(args: Args<'_>, at: UnixMs, level: Level) -> Vec<Words> {
    let mut words: Words = args.iter().map(<[u8]>::to_vec).collect();
    let time = at.0.to_string().into_bytes();
    if level < Level::V5_0 {
        words[2] = b"0".to_vec();
        return vec![words, vec![b"PEXPIREAT".to_vec(), args.get(1).to_vec(), time]];
    }
    words[2] = time;
    words.push(b"ABSTTL".to_vec());
    vec![words]
}
