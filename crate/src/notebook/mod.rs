//! What a notebook needs beside the results: its opening, its seeds, its claims.

mod display;
mod session;

pub use crate::runtime::interrupt::check as check_interrupt;
pub use display::{Display, clear_output, display};
pub use session::Session;

use crate::data::Digits;
use crate::error::Result;
use crate::original::{Comparison, Part};
use crate::study::{Claims, Judged, Mode, Runs};

/// The environment variable that asks for the quick mode: fewer seeds, and fewer images where training is long.
/// It is for trying things out and for tests.
pub const QUICK: &str = "HINGE_QUICK";

/// Opens a notebook: loads its digits (see [`Digits::load`]).
///
/// # Errors
/// What [`Digits::load`] finds wrong with the data.
pub fn open() -> Result<Digits> {
    Digits::load()
}

/// What this notebook runs with: versions, data, mode. Shown, it is the notebook's banner.
pub fn session(digits: &Digits) -> Session {
    Session { source: digits.source.clone(), mode: mode() }
}

/// The seeds `0..count`, or at most the first two in quick mode.
pub fn seeds(count: u64) -> std::ops::Range<u64> {
    const QUICK_SEEDS: u64 = 2;
    if mode() == Mode::Quick { 0..count.min(QUICK_SEEDS) } else { 0..count }
}

/// So many training images, or a fifteenth of them in quick mode.
pub fn images(count: usize) -> usize {
    if mode() == Mode::Quick { count.div_ceil(15) } else { count }
}

/// Claims about results on `digits`. They are checked on MNIST with all seeds, and otherwise only shown.
pub fn claims(digits: &Digits) -> Claims {
    Claims::new(Judged::new(&digits.source, mode()))
}

/// The published values of `part` beside `runs`; on MNIST with all seeds they are compared, and otherwise only shown.
///
/// # Errors
/// As [`Comparison::new`].
pub fn compare(part: Part, runs: &[&Runs]) -> Result<Comparison> {
    Comparison::new(part, runs, mode())
}

/// The mode that the environment variable [`QUICK`] asks for.
pub fn mode() -> Mode {
    let is_quick = std::env::var_os(QUICK).is_some_and(|value| !value.is_empty() && value != "0");
    if is_quick { Mode::Quick } else { Mode::Full }
}
