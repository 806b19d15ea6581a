//! Work that is shared out among the threads of rayon's pool: one for each processor, or as many as the
//! environment variable `RAYON_NUM_THREADS` says.

use rayon::prelude::*;

/// Does `job` for each of `items`, as many at a time as the pool has threads; the results are in their order.
/// Every thread multiplies by itself: the number of threads that a product is shared out to changes its last
/// digits, and each of the threads that call MKL has a setting of its own for that.
pub fn side_by_side<T: Send, R: Send, C: FromParallelIterator<R>>(
    items: Vec<T>,
    job: impl Fn(T) -> R + Sync + Send,
) -> C {
    let alone = |item| {
        multiply_alone();
        job(item)
    };
    items.into_par_iter().with_max_len(1).map(alone).collect()
}

/// Products that this thread asks for from now on are computed by no other.
pub fn multiply_alone() {
    tch::set_num_threads(1);
}
