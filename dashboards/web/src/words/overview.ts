// The words of the overview: figures, map, stations, trend.

import type { FigureReason } from "../model";
import { t, type Text } from "./text";

export const kpiWords = {
  title: t("Chỉ số chính", "Key figures"),
  aqi: t("VN_AQI cao nhất", "Highest VN_AQI"),
  stations: t("Trạm đang gửi số liệu", "Stations reporting"),
  pm25: t("PM2.5 ngày, trạm cao nhất", "PM2.5 day, worst station"),
  exceeded: t("Giờ vượt giới hạn", "Hours over the limit"),
  completeness: t("Độ đầy đủ số liệu", "Completeness"),
  alerts: t("Cảnh báo đang mở", "Open alerts"),
  balance: t("Gói tin thất lạc", "Envelopes astray"),
  logSources: t("Nguồn nhật ký có tín hiệu", "Log sources heard"),
  slowest: t("Nguồn chậm nhất", "Slowest feed"),
  target: t("mục tiêu", "target"),
  limit: t("giới hạn", "limit"),
  kept: t("đạt", "on target"),
  near: t("gần ngưỡng", "near"),
  missed: t("chưa đạt", "missed"),
  over: t("vượt", "over"),
  withheld: t("chưa đánh giá", "not judged"),
  insufficient: t("chưa đủ số liệu", "too little data"),
  lastDay: t("24 giờ qua", "last 24 hours"),
  now: t("hiện tại", "now"),
  sinceStart: t("từ đầu", "since the beginning"),
  source: t("nguồn", "source"),
  noValue: t("không có giá trị", "no value"),
  none: t("không có", "none"),
  hours: t("giờ", "hours"),
  of: t("trên", "of"),
  open: t("mở nguồn gốc", "open its origin"),
  unacknowledged: t("chưa xác nhận", "unacknowledged"),
  notAll: t("chưa đủ", "not all"),
  taken: t("đã có người nhận", "all taken"),
};

export const reasonsOfIndex: Record<string, Text> = {
  no_particulates: t("thiếu PM10 và PM2.5", "neither PM10 nor PM2.5"),
  too_few_groups: t("quá ít nhóm thông số", "too few parameter groups"),
  no_data: t("không đủ số liệu", "not enough data"),
};

/** Why a figure has no number. */
export const reasonWords: Record<FigureReason, Text> = {
  on_target: t("không có giá trị", "no value"),
  near_target: t("không có giá trị", "no value"),
  beyond: t("không có giá trị", "no value"),
  unacknowledged: t("không có giá trị", "no value"),
  taken: t("không có giá trị", "no value"),
  silent: t("mất tín hiệu", "silent"),
  not_all: t("chưa đủ", "not all"),
  insufficient: t("không đủ số liệu để đánh giá", "not enough data to judge"),
  stale: t("số liệu cũ", "stale"),
  never: t("chưa có số liệu", "nothing has come yet"),
  nothing: t("gói tỉnh không có gì để tính", "the pack has nothing it could be of"),
  no_particulates: t("thiếu PM10 và PM2.5", "neither PM10 nor PM2.5"),
  too_few_groups: t("quá ít nhóm thông số", "too few parameter groups"),
  no_data: t("không đủ số liệu", "not enough data"),
};

export const mapWords = {
  title: t("Chất lượng không khí theo xã, phường", "Air quality by commune"),
  official: t("Màu chính thức", "Official colours"),
  noStation: t("không có trạm", "no station"),
  stale: t("số liệu cũ", "stale"),
  noValue: t("không có giá trị", "no value"),
  oldBorder: t("ranh giới tỉnh trước 01/7/2025", "provinces before 1 July 2025"),
  legend: t("Chú giải", "Legend"),
  failed: t("Không tải được bản đồ.", "The map could not be loaded."),
  loading: t("Đang tải bản đồ…", "Loading the map…"),
  asTable: t("Xem dạng bảng", "Show as a table"),
  commune: t("Xã, phường", "Commune"),
  stationWord: t("Trạm", "Station"),
  category: t("Mức", "Category"),
  hour: t("Giờ", "Hour"),
};

export const stationWords = {
  title: t("Trạm quan trắc", "Stations"),
  notYet: t("trạm chưa hoạt động", "stations not in operation yet"),
  origin: t("Nguồn gốc", "Origin"),
  indicators: t("thông số", "indicators"),
  since: t("từ", "since"),
};

export const trendWords = {
  title: t("Diễn biến", "Trend"),
  range: t("Khoảng thời gian", "Period"),
  station: t("Trạm", "Station"),
  series: t("Thông số", "Indicator"),
  step: t("Bước thời gian", "Step"),
  point: t("Điểm đo", "Points"),
  hour: t("Giờ", "Hours"),
  day: t("Ngày", "Days"),
  all: t("tất cả", "all"),
  empty: t("Chưa có số liệu trong khoảng này.", "There is nothing in this period."),
  failed: t("Không lấy được diễn biến: kho dữ liệu chưa trả lời.", "The trend is not available: the store does not answer."),
  mean: t("Trung bình", "Mean"),
  value: t("Giá trị", "Value"),
  lowest: t("Thấp nhất", "Lowest"),
  highest: t("Cao nhất", "Highest"),
  completeness: t("Đầy đủ", "Completeness"),
  start: t("Bắt đầu", "Start"),
  asTable: t("Xem dạng bảng", "Show as a table"),
  zoom: t("Phóng to, thu nhỏ", "Zoom"),
  nearer: t("Phóng to", "Zoom in"),
  farther: t("Thu nhỏ", "Zoom out"),
  earlier: t("Sớm hơn", "Earlier"),
  later: t("Muộn hơn", "Later"),
  reset: t("Xem tất cả", "Show all"),
  band: t("thấp nhất – cao nhất", "lowest – highest"),
  gap: t("không có số liệu", "no data"),
  above: t("trên khung", "above the frame"),
  points: t("điểm", "points"),
  thinned: t("gộp", "thinned"),
};
