//! The directives whose value is one word of a list.

use ochre_engine::level::Level;
use ochre_engine::settings::{MaxmemoryPolicy, SanitizeDumpPayload};

use super::directive::{Refusal, Rule, Setting};

/// A value that is one word of a list. Two words may mean the same value; the first one is shown.
pub trait Choice: Copy + PartialEq + 'static {
    /// The words and their meaning, in the order error messages list them.
    const NAMES: &'static [(&'static str, Self)];

    /// The word for this value.
    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, value)| *value == self).map_or("unknown", |(name, _)| name)
    }
}

/// The refusal of a word that is not in the list.
pub(super) fn not_one_of<'a>(names: impl Iterator<Item = &'a str>) -> Refusal {
    let names: Vec<_> = names.collect();
    format!("argument(s) must be one of the following: {}", names.join(", ")).into()
}

impl<T: Choice> Setting for T {
    fn read(&mut self, _: &Rule, args: &[&[u8]]) -> Result<(), Refusal> {
        let chosen = match args {
            [word] => T::NAMES.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word)),
            _ => None,
        };
        *self = chosen.ok_or_else(|| not_one_of(T::NAMES.iter().map(|row| row.0)))?.1;
        Ok(())
    }

    fn show(&self, _: &Rule) -> Vec<u8> {
        self.name().as_bytes().to_vec()
    }
}

impl Choice for MaxmemoryPolicy {
    const NAMES: &'static [(&'static str, MaxmemoryPolicy)] = &MaxmemoryPolicy::NAMES;
}

impl Choice for SanitizeDumpPayload {
    const NAMES: &'static [(&'static str, SanitizeDumpPayload)] = &SanitizeDumpPayload::NAMES;
}

impl Choice for Level {
    const NAMES: &'static [(&'static str, Level)] = &[
        (Level::V4_0.name(), Level::V4_0),
        (Level::V5_0.name(), Level::V5_0),
        (Level::V6_2.name(), Level::V6_2),
        (Level::V7_0.name(), Level::V7_0),
        (Level::V7_2.name(), Level::V7_2),
        (Level::Latest.name(), Level::Latest),
    ];
}

macro_rules! choices {
    ($(
        $(#[$about:meta])*
        pub enum $Choice:ident { $( $(#[$doc:meta])* $value:ident = $($name:literal)|+, )* }
    )*) => { $(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $Choice { $( $(#[$doc])* $value, )* }

        impl Choice for $Choice {
            const NAMES: &'static [(&'static str, $Choice)] = &[$( $( ($name, $Choice::$value), )+ )*];
        }
    )* };
}

choices! {
    /// The supervisor of the process, and the way in which it is told that the server is ready.
    pub enum Supervised {
        /// Upstart: the process stops itself once.
        Upstart = "upstart",
        /// systemd: a message to its socket.
        Systemd = "systemd",
        /// The supervisor that the environment shows.
        Auto = "auto",
        /// Nobody.
        No = "no",
    }

    /// The facility under which lines are sent to syslog.
    pub enum SyslogFacility {
        /// LOG_USER.
        User = "user",
        /// LOG_LOCAL0.
        Local0 = "local0",
        /// LOG_LOCAL1.
        Local1 = "local1",
        /// LOG_LOCAL2.
        Local2 = "local2",
        /// LOG_LOCAL3.
        Local3 = "local3",
        /// LOG_LOCAL4.
        Local4 = "local4",
        /// LOG_LOCAL5.
        Local5 = "local5",
        /// LOG_LOCAL6.
        Local6 = "local6",
        /// LOG_LOCAL7.
        Local7 = "local7",
    }

    /// When the append only file is flushed to the disk.
    pub enum AppendFsync {
        /// Once a second.
        EverySec = "everysec",
        /// Before every reply.
        Always = "always",
        /// When the kernel decides to.
        No = "no",
    }

    /// How a replica receives a snapshot.
    pub enum ReplDisklessLoad {
        /// Through a file.
        Disabled = "disabled",
        /// From the socket if it has no data.
        OnEmptyDb = "on-empty-db",
        /// From the socket, keeping the old data until the new is complete.
        SwapDb = "swapdb",
    }

    /// Whether a TLS client must show a certificate.
    pub enum TlsAuthClients {
        /// No certificate is asked for.
        No = "no",
        /// The client must show one.
        Yes = "yes",
        /// The client may show one.
        Optional = "optional",
    }

    /// Whether and how the kernel is told which process to kill first.
    pub enum OomScoreAdj {
        /// The kernel is not told.
        No = "no",
        /// Relative to the score at the start.
        Relative = "yes" | "relative",
        /// The scores as configured.
        Absolute = "absolute",
    }

    /// The channels that a new user may use.
    pub enum AclPubsubDefault {
        /// All.
        AllChannels = "allchannels",
        /// None.
        ResetChannels = "resetchannels",
    }

    /// The clients that may do something dangerous.
    pub enum Protected {
        /// Nobody.
        No = "no",
        /// Everybody.
        Yes = "yes",
        /// Clients on this machine.
        Local = "local",
    }

    /// The kind of address by which the cluster tells clients of a node.
    pub enum ClusterEndpoint {
        /// Its address.
        Ip = "ip",
        /// Its host name.
        Hostname = "hostname",
        /// That it is unknown.
        Unknown = "unknown-endpoint",
    }

    /// The reaction of a replica to a command that it cannot execute.
    pub enum PropagationError {
        /// Counts it.
        Ignore = "ignore",
        /// Ends the process.
        Panic = "panic",
        /// Ends the process if it is a replica.
        PanicOnReplicas = "panic-on-replicas",
    }
}
