//! Directives about the process and its surroundings: level, log, pid file, supervision, kernel.

use ochre_engine::level::Level;

use super::choices::{OomScoreAdj, Supervised, SyslogFacility};
use super::directive::{Apply, Flags, directive, topic};
use super::lists::{OomScores, ShutdownFlags, WorkingDir};
use super::values::Text;
use crate::log::LogLevel;
use crate::process::title;

const INT: i128 = i32::MAX as i128;

topic! {
    process;
    /// The process and its surroundings.
    pub struct Process {
        /// The version of Redis to be compatible with.
        compat_version: Level = Level::default() => directive("compat-version").immutable()
            .flags(Flags::HIDDEN);
        /// Run in the background.
        daemonize: bool = false => directive("daemonize").immutable();
        /// Who supervises the process.
        supervised: Supervised = Supervised::No => directive("supervised").immutable();
        /// The file that holds the process id; empty is none.
        pidfile: Text = Text::default() => directive("pidfile").optional().immutable();
        /// The working directory.
        dir: WorkingDir = WorkingDir::default() => directive("dir")
            .flags(Flags::PROTECTED.union(Flags::DENY_LOADING).union(Flags::ALWAYS_WRITTEN));
        /// The file of the log; empty is the standard output.
        logfile: Text = Text::default() => directive("logfile").immutable();
        /// The least important level that is logged.
        loglevel: LogLevel = LogLevel::Notice => directive("loglevel").apply(Apply::LogLevel);
        /// Whether lines go to syslog, too.
        syslog_enabled: bool = false => directive("syslog-enabled").immutable();
        /// The name of the program in syslog.
        syslog_ident: Text = Text::from("redis") => directive("syslog-ident").immutable();
        /// The facility of lines in syslog.
        syslog_facility: SyslogFacility = SyslogFacility::Local0 => directive("syslog-facility").immutable();
        /// Warnings that do not stop the start.
        ignore_warnings: Text = Text::default() => directive("ignore-warnings").no_effect();
        /// Whether the logo is shown even if the log is a file.
        always_show_logo: bool = false => directive("always-show-logo").immutable();
        /// Whether the process gets a title of its own.
        set_proc_title: bool = true => directive("set-proc-title").immutable();
        /// The template of that title.
        proc_title_template: Text = Text::from("{title} {listen-addr} {server-mode}") =>
            directive("proc-title-template").checked(title::check).apply(Apply::ProcTitle);
        /// The number of databases.
        databases: i32 = 16 => directive("databases").int(1, INT).immutable();
        /// Runs of the periodic work per second, from 1 to 500.
        hz: i32 = 10 => directive("hz").int(0, INT).apply(Apply::Hz);
        /// Whether the periodic work runs more often with many clients.
        dynamic_hz: bool = true => directive("dynamic-hz");
        /// Whether tables may move entries in the background.
        activerehashing: bool = true => directive("activerehashing");
        /// The way in which the server ends on SIGINT.
        shutdown_on_sigint: ShutdownFlags = ShutdownFlags::default() =>
            directive("shutdown-on-sigint").flags(Flags::MULTI_ARG);
        /// The way in which the server ends on SIGTERM.
        shutdown_on_sigterm: ShutdownFlags = ShutdownFlags::default() =>
            directive("shutdown-on-sigterm").flags(Flags::MULTI_ARG);
        /// Seconds to wait for replicas before the end.
        shutdown_timeout: i32 = 10 => directive("shutdown-timeout").int(0, INT);
        /// Whether the kernel is told which process to kill first.
        oom_score_adj: OomScoreAdj = OomScoreAdj::No => directive("oom-score-adj").apply(Apply::OomScore);
        /// The scores for the kernel.
        oom_score_adj_values: OomScores = OomScores::default() =>
            directive("oom-score-adj-values").flags(Flags::MULTI_ARG).apply(Apply::OomScore);
        /// Keep huge pages away from the process: they make snapshots expensive.
        disable_thp: bool = true => directive("disable-thp").immutable();
        /// The processors of the server.
        server_cpulist: Text = Text::default() => directive("server_cpulist").optional().immutable().no_effect();
        /// The processors of its background threads.
        bio_cpulist: Text = Text::default() => directive("bio_cpulist").optional().immutable().no_effect();
        /// The processors of the child that rewrites the append only file.
        aof_rewrite_cpulist: Text = Text::default() =>
            directive("aof_rewrite_cpulist").optional().immutable().no_effect();
        /// The processors of the child that saves.
        bgsave_cpulist: Text = Text::default() => directive("bgsave_cpulist").optional().immutable().no_effect();
        /// Whether a crash is reported in the log.
        crash_log_enabled: bool = true => directive("crash-log-enabled").apply(Apply::CrashLog);
        /// Whether memory is tested after a crash.
        crash_memcheck_enabled: bool = true => directive("crash-memcheck-enabled").no_effect();
        /// Whether a panic exits rather than aborts.
        use_exit_on_panic: bool = false => directive("use-exit-on-panic").flags(Flags::HIDDEN).no_effect();
        /// Milliseconds after which a stall is reported; 0 is never.
        watchdog_period: i32 = 0 => directive("watchdog-period").int(0, INT).flags(Flags::HIDDEN).apply(Apply::Watchdog);
        /// The locale that SORT ALPHA follows; texts are ordered by their bytes.
        locale_collate: Text = Text::default() => directive("locale-collate").no_effect();
    }
}

/// Directives about watching the server: slow log, latency.
pub mod diagnostics {
    use super::*;
    use crate::config::lists::Percentiles;

    const LONG: i128 = i64::MAX as i128;

    topic! {
        diagnostics;
        /// Slow log and latency monitor.
        pub struct Diagnostics {
            /// Microseconds from which a command is slow; below 0 none is.
            slowlog_log_slower_than: i64 = 10_000 => directive("slowlog-log-slower-than").int(-1, LONG);
            /// The most slow commands that are remembered.
            slowlog_max_len: u64 = 128 => directive("slowlog-max-len").int(0, LONG);
            /// Milliseconds from which an event is noted; 0 notes none.
            latency_monitor_threshold: i64 = 0 => directive("latency-monitor-threshold").int(0, LONG);
            /// Whether the latency of each command is counted.
            latency_tracking: bool = true => directive("latency-tracking");
            /// The percentiles that INFO shows.
            latency_tracking_info_percentiles: Percentiles = Percentiles::default() =>
                directive("latency-tracking-info-percentiles")
                    .flags(Flags::MULTI_ARG.union(Flags::ALWAYS_WRITTEN));
            /// Milliseconds a script may run before clients are told that the server is busy.
            busy_reply_threshold: i64 = 5000 =>
                directive("busy-reply-threshold").alias("lua-time-limit").int(0, LONG);
        }
    }
}
