//! The title of the process as `ps` shows it.
//!
//! ```text
//! memory at the start:  arg 0 \0 arg 1 \0 ... | NAME=value \0 NAME=value \0 ...
//!                       ^ arg_start                                         env_end ^
//! afterwards:           title \0 \0 \0 \0 \0 \0 \0 ...
//! ```
//!
//! The kernel shows the memory that the arguments came in, and goes on into that of the environment if
//! the last byte of the arguments is not zero. So the environment is copied elsewhere first; then
//! the title may use the memory of both.
#![allow(unsafe_code)]

use std::fs;
use std::sync::OnceLock;

use crate::config::Config;

/// The first and the last-but-one address of the memory for the title. `None` if it was not found.
static ROOM: OnceLock<Option<(usize, usize)>> = OnceLock::new();

/// The variables of a template.
const VARIABLES: [&str; 7] =
    ["title", "listen-addr", "server-mode", "config-file", "port", "tls-port", "unixsocket"];

/// Finds the memory for the title. To be called once, before there is a second thread and after the arguments were read,
/// because the title overwrites them.
pub fn prepare() {
    ROOM.get_or_init(|| {
        let room = find_room()?;
        for (name, value) in std::env::vars_os() {
            // SAFETY: the process has one thread at this point of the start, so nobody reads the
            // environment meanwhile. libc copies the value, hence nothing points into the old memory.
            unsafe { std::env::set_var(&name, &value) };
        }
        Some(room)
    });
}

/// The addresses at which the arguments start and the environment ends (proc(5), /proc/pid/stat, fields 48 and 51).
fn find_room() -> Option<(usize, usize)> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is a name in parentheses that may hold blanks.
    let fields: Vec<usize> =
        stat.rsplit_once(')')?.1.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
    let field = |number: usize| fields.get(number - 3).copied().filter(|address| *address != 0);
    let (start, arg_end, env_start, env_end) = (field(48)?, field(49)?, field(50)?, field(51)?);
    let end = if env_start == arg_end { env_end } else { arg_end };
    (start < end && end - start < 1 << 22).then_some((start, end))
}

/// Shows the title of the configuration's template. `program` is the first argument of the process.
pub fn show(config: &Config, file: Option<&std::path::Path>, program: &[u8]) {
    let template = &config.process.proc_title_template.0;
    let Some(title) = expand(template, |name| value(name, config, file, program)) else { return };
    let Some(Some((start, end))) = ROOM.get().copied() else { return };
    let title = &title[..title.len().min(end - start - 1)];
    let room = std::ptr::with_exposed_provenance_mut::<u8>(start);
    // SAFETY: the kernel put arguments and environment into `start..end`, which stays mapped and writable.
    // Nothing else points there: `prepare` copied the environment, and the arguments were read before. Nor do two
    // calls meet: they are the start's, a child's with its one thread, and CONFIG SET's, which runs in the exclusive mode.
    unsafe {
        std::ptr::write_bytes(room, 0, end - start);
        std::ptr::copy_nonoverlapping(title.as_ptr(), room, title.len());
    }
}

/// Checks that a template is well-formed and has known variables only.
///
/// # Errors
/// The text that CONFIG SET answers.
pub fn check(template: &[u8]) -> Result<(), &'static str> {
    let known = |name: &[u8]| VARIABLES.iter().any(|known| known.as_bytes() == name).then(Vec::new);
    match expand(template, known) {
        Some(title) if title.is_empty() && !template.contains(&b'{') => Err(INVALID),
        Some(_) => Ok(()),
        None => Err(INVALID),
    }
}

const INVALID: &str = "template format is invalid or contains unknown variables";

fn value(name: &[u8], config: &Config, file: Option<&std::path::Path>, program: &[u8]) -> Option<Vec<u8>> {
    use std::os::unix::ffi::OsStrExt;
    let network = &config.network;
    Some(match name {
        b"title" => program.to_vec(),
        b"listen-addr" => listen_address(config),
        b"server-mode" if config.cluster.enabled => b"[cluster]".to_vec(),
        b"server-mode" => Vec::new(),
        b"config-file" => file.map_or(b"-".to_vec(), |path| path.as_os_str().as_bytes().to_vec()),
        b"port" => network.port.to_string().into_bytes(),
        b"tls-port" => config.tls.port.to_string().into_bytes(),
        b"unixsocket" => network.unix_socket.0.clone(),
        _ => return None,
    })
}

fn listen_address(config: &Config) -> Vec<u8> {
    let network = &config.network;
    let port = if network.port != 0 { network.port } else { config.tls.port };
    if port == 0 {
        return [b"unixsocket:", network.unix_socket.0.as_slice()].concat();
    }
    let address = network.bind.0.first().map_or(b"*".as_slice(), Vec::as_slice);
    [address, b":", port.to_string().as_bytes()].concat()
}

/// The template with `{name}` replaced and `{{` as `{`; `None` if it is malformed.
fn expand(template: &[u8], mut value: impl FnMut(&[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.iter().position(|byte| *byte == b'{') {
        out.extend_from_slice(&rest[..open]);
        rest = &rest[open + 1..];
        if let Some(after) = rest.strip_prefix(b"{") {
            out.push(b'{');
            rest = after;
            continue;
        }
        let close = rest.iter().position(|byte| *byte == b'}')?;
        out.extend(value(&rest[..close])?);
        rest = &rest[close + 1..];
    }
    out.extend_from_slice(rest);
    Some(out.trim_ascii().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_expanded() {
        let config = Config::default();
        let show = |template: &str| {
            expand(template.as_bytes(), |name| value(name, &config, None, b"ochre"))
                .map(|title| String::from_utf8(title).unwrap())
        };
        assert_eq!(show("{title} {listen-addr} {server-mode}").as_deref(), Some("ochre *:6379"));
        assert_eq!(show("{{x} {port} {config-file}").as_deref(), Some("{x} 6379 -"));
        assert_eq!(show("{nothing}"), None);
        assert_eq!(show("{title"), None);
    }

    #[test]
    fn a_template_is_checked() {
        assert_eq!(check(b"{title} {port}"), Ok(()));
        assert!(check(b"{bad}").is_err());
        assert!(check(b"{").is_err());
        assert!(check(b"").is_err());
    }

    #[test]
    fn every_variable_has_a_value() {
        let config = Config::default();
        for name in VARIABLES {
            assert!(value(name.as_bytes(), &config, None, b"x").is_some(), "{name}");
        }
    }
}
