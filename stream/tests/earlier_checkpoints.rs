//! Checkpoints that earlier builds wrote are read by this one: an upgrade goes on where the build before it stopped.
//!
//! `fixtures/checkpoint-N` is a file as the build that wrote version N left it after an orderly stop; `subjects-N` what
//! such a build makes of the subjects of the version before.

use ioc_model::{calendar::Calendar, epoch::Epoch, names::Names};
use ioc_stream::{
    checkpoint::Checkpoints,
    exchange::WorkerShards,
    shard::{Shard, SubjectRecord},
};

#[test]
fn replay_a_checkpoint_of_version_4_is_loaded_with_every_subject_and_written_again_as_this_version() {
    let folder = tempfile::tempdir().unwrap();
    let written = include_bytes!("fixtures/checkpoint-4");
    std::fs::write(folder.path().join("00000000000000000033.checkpoint"), written).unwrap();
    let checkpoints = Checkpoints::open(folder.path()).unwrap();
    let checkpoint = checkpoints.newest(Epoch(40)).unwrap().expect("it is read");
    assert_eq!((checkpoint.epoch, checkpoint.zone.as_str()), (Epoch(33), "Asia/Ho_Chi_Minh"));
    let subjects = checkpoint.subjects().unwrap();
    let mut names: Vec<String> = subjects.iter().map(|subject| subject.name().to_owned()).collect();
    names.sort_unstable();
    assert_eq!(names[..3], ["FILES1", "ST01", "ST02"]);
    let calendar = Calendar::of_zone(&checkpoint.zone).unwrap();
    assert_eq!(subjects.iter().flat_map(|subject| subject.awaited(&calendar)).count(), 0);

    let mut shard = Shard::new(Names::default(), WorkerShards::WHOLE, None);
    for subject in subjects {
        shard.load(subject);
    }
    let records: Vec<Vec<u8>> = shard.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(records.len(), names.len());
}

/// A sensor as version 7 kept it, half way through its fifth hour: it goes on, and what it says it raised begins with its
/// next two records.
#[test]
fn replay_a_log_source_of_version_7_goes_on_counting_where_it_stood() {
    let written: Vec<Vec<u8>> = postcard::from_bytes(include_bytes!("fixtures/subjects-7")).unwrap();
    let [record] = &written[..] else { panic!("{} subjects", written.len()) };
    assert!(
        SubjectRecord::decode(ioc_stream::checkpoint::VERSION, record).is_err(),
        "it is of another form now"
    );
    let subject = SubjectRecord::decode(7, record).unwrap();
    assert_eq!(subject.name(), "ids-a");
    let mut shard = Shard::new(Names::default(), WorkerShards::WHOLE, None);
    shard.load(subject);
    let again: Vec<Vec<u8>> = shard.records().collect::<Result<_, _>>().unwrap();
    let loaded = SubjectRecord::decode(ioc_stream::checkpoint::VERSION, &again[0]).unwrap();
    // As much is known of it as before, and of what it raised that nothing is known.
    let debug = format!("{loaded:?}");
    for known in ["feeds: [\"ids\"]", "blind: true", "alerts: None", "raised: Raised { since: None"] {
        assert!(debug.contains(known), "{known}: {debug}");
    }
}

/// What this version writes of a subject is what version 5 has always written: whoever changes these bytes raises the
/// version, and says here what that one writes. Of forms each version has its own (`fixtures/reported-N`).
#[test]
fn replay_what_a_checkpoint_of_version_5_keeps_of_a_subject_is_the_same_bytes_as_ever() {
    let folder = tempfile::tempdir().unwrap();
    let written = include_bytes!("fixtures/checkpoint-4");
    std::fs::write(folder.path().join("00000000000000000033.checkpoint"), written).unwrap();
    let checkpoint = Checkpoints::open(folder.path()).unwrap().newest(Epoch(40)).unwrap().unwrap();
    let mut shard = Shard::new(Names::default(), WorkerShards::WHOLE, None);
    for subject in checkpoint.subjects().unwrap() {
        shard.load(subject);
    }
    let mut records: Vec<Vec<u8>> = shard.records().collect::<Result<_, _>>().unwrap();
    records.sort_unstable();
    let bytes = postcard::to_stdvec(&records).unwrap();
    let known = include_bytes!("fixtures/subjects-5");
    assert!(bytes == *known, "{} bytes, {} as ever", bytes.len(), known.len());
}
