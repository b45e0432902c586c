//! RESET: the connection becomes what it was when it began.

use crate::client::{Client, Flags, ReplyMode};
use crate::commands::Call;
use crate::server::Server;
use crate::table::{Run, ServerCommand};
use ochre_engine::command::*;
use ochre_engine::keyspace::DbIndex;
use ochre_resp::reply::Protocol;

/// Declaration of RESET.
pub static RESET: ServerCommand = ServerCommand::new("reset", Group::Connection, 1, Run::Server(reset))
    .since("6.2.0")
    .flags(NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY)
    .summary("Makes the connection what it was when it began.")
    .complexity("O(1)");

fn reset(call: &mut Call<'_>, _: Args<'_>) -> Outcome {
    call.server.reset_client(call.client);
    call.reply().simple("RESET");
    Ok(())
}

impl Server {
    /// Undoes everything a client has set up, but for what it said about its library
    /// (networking.c: clearClientConnectionState).
    fn reset_client(&mut self, client: &mut Client) {
        self.monitors.remove(client);
        self.floor().discard_transaction(client);
        self.pubsub.unsubscribe_all(client);
        client.db = DbIndex(0);
        client.protocol = Protocol::Resp2;
        client.name = None;
        client.reply_mode = ReplyMode::On;
        client.flags.remove(Flags::ASKING | Flags::READONLY | Flags::NO_TOUCH | Flags::NO_EVICT);
        client.flags.set(Flags::UNAUTHENTICATED, self.setup().password().is_some());
    }
}
