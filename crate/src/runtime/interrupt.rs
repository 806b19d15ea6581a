//! Interrupts: the user stops a cell, and its computation ends with an error instead of with the process.

use crate::error::{Error, Result};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

/// Returns an error if the user has interrupted the running cell. A loop that calls it once per iteration can
/// be stopped, and all variables are kept.
///
/// # Errors
/// [`Error::Interrupted`].
pub fn check() -> Result<()> {
    if is_requested() {
        return Err(Error::Interrupted { reached: String::new() });
    }
    Ok(())
}

/// Whether the user has interrupted the running cell. The kernel then knows that the cell is about to end.
pub(crate) fn is_requested() -> bool {
    const NOTICED: i32 = 2;
    let Some(flag) = flag() else { return false };
    let requested = flag.load(Ordering::Relaxed) != 0;
    if requested {
        flag.store(NOTICED, Ordering::Relaxed);
    }
    requested
}

/// The flag that the kernel's preloaded library sets; nothing outside a notebook.
fn flag() -> Option<&'static AtomicI32> {
    static FLAG: OnceLock<Option<&'static AtomicI32>> = OnceLock::new();
    *FLAG.get_or_init(|| {
        // SAFETY: the name ends with a zero, and only the kernel's library has a symbol of it: an atomic
        // integer that lives as long as the process.
        unsafe {
            libc::dlsym(libc::RTLD_DEFAULT, c"hinge_interrupted".as_ptr())
                .cast::<AtomicI32>()
                .as_ref()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_a_notebook_nothing_is_interrupted() {
        assert!(check().is_ok());
    }
}
