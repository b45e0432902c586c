//! Publish and subscribe: who listens to which channel, and how messages reach them.

mod message;
mod monitor;
mod publish;
mod registry;
mod subscribe;
mod subscriptions;

pub use message::Message;
pub use monitor::Monitors;
pub use registry::{Exchange, Registry, Subscriber};
pub use subscriptions::{Kind, Subscriptions};
