//! Rows of a mean and an interval on one axis.

use super::Figure;
use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Stroke};
use super::style::{Colour, INK, MARGIN, MUTED, TRAIN, WHITE, WIDTH, text_width};
use crate::error::{Result, at_least};
use crate::study::{Distribution, Interval, Unit};

/// A row of the chart; its values are in the unit of the chart.
pub(super) struct Row {
    pub name: String,
    pub colour: Colour,
    /// The tick.
    pub middle: f64,
    /// The thick bar.
    pub interval: Interval,
    /// The thin line behind it.
    pub spread: Option<Interval>,
    /// Grey dots below the bar, one for each seed.
    pub seeds: Vec<f64>,
    /// Hollow diamonds.
    pub published: Vec<f64>,
}

/// The chart: rows from top to bottom, with the figures of each at its right end.
pub(super) struct Chart {
    pub rows: Vec<Row>,
    /// What the axis shows.
    pub quantity: String,
    pub unit: Unit,
    /// What the colours mean, above the rows.
    pub key: Vec<(Colour, &'static str)>,
    /// Whether bars reach from zero to the ticks.
    pub bars: bool,
}

const ROW: f64 = 24.;
/// With a dot for each seed below the bar.
const ROW_WITH_SEEDS: f64 = 30.;

impl Row {
    /// A value with an interval.
    pub fn new(name: impl Into<String>, middle: f64, interval: Interval) -> Row {
        let (name, colour, spread) = (name.into(), TRAIN, None);
        Row { name, colour, middle, interval, spread, seeds: Vec::new(), published: Vec::new() }
    }

    /// The mean over seeds with its 95 % interval.
    pub fn over_seeds(name: &str, values: &Distribution) -> Row {
        Row::new(name, values.mean(), values.confidence_interval())
    }

    /// "+2.3 (+1.1 to +3.5)"
    pub fn figures(&self, unit: Unit) -> String {
        let decimals = if matches!(unit, Unit::Percent | Unit::Points) { 1 } else { 3 };
        let show = |value: f64| unit.digits(value, decimals);
        format!("{} ({})", show(self.middle), self.interval.show(show))
    }

    /// All of ours, which has to be on the axis.
    fn extent(&self) -> impl Iterator<Item = f64> {
        let spread = self.spread.unwrap_or(self.interval);
        let ends = [self.middle, self.interval.low, self.interval.high, spread.low, spread.high];
        ends.into_iter().chain(self.seeds.iter().copied())
    }
}

impl Chart {
    /// A chart without bars and without a key.
    pub fn new(quantity: String, unit: Unit, rows: impl Iterator<Item = Row>) -> Chart {
        Chart { rows: rows.collect(), quantity, unit, key: Vec::new(), bars: false }
    }

    /// The chart as a figure; the alternative text is `alt` and the figures of each row.
    pub fn figure(&self, alt: String, caption: String) -> Result<Figure> {
        Ok(Figure::new(self.draw()?, format!("{alt}: {}.", self.sentence()), caption))
    }

    /// A sentence of the figures of each row.
    pub fn sentence(&self) -> String {
        let row = |row: &Row| format!("{} {}", row.name, row.figures(self.unit));
        self.rows.iter().map(row).collect::<Vec<_>>().join("; ")
    }

