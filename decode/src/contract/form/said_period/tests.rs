use super::*;

fn titled(kind: PeriodKind, title: &str) -> Vec<String> {
    let written = |said: &Said| match said {
        Said::Period(period) => period.label(),
        Said::Other(start, end) => format!("{start}..{end}"),
    };
    in_title(title, kind).iter().map(written).collect()
}

#[test]
fn a_title_says_its_period_in_words() {
    use PeriodKind::{
        AdminHalfYear, AdminMonth, AdminQuarter, Day, HalfYear, Month, Quarter, SchoolRound, SchoolYear,
        Week, Year,
    };
    for (kind, title, expected) in [
        (Month, "Kỳ báo cáo: tháng 10/2026", &["2026-10"][..]),
        (Month, "Doanh nghiệp thành lập mới, tháng 9 năm 2026", &["2026-09"]),
        (AdminMonth, "BAO CAO THANG 10 NAM 2026", &["2026-10"]),
        (AdminMonth, "Tháng 10 năm 2026 (từ ngày 15/9/2026 đến ngày 14/10/2026)", &["2026-10"]),
        (AdminMonth, "kỳ báo cáo từ 15/10/2026 đến 14/11/2026", &["2026-11"]),
        (AdminMonth, "từ 15/12 đến 14/01/2027", &["2027-01"]),
        (Month, "từ ngày 15/9/2026 đến ngày 14/10/2026", &["2026-09-15..2026-10-14"]),
        (Month, "Tây Ninh, ngày 12 tháng 11 năm 2026", &[]),
        (Month, "Thông tư 01/2026/TT-BTC, tháng 10-2026, ký 5/11/2026", &["2026-10"]),
        (Month, "tháng 10/2026 so với tháng 9/2026", &["2026-10", "2026-09"]),
        (Month, "Kỳ: 2026-10", &["2026-10"]),
        (Month, "năm 2026", &[]),
        (Month, "tháng 13/2026", &[]),
        (Quarter, "Quý IV năm 2026", &["2026-Q4"]),
        (AdminQuarter, "quý 3/2026", &["2026-Q3"]),
        (Quarter, "tháng 10 năm 2026", &[]),
        (HalfYear, "6 tháng đầu năm 2026", &["2026-S1"]),
        (AdminHalfYear, "báo cáo 6 tháng cuối năm 2026", &["2026-S2"]),
        (Month, "6 tháng đầu năm 2026", &[]),
        (Year, "Báo cáo năm 2026", &["2026"]),
        (Year, "tháng 10 năm 2026", &[]),
        (SchoolYear, "Học sinh đầu năm học 2026-2027", &["2026-2027"]),
        (SchoolYear, "năm học 2026 – 2027", &["2026-2027"]),
        (SchoolYear, "năm học 2026-2028", &[]),
        (SchoolRound, "Trường, lớp, học sinh đầu năm học 2026-2027", &["2026-2027-R1"]),
        (SchoolRound, "GIUA NAM HOC 2026-2027", &["2026-2027-R2"]),
        (SchoolRound, "năm học 2026 – 2027 (cuối năm)", &["2026-2027-R3"]),
        (SchoolRound, "Năm học 2026-2027, kỳ giữa năm", &["2026-2027-R2"]),
        (SchoolRound, "Kỳ báo cáo: 2026-2027-R3", &["2026-2027-R3"]),
        (SchoolRound, "từ 1/12/2026 đến 28/2/2027", &["2026-2027-R2"]),
        (SchoolRound, "năm học 2026-2027", &[]),
        (SchoolRound, "đầu năm học 2026-2028", &[]),
        (SchoolYear, "Kỳ báo cáo: 2026-2027-R3", &[]),
        (Week, "Tuần 48/2026", &["2026-W48"]),
        (Week, "tuần thứ 48 năm 2026", &["2026-W48"]),
        (Day, "ngày 12 tháng 11 năm 2026", &["2026-11-12"]),
        (Day, "Ngày 12/11/2026", &["2026-11-12"]),
    ] {
        assert_eq!(titled(kind, title), expected, "{title}");
    }
}

#[test]
fn a_cell_and_a_file_name_say_it_shortly() {
    use PeriodKind::{AdminMonth, Day, Month, Quarter, SchoolRound, SchoolYear, Year};
    let label = |period: Option<Period>| period.map(|period| period.label()).unwrap_or_default();
    for (kind, cell, expected) in [
        (Month, "2026-10", "2026-10"),
        (Month, "10/2026", "2026-10"),
        (Month, "Tháng 10/2026", "2026-10"),
        (Month, "13/2026", ""),
        (Quarter, "IV/2026", ""),
        (Quarter, "4/2026", "2026-Q4"),
        (Day, "23/11/2026", "2026-11-23"),
        (Year, "2026", "2026"),
        (SchoolRound, "2026-2027-R1", "2026-2027-R1"),
        (SchoolRound, "Cuối năm học 2026-2027", "2026-2027-R3"),
    ] {
        assert_eq!(label(in_cell(cell, kind)), expected, "{cell}");
    }
    for (kind, name, expected) in [
        (AdminMonth, "4-KTXH-X_25486_2026-11.csv", "2026-11"),
        (AdminMonth, "1-on-time.csv", ""),
        (Month, "bao-cao-202610.xlsx", "2026-10"),
        (Month, "T10-2026.xlsx", "2026-10"),
        (Month, "thang 10 nam 2026 (1).xlsx", "2026-10"),
        (Month, "10.2026.xls", "2026-10"),
        (Month, "dvc_2026-11-30.csv", ""),
        (Month, "dvc_20261130.csv", ""),
        (Month, "dvc_20261130101500.csv", ""),
        (Month, "2026-10_2026-11.csv", ""),
        (Day, "dvc_20261130.csv", "2026-11-30"),
        (Quarter, "KT_Q4-2026.xlsx", "2026-Q4"),
        (Quarter, "KT_2026-Q4.xlsx", "2026-Q4"),
        (SchoolYear, "truong_2026-2027.xlsx", "2026-2027"),
        (SchoolRound, "truong_2026-2027_R2.xlsx", "2026-2027-R2"),
        (SchoolRound, "Giữa năm học 2026-2027.xlsx", "2026-2027-R2"),
        (SchoolRound, "truong_2026-2027.xlsx", ""),
        (Year, "C:\\bao cao\\KT 2026.xlsx", "2026"),
        (Month, "inbox/2026-10/KT.xlsx", ""),
    ] {
        assert_eq!(label(in_file_name(name, kind)), expected, "{name}");
    }
}
