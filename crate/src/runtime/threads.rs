//! Parallel work on rayon's threads: one for each processor, or as many as the environment variable
//! `RAYON_NUM_THREADS` says.

use rayon::prelude::*;

/// Maps `job` over `items` in parallel, with the results in the items' order. Each product runs on one thread, so
/// that its bits do not depend on the number of threads.
pub fn side_by_side<T: Send, R: Send, C: FromParallelIterator<R>>(
    items: Vec<T>,
    job: impl Fn(T) -> R + Sync + Send,
) -> C {
    let on_one_thread = |item| {
        use_one_thread();
        job(item)
    };
    items.into_par_iter().with_max_len(1).map(on_one_thread).collect()
}

/// Pins libtorch to one thread, so the order of summation is fixed. The setting belongs to the calling thread.
pub fn use_one_thread() {
    tch::set_num_threads(1);
}
