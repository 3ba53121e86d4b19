// The words of how a sensor sees and how a clock goes, in both languages.

import { t } from "./text";

export const sensorWords = {
  record: t("Bản ghi của cảm biến", "The sensor's record"),
  openRecord: t("Mở bản ghi của cảm biến", "Open the sensor's record"),
  sees: t("quan sát đủ", "sees enough"),
  noRules: t("không nạp được luật nào", "no rules loaded"),
  failed: t("luật lỗi", "failed"),
  dropped: t("gói tin bị rơi", "of packets dropped"),
  discarded: t("cảnh báo bị hàng đợi bỏ", "alerts discarded by its queue"),
  restarted: t("đã khởi động lại, bộ đếm đếm lại từ đầu", "restarted, its counters began again"),
  clock: t("đồng hồ", "clock"),
  ahead: t("nhanh", "ahead by"),
  behind: t("chậm", "behind by"),
  clockNotice: t(
    "lệch đều so với lúc nhận: thường do khai sai múi giờ, không phải gửi trễ. Hãy sửa múi giờ trên thiết bị hoặc khai 'timezone' cho nguồn này trong gói tỉnh.",
    "constantly, against its arrivals: mostly a zone that is declared wrongly, not lateness. Mend the zone at the device, or declare 'timezone' of this log source in the pack.",
  ),
  stationClockNotice: t(
    "lệch đều so với lúc nhận: số liệu ghi giờ theo đồng hồ này là nghi ngờ. Hãy sửa giờ hoặc múi giờ trên thiết bị.",
    "constantly, against its arrivals: what it dates is suspect. Set the clock or the zone at the device.",
  ),
};
