//! How long alerts take, by what is stored of them.

use ioc_model::{
    epoch::Epoch,
    rule::{AlertAbout, AlertChange, AlertKey},
    time::Now,
};

use crate::{askers::ALL, sample, server::TestServer};

const MINUTE: i64 = 60_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_an_open_alert_is_no_fast_one_and_what_was_known_at_a_moment_stays() {
    use AlertChange::{Acknowledged, Cleared, Raised, Recurred};
    let server = TestServer::start().await;
    let sink = server.sink();
    let first = sample::results(Epoch(1), 0);
    let start = first.now.0;
    let of =
        |number: u32, change: AlertChange, active: bool, acknowledged: bool, minutes: i64, user: &str| {
            let mut alert = first.facts.alerts[0].clone();
            alert.key = AlertKey { number, rule: "guessing".into(), subject: "203.0.113.5".into() };
            (alert.about, alert.at, alert.user) =
                (AlertAbout::Address, Now(start + minutes * MINUTE), user.into());
            (alert.change, alert.active, alert.acknowledged) = (change, active, acknowledged);
            alert
        };
    let epochs = [
        (vec![of(1, Raised, true, false, 0, ""), of(2, Raised, true, false, 0, "")], 0),
        (vec![of(1, Cleared, false, false, 5, ""), of(1, Recurred, true, false, 6, "")], 6),
        (vec![of(1, Acknowledged, true, true, 10, "an")], 10),
        // Over when it was raised, and taken on by nobody.
        (vec![of(1, Cleared, false, true, 30, ""), of(3, Raised, false, false, 30, "")], 30),
        (vec![of(3, Acknowledged, false, true, 31, "ioc")], 31),
    ];
    for (epoch, (alerts, minutes)) in (1..).zip(epochs) {
        let mut results = sample::results(Epoch(epoch), 0);
        results.now = Now(start + minutes * MINUTE);
        results.facts.alerts = alerts;
        sink.write(&results, false).await.unwrap();
    }
    let [times] = &server.store.alert_times(&ALL, Now(start), Now(start + 1)).await.unwrap()[..] else {
        panic!("one rule")
    };
    let minutes = |minutes: f64| Some(minutes * MINUTE as f64);
    assert_eq!((times.raised, times.acknowledged, times.unacknowledged), (2, 1, 1));
    assert_eq!((times.cleared, times.active), (1, 1), "what came back was not over");
    assert_eq!((times.median_to_acknowledge, times.mean_to_clear), (minutes(10.0), minutes(30.0)));
    assert_eq!((times.waiting_since, times.active_since), (Some(Now(start)), Some(Now(start))));
    let [times] = &server.store.alert_times(&ALL, Now(start), Now(i64::MAX)).await.unwrap()[..] else {
        panic!("one rule")
    };
    assert_eq!((times.raised, times.acknowledged, times.unacknowledged), (3, 1, 1), "nobody took it on");
    assert_eq!((times.cleared, times.longest_to_clear), (1, minutes(30.0)), "it never was active");
    let none = server.store.alert_times(&ALL, Now(0), Now(start)).await.unwrap();
    assert_eq!(none, []);

    let known = |minutes: i64| {
        format!(
            "SELECT number, seconds_to_acknowledge, seconds_to_clear, active FROM \
             alert_times_known_at(known_at = fromUnixTimestamp64Milli({}, 'UTC')) ORDER BY number",
            start + minutes * MINUTE
        )
    };
    assert_eq!(server.ask(&known(5)).await, "1\t\\N\t\\N\ttrue\n2\t\\N\t\\N\ttrue");
    assert_eq!(server.ask(&known(10)).await, "1\t600\t\\N\ttrue\n2\t\\N\t\\N\ttrue");
    let last = "1\t600\t1800\tfalse\n2\t\\N\t\\N\ttrue\n3\t\\N\t\\N\tfalse";
    assert_eq!(server.ask(&known(31)).await, last);
}
