//! Input that cannot be accepted: protocol errors, and input beyond the limit. The client is closed, the reason logged.

use super::Client;
use crate::clock::Tick;
use crate::setup::Setup;
use crate::shared::SharedState;
use crate::{log_verbose, log_warning};
use ochre_engine::level::Level;
use ochre_resp::request::{Limits, ProtocolError};

/// Bytes of input shown in the log.
const SHOWN: usize = 128;
/// Bytes of input shown in the log if a client sent too much.
const SHOWN_OVERLONG: usize = 64;

/// Most arguments of a command up to Redis 6.2.
const OLD_MAX_ARGS: usize = 1024 * 1024;

impl SharedState {
    /// The limits on requests of a client; at most `max_batch` requests are parsed at once.
    pub fn request_limits(&self, client: &Client, max_batch: usize) -> Limits {
        let usual = Limits::default();
        Limits {
            max_bulk: self.settings.proto_max_bulk_len,
            max_args: if self.settings.level < Level::V7_0 { OLD_MAX_ARGS } else { usual.max_args },
            unauthenticated: self.setup().must_authenticate(client),
            max_batch,
            ..usual
        }
    }

    /// Whether a client has sent more than it may without completing a command.
    pub fn exceeds_input_limit(&self, client: &mut Client, now: Tick) -> bool {
        if client.input_bytes() <= self.config.network.client_query_buffer_limit {
            return false;
        }
        let bytes = client.query.bytes();
        let shown = String::from_utf8_lossy(&ochre_engine::text::repr::repr(
            &bytes[..bytes.len().min(SHOWN_OVERLONG)],
        ))
        .into_owned();
        log_warning!(
            "Closing client that reached max query buffer length: {} (qbuf initial bytes: {shown})",
            client.describe(self.setup(), now)
        );
        true
    }
}

impl Setup<'_> {
    /// Logs the input of a client that is no command (networking.c: setProtocolError).
    pub fn log_protocol_error(self, client: &Client, error: &ProtocolError, now: Tick) {
        let bytes = client.query.bytes();
        let visible = |bytes: &[u8]| -> String {
            let dots = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' };
            bytes.iter().map(dots).collect()
        };
        let shown = if bytes.len() < SHOWN {
            format!("'{}'", visible(bytes))
        } else {
            let (head, tail) = (&bytes[..SHOWN / 2], &bytes[bytes.len() - SHOWN / 2..]);
            format!("'{}' (... more {} bytes ...) '{}'", visible(head), bytes.len() - SHOWN, visible(tail))
        };
        log_verbose!(
            "Protocol error ({error}) from client: {}. Query buffer during protocol error: {shown}",
            client.describe(self, now)
        );
    }
}
