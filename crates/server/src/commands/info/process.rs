//! The sections of INFO about the process: server, clients, memory, processor.

use super::text::Text;
use crate::commands::LocalCall;
use crate::config::Choice;
use crate::memory::{Report, human, system_total};
use crate::process::about;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use ochre_engine::keyspace::Interest;
use std::path::Path;

pub(super) fn server(call: &LocalCall<'_>, text: &mut Text) {
    let server = call.server;
    let (config, identity) = (server.config(), server.identity());
    let level = config.process.compat_version;
    let micros = call.lane.clock.unix_us(call.lane.tick);
    let uptime = call.lane.tick.since(server.started()).as_secs();
    text.line("redis_version", level.version());
    text.line("redis_git_sha1", "00000000");
    text.line("redis_git_dirty", 0);
    text.line("redis_build_id", format_args!("{:x}", about::build_id()));
    text.line("redis_mode", if config.cluster.enabled { "cluster" } else { "standalone" });
    text.line("os", os());
    text.line("arch_bits", usize::BITS);
    text.line("monotonic_clock", "processor counter");
    text.line("multiplexing_api", "epoll");
    text.line("atomicvar_api", "rust");
    text.line("gcc_version", "0.0.0");
    text.line("process_id", std::process::id());
    text.line("process_supervised", identity.supervised.name());
    text.line("run_id", &identity.run_id);
    text.line("tcp_port", if config.network.port != 0 { config.network.port } else { config.tls.port });
    text.line("server_time_usec", micros);
    text.line("uptime_in_seconds", uptime);
    text.line("uptime_in_days", uptime / 86_400);
    text.line("hz", server.hz());
    text.line("configured_hz", config.process.hz);
    text.line("lru_clock", (micros / 1_000_000) & 0xff_ffff);
    text.line("executable", identity.executable.display());
    text.line("config_file", identity.config_file.as_deref().unwrap_or(Path::new("")).display());
    text.line("io_threads_active", 0);
    listeners(call, text);
    text.line("ochre_version", about::OCHRE_VERSION);
    text.line("compat_version", level.name());
}

fn listeners(call: &LocalCall<'_>, text: &mut Text) {
    let network = &call.server.config().network;
    let (unix, tcp) = call.server.listening().kinds();
    if tcp > 0 {
        let addresses: String = network
            .bind
            .0
            .iter()
            .map(|address| format!(",bind={}", String::from_utf8_lossy(address)))
            .collect();
        text.line("listener0", format_args!("name=tcp{addresses},port={}", network.port));
    }
    if unix {
        text.line("listener1", format_args!("name=unix,bind={}", network.unix_socket.lossy()));
    }
}

fn os() -> String {
    match nix::sys::utsname::uname() {
        Ok(name) => {
            [name.sysname(), name.release(), name.machine()].map(|part| part.to_string_lossy()).join(" ")
        }
        Err(_) => std::env::consts::OS.to_owned(),
    }
}

pub(super) fn clients(call: &LocalCall<'_>, text: &mut Text) {
    let server = call.server;
    let counts = server.counts();
    text.line("connected_clients", counts.clients());
    text.line("cluster_connections", 0);
    text.line("maxclients", server.config().network.maxclients);
    text.line("client_recent_max_input_buffer", counts.largest_input());
    text.line("client_recent_max_output_buffer", counts.largest_output());
    text.line("blocked_clients", server.waiting().blocked() + server.held_by_pause());
    text.line("tracking_clients", 0);
    text.line("clients_in_timeout_table", server.waiting().with_deadline());
    let mut awaited = 0;
    if server.waiting().blocked() > 0 {
        server.each_shard(|shard| awaited += shard.interest().map_or(0, Interest::awaited_keys));
    }
    text.line("total_blocking_keys", awaited);
    text.line("total_blocking_keys_on_nokey", server.waiting().waiting_for_deletion());
}

pub(super) fn memory(call: &LocalCall<'_>, text: &mut Text) {
    let server = call.server;
    let report = Report::take(server);
    let limit = server.settings().maxmemory;
    let aof_buffer = server.log_buffer();
    text.size("used_memory", report.used);
    text.size("used_memory_rss", report.rss);
    text.size("used_memory_peak", report.peak);
    text.line("used_memory_peak_perc", format_args!("{:.2}%", report.peak_percent()));
    text.line("used_memory_overhead", report.overhead);
    text.line("used_memory_startup", report.startup);
    text.line("used_memory_dataset", report.dataset());
    text.line("used_memory_dataset_perc", format_args!("{:.2}%", report.dataset_percent()));
    text.line("allocator_allocated", report.allocator.allocated);
    text.line("allocator_active", report.allocator.active);
    text.line("allocator_resident", report.allocator.resident);
    text.size("total_system_memory", system_total());
    scripts(text);
    text.line("maxmemory", limit);
    text.line("maxmemory_human", human(limit));
    text.line("maxmemory_policy", server.settings().maxmemory_policy.name());
    text.ratio("allocator_frag", report.allocator_fragmentation());
    text.ratio("allocator_rss", report.allocator_rss());
    text.ratio("rss_overhead", report.rss_overhead());
    text.ratio("mem_fragmentation", report.fragmentation());
    text.line("mem_not_counted_for_evict", aof_buffer);
    text.line("mem_replication_backlog", 0);
    text.line("mem_total_replication_buffers", 0);
    text.line("mem_clients_slaves", 0);
    text.line("mem_clients_normal", report.clients);
    text.line("mem_cluster_links", 0);
    text.line("mem_aof_buffer", aof_buffer);
    text.line("mem_allocator", about::allocator());
    text.line("active_defrag_running", 0);
    text.line("lazyfree_pending_objects", server.reaper().pending());
    text.line("lazyfreed_objects", server.reaper().freed());
}

fn scripts(text: &mut Text) {
    text.line("used_memory_lua", 0);
    text.line("used_memory_vm_eval", 0);
    text.line("used_memory_lua_human", human(0));
    for name in ["used_memory_scripts_eval", "number_of_cached_scripts", "number_of_functions"] {
        text.line(name, 0);
    }
    text.line("number_of_libraries", 0);
    text.line("used_memory_vm_functions", 0);
    text.size("used_memory_vm_total", 0);
    text.line("used_memory_functions", 0);
    text.size("used_memory_scripts", 0);
}

pub(super) fn cpu(_: &LocalCall<'_>, text: &mut Text) {
    let parts = [
        ("", UsageWho::RUSAGE_SELF),
        ("_children", UsageWho::RUSAGE_CHILDREN),
        ("_main_thread", UsageWho::RUSAGE_THREAD),
    ];
    for (suffix, who) in parts {
        let Ok(usage) = getrusage(who) else { continue };
        text.line(format_args!("used_cpu_sys{suffix}"), seconds(usage.system_time()));
        text.line(format_args!("used_cpu_user{suffix}"), seconds(usage.user_time()));
    }
}

fn seconds(time: TimeVal) -> String {
    let micros = time.num_microseconds();
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
