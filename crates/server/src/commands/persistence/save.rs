//! SAVE, BGSAVE, LASTSAVE: snapshots asked for by clients.

use crate::client::Flags;
use crate::exec::{ContextCall, Handler, ServerCall, ServerCommand};
use crate::persistence::Purpose;
use ochre_engine::command::*;
use ochre_engine::text::eq_ignore_case;

const IN_PROGRESS: Error = Error::fixed("ERR Background save already in progress");

/// The error of a failed snapshot, as in Redis without a text. The log has the reason.
const FAILED: Error = Error::fixed("ERR");

/// Declaration of SAVE.
pub static SAVE: ServerCommand = ServerCommand::new("save", Group::Server, 1, Handler::exclusive(save))
    .flags(ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI)
    .summary("Saves all data to disk, while everybody waits.")
    .complexity("O(N) where N is the total number of keys in all databases");

fn save(call: &mut ServerCall<'_>, _: Args<'_>) -> Outcome {
    let persistence = &mut call.scope.shared.persistence;
    if persistence.children.active() == Some(Purpose::Rdb) {
        return Err(IN_PROGRESS);
    }
    persistence.snapshots.saves += 1;
    call.scope.save_now(false).map_err(|_| FAILED)?;
    call.reply().ok();
    Ok(())
}

/// Declaration of BGSAVE.
pub static BGSAVE: ServerCommand =
    ServerCommand::new("bgsave", Group::Server, -1, Handler::exclusive(bgsave))
        .flags(ADMIN | NOSCRIPT | NO_ASYNC_LOADING)
        .summary("Saves all data to disk in the background.")
        .complexity("O(1)")
        .history(&[("3.2.2", "Added the `SCHEDULE` option.")])
        .args(&[Arg::word("schedule", "SCHEDULE").optional().since("3.2.2")]);

fn bgsave(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    const ANOTHER: Error = Error::fixed(
        "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to \
         schedule a BGSAVE whenever possible.",
    );
    let scheduled = match args.len() {
        1 => false,
        2 if eq_ignore_case(args.get(1), b"schedule") => true,
        _ => return Err(Error::SYNTAX),
    };
    let in_exec = call.client.flags.contains(Flags::MULTI);
    let child = call.scope.shared.persistence.children.active();
    match child {
        Some(Purpose::Rdb) => Err(IN_PROGRESS),
        // The child must not see half of a transaction.
        _ if in_exec || (child.is_some() && scheduled) => {
            call.scope.shared.persistence.snapshots.scheduled = true;
            call.reply().simple("Background saving scheduled");
            Ok(())
        }
        Some(_) => Err(ANOTHER),
        None => {
            call.scope.start_snapshot().map_err(|_| FAILED)?;
            call.reply().simple("Background saving started");
            Ok(())
        }
    }
}

/// Declaration of LASTSAVE.
pub static LASTSAVE: ServerCommand =
    ServerCommand::new("lastsave", Group::Server, 1, Handler::local(lastsave))
        .flags(LOADING | STALE | FAST)
        .categories(CAT_ADMIN | CAT_DANGEROUS)
        .tips(&["nondeterministic_output"])
        .summary("Returns when the data was last saved.")
        .complexity("O(1)");

fn lastsave(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    let seconds = call.scope.shared.persistence.snapshots.last_save;
    call.reply().int(seconds);
    Ok(())
}
