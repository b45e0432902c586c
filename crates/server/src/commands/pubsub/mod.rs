//! The commands on channels: SUBSCRIBE, PUBLISH and their relatives, MONITOR.

mod monitor;

use crate::client::{Client, Flags};
use crate::exec::{ContextCall, Handler, ServerCommand};
use crate::pubsub::Kind;
use crate::table::Reach;
use ochre_engine::command::flags::*;
use ochre_engine::command::{Arg, Args, Error, KeySpec, NOT_KEY, Outcome};
use ochre_engine::text::glob_match;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[
    &SUBSCRIBE,
    &UNSUBSCRIBE,
    &PSUBSCRIBE,
    &PUNSUBSCRIBE,
    &SSUBSCRIBE,
    &SUNSUBSCRIBE,
    &PUBLISH,
    &SPUBLISH,
    &PUBSUB_COMMAND,
    &monitor::MONITOR,
];

const SUBSCRIBER: ochre_engine::command::flags::Flags = PUBSUB | NOSCRIPT | LOADING | STALE | FOR_SUBSCRIBERS;

static SUBSCRIBE: ServerCommand =
    ServerCommand::new("subscribe", Group::PubSub, -2, Handler::local(subscribe))
        .since("2.0.0")
        .flags(SUBSCRIBER)
        .summary("Starts listening to channels.")
        .complexity("O(N) with N channels to subscribe to")
        .args(&[Arg::string("channel").multiple()]);

static UNSUBSCRIBE: ServerCommand =
    ServerCommand::new("unsubscribe", Group::PubSub, -1, Handler::over(Reach::Local, unsubscribe))
        .since("2.0.0")
        .flags(SUBSCRIBER)
        .summary("Stops listening to channels, to all of them if none is named.")
        .complexity("O(N) with N channels to unsubscribe from")
        .args(&[Arg::string("channel").optional().multiple()]);

static PSUBSCRIBE: ServerCommand =
    ServerCommand::new("psubscribe", Group::PubSub, -2, Handler::local(psubscribe))
        .since("2.0.0")
        .flags(SUBSCRIBER)
        .summary("Starts listening to all channels whose names match patterns.")
        .complexity("O(N) with N patterns to subscribe to")
        .args(&[Arg::pattern("pattern").multiple()]);

static PUNSUBSCRIBE: ServerCommand =
    ServerCommand::new("punsubscribe", Group::PubSub, -1, Handler::over(Reach::Local, punsubscribe))
        .since("2.0.0")
        .flags(SUBSCRIBER)
        .summary("Stops listening to patterns, to all of them if none is named.")
        .complexity("O(N) with N patterns to unsubscribe from")
        .args(&[Arg::pattern("pattern").optional().multiple()]);

static SSUBSCRIBE: ServerCommand =
    ServerCommand::new("ssubscribe", Group::PubSub, -2, Handler::local(ssubscribe))
        .since("7.0.0")
        .flags(SUBSCRIBER)
        .keys(&[KeySpec::range(1, -1, 1, NOT_KEY)])
        .summary("Starts listening to shard channels.")
        .complexity("O(N) with N shard channels to subscribe to")
        .args(&[Arg::string("shardchannel").multiple()]);

static SUNSUBSCRIBE: ServerCommand =
    ServerCommand::new("sunsubscribe", Group::PubSub, -1, Handler::over(Reach::Local, sunsubscribe))
        .since("7.0.0")
        .flags(SUBSCRIBER)
        .keys(&[KeySpec::range(1, -1, 1, NOT_KEY)])
        .summary("Stops listening to shard channels, to all of them if none is named.")
        .complexity("O(N) with N shard channels to unsubscribe from")
        .args(&[Arg::string("shardchannel").optional().multiple()]);

static PUBLISH: ServerCommand =
    ServerCommand::new("publish", Group::PubSub, 3, Handler::over(Reach::Audience, publish))
        .since("2.0.0")
        .flags(PUBSUB | LOADING | STALE | FAST | MAY_REPLICATE)
        .summary("Sends a message to a channel.")
        .complexity("O(N+M) with N subscribers of the channel and M patterns of all clients")
        .args(&[Arg::string("channel"), Arg::string("message")]);

static SPUBLISH: ServerCommand =
    ServerCommand::new("spublish", Group::PubSub, 3, Handler::over(Reach::Audience, spublish))
        .since("7.0.0")
        .flags(PUBSUB | LOADING | STALE | FAST | MAY_REPLICATE)
        .keys(&[KeySpec::at(1, NOT_KEY)])
        .summary("Sends a message to a shard channel.")
        .complexity("O(N) with N subscribers of the shard channel")
        .args(&[Arg::string("shardchannel"), Arg::string("message")]);

