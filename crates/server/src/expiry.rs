//! Keys whose time has come, found without being asked for: a first, simple cycle.

use crate::server::Server;

impl Server {
    /// One cycle of active expiry.
    pub fn expire_cycle(&mut self) {
        // Written with the engine's expiry module.
    }

    /// Keeps the memory limit before a command runs.
    pub fn keep_memory_limit(
        &mut self,
        _client: &mut crate::client::Client,
        _flags: u32,
    ) -> Result<(), ochre_engine::error::Error> {
        Ok(())
    }
}
