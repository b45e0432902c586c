//! The actions that follow from new values: on sockets, limits, the log, the process.

use crate::config::{Apply, Config, Refusal};
use crate::log_warning;
use crate::process::crash;
use crate::process::kernel::{ProcessKind, set_oom_score};
use crate::process::limits::make_room;
use crate::process::{title, watchdog};
use crate::server::Server;

impl Server {
    /// Carries out the action that follows from a new value in `config`. `self.shared.config` must not be read meanwhile.
    pub fn apply(&mut self, config: &mut Config, action: Apply) -> Result<(), Refusal> {
        match action {
            Apply::Port => self.relisten(config, "Unable to listen on this port. Check server logs."),
            Apply::Bind => self.relisten(config, "Failed to bind to specified addresses."),
            Apply::MaxClients => make_room_for(config.network.maxclients),
            Apply::MaxMemory => {
                self.warn_of_small_limit(config);
                // Keys beyond the new limit are evicted without waiting for a command that needs memory.
                self.evict_later();
                Ok(())
            }
            Apply::LogLevel => {
                crate::log::set_level(config.process.loglevel);
                Ok(())
            }
            Apply::ProcTitle => {
                self.retitle(config);
                Ok(())
            }
            Apply::OomScore => set_oom_score(config, ProcessKind::Primary).map_err(Refusal::from),
            Apply::AppendOnly => {
                std::mem::swap(&mut self.shared.config, config);
                let is_done = self.switch_aof();
                std::mem::swap(&mut self.shared.config, config);
                is_done.then_some(()).ok_or_else(|| "Unable to turn on AOF. Check server logs.".into())
            }
            Apply::TlsPort | Apply::Tls if config.tls.port != 0 => {
                Err("Unable to update TLS configuration. Check server logs.".into())
            }
            Apply::Watchdog => {
                let hz = self.shared.hz_of(config);
                watchdog::configure(&mut config.process.watchdog_period, hz);
                Ok(())
            }
            Apply::CrashLog => {
                crash::configure(config);
                Ok(())
            }
            Apply::AllocatorThread => {
                crate::alloc::purge_in_background(config.memory.jemalloc_bg_thread);
                Ok(())
            }
            // These values are read where they are used, or belong to parts that this server does not have.
            Apply::Hz
            | Apply::RequirePass
            | Apply::MaxMemoryClients
            | Apply::ReplBacklogSize
            | Apply::GoodReplicas
            | Apply::ClusterAnnounce
            | Apply::TlsPort
            | Apply::Tls => Ok(()),
        }
    }

    fn relisten(&mut self, config: &Config, refusal: &'static str) -> Result<(), Refusal> {
        self.shared.listening.reopen_tcp(config).map_err(|_| Refusal::from(refusal))?;
        self.retitle(config);
        Ok(())
    }

    fn retitle(&self, config: &Config) {
        if config.process.set_proc_title {
            title::show(config, self.shared.identity.config_file.as_deref(), &self.shared.identity.program);
        }
    }

    fn warn_of_small_limit(&self, config: &Config) {
        let (limit, used) = (config.memory.maxmemory, crate::alloc::used() as u64);
        if limit != 0 && limit < used {
            log_warning!(
                "WARNING: the new maxmemory value set via CONFIG SET ({limit}) is smaller than the current \
                 memory usage ({used}). This will result in key eviction and/or the inability to accept new \
                 write commands depending on the maxmemory-policy."
            );
        }
    }

    /// Brings all state up to date that is derived from the configuration.
    pub fn settings_changed(&mut self) {
        self.shared.config.update_settings(&mut self.shared.settings);
        self.listen_to_events();
        self.aof_settings_changed();
        self.shared.worker_stats.iter().for_each(|stats| stats.configure(&self.shared.config.diagnostics));
        self.shared.notes.slowlog.lock().trim(self.shared.config.diagnostics.slowlog_max_len);
        self.for_each_state(|state| state.eviction.forget());
    }
}

fn make_room_for(maxclients: u32) -> Result<(), Refusal> {
    match make_room(maxclients) {
        Ok(fitting) if fitting == maxclients => Ok(()),
        Ok(fitting) => Err(format!(
            "The operating system is not able to handle the specified number of clients, try with {fitting}"
        )
        .into()),
        Err(reason) => Err(reason.0.into()),
    }
}
