//! Moments as texts and numbers. No clock is asked, and no zone but the one that is written.

use jaq_core::native::{bome, unary, v};
use jiff::{Timestamp, fmt::strtime};
use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::Natives;
use crate::{
    meter,
    number::Number,
    value::{Error, Val},
};

pub(super) fn all() -> Natives {
    vec![
        ("fromdate", v(0), |cv| bome(seconds(&cv.1))),
        ("todate", v(0), |cv| bome(written(&cv.1))),
        ("parse_time", v(1), |cv| unary(cv, |text, format| parsed(text.as_text()?, format.as_text()?))),
    ]
}

/// RFC 3339 to seconds since 1970, with what is below them.
fn seconds(value: &Val) -> Result<Val, Error> {
    meter::steps(8);
    let moment: Timestamp = value.as_text()?.parse().map_err(|_| {
        Error::str(format_args!("{value} is no time by RFC 3339, such as 2026-11-20T08:00:00+07:00"))
    })?;
    Ok(Val::Num(Number::Decimal(Decimal::from_i128_with_scale(moment.as_nanosecond(), 9).normalize())))
}

/// Seconds since 1970 to RFC 3339.
fn written(value: &Val) -> Result<Val, Error> {
    meter::steps(8);
    let wrong = || Error::str(format_args!("{value} is no number of seconds since 1970"));
    let nanoseconds =
        value.as_decimal()?.checked_mul(Decimal::from(1_000_000_000)).and_then(|all| all.to_i128());
    let moment = nanoseconds.and_then(|all| Timestamp::from_nanosecond(all).ok()).ok_or_else(wrong)?;
    Ok(Val::text(&moment.to_string()))
}

/// A time by a format as `strptime` has it to `2026-11-20T08:00:00`, with its offset where the text says one.
fn parsed(text: &str, format: &str) -> Result<Val, Error> {
    meter::steps(8 + text.len() / 16 + format.len() / 4);
    let wrong = |_| Error::str(format_args!("the time {} is not as '{format}' has it", Val::text(text)));
    let read = strtime::parse(format, text).map_err(wrong)?;
    let local = read.to_datetime().or_else(|_| read.to_date().map(|day| day.at(0, 0, 0, 0)));
    let local = local.map_err(wrong)?;
    Ok(Val::text(&match read.offset() {
        Some(offset) => {
            let minutes = offset.seconds() / 60;
            let sign = if minutes < 0 { '-' } else { '+' };
            format!("{local}{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
        }
        None => local.to_string(),
    }))
}
