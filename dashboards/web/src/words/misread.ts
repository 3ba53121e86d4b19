// The words of what could not be read and of what the pack says nothing about, in both languages.

import { t } from "./text";

export const misreadWords = {
  title: t("Không đọc được hoặc chưa khai báo cách đọc", "Not read, or read without a word of the pack"),
  senders: t("Thiết bị gửi sai", "Devices that send wrongly"),
  sender: t("Nguồn gửi", "Who sent"),
  untold: t("không phân biệt được nguồn gửi", "senders that are not told apart"),
  moreSenders: t("nguồn gửi khác", "more senders"),
  andOthers: t("địa chỉ", "addresses"),
  rejects: t("Không đọc được", "Not read"),
  why: t("Vì sao", "Why"),
  last: t("Gần nhất", "Last"),
  openLast: t("Mở bản gần nhất", "Open the last one"),
  noSenders: t("Mọi thứ nhận được trong 24 giờ qua đều đọc được.", "All that came within 24 hours could be read."),
  products: t("Sản phẩm gói tỉnh chưa khai cách đọc", "Products that the pack says nothing about"),
  vendor: t("Hãng", "Vendor"),
  product: t("Sản phẩm", "Product"),
  noProduct: t("(không nêu tên)", "(no name)"),
  lines: t("Số dòng", "Lines"),
  notRated: t("Chưa rõ mức", "Not rated"),
  notRatedMeaning: t(
    "dòng có mức độ mà thang của định dạng lẫn severities.toml đều không có",
    "lines whose severity neither the format's scale nor severities.toml has",
  ),
  byFormat: t("Theo định dạng", "By format"),
  byFormatMeaning: t(
    "dòng được xếp mức theo thang chung của định dạng, vì severities.toml chưa có thang của sản phẩm",
    "lines that were rated by the scale of their format, since severities.toml has none of the product",
  ),
  unrecognized: t("Chưa nhận ra", "Not recognized"),
  unrecognizedMeaning: t(
    "dòng chỉ được giữ nguyên văn (loại 'log'): không tính là cảnh báo, đăng nhập hay chặn",
    "lines kept as text (of the kind 'log'): they count as no alert, log-in or block",
  ),
  noProducts: t("Mọi sản phẩm đều có cách đọc.", "Every product is read as the pack says."),
  moreProducts: t("sản phẩm khác", "more products"),
};
