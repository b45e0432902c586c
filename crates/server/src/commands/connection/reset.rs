//! RESET: gives a connection the state of a new one.

use crate::client::{Client, Flags, ReplyMode};
use crate::exec::ExecContext;
use crate::exec::{ContextCall, Handler, ServerCommand};
use crate::table::Reach;
use ochre_engine::command::*;
use ochre_engine::keyspace::DbIndex;
use ochre_resp::reply::Protocol;

/// Declaration of RESET.
pub static RESET: ServerCommand =
    ServerCommand::new("reset", Group::Connection, 1, Handler::over(Reach::Watched, reset))
        .since("6.2.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY)
        .and_flags(RUNS_IN_MULTI | ENDS_MULTI | FOR_SUBSCRIBERS)
        .summary("Makes the connection what it was when it began.")
        .complexity("O(1)");

fn reset(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    call.scope.reset_client(call.client);
    call.reply().simple("RESET");
    Ok(())
}

impl ExecContext<'_> {
    /// Gives a client the state of a new connection, but keeps the name and the version of its library
    /// (networking.c: clearClientConnectionState).
    fn reset_client(&mut self, client: &mut Client) {
        self.shared.monitors.remove(client);
        self.discard_transaction(client);
        self.shared.pubsub.unsubscribe_all(client);
        self.open_outstanding(client);
        client.db = DbIndex(0);
        client.protocol = Protocol::Resp2;
        client.name = None;
        client.reply_mode = ReplyMode::On;
        client.flags.remove(Flags::NO_TOUCH | Flags::NO_EVICT);
        client.flags.set(Flags::UNAUTHENTICATED, self.shared.setup().password().is_some());
    }
}
