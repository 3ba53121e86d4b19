//! What is asked, in the words of a database.

use std::fmt::Write;

use ioc_model::pack::{SqlEngine, SqlFeed};

use super::answer::{Question, Start, Value, ValueKind};

/// What is read of one feed.
#[derive(Clone, Debug)]
pub(super) struct Statements {
    engine: SqlEngine,
    query: String,
    by: String,
    key: Vec<String>,
    period: Option<String>,
    page: u32,
}

impl Statements {
    pub(super) fn of(feed: &SqlFeed) -> Statements {
        let engine = feed.address.engine;
        let quoted = |column: &String| identifier(engine, column);
        Statements {
            engine,
            query: feed.query.clone(),
            by: quoted(&feed.by),
            key: feed.key.iter().map(quoted).collect(),
            period: feed.compare.as_ref().map(|compare| quoted(&compare.period)),
            page: feed.page,
        }
    }

    /// How many rows an answer has at most; none where all are wanted.
    pub(super) fn most(&self, question: Question<'_>) -> Option<usize> {
        match question {
            Question::Top(_) | Question::Before(_) | Question::NextPeriod(_) => Some(1),
            Question::Rows(_) | Question::Unordered(_) => Some(self.page as usize),
            Question::Period(_) => None,
        }
    }

    pub(super) fn write(&self, question: Question<'_>) -> String {
        let by = &self.by;
        let (what, filter, order) = match question {
            Question::Top(_) => (self.place(), format!("{by} IS NOT NULL"), self.order(" DESC")),
            Question::Before(moment) => {
                (self.place(), format!("{by} < {}", self.literal(moment)), self.order(" DESC"))
            }
            Question::Rows(start) => ("*".to_owned(), self.behind(start), self.order("")),
            Question::Unordered(behind) => {
                let mut filter = format!("{by} IS NULL");
                if let Some(behind) = behind {
                    let _ = write!(filter, " AND {}", self.above(&self.key, behind));
                }
                ("*".to_owned(), filter, self.key.join(", "))
            }
            Question::NextPeriod(read) => {
                let period = self.period.as_deref().unwrap_or(by);
                let filter = match read {
                    Some(read) => format!("{period} > {}", self.literal(read)),
                    None => format!("{period} IS NOT NULL"),
                };
                (period.to_owned(), filter, period.to_owned())
            }
            Question::Period(period) => {
                let column = self.period.as_deref().unwrap_or(by);
                let filter = match period {
                    Some(period) => format!("{column} = {}", self.literal(period)),
                    None => format!("{column} IS NULL"),
                };
                ("*".to_owned(), filter, self.order(""))
            }
        };
        let query = &self.query;
        let mut statement = format!("SELECT {what} FROM ({query}) AS pulled WHERE {filter} ORDER BY {order}");
        if let Some(most) = self.most(question) {
            let _ = write!(statement, " LIMIT {most}");
        }
        if let Question::Top(behind @ 1..) = question {
            let _ = write!(statement, " OFFSET {behind}");
        }
        statement
    }

    fn place(&self) -> String {
        let columns: Vec<&str> = std::iter::once(&self.by).chain(&self.key).map(String::as_str).collect();
        columns.join(", ")
    }

    fn order(&self, direction: &str) -> String {
        let columns = std::iter::once(&self.by).chain(&self.key);
        let ordered: Vec<String> = columns.map(|column| format!("{column}{direction}")).collect();
        ordered.join(", ")
    }

    fn behind(&self, start: Start<'_>) -> String {
        let by = &self.by;
        match start {
            Start::Beginning => format!("{by} IS NOT NULL"),
            Start::From(value) => format!("{by} >= {}", self.literal(value)),
            Start::Behind([value, key @ ..]) if !self.key.is_empty() && !key.is_empty() => {
                let value = self.literal(value);
                // The first condition is one that an index helps with.
                let same = format!("{by} = {value} AND {}", self.above(&self.key, key));
                format!("{by} >= {value} AND ({by} > {value} OR ({same}))")
            }
            Start::Behind(place) => match place.first() {
                Some(value) => format!("{by} > {}", self.literal(value)),
                None => format!("{by} IS NOT NULL"),
            },
        }
    }

