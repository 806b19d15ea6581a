//! A line now and then while long work lasts.

use std::time::{Duration, Instant};

/// Says how far long work is and how long it may still take. Lines are whole and end with a newline: a
/// notebook shows them as they come, and an unfinished line would hang the kernel.
pub struct Progress {
    what: String,
    total: usize,
    done: usize,
    start: Instant,
    last_line: Instant,
}

impl Progress {
    const BETWEEN_LINES: Duration = Duration::from_secs(3);

    /// The start of `total` equal pieces of work.
    pub fn new(what: impl ToString, total: usize) -> Progress {
        let now = Instant::now();
        Progress { what: what.to_string(), total, done: 0, start: now, last_line: now }
    }

    /// One more piece is done.
    pub fn advance(&mut self) {
        self.done += 1;
        if self.done < self.total && self.last_line.elapsed() >= Self::BETWEEN_LINES {
            self.last_line = Instant::now();
            println!("{}", self.line());
        }
    }

    fn line(&self) -> String {
        let left =
            self.start.elapsed().as_secs_f64() * (self.total - self.done) as f64 / self.done as f64;
        format!(
            "{}: {} of {} done, about {:.0} s left",
            self.what,
            self.done,
            self.total,
            left.ceil()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_the_work_is_and_ends_where_a_reader_expects() {
        let mut progress = Progress::new("training", 4);
        progress.advance();
        assert_eq!(progress.line(), "training: 1 of 4 done, about 1 s left");
    }
}
