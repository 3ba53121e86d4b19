// The words of what is rejected and may be read again, in both languages.

import { t } from "./text";

export const replayWords = {
  title: t("Dữ liệu bị loại theo nguồn và lý do", "Rejected, by feed and reason"),
  why: t(
    "Sửa gói tỉnh, kiểm tra (ioc check) và cho hệ thống nhận (ioc reload). Sau đó chạy lệnh bên cạnh: bản tin bị loại được đọc lại theo gói tỉnh mới, giữ thời điểm đến ban đầu; số liệu đính chính gửi đến sau vẫn được giữ.",
    "Mend the pack, check it (ioc check) and have it taken over (ioc reload). Then run the command beside: what was rejected is read again by the pack as it is then, with the arrival it had; what was sent later and corrected it stays.",
  ),
  feed: t("Nguồn", "Feed"),
  reason: t("Lý do", "Reason"),
  open: t("Còn bị loại", "Open"),
  messages: t("Bản tin", "Messages"),
  first: t("Đến từ", "First came"),
  last: t("Đến cuối", "Last came"),
  replayed: t("Đã đọc lại", "Read again"),
  command: t("Lệnh đọc lại", "Command to read again"),
  copy: t("Chép lệnh", "Copy"),
  copied: t("đã chép", "copied"),
  selected: t("đã chọn, hãy chép", "selected, copy it"),
  done: t("Các lần đọc lại", "Replays"),
  when: t("Lúc", "When"),
  by: t("Người chạy", "By"),
  any: t("mọi lý do", "any reason"),
  stored: t("đã lưu sai", "stored wrongly"),
  changed: t("Bản tin đổi", "Messages changed"),
  good: t("Dòng nhận thêm hoặc đổi", "Rows taken up or replaced"),
  rejected: t("Dòng vẫn bị loại", "Still rejected"),
  left: t("Không đọc được", "Not read"),
  ended: t("dừng vì lỗi, chưa đọc hết", "ended by an error, not all was read"),
  goesOn: t("đang đọc", "goes on"),
  readAgain: t("đã đọc lại", "read again"),
} as const;
