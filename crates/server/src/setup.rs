//! The setup of the server: the commands that exist, and the configuration.

use crate::config::Config;
use crate::table::CommandTable;
use ochre_engine::settings::Settings;

/// The commands and the configuration. They change in the exclusive mode only, so any worker may read them.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// All commands.
    pub commands: &'a CommandTable,
    /// The part of the configuration for data commands.
    pub settings: &'a Settings,
    /// The configuration.
    pub config: &'a Config,
}