static PUBSUB_COMMAND: ServerCommand = ServerCommand::container(
    "pubsub",
    Group::PubSub,
    &[
        ServerCommand::sub("pubsub", "channels", Group::PubSub, -2, Handler::local(channels))
            .since("2.8.0")
            .flags(PUBSUB | LOADING | STALE)
            .summary("Lists the channels that have subscribers.")
            .complexity("O(N) with N channels that have subscribers")
            .args(&[Arg::pattern("pattern").optional()]),
        ServerCommand::sub("pubsub", "numsub", Group::PubSub, -2, Handler::local(numsub))
            .since("2.8.0")
            .flags(PUBSUB | LOADING | STALE)
            .summary("Counts the subscribers of channels.")
            .complexity("O(N) with N channels asked for")
            .args(&[Arg::string("channel").optional().multiple()]),
        ServerCommand::sub("pubsub", "numpat", Group::PubSub, 2, Handler::local(numpat))
            .since("2.8.0")
            .flags(PUBSUB | LOADING | STALE)
            .summary("Counts the patterns that have subscribers.")
            .complexity("O(1)"),
        ServerCommand::sub("pubsub", "shardchannels", Group::PubSub, -2, Handler::local(shardchannels))
            .since("7.0.0")
            .flags(PUBSUB | LOADING | STALE)
            .summary("Lists the shard channels that have subscribers.")
            .complexity("O(N) with N shard channels that have subscribers")
            .args(&[Arg::pattern("pattern").optional()]),
        ServerCommand::sub("pubsub", "shardnumsub", Group::PubSub, -2, Handler::local(shardnumsub))
            .since("7.0.0")
            .flags(PUBSUB | LOADING | STALE)
            .summary("Counts the subscribers of shard channels.")
            .complexity("O(N) with N shard channels asked for")
            .args(&[Arg::string("shardchannel").optional().multiple()]),
        ServerCommand::sub("pubsub", "help", Group::PubSub, 2, Handler::local(pubsub_help))
            .since("6.2.0")
            .flags(LOADING | STALE)
            .without_categories(CAT_PUBSUB)
            .summary("Explains the subcommands.")
            .complexity("O(1)"),
    ],
)
.since("2.8.0")
.without_categories(CAT_PUBSUB)
.summary("Shows who is subscribed to what.")
.complexity("Depends on the subcommand");

fn subscribe(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    add(call, args, Kind::Channel)
}

fn psubscribe(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    add(call, args, Kind::Pattern)
}

fn ssubscribe(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    add(call, args, Kind::Shard)
}

fn unsubscribe(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    remove(call, args, Kind::Channel)
}

fn punsubscribe(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    remove(call, args, Kind::Pattern)
}

fn sunsubscribe(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    remove(call, args, Kind::Shard)
}

/// Adds subscriptions. A client that expects exactly one reply per command cannot subscribe. A transaction may, for
/// historical reasons, but not to shard channels (pubsub.c: subscribeCommand).
fn add(call: &mut ContextCall<'_, '_>, args: Args<'_>, kind: Kind) -> Outcome {
    let flags = call.client.flags;
    if flags.contains(Flags::DENY_BLOCKING) && !(flags.contains(Flags::MULTI) && kind != Kind::Shard) {
        let name = kind.subscribed().to_ascii_uppercase();
        return Err(Error::new(format!("ERR {name} isn't allowed for a DENY BLOCKING client")));
    }
    args.from(1).iter().for_each(|topic| call.scope.shared.pubsub.subscribe(call.client, kind, topic));
    Ok(())
}

fn remove(call: &mut ContextCall<'_, '_>, args: Args<'_>, kind: Kind) -> Outcome {
    let pubsub = &call.scope.shared.pubsub;
    let settle = |client: &mut Client| call.scope.open_outstanding(client);
    if args.len() == 1 {
        pubsub.unsubscribe_kind(call.client, kind, settle);
    } else {
        let topics: Vec<&[u8]> = args.iter().skip(1).collect();
        pubsub.unsubscribe(call.client, kind, &topics, settle);
    }
    Ok(())
}

fn publish(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    send(call, args, Kind::Channel)
}

fn spublish(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    send(call, args, Kind::Shard)
}

fn send(call: &mut ContextCall<'_, '_>, args: Args<'_>, kind: Kind) -> Outcome {
    let hall = call.scope.shared;
    let (messages, registry) = (call.scope.messages(), hall.pubsub.registry());
    let receivers = registry.publish(kind, args.get(1), args.get(2), &mut |message| messages.push(message));
    drop(registry);
    call.reply().count(receivers);
    Ok(())
}

fn channels(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    list(call, args, Kind::Channel)
}

fn shardchannels(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    list(call, args, Kind::Shard)
}

fn list(call: &mut ContextCall<'_, '_>, args: Args<'_>, kind: Kind) -> Outcome {
    if args.len() > 3 {
        return Err(call.subcommand_syntax(args));
    }
    let pattern = args.try_get(2);
    let mut reply = call.client.reply();
    let place = reply.deferred();
    let mut count = 0;
    let registry = call.scope.shared.pubsub.registry();
    for channel in registry.topics(kind) {
        if pattern.is_none_or(|pattern| glob_match(pattern, channel)) {
            reply.bulk(channel);
            count += 1;
        }
    }
    reply.set_array_len(place, count);
    Ok(())
}

fn numsub(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    count_subscribers(call, args, Kind::Channel)
}

fn shardnumsub(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    count_subscribers(call, args, Kind::Shard)
}

fn count_subscribers(call: &mut ContextCall<'_, '_>, args: Args<'_>, kind: Kind) -> Outcome {
    let channels = args.from(2);
    let mut reply = call.client.reply();
    reply.array(channels.len() * 2);
    let registry = call.scope.shared.pubsub.registry();
    for channel in channels.iter() {
        reply.bulk(channel);
        reply.count(registry.subscribers(kind, channel).len());
    }
    Ok(())
}

fn numpat(call: &mut ContextCall<'_, '_>, _args: Args<'_>) -> Outcome {
    let count = call.scope.shared.pubsub.registry().len(Kind::Pattern);
    call.reply().count(count);
    Ok(())
}

fn pubsub_help(call: &mut ContextCall<'_, '_>, _args: Args<'_>) -> Outcome {
    call.help(&[
        "CHANNELS [<pattern>]",
        "    List the channels that have subscribers and match the pattern (default: '*').",
        "NUMPAT",
        "    ClientCount the patterns that have subscribers.",
        "NUMSUB [<channel> ...]",
        "    ClientCount the subscribers of each channel, those by pattern left out.",
        "SHARDCHANNELS [<pattern>]",
        "    List the shard channels that have subscribers and match the pattern (default: '*').",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    ClientCount the subscribers of each shard channel.",
    ])
}
