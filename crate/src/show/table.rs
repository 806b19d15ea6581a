//! A data frame as a table for readers.

use super::Show;
use super::display::{Representation, escape, html_and_text};
use crate::error::Result;
use polars::prelude::*;

/// A polars frame with a caption: numbers are aligned to the right and shown with a fixed number of decimals.
///
/// ```
/// use hinge::prelude::*;
///
/// let frame = df!("epochs" => [50u32, 100], "accuracy" => [0.5, 0.75])?;
/// let table = Table::new("Accuracy by epochs.", frame).percent("accuracy");
/// let (mime, html) = &table.representations()[0];
/// assert_eq!(*mime, "text/html");
/// assert!(html.contains("accuracy (%)") && html.contains("75.00"));
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    /// The data.
    pub frame: DataFrame,
    caption: String,
    decimals: usize,
    percent: Vec<String>,
    right: Vec<String>,
}

/// Any frame as a table without a caption.
///
/// ```
/// use hinge::prelude::*;
///
/// let run = Experiment { epochs: 3, ..Experiment::default() }.run(&Digits::synthetic(0), 0)?;
/// assert_eq!(show(&run.frame()?).frame.height(), 3); // a row for each epoch
/// # Ok::<(), hinge::Error>(())
/// ```
pub fn show(frame: &DataFrame) -> Table {
    Table::new("", frame.clone())
}

impl Table {
    /// A table of `frame` under `caption`; numbers that are not whole are shown with 4 decimals.
    pub fn new(caption: impl Into<String>, frame: DataFrame) -> Table {
        Table {
            frame,
            caption: caption.into(),
            decimals: 4,
            percent: Vec::new(),
            right: Vec::new(),
        }
    }

    /// Shows the fractions in the column `name` in percent, which its heading then says.
    pub fn percent(mut self, name: &str) -> Table {
        self.percent.push(name.to_string());
        self
    }

    /// Aligns the texts in the columns `names` to the right, like numbers.
    pub fn right(mut self, names: impl IntoIterator<Item: Into<String>>) -> Table {
        self.right.extend(names.into_iter().map(Into::into));
        self
    }

    fn cells(&self, column: &Column) -> Result<Vec<String>> {
        let percent = self.percent.iter().any(|name| name == column.name());
        if column.dtype().is_float() {
            let values = column.f64()?;
            let show = |value: f64| match percent {
                true => format!("{:.2}", 100. * value),
                false => format!("{value:.*}", self.decimals),
            };
            return Ok(values
                .iter()
                .map(|value| value.map_or("–".to_string(), show))
                .collect());
        }
        let texts = column.cast(&DataType::String)?;
        Ok(texts
            .str()?
            .iter()
            .map(|text| text.unwrap_or("–").to_string())
            .collect())
    }

    fn heading(&self, column: &Column) -> String {
        let unit = if self.percent.iter().any(|name| name == column.name()) {
            " (%)"
        } else {
            ""
        };
        format!("{}{unit}", column.name())
    }

    fn html(&self) -> Result<String> {
        const BORDER: &str = "border-bottom:1px solid #8888;padding:.25em .7em";
        // Numbers and what is aligned like them do not break into lines.
        let align = |column: &Column| {
            let right = column.dtype().is_primitive_numeric()
                || self.right.iter().any(|name| name == column.name());
            if right {
                "right;white-space:nowrap"
            } else {
                "left"
            }
        };
        let columns = self.frame.columns();
        let headings: String = columns
            .iter()
            .map(|column| {
                let heading = escape(&self.heading(column));
                format!(
                    "<th scope=\"col\" style=\"text-align:{};{BORDER}\">{heading}</th>",
                    align(column)
                )
            })
            .collect();
        let cells: Vec<Vec<String>> = columns
            .iter()
            .map(|column| self.cells(column))
            .collect::<Result<_>>()?;
        let row = |index: usize| -> String {
            let cell = |(column, cells): (&Column, &Vec<String>)| {
                format!(
                    "<td style=\"text-align:{};{BORDER}\">{}</td>",
                    align(column),
                    escape(&cells[index])
                )
            };
            format!(
                "<tr>{}</tr>",
                columns.iter().zip(&cells).map(cell).collect::<String>()
            )
        };
        let rows: String = (0..self.frame.height()).map(row).collect();
        let caption = match self.caption.is_empty() {
            true => String::new(),
            false => format!(
                "<caption style=\"text-align:left;padding:.3em 0\">{}</caption>",
                escape(&self.caption)
            ),
        };
        Ok(format!(
            "<table style=\"border-collapse:collapse\">{caption}\
             <thead><tr>{headings}</tr></thead><tbody>{rows}</tbody></table>"
        ))
    }
}

impl Show for Table {
    fn representations(&self) -> Vec<Representation> {
        let text = format!("{}\n{}", self.caption, self.frame);
        // A frame whose cells cannot be shown as text still shows in polars' own form.
        let html = self.html().unwrap_or_else(|error| {
            format!(
                "<p>{}</p><pre>{}</pre>",
                escape(&error.to_string()),
                escape(&text)
            )
        });
        html_and_text(html, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html() -> Result<String> {
        let frame = df!("model" => ["a & b"], "accuracy" => [0.785], "seeds" => [20])?;
        Table::new("Scores", frame).percent("accuracy").html()
    }

    #[test]
    fn numbers_stand_on_the_right_and_fractions_in_percent() -> Result<()> {
        let html = html()?;
        assert!(html.contains(">accuracy (%)</th>"), "{html}");
        assert!(
            html.contains(
                "text-align:right;white-space:nowrap;border-bottom:1px solid #8888;padding:.25em .7em\">78.50</td>"
            ),
            "{html}"
        );
        Ok(())
    }

    #[test]
    fn text_is_escaped() -> Result<()> {
        assert!(html()?.contains("a &amp; b"));
        Ok(())
    }
}
