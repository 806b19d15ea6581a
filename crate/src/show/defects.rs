//! A defect of the original as a sentence, and its log as it was printed.

use super::display::{Representation, escape, html_and_text};
use super::{Show, wire};
use crate::original::{Evidence, Log};

impl Show for Evidence {
    fn representations(&self) -> Vec<Representation> {
        let (number, title) = (self.defect as u8, self.defect.title());
        let (escaped, sentence) = (escape(title), escape(&self.sentence));
        let html = format!("<p><strong>Defect {number}: {escaped}.</strong> {sentence}</p>");
        let text = format!("Defect {number}: {title}. {}", self.sentence);
        [html_and_text(html, text), vec![wire::defects(self)]].concat()
    }
}

impl Show for Log {
    fn representations(&self) -> Vec<Representation> {
        html_and_text(format!("<pre>{}</pre>", escape(&self.to_string())), self.to_string())
    }
}
