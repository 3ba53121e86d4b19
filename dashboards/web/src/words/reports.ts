// The words of what agencies reported: verdicts, weights, marks, vintages, periods, in both languages.

import type { ReportCell, ReportFinding, ReportPeriod, ReportValue, ReportVerdict } from "../api";
import { t, type Text } from "./text";

export const reportWords = {
  arrived: t("Báo cáo đã nhận", "Reports that arrived"),
  received: t("Nhận lúc", "Received"),
  form: t("Biểu", "Form"),
  anyForm: t("mọi biểu", "any form"),
  agency: t("Đơn vị báo cáo", "Reporting agency"),
  anyAgency: t("mọi đơn vị", "any agency"),
  period: t("Kỳ báo cáo", "Period"),
  verdict: t("Kết quả", "Verdict"),
  anyVerdict: t("mọi kết quả", "any verdict"),
  rows: t("Số dòng", "Rows"),
  stored: t("Đã lưu", "Stored"),
  changed: t("Thay đổi", "Changed"),
  same: t("Như cũ", "Same"),
  rejected: t("Bị loại", "Rejected"),
  conflicts: t("Trái nhau", "Conflicts"),
  kept: t("Giữ nguyên", "Kept"),
  withdrawn: t("Rút lại", "Taken back"),
  errors: t("Lỗi", "Errors"),
  warnings: t("Cảnh báo", "Warnings"),
  notes: t("Lưu ý", "Notes"),
  storedMeaning: t("ô mới, ô thay đổi, hoặc ô để bên cạnh số của đơn vị chủ quản", "new, changed, or beside what the owner says"),
  changedMeaning: t("trong số đã lưu: thay số mà chính đơn vị đã báo", "of the stored: other than what the same agency had said"),
  conflictsMeaning: t("trong số đã lưu: ô do đơn vị khác chủ quản", "of the stored: another agency is the owner"),
  keptMeaning: t("ô không có trong báo cáo, số cũ vẫn giữ", "left out of the report and as they were"),
  message: t("Bản gốc", "Original"),
  openReport: t("Mở báo cáo", "Open the report"),
  openMessage: t("Mở bản gốc như đã nhận", "Open the message as it came"),
  openValues: t("Xem số liệu của kỳ này", "Show the values of this period"),
  noReports: t("Không có báo cáo nào.", "No reports."),
  clear: t("Bỏ lọc", "Clear filters"),
  older: t("Cũ hơn", "Older"),
  newer: t("Về mới nhất", "Back to the newest"),
  lastPage: t("Hết báo cáo.", "No older reports."),
  report: t("Báo cáo", "Report"),
  back: t("Về danh sách", "Back to the list"),
  feed: t("Nguồn", "Feed"),
  sender: t("Người gửi", "Sender"),
  findings: t("Nội dung kiểm tra", "What was found"),
  noFindings: t("Không phát hiện gì.", "Nothing was found."),
  weight: t("Mức", "Weight"),
  where: t("Vị trí", "Where"),
  stands: t("Đang ghi", "What stands there"),
  says: t("Nội dung", "What is said of it"),
  whole: t("cả báo cáo", "all of it"),
  rule: t("Quy tắc", "Rule"),
  changes: t("Ô đã lưu", "Cells that were stored"),
  noChanges: t("Báo cáo này không làm thay đổi ô nào.", "This report changed no cell."),
  place: t("Địa bàn", "Place"),
  placeCode: t("Mã địa bàn", "Code of the place"),
  indicator: t("Chỉ tiêu", "Indicator"),
  part: t("Phân tổ", "Part"),
  was: t("Trước", "Was"),
  is: t("Nay", "Is"),
  wasIs: t("Trước → nay", "Was → is"),
  nothingBefore: t("chưa có", "nothing"),
  standing: t("Lần báo", "Standing"),
  beside: t("lưu bên cạnh, không hiện", "kept beside, not shown"),
  asSent: t("Ghi trong báo cáo", "As it came"),
  vintage: t("Loại số", "Vintage"),
  note: t("Ghi chú", "Note"),
  mark: t("Ký hiệu", "Mark"),
  number: t("Số", "Number"),
  start: t("Từ ngày", "First day"),
  end: t("Đến ngày", "Last day"),
  moreCells: t("Chỉ liệt kê phần đầu: máy chủ cho biết còn nữa.", "Only the first are listed: the server says that there are more."),
  moreValues: t("Chỉ liệt kê phần đầu, vì vậy không cộng: máy chủ cho biết còn nữa.", "Only the first are listed, and nothing is added up: the server says that there are more."),
  more: t("Thêm", "More"),
  of: t("trong số", "of"),
  smallNumber: t("số nhỏ", "small number"),
  keptBack: t("không hiển thị", "kept back"),
  values: t("Số liệu theo biểu và kỳ", "Values of a form and period"),
  choose: t("Chọn biểu và kỳ, hoặc bấm vào kỳ của một báo cáo.", "Choose a form and a period, or the period of a report."),
  noForm: t("chọn biểu", "choose a form"),
  show: t("Xem", "Show"),
  example: t("ví dụ 2026-10, 2026-Q4, 2026", "such as 2026-10, 2026-Q4, 2026"),
  noValues: t("Chưa có số liệu nào của biểu và kỳ này.", "Nothing is known of this form and period."),
  total: t("Tổng của những số đã biết", "Total of what is known"),
  totalOf: t("của", "of"),
  places: t("nơi", "places"),
  cells: t("ô", "cells"),
  notAdded: t("không cộng", "not added up"),
  key: t("Ký hiệu trong bảng", "Marks in the table"),
  absent: t("chưa báo cáo", "not reported"),
  since: t("từ", "since"),
};

