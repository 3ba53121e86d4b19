//! Records of the archive: what a pass made. They name files, and none outside of the archive may be opened for them.

use std::{fs, path::Path};

use ioc_model::position::{LogNumber, Offset, Partition};
use ioc_storage::archive::{Archive, Span};

use crate::{
    Target,
    allocation::within,
    stored::{limit, with_folder},
};

pub(crate) const TARGET: Target =
    Target { name: "archive_record", run: archive_record, made: archive_records };

/// A record of the archive, as it lies in its folder.
fn archive_record(input: &[u8]) {
    let span = Span { log: LogNumber(1), partition: Partition(0), from: Offset(0), to: Offset(9) };
    with_folder(|folder| {
        let passes = folder.join("_passes");
        fs::create_dir_all(&passes).expect("a folder");
        fs::write(folder.join("_archive.json"), b"{}").expect("a file");
        fs::write(passes.join(format!("{span}.json")), input).expect("a file");
        let archive = Archive::read(folder).expect("an archive");
        assert_eq!(archive.spans(), [span]);
        let Ok(record) = within(limit(input), || archive.record(span)) else { return };
        assert_eq!(record.span(), span);
        for file in &record.files {
            let path = Path::new(&file.path);
            let stays = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
            assert!(path.is_relative() && stays, "{path:?} is outside of the archive");
        }
        let written = serde_json::to_vec(&record).expect("plain data");
        fs::write(passes.join(format!("{span}.json")), written).expect("a file");
        assert_eq!(archive.record(span).ok(), Some(record));
    });
}

fn archive_records() -> Vec<Vec<u8>> {
    let record = r#"{"version":1,"log_id":"67e55044-10b1-426f-9247-bb680e5fe0c8","log":1,"partition":0,"from":0,"to":9,
        "made_at":1767225600000,"envelopes":9,"log_bytes":900,"files":[FILES]}"#;
    let file = r#"{"path":"feed=air/day=2026-01-01/1-0-0-9.parquet","feed":"air","day":"2026-01-01","offset_from":0,
        "offset_to":9,"envelopes":9,"bytes":1200,"sha256":"ab","first_received":1,"last_received":2}"#;
    [String::new(), file.to_owned(), file.replace("feed=air", "../up"), format!("{file},{file}")]
        .iter()
        .map(|files| record.replace("FILES", files).into_bytes())
        .collect()
}
