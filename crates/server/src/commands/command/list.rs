//! COMMAND COUNT and LIST.

use crate::exec::ContextCall;
use ochre_engine::command::*;
use ochre_engine::text::glob::glob_match_nocase;

pub(super) fn count(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    let count = call.scope.shared.commands.top_level().count();
    call.reply().count(count);
    Ok(())
}

/// The commands that are listed.
enum Filter<'a> {
    All,
    /// The commands of a module, hence none.
    Module,
    /// The commands of an ACL category; `None` is an unknown category.
    Category(Option<Categories>),
    Pattern(&'a [u8]),
}

impl Filter<'_> {
    fn takes(&self, name: &str, meta: &Meta) -> bool {
        match self {
            Filter::All => true,
            Filter::Module => false,
            Filter::Category(category) => category.is_some_and(|category| meta.categories() & category != 0),
            Filter::Pattern(pattern) => glob_match_nocase(pattern, name.as_bytes()),
        }
    }
}

pub(super) fn list(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    let filter = read_filter(args)?;
    let (server, client) = (call.scope.shared, &mut *call.client);
    let named: Vec<bool> = {
        let mut named = vec![false; server.commands.len()];
        server.commands.top_level().for_each(|(id, _)| named[usize::from(id.0)] = true);
        named
    };
    let is_there = |id: crate::table::CommandId| named[usize::from(id.0)];
    let names: Vec<&str> = server
        .commands
        .entries()
        .filter(|(id, entry)| is_there(entry.parent.unwrap_or(*id)))
        .filter(|(_, entry)| filter.takes(&entry.full_name, entry.meta))
        .map(|(_, entry)| &*entry.full_name)
        .collect();
    let mut reply = client.reply();
    reply.array(names.len());
    names.iter().for_each(|name| reply.bulk(name));
    Ok(())
}

/// `FILTERBY (MODULE name | ACLCAT category | PATTERN pattern)`; of several filters the last counts.
fn read_filter<'a>(args: Args<'a>) -> Result<Filter<'a>, Error> {
    if args.len() == 2 {
        return Ok(Filter::All);
    }
    if args.len() != 5 || !args.get(2).eq_ignore_ascii_case(b"filterby") {
        return Err(Error::SYNTAX);
    }
    let value = args.get(4);
    match args.get(3).to_ascii_lowercase().as_slice() {
        b"module" => Ok(Filter::Module),
        b"aclcat" => {
            let bit = CATEGORY_NAMES.iter().position(|name| name.as_bytes().eq_ignore_ascii_case(value));
            Ok(Filter::Category(bit.map(|bit| 1 << bit)))
        }
        b"pattern" => Ok(Filter::Pattern(value)),
        _ => Err(Error::SYNTAX),
    }
}
