// The words of sources that are asked instead of sending, in both languages.

import type { Pull } from "../api";
import { t, type Text } from "./text";

export const pullWords = {
  title: t("Nguồn do trung tâm chủ động hỏi", "Sources that are asked"),
  source: t("Nguồn", "Source"),
  address: t("Địa chỉ", "Address"),
  by: t("Đường vào", "Way in"),
  passed: t("Đã đọc hết đến", "Read whole up to"),
  notYet: t("chưa đọc hết lần nào từ khi khởi động", "not read whole since the start"),
  place: t("Con trỏ", "Cursor"),
  beginning: t("từ đầu", "at the beginning"),
  asked: t("Hỏi lần cuối", "Asked last"),
  next: t("Hỏi lần tới", "Asked next"),
  reading: t("đang đọc", "being read"),
  within: t("sau", "in"),
  every: t("mỗi", "every"),
  late: t("Hiện ra sau con trỏ", "Behind the cursor"),
  envelopes: t("Bản tin", "Messages"),
  compared: t("Đối chiếu kỳ", "Periods compared"),
  notCompared: t("chưa", "not yet"),
  periods: t("kỳ", "periods"),
  first: t("lần đầu", "for the first time"),
  changed: t("khác", "differ"),
  gone: t("kỳ không còn ở nguồn", "periods are gone there"),
  givenUp: t("không đọc trọn được", "not read whole"),
  failing: t("Không lấy được", "Cannot be read"),
  fault: t("cần người sửa", "must be mended"),
  since: t("từ", "since"),
  times: t("lần thử", "attempts"),
  error: t("Lỗi", "Error"),
  limits: t("Không bảo đảm", "Not guaranteed"),
};

/** What is not guaranteed. */
export const limitWords: Record<Pull["limits"][number], Text> = {
  unguarded: t(
    "tài khoản không thấy giao dịch đang mở: dòng ghi muộn chỉ tìm thấy khi đối chiếu kỳ",
    "the account may not see open transactions: rows committed late are found only where periods are compared",
  ),
  late_rows: t(
    "bản ghi hiện ra muộn hơn khoảng đọc lại chỉ tìm thấy khi đối chiếu kỳ",
    "records that appear later than what is read again are found only where periods are compared",
  ),
  not_compared: t(
    "không đối chiếu kỳ: không thấy bản ghi bị xóa, hoặc bị sửa mà không đổi thời điểm",
    "no periods are compared: what is removed, or changed without its moment, is not seen",
  ),
  removals: t("không thấy bản ghi lẻ bị xóa", "a single record that is removed is not seen"),
  empty_periods: t(
    "kỳ bị xóa sạch ở nguồn được báo nhưng số liệu đã có không bị rút",
    "a period of which everything is gone is told, and what is known of it stays",
  ),
  future: t(
    "có dòng ghi thời điểm ở tương lai (hơn một ngày): mỗi lượt đọc lại, con trỏ không theo; đề nghị nguồn sửa",
    "rows have a moment that lies ahead (more than a day): they are read again at each turn and carry nothing; to be mended there",
  ),
  unverified: t(
    "trang do nguồn dẫn: bản ghi xê dịch giữa các trang khi đang đọc thì không thấy",
    "pages are led by the source: records that move from page to page while they are read are not seen",
  ),
  unsettled: t(
    "danh sách thay đổi liên tục khi đang đọc, hoặc dẫn đi mãi mà không còn bản ghi: lấy những gì có, con trỏ đứng yên",
    "the listing does not hold still while it is read, or leads on without a record: what there is is taken, and the cursor stays",
  ),
  repeats: t(
    "mỗi lượt đọc lại nhiều bản ghi hơn số nhớ được (200.000): phần vượt quá lại vào nhật ký, tuy không đổi",
    "more records are read again at each turn than are remembered (200,000): the rest goes to the log again, though it says the same",
  ),
  files_left: t(
    "có tệp hoặc thư mục mà máy chủ hiện không cho lấy: trung tâm thử lại thưa dần, các tệp khác vẫn được lấy",
    "the server does not give some files or folders now: they are tried again, less and less often, and the others are fetched",
  ),
  unidentified: t(
    "máy chủ Kafka không cho biết định danh chủ đề: chủ đề bị xóa và tạo lại chỉ nhận ra được khi nó ngắn hơn",
    "the brokers give no identities of topics: one that is deleted and made anew is known only by its being shorter",
  ),
};
