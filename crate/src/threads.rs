//! The threads that training is shared out among.

use crate::error::Result;
use rayon::ThreadPoolBuilder;

/// Does `work` with one thread for each processor, or as many as the environment variable `RAYON_NUM_THREADS`
/// says. The threads end with it: in a notebook every cell is a library of its own, and threads that outlive
/// their cell would pile up.
/// Work that is on such a thread already stays there.
pub fn in_pool<R: Send>(work: impl FnOnce() -> R + Send) -> Result<R> {
    if rayon::current_thread_index().is_some() {
        return Ok(work());
    }
    Ok(ThreadPoolBuilder::new().build()?.install(work))
}
