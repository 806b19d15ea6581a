//! Watches what a cell prints, so that no failure is passed over.
//!
//! evcxr's child process talks to its kernel by lines on standard output, marker lines among them. Two of
//! these tell that a cell panicked or returned an error through `?`, and evcxr keeps that to itself. So
//! standard output and standard error are led through a thread that passes every line on and, before such a
//! marker, adds a [`Failure`]. It also ends a line that a cell left unfinished before a marker: evcxr would
//! not see the marker and wait for ever.

use crate::error::{Error, Result};
use crate::show::{Failure, Show};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

// Lines of evcxr's protocol, from its runtime.rs and evcxr_internal_runtime.rs.
const PANICKED: &str = "EVCXR_PANIC_NOTIFICATION";
const RETURNED_ERROR: &str = "EVCXR_ERROR_OCCURRED";
const COMPLETE: &str = "EVCXR_EXECUTION_COMPLETE";
const BEGIN_CONTENT: &str = "EVCXR_BEGIN_CONTENT ";
const MARKERS: [&str; 4] = [PANICKED, RETURNED_ERROR, COMPLETE, BEGIN_CONTENT];

/// The statics of a library are new in every cell, but the environment is the process's.
const STARTED: &str = "HINGE_WATCHING";

/// Starts to watch this process's output, once; does nothing outside a notebook.
pub fn start() -> Result<()> {
    let in_notebook = std::env::var_os("EVCXR_IS_RUNTIME").is_some();
    if !in_notebook || std::env::var_os(STARTED).is_some() {
        return Ok(());
    }
    let failed = |error: std::io::Error| Error::Notebook(error.to_string());
    let output = Channel::intercept(1).map_err(failed)?;
    let errors = Channel::intercept(2).map_err(failed)?;
    std::thread::spawn(move || Watch { output, errors, said: String::new() }.run());
    std::panic::set_hook(Box::new(|panic| eprintln!("{}", sentence(panic))));
    // SAFETY: a cell's code runs on the only thread that reads or writes the environment here.
    unsafe { std::env::set_var(STARTED, "1") };
    // SAFETY: the function takes and returns nothing, and does not unwind.
    unsafe { libc::atexit(let_the_watch_catch_up) };
    Ok(())
}

/// A panic in one sentence, without the backtrace through the kernel's own frames.
fn sentence(panic: &std::panic::PanicHookInfo) -> String {
    let place = panic.location().map_or(String::new(), |place| {
        format!(" (line {} of {})", place.line(), file_name(place.file()))
    });
    format!("panicked: {}{place}", panic.payload_as_str().unwrap_or("no message"))
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

extern "C" fn let_the_watch_catch_up() {
    std::thread::sleep(std::time::Duration::from_millis(30));
}

/// One of the process's streams: what the process writes, and where it goes.
struct Channel {
    written: File,
    onward: File,
    pending: Vec<u8>,
}

impl Channel {
    fn intercept(stream: RawFd) -> std::io::Result<Channel> {
        let (written, end) = std::io::pipe()?;
        // SAFETY: `stream` is open, and the duplicate belongs to nobody else.
        let onward = unsafe { File::from_raw_fd(checked(libc::dup(stream))?) };
        // SAFETY: both descriptors are open.
        checked(unsafe { libc::dup2(end.as_raw_fd(), stream) })?;
        Ok(Channel { written: File::from(OwnedFd::from(written)), onward, pending: Vec::new() })
    }

    /// Takes in what has been written, if anything; says whether the stream is still open.
    fn receive(&mut self) -> bool {
        let mut chunk = [0; 16 * 1024];
        match self.written.read(&mut chunk) {
            Ok(count) => self.pending.extend(&chunk[..count]),
            Err(_) => return false,
        }
        true
    }

    /// The next whole line, without its end.
    fn next_line(&mut self) -> Option<String> {
        let end = self.pending.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.pending.drain(..=end).collect();
        Some(String::from_utf8_lossy(&line[..end]).into_owned())
    }

    fn send(&mut self, text: &str) {
        // Nobody is left to tell when the kernel has gone.
        let _ = self.onward.write_all(text.as_bytes()).and_then(|()| self.onward.flush());
    }
}

fn checked(result: libc::c_int) -> std::io::Result<libc::c_int> {
    if result < 0 { Err(std::io::Error::last_os_error()) } else { Ok(result) }
}

struct Watch {
    output: Channel,
    errors: Channel,
    /// What the cell has written to standard error.
    said: String,
}

impl Watch {
    fn run(mut self) {
        loop {
            let [output, errors] = self.wait(-1);
            // Errors first: a cell says what is wrong before it prints the marker.
            if errors {
                self.pass_errors_on();
            }
            if output {
                if !self.output.receive() {
                    return;
                }
                while let Some(line) = self.output.next_line() {
                    self.pass_on(&line);
                }
            }
        }
    }

    /// Waits until something has been written to standard output or standard error.
    fn wait(&self, milliseconds: libc::c_int) -> [bool; 2] {
        let watched = |channel: &Channel| libc::pollfd {
            fd: channel.written.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let mut streams = [watched(&self.output), watched(&self.errors)];
        // SAFETY: the pointer and the length are those of the array.
        unsafe { libc::poll(streams.as_mut_ptr(), streams.len() as libc::nfds_t, milliseconds) };
        streams.map(|stream| stream.revents != 0)
    }

    fn pass_errors_on(&mut self) {
        self.errors.receive();
        while let Some(line) = self.errors.next_line() {
            self.errors.send(&format!("{line}\n"));
            self.said.push_str(&line);
            self.said.push('\n');
        }
    }

    fn pass_on(&mut self, line: &str) {
        let start = MARKERS.iter().filter_map(|marker| line.find(marker)).min().unwrap_or(0);
        let (unfinished, line) = line.split_at(start);
        if !unfinished.is_empty() {
            self.output.send(&format!("{unfinished}\n"));
        }
        if let Some(failure) = self.failure(line) {
            for (mime, content) in failure.representations() {
                self.output.send(&format!("{BEGIN_CONTENT}{mime}\n{content}\nEVCXR_END_CONTENT\n"));
            }
        }
        if line == COMPLETE {
            self.said.clear();
        }
        self.output.send(&format!("{line}\n"));
    }

    /// The failure that a marker line tells of.
    fn failure(&mut self, line: &str) -> Option<Failure> {
        let failure = match line {
            PANICKED => Failure::Panic,
            RETURNED_ERROR => Failure::Error,
            _ => return None,
        };
        while self.wait(0)[1] {
            self.pass_errors_on();
        }
        Some(failure(self.said.trim().to_string()))
    }
}
