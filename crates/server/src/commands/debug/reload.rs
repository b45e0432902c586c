//! DEBUG RELOAD and LOADAOF: empty the databases and load them again, to show that nothing gets lost.

use crate::exec::ServerCall;
use crate::log_notice;
use crate::persistence::IS_LOADING;
use crate::persistence::aof::LoadOutcome as AofOutcome;
use crate::persistence::loading::{Mode, Outcome as LoadOutcome, load_snapshot};
use ochre_engine::command::*;
use ochre_engine::keyspace::DbIndex;

pub(super) fn reload(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let (mut saves, mut empties, mut mode) = (true, true, Mode::default());
    for option in args.iter() {
        match option.to_ascii_lowercase().as_slice() {
            b"merge" => mode.replaces = true,
            b"noflush" => empties = false,
            b"nosave" => saves = false,
            _ => {
                return Err(Error::fixed(
                    "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.",
                ));
            }
        }
    }
    let server = &mut *call.scope;
    if server.shared.persistence.is_loading() {
        return Err(IS_LOADING);
    }
    if saves {
        server.save_now(true).map_err(|_| Error::fixed("ERR"))?;
    }
    if empties {
        let dirty = server.state.fx.dirty;
        (0..server.world.dbs()).for_each(|db| server.empty(DbIndex(db), false));
        server.state.fx.dirty = dirty;
    }
    let path = server.shared.config.persistence.dbfilename.path().to_owned();
    match load_snapshot(server, &path, mode) {
        LoadOutcome::Loaded => {
            log_notice!("DB reloaded by DEBUG RELOAD");
            call.reply().ok();
            Ok(())
        }
        _ => Err(Error::fixed("ERR Error trying to load the RDB dump, check server logs.")),
    }
}

/// DEBUG LOADAOF. A file that cannot be loaded ends the process, because the data is gone by then.
pub(super) fn load_aof(call: &mut ServerCall<'_>, _: Args<'_>) -> Outcome {
    match call.scope.reload_aof() {
        AofOutcome::Loaded | AofOutcome::Empty => {}
        _ => std::process::exit(1),
    }
    log_notice!("Append Only File loaded by DEBUG LOADAOF");
    call.reply().ok();
    Ok(())
}
