//! MONITOR.

use crate::client::Flags;
use crate::exec::{ContextCall, Handler, ServerCommand};
use ochre_engine::command::*;

/// Declaration of MONITOR.
pub static MONITOR: ServerCommand = ServerCommand::new("monitor", Group::Server, 1, Handler::local(monitor))
    .flags(ADMIN | NOSCRIPT | LOADING | STALE)
    .summary("Shows all commands as the server runs them.");

fn monitor(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    if call.client.flags.contains(Flags::DENY_BLOCKING) {
        return Err(Error::fixed("ERR MONITOR isn't allowed for DENY BLOCKING client"));
    }
    if !call.client.flags.contains(Flags::MONITOR) {
        call.scope.shared.monitors.add(call.client);
        call.reply().ok();
    }
    Ok(())
}