    fn above(&self, columns: &[String], values: &[Value]) -> String {
        let values: Vec<String> = values.iter().map(|value| self.literal(value)).collect();
        match (columns, &values[..]) {
            ([column], [value]) => format!("{column} > {value}"),
            _ => format!("({}) > ({})", columns.join(", "), values.join(", ")),
        }
    }

    /// A value as it was given. PostgreSQL reads any constant as what it is compared with; MySQL would compare a number
    /// with a text by way of a float, which has not the digits of a large one.
    fn literal(&self, value: &Value) -> String {
        match (self.engine, value.kind) {
            (SqlEngine::MySql, ValueKind::Number) => value.text.clone(),
            (SqlEngine::MySql, _) => {
                format!("'{}'", value.text.replace('\\', "\\\\").replace('\'', "''"))
            }
            (SqlEngine::Postgres, _) => format!("'{}'", value.text.replace('\'', "''")),
        }
    }
}

fn identifier(engine: SqlEngine, column: &str) -> String {
    match engine {
        SqlEngine::Postgres => format!("\"{}\"", column.replace('"', "\"\"")),
        SqlEngine::MySql => format!("`{}`", column.replace('`', "``")),
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::{pack::SqlAddress, time::Millis};

    use super::*;

    fn feed(address: &str, key: &[&str]) -> Statements {
        Statements::of(&SqlFeed {
            address: SqlAddress::parse(address).unwrap(),
            query: "SELECT * FROM t".to_owned(),
            by: "at".to_owned(),
            key: key.iter().map(|&column| column.to_owned()).collect(),
            overlap: Millis(0),
            every: Millis(1_000),
            page: 10,
            compare: None,
        })
    }

    fn value(text: &str, kind: ValueKind) -> Value {
        Value { text: text.to_owned(), kind }
    }

    #[test]
    fn a_page_begins_behind_the_whole_place_of_a_row() {
        let place = [value("2026-11-02 08:00:05", ValueKind::Text), value("7", ValueKind::Number)];
        let asked = Question::Rows(Start::Behind(&place));
        assert_eq!(
            feed("postgres://db/x", &["id"]).write(asked),
            "SELECT * FROM (SELECT * FROM t) AS pulled WHERE \"at\" >= '2026-11-02 08:00:05' AND (\"at\" > \
             '2026-11-02 08:00:05' OR (\"at\" = '2026-11-02 08:00:05' AND \"id\" > '7')) ORDER BY \"at\", \"id\" LIMIT 10"
        );
        assert!(feed("mysql://db/x", &["id"]).write(asked).contains("`id` > 7"));
        let two = [&place[..], &[value("x", ValueKind::Text)]].concat();
        let asked = Question::Rows(Start::Behind(&two));
        assert!(feed("mysql://db/x", &["id", "part"]).write(asked).contains("(`id`, `part`) > (7, 'x')"));
    }

    #[test]
    fn what_may_settle_is_asked_for_from_the_end() {
        let statements = feed("postgres://db/x", &["id"]);
        let last = "SELECT \"at\", \"id\" FROM (SELECT * FROM t) AS pulled WHERE \"at\" IS NOT NULL ORDER BY \"at\" DESC, \
                    \"id\" DESC LIMIT 1";
        assert_eq!(statements.write(Question::Top(0)), last);
        assert_eq!(statements.write(Question::Top(100)), format!("{last} OFFSET 100"));
        let moment = value("2026-11-02 08:00:05", ValueKind::Text);
        let before = statements.write(Question::Before(&moment));
        assert_eq!(before, last.replace("IS NOT NULL", "< '2026-11-02 08:00:05'"));
    }

    #[test]
    fn safe_no_value_and_no_column_ends_its_own_quotes() {
        let place = [value("O'Neil\\", ValueKind::Text)];
        let asked = Question::Rows(Start::Behind(&place));
        assert!(feed("postgres://db/x", &[]).write(asked).contains("\"at\" > 'O''Neil\\'"));
        assert!(feed("mysql://db/x", &[]).write(asked).contains("`at` > 'O''Neil\\\\'"));
        assert_eq!(identifier(SqlEngine::Postgres, "a\"b"), "\"a\"\"b\"");
        assert_eq!(identifier(SqlEngine::MySql, "a`b"), "`a``b`");
    }
}
