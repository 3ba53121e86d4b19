//! Lists as consoles export them, dropped into the inbox: machines on which malware was found, and machines that were seen
//! to talk to a botnet.
//!
//! Nothing in them was ever found: a list says so above its header. What is found on a day depends on the seed and the
//! day alone. Every six hours a console exports all of the day so far, as such consoles do, so most of a list was
//! told before, and is known for it. All addresses are of the ranges for documentation.

use std::time::Duration;

use ioc_model::{
    calendar::{Calendar, LocalDay},
    time::{EventTime, Millis},
};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{PublisherArgs, dust::drop_file, follow::wait_until, logs::MOST_BACKFILL_HOURS};

const EXPORTED_EVERY: Millis = Millis::hours(6);
const RETRY_AFTER: Duration = Duration::from_secs(2);
const HOUR: i64 = Millis::hours(1).0;

/// Names of malware that does not exist, what it is a case of, how bad the console says it is.
const MALWARE: [(&str, &str, &str); 4] = [
    ("Trojan.Example.A", "Trojan", "Cao"),
    ("Adware.Example.B", "Adware", "Trung bình"),
    ("Ransom.Example.C", "Ransomware", "Nghiêm trọng"),
    ("Worm.Example.D", "Worm", "Cao"),
];
const DONE: [&str; 3] = ["Đã xóa", "Đã cách ly", "Chưa xử lý"];
const BOTNETS: [&str; 3] = ["Botnet.Example.E", "Botnet.Example.F", "Botnet.Example.G"];
const PORTS: [u16; 3] = [443, 8_080, 6_667];

/// A console and what it exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Console {
    /// What antivirus found.
    Antivirus,
    /// Who talked to a botnet.
    Botnet,
}

impl Console {
    pub(super) const ALL: [Console; 2] = [Console::Antivirus, Console::Botnet];

    /// The folder of its feed in the inbox.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Console::Antivirus => "replay-antivirus",
            Console::Botnet => "replay-botnet",
        }
    }

    fn header(self) -> &'static str {
        match self {
            Console::Antivirus => {
                "DANH SÁCH GIẢ LẬP CỦA BẢN TRÌNH DIỄN (SYNTHETIC LIST OF THE DEMONSTRATION)\n\n\
                 Mã sự kiện;Thời gian;Máy tính;Địa chỉ IP;Loại;Tên mã độc;Mức độ;Hành động\n"
            }
            Console::Botnet => {
                "SYNTHETIC LIST OF THE DEMONSTRATION (DANH SÁCH GIẢ LẬP CỦA BẢN TRÌNH DIỄN)\n\n\
                 Last seen,Source IP,C2 address,C2 port,Protocol,Botnet,Connections\n"
            }
        }
    }

    /// What is found on a local day, by its time: when, and the line of it.
    fn found(self, seed: u64, day: LocalDay, calendar: &Calendar) -> Vec<(EventTime, String)> {
        let mut random = random(seed, self, day);
        let often = match self {
            Console::Antivirus => random.random_range(3..8),
            Console::Botnet => random.random_range(1..5),
        };
        let mut moments: Vec<EventTime> = (0..often)
            .map(|_| match self {
                // People open what they should not at work.
                Console::Antivirus => day.start.0 + random.random_range(7 * HOUR..18 * HOUR),
                Console::Botnet => random.random_range(day.start.0..day.end.0),
            })
            .map(|at| EventTime(at - at.rem_euclid(1_000)))
            .collect();
        moments.sort_unstable();
        let line = |(number, at): (usize, EventTime)| {
            let local = calendar.local(at)?;
            let machine = random.random_range(101..200);
            let said = match self {
                Console::Antivirus => {
                    let (name, category, severity) = MALWARE[random.random_range(0..MALWARE.len())];
                    let done = DONE[random.random_range(0..DONE.len())];
                    format!(
                        "AV-{}-{number:02};{};PC-{machine};192.0.2.{machine};{category};{name};{severity};{done}\n",
                        local.strftime("%Y%m%d"),
                        local.strftime("%d/%m/%Y %H:%M:%S"),
                    )
                }
                Console::Botnet => format!(
                    "{},192.0.2.{machine},203.0.113.{},{},TCP,{},{}\n",
                    local.strftime("%Y-%m-%d %H:%M:%S"),
                    random.random_range(1..255),
                    PORTS[random.random_range(0..PORTS.len())],
                    BOTNETS[random.random_range(0..BOTNETS.len())],
                    random.random_range(1..6),
                ),
            };
            Some((at, said))
        };
        moments.into_iter().enumerate().filter_map(line).collect()
    }

    /// Name and content of the list that is exported at a moment: all of its local day so far; none where nothing is.
    pub(super) fn export(self, seed: u64, at: EventTime, calendar: &Calendar) -> Option<(String, String)> {
        // What is exported at midnight is of the day that ended.
        let day = calendar.day_of(at.minus(Millis(1)))?;
        let found = self.found(seed, day, calendar);
        let lines: Vec<&str> = found.iter().filter(|(when, _)| *when < at).map(|(_, line)| &**line).collect();
        let stamp = calendar.local(at)?.strftime("%Y%m%d_%H%M").to_string();
        let name = format!("{}_{stamp}.csv", self.folder());
        (!lines.is_empty()).then(|| (name, format!("{}{}", self.header(), lines.concat())))
    }
}

