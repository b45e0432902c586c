//! CLIENT PAUSE: commands wait until the pause is over.

use crate::client::Client;
use crate::server::Server;
use crate::table::CommandId;

impl Server {
    /// True if the command has to wait for the end of a pause.
    pub fn is_paused_for(&self, _client: &Client, _command: CommandId) -> bool {
        false
    }
}
