//! COMMAND GETKEYS and GETKEYSANDFLAGS: the keys among the arguments of a call.

use super::write_flags;
use crate::exec::ContextCall;
use ochre_engine::command::find_keys::FoundKey;
use ochre_engine::command::*;

pub(super) fn getkeys(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    let (call_args, keys) = (args.from(2), find(call, args.from(2))?);
    let mut reply = call.reply();
    reply.array(keys.len());
    keys.iter().for_each(|(at, _)| reply.bulk(call_args.get(*at)));
    Ok(())
}

pub(super) fn getkeysandflags(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    let (call_args, keys) = (args.from(2), find(call, args.from(2))?);
    let mut reply = call.reply();
    reply.array(keys.len());
    for (at, flags) in keys {
        reply.array(2);
        reply.bulk(call_args.get(at));
        write_flags(&mut reply, &KEY_FLAG_NAMES, |flag| flags & flag != 0);
    }
    Ok(())
}

fn find(call: &ContextCall<'_, '_>, args: Args<'_>) -> Result<Vec<FoundKey>, Error> {
    let server = call.scope.shared;
    let id = server.setup().resolve(None, args).map_err(|_| Error::fixed("ERR Invalid command specified"))?;
    let entry = server.commands.get(id);
    let meta = entry.meta;
    if !meta.has_keys() {
        return Err(Error::fixed("ERR The command has no key arguments"));
    }
    if !entry.arity_fits(args.len()) {
        return Err(Error::fixed("ERR Invalid number of arguments specified for command"));
    }
    match meta.find_keys(args) {
        Ok(keys) => Ok(keys),
        Err(_) if meta.flags & NO_MANDATORY_KEYS != 0 => Ok(Vec::new()),
        Err(_) => Err(Error::fixed("ERR Invalid arguments specified for command")),
    }
}
