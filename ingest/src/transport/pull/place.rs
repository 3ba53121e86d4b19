//! A place between two answers, whole, as the cursor's text.
//!
//! Each source's reader keeps there what it needs. Some of that is the source's own, and may be a secret: a token that
//! leads to the next page, the key of a row. So nothing of it is quoted where it cannot be read (invariant SAFE).

use serde::{Serialize, de::DeserializeOwned};

use super::CannotFetch;

/// What a source's reader keeps between two answers.
pub(crate) trait Place: Default + Serialize + DeserializeOwned {
    /// Reads it; the beginning where there is none.
    fn parse(text: Option<&str>) -> Result<Self, CannotFetch> {
        let Some(text) = text else { return Ok(Self::default()) };
        serde_json::from_str(text).map_err(|error| {
            let column = error.column();
            CannotFetch::fault(
                format!("con trỏ đã lưu không đọc được (cột {column})"),
                format!("its cursor cannot be read (column {column})"),
            )
        })
    }

    /// Writes it down.
    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Behind {
        rows: u32,
    }

    impl Place for Behind {}

    #[test]
    fn safe_a_place_that_cannot_be_read_is_not_quoted() {
        let place = Behind { rows: 7 };
        assert_eq!(Behind::parse(Some(&place.text())).unwrap(), place);
        assert_eq!(Behind::parse(None).unwrap(), Behind::default());
        for wrong in ["\"s3cret\"", "{\"rows\": \"s3cret\"}", "{\"s3cret\": 1}", "s3cret"] {
            let error = Behind::parse(Some(wrong)).unwrap_err();
            assert!(error.is_fault && !format!("{error:?}").contains("s3cret"), "{error}");
        }
    }
}
