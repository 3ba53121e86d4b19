// The words of the page's frame, its feeds and its states, in both languages.

import type { Freshness } from "../freshness";
import type { Averaging, Priority, Quality, StationNames, StationStatus } from "../model";
import { t, type Text } from "./text";

export const words = {
  title: t("Trung tâm Giám sát, điều hành", "Operations Monitoring Center"),
  views: t("Màn hình", "Views"),
  overview: t("Tổng quan", "Overview"),
  security: t("An toàn thông tin", "Security"),
  reports: t("Báo cáo", "Reports"),
  economy: t("Kinh tế – xã hội", "Economy"),
  health: t("Y tế", "Health"),
  education: t("Giáo dục", "Education"),
  targets: t("Chỉ tiêu", "Targets"),
  ledger: t("Sổ báo cáo", "Ledger"),
  feedsView: t("Nguồn & chất lượng", "Feeds & quality"),
  skip: t("Đến nội dung chính", "Skip to content"),
  online: t("Trực tuyến", "Online"),
  offline: t("Mất kết nối", "Disconnected"),
  connecting: t("Đang kết nối với máy chủ…", "Connecting to the server…"),
  filling: t("Máy chủ đang khởi động, bảng số liệu đang được nạp…", "The server is starting and filling its board…"),
  unreachable: t("Chưa liên lạc được với máy chủ. Đang thử lại…", "The server cannot be reached. Trying again…"),
  lost: t("Mất kết nối với máy chủ", "No connection to the server"),
  lostMeaning: t(
    "Số liệu trên màn hình là số liệu cũ, không phải hiện tại. Đang kết nối lại…",
    "What is shown is old, not current. Reconnecting…",
  ),
  replayed: t("Dữ liệu phát lại", "Replayed data"),
  serverClock: t("Giờ máy chủ", "Server time"),
  page: t("Trang", "Page"),
  attention: t("Cần chú ý", "Needs attention"),
  nothingWrong: t("Không có bất thường", "Nothing abnormal"),
  since: t("từ", "since"),
  stations: t("Số liệu mới nhất theo trạm", "Latest values by station"),
  indicator: t("Thông số", "Indicator"),
  value: t("Giá trị", "Value"),
  quality: t("Chất lượng", "Quality"),
  age: t("Tuổi", "Age"),
  lastDay: t("24 giờ", "24 hours"),
  noPlace: t("không rõ địa bàn", "place unknown"),
  notYetValid: t("chưa hoạt động", "not in operation yet"),
  corrected: t("đã hiệu chỉnh", "corrected"),
  loading: t("Đang tải…", "Loading…"),
  notAnswered: t("Máy chủ chưa trả lời; số liệu dưới đây là của lần hỏi trước.", "The server did not answer; what is shown is what it said before."),
  measuredAt: t("Thời điểm đo", "Measured"),
  receivedAt: t("Nhận lúc", "Received"),
  feed: t("Nguồn", "Feed"),
  envelope: t("Gói tin", "Envelope"),
  row: t("dòng", "row"),
  epoch: t("Đợt xử lý", "Epoch"),
  feeds: t("Nguồn dữ liệu", "Feeds"),
  feedsCaption: t(
    "Nguồn dữ liệu: tín hiệu gần nhất và hai đẳng thức cân đối",
    "Feeds: last signal and the two identities of the balance",
  ),
  lastSeen: t("Tín hiệu gần nhất", "Last signal"),
  envelopes: t("Gói tin", "Envelopes"),
  rows: t("Dòng số liệu", "Rows"),
  received: t("nhận", "received"),
  decoded: t("đọc được", "decoded"),
  empty: t("rỗng", "empty"),
  undecodable: t("không đọc được", "undecodable"),
  inFlight: t("đang xử lý", "in flight"),
  readRows: t("dòng", "rows"),
  stored: t("đã lưu", "stored"),
  duplicate: t("trùng", "duplicate"),
  rejected: t("bị loại", "rejected"),
  waiting: t("đang chờ", "waiting"),
  held: t("chờ quyết định", "held"),
  datagramsDropped: t("gói UDP hệ điều hành bỏ trước khi đọc", "datagrams the system dropped unread"),
  recordsLost: t("bản ghi Kafka mất trước khi đọc", "Kafka records lost unread"),
  balanced: t("cân đối", "balanced"),
  astray: t("thất lạc", "astray"),
  silent: t("mất tín hiệu", "silent"),
  neverHeard: t("chưa từng gửi", "never sent"),
  unheard: t("chưa rõ lần cuối", "last signal unknown"),
  rejects: t("Dữ liệu bị loại gần đây", "Last rejects"),
  noRejects: t("Chưa có dữ liệu nào bị loại.", "Nothing has been rejected."),
  whole: t("cả gói tin", "whole envelope"),
  bytes: t("byte", "bytes"),
  csv: t("Tải CSV", "Download CSV"),
  unit: t("Đơn vị", "Unit"),
  station: t("Trạm", "Station"),
  more: t("nữa", "more"),
  fewer: t("Thu gọn", "Fewer"),
};