    /// # Errors
    /// [`Error::TooFew`](crate::Error::TooFew) without a row.
    fn draw(&self) -> Result<String> {
        at_least(1, "results", self.rows.len(), "Figure")?;
        let widest = |texts: &dyn Fn(&Row) -> String| {
            self.rows.iter().map(|row| text_width(&texts(row))).fold(0., f64::max)
        };
        let left = MARGIN + widest(&|row| row.name.clone()) + 24.;
        let figures = widest(&|row| row.figures(self.unit)) + 16. + MARGIN;
        // Wider than other figures rather than without room for the axis.
        let right = (WIDTH - figures).max(left + 320.);
        let has_key = !self.key.is_empty() || self.has_published();
        let top = if has_key { 40. } else { 12. };
        let height =
            if self.rows.iter().all(|row| row.seeds.is_empty()) { ROW } else { ROW_WITH_SEEDS };
        let bottom = top + height * self.rows.len() as f64;
        let mut canvas = Canvas::new(right + figures, bottom + Axis::FOOT);
        let are_differences = self.unit == self.unit.of_differences();
        let zero = (self.bars || are_differences).then_some(0.);
        let values = self.rows.iter().flat_map(Row::extent).chain(zero).chain(self.near());
        let axis = Axis::linear(values.map(|value| self.unit.scale(value)), [left, right]);
        let ticks = if are_differences { Unit::Difference } else { Unit::Number };
        axis.draw_below(&mut canvas, [top, bottom], &self.unit.label(&self.quantity), ticks);
        self.draw_key(&mut canvas);
        for (index, row) in self.rows.iter().enumerate() {
            let y = top + height * (index as f64 + 0.5);
            self.draw_row(&mut canvas, &axis, row, y);
            let place = (right + figures - MARGIN, y);
            canvas.text(place, Anchor::End, row.colour, &row.figures(self.unit));
        }
        Ok(canvas.finish())
    }

    /// The published values that are no further from ours than ours are from each other: one far away would leave no
    /// room for the rest.
    fn near(&self) -> Vec<f64> {
        let ours = || self.rows.iter().flat_map(Row::extent);
        let (least, most) = (ours().fold(f64::MAX, f64::min), ours().fold(f64::MIN, f64::max));
        let is_near = |value: &f64| (2. * least - most..=2. * most - least).contains(value);
        self.rows.iter().flat_map(|row| row.published.clone()).filter(is_near).collect()
    }

    fn draw_key(&self, canvas: &mut Canvas) {
        const Y: f64 = 16.;
        let mut x = MARGIN;
        for (colour, text) in &self.key {
            canvas.rectangle([(x, Y - 3.), (x + 20., Y + 3.)], *colour, 1.);
            canvas.text((x + 28., Y), Anchor::Start, INK, text);
            x += 52. + text_width(text);
        }
        if self.has_published() {
            canvas.diamond((x + 6., Y), WHITE, INK);
            canvas.text((x + 18., Y), Anchor::Start, INK, "published");
        }
    }

    fn has_published(&self) -> bool {
        self.rows.iter().any(|row| !row.published.is_empty())
    }

    fn draw_row(&self, canvas: &mut Canvas, axis: &Axis, row: &Row, y: f64) {
        let place = |value: f64| axis.place(self.unit.scale(value));
        let ends = |interval: Interval| [(place(interval.low), y), (place(interval.high), y)];
        canvas.text((MARGIN, y), Anchor::Start, row.colour, &row.name);
        if self.bars {
            let corners = [(place(0.), y - 8.), (place(row.middle), y + 8.)];
            canvas.rectangle(corners, row.colour, 0.25);
        }
        for seed in &row.seeds {
            canvas.circle((place(*seed), y + 9.), 3., MUTED, 0.5);
        }
        if let Some(spread) = row.spread {
            canvas.line(&ends(spread), Stroke::solid(row.colour, 1.));
        }
        canvas.line(&ends(row.interval), Stroke::solid(row.colour, 6.));
        let middle = place(row.middle);
        canvas.line(&[(middle, y - 9.), (middle, y + 9.)], Stroke::solid(row.colour, 2.));
        let near = self.near();
        for value in &row.published {
            canvas.diamond((place(*value), y), WHITE, INK);
        }
        // Beside the sign at the end of the axis: what it stands for.
        let far = row.published.iter().filter(|value| !near.contains(value));
        if let Some(first) = far.clone().next() {
            let numbers: Vec<String> = far.map(|value| self.unit.digits(*value, 1)).collect();
            let [left, right] = axis.places();
            let (x, anchor) = if *first < row.middle {
                (left + 12., Anchor::Start)
            } else {
                (right - 12., Anchor::End)
            };
            canvas.text_on_white((x, y), anchor, INK, &numbers.join(", "));
        }
    }
}
