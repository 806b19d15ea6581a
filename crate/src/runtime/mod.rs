//! What long computations need beneath them: threads, progress, interrupts, and files that are written whole.

pub(crate) mod files;
pub(crate) mod interrupt;
pub(crate) mod launcher;
pub(crate) mod progress;
pub(crate) mod threads;
