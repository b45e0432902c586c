//! Publish and subscribe: who listens to which channel, and how messages reach them.

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
