//! Dust as station files of TT 10/2021/TT-BTNMT, in local time, dropped into the inbox.

use std::{fs, io, path::Path, time::Duration};

use ioc_model::{calendar::Calendar, time::EventTime};

use super::{
    PublisherArgs,
    follow::Follow,
    record::Hour,
    stand_in::{Reading, StandIn},
};

/// No more files than this lie in the inbox: a moved file is the acknowledgement, and without any the sender waits.
const MAX_WAITING: usize = 1_000;
const LOOK_AGAIN: Duration = Duration::from_millis(500);
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Drops files until the readings end.
pub(super) async fn publish(args: &PublisherArgs, readings: &[Reading], calendar: &Calendar) {
    let mut follow = Follow::from_before(readings, args.clock, args.backfill_hours);
    let mut files = 0u64;
    let mut room = 0usize;
    while let Some(Reading { station, hour }) = follow.next("files").await {
        let Some((name, content)) = station_file(station, hour, calendar) else { continue };
        while room == 0 {
            room = MAX_WAITING.saturating_sub(waiting(&args.dust_folder));
            if room == 0 {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
        room -= 1;
        while let Err(error) = drop_file(&args.dust_folder, &name, &content) {
            tracing::warn!(%error, folder = ?args.dust_folder, "cannot drop a file: trying again");
            tokio::time::sleep(RETRY_AFTER).await;
        }
        files += 1;
        // The other channel shares this thread.
        tokio::task::yield_now().await;
    }
    tracing::info!(files, "the readings have ended: no more files are dropped");
}

/// A file that appears whole: written under a name that says it is not, then renamed.
pub(super) fn drop_file(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let temporary = folder.join(format!(".{name}.tmp"));
    fs::write(&temporary, content)?;
    fs::rename(&temporary, folder.join(name))
}

/// Files that nobody has taken yet. None if the folder is not there.
fn waiting(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Name and content of an hour's file; none if the record has no dust for it.
pub(super) fn station_file(station: &StandIn, hour: &Hour, calendar: &Calendar) -> Option<(String, String)> {
    let stamp = local_stamp(hour.start, calendar)?;
    let mut content = String::new();
    for (symbol, value) in [("PM10", hour.pm10), ("PM2,5", hour.pm25)] {
        if let Some(value) = value {
            content.push_str(&format!("{symbol}\t{value}\tug/m3\t{stamp}\t00\r\n"));
        }
    }
    (!content.is_empty()).then(|| (format!("{}_{stamp}.txt", station.file_code), content))
}

/// `yyyyMMddHHmmss`, local.
fn local_stamp(moment: EventTime, calendar: &Calendar) -> Option<String> {
    let moment = jiff::Timestamp::from_millisecond(moment.0).ok()?;
    Some(moment.to_zoned(calendar.zone().clone()).strftime("%Y%m%d%H%M%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{record::hours, stand_in::STAND_INS};

    #[test]
    fn a_station_file_is_local_tab_separated_and_leaves_out_what_is_missing() {
        let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap();
        let record = hours().unwrap();
        let (name, content) = station_file(&STAND_INS[0], &record[0], &calendar).unwrap();
        assert_eq!(name, "RP_TANNINH_KHI_20030101070000.txt");
        assert_eq!(
            content,
            "PM10\t45\tug/m3\t20030101070000\t00\r\nPM2,5\t41\tug/m3\t20030101070000\t00\r\n"
        );
        let gap = Hour { pm10: None, ..record[0] };
        assert!(!station_file(&STAND_INS[0], &gap, &calendar).unwrap().1.contains("PM10"));
        assert_eq!(station_file(&STAND_INS[0], &Hour { pm25: None, ..gap }, &calendar), None);
    }

    #[test]
    fn a_dropped_file_appears_whole_under_its_name_alone() {
        let folder = std::env::temp_dir().join(format!("ioc-dust-{}", std::process::id()));
        drop_file(&folder, "a.txt", "content").unwrap();
        drop_file(&folder, "a.txt", "content").unwrap();
        assert_eq!(
            (waiting(&folder), fs::read_to_string(folder.join("a.txt")).unwrap().as_str()),
            (1, "content")
        );
        fs::remove_dir_all(&folder).unwrap();
    }
}
