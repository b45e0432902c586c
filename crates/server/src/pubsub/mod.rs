//! Publish and subscribe: the subscribers of channels, the delivery of messages, keyspace events, MONITOR.

mod monitor;
mod publication;
mod publish;
mod registry;
mod subscribe;
mod subscriptions;

pub use monitor::Monitors;
pub use publication::Publication;
pub use registry::{Exchange, Registry, Subscriber};
pub use subscriptions::{Kind, Subscriptions};
