//! Why a request was refused, as problem details of RFC 9457, for a person in both languages.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use ioc_decode::unpack::Packing;
use ioc_model::text::Text;
use serde::Serialize;

use crate::senders::LoginFault;

const RETRY_AFTER_SECONDS: &str = "10";

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// No token, or not a sender's.
    Unauthenticated,
    /// A certificate that is no sender's, or another one's than the token beside it.
    Certificate(LoginFault),
    /// The sender may not send to this feed.
    Forbidden(String),
    /// No feed of that name takes HTTP.
    UnknownFeed(String),
    /// The bytes of the body came too slowly.
    TimedOut,
    /// The connection broke off inside of the body.
    BrokenOff,
    /// Over the feed's limit; appended as a reject.
    TooLarge { limit: usize, position: String },
    /// There is no value in it; appended, and counted as empty.
    Empty { position: String },
    /// Content-Encoding is none of those that are read.
    Compressed,
    /// The body is packed, and cut off or damaged.
    Packed(Packing),
    /// More comes of a packed body than the feed takes.
    Unpacked(usize),
    /// The key of the request is empty, longer than that, or no text.
    RequestKey(usize),
    /// It was sent for what its sender does not owe.
    NoObligation,
    /// Too many requests of this sender at once.
    TooMany,
    /// Nothing can be made durable now.
    Unavailable(&'static str, &'static str),
    /// The path names no position.
    InvalidPosition,
    /// No envelope has this position.
    UnknownPosition,
    /// The page is asked without a session.
    NotLoggedIn,
    /// No sender has this name and secret.
    WrongLogIn,
    /// Another site's page asks, or a program without a token.
    NotOfThePage,
    /// There is no empty workbook of it.
    NoTemplate(Text),
    /// There is no copy of it with marks.
    NoMarkedCopy,
    /// Something else than pushing was asked for.
    NothingHere,
}

#[derive(Serialize)]
struct Details {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: String,
    detail_vi: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<String>,
}

impl Problem {
    /// The bus is full or stalled for longer than a sender should wait.
    pub(super) const BUS_FULL: Problem = Problem::Unavailable(
        "the message could not be made durable in time; send it again later",
        "chưa ghi bền vững được bản tin trong thời gian cho phép; hãy gửi lại sau",
    );
    /// The bus takes no more until a restart.
    pub(super) const BUS_DOWN: Problem = Problem::Unavailable(
        "the log takes no messages at the moment; send it again later",
        "nhật ký tạm thời không nhận bản tin; hãy gửi lại sau",
    );
    /// Too much in work.
    pub(super) const BUSY: Problem = Problem::Unavailable(
        "too many requests are in work; send it again later",
        "hệ thống đang xử lý quá nhiều yêu cầu; hãy gửi lại sau",
    );
    /// The log has no number yet.
    pub(super) const STARTING: Problem = Problem::Unavailable(
        "the service is starting; send it again later",
        "hệ thống đang khởi động; hãy gửi lại sau",
    );
    /// The store cannot be asked.
    pub(super) const NO_ANSWER: Problem = Problem::Unavailable(
        "what became of the message cannot be looked up at the moment",
        "tạm thời chưa tra cứu được kết quả xử lý bản tin",
    );

    /// What a client is told that could not be let in.
    pub(super) fn of_login(fault: LoginFault) -> Problem {
        match fault.is_of_certificate() {
            true => Problem::Certificate(fault),
            false => Problem::Unauthenticated,
        }
    }

