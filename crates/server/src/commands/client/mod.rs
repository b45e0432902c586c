//! CLIENT: naming, listing, closing and pausing connections.

mod attributes;
mod kill;
mod list;
mod pause;

use crate::exec::{ContextCall, Handler, ServerCommand};
use ochre_engine::command::flags::*;
use ochre_engine::command::{Arg, Args, Outcome};

pub use attributes::{check_name, set_name};

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[&CLIENT];

/// The flags of most subcommands: allowed at nearly any time, but not in scripts.
const USUAL: Flags = NOSCRIPT | LOADING | STALE;

const ON_OFF: &[Arg] = &[Arg::one_of("enabled", &[Arg::word("on", "ON"), Arg::word("off", "OFF")])];

const fn sub(name: &'static str, arity: i16, handler: Handler) -> ServerCommand {
    ServerCommand::sub("client", name, Group::Connection, arity, handler).complexity("O(1)").flags(USUAL)
}

static CLIENT: ServerCommand = ServerCommand::container(
    "client",
    Group::Connection,
    &[
        attributes::ID,
        attributes::GETNAME,
        attributes::SETNAME,
        attributes::SETINFO,
        attributes::REPLY,
        attributes::NO_EVICT,
        attributes::NO_TOUCH,
        list::INFO,
        list::LIST,
        kill::KILL,
        pause::PAUSE,
        pause::UNPAUSE,
        pause::UNBLOCK,
        HELP,
    ],
)
.since("2.4.0")
.without_categories(CAT_CONNECTION)
.summary("Shows and changes connections.")
.complexity("Depends on the subcommand");

const HELP: ServerCommand = sub("help", 2, Handler::local(client_help))
    .since("5.0.0")
    .flags(LOADING | STALE)
    .summary("Explains the subcommands.");

fn client_help(call: &mut ContextCall<'_, '_>, _args: Args<'_>) -> Outcome {
    call.help(&[
        "GETNAME",
        "    Show the name of this connection.",
        "ID",
        "    Show the number of this connection.",
        "INFO",
        "    Describe this connection.",
        "KILL <ip:port>",
        "    Close the connection from an address.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    Close all connections to which every option applies:",
        "    * ADDR (<ip:port>|<unixsocket>:0)",
        "      They come from this address.",
        "    * LADDR (<ip:port>|<unixsocket>:0)",
        "      They go to this address of the server.",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "      They are of this type.",
        "    * USER <username>",
        "      They have authenticated as this user.",
        "    * SKIPME (YES|NO)",
        "      Whether this connection is spared (default: yes).",
        "LIST [options ...]",
        "    Describe all connections. Options:",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "      Only those of this type.",
        "    * ID <id> [<id> ...]",
        "      Only those with these numbers.",
        "UNPAUSE",
        "    End a pause.",
        "PAUSE <timeout> [WRITE|ALL]",
        "    Hold back all commands, or those that write, for so many milliseconds.",
        "REPLY (ON|OFF|SKIP)",
        "    Choose whether this connection gets replies.",
        "SETNAME <name>",
        "    Give this connection a name.",
        "SETINFO <option> <value>",
        "    Describe the client. Options are:",
        "    * LIB-NAME: the name of its library.",
        "    * LIB-VER: the version of its library.",
        "UNBLOCK <clientid> [TIMEOUT|ERROR]",
        "    End the waiting of a blocked connection.",
        "NO-EVICT (ON|OFF)",
        "    Spare this connection when connections use too much memory.",
        "NO-TOUCH (ON|OFF)",
        "    Let commands of this connection leave access clocks alone.",
    ])
}
