//! GET: the string at a key.

use crate::command::*;
use crate::value::StrRef;
use ochre_resp::reply::Reply;

/// Declaration of GET.
pub static GET: Command = Command::new("get", Group::String, 2, get)
    .since("1.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the string stored at a key.")
    .complexity("O(1)")
    .args(&[Arg::key("key")]);

fn get(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    match ctx.keys.read_str(key)? {
        Some(string) => reply_string(&mut ctx.reply, &string),
        None => ctx.reply.null(),
    }
    Ok(())
}

/// Writes a string as a bulk reply; large ones are shared, not copied.
pub(super) fn reply_string(reply: &mut Reply<'_>, string: &StrRef<'_>) {
    match string {
        StrRef::Bytes(bytes) => reply.bulk(bytes),
        StrRef::Int(n) => reply.bulk_int(*n),
        StrRef::Heap(bytes) => reply.bulk_shared(bytes),
    }
}
