// The words of alerts and of the way from a number to its origin.

import { t, type Text } from "./text";
import type { Compared, Count } from "../api";
import type { Alert } from "../model";

export const alertWords = {
  title: t("Cảnh báo", "Alerts"),
  none: t("Không có cảnh báo đang mở", "No open alert"),
  all: t("Tất cả cảnh báo", "All alerts"),
  open: t("đang mở", "open"),
  unacknowledged: t("chưa xác nhận", "unacknowledged"),
  acknowledge: t("Xác nhận", "Acknowledge"),
  acknowledgeTitle: t("Xác nhận cảnh báo", "Acknowledge the alert"),
  yourName: t("Họ tên người xác nhận", "Your name"),
  nameNeeded: t("Cần có họ tên.", "A name is needed."),
  note: t("Ghi chú (không bắt buộc)", "Note (optional)"),
  send: t("Xác nhận", "Acknowledge"),
  cancel: t("Thôi", "Cancel"),
  sending: t("đang gửi…", "sending…"),
  recorded: t("đã ghi, chờ xử lý", "recorded, not yet taken"),
  failed: t("chưa gửi được", "not sent"),
  unanswered: t("máy chủ không trả lời, hãy thử lại", "no answer from the server, try again"),
  unreachable: t("không liên lạc được với máy chủ", "the server cannot be reached"),
  already: t("đã có người xác nhận", "already acknowledged"),
  gone: t("cảnh báo không còn mở", "the alert is not open any more"),
  busFull: t("máy chủ đang đầy, hãy thử lại", "the server is full, try again"),
  firstStep: t("Việc đầu tiên", "First step"),
  cleared: t("đã hết", "cleared"),
  over: t("đã qua khi được biết", "over when it was learnt"),
  takenBy: t("đã nhận", "taken by"),
  history: t("Diễn biến của cảnh báo", "History of the alert"),
  threshold: t("ngưỡng", "threshold"),
  within: t("trong", "within"),
  lines: t("Các dòng làm nên cảnh báo", "The lines that make the alert"),
  linesMeaning: t(
    "Mọi dòng mà quy tắc theo dõi, như đã biết khi cảnh báo phát; dòng không cộng thêm lần nào chỉ làm chứng.",
    "Every line that the rule watches, as known when it was raised; one that adds nothing only supports the others.",
  ),
  noLines: t("Không có dòng nào mà bạn được xem.", "No line that is yours to see."),
  moreLines: t("Thêm dòng", "More lines"),
  adds: t("cộng", "adds"),
  allOf: t("Mọi sự kiện của địa chỉ này", "All events of this address"),
  allOfNetwork: t("Mọi sự kiện của mạng này", "All events of this network"),
  allOfSource: t("Mọi sự kiện của nguồn nhật ký này", "All events of this log source"),
  counted: t("Các sự kiện đã đếm", "The events that were counted"),
  missedReports: t("Báo cáo trễ hoặc thiếu trong năm", "Reports of the year that were late or are missing"),
  openMissed: t("Các báo cáo trễ hoặc thiếu", "The reports that were late or are missing"),
  usually: t("thường", "usually"),
  compared: t("Các giờ đã so sánh", "The hours it was held against"),
  more: t("nữa", "more"),
  older: t("Cũ hơn", "Older"),
  noHistory: t("Chưa có cảnh báo nào.", "There has been no alert."),
};

export const changeWords: Record<Alert["change"], Text> = {
  raised: t("phát", "raised"),
  recurred: t("tái diễn", "recurred"),
  cleared: t("hết", "cleared"),
  acknowledged: t("xác nhận", "acknowledged"),
};

/** Which hours one was held against. */
export const likeWords: Record<Compared["like"], Text> = {
  weeks: t(
    "Cùng giờ, cùng thứ trong tám tuần trước; chỉ tính giờ biết đủ, như đã biết khi đó.",
    "The same hour of the same weekday in the eight weeks before; only hours known as a whole, as they were known then.",
  ),
  days: t(
    "Cùng giờ trong mười bốn ngày trước; chỉ tính giờ biết đủ, như đã biết khi đó.",
    "The same hour of the fourteen days before; only hours known as a whole, as they were known then.",
  ),
};

