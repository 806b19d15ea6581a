//! A picture with its alternative text and caption.

use crate::error::Result;
use crate::files;
use crate::show::Show;
use crate::show::display::{Representation, escape, html_and_text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;

/// A picture as a notebook shows it: an `<img>` that holds its own data, so that it shows in a trusted and
/// an untrusted notebook, in the HTML report and offline.
#[derive(Clone)]
pub struct Figure {
    image: Image,
    alt: String,
    caption: String,
}

/// The data of a picture.
#[derive(Clone)]
pub enum Image {
    /// A vector drawing.
    Svg(String),
    /// A PNG file.
    Png(Vec<u8>),
}

impl Figure {
    /// A figure of `image`. The alternative text says what the picture shows to those who do not see it; the
    /// caption stands below it.
    pub fn new(image: Image, alt: impl Into<String>, caption: impl Into<String>) -> Figure {
        Figure {
            image,
            alt: alt.into(),
            caption: caption.into(),
        }
    }

    /// The same figure with another caption.
    pub fn caption(self, caption: impl Into<String>) -> Figure {
        Figure {
            caption: caption.into(),
            ..self
        }
    }

    /// Writes the picture to a file: SVG for drawings, PNG for images.
    ///
    /// # Errors
    /// [`Error::Write`](crate::Error::Write) with the path, if it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        files::write(path.as_ref(), self.image.bytes())
    }
}

impl Image {
    fn bytes(&self) -> &[u8] {
        match self {
            Image::Svg(text) => text.as_bytes(),
            Image::Png(bytes) => bytes,
        }
    }

    /// The picture as a `data:` address.
    pub(crate) fn address(&self) -> String {
        let mime = match self {
            Image::Svg(_) => "image/svg+xml",
            Image::Png(_) => "image/png",
        };
        format!("data:{mime};base64,{}", STANDARD.encode(self.bytes()))
    }
}

impl Show for Figure {
    fn representations(&self) -> Vec<Representation> {
        let (alt, caption) = (escape(&self.alt), escape(&self.caption));
        let html = format!(
            "<figure style=\"margin:0\"><img alt=\"{alt}\" src=\"{}\" style=\"max-width:100%;background:#fff\">\
             <figcaption>{caption}</figcaption></figure>",
            self.image.address()
        );
        html_and_text(html, format!("[Figure: {}] {}", self.alt, self.caption))
    }
}
