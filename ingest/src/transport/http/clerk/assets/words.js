// The page's words, Vietnamese first. `{name}` is filled in.

const LANGUAGES = ["vi", "en"];
const KEPT = "ioc-language";

let chosen = "vi";
try {
  const kept = localStorage.getItem(KEPT);
  if (LANGUAGES.includes(kept)) chosen = kept;
} catch {
  // A browser that keeps nothing starts in Vietnamese each time.
}

export function language() {
  return chosen;
}

export function choose(next) {
  chosen = next;
  try {
    localStorage.setItem(KEPT, next);
  } catch {
    // As above.
  }
}

/** Words, or a text of the server, in the page's language. */
export function say(text, filled = {}) {
  const written = Array.isArray(text) ? text[chosen === "vi" ? 0 : 1] : (text[chosen] ?? text.vi ?? "");
  return written.replace(/\{(\w+)\}/g, (_, name) => String(filled[name] ?? ""));
}

export const words = {
  title: ["Nộp báo cáo", "Report"],
  skip: ["Đến nội dung chính", "Skip to the content"],
  other: ["English", "Tiếng Việt"],
  logIn: ["Đăng nhập", "Log in"],
  logInHow: [
    "Dùng tên và mã bí mật mà quản trị viên đã cấp cho đơn vị.",
    "Use the name and the secret that the operator gave to your agency.",
  ],
  name: ["Tên đăng nhập", "User name"],
  secret: ["Mã bí mật", "Secret"],
  logOut: ["Đăng xuất", "Log out"],
  asked: ["Đang kiểm tra…", "Checking…"],
  sender: ["Bên gửi", "Sender"],
  nothing: [
    "Tài khoản này chưa được phép nộp biểu nào qua trang này. Hãy liên hệ quản trị viên.",
    "This account may not report any form on this page yet. Ask the operator.",
  ],
  owed: {
    title: ["Báo cáo phải nộp", "Reports that you owe"],
    nothing: ["Hiện không có báo cáo nào phải nộp.", "Nothing is owed at the moment."],
    more: ["Chỉ hiện những báo cáo gấp nhất.", "Only the most urgent are shown."],
    state: ["Trạng thái", "State"],
    due: ["Hạn nộp", "Deadline"],
    refusals: ["Bị từ chối", "Refused"],
    pick: ["Nộp", "Report"],
    correct: ["Gửi bản sửa", "Correct"],
    sentFor: ["Tệp sẽ được nộp cho", "The file is sent for"],
    letGo: ["Không chọn nữa", "Not for this one"],
    behind: ["quá hạn {span}", "{span} behind the deadline"],
    left: ["còn {span}", "{span} left"],
    lateBy: ["muộn {span}", "late by {span}"],
    states: {
      not_due: ["chưa đến kỳ", "not due yet"],
      due: ["chờ nộp", "due"],
      on_time: ["đúng hạn", "on time"],
      late: ["nộp muộn", "late"],
      missing: ["chưa nộp", "missing"],
      rejected: ["bị từ chối, hãy nộp lại", "refused: send it again"],
      not_owed: ["không còn phải nộp", "not owed any more"],
    },
  },
  spans: { day: ["{count} ngày", "{count} days"], hour: ["{count} giờ", "{count} h"], minute: ["{count} phút", "{count} min"] },
  send: ["Gửi báo cáo", "Send a report"],
  form: ["Biểu", "Form"],
  period: ["Kỳ", "Period"],
  template: ["Tải mẫu trống", "Download the empty form"],
  templateHow: [
    "Mẫu đã có sẵn kỳ, địa bàn và chỉ tiêu. Điền vào ô trống, không đổi tiêu đề cột.",
    "It has the period, the places and the indicators in it. Fill in the empty cells and keep the headings.",
  ],
  noTemplate: ["Biểu này nhận bản tin của chương trình, không có mẫu Excel.", "This form comes as messages of a program: there is no workbook of it."],
  drop: ["Kéo tệp vào đây, hoặc chọn tệp", "Drop a file here, or choose one"],
  dropHow: ["Excel (.xlsx, .xls) hoặc CSV, tối đa {size}", "Excel (.xlsx, .xls) or CSV, at most {size}"],
  dropAny: ["tối đa {size}", "at most {size}"],
  file: ["Tệp", "File"],
  another: ["Chọn tệp khác", "Choose another file"],
  go: ["Gửi", "Send"],
  confirm: ["Đúng như trong tệp", "It is meant as it stands"],
  confirmHow: [
    "Lần gửi trước bị giữ lại vì có thể nhầm. Chỉ đánh dấu nếu số liệu trong tệp đúng là như vậy.",
    "The last file was held since it may be a mistake. Tick this only if what is in the file is meant.",
  ],
  sending: ["Đang gửi {share} %", "Sending, {share} %"],
  judging: ["Đã nhận tệp an toàn, đang kiểm tra…", "The file is safe; it is being checked…"],
  later: [
    "Tệp đã được lưu an toàn nhưng chưa kiểm tra xong. Trang sẽ tự cập nhật; có thể đóng trang và xem lại trong danh sách dưới đây.",
    "The file is safe and not checked yet. This page goes on asking; you may close it and look at the list below later.",
  ],
  tooLarge: ["Tệp lớn hơn mức cho phép ({size}).", "The file is larger than allowed ({size})."],
  noFile: ["Hãy chọn một tệp.", "Choose a file."],
  oneFile: ["Mỗi lần chỉ gửi một tệp.", "Send one file at a time."],
  empty: ["Tệp rỗng.", "The file is empty."],
  lost: ["Không kết nối được với máy chủ. Hãy thử lại; gửi lại cùng một tệp không làm số liệu tính hai lần.", "The server cannot be reached. Try again: the same file never counts twice."],
  trouble: ["Không thực hiện được.", "That did not work."],
  over: ["Phiên làm việc đã hết: hãy đăng nhập lại.", "The session is over: log in again."],
  result: ["Kết quả", "Result"],
  verdicts: {
    accepted: ["Đã nhận", "Taken"],
    in_part: ["Nhận một phần", "Taken in part"],
    refused: ["Không nhận", "Refused"],
    duplicate: ["Đã gửi trước đây", "Came before"],
    held: ["Chờ quyết định", "Waits for a decision"],
  },
  verdictMeans: {
    accepted: ["Báo cáo đã được ghi nhận.", "The report is on record."],
    in_part: ["Các ô không lỗi đã được ghi nhận. Hãy sửa những ô còn lại rồi gửi lại.", "The cells without an error are on record. Correct the others and send it again."],
    refused: ["Chưa nhận số liệu nào. Hãy sửa các lỗi dưới đây rồi gửi lại cả tệp.", "Nothing of it was taken. Correct the errors below and send the whole file again."],
    duplicate: ["Đúng tệp này đã được nhận, không có gì thay đổi.", "This very file was taken before. Nothing changes."],
    held: ["Báo cáo chờ người có trách nhiệm quyết định.", "The report waits for somebody's decision."],
  },
  unread: ["Không đọc được tệp này thành báo cáo. Số dòng bị loại: {count}.", "The file cannot be read as a report. Rows rejected: {count}."],
  agency: ["Đơn vị báo cáo", "Reporting agency"],
  received: ["Nhận lúc", "Received"],
  position: ["Mã biên nhận", "Receipt"],
  counts: {
    stored: ["ô đã lưu", "cells stored"],
    changed: ["ô thay đổi", "changed"],
    same: ["ô như cũ", "as before"],
    rejected: ["ô bị loại", "rejected"],
    conflicts: ["ô trái với đơn vị chủ quản", "against their owner's"],
    kept: ["ô không có trong tệp, giữ số cũ", "left out and kept"],
    withdrawn: ["ô rút lại", "taken back"],
  },
  errors: ["lỗi", "errors"],
  warnings: ["cảnh báo", "warnings"],
  weights: { error: ["Lỗi", "Error"], warning: ["Cảnh báo", "Warning"], note: ["Lưu ý", "Note"] },
  found: ["Cần xem", "What was found"],
  clean: ["Không phát hiện lỗi.", "Nothing was found."],
  whole: ["cả tệp", "the whole file"],
  stands: ["đang ghi", "it says"],
  inSheet: ["Trang {name}", "Sheet {name}"],
  inFile: ["Trong tệp", "In the file"],
  line: ["Dòng", "Row"],
  moreRows: ["Còn {count} dòng khác có lỗi; tải tệp đánh dấu để xem hết.", "There are {count} more such rows: the marked copy has them all."],
  notes: ["Lưu ý ({count})", "Notes ({count})"],
  marked: ["Tải tệp đã đánh dấu lỗi", "Download the file with its errors marked"],
  markedHow: ["Tệp của chính bạn, ô sai được tô màu và có ghi chú. Sửa ngay trong đó rồi gửi lại.", "Your own file, with wrong cells coloured and noted. Correct it there and send it again."],
  changes: ["Thay đổi từng ô", "What changed, cell by cell"],
  noChanges: ["Báo cáo này không làm thay đổi ô nào.", "This report changed no cell."],
  moreCells: ["Chỉ hiện phần đầu.", "Only the first are shown."],
  cell: ["Ô", "Cell"],
  indicator: ["Chỉ tiêu", "Indicator"],
  place: ["Địa bàn", "Place"],
  was: ["Trước", "Was"],
  is: ["Nay", "Is"],
  nothingBefore: ["chưa có", "nothing"],
  beside: ["lưu bên cạnh số của đơn vị chủ quản", "kept beside what its owner says"],
  former: ["Đã gửi", "Sent before"],
  none: ["Chưa gửi báo cáo nào.", "Nothing was sent yet."],
  more: ["Xem thêm", "More"],
  open: ["Xem", "Open"],
  verdict: ["Kết quả", "Verdict"],
  close: ["Đóng", "Close"],
  marks: {
    none: ["không phát sinh", "none occurred"],
    not_collected: ["chưa thu thập", "not collected"],
    not_filled: ["chưa điền", "not filled in"],
    withheld: ["không công bố", "withheld"],
    withdrawn: ["đã rút lại", "taken back"],
  },
  periods: {
    day: ["{number}/{year}", "{number}/{year}"],
    week: ["tuần {number}/{year}", "week {number}/{year}"],
    month: ["tháng {number}/{year}", "month {number}/{year}"],
    admin_month: ["tháng {number}/{year}", "month {number}/{year}"],
    quarter: ["quý {number}/{year}", "quarter {number}/{year}"],
    admin_quarter: ["quý {number}/{year}", "quarter {number}/{year}"],
    half_year: ["6 tháng {number}/{year}", "half {number} of {year}"],
    admin_half_year: ["6 tháng {number}/{year}", "half {number} of {year}"],
    year: ["năm {year}", "year {year}"],
    admin_year: ["năm {year}", "year {year}"],
    school_year: ["năm học {year}–{number}", "school year {year}–{number}"],
  },
  rounds: {
    1: ["đầu năm học {year}–{number}", "beginning of school year {year}–{number}"],
    2: ["giữa năm học {year}–{number}", "middle of school year {year}–{number}"],
    3: ["cuối năm học {year}–{number}", "end of school year {year}–{number}"],
  },
};
