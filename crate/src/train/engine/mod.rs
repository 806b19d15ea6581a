//! Engines: ways to compute the same steps, see [`Engine`].

pub(super) mod direct;
pub(super) mod gram;
mod head;
pub(super) mod plan;
mod products;
pub(super) mod reference;
mod sharded;
pub(super) mod span;

pub use plan::Engine;
