//! A data value set as JSON. Period, organisation unit and attribute option combination stand at its head or at each value.

use std::borrow::Cow;

use ioc_model::form::{Form, Rule};
use serde::Deserialize;
use sonic_rs::LazyValue;

use super::{SaidValue, Values};
use crate::said::{Said, Wrong, scalar, unreadable};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message<'m> {
    #[serde(borrow, default)]
    data_set: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    complete_date: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    period: Option<LazyValue<'m>>,
    #[serde(borrow, default)]
    org_unit: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    attribute_option_combo: Option<Cow<'m, str>>,
    #[serde(default)]
    dry_run: Option<bool>,
    #[serde(borrow, default, alias = "importStrategy")]
    strategy: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    data_values: Option<Vec<DataValue<'m>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DataValue<'m> {
    #[serde(borrow, default)]
    data_element: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    period: Option<LazyValue<'m>>,
    #[serde(borrow, default)]
    org_unit: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    category_option_combo: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    attribute_option_combo: Option<Cow<'m, str>>,
    /// A string, or a number where somebody wrote it by hand.
    #[serde(borrow, default)]
    value: Option<LazyValue<'m>>,
    #[serde(default)]
    deleted: Option<bool>,
    #[serde(borrow, default)]
    last_updated: Option<LazyValue<'m>>,
}

/// Reads a message of one of the forms: which, and what it says.
///
/// # Errors
/// If it is no message, it cannot be told of which form it is, or it is not meant to be kept.
pub(super) fn read<'f>(text: &str, forms: &[&'f Form]) -> Result<(&'f Form, Said), Wrong> {
    let message: Message<'_> = sonic_rs::from_str(text)
        .map_err(|error| unreadable(&error, "Không đọc được dataValueSet", "This is no data value set"))?;
    refuse_what_is_not_meant(&message)?;
    let said_values = message.data_values.as_deref().unwrap_or_default();
    let Some(first) = said_values.first() else {
        return Err(Wrong::new(
            Rule::Empty,
            "",
            "Tin không có giá trị nào (dataValues).",
            "The message has no values (dataValues).",
        ));
    };
    let period = text_of(message.period.as_ref());
    let mut values = Values::of(forms, or_nothing(&message.data_set), or_nothing(&first.data_element))?;
    if let Some(date) = &message.complete_date {
        values.complete(date, &period);
    }
    for (number, said) in said_values.iter().enumerate() {
        let (own_period, value) = (text_of(said.period.as_ref()), text_of(said.value.as_ref()));
        let updated = text_of(said.last_updated.as_ref());
        values.take(
            &format_args!("dataValues[{number}]"),
            &SaidValue {
                element: or_nothing(&said.data_element),
                period: if own_period.is_empty() { &period } else { &own_period },
                org_unit: nearer(&said.org_unit, &message.org_unit),
                category: or_nothing(&said.category_option_combo),
                attribute: nearer(&said.attribute_option_combo, &message.attribute_option_combo),
                value: value.trim(),
                is_deleted: said.deleted == Some(true),
                updated: updated.trim(),
            },
        );
    }
    Ok((values.form, values.said))
}

/// What a message asks of DHIS2 that would make something else of its values.
fn refuse_what_is_not_meant(message: &Message<'_>) -> Result<(), Wrong> {
    if message.dry_run == Some(true) {
        return Err(Wrong::new(
            Rule::Invalid,
            "dryRun",
            "Tin ghi dryRun: true, tức là chỉ gửi thử. Hãy bỏ dryRun để số liệu được lưu.",
            "The message says dryRun: true, so it is not meant to be kept. Leave dryRun out.",
        ));
    }
    let strategy = or_nothing(&message.strategy);
    if strategy.to_ascii_uppercase().starts_with("DELETE") {
        return Err(Wrong::new(
            Rule::Invalid,
            strategy,
            "Chiến lược này xóa mọi giá trị của tin. Hãy gửi deleted: true ở từng giá trị cần rút lại.",
            "This strategy deletes all values of the message. Send deleted: true with each.",
        ));
    }
    Ok(())
}

fn or_nothing<'v>(text: &'v Option<Cow<'_, str>>) -> &'v str {
    text.as_deref().unwrap_or_default().trim()
}

/// What a value says itself; what its message says where it does not.
fn nearer<'v>(own: &'v Option<Cow<'_, str>>, of_message: &'v Option<Cow<'_, str>>) -> &'v str {
    match or_nothing(own) {
        "" => or_nothing(of_message),
        own => own,
    }
}

/// What is neither a string nor a number is told as it stands.
fn text_of<'v>(value: Option<&'v LazyValue<'_>>) -> Cow<'v, str> {
    value.map_or(Cow::Borrowed(""), |value| scalar(value).unwrap_or_else(|| value.as_raw_str().into()))
}
