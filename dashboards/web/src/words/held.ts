// The words of rows that wait for a person's decision, in both languages.

import { t } from "./text";

export const heldWords = {
  title: t("Dòng chờ quyết định", "Rows that wait for a decision"),
  why: t(
    "Những giá trị này đến rất lâu sau thời điểm đo và sẽ thay đổi số liệu đã chốt, đã đánh giá. Đồng hồ thiết bị có thể lệch cả năm. Chưa có gì thay đổi cho đến khi có người quyết định.",
    "These values came so long after their moment that they would change what was closed and judged. A device's clock may be a year off. Nothing changes until somebody decides.",
  ),
  sender: t("Bên gửi", "Sender"),
  station: t("Trạm", "Station"),
  indicator: t("Chỉ số", "Indicator"),
  day: t("Ngày đo", "Day measured"),
  rows: t("Số dòng", "Rows"),
  mean: t("Trung bình gửi đến", "Mean sent"),
  stands: t("Đang lưu", "Stored"),
  received: t("Đến lúc", "Came"),
  message: t("Bản tin", "Message"),
  accept: t("Chấp nhận", "Accept"),
  refuse: t("Không nhận", "Refuse"),
  sure: t("Chắc chắn:", "Sure:"),
  all: t("Tất cả của", "All of"),
  name: t("Tên người quyết định", "Who decides"),
  note: t("Ghi chú", "Note"),
  nameFirst: t("hãy ghi tên người quyết định", "say first who decides"),
  sending: t("đang gửi…", "sending…"),
  recorded: t("đã ghi, chờ xử lý", "recorded, not yet taken"),
  failed: t("chưa gửi được, hãy thử lại", "not sent, try again"),
  more: t("ngày và chuỗi số liệu nữa; ioc held liệt kê đến 1.000", "more series and days; ioc held lists up to 1,000"),
  gone: t("không còn dòng nào như vậy đang giữ", "no such row is held any more"),
};
