//! Tables in box drawing characters, wrapped to the width of the terminal (cli §1.2).

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Narrowest a column that may wrap is made.
const MIN_WIDTH: usize = 8;

/// A column: its heading and whether its cells may be broken over lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    heading: &'static str,
    wraps: bool,
}

impl Column {
    /// Cells are broken over several lines when the table is too wide.
    pub(crate) const fn wrapping(heading: &'static str) -> Column {
        Column { heading, wraps: true }
    }

    /// Cells stay whole, because people copy them: ids, addresses.
    pub(crate) const fn whole(heading: &'static str) -> Column {
        Column { heading, wraps: false }
    }
}

/// Rows under headings.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these columns.
    pub(crate) fn new(columns: &[Column]) -> Table {
        Table { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; missing cells are empty, surplus cells are dropped.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut row: Vec<String> = cells.into_iter().take(self.columns.len()).collect();
        row.resize(self.columns.len(), String::new());
        self.rows.push(row);
    }

    /// The table as text, every line ended, at most `width` columns where the whole cells allow it.
    pub(crate) fn render(&self, width: usize) -> String {
        let widths = self.widths(width);
        let mut text = String::new();
        border(&mut text, &widths, ['┌', '┬', '┐']);
        let headings: Vec<String> = self.columns.iter().map(|column| column.heading.to_owned()).collect();
        cells(&mut text, &widths, &headings);
        border(&mut text, &widths, ['├', '┼', '┤']);
        for row in &self.rows {
            cells(&mut text, &widths, row);
        }
        border(&mut text, &widths, ['└', '┴', '┘']);
        text
    }

    fn widths(&self, width: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = (0..self.columns.len())
            .map(|index| {
                let heading = self.columns[index].heading.width();
                self.rows.iter().map(|row| row[index].width()).max().unwrap_or(0).max(heading).max(1)
            })
            .collect();
        // Every column costs two blanks and a line, and there is one line more.
        let frame = 3 * widths.len() + 1;
        while widths.iter().sum::<usize>() + frame > width {
            let widest = (0..widths.len())
                .filter(|index| self.columns[*index].wraps && widths[*index] > self.floor(*index))
                .max_by_key(|index| widths[*index]);
            match widest {
                Some(index) => widths[index] -= 1,
                None => break,
            }
        }
        widths
    }

    fn floor(&self, index: usize) -> usize {
        MIN_WIDTH.max(self.columns[index].heading.width())
    }
}

fn border(text: &mut String, widths: &[usize], [left, middle, right]: [char; 3]) {
    for (index, width) in widths.iter().enumerate() {
        text.push(if index == 0 { left } else { middle });
        text.extend(std::iter::repeat_n('─', width + 2));
    }
    text.push(right);
    text.push('\n');
}

fn cells(text: &mut String, widths: &[usize], row: &[String]) {
    let wrapped: Vec<Vec<String>> = row.iter().zip(widths).map(|(cell, width)| wrap(cell, *width)).collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(1);
    for line in 0..height {
        for (cell, width) in wrapped.iter().zip(widths) {
            let part = cell.get(line).map_or("", String::as_str);
            text.push_str("│ ");
            text.push_str(part);
            text.extend(std::iter::repeat_n(' ', width.saturating_sub(part.width()) + 1));
        }
        text.push_str("│\n");
    }
}

/// Breaks at blanks where possible, inside a word where a word is wider than the column.
fn wrap(cell: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in cell.split(' ') {
        let gap = usize::from(!line.is_empty());
        if line.width() + gap + word.width() <= width {
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for character in word.chars() {
            if line.width() + character.width().unwrap_or(0) > width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::{Column, Table, wrap};

    fn sample() -> Table {
        let mut table =
            Table::new(&[Column::whole("Request"), Column::wrapping("Device"), Column::whole("Age")]);
        table.row([
            "7f3a9c1e-0000".to_owned(),
            "Chrome on macOS in the kitchen".to_owned(),
            "2m ago".to_owned(),
        ]);
        table.row(["b1".to_owned(), "日本".to_owned()]);
        table
    }

    #[test]
    fn natural_width_when_there_is_room() {
        let expected = "\
┌───────────────┬────────────────────────────────┬────────┐
│ Request       │ Device                         │ Age    │
├───────────────┼────────────────────────────────┼────────┤
│ 7f3a9c1e-0000 │ Chrome on macOS in the kitchen │ 2m ago │
│ b1            │ 日本                           │        │
└───────────────┴────────────────────────────────┴────────┘
";
        assert_eq!(sample().render(120), expected);
    }

    #[test]
    fn only_wrapping_columns_give_way() {
        let text = sample().render(44);
        assert!(text.contains("7f3a9c1e-0000"), "{text}");
        assert!(text.contains("│ Chrome on macOS │"), "{text}");
        assert!(text.lines().all(|line| line.width() <= 44), "{text}");
        // Narrower than the whole cells allow: ids still stay whole.
        assert!(sample().render(10).contains("7f3a9c1e-0000"));
    }

    #[test]
    fn long_words_are_broken_inside() {
        assert_eq!(wrap("abcdefgh ij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("日本語", 4), ["日本", "語"]);
    }
}
