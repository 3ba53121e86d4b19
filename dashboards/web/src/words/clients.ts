// The words of who sends and whom the door turned away, in both languages.

import type { Notice } from "../model";
import { t, type Text } from "./text";

export const clientWords = {
  title: t("Bên gửi", "Senders"),
  nobody: t("Chưa có bên gửi nào kết nối.", "Nobody has connected yet."),
  sender: t("Bên gửi, mã thiết bị", "Sender, client"),
  client: t("Mã thiết bị", "Client"),
  by: t("Đường vào", "Way in"),
  address: t("Địa chỉ", "Address"),
  connectedSince: t("Kết nối từ", "Connected since"),
  lastHeard: t("Nghe lần cuối", "Last heard"),
  perMinute: t("bản tin/phút", "messages/min"),
  notConnected: t("không kết nối", "not connected"),
  note: t(
    "Số bị loại tính theo bên gửi, từ khi máy chủ khởi động.",
    "Rejects are counted by sender, since the server started.",
  ),
  door: t("Cửa tiếp nhận", "Where senders come in"),
};

/** What happened at the door. */
export const noticeWords: Record<Notice["what"], Text> = {
  taken_over: t("mã thiết bị bị chiếm", "client identifier taken over"),
  wrong_credentials: t("bị từ chối: sai tên hoặc mật khẩu", "refused: wrong user or password"),
  wrong_version: t("bị từ chối: phiên bản giao thức không hỗ trợ", "refused: a protocol version not spoken here"),
  forbidden: t("bị từ chối: không phải nguồn của mình", "refused: not its feed"),
  empty: t("bản tin rỗng, chưa gửi được gì", "an empty message, nothing delivered"),
  framing: t("khung tin sai: giữ lại từng mảnh, không tính là bản tin", "framed wrongly: pieces are kept, and are no messages"),
  dropped: t("hệ điều hành bỏ gói tin trước khi kịp đọc", "datagrams dropped by the system before they were read"),
  lost: t("mất dữ liệu trước khi kịp đọc", "lost before it could be read"),
  untold: t("vẫn nhận, nhưng không phân biệt được với bên gửi khác", "taken, and not told apart from other senders"),
  refused: t("bị từ chối", "refused"),
};
