// The words of maps: how numbers by place are read, and why one is on none, in both languages.

import type { RestatedCell } from "../api";
import { t, type Text } from "./text";

export const mapsWords = {
  map: t("Địa giới", "Map of places"),
  reported: t("như báo cáo", "as reported"),
  today: t("hôm nay", "today"),
  until: t("ngày", "of"),
  group: t("Địa bàn", "Places"),
  all: t("tất cả", "all of them"),
  estimated: t("ước tính", "estimated"),
  estimate: t("ước tính theo tỷ lệ của đơn vị đã chia tách", "estimated by the share of a unit that was split"),
  parts: t("phần đã biết", "parts known"),
  madeOf: t("Gồm", "Made of"),
  share: t("phần", "share"),
  open: t("xem các số hợp thành", "show what it is made of"),
  close: t("đóng", "close"),
  onNone: t("Không tính vào đơn vị nào của địa giới này", "Not on this map"),
  onNoneSaid: t(
    "Số của những nơi này không tính vào đơn vị nào của địa giới đã chọn: không suy đoán, và không cộng thêm vào số đơn vị tự báo cáo.",
    "The numbers of these places are told under no unit of the map that is chosen: nothing is guessed, and nothing is added to what a unit says itself.",
  ),
  none: t("Chưa có số liệu nào trên địa giới này.", "Nothing is known on this map."),
  tooMany: t(
    "Biểu và kỳ này có nhiều số liệu hơn mức quy đổi được: xem ở “như báo cáo”.",
    "There are more numbers of this form and period than can be read on a map: see “as reported”.",
  ),
  oneOfMany: t(
    "Biểu và kỳ này có nhiều số liệu hơn mức hiển thị: dưới đây là chỉ tiêu đang xem.",
    "There are more numbers of this form and period than are listed: these are of the indicator that is looked at.",
  ),
  before: t("Địa giới trước đó; bản đồ hình vẽ chỉ có ranh giới hiện nay.", "An earlier map; only today's boundaries are drawn."),
  total: t(
    "Tổng toàn địa bàn giống nhau trên mọi địa giới, gồm cả số không tính vào đơn vị nào: xem ở “như báo cáo”.",
    "Totals over all places are the same on every map, with what is not on it: see “as reported”.",
  ),
};

export const reasonWords: Record<NonNullable<RestatedCell["reason"]>, Text> = {
  no_successor: t("đơn vị đã bỏ, không có đơn vị kế tục", "the unit came to none"),
  no_predecessor: t("không rõ lập từ đơn vị nào", "made of nothing that is known"),
  split_backwards: t("lập từ một phần của đơn vị cũ, không tách ngược được", "made of a part of a unit: cannot be split backwards"),
  merged_backwards: t("nhập từ nhiều đơn vị: chỉ biết tổng", "made of several units: only their sum is known"),
  own_word: t("đơn vị hiện có đã tự báo cáo kỳ này", "the unit of the map spoke of it itself"),
  not_additive: t("chỉ tiêu không cộng được", "may not be added up"),
  part_missing: t("thiếu số của một phần", "a part is missing"),
  no_number: t("đơn vị báo cáo không có số", "reported without a number"),
};
