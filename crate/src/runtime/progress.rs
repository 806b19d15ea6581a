//! How far long work is: a bar in a notebook, lines elsewhere.

use super::{interrupt, launcher};
use crate::error::{Error, Result};
use serde::Serialize;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Says how far long work is and how long it may still take, and ends it when the user interrupts the cell.
pub struct Progress {
    work: Arc<Mutex<Work>>,
    /// Draws the bar, also while a piece takes long; ends when the sender is dropped.
    bar: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// The start of `total` equal pieces of work.
    pub fn new(what: impl ToString, total: usize) -> Progress {
        Progress::weighted(what, total, total as f64)
    }

    /// The start of `total` pieces of work that cost `cost` together.
    pub fn weighted(what: impl ToString, total: usize, cost: f64) -> Progress {
        let now = Instant::now();
        let work = Arc::new(Mutex::new(Work {
            what: what.to_string(),
            total,
            done: 0,
            cost,
            spent: 0.,
            curve: None,
            start: now,
            last_line: now,
        }));
        let bar = launcher::is_there().then(|| {
            let (sender, ended) = channel();
            let work = work.clone();
            let draw = std::thread::spawn(move || draw_until(&work, &ended));
            (sender, draw)
        });
        Progress { work, bar }
    }

    /// Shows a curve beside the bar from now on, in place of the last one, if there is one. It is not asked for before
    /// there is a bar.
    pub fn show(&self, curve: impl FnOnce() -> Option<Curve>) {
        let mut work = lock(&self.work);
        if work.start.elapsed() >= BEFORE_THE_FIRST
            && let Some(curve) = curve()
        {
            work.curve = Some(curve);
        }
    }

    /// One more piece is done.
    ///
    /// # Errors
    /// [`Error::Interrupted`], with how far the work came.
    pub fn advance(&self) -> Result<()> {
        self.advance_by(1.)
    }

    /// [`advance`](Self::advance) by a piece that cost `cost`.
    pub fn advance_by(&self, cost: f64) -> Result<()> {
        let mut work = lock(&self.work);
        work.done += 1;
        work.spent += cost;
        if self.bar.is_none() {
            work.print_now_and_then();
        }
        if work.done == work.total {
            return Ok(()); // there is nothing left to stop
        }
        drop(work);
        interrupt::check().map_err(|error| self.with_position(error))
    }

    /// The error, of an interrupt with how far the work came.
    pub fn with_position(&self, error: Error) -> Error {
        match error {
            Error::Interrupted { reached } if reached.is_empty() => {
                Error::Interrupted { reached: format!(": {}", lock(&self.work).reached()) }
            }
            other => other,
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, draw)) = self.bar.take() {
            drop(sender);
            // It has no result, and a bar that is not removed does no harm.
            let _ = draw.join();
        }
    }
}

fn lock(work: &Mutex<Work>) -> std::sync::MutexGuard<'_, Work> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the finished pieces gave so far: a sentence, and values in order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    pub label: String,
    pub points: Vec<f64>,
}

/// Work that ends sooner is not worth a bar.
const BEFORE_THE_FIRST: Duration = Duration::from_secs(1);

struct Work {
    what: String,
    total: usize,
    done: usize,
    /// What all pieces cost together, and what those cost that are done.
    cost: f64,
    spent: f64,
    curve: Option<Curve>,
    start: Instant,
    last_line: Instant,
}

impl Work {
    const BETWEEN_LINES: Duration = Duration::from_secs(3);

    fn reached(&self) -> String {
        format!("{}: {} of {} done", self.what, self.done, self.total)
    }

    /// Infinite before the first piece is done.
    fn seconds_left(&self) -> f64 {
        let pace = self.start.elapsed().as_secs_f64() / self.spent;
        (pace * (self.cost - self.spent).max(0.)).ceil()
    }

    fn line(&self) -> String {
        let label = self.curve.iter().map(|curve| format!("; {}", curve.label)).collect::<String>();
        format!("{}, about {} left{label}", self.reached(), show_seconds(self.seconds_left()))
    }

    fn print_now_and_then(&mut self) {
        // The longer the work, the rarer the lines.
        let between = Self::BETWEEN_LINES.max(self.start.elapsed() / 50);
        if self.done < self.total && self.last_line.elapsed() >= between {
            self.last_line = Instant::now();
            println!("{}", self.line());
        }
    }
}

/// "90 s", "12 min" or "14 h".
pub fn show_seconds(seconds: f64) -> String {
    match seconds {
        ..120. => format!("{seconds:.0} s"),
        ..7200. => format!("{:.0} min", seconds / 60.),
        _ => format!("{:.0} h", seconds / 3600.),
    }
}

/// Draws a bar from the first second on, a few times a second, and removes it in the end.
fn draw_until(work: &Mutex<Work>, ended: &std::sync::mpsc::Receiver<()>) {
    const BETWEEN: Duration = Duration::from_millis(250);
    static BARS: AtomicUsize = AtomicUsize::new(0);

    let mut wait = BEFORE_THE_FIRST;
    let number = BARS.fetch_add(1, Ordering::Relaxed);
    while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        wait = BETWEEN;
        let message = {
            let work = lock(work);
            let left = Some(work.seconds_left()).filter(|seconds| seconds.is_finite());
            json!({ "number": number, "what": work.what, "done": work.done, "total": work.total, "seconds_left": left, "curve": work.curve })
        };
        if launcher::send(&json!({ "progress": message })).is_err() {
            break;
        }
    }
    if wait == BETWEEN {
        let _ = launcher::send(&json!({ "progress": { "number": number } }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_the_work_is() -> Result<()> {
        let progress = Progress::new("training", 4);
        progress.advance()?;
        assert_eq!(lock(&progress.work).line(), "training: 1 of 4 done, about 1 s left");
        Ok(())
    }

    #[test]
    fn a_curve_is_asked_for_when_there_is_a_bar_and_stays_until_the_next() {
        let progress = Progress::new("training", 4);
        let curve = || Some(Curve { label: "accuracy so far 50.0 %".into(), points: vec![0.5] });
        progress.show(|| panic!("it would not be seen"));
        lock(&progress.work).start -= BEFORE_THE_FIRST;
        progress.show(curve);
        progress.show(|| None);
        assert_eq!(lock(&progress.work).curve, curve());
    }
}