/** What a rule counts of events. */
export const countWords: Record<Count, Text> = {
  attempts: t("Lần đăng nhập thất bại", "Failed attempts to log in"),
  events: t("Sự kiện", "Events"),
  lines: t("Dòng nhật ký", "Lines of logs"),
  sources: t("Địa chỉ nguồn khác nhau", "Different addresses it came from"),
  targets: t("Đích khác nhau", "Different targets"),
  users: t("Tài khoản khác nhau", "Different users"),
  machines: t("Máy khác nhau", "Different machines"),
  sum: t("Tổng của một thuộc tính", "Sum of an attribute"),
  last: t("Giá trị mới nhất của một thuộc tính", "Last value of an attribute"),
  raised: t("Cảnh báo cảm biến tự đếm", "Alerts by the sensor's own count"),
  lost: t("Cảnh báo không đến", "Alerts that never arrived"),
};

export const originWords = {
  spiked: t(
    "Một giá trị duy nhất làm nên con số này: nó cao hơn nhiều lần các giá trị còn lại. Hãy xem thiết bị.",
    "One value alone makes this figure: it is many times what the others say. Look at the device.",
  ),
  panel: t("Nguồn gốc số liệu", "Origin of the number"),
  way: t("Đường đến bản gốc", "The way to the original"),
  close: t("Đóng", "Close"),
  loading: t("Đang mở…", "Opening…"),
  missing: t("Không tìm thấy: có thể đã được dọn khỏi kho.", "Not found: it may have been cleared from the store."),
  failed: t("Kho dữ liệu chưa trả lời. Hãy thử lại.", "The store does not answer. Try again."),
  again: t("Thử lại", "Try again"),
  formula: t("Công thức", "Formula"),
  act: t("Văn bản", "Act"),
  revision: t("Lần tính", "Revision"),
  parts: t("Thành phần", "Parts"),
  input: t("Đầu vào", "Input"),
  subIndex: t("Chỉ số con", "Sub-index"),
  deciding: t("quyết định", "deciding"),
  inputs: t("Cửa sổ đầu vào", "Input windows"),
  window: t("Cửa sổ", "Window"),
  hourWindow: t("Trung bình giờ", "Hourly mean"),
  dayWindow: t("Trung bình ngày", "Daily mean"),
  rows: t("Dòng số liệu", "Rows"),
  counted: t("tính vào", "counted"),
  replaced: t("đã được thay", "replaced"),
  message: t("Gói tin", "Message"),
  raw: t("Bản gốc như đã nhận", "The original as it came"),
  download: t("Tải bản gốc", "Download the original"),
  log: t("nhật ký tiếp nhận", "the log"),
  archive: t("kho lưu trữ", "the archive"),
  where: t("Nằm ở", "Kept in"),
  address: t("Địa chỉ", "Address"),
  sender: t("Người gửi", "Sender"),
  size: t("Kích thước", "Size"),
  gone: t("không còn trên nhật ký, chưa có trong kho lưu trữ", "no longer on the log, and not in the archive"),
  keptBack: t(
    "bản tin có số liệu về người, trong đó số nhỏ không được hiển thị; nơi gửi xem được bản gốc ở trang nộp báo cáo",
    "it says numbers of persons, of which small ones are kept back; whoever sent it has it on the page for reports",
  ),
  withheld: t("bản gốc quá lớn, chỉ giữ mô tả", "the original was too large: a description stands for it"),
  cut: t("chỉ hiện phần đầu", "only the beginning is shown"),
  binary: t("không phải văn bản UTF-8, hiện dạng base64", "not UTF-8 text, shown as base64"),
  storedRows: t("Dòng đã lưu từ gói tin này", "Rows stored from this message"),
  rejectedRows: t("Dòng bị loại", "Rejected rows"),
  station: t("Trạm", "Station"),
  latest: t("Giá trị mới nhất", "Latest values"),
  limits: t("So với giới hạn", "Against the limits"),
  lastEvent: t("Số liệu cuối", "Last value"),
  time: t("Thời điểm", "Time"),
  standard: t("Quy chuẩn", "Standard"),
  verdict: t("Kết luận", "Verdict"),
  howMade: t("Cách tính", "How it is made"),
  asOf: t("Tính đến", "As of"),
};

export const verdictWords: Record<string, Text> = {
  kept: t("trong giới hạn", "within the limit"),
  exceeded: t("vượt giới hạn", "over the limit"),
  insufficient: t("không đủ số liệu", "not enough data"),
};
