//! The figures of the overview, as the flow said them: nothing is judged here but their age, by the moments that stand
//! in them (invariant SILENT).

use ioc_dashboards::{figures::FigureView, overview::Overview};
use ioc_model::figure::FigureId;
use unicode_width::UnicodeWidthStr;

use super::{
    screen::{Line, Tone, clean, padded, right},
    words::{Language, Word},
};

const FIGURE: Word = Word("CHỈ SỐ", "FIGURE");
const VALUE: Word = Word("giá trị", "value");
const TARGET: Word = Word("mục tiêu", "target");
const STALE: Word = Word("số liệu cũ", "stale");

const NAMES: [(&str, Word); 8] = [
    ("aqi", Word("VN_AQI cao nhất", "Highest VN_AQI")),
    ("pm25", Word("PM2.5 ngày, trạm cao nhất", "PM2.5 day, worst station")),
    ("alerts", Word("Cảnh báo đang mở", "Open alerts")),
    ("exceeded", Word("Giờ vượt giới hạn, 24 giờ", "Hours over the limit, 24 h")),
    ("stations", Word("Trạm đang gửi số liệu", "Stations reporting")),
    ("completeness", Word("Độ đầy đủ số liệu, 24 giờ", "Completeness, 24 h")),
    ("slowest", Word("Nguồn chậm nhất", "Slowest feed")),
    ("balance", Word("Gói tin thất lạc", "Envelopes astray")),
];

const VERDICTS: [(&str, Tone, Word); 4] = [
    ("kept", Tone::Good, Word("đạt", "on target")),
    ("near", Tone::Doubtful, Word("gần ngưỡng", "near")),
    ("missed", Tone::Bad, Word("chưa đạt", "missed")),
    ("withheld", Tone::Doubtful, Word("chưa đánh giá", "not judged")),
];

const REASONS: [(&str, Word); 9] = [
    ("unacknowledged", Word("chưa tiếp nhận", "not acknowledged")),
    ("taken", Word("đã có người nhận", "all taken")),
    ("silent", Word("mất tín hiệu", "silent")),
    ("not_all", Word("chưa đủ", "not all")),
    ("insufficient", Word("chưa đủ số liệu", "too little data")),
    ("never", Word("chưa có số liệu", "nothing has come yet")),
    ("no_particulates", Word("thiếu PM10 và PM2.5", "neither PM10 nor PM2.5")),
    ("too_few_groups", Word("quá ít nhóm thông số", "too few parameter groups")),
    ("no_data", Word("không đủ số liệu", "not enough data")),
];

const NAME_WIDTH: usize = 30;

/// One line a figure, below their names; nothing before the flow said any.
pub(super) fn lines(language: Language, overview: &Overview<'_>) -> Vec<Line> {
    let figures = &overview.picture.figures;
    if figures.is_empty() {
        return Vec::new();
    }
    let heading = format!(
        "{}{}{}",
        padded(language.say(FIGURE), NAME_WIDTH),
        right(language.say(VALUE), 12),
        right(language.say(TARGET), 14)
    );
    let mut lines = vec![vec![(Tone::Dim, heading)]];
    lines.extend(figures.iter().map(|figure| line(language, overview, figure)));
    lines.push(Line::new());
    lines
}

fn line(language: Language, overview: &Overview<'_>, figure: &FigureView) -> Line {
    let name = NAMES.iter().find(|(id, _)| *id == figure.figure.word()).map(|(_, word)| language.say(*word));
    let is_stale = figure.stale_from.is_some_and(|from| overview.now().0 >= from.0);
    let verdict = VERDICTS.iter().find(|(verdict, ..)| *verdict == figure.verdict.word());
    let (tone, word) = match verdict {
        _ if is_stale => (Tone::Doubtful, language.say(STALE).to_owned()),
        Some((_, tone, word)) => (*tone, language.say(*word).to_owned()),
        None => (Tone::Plain, figure.verdict.word().to_owned()),
    };
    let reason = REASONS.iter().find(|(reason, _)| *reason == figure.reason.word());
    let why = reason.filter(|_| !is_stale).map(|(_, word)| format!(" · {}", language.say(*word)));
    let value = figure.value.map_or_else(|| "–".to_owned(), |value| written(language, figure, value));
    let of = figure.of.filter(|_| figure.figure == FigureId::Stations).map(|of| format!("/{of:.0}"));
    let target = figure.target.map(|target| written(language, figure, target)).unwrap_or_default();
    let mut line = vec![
        (Tone::Plain, padded(name.unwrap_or(figure.figure.word()), NAME_WIDTH)),
        (Tone::Bold, right(&(value + &of.unwrap_or_default()), 12)),
        (Tone::Dim, right(&target, 14)),
        (tone, format!("  {word}")),
    ];
    line.extend(why.map(|why| (Tone::Dim, why)));
    let place = figure.inputs.first().map(|decides| {
        let station = overview.pack.stations.iter().find(|station| station.id == *decides.subject);
        clean(station.map_or(&*decides.subject, |station| language.of(&station.name)))
    });
    line.extend(place.filter(|place| place.width() > 0).map(|place| (Tone::Dim, format!(" · {place}"))));
    line
}

/// A number of a figure in its unit.
fn written(language: Language, figure: &FigureView, value: f64) -> String {
    match figure.figure {
        FigureId::Slowest => language.age(value as i64),
        FigureId::Completeness => format!("{value:.1} %"),
        FigureId::Pm25 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
