//! Loaded into the process that runs cells, beside the standard library of the cells: flushes what they
//! printed, and prints a panic as one sentence.

use std::io::Write;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicI32, Ordering};

unsafe extern "C" {
    #[link_name = "hinge_interrupted"]
    static INTERRUPTED: AtomicI32;
}

/// Flushes the standard output of the cells; the process that runs them has one of its own.
#[unsafe(no_mangle)]
pub extern "C" fn hinge_flush() {
    let _ = std::io::stdout().flush();
}

/// Replaces the panic message, a backtrace through the kernel's own frames, by a sentence.
#[unsafe(no_mangle)]
pub extern "C" fn hinge_start() {
    std::panic::set_hook(Box::new(|panic| {
        // In one piece: the launcher takes the last piece for the reason.
        let _ = std::io::stderr().write_all(format!("{}\n", sentence(panic)).as_bytes());
    }));
}

fn sentence(panic: &PanicHookInfo) -> String {
    let message = panic.payload_as_str().unwrap_or("no message");
    // SAFETY: the preloaded library, which loads this one, defines it.
    let interrupted = unsafe { INTERRUPTED.load(Ordering::Relaxed) } != 0;
    if interrupted && message.starts_with("failed printing to") {
        return "interrupted".to_string();
    }
    let place = panic.location().map_or(String::new(), |place| {
        format!(" (line {} of {})", place.line(), short(place.file()))
    });
    format!("panicked: {message}{place}")
}

/// A file's name; of a cell's code, whose lines the launcher counts, the path.
fn short(path: &str) -> &str {
    if path == "src/lib.rs" {
        return path;
    }
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
