//! A picture with its alternative text and caption.

use super::raster;
use crate::error::{Error, Result};
use crate::runtime::files;
use crate::show::Show;
use crate::show::display::{Representation, escape, html_and_text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;

/// A picture as a notebook shows it: an `<img>` that holds its own data, so that it shows in a trusted and
/// an untrusted notebook, in the HTML report and offline.
///
/// ```
/// use hinge::plot::Figure;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let results = folder.path();
/// let square = r#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>"#;
/// let figure = Figure::new(square, "A black square.", "A square of 9 x 9 pixels.");
/// figure.save(results.join("square"))?;
/// assert!(results.join("square.svg").exists() && results.join("square.png").exists());
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone)]
pub struct Figure {
    pub(super) svg: String,
    title: String,
    alt: String,
    caption: String,
}

impl Figure {
    /// A figure of a drawing, the text of an SVG file, without a title. The alternative text says what the picture shows to readers without
    /// sight; the caption, below the picture, what it is.
    pub fn new(
        svg: impl Into<String>,
        alt: impl Into<String>,
        caption: impl Into<String>,
    ) -> Figure {
        let (svg, alt, caption) = (svg.into(), alt.into(), caption.into());
        Figure { svg, title: String::new(), alt, caption }
    }

    /// The same figure with its message above the picture: "r4 gains a point".
    pub fn title(self, title: impl Into<String>) -> Figure {
        Figure { title: title.into(), ..self }
    }

    /// The same figure with another caption.
    pub fn caption(self, caption: impl Into<String>) -> Figure {
        Figure { caption: caption.into(), ..self }
    }

    /// Writes the picture to a file: SVG if the name ends in `.svg`, PNG if it ends in `.png`, and both if it has
    /// no ending. A drawing becomes a PNG of twice its width and height.
    ///
    /// # Errors
    /// [`Error::Write`] with the path if it cannot be written, [`Error::Figure`] if an SVG from elsewhere is none.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        match path.extension().and_then(|ending| ending.to_str()) {
            None => {
                self.save(path.with_extension("svg"))?;
                self.save(path.with_extension("png"))
            }
            Some("svg") => files::write(path, self.svg.as_bytes()),
            Some("png") => files::write(path, &raster::png(&self.svg)?),
            Some(_) => Err(Error::Write {
                path: path.into(),
                reason: "expected a name that ends in .svg or .png, or without an ending".into(),
            }),
        }
    }
}

/// The `data:` address of a picture's bytes.
pub(super) fn address(mime: &str, bytes: &[u8]) -> String {
    format!("data:{mime};base64,{}", STANDARD.encode(bytes))
}

impl Show for Figure {
    fn representations(&self) -> Vec<Representation> {
        let [title, alt, caption] =
            [&self.title, &self.alt, &self.caption].map(|text| escape(text));
        let title = if title.is_empty() {
            title
        } else {
            format!("<p style=\"font-weight:600;margin:0 0 .4em;max-width:44em\">{title}</p>")
        };
        let html = format!(
            "<figure style=\"margin:0\">{title}<div class=\"wide\"><img alt=\"{alt}\" src=\"{}\" \
             style=\"max-width:100%;background:#fff\"></div><figcaption style=\"max-width:44em\">{caption}</figcaption></figure>",
            address("image/svg+xml", self.svg.as_bytes())
        );
        let text = format!("[Figure: {}] {} {}", self.alt, self.title, self.caption);
        html_and_text(html, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn drawing() -> Figure {
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"20\">\
                   <rect width=\"40\" height=\"20\" fill=\"#fff\"/>\
                   <text x=\"2\" y=\"15\" font-family=\"sans-serif\" font-size=\"14\">Ωμ</text></svg>";
        Figure::new(svg, "", "")
    }

    #[test]
    fn a_name_without_an_ending_gives_both_files() -> Result<()> {
        let folder = tempfile::tempdir().expect("there is a folder");
        drawing().save(folder.path().join("figures/curves"))?;
        let read =
            |name: &str| fs::read(folder.path().join("figures").join(name)).unwrap_or_default();
        assert!(read("curves.svg").starts_with(b"<svg"));
        assert!(read("curves.png").starts_with(b"\x89PNG"));
        Ok(())
    }

    #[test]
    fn a_png_has_twice_the_size_and_its_letters() -> Result<()> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(raster::png(&drawing().svg)?))
            .read_info()
            .expect("it is a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().unwrap_or_default()];
        let frame = reader.next_frame(&mut pixels).expect("it is whole");
        assert_eq!((frame.width, frame.height), (80, 40));
        let black = pixels.chunks(4).filter(|pixel| pixel[0] < 50).count();
        assert!((100..1000).contains(&black), "{black} black pixels");
        Ok(())
    }

    #[test]
    fn a_title_is_shown_above_the_picture_and_not_without_one() {
        let html = |figure: Figure| figure.representations().remove(0).1;
        let titled = html(drawing().title("A < B"));
        assert!(titled.find("A &lt; B</p>") < titled.find("<img"));
        assert!(!html(drawing()).contains("<p"));
    }

    #[test]
    fn another_ending_is_an_error_that_says_which_are_known() {
        let error = drawing().save("curves.gif").expect_err("it is not known");
        assert!(error.to_string().contains(".svg or .png"), "{error}");
    }
}
