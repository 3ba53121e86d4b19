//! The figures, as the flow said them: nothing is judged here but their age, by the moments that stand
//! in them (invariant SILENT).

use ioc_dashboards::{figures::FigureView, overview::Overview};
use ioc_model::figure::{FigureId, FigureReason, FigureVerdict};
use unicode_width::UnicodeWidthStr;

use super::{
    screen::{Line, Tone, clean, padded, right},
    words::{self, Language, Word},
};

const FIGURE: Word = Word("CHỈ SỐ", "FIGURE");
const VALUE: Word = Word("giá trị", "value");
const TARGET: Word = Word("mục tiêu", "target");
const NAME_WIDTH: usize = 30;

fn name(figure: FigureId) -> Word {
    match figure {
        FigureId::Aqi => Word("VN_AQI cao nhất", "Highest VN_AQI"),
        FigureId::Pm25 => Word("PM2.5 ngày, trạm cao nhất", "PM2.5 day, worst station"),
        FigureId::Alerts => Word("Cảnh báo đang mở", "Open alerts"),
        FigureId::Exceeded => Word("Giờ vượt giới hạn, 24 giờ", "Hours over the limit, 24 h"),
        FigureId::Stations => Word("Trạm đang gửi số liệu", "Stations reporting"),
        FigureId::Completeness => Word("Độ đầy đủ số liệu, 24 giờ", "Completeness, 24 h"),
        FigureId::Slowest => Word("Nguồn chậm nhất", "Slowest feed"),
        FigureId::Balance => Word("Gói tin thất lạc", "Envelopes astray"),
        FigureId::LogSources => Word("Nguồn nhật ký có tín hiệu", "Log sources heard"),
        FigureId::Events => Word("Sự kiện an ninh, giờ trước", "Security events, last hour"),
        FigureId::Severe => Word("Sự kiện mức cao+, 24 giờ", "High or critical, 24 h"),
        FigureId::SecurityAlerts => Word("Cảnh báo an ninh đang mở", "Open security alerts"),
        FigureId::TimeToAcknowledge => Word("Thời gian tiếp nhận, 30 ngày", "Time to acknowledge, 30 d"),
        FigureId::TimeToClear => Word("Thời gian đến khi hết, 30 ngày", "Time to clear, 30 d"),
    }
}

fn verdict(verdict: FigureVerdict) -> (Tone, Word) {
    match verdict {
        FigureVerdict::Kept => (Tone::Good, Word("đạt", "on target")),
        FigureVerdict::Near => (Tone::Doubtful, Word("gần ngưỡng", "near")),
        FigureVerdict::Missed => (Tone::Bad, Word("chưa đạt", "missed")),
        FigureVerdict::Withheld => (Tone::Doubtful, Word("chưa đánh giá", "not judged")),
    }
}

/// Why, where the verdict does not say it.
fn reason(reason: FigureReason) -> Option<Word> {
    let word = match reason {
        FigureReason::OnTarget | FigureReason::NearTarget | FigureReason::Beyond | FigureReason::Stale => {
            return None;
        }
        FigureReason::Unacknowledged => Word("chưa tiếp nhận", "not acknowledged"),
        FigureReason::Taken => Word("đã có người nhận", "all taken"),
        FigureReason::Silent => Word("mất tín hiệu", "silent"),
        FigureReason::NotAll => Word("chưa đủ", "not all"),
        FigureReason::Insufficient => Word("chưa đủ số liệu", "too little data"),
        FigureReason::Never => Word("chưa có số liệu", "nothing has come yet"),
        FigureReason::Nothing => Word("gói tỉnh không có gì để tính", "the pack has nothing it could be of"),
        FigureReason::NoParticulates => Word("thiếu PM10 và PM2.5", "neither PM10 nor PM2.5"),
        FigureReason::TooFewGroups => Word("quá ít nhóm thông số", "too few parameter groups"),
        FigureReason::NoData => Word("không đủ số liệu", "not enough data"),
        FigureReason::Waiting => Word("có cảnh báo chờ lâu hơn", "some wait longer"),
    };
    Some(word)
}

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
    // Of a province without log sources there is nothing to say of them.
    let is_there =
        |figure: &&FigureView| figure.figure < FigureId::LogSources || !overview.pack.log_sources.is_empty();
    lines.extend(figures.iter().filter(is_there).map(|figure| line(language, overview, figure)));
    lines.push(Line::new());
    lines
}

fn line(language: Language, overview: &Overview<'_>, figure: &FigureView) -> Line {
    let is_stale = overview.is_stale(figure);
    let (tone, word) = if is_stale { (Tone::Doubtful, words::STALE) } else { verdict(figure.verdict) };
    let why = reason(figure.reason).filter(|_| !is_stale).map(|word| format!(" · {}", language.say(word)));
    let value = figure.value.map_or_else(|| "–".to_owned(), |value| written(language, figure, value));
    let of = figure
        .of
        .filter(|_| [FigureId::Stations, FigureId::LogSources].contains(&figure.figure))
        .map(|of| format!("/{of:.0}"));
    let target = figure.target.map(|target| written(language, figure, target)).unwrap_or_default();
    let mut line = vec![
        (Tone::Plain, padded(language.say(name(figure.figure)), NAME_WIDTH)),
        (Tone::Bold, right(&(value + &of.unwrap_or_default()), 12)),
        (Tone::Dim, right(&target, 14)),
        (tone, format!("  {}", language.say(word))),
    ];
    line.extend(why.map(|why| (Tone::Dim, why)));
    let place = figure.inputs.first().map(|decides| {
        clean(overview.pack.name_of(&decides.subject).map_or(&*decides.subject, |name| language.of(name)))
    });
    line.extend(place.filter(|place| place.width() > 0).map(|place| (Tone::Dim, format!(" · {place}"))));
    line
}

/// A number of a figure in its unit.
fn written(language: Language, figure: &FigureView, value: f64) -> String {
    match figure.figure {
        FigureId::Slowest | FigureId::TimeToAcknowledge | FigureId::TimeToClear => language.age(value as i64),
        FigureId::Completeness => format!("{value:.1} %"),
        FigureId::Pm25 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
