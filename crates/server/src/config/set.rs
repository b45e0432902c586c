//! CONFIG SET: several values at once, all or none.
//!
//! The values are read into the configuration, then the server applies what needs applying, in
//! the order of the request. If a value is refused or cannot be applied, the old configuration is
//! put back whole, and applied again as far as the new one was.

use super::{Apply, Config, Directive, Flags, Refusal, find};
use ochre_engine::command::Error;

/// The conditions on which a directive may be set.
#[derive(Clone, Copy, Debug, Default)]
pub struct Circumstances {
    /// The data set is being loaded.
    pub loading: bool,
    /// The client may set protected directives.
    pub protected_allowed: bool,
}

/// The reason why CONFIG SET did nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetError {
    /// No directive has this name.
    Unknown(Vec<u8>),
    /// The directive cannot be set while the data set is being loaded.
    Loading,
    /// The value of a directive was refused, or could not be applied.
    Failed {
        /// The directive, as it was named.
        name: Vec<u8>,
        /// The reason.
        reason: Refusal,
    },
}

impl SetError {
    /// The error reply. `Loading` is the reply of every command then.
    pub fn reply(&self) -> Error {
        match self {
            SetError::Unknown(name) => {
                Error::quoting(&[b"ERR Unknown option or number of arguments for CONFIG SET - '", name, b"'"])
            }
            SetError::Loading => Error::fixed("LOADING Redis is loading the dataset in memory"),
            SetError::Failed { name, reason } => Error::quoting(&[
                b"ERR CONFIG SET failed (possibly related to argument '",
                name,
                b"') - ",
                reason.0.as_bytes(),
            ]),
        }
    }
}

/// A directive that is to be set, as it was named, and its value.
type Request<'a> = (&'static Directive, &'a [u8], &'a [u8]);

/// Sets all of `pairs` or none of them. `apply` carries out what follows from a new value.
pub fn set(
    config: &mut Config,
    pairs: &[(&[u8], &[u8])],
    circumstances: Circumstances,
    mut apply: impl FnMut(&mut Config, Apply) -> Result<(), Refusal>,
) -> Result<(), SetError> {
    let requests = permitted(pairs, circumstances)?;
    let before = config.clone();
    let outcome = read_all(config, &requests).and_then(|actions| {
        apply_all(config, &actions, &mut apply).map_err(|(done, error)| {
            restore(config, &before);
            for (action, _) in &actions[..done] {
                if apply(config, *action).is_err() {
                    crate::log_warning!("Failed applying restored failed CONFIG SET command");
                }
            }
            error
        })
    });
    if outcome.is_err() {
        restore(config, &before);
    }
    outcome
}

/// The directives that are named, if all of them may be set.
fn permitted<'a>(
    pairs: &[(&'a [u8], &'a [u8])],
    circumstances: Circumstances,
) -> Result<Vec<Request<'a>>, SetError> {
    let mut requests: Vec<Request<'a>> = Vec::with_capacity(pairs.len());
    for &(name, value) in pairs {
        let directive = find(name).ok_or_else(|| SetError::Unknown(name.to_vec()))?;
        let fail = |reason: &'static str| SetError::Failed { name: name.to_vec(), reason: reason.into() };
        if directive.has(Flags::IMMUTABLE) {
            return Err(fail("can't set immutable config"));
        }
        if directive.has(Flags::PROTECTED) && !circumstances.protected_allowed {
            return Err(fail("can't set protected config"));
        }
        if directive.has(Flags::DENY_LOADING) && circumstances.loading {
            return Err(SetError::Loading);
        }
        if requests.iter().any(|(known, ..)| std::ptr::eq(*known, directive)) {
            return Err(fail("duplicate parameter"));
        }
        requests.push((directive, name, value));
    }
    Ok(requests)
}

/// Reads every value, and returns the actions that follow, each once, with the directive that asks for it.
fn read_all(
    config: &mut Config,
    requests: &[Request<'_>],
) -> Result<Vec<(Apply, &'static Directive)>, SetError> {
    let mut actions: Vec<(Apply, &'static Directive)> = Vec::new();
    for (directive, _, value) in requests {
        let shown = directive.show(config);
        let words: Vec<&[u8]> = match directive.has(Flags::MULTI_ARG) {
            true if value.is_empty() => Vec::new(),
            true => value.split(|byte| *byte == b' ').collect(),
            false => vec![value],
        };
        directive
            .read(config, &words)
            .map_err(|reason| SetError::Failed { name: directive.name.as_bytes().to_vec(), reason })?;
        let Some(action) = directive.apply else { continue };
        let changed = directive.show(config) != shown || directive.has(Flags::VOLATILE);
        if changed && !actions.iter().any(|(known, _)| *known == action) {
            actions.push((action, directive));
        }
    }
    config.settle();
    Ok(actions)
}

/// Applies the actions in order. A failure tells how many were tried.
fn apply_all(
    config: &mut Config,
    actions: &[(Apply, &'static Directive)],
    apply: &mut impl FnMut(&mut Config, Apply) -> Result<(), Refusal>,
) -> Result<(), (usize, SetError)> {
    for (at, (action, directive)) in actions.iter().enumerate() {
        apply(config, *action).map_err(|reason| {
            crate::log_warning!(
                "Failed applying new configuration. Possibly related to new {} setting. \
                 Restoring previous settings.",
                directive.name
            );
            (at + 1, SetError::Failed { name: directive.name.as_bytes().to_vec(), reason })
        })?;
    }
    Ok(())
}

/// Puts the old values back, the working directory among them.
fn restore(config: &mut Config, before: &Config) {
    if config.process.dir != before.process.dir
        && let Err(error) = std::env::set_current_dir(&before.process.dir.0)
    {
        crate::log_warning!("Failed restoring the working directory: {error}");
    }
    config.clone_from(before);
}
