//! The rows that stand in a template before anybody wrote anything: one for each place, indicator and member that the
//! form has a column for.

use ioc_model::{
    form::{Form, FormIndicator, Member, Role},
    place::Place,
    text::Text,
};

use super::{NoTemplate, scope::Scope};

/// More rows nobody fills in by hand, and a workbook of them is slow to open.
const MOST_ROWS: usize = 20_000;

/// A row that is prepared.
#[derive(Clone, Debug)]
pub(super) struct PreparedRow<'a> {
    /// The place it is about, where the form has a column for it.
    pub(super) place: Option<&'a Place>,
    /// The indicator it is of, where each has a row.
    pub(super) indicator: Option<&'a FormIndicator>,
    /// By column, the member of each list that a row must name.
    pub(super) members: Vec<(usize, &'a Member)>,
    /// Rows of one group are of one place and breakdown: what is worked out of several indicators is worked out of these.
    pub(super) group: (usize, Vec<usize>),
}

/// Every row, by place, then indicator, then member.
///
/// # Errors
/// If there are more than somebody can fill in.
pub(super) fn prepared<'a>(form: &'a Form, scope: &Scope<'a>) -> Result<Vec<PreparedRow<'a>>, NoTemplate> {
    let has = |is: fn(&Role) -> bool| form.columns.iter().any(|column| is(&column.role));
    let places: Vec<Option<&'a Place>> = match has(|role| matches!(role, Role::Place | Role::PlaceName)) {
        true => scope.places.iter().copied().map(Some).collect(),
        false => vec![None],
    };
    let indicators: Vec<Option<&'a FormIndicator>> = match has(|role| matches!(role, Role::Indicator)) {
        true => scope.indicators.iter().copied().map(Some).collect(),
        false => vec![None],
    };
    let lists: Vec<(usize, &'a [Member])> = form
        .columns
        .iter()
        .enumerate()
        .filter_map(|(at, column)| match &column.role {
            Role::Dimension(members) if column.required => Some((at, members.as_slice())),
            _ => None,
        })
        .collect();
    let lengths = lists.iter().map(|(_, members)| members.len()).chain([places.len(), indicators.len()]);
    let count = lengths.fold(1, usize::saturating_mul);
    if count > MOST_ROWS {
        return Err(NoTemplate(Text {
            vi: format!(
                "Biểu {} sẽ có {count} dòng, nhiều hơn {MOST_ROWS}: hãy chọn một đơn vị, ví dụ --place 25486.",
                form.id
            ),
            en: format!(
                "form {} would have {count} rows, more than {MOST_ROWS}: choose a place, such as --place 25486",
                form.id
            ),
        }));
    }
    let mut rows = Vec::with_capacity(count);
    for (at, place) in places.into_iter().enumerate() {
        for indicator in &indicators {
            for chosen in combinations(&lists) {
                let members = lists
                    .iter()
                    .zip(&chosen)
                    .map(|((column, members), at)| (*column, &members[*at]))
                    .collect();
                rows.push(PreparedRow { place, indicator: *indicator, members, group: (at, chosen) });
            }
        }
    }
    Ok(rows)
}

/// Every choice of one of each list, the last list running fastest; one empty choice where there is no list.
fn combinations(lists: &[(usize, &[Member])]) -> Vec<Vec<usize>> {
    lists.iter().fold(vec![Vec::new()], |chosen, (_, members)| {
        chosen
            .into_iter()
            .flat_map(|before| (0..members.len()).map(move |at| [before.as_slice(), &[at]].concat()))
            .collect()
    })
}
