//! Interrupts: the user stops a cell, and its computation ends with an error instead of with the process.

use crate::error::{Error, Result};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI32, Ordering};

/// Returns an error if the user has interrupted the running cell. A loop that calls it once per iteration can
/// be stopped, and all variables are kept.
///
/// # Errors
/// [`Error::Interrupted`].
pub fn check() -> Result<()> {
    const NOTICED: i32 = 2;
    match *FLAG {
        Some(flag) if flag.load(Ordering::Relaxed) != 0 => {
            // The kernel then knows that the cell is about to end.
            flag.store(NOTICED, Ordering::Relaxed);
            Err(Error::Interrupted { reached: String::new() })
        }
        _ => Ok(()),
    }
}

/// The flag that the kernel's preloaded library sets; nothing outside a notebook.
static FLAG: LazyLock<Option<&AtomicI32>> = LazyLock::new(|| {
    // SAFETY: the name ends with a zero, and only the kernel's library has a symbol of it: an atomic integer that
    // lives as long as the process.
    unsafe {
        libc::dlsym(libc::RTLD_DEFAULT, c"hinge_interrupted".as_ptr()).cast::<AtomicI32>().as_ref()
    }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_a_notebook_nothing_is_interrupted() {
        assert!(check().is_ok());
    }
}
