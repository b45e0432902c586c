//! SET: stores a string.

use crate::command::*;
use crate::keyspace::Ttl;
use crate::value::StrValue;

/// Declaration of SET.
pub static SET: Command = Command::new("set", Group::String, -3, set)
    .since("1.0.0")
    .flags(WRITE | DENYOOM)
    .keys(&[KeySpec::at(1, RW | ACCESS | UPDATE | VARIABLE_FLAGS)])
    .summary("Stores a string at a key, whatever it held.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::string("value")]);

fn set(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if args.len() > 3 {
        return Err(Error::SYNTAX);
    }
    let key = ctx.key(args, 1);
    ctx.keys.set_str(key, stored(args, 2), Ttl::Clear);
    ctx.changed(key, EventClasses::STRING, "set", 1);
    ctx.reply.ok();
    Ok(())
}

/// The form in which an argument is stored: large ones are taken over, not copied.
pub(super) fn stored<'b>(args: Args<'b>, at: usize) -> StrValue<'b> {
    match args.shared(at) {
        Some(bytes) => StrValue::Shared(bytes),
        None => StrValue::encoded(args.get(at)),
    }
}
