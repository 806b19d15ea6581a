//! Settings of several experiments, without saying again and again what they have in common.

/// What the settings of several rows of a table begin with, and what each has beside it.
#[derive(Debug, PartialEq)]
pub(crate) struct Settings {
    /// "5000 ReLU units, multi-margin loss"; empty if they differ from the first word on or are all the same.
    shared: String,
    /// One for each row.
    pub own: Vec<String>,
}

impl Settings {
    /// Of texts that list settings after commas.
    pub fn of(rows: Vec<String>) -> Settings {
        const COMMA: &str = ", ";
        let lists: Vec<Vec<&str>> = rows.iter().map(|row| row.split(COMMA).collect()).collect();
        let Some(first) = lists.first() else {
            return Settings::all_said(rows);
        };
        let alike = |place: &usize| lists.iter().all(|list| list.get(*place) == first.get(*place));
        let count = (0..first.len()).take_while(alike).count();
        if lists.iter().all(|list| list.len() == count) {
            return Settings::all_said(rows);
        }
        let own = |list: &Vec<&str>| match list.len() == count {
            true => "nothing else".to_string(),
            false => list[count..].join(COMMA),
        };
        Settings { shared: first[..count].join(COMMA), own: lists.iter().map(own).collect() }
    }

    fn all_said(rows: Vec<String>) -> Settings {
        Settings { shared: String::new(), own: rows }
    }

    /// The settings of every row, if they are the same.
    pub fn only(&self) -> Option<&str> {
        let first = self.own.first()?;
        self.own.iter().all(|own| own == first).then_some(first)
    }

    /// A caption that says what they have in common.
    pub fn caption(&self, caption: String) -> String {
        match self.shared.is_empty() {
            true => caption,
            false => format!("{caption} All with: {}.", self.shared),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&str]) -> (String, Vec<String>) {
        let settings = Settings::of(rows.iter().map(|row| row.to_string()).collect());
        (settings.caption("Losses.".into()), settings.own)
    }

    #[test]
    fn what_rows_begin_with_is_said_in_the_caption() {
        let (caption, own) = of(&["a, b", "a, b, c, d", "a, b, e"]);
        assert_eq!(caption, "Losses. All with: a, b.");
        assert_eq!(own, ["nothing else", "c, d", "e"]);
    }

    #[test]
    fn rows_that_have_nothing_in_common_are_left_as_they_are() {
        assert_eq!(of(&["a, c", "b, c"]), ("Losses.".into(), vec!["a, c".into(), "b, c".into()]));
    }

    #[test]
    fn only_rows_that_are_all_the_same_have_only_one_setting() {
        let only = |rows: &[&str]| {
            let settings = Settings::of(rows.iter().map(|row| row.to_string()).collect());
            settings.only().map(str::to_string)
        };
        assert_eq!(only(&["a, b", "a, b"]), Some("a, b".into()));
        assert_eq!(only(&["a, b", "a, c"]), None);
        assert_eq!(only(&[]), None);
    }

    #[test]
    fn rows_that_are_all_the_same_are_left_as_they_are() {
        assert_eq!(of(&["a, b", "a, b"]), ("Losses.".into(), vec!["a, b".into(), "a, b".into()]));
        assert_eq!(of(&[]), ("Losses.".into(), vec![]));
    }
}
