//! The runs that a process computes of a study, handed to its threads one by one.

use crate::error::{Error, Result};
use crate::runtime::interrupt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A run to compute.
#[derive(Clone, Copy)]
pub(super) struct Planned {
    pub shard: usize,
    /// Its index in the sweep.
    pub run: usize,
    /// The estimated seconds that it takes one core.
    pub cost: f64,
}

/// Runs in the order of their shards, until all are taken, the time is up, or the work is stopped.
pub(super) struct Queue {
    planned: Vec<Planned>,
    budget: Option<Duration>,
    /// The seconds that a run takes for each second of its estimate, until one is done.
    first_pace: f64,
    start: Instant,
    position: Mutex<Position>,
    is_stopped: AtomicBool,
}

/// The next run, and the estimated cost of those that are done.
struct Position {
    next: usize,
    spent: f64,
}

impl Queue {
    /// For `workers` threads.
    pub fn new(planned: Vec<Planned>, workers: usize, budget: Option<Duration>) -> Queue {
        Queue {
            planned,
            budget,
            first_pace: 1. / workers as f64,
            start: Instant::now(),
            position: Mutex::new(Position { next: 0, spent: 0. }),
            is_stopped: AtomicBool::new(false),
        }
    }

    /// The next run. No shard is begun that would not be finished in time.
    pub fn take(&self) -> Option<Planned> {
        let mut position = self.lock();
        let rest = &self.planned[position.next..];
        let next = *rest.first()?;
        let is_begun = position.next > 0 && self.planned[position.next - 1].shard == next.shard;
        let of_shard = rest.iter().take_while(|run| run.shard == next.shard);
        let cost = of_shard.map(|run| run.cost).sum();
        if self.is_stopped() || !is_begun && !self.fits(cost, position.spent) {
            position.next = self.planned.len();
            return None;
        }
        position.next += 1;
        Some(next)
    }

    /// Whether work of this cost can be finished in time, at the pace of the work so far.
    fn fits(&self, cost: f64, spent: f64) -> bool {
        let elapsed = self.start.elapsed().as_secs_f64();
        let pace = if spent > 0. { elapsed / spent } else { self.first_pace };
        self.budget.is_none_or(|budget| elapsed + pace * cost <= budget.as_secs_f64())
    }

    /// A run is done.
    pub fn finish(&self, run: Planned) {
        self.lock().spent += run.cost;
    }

    /// No further run is taken, and those under way end after their epoch.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Fails if the work is to end.
    pub fn check(&self) -> Result<()> {
        if self.is_stopped() {
            return Err(Error::Interrupted { reached: String::new() });
        }
        interrupt::check()
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Position> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two shards of two runs that take an hour each.
    fn planned() -> Vec<Planned> {
        (0..4).map(|run| Planned { shard: run / 2, run, cost: 3_600. }).collect()
    }

    fn taken(queue: &Queue) -> Vec<usize> {
        std::iter::from_fn(|| queue.take()).map(|planned| planned.run).collect()
    }

    #[test]
    fn a_shard_is_begun_only_if_it_can_be_finished_in_time() {
        let minutes = |minutes: u64| Some(Duration::from_secs(60 * minutes));
        for (budget, expected) in
            [(None, vec![0, 1, 2, 3]), (minutes(121), vec![0, 1, 2, 3]), (minutes(119), vec![])]
        {
            assert_eq!(taken(&Queue::new(planned(), 1, budget)), expected, "{budget:?}");
        }
        // Two threads need half the time.
        assert_eq!(taken(&Queue::new(planned(), 2, minutes(61))), [0, 1, 2, 3]);
    }

    #[test]
    fn a_shard_that_is_begun_is_finished() {
        let queue = Queue::new(planned(), 1, Some(Duration::from_secs(7_300)));
        assert_eq!(queue.take().map(|planned| planned.run), Some(0));
        let late = Queue { budget: Some(Duration::ZERO), ..queue };
        assert_eq!(taken(&late), [1]);
    }

    #[test]
    fn nothing_is_taken_after_a_stop() {
        let queue = Queue::new(planned(), 1, None);
        assert_eq!(queue.take().map(|planned| planned.run), Some(0));
        queue.stop();
        assert!(taken(&queue).is_empty());
        assert!(queue.check().is_err());
    }
}
