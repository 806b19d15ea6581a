//! A data frame as a table for readers.

use super::Show;
use super::display::{Representation, escape, html_and_text};
use super::html::{self, Side};
use crate::error::Result;
use crate::study::Unit;
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
    units: Vec<(String, Unit)>,
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

/// A column of texts: its heading, and the text of each row.
pub(super) type TextColumn<'a, R> = (&'a str, &'a dyn Fn(&R) -> String);

impl Table {
    /// A table of `frame` under `caption`; numbers that are not whole are shown with 4 decimals.
    pub fn new(caption: impl Into<String>, frame: DataFrame) -> Table {
        Table { frame, caption: caption.into(), units: Vec::new(), right: Vec::new() }
    }

    /// Shows the fractions in the column `name` in percent.
    pub fn percent(self, name: &str) -> Table {
        self.in_unit(name, Unit::Percent)
    }

    /// Shows the differences of fractions in the column `name` in percentage points.
    pub fn points(self, name: &str) -> Table {
        self.in_unit(name, Unit::Points)
    }

    /// Shows the numbers in the column `name` in `unit`, which its heading then says.
    pub fn in_unit(mut self, name: &str, unit: Unit) -> Table {
        self.units.push((name.to_string(), unit));
        self
    }

    fn unit(&self, column: &Column) -> Unit {
        let of_column = self.units.iter().find(|(name, _)| name == column.name());
        of_column.map_or(Unit::Number, |(_, unit)| *unit)
    }

    /// Aligns the texts in the columns `names` to the right, like numbers.
    pub fn right(mut self, names: impl IntoIterator<Item: Into<String>>) -> Table {
        self.right.extend(names.into_iter().map(Into::into));
        self
    }

    /// Aligns the texts in all columns but the first to the right, like numbers.
    pub fn right_but_first(self) -> Table {
        let names = self.frame.get_column_names_owned().into_iter().skip(1);
        let names: Vec<String> = names.map(|name| name.to_string()).collect();
        self.right(names)
    }

    fn cells(&self, column: &Column) -> Result<Vec<String>> {
        let unit = self.unit(column);
        let cell = |value: AnyValue| match value {
            AnyValue::Null => "–".to_string(),
            AnyValue::Float32(value) => unit.cell(value.into()),
            AnyValue::Float64(value) => unit.cell(value),
            value => value.str_value().into_owned(),
        };
        (0..column.len()).map(|index| Ok(cell(column.get(index)?))).collect()
    }

    fn column(&self, column: &Column) -> Result<html::Column> {
        let is_right = self.right.iter().any(|name| name == column.name());
        let is_right = is_right || column.dtype().is_primitive_numeric();
        let side = if is_right { Side::Right } else { Side::Left };
        let heading = self.unit(column).label(column.name());
        Ok(html::Column::new(heading, side, self.cells(column)?))
    }

    fn html(&self) -> Result<String> {
        let columns = self.frame.columns().iter().map(|column| self.column(column));
        Ok(html::table(&self.caption, &columns.collect::<Result<Vec<_>>>()?))
    }

    /// A table of texts: a row for each of `rows`, and columns of a heading and each row's text.
    pub(super) fn of_texts<R>(
        caption: impl Into<String>,
        rows: &[R],
        columns: &[TextColumn<R>],
    ) -> Result<Table> {
        let column = |(heading, text): &TextColumn<R>| {
            let texts: Vec<String> = rows.iter().map(text).collect();
            Series::new((*heading).into(), texts).into_column()
        };
        let frame = DataFrame::new(rows.len(), columns.iter().map(column).collect())?;
        Ok(Table::new(caption, frame))
    }
}

impl Show for Table {
    fn representations(&self) -> Vec<Representation> {
        let text = format!("{}\n{}", self.caption, self.frame);
        // A frame whose cells cannot be shown as text still shows in polars' own form.
        let html = self.html().unwrap_or_else(|error| {
            format!("<p>{}</p><pre>{}</pre>", escape(&error.to_string()), escape(&text))
        });
        html_and_text(html, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores() -> Result<Table> {
        let frame = df!("model" => ["a & b"], "accuracy" => [0.785], "seeds" => [20], "place" => ["first"])?;
        Ok(Table::new("Scores", frame).percent("accuracy"))
    }

    /// Whether the cell with this text is aligned to the right.
    fn is_right(table: &Table, text: &str) -> Result<bool> {
        let html = table.html()?;
        let cell = html.split("<td").find(|cell| cell.contains(&format!(">{text}</td>")));
        Ok(cell.is_some_and(|cell| cell.contains("text-align:right")))
    }

    #[test]
    fn numbers_are_aligned_to_the_right_and_texts_to_the_left() -> Result<()> {
        let table = scores()?;
        let sides = ["a &amp; b", "78.50", "20", "first"].map(|text| is_right(&table, text));
        assert_eq!(sides.into_iter().collect::<Result<Vec<_>>>()?, [false, true, true, false]);
        Ok(())
    }

    #[test]
    fn a_fraction_is_shown_in_the_percent_that_its_heading_names() -> Result<()> {
        let html = scores()?.html()?;
        assert!(html.contains(">accuracy (%)</th>") && html.contains(">78.50</td>"), "{html}");
        Ok(())
    }

    #[test]
    fn a_difference_of_fractions_is_shown_in_points_with_its_sign() -> Result<()> {
        let table = Table::new("", df!("gain" => [0.021, -0.005])?).points("gain");
        let html = table.html()?;
        let texts = [">gain (points)</th>", ">+2.10</td>", ">\u{2212}0.50</td>"];
        assert!(texts.iter().all(|text| html.contains(text)), "{html}");
        Ok(())
    }

    #[test]
    fn texts_can_be_aligned_to_the_right_like_numbers() -> Result<()> {
        let table = scores()?.right_but_first();
        assert!(is_right(&table, "first")? && !is_right(&table, "a &amp; b")?);
        Ok(())
    }

    #[test]
    fn any_frame_can_be_shown() -> Result<()> {
        let frame = df!(
            "nothing" => [None::<i32>, Some(1)],
            "single precision" => [0.5f32, 1.],
            "truth" => [true, false],
            "list" => [Series::new("".into(), [1, 2]), Series::new("".into(), [3, 4])],
        )?;
        for frame in [frame, DataFrame::empty()] {
            let representations = show(&frame).representations();
            assert!(
                representations
                    .iter()
                    .any(|(mime, html)| *mime == "text/html" && html.contains("<table"))
            );
        }
        Ok(())
    }
}
