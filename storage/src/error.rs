//! What can go wrong with the store, and what is to be done about it (invariant LOUD).
//!
//! The question is never "what failed" but "what happens next": wait and try again, or halt because trying again
//! would fail the same way for ever. ClickHouse says it by numbers; the numbers judged here are its `ErrorCodes`.
//! A code that nobody has judged is doubtful: it is tried again a bounded number of times, then it halts, so that
//! neither a hiccup stops a province nor a hopeless block spins unseen.

use ioc_model::instance::InstanceId;

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The store is away, starting or overloaded: the same request can succeed later.
    Retry,
    /// Unknown: try again a bounded number of times, then treat as refused.
    Doubtful,
    /// An operator's fault: the same request will fail the same way until somebody acts.
    Refused,
}

/// A failed request to the store, or a store that must not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// ClickHouse, or the way to it, failed.
    #[error("cannot {doing}: {cause}")]
    ClickHouse {
        /// What was tried: "insert into observation".
        doing: String,
        /// What came back.
        cause: clickhouse::error::Error,
    },
    /// No answer in time.
    #[error("cannot {doing}: no answer within {seconds} s")]
    NoAnswer {
        /// What was tried.
        doing: String,
        /// How long was waited.
        seconds: u64,
    },
    /// The configured address, user or database name cannot be used.
    #[error("{0}")]
    Configuration(String),
    /// The database belongs to another instance.
    #[error(
        "database '{database}' belongs to instance {found}, this data folder is instance {expected}: \
         set IOC_CLICKHOUSE_DATABASE to this instance's own database, or use the data folder that belongs to this one"
    )]
    Foreign {
        /// The database.
        database: String,
        /// Who claimed it.
        found: InstanceId,
        /// Who we are.
        expected: InstanceId,
    },
    /// The database is not set up as exactly-once storage needs it.
    #[error("{0}")]
    Unfit(String),
    /// What is stored is not what this program writes.
    #[error("{0}")]
    Unreadable(String),
}

impl StoreError {
    /// What to do about it.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            StoreError::ClickHouse { cause, .. } => class_of(cause),
            StoreError::NoAnswer { .. } => Class::Retry,
            StoreError::Configuration(_)
            | StoreError::Foreign { .. }
            | StoreError::Unfit(_)
            | StoreError::Unreadable(_) => Class::Refused,
        }
    }

    /// ClickHouse's error number, when it was ClickHouse that answered.
    #[must_use]
    pub fn code(&self) -> Option<u32> {
        match self {
            StoreError::ClickHouse { cause: clickhouse::error::Error::BadResponse(text), .. } => {
                code_of(text)
            }
            _ => None,
        }
    }
}

fn class_of(cause: &clickhouse::error::Error) -> Class {
    use clickhouse::error::Error;
    match cause {
        Error::Network(_) | Error::TimedOut | Error::Decompression(_) => Class::Retry,
        Error::BadResponse(text) => match code_of(text) {
            Some(code) => class_of_code(code),
            None => class_of_status(text),
        },
        // The answer broke off, or is not what was asked for.
        Error::NotEnoughData | Error::Other(_) => Class::Doubtful,
        _ => Class::Refused,
    }
}

/// The number in `Code: 60. DB::Exception: …`.
fn code_of(text: &str) -> Option<u32> {
    let after = text.split("Code: ").nth(1)?;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// Something between us and ClickHouse answered with a bare HTTP status.
fn class_of_status(text: &str) -> Class {
    match text.split_whitespace().next().and_then(|word| word.parse::<u16>().ok()) {
        Some(408 | 425 | 429 | 500..=599) => Class::Retry,
        Some(400..=499) => Class::Refused,
        _ => Class::Doubtful,
    }
}

fn class_of_code(code: u32) -> Class {
    match code {
        // Interrupted or cut off on the way.
        3 | 32 | 33 | 209 | 210 | 236 | 394 => Class::Retry,
        // Too slow, too many at once, no memory, no threads.
        159 | 160 | 173 | 201 | 202 | 203 | 241 | 439 => Class::Retry,
        // Disk full or failing, too many parts to merge.
        74 | 75 | 76 | 243 | 252 => Class::Retry,
        // A replica or its coordination is away for now.
        198 | 225 | 242 | 279 | 285 | 286 | 289 | 305 | 319 | 415 | 999 => Class::Retry,
        // Unknown table, column, database, function, setting, engine.
        8 | 16 | 36 | 46 | 47 | 56 | 60 | 81 | 115 => Class::Refused,
        // Types, formats, syntax.
        6 | 7 | 10 | 20 | 27 | 41 | 43 | 53 | 62 | 70 | 72 | 73 | 117 | 321 | 349 | 395 => Class::Refused,
        // More of a table is broken than a server starts with.
        231 => Class::Refused,
        // Users, passwords, rights, read-only.
        164 | 192 | 193 | 194 | 195 | 291 | 452 | 497 | 516 => Class::Refused,
        _ => Class::Doubtful,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(text: &str) -> StoreError {
        StoreError::ClickHouse {
            doing: "test".to_owned(),
            cause: clickhouse::error::Error::BadResponse(text.to_owned()),
        }
    }

    #[test]
    fn loud_an_operators_fault_halts_and_a_busy_server_is_tried_again() {
        for refused in [
            "Code: 60. DB::Exception: Table ioc.observation does not exist. (UNKNOWN_TABLE)",
            "Code: 81. DB::Exception: Database ioc does not exist. (UNKNOWN_DATABASE)",
            "Code: 516. DB::Exception: ioc: Authentication failed",
            "Code: 53. DB::Exception: Type mismatch",
            "Code: 164. DB::Exception: readonly",
            "404 Not Found",
        ] {
            assert_eq!(answered(refused).class(), Class::Refused, "{refused}");
        }
        for retried in [
            "Code: 241. DB::Exception: Memory limit (total) exceeded",
            "Code: 252. DB::Exception: Too many parts (300)",
            "Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space",
            "503 Service Unavailable",
        ] {
            assert_eq!(answered(retried).class(), Class::Retry, "{retried}");
        }
        assert_eq!(answered("Code: 77777. DB::Exception: new").class(), Class::Doubtful);
        assert_eq!(answered("Code: 60. DB::Exception: x").code(), Some(60));
    }
}
