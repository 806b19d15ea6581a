//! Tables as HTML. Every element has its own style: JupyterLab keeps no style sheet of a notebook.

use super::display::escape;

/// A column: its heading, the alignment of its cells, and these from top to bottom.
pub(super) struct Column {
    pub heading: String,
    pub side: Side,
    pub cells: Vec<Cell>,
}

#[derive(Clone, Copy, PartialEq)]
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

/// No wider than the box around the table. In an untrusted notebook JupyterLab drops what it does not know and keeps
/// the first.
const CAPTION_WIDTH: &str = "max-width:44em;max-width:min(44em,100cqw)";

/// A table in a box, in which it scrolls if it is wider than the page; its caption stays in sight.
pub(super) fn table(caption: &str, columns: &[Column]) -> String {
    let caption = if caption.is_empty() {
        String::new()
    } else {
        let style =
            format!("text-align:left;padding:.3em 0;position:sticky;left:0;{CAPTION_WIDTH}");
        format!("<caption style=\"{style}\">{}</caption>", escape(caption))
    };
    let row = |row: usize| -> String {
        let cells: String = columns.iter().map(|column| column.cell(row)).collect();
        format!("<tr>{cells}</tr>")
    };
    let rows = columns.first().map_or(0, |column| column.cells.len());
    format!(
        "<div class=\"wide\" style=\"overflow-x:auto;container-type:inline-size\"><table style=\"border-collapse:collapse;margin:0\">{caption}\
         <thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
        columns.iter().map(Column::heading).collect::<String>(),
        (0..rows).map(row).collect::<String>()
    )
}

impl Column {
    /// A column of texts without a style.
    pub fn new(heading: impl Into<String>, side: Side, texts: Vec<String>) -> Column {
        let cells = texts.into_iter().map(|text| Cell { text, style: "" }).collect();
        Column { heading: heading.into(), side, cells }
    }

    fn heading(&self) -> String {
        let side = if self.side == Side::Right { "right" } else { "left" };
        format!(
            "<th scope=\"col\" style=\"text-align:{side};vertical-align:bottom;border-bottom:2px solid #8888;\
             padding:.25em .7em\">{}</th>",
            escape(&self.heading)
        )
    }

    fn cell(&self, row: usize) -> String {
        let side = if self.side == Side::Right { "right;white-space:nowrap" } else { "left" };
        let Cell { text, style } = &self.cells[row];
        format!(
            "<td style=\"text-align:{side};border-bottom:1px solid #8888;padding:.25em .7em{style}\">{}</td>",
            escape(text)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(caption: &str) -> String {
        let texts = Column::new("a & b", Side::Left, vec!["x < y".into()]);
        table(caption, &[texts, Column::new("loss", Side::Right, vec!["0.5".into()])])
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
