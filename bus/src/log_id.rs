//! Whose offsets they are.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A log's identity: random, made with the log. An instance has another id, and in the store a log has a small number,
/// too. Written as a UUID: its 16 bytes in a segment's head, its text in JSON and SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogId(Uuid);

impl LogId {
    /// The id of a log that is being made.
    pub(crate) fn random() -> LogId {
        LogId(Uuid::new_v4())
    }

    /// The id of those bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> LogId {
        LogId(Uuid::from_bytes(bytes))
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }
}

impl std::fmt::Display for LogId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::LogId;

    /// `log.json`, an archive's records and a segment's head hold it: logs that exist must still open.
    #[test]
    fn a_log_id_is_written_and_read_as_a_uuid() {
        let text = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        let id: LogId = serde_json::from_str(&format!("\"{text}\"")).unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
        assert_eq!(id.to_string(), text);
        assert_eq!(id.bytes()[..4], [0x67, 0xe5, 0x50, 0x44]);
        assert_eq!(LogId::from_bytes(id.bytes()), id);
    }
}
