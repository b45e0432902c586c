//! How the server is set up: the commands that exist, and what was configured.

use crate::config::Config;
use crate::table::CommandTable;
use ochre_engine::settings::Settings;

/// The commands and the configuration. They change in the exclusive mode only, so any worker may read them.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// All commands.
    pub commands: &'a CommandTable,
    /// What data commands need to know of the configuration.
    pub settings: &'a Settings,
    /// The configuration.
    pub config: &'a Config,
}
