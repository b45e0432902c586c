//! The commands on the configuration: CONFIG GET, SET, REWRITE, RESETSTAT.

mod apply;

use crate::client::Flags as ClientFlags;
use crate::config::{Circumstances, Protected, rewrite_file, set};
use crate::exec::{ContextCall, Handler, ServerCall, ServerCommand};
use crate::secrets;
use crate::{log_notice, log_warning};
use ochre_engine::command::*;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[&CONFIG];

const GROUP: Group = Group::Server;
const FLAGS: Flags = ADMIN | NOSCRIPT | LOADING | STALE;
const ON_ALL_NODES: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

static CONFIG: ServerCommand = ServerCommand::container(
    "config",
    GROUP,
    &[
        ServerCommand::sub("config", "get", GROUP, -3, Handler::local(get))
            .since("2.0.0")
            .flags(FLAGS)
            .summary("Returns parameters and their values.")
            .complexity("O(N) when N is the number of configuration parameters provided")
            .history(&[("7.0.0", "Takes several patterns.")])
            .args(&[Arg::string("parameter").multiple()]),
        ServerCommand::sub("config", "set", GROUP, -4, Handler::exclusive(set_values))
            .since("2.0.0")
            .flags(FLAGS)
            .tips(ON_ALL_NODES)
            .secret_finder(secrets::of_directives)
            .summary("Changes parameters while the server runs.")
            .complexity("O(N) when N is the number of configuration parameters provided")
            .history(&[("7.0.0", "Takes several parameters.")])
            .args(&[Arg::block("data", &[Arg::string("parameter"), Arg::string("value")]).multiple()]),
        ServerCommand::sub("config", "rewrite", GROUP, 2, Handler::exclusive(rewrite))
            .tips_before("7.2.0", &[])
            .since("2.8.0")
            .flags(FLAGS)
            .tips(ON_ALL_NODES)
            .summary("Writes the values of now into the configuration file.")
            .complexity("O(1)"),
        ServerCommand::sub("config", "resetstat", GROUP, 2, Handler::exclusive(resetstat))
            .tips_before("7.2.0", &[])
            .since("2.0.0")
            .flags(FLAGS)
            .tips(ON_ALL_NODES)
            .summary("Sets the statistics to zero.")
            .complexity("O(1)"),
        ServerCommand::sub("config", "help", GROUP, 2, Handler::local(config_help))
            .since("5.0.0")
            .flags(LOADING | STALE)
            .summary("Lists the subcommands.")
            .complexity("O(1)"),
    ],
)
.since("2.0.0")
.summary("Groups the commands on the configuration.")
.complexity("Depends on subcommand.");

fn get(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    let answers = call.scope.shared.config.get(args.iter().skip(2));
    let mut reply = call.reply();
    reply.map(answers.len());
    for (name, value) in answers {
        reply.bulk(name);
        reply.bulk(value);
    }
    Ok(())
}

fn set_values(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    if args.len() % 2 == 1 {
        return Err(Error::SYNTAX);
    }
    let pairs: Vec<(&[u8], &[u8])> =
        (2..args.len()).step_by(2).map(|at| (args.get(at), args.get(at + 1))).collect();
    let protected = call.scope.shared.config.network.enable_protected_configs;
    let circumstances = Circumstances {
        loading: call.scope.shared.persistence.is_loading(),
        protected_allowed: call.is_allowed(protected),
    };
    // The configuration is taken out of the server, so that applying a value can use the rest of the server.
    let server = &mut *call.scope;
    let mut config = std::mem::take(&mut server.shared.config);
    let outcome = set(&mut config, &pairs, circumstances, |config, action| server.apply(config, action));
    server.shared.config = config;
    server.settings_changed();
    match outcome {
        Ok(()) => {
            call.reply().ok();
            Ok(())
        }
        Err(error) => Err(error.reply()),
    }
}

fn rewrite(call: &mut ServerCall<'_>, _: Args<'_>) -> Outcome {
    let server = &*call.scope;
    let Some(path) = &server.shared.identity.config_file else {
        return Err(Error::fixed("ERR The server is running without a config file"));
    };
    if let Err(error) = rewrite_file(path, &server.shared.config, None, server.shared.identity.umask) {
        let reason = crate::config::os_text(&error);
        log_warning!("CONFIG REWRITE failed: {reason}");
        return Err(Error::new(format!("ERR Rewriting config file: {reason}")));
    }
    log_notice!("CONFIG REWRITE executed with success.");
    call.reply().ok();
    Ok(())
}

fn resetstat(call: &mut ServerCall<'_>, _: Args<'_>) -> Outcome {
    call.scope.reset_stats();
    call.scope.shared.reaper.reset();
    call.scope.shared.persistence.reset_counters();
    crate::alloc::reset_peak();
    call.reply().ok();
    Ok(())
}

fn config_help(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    call.help(&[
        "GET <pattern>",
        "    Return parameters that match the glob-like <pattern>, and their values.",
        "SET <directive> <value>",
        "    Change the value of a directive.",
        "RESETSTAT",
        "    Set the statistics of INFO to zero.",
        "REWRITE",
        "    Write the values of now into the configuration file.",
    ])
}

impl ServerCall<'_> {
    /// Whether the client may use a function that is protected in this way.
    pub fn is_allowed(&self, protected: Protected) -> bool {
        match protected {
            Protected::No => false,
            Protected::Yes => true,
            Protected::Local => {
                let address = &*self.client.address;
                self.client.flags.contains(ClientFlags::UNIX)
                    || address.starts_with("127.")
                    || address.starts_with("[::1]")
                    || address.starts_with("::1:")
            }
        }
    }
}