export const verdictWords: Record<ReportVerdict, Text> = {
  accepted: t("đã nhận", "accepted"),
  in_part: t("nhận một phần", "accepted in part"),
  refused: t("không nhận", "refused"),
  duplicate: t("đã gửi trước đó", "came before"),
  held: t("chờ quyết định", "waits for a decision"),
};

export const weightWords: Record<ReportFinding["weight"], Text> = {
  error: t("lỗi", "error"),
  warning: t("cảnh báo", "warning"),
  note: t("lưu ý", "note"),
};

export const markWords: Record<Exclude<ReportValue["mark"], "value">, Text> = {
  none: t("không phát sinh", "none occurred"),
  not_collected: t("chưa thu thập", "not collected"),
  not_filled: t("chưa điền", "not filled in"),
  withheld: t("không công bố", "withheld"),
  withdrawn: t("đã rút lại", "taken back"),
};

export const vintageWords: Record<ReportCell["vintage"], Text> = {
  estimate: t("ước tính", "estimate"),
  preliminary: t("sơ bộ", "preliminary"),
  official: t("chính thức", "official"),
};

export const standingWords: Record<ReportCell["standing"], Text> = {
  first: t("lần đầu", "first"),
  correction: t("sửa số", "correction"),
  history: t("đến muộn hơn số mới, chỉ lưu", "older than what is known, kept only"),
  restored: t("hiện lại", "shown again"),
  replaced: t("đọc lại", "read again"),
  gone: t("đọc lại, không còn số này", "read again, says this no more"),
};

/** A period of a kind, of the parts of its label: year, and the number in it. */
export const periodWords: Record<ReportPeriod["kind"], (year: string, number: string) => Text> = {
  day: (year, number) => t(`${number}/${year}`, `${number}/${year}`),
  week: (year, number) => t(`tuần ${number}/${year}`, `week ${number}/${year}`),
  month: (year, number) => t(`tháng ${number}/${year}`, `month ${number}/${year}`),
  admin_month: (year, number) => t(`tháng ${number}/${year}`, `month ${number}/${year}`),
  quarter: (year, number) => t(`quý ${number}/${year}`, `quarter ${number}/${year}`),
  admin_quarter: (year, number) => t(`quý ${number}/${year}`, `quarter ${number}/${year}`),
  half_year: half,
  admin_half_year: half,
  year: (year) => t(`năm ${year}`, `year ${year}`),
  admin_year: (year) => t(`năm ${year}`, `year ${year}`),
  school_year: (year, number) => t(`năm học ${year}–${number}`, `school year ${year}–${number}`),
  school_round: round,
};

/** `1/2027` of the year 2026: the first count of the school year 2026–2027. */
function round(year: string, said: string): Text {
  const [number = "", next = ""] = said.split("/");
  const [vi, en] = number === "1" ? ["đầu", "beginning"] : number === "2" ? ["giữa", "middle"] : ["cuối", "end"];
  return t(`${vi} năm học ${year}–${next}`, `${en} of school year ${year}–${next}`);
}

function half(year: string, number: string): Text {
  return number === "1" ? t(`6 tháng đầu năm ${year}`, `first half of ${year}`) : t(`6 tháng cuối năm ${year}`, `second half of ${year}`);
}
