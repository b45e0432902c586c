//! CLIENT subcommands that concern the calling connection only.

use super::{ON_OFF, USUAL, sub};
use crate::client::{Client, Flags, ReplyMode};
use crate::exec::{ContextCall, Handler, ServerCommand};
use ochre_engine::command::flags::*;
use ochre_engine::command::{Arg, Args, Error, Outcome};

const TO_ALL: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

pub(super) const ID: ServerCommand =
    sub("id", 2, Handler::local(id)).since("5.0.0").summary("Shows the number of the connection.");

pub(super) const GETNAME: ServerCommand =
    sub("getname", 2, Handler::local(getname)).since("2.6.9").summary("Shows the name of the connection.");

pub(super) const SETNAME: ServerCommand = sub("setname", 3, Handler::local(setname))
    .tips_before("7.2.0", &[])
    .since("2.6.9")
    .summary("Gives the connection a name.")
    .tips(TO_ALL)
    .args(&[Arg::string("connection-name")]);

pub(super) const SETINFO: ServerCommand = sub("setinfo", 4, Handler::local(setinfo))
    .since("7.2.0")
    .summary("Names the library behind the connection, or its version.")
    .tips(TO_ALL)
    .args(&[Arg::one_of(
        "attr",
        &[Arg::string("libname").token("lib-name"), Arg::string("libver").token("lib-ver")],
    )]);

pub(super) const REPLY: ServerCommand = sub("reply", 3, Handler::local(reply))
    .since("3.2.0")
    .summary("Chooses whether the connection gets replies.")
    .args(&[Arg::one_of(
        "action",
        &[Arg::word("on", "ON"), Arg::word("off", "OFF"), Arg::word("skip", "SKIP")],
    )]);

pub(super) const NO_EVICT: ServerCommand = sub("no-evict", 3, Handler::local(no_evict))
    .since("7.0.0")
    .flags(USUAL | ADMIN)
    .summary("Spares the connection when connections use too much memory.")
    .args(ON_OFF);

pub(super) const NO_TOUCH: ServerCommand = sub("no-touch", 3, Handler::local(no_touch))
    .since("7.2.0")
    .flags(NOSCRIPT | LOADING | STALE)
    .summary("Lets commands of the connection leave access clocks alone.")
    .args(ON_OFF);

/// Whether a text can be part of a line of CLIENT LIST: visible ASCII without blanks.
fn is_unrestricted(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_graphic)
}

/// Checks that a text can be the name of a connection.
pub fn check_name(name: &[u8]) -> Outcome {
    match is_unrestricted(name) {
        true => Ok(()),
        false => Err(Error::fixed("ERR Client names cannot contain spaces, newlines or special characters.")),
    }
}

/// Names a connection; an empty name removes the name.
pub fn set_name(client: &mut Client, name: &[u8]) -> Outcome {
    check_name(name)?;
    client.name = (!name.is_empty()).then(|| name.into());
    Ok(())
}

fn id(call: &mut ContextCall<'_, '_>, _args: Args<'_>) -> Outcome {
    let id = call.client.id.0 as i64;
    call.reply().int(id);
    Ok(())
}

fn getname(call: &mut ContextCall<'_, '_>, _args: Args<'_>) -> Outcome {
    match call.client.name.clone() {
        Some(name) => call.reply().bulk(&name),
        None => call.reply().null(),
    }
    Ok(())
}

fn setname(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    set_name(call.client, args.get(2))?;
    call.reply().ok();
    Ok(())
}

fn setinfo(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    let (option, value) = (args.get(2), args.get(3));
    let place = if option.eq_ignore_ascii_case(b"lib-name") {
        &mut call.client.lib_name
    } else if option.eq_ignore_ascii_case(b"lib-ver") {
        &mut call.client.lib_version
    } else {
        return Err(Error::quoting(&[b"ERR Unrecognized option '", option, b"'"]));
    };
    if !is_unrestricted(value) {
        let reason: &[u8] = b" cannot contain spaces, newlines or special characters.";
        return Err(Error::quoting(&[b"ERR ", option, reason]));
    }
    *place = (!value.is_empty()).then(|| value.into());
    call.reply().ok();
    Ok(())
}

fn reply(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    let action = args.get(2);
    let mode = &mut call.client.reply_mode;
    if action.eq_ignore_ascii_case(b"on") {
        *mode = ReplyMode::On;
        call.reply().ok();
    } else if action.eq_ignore_ascii_case(b"off") {
        *mode = ReplyMode::Off;
    } else if action.eq_ignore_ascii_case(b"skip") {
        if *mode != ReplyMode::Off {
            *mode = ReplyMode::SkipNext;
        }
    } else {
        return Err(Error::SYNTAX);
    }
    Ok(())
}

fn no_evict(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    switch(call, args, Flags::NO_EVICT)
}

fn no_touch(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    switch(call, args, Flags::NO_TOUCH)
}

fn switch(call: &mut ContextCall<'_, '_>, args: Args<'_>, flag: Flags) -> Outcome {
    let value = args.get(2);
    if value.eq_ignore_ascii_case(b"on") {
        call.client.flags.insert(flag);
    } else if value.eq_ignore_ascii_case(b"off") {
        call.client.flags.remove(flag);
    } else {
        return Err(Error::SYNTAX);
    }
    call.reply().ok();
    Ok(())
}
