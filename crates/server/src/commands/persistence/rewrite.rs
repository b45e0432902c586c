//! BGREWRITEAOF: a shorter append-only file, written by a child.

use crate::exec::{Handler, ServerCall, ServerCommand};
use crate::persistence::aof::Started;
use ochre_engine::command::*;

/// Declaration of BGREWRITEAOF.
pub static BGREWRITEAOF: ServerCommand =
    ServerCommand::new("bgrewriteaof", Group::Server, 1, Handler::exclusive(rewrite))
        .flags(ADMIN | NOSCRIPT | NO_ASYNC_LOADING)
        .summary("Rewrites the append-only file in the background.")
        .complexity("O(1)");

fn rewrite(call: &mut ServerCall<'_>, _: Args<'_>) -> Outcome {
    let text = match call.scope.rewrite_aof() {
        Started::Now => "Background append only file rewriting started",
        Started::Later => "Background append only file rewriting scheduled",
        Started::Running => {
            return Err(Error::fixed("ERR Background append only file rewriting already in progress"));
        }
        Started::Failed => {
            return Err(Error::fixed(
                "ERR Can't execute an AOF background rewriting. Please check the server logs for more \
                 information.",
            ));
        }
    };
    call.reply().simple(text);
    Ok(())
}