    fn words(&self) -> (StatusCode, &'static str, &'static str, String, String) {
        match self {
            Problem::Unauthenticated => (
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                "Unauthenticated",
                "this is no token of a sender, or no longer: send 'Authorization: Bearer <name>.<secret>'"
                    .to_owned(),
                "không có token đúng của bên gửi: hãy gửi kèm 'Authorization: Bearer <tên>.<mật khẩu>'"
                    .to_owned(),
            ),
            Problem::Certificate(fault) => {
                let (en, vi) = match fault {
                    LoginFault::OthersCertificate => (
                        "the certificate and the token are of two senders: send the token of the certificate's sender, \
                         or none",
                        "chứng thư và mã truy cập thuộc hai bên gửi khác nhau: hãy gửi mã của đúng bên gửi có chứng thư \
                         này, hoặc không gửi mã",
                    ),
                    LoginFault::VoidCertificate => (
                        "the certificate was revoked or has expired: ask for a new one",
                        "chứng thư đã bị thu hồi hoặc hết hạn: hãy xin cấp chứng thư mới",
                    ),
                    LoginFault::UnknownCertificate | LoginFault::Secret => (
                        "no sender has this certificate: the operator must say whose it is",
                        "không có bên gửi nào đăng ký chứng thư này: người vận hành cần khai báo chứng thư là của ai",
                    ),
                };
                let (en, vi) = (en.to_owned(), vi.to_owned());
                (StatusCode::FORBIDDEN, "certificate", "Not a sender's certificate", en, vi)
            }
            Problem::Forbidden(feed) => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "Not your feed",
                format!("this sender may not send to feed '{feed}'"),
                format!("bên gửi này không được phép gửi vào nguồn '{feed}'"),
            ),
            Problem::UnknownFeed(feed) => (
                StatusCode::NOT_FOUND,
                "unknown-feed",
                "No such feed",
                format!("no feed '{feed}' takes messages over HTTP"),
                format!("không có nguồn '{feed}' nào nhận dữ liệu qua HTTP"),
            ),
            Problem::TimedOut => (
                StatusCode::REQUEST_TIMEOUT,
                "too-slow",
                "Too slow",
                "the body came too slowly and was given up; nothing of it was kept".to_owned(),
                "nội dung gửi đến quá chậm nên đã bị hủy; không phần nào được lưu".to_owned(),
            ),
            Problem::BrokenOff => (
                StatusCode::BAD_REQUEST,
                "broken-off",
                "Broken off",
                "the body broke off before its end; nothing of it was kept".to_owned(),
                "nội dung bị ngắt giữa chừng; không phần nào được lưu".to_owned(),
            ),
            Problem::TooLarge { limit, .. } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "Too large",
                format!(
                    "the feed takes {limit} bytes at most; the message is counted as rejected, only its size and hash are kept"
                ),
                format!(
                    "nguồn này chỉ nhận tối đa {limit} byte; bản tin được tính là bị từ chối, chỉ lưu kích thước và mã băm"
                ),
            ),
            Problem::Empty { .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "empty",
                "Nothing in it",
                "there is no value in the body: nothing was delivered; it is recorded and counted as empty"
                    .to_owned(),
                "nội dung không có giá trị nào: chưa có gì được gửi đến; đã ghi nhận và đếm là bản tin rỗng"
                    .to_owned(),
            ),
            Problem::Compressed => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "compressed",
                "Compressed body",
                "of compressed bodies gzip, deflate and zstd are taken, one at a time".to_owned(),
                "nội dung nén chỉ nhận một trong các kiểu gzip, deflate, zstd".to_owned(),
            ),
            Problem::Packed(packing) => (
                StatusCode::BAD_REQUEST,
                "broken-off",
                "Broken off",
                format!("the {} is cut off or damaged; nothing of it was kept", packing.word()),
                format!("nội dung nén {} bị đứt hoặc hỏng; không phần nào được lưu", packing.word()),
            ),
            Problem::Unpacked(most) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large-unpacked",
                "Too large unpacked",
                format!("unpacked the body has more than {most} bytes; nothing of it was kept"),
                format!("nội dung sau khi giải nén vượt {most} byte; không phần nào được lưu"),
            ),
            Problem::RequestKey(most) => (
                StatusCode::BAD_REQUEST,
                "request-key",
                "No key of a request",
                format!("Idempotency-Key must be 1 to {most} visible ASCII characters"),
                format!("Idempotency-Key phải gồm 1 đến {most} ký tự ASCII nhìn thấy được"),
            ),
            Problem::NoObligation => (
                StatusCode::BAD_REQUEST,
                "no-obligation",
                "Nothing that is owed",
                "X-Obligation must name a report that this sender owes of a form of the feed: form~agency~kind~period".to_owned(),
                "X-Obligation phải là báo cáo mà bên gửi này phải nộp, thuộc một biểu của nguồn: biểu~đơn vị~loại kỳ~kỳ".to_owned(),
            ),
            Problem::TooMany => (
                StatusCode::TOO_MANY_REQUESTS,
                "too-many",
                "Too many requests at once",
                "wait for the answers to earlier requests, then send again".to_owned(),
                "hãy chờ phản hồi của các yêu cầu trước rồi gửi lại".to_owned(),
            ),
            Problem::Unavailable(en, vi) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Not now",
                (*en).to_owned(),
                (*vi).to_owned(),
            ),
            Problem::InvalidPosition => (
                StatusCode::BAD_REQUEST,
                "invalid-position",
                "No position",
                "a position has the form log-partition-offset, such as 1-0-42".to_owned(),
                "vị trí có dạng log-phân vùng-thứ tự, ví dụ 1-0-42".to_owned(),
            ),
            Problem::NotLoggedIn => (
                StatusCode::UNAUTHORIZED,
                "not-logged-in",
                "Not logged in",
                "the session is over: log in again".to_owned(),
                "phiên làm việc đã hết: hãy đăng nhập lại".to_owned(),
            ),
            Problem::WrongLogIn => (
                StatusCode::UNAUTHORIZED,
                "wrong-log-in",
                "Not let in",
                "the user name or the secret is not right".to_owned(),
                "tên đăng nhập hoặc mã bí mật không đúng".to_owned(),
            ),
            Problem::NotOfThePage => (
                StatusCode::FORBIDDEN,
                "not-of-the-page",
                "Not of the page",
                "this is for the page at /upload alone; programs push to /ingest/<feed> with a token"
                    .to_owned(),
                "chỉ trang /upload được dùng địa chỉ này; chương trình hãy gửi vào /ingest/<nguồn> kèm token"
                    .to_owned(),
            ),
            Problem::NoTemplate(why) => {
                (StatusCode::NOT_FOUND, "no-template", "No template", why.en.clone(), why.vi.clone())
            }
            Problem::NoMarkedCopy => (
                StatusCode::NOT_FOUND,
                "no-marked-copy",
                "No marked copy",
                "there is no copy of this file with marks: it is no table, may not be shown again, or is too large"
                    .to_owned(),
                "không có bản đánh dấu của tệp này: tệp không phải là bảng, không được hiển thị lại, hoặc quá lớn"
                    .to_owned(),
            ),
            Problem::NothingHere => (
                StatusCode::NOT_FOUND,
                "nothing-here",
                "Nothing here",
                "messages are pushed to /ingest/<feed>; pages have another address".to_owned(),
                "bản tin được gửi vào /ingest/<nguồn>; trang hiển thị ở địa chỉ khác".to_owned(),
            ),
            Problem::UnknownPosition => (
                StatusCode::NOT_FOUND,
                "unknown-position",
                "No such position",
                "no message has this position".to_owned(),
                "không có bản tin nào ở vị trí này".to_owned(),
            ),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, slug, title, detail, detail_vi) = self.words();
        let (max_bytes, position) = match &self {
            Problem::TooLarge { limit, position } => (Some(*limit), Some(position.clone())),
            Problem::Empty { position } => (None, Some(position.clone())),
            _ => (None, None),
        };
        let details = Details {
            r#type: format!("urn:ioc:problem:{slug}"),
            title,
            status: status.as_u16(),
            detail,
            detail_vi,
            max_bytes,
            position,
        };
        let body = serde_json::to_vec(&details).unwrap_or_default();
        let mut response =
            (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        let headers = response.headers_mut();
        let mut set = |name, value| drop(headers.insert(name, HeaderValue::from_static(value)));
        match self {
            Problem::Unauthenticated => set(header::WWW_AUTHENTICATE, "Bearer realm=\"ioc\""),
            Problem::Unavailable(..) | Problem::TooMany => set(header::RETRY_AFTER, RETRY_AFTER_SECONDS),
            Problem::Compressed => set(header::ACCEPT_ENCODING, "gzip, deflate, zstd, identity"),
            Problem::TimedOut => set(header::CONNECTION, "close"),
            _ => {}
        }
        response
    }
}
