//! AUTH: authentication of the client.

use crate::client::{Client, Flags};
use crate::exec::{ContextCall, Handler, ServerCommand};
use crate::setup::Setup;
use ochre_engine::command::*;
use ochre_engine::level::Level;

/// Declaration of AUTH.
pub static AUTH: ServerCommand = ServerCommand::new("auth", Group::Connection, -2, Handler::local(auth))
    .arity_before("6.0.0", 2)
    .flags(NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY)
    .secret_finder(|args| (1..args.len()).collect())
    .summary("Authenticates the connection.")
    .complexity("O(N) where N is the number of passwords defined for the user")
    .history(&[("6.0.0", "Takes a user name, too.")])
    .args(&[Arg::string("username").optional().since("6.0.0"), Arg::string("password")]);

fn auth(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    let level = call.scope.shared.settings.level;
    if args.len() > 3 {
        return Err(Error::SYNTAX);
    }
    let (user, password) = match args.len() {
        2 => (&b"default"[..], args.get(1)),
        _ => (args.get(1), args.get(2)),
    };
    if args.len() == 2 && call.scope.shared.setup().password().is_none() {
        return Err(Error::fixed(if level < Level::V6_2 {
            "ERR Client sent AUTH, but no password is set"
        } else {
            "ERR AUTH <password> called without any password configured for the default user. \
             Are you sure your configuration is correct?"
        }));
    }
    call.scope.shared.setup().authenticate(call.client, user, password)?;
    call.reply().ok();
    Ok(())
}

impl Setup<'_> {
    /// Checks the name and the password, and authenticates the client.
    ///
    /// # Errors
    /// The error reply, if one of them is wrong.
    pub fn authenticate(self, client: &mut Client, user: &[u8], password: &[u8]) -> Outcome {
        let fits = user == b"default" && self.password().is_none_or(|wanted| same_secret(wanted, password));
        if !fits {
            return Err(Error::fixed(if self.settings.level < Level::V6_2 {
                "ERR invalid password"
            } else {
                "WRONGPASS invalid username-password pair or user is disabled."
            }));
        }
        client.flags.remove(Flags::UNAUTHENTICATED);
        Ok(())
    }
}

/// Compares two texts in a time that does not depend on the number of equal bytes.
fn same_secret(a: &[u8], b: &[u8]) -> bool {
    let difference = a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b));
    a.len() == b.len() && std::hint::black_box(difference) == 0
}
