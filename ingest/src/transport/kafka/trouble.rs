//! Why a cluster does not answer as it should, in words.

use rdkafka::{error::KafkaError, types::RDKafkaErrorCode};

use crate::transport::pull::CannotFetch;

/// Of an error of the client; `said` are its own words.
pub(super) fn why(error: &KafkaError, said: &str) -> CannotFetch {
    let said = if said.is_empty() { error.to_string() } else { said.to_owned() };
    match error.rdkafka_error_code() {
        Some(code) => of_code(code, &said),
        None => CannotFetch::said(said),
    }
}

/// Of an error's code.
pub(super) fn of_code(code: RDKafkaErrorCode, said: &str) -> CannotFetch {
    use RDKafkaErrorCode as Code;
    match code {
        Code::Authentication
        | Code::SaslAuthenticationFailed
        | Code::UnsupportedSASLMechanism
        | Code::IllegalSASLState => CannotFetch::fault(
            format!("cụm Kafka không nhận tài khoản (kafka.toml trong thư mục dữ liệu): {said}"),
            format!("the cluster does not take the account (kafka.toml in the data folder): {said}"),
        ),
        Code::SSL => CannotFetch::fault(
            format!("không bắt tay TLS được với cụm Kafka: {said}"),
            format!("no TLS with the cluster: {said}"),
        ),
        Code::TopicAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::ClusterAuthorizationFailed => CannotFetch::fault(
            format!("tài khoản không được phép (cần READ và DESCRIBE chủ đề, READ nhóm): {said}"),
            format!(
                "the account may not (it needs READ and DESCRIBE of the topics, READ of the group): {said}"
            ),
        ),
        Code::UnknownTopic | Code::UnknownTopicOrPartition => {
            CannotFetch::fault(format!("không có chủ đề: {said}"), format!("there is no such topic: {said}"))
        }
        Code::AllBrokersDown
        | Code::BrokerTransportFailure
        | Code::Resolve
        | Code::OperationTimedOut
        | Code::RequestTimedOut
        | Code::NetworkException => CannotFetch::told(
            format!("không kết nối được cụm Kafka: {said}"),
            format!("the cluster is not reached: {said}"),
        ),
        _ => CannotFetch::said(said),
    }
}

/// Whether the place that a partition is read from is not there: it is looked up anew.
pub(super) fn is_out_of_range(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::AutoOffsetReset
            | Code::OffsetOutOfRange
            | Code::LogTruncation
            | Code::NoOffset
            | Code::UnknownTopicId
    )
}