fn random(seed: u64, console: Console, day: LocalDay) -> StdRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..12].copy_from_slice(&day.number.0.to_le_bytes());
    // Other draws than those of an hour's lines.
    bytes[16] = 1 + console as u8;
    StdRng::from_seed(bytes)
}

/// Drops lists for ever, each at its moment, if it is said where.
pub(super) async fn publish(args: &PublisherArgs, calendar: &Calendar) {
    let Some(inbox) = &args.lists_inbox else { return };
    let hours = args.backfill_hours.min(MOST_BACKFILL_HOURS);
    let mut at = first_export(args.clock.now().minus(Millis::hours(hours.into())), calendar);
    loop {
        wait_until(args.clock, at).await;
        for console in Console::ALL {
            let Some((name, content)) = console.export(args.seed, at, calendar) else { continue };
            let folder = inbox.join(console.folder());
            while let Err(error) = drop_file(&folder, &name, &content) {
                tracing::warn!(%error, ?folder, "cannot drop a list: trying again");
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
        at = at.plus(EXPORTED_EVERY);
    }
}

/// The first moment behind one at which consoles export: each quarter of a local day.
fn first_export(after: ioc_model::time::Now, calendar: &Calendar) -> EventTime {
    let after = EventTime(after.0);
    let midnight = calendar.day_of(after).map_or(after, |day| day.start);
    let quarters = (after.0 - midnight.0).div_euclid(EXPORTED_EVERY.0) + 1;
    midnight.plus(Millis(quarters * EXPORTED_EVERY.0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn vietnam() -> Calendar {
        Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap()
    }

    /// 2026-01-31T00:00:00+07:00.
    const MIDNIGHT: EventTime = EventTime(1_769_792_400_000);

    #[test]
    fn a_list_says_that_it_is_made_up_and_holds_the_day_so_far_and_a_seed_gives_it_again() {
        let calendar = vietnam();
        for console in Console::ALL {
            let lists: Vec<(String, String)> = (1..=40)
                .filter_map(|quarter| {
                    console.export(1, MIDNIGHT.plus(Millis(quarter * EXPORTED_EVERY.0)), &calendar)
                })
                .collect();
            assert!(lists.len() > 10, "{console:?}");
            for (name, content) in &lists {
                let label = content.lines().next().unwrap();
                assert!(label.contains("SYNTHETIC") && label.contains("GIẢ LẬP") && name.ends_with(".csv"));
            }
            let lines: BTreeSet<&str> =
                lists.iter().flat_map(|(_, content)| content.lines().skip(3)).collect();
            assert!(lines.len() > 10, "{lines:?}");
            let noon = MIDNIGHT.plus(Millis(2 * EXPORTED_EVERY.0));
            let whole = console.export(1, MIDNIGHT.plus(Millis(4 * EXPORTED_EVERY.0)), &calendar).unwrap().1;
            if let Some((_, morning)) = console.export(1, noon, &calendar) {
                assert!(morning.lines().all(|line| whole.contains(line)), "it is told again");
            }
            assert_ne!(console.export(2, MIDNIGHT, &calendar), console.export(1, MIDNIGHT, &calendar));
        }
    }

    #[test]
    fn lists_come_each_quarter_of_a_local_day() {
        let calendar = vietnam();
        let first = |minutes: i64| {
            let now = ioc_model::time::Now(MIDNIGHT.0 + minutes * 60_000);
            (first_export(now, &calendar).0 - MIDNIGHT.0) / 60_000
        };
        assert_eq!([0, 1, 359, 360, 1_439].map(first), [360, 360, 360, 720, 1_440]);
    }
}
