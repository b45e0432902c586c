//! What the event loop does while it loads data: serves clients, and does nothing with keys.
//!
//! A few turns at a time, so that a crowd of clients cannot keep the server from loading
//! (networking.c, processEventsWhileBlocked). The cron rests; a signal that asks for the end is heard.

use super::Worker;
use crate::persistence::loading::LoadingHost;
use crate::server::Server;
use mio::Events;
use std::time::Duration;

/// Turns of the loop each time.
const TURNS: usize = 4;

impl LoadingHost for Worker {
    fn server(&mut self) -> &mut Server {
        self.handle.sole()
    }

    fn serve(&mut self) {
        let mut events = Events::with_capacity(1024);
        self.handle.enter();
        for _ in 0..TURNS {
            // An error of the poll comes again when the loop runs, where it ends the process.
            let waited = self.take_events(&mut events, Duration::ZERO);
            self.handle.exclusively(|server| server.evict_clients(None));
            self.resume_unblocked();
            self.flush_log();
            self.write_replies();
            self.close_clients();
            if waited.is_err() || events.is_empty() || self.handle.shared().shutdown {
                break;
            }
        }
        self.handle.exclusively(|server| server.shut_down_if_asked());
    }
}
