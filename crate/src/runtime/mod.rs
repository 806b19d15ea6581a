//! What long computations need beneath them: threads, progress, and files that are written whole.

pub(crate) mod files;
pub(crate) mod progress;
pub(crate) mod threads;
