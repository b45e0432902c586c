//! The limit of open files, which limits the connections.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Files that the server needs besides those of clients: listeners, the log, the files of persistence.
pub const RESERVED_FILES: u64 = 32;

/// The step by which the limit is lowered until the kernel accepts it.
const STEP: u64 = 16;

/// The limit of open files does not allow a single client. The text says why the server must not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoRoom(pub String);

/// Raises the limit of open files for `maxclients` connections, and returns how many connections it allows.
///
/// # Errors
/// [`NoRoom`] if the limit cannot be raised far enough for a single client.
pub fn make_room(maxclients: u32) -> Result<u32, NoRoom> {
    let wanted = u64::from(maxclients) + RESERVED_FILES;
    let old = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, _)) => soft,
        Err(error) => {
            crate::log_warning!(
                "Unable to obtain the current NOFILE limit ({}), assuming 1024 and setting the max clients \
                 configuration accordingly.",
                error.desc()
            );
            return Ok(1024 - RESERVED_FILES as u32);
        }
    };
    if old >= wanted {
        return Ok(maxclients);
    }
    let (got, error) = raise(old, wanted);
    if got >= wanted {
        crate::log_notice!(
            "Increased maximum number of open files to {wanted} (it was originally set to {old})."
        );
        return Ok(maxclients);
    }
    if got <= RESERVED_FILES {
        return Err(NoRoom(format!(
            "Your current 'ulimit -n' of {old} is not enough for the server to start. Please increase \
             your open file limit to at least {wanted}. Exiting."
        )));
    }
    let fitting = u32::try_from(got - RESERVED_FILES).unwrap_or(maxclients);
    crate::log_warning!(
        "You requested maxclients of {maxclients} requiring at least {wanted} max file descriptors."
    );
    crate::log_warning!("Server can't set maximum open files to {wanted} because of OS error: {error}.");
    crate::log_warning!(
        "Current maximum open files is {got}. maxclients has been reduced to {fitting} to compensate for \
         low ulimit. If you need higher maxclients increase 'ulimit -n'."
    );
    Ok(fitting)
}

/// The highest limit up to `wanted` that the kernel accepts, and the reason why it is not higher.
fn raise(old: u64, wanted: u64) -> (u64, &'static str) {
    let mut best = wanted;
    let mut reason = "";
    while best > old {
        match setrlimit(Resource::RLIMIT_NOFILE, best, best) {
            Ok(()) => return (best, reason),
            Err(error) => reason = error.desc(),
        }
        best = best.saturating_sub(STEP);
    }
    (old, reason)
}
