//! SHUTDOWN: ends the process.

use crate::commands::Call;
use crate::table::ServerCommand;
use ochre_engine::command::*;

pub(super) static SHUTDOWN: ServerCommand = ServerCommand::new("shutdown", Group::Server, -1, shutdown)
    .flags(ADMIN | NOSCRIPT | LOADING | STALE | NO_MULTI | SENTINEL | ALLOW_BUSY)
    .summary("Saves the data to disk if configured, and ends the server.")
    .complexity(
        "O(N) when saving, where N is the total number of keys in all databases when saving data, \
         otherwise O(1)",
    )
    .history(&[("7.0.0", "Knows NOW, FORCE and ABORT.")])
    .args(&[
        Arg::one_of("save-selector", &[Arg::word("nosave", "NOSAVE"), Arg::word("save", "SAVE")]).optional(),
        Arg::word("now", "NOW").optional().since("7.0.0"),
        Arg::word("force", "FORCE").optional().since("7.0.0"),
        Arg::word("abort", "ABORT").optional().since("7.0.0"),
    ]);

fn shutdown(call: &mut Call<'_>, args: Args<'_>) -> Outcome {
    let (mut save, mut nosave, mut abort, mut others) = (false, false, false, false);
    for word in args.iter().skip(1) {
        let flag = match word.to_ascii_lowercase().as_slice() {
            b"save" => &mut save,
            b"nosave" => &mut nosave,
            b"abort" => &mut abort,
            b"now" | b"force" => &mut others,
            _ => return Err(Error::SYNTAX),
        };
        *flag = true;
    }
    if (save && nosave) || (abort && (save || nosave || others)) {
        return Err(Error::SYNTAX);
    }
    if abort {
        // Nothing waits: a shutdown ends the process before the next command.
        return Err(Error::fixed("ERR No shutdown in progress."));
    }
    // Success has no reply: the connection just ends.
    call.server.shut_down();
    call.client.flags.insert(crate::client::Flags::CLOSE_ASAP);
    Ok(())
}
