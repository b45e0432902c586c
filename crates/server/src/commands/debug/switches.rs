//! DEBUG subcommands that change how the server works.

use super::switch;
use crate::config::rewrite_file;
use crate::exec::ServerCall;
use ochre_engine::command::*;
use ochre_engine::text::parse_i64;
use ochre_engine::text::units::parse_memory;

pub(super) fn active_expire(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    call.scope.shared.settings.active_expire_enabled = switch(args.get(0)) != 0;
    call.reply().ok();
    Ok(())
}

pub(super) fn skip_checksum_validation(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    call.scope.shared.settings.skip_checksum_validation = switch(args.get(0)) != 0;
    call.reply().ok();
    Ok(())
}

pub(super) fn packed_threshold(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    const REFUSED: Error =
        Error::fixed("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
    /// The most bytes of a listpack.
    const MAX: u64 = (1 << 32) - (1 << 20);
    let bytes = parse_memory(args.get(0)).filter(|bytes| *bytes <= MAX).ok_or(REFUSED)?;
    call.scope.shared.settings.quicklist_packed_threshold = bytes as usize;
    call.reply().ok();
    Ok(())
}

/// The default of the milliseconds after which the peak of a reply buffer is forgotten.
const PEAK_RESET_MS: i64 = 5000;

pub(super) fn reply_buffer(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let value = args.get(1);
    match args.get(0).to_ascii_lowercase().as_slice() {
        b"peak-reset-time" => {
            call.scope.shared.reply_buffer_reset_ms = match value.to_ascii_lowercase().as_slice() {
                b"never" => -1,
                b"reset" => PEAK_RESET_MS,
                _ => parse_i64(value).ok_or(Error::NOT_INTEGER)?,
            };
        }
        b"resizing" => call.scope.shared.reply_buffer_resizing = switch(value) != 0,
        _ => return Err(Error::SYNTAX),
    }
    call.reply().ok();
    Ok(())
}

pub(super) fn pause_cron(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    call.scope.shared.cron_paused = switch(args.get(0)) != 0;
    call.reply().ok();
    Ok(())
}

/// Accepts a switch for a part that this server does not have.
pub(super) fn accepted(call: &mut ServerCall<'_>, _: Args<'_>) -> Outcome {
    call.reply().ok();
    Ok(())
}

pub(super) fn change_repl_id(call: &mut ServerCall<'_>, _: Args<'_>) -> Outcome {
    crate::log_notice!("Changing replication IDs after receiving DEBUG change-repl-id");
    call.scope.shared.identity.run_id = crate::process::random_id();
    call.reply().ok();
    Ok(())
}

pub(super) fn rewrite_all(call: &mut ServerCall<'_>, _: Args<'_>) -> Outcome {
    let server = &*call.scope;
    let Some(path) = &server.shared.identity.config_file else {
        return Err(Error::fixed("ERR The server is running without a config file"));
    };
    rewrite_file(path, &server.shared.config, None, server.shared.identity.umask)
        .map_err(|error| Error::new(format!("ERR CONFIG-REWRITE-FORCE-ALL failed: {error}")))?;
    call.reply().ok();
    Ok(())
}

pub(super) fn aof_flush_sleep(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let micros = u64::try_from(switch(args.get(0))).unwrap_or(0);
    call.scope.shared.persistence.aof.writer.get_mut().sleep = std::time::Duration::from_micros(micros);
    call.reply().ok();
    Ok(())
}
