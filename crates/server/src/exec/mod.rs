//! How commands are run, in either mode, by one executor.
//!
//! ```text
//! execute ── resolve the name ── gate ──┬─ refused, queued (inside MULTI), held (pause)
//!                                       ╰─ run ── handler ── conclude ── clients that waited are served
//! ```
//! A `Scope` is what a command may reach: the [`ExecContext`] (shards, effects, messages; in either mode), or the whole
//! `Server` (the exclusive mode). The executor is generic over it, so the frequent case, a batch of commands over one
//! context, is a specialisation and not a copy. A command that needs more than its scope has *escalates* before it has
//! any effect ([`Progress::Escalates`]) and is run again with the server as its scope.

mod blocking;
mod call;
mod context;
mod effects;
mod eviction;
mod execute;
mod expiry;
mod gate;
mod outlet;
mod plan;
mod unit;

pub use call::{ContextCall, Handler, Handlers, ServerCall, ServerCommand, build, help};
pub use context::{ExecContext, ShardAccess};
pub use eviction::{EvictionSite, relieve};
pub use execute::{Progress, execute, replay};
pub use expiry::with_keys;
pub use gate::{is_queued, is_refused_or_queued};
pub use outlet::Outlet;
pub use plan::{Plan, Planned};
