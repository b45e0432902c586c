//! SHUTDOWN: ends the process.

use crate::config::ShutdownFlags;
use crate::exec::{Handler, ServerCall, ServerCommand};
use ochre_engine::command::*;
use ochre_engine::level::Level;

pub(super) static SHUTDOWN: ServerCommand =
    ServerCommand::new("shutdown", Group::Server, -1, Handler::exclusive(shutdown))
        .flags(ADMIN | NOSCRIPT | LOADING | STALE | NO_MULTI | ALLOW_BUSY)
        .summary("Saves the data to disk if configured, and ends the server.")
        .complexity(
            "O(N) when saving, where N is the total number of keys in all databases when saving data, \
         otherwise O(1)",
        )
        .history(&[("7.0.0", "Knows NOW, FORCE and ABORT.")])
        .args(&[
            Arg::one_of("save-selector", &[Arg::word("nosave", "NOSAVE"), Arg::word("save", "SAVE")])
                .optional(),
            Arg::word("now", "NOW").optional().since("7.0.0"),
            Arg::word("force", "FORCE").optional().since("7.0.0"),
            Arg::word("abort", "ABORT").optional().since("7.0.0"),
        ]);

fn shutdown(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let (mut flags, mut aborts) = (ShutdownFlags::empty(), false);
    let knows_all = call.scope.shared.settings.level >= Level::V7_0;
    for word in args.iter().skip(1) {
        match word.to_ascii_lowercase().as_slice() {
            b"save" => flags |= ShutdownFlags::SAVE,
            b"nosave" => flags |= ShutdownFlags::NOSAVE,
            b"now" if knows_all => flags |= ShutdownFlags::NOW,
            b"force" if knows_all => flags |= ShutdownFlags::FORCE,
            b"abort" if knows_all => aborts = true,
            _ => return Err(Error::SYNTAX),
        }
    }
    let contradicts = flags.contains(ShutdownFlags::SAVE | ShutdownFlags::NOSAVE);
    if contradicts || (aborts && !flags.is_empty()) {
        return Err(Error::SYNTAX);
    }
    if aborts {
        if !call.scope.abort_shutdown() {
            return Err(Error::fixed("ERR No shutdown in progress."));
        }
        call.reply().ok();
        return Ok(());
    }
    call.scope.shut_down(flags).map_err(|_| Error::fixed("ERR Errors trying to SHUTDOWN. Check logs."))?;
    // Success has no reply: the connection is closed.
    call.client.flags.insert(crate::client::Flags::CLOSE_ASAP);
    Ok(())
}
