//! Tables as HTML. Every element has its own style: JupyterLab keeps no style sheet of a notebook.

use super::display::escape;

/// A column's heading and the alignment of its cells.
pub(super) struct Heading {
    pub text: String,
    pub side: Side,
}

#[derive(Clone, Copy)]
pub(super) enum Side {
    /// Texts, which may break into lines.
    Left,
    /// Numbers and texts of numbers, which may not.
    Right,
}

/// A text with a style of its own.
pub(super) struct Cell {
    pub text: String,
    pub style: &'static str,
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell { text, style: "" }
    }
}

/// No wider than the box around the table. In an untrusted notebook JupyterLab drops what it does not know and keeps
/// the first.
const CAPTION_WIDTH: &str = "max-width:44em;max-width:min(44em,100cqw)";

/// A table in a box, in which it scrolls if it is wider than the page; its caption stays in sight.
pub(super) fn table(caption: &str, headings: &[Heading], rows: &[Vec<Cell>]) -> String {
    let caption = if caption.is_empty() {
        String::new()
    } else {
        let style =
            format!("text-align:left;padding:.3em 0;position:sticky;left:0;{CAPTION_WIDTH}");
        format!("<caption style=\"{style}\">{}</caption>", escape(caption))
    };
    let row = |cells: &Vec<Cell>| -> String {
        let cells = headings.iter().zip(cells).map(|(heading, cell)| heading.cell(cell));
        format!("<tr>{}</tr>", cells.collect::<String>())
    };
    format!(
        "<div class=\"wide\" style=\"overflow-x:auto;container-type:inline-size\"><table style=\"border-collapse:collapse;margin:0\">{caption}\
         <thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
        headings.iter().map(Heading::html).collect::<String>(),
        rows.iter().map(row).collect::<String>()
    )
}

impl Heading {
    pub fn new(text: impl Into<String>, side: Side) -> Heading {
        Heading { text: text.into(), side }
    }

    fn html(&self) -> String {
        let side = match self.side {
            Side::Left => "left",
            Side::Right => "right",
        };
        format!(
            "<th scope=\"col\" style=\"text-align:{side};vertical-align:bottom;border-bottom:2px solid #8888;\
             padding:.25em .7em\">{}</th>",
            escape(&self.text)
        )
    }

    fn cell(&self, cell: &Cell) -> String {
        let side = match self.side {
            Side::Left => "left",
            Side::Right => "right;white-space:nowrap",
        };
        format!(
            "<td style=\"text-align:{side};border-bottom:1px solid #8888;padding:.25em .7em{}\">{}</td>",
            cell.style,
            escape(&cell.text)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(caption: &str) -> String {
        let headings = [Heading::new("a & b", Side::Left), Heading::new("loss", Side::Right)];
        let row = vec!["x < y".to_string().into(), "0.5".to_string().into()];
        table(caption, &headings, &[row])
    }

    #[test]
    fn every_heading_has_the_scope_of_a_column() {
        assert_eq!(html("").matches("<th scope=\"col\"").count(), 2);
    }

    #[test]
    fn text_is_escaped() {
        let html = html("< 1");
        assert!(
            ["a &amp; b</th>", "x &lt; y</td>", "&lt; 1</caption>"]
                .iter()
                .all(|text| html.contains(text))
        );
    }

    #[test]
    fn only_numbers_are_kept_from_breaking_into_lines() {
        assert_eq!(html("").matches("nowrap").count(), 1);
    }

    #[test]
    fn an_empty_caption_is_left_out() {
        assert!(!html("").contains("<caption"));
    }
}
