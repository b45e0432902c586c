//! Publish and subscribe: who listens to which channel, and how messages reach them.

mod monitor;
mod publish;
mod registry;
mod subscriptions;

pub use registry::Registry;
pub use subscriptions::{Kind, Subscriptions};
