//! What a notebook runs with.

use super::QUICK;
use crate::data::Source;
use crate::show::display::{Representation, escape};
use crate::show::{Show, wire};
use crate::study::Mode;

/// The versions, the data and the mode of a notebook.
#[derive(Clone, Debug)]
pub struct Session {
    /// Where the images come from.
    pub source: Source,
    /// Whether fewer seeds are used.
    pub mode: Mode,
}

/// The libtorch that this crate is built for.
const LIBTORCH: &str = "2.13.0";

impl Session {
    fn sentence(&self) -> String {
        format!("hinge {}, libtorch {LIBTORCH}, data: {}.", crate::VERSION, self.source)
    }

    fn warnings(&self) -> Vec<String> {
        let is_quick = self.mode == Mode::Quick;
        let not_mnist = format!(
            "These results are on {}, not on MNIST: claims about MNIST are shown but not checked. `make data` downloads \
             MNIST.",
            self.source
        );
        let quick = format!(
            "Quick mode ({QUICK}): fewer seeds and, where training is long, fewer images; claims are shown but not checked."
        );
        let warnings = [(!self.source.is_mnist(), not_mnist), (is_quick, quick)];
        warnings.into_iter().filter_map(|(holds, text)| holds.then_some(text)).collect()
    }
}

impl Show for Session {
    fn representations(&self) -> Vec<Representation> {
        let warnings = self.warnings();
        let banner = |warning: &String| {
            let style = "border:2px solid #b35900;background:#fff4e5;color:#5c2e00;padding:.6em 1em;font-weight:bold";
            format!("<p role=\"note\" style=\"{style}\">{}</p>", escape(warning))
        };
        let html = format!(
            "<p>{}</p>{}",
            escape(&self.sentence()),
            warnings.iter().map(banner).collect::<String>()
        );
        let text = [vec![self.sentence()], warnings].concat().join("\n");
        let session = wire::session(LIBTORCH, &self.source, self.mode);
        vec![session, ("text/html", html), ("text/plain", text)]
    }
}