export const qualityWords: Record<Quality, Text> = {
  good: t("tốt", "good"),
  calibrating: t("hiệu chuẩn", "calibrating"),
  device_error: t("lỗi thiết bị", "device error"),
  out_of_range: t("ngoài dải đo", "out of range"),
  suspect: t("nghi ngờ", "suspect"),
};

export const freshnessWords: Record<Freshness, Text> = {
  fresh: t("mới", "fresh"),
  late: t("trễ", "late"),
  stale: t("cũ", "stale"),
  missing: t("không có giá trị", "no value"),
  never: t("chưa từng gửi", "never reported"),
};

export const priorityWords: Record<Priority, Text> = {
  critical: t("Khẩn cấp", "Critical"),
  high: t("Cao", "High"),
  medium: t("Vừa", "Medium"),
  low: t("Thấp", "Low"),
};

export const statusWords: Record<StationStatus, Text> = {
  good: t("tốt", "good"),
  late: t("trễ", "late"),
  calibrating: t("hiệu chuẩn", "calibrating"),
  error: t("lỗi thiết bị", "device error"),
  silent: t("mất tín hiệu", "silent"),
};

export const notJudged = t("chưa đánh giá", "not judged yet");

/** Of an index or a mean: what it is made of may have come all the same. */
export const notComputed = t("chưa tính được", "not computed yet");

export const averagingWords: Record<Averaging, Text> = {
  hour: t("1 giờ", "1 hour"),
  eight_hours: t("8 giờ", "8 hours"),
  day: t("24 giờ", "24 hours"),
  year: t("năm", "year"),
};

export const kindWords: Record<StationNames["kind"], Text> = {
  waste_water: t("Nước thải", "Waste water"),
  surface_water: t("Nước mặt", "Surface water"),
  ground_water: t("Nước dưới đất", "Ground water"),
  stack_emission: t("Khí thải", "Stack emission"),
  ambient_air: t("Không khí xung quanh", "Ambient air"),
};

export const reasonWords: Record<string, Text> = {
  unmatched: t("không thuộc nguồn nào", "no feed matches"),
  forbidden: t("không được phép gửi", "not allowed"),
  too_large: t("quá lớn", "too large"),
  malformed: t("sai định dạng", "malformed"),
  missing_field: t("thiếu trường", "field missing"),
  invalid_field: t("trường sai kiểu", "field invalid"),
  not_a_number: t("không phải số", "not a number"),
  unknown_indicator: t("thông số lạ", "unknown indicator"),
  unknown_subject: t("trạm lạ", "unknown station"),
  unknown_unit: t("đơn vị lạ", "unknown unit"),
  future_time: t("thời gian ở tương lai", "time in the future"),
  absurd_time: t("thời gian vô lý", "absurd time"),
  unknown_alert: t("cảnh báo lạ", "unknown alert"),
  contradiction: t("tự mâu thuẫn", "contradicts itself"),
  refused: t("không được chấp nhận", "refused by an operator"),
  framing: t("khung tin sai", "framed wrongly"),
  lost: t("mất trước khi kịp đọc", "lost before it could be read"),
  no_birth: t("chưa có bản khai sinh", "its birth is missing"),
  form: t("biểu báo cáo không nhận", "its form does not let it in"),
  too_many: t("quá nhiều dòng lỗi", "too many bad rows"),
};
