//! Indices, states, judgements and alerts on the board: the same epoch discipline as for tiles.

use ioc_dashboards::{Board, Hydration, alerts::ALERTS_SHOWN, index_tile::HOURS_KEPT, station::StationView};
use ioc_model::{
    asker::Asker,
    epoch::Epoch,
    figure::StationStanding,
    index::NoIndex,
    limit::Averaging,
    results::{EpochResults, LimitVerdict, StatusResult},
    rule::{AlertChange, Priority},
    status::StationStatus,
    time::{EventTime, Now},
    window::WindowKind,
};

use crate::{
    server::{NOON, STATION, Server},
    support::{self, HOUR, alert, assessment, index, results},
};

fn board() -> Board {
    let board = Board::new(&support::pack());
    board.hydrate(Hydration::default());
    board
}

fn epoch(number: u64, fill: impl FnOnce(&mut EpochResults)) -> EpochResults {
    let mut made = results(number, NOON);
    fill(&mut made);
    made
}

fn state(subject: &str, status: StationStatus) -> StatusResult {
    StatusResult {
        subject: subject.into(),
        status,
        since: Now(NOON),
        last_event: Some(EventTime(NOON - HOUR)),
        sensor: None,
        clock_off: None,
    }
}

#[tokio::test]
async fn before_anything_was_derived_the_picture_says_so_instead_of_showing_good_silent() {
    let server = Server::start().await;
    let picture = server.get("/api/overview", &[]).await.json()["picture"].clone();
    let indices = picture["indices"].as_array().unwrap();
    // Three stations of ambient air with an hour and a day each; the waste water one has no index.
    assert_eq!(indices.len(), 6);
    assert!(indices.iter().all(|tile| tile["latest"].is_null() && tile["index"] == "vn_aqi"));
    let stations = picture["stations"].as_array().unwrap();
    assert_eq!(stations.len(), 4);
    assert!(stations.iter().all(|station| station["status"].is_null() && station["since"].is_null()));
    assert_eq!((picture["alerts_open"].as_u64(), picture["alerts_whole"].as_bool()), (Some(0), Some(true)));
}

#[test]
fn silent_how_a_station_stands_moves_with_the_clock_alone_and_who_looks_is_told_once() {
    let board = board();
    let everyone = Asker::everyone();
    board.apply(&epoch(1, |made| {
        made.facts.observations.push(support::observation(
            STATION,
            "pm25",
            NOON,
            20.0,
            "air",
            support::arrival(NOON, 1, 0),
        ));
        made.facts.statuses.push(state(STATION, StationStatus::Good));
    }));
    let stands = |since: u64| {
        let changes = board.changes(&everyone, Epoch(since));
        let of_it = changes.stations.into_iter().find(|station| &*station.subject == STATION);
        of_it.map(|station| (station.standing.unwrap(), station.priority))
    };
    let before = stands(0).unwrap();
    // Hours later nothing came: what is stale is counted anew, with no other fact in the epoch.
    let later = results(2, NOON + 48 * HOUR);
    board.apply(&later);
    assert_eq!(before, (StationStanding::Partial, Some(Priority::Medium)), "others never came");
    let missing = |all: &[StationView]| all.iter().find(|it| &*it.subject == STATION).map(|it| it.missing);
    let now = missing(&board.everything(&everyone).stations).unwrap();
    assert!(now.stale > 0 && now.since.is_some(), "{now:?}");
    assert!(stands(1).is_some());
    board.apply(&EpochResults { epoch: Epoch(3), ..later });
    assert_eq!(stands(2), None);
}

#[tokio::test]
async fn what_was_derived_is_in_the_picture_and_pushed_once() {
    let server = Server::start().await;
    let made = epoch(3, |made| {
        made.facts.indices.push(index(STATION, WindowKind::Hour, NOON - HOUR, Ok(78.0)));
        made.facts.statuses.push(state(STATION, StationStatus::Late));
        made.facts.assessments.push(assessment(
            STATION,
            "pm25",
            Averaging::Day,
            NOON - 24 * HOUR,
            LimitVerdict::Exceeded,
        ));
        made.facts.alerts.push(alert("aqi-bad", 1, AlertChange::Raised, NOON));
    });
    server.board.apply(&made);
    let mut events = server.listen("/api/events?since=2", &[]).await;
    let changes = events.named("changes").await.data;
    let tile = &changes["indices"][0];
    assert_eq!((tile["latest"]["value"].as_f64(), tile["kind"].as_str()), (Some(78.0), Some("hour")));
    assert_eq!(tile["latest"]["parts"][0]["sub_index"], 77.6);
    assert_eq!(tile["history"][0]["revision"], 3);
    assert_eq!(changes["stations"].as_array().unwrap().len(), 1);
    assert_eq!(changes["stations"][0]["status"], "late");
    assert_eq!(changes["assessments"][0]["verdict"], "exceeded");
    let told = &changes["alerts"][0];
    assert_eq!(told["id"], format!("aqi-bad~{STATION}~1"));
    assert_eq!(
        (told["active"].as_bool(), told["evidence"]["measure"].as_str()),
        (Some(true), Some("vn_aqi"))
    );
    assert!(server.board.changes(&Asker::everyone(), Epoch(3)).is_empty());
    let overview = server.get("/api/overview", &[]).await.json();
    assert_eq!(overview["picture"]["alerts"][0]["id"], told["id"]);
    assert_eq!(overview["has_map"], false);
}

#[test]
fn an_epoch_applied_twice_changes_nothing_once() {
    let board = board();
    let made = epoch(5, |made| {
        made.facts.alerts.push(alert("aqi-bad", 1, AlertChange::Raised, NOON));
        made.facts.indices.push(index(STATION, WindowKind::Hour, NOON, Ok(50.0)));
    });
    board.apply(&made);
    let before = board.everything(&Asker::everyone());
    board.apply(&made);
    let older = epoch(4, |made| made.facts.statuses.push(state(STATION, StationStatus::Good)));
    board.apply(&older);
    let after = board.everything(&Asker::everyone());
    assert_eq!(
        (before.alerts, before.indices, before.stations),
        (after.alerts, after.indices, after.stations)
    );
}

#[test]
fn series_and_stations_the_pack_does_not_list_take_no_room_bound() {
    let board = board();
    board.apply(&epoch(1, |made| {
        for number in 0..1_000 {
            let stranger = format!("X{number}");
            made.facts.indices.push(index(&stranger, WindowKind::Hour, NOON, Ok(1.0)));
            made.facts.statuses.push(state(&stranger, StationStatus::Silent));
            made.facts.assessments.push(assessment(
                &stranger,
                "pm25",
                Averaging::Day,
                NOON,
                LimitVerdict::Kept,
            ));
        }
        made.facts.assessments.push(assessment(STATION, "radon", Averaging::Day, NOON, LimitVerdict::Kept));
    }));
    let picture = board.everything(&Asker::everyone());
    assert_eq!((picture.indices.len(), picture.stations.len(), picture.assessments.len()), (6, 4, 0));
}

#[test]
fn the_line_beside_an_index_and_the_list_of_alerts_are_bounded_bound() {
    let board = board();
    board.apply(&epoch(1, |made| {
        for hour in 0..1_000 {
            made.facts.indices.push(index(STATION, WindowKind::Hour, NOON + hour * HOUR, Ok(1.0)));
        }
        for number in 1..=1_500 {
            made.facts.alerts.push(alert(&format!("rule-{number}"), 1, AlertChange::Raised, NOON));
        }
    }));
    let picture = board.everything(&Asker::everyone());
    let tile = picture.indices.iter().find(|tile| &*tile.subject == STATION).unwrap();
    assert_eq!(tile.history.len(), HOURS_KEPT);
    assert_eq!((picture.alerts.len(), picture.alerts_open), (ALERTS_SHOWN, 1_500));
}

#[test]
fn an_index_without_a_value_and_a_mean_of_too_few_points_replace_the_good_ones_silent() {
    let board = board();
    board.apply(&epoch(1, |made| {
        made.facts.indices.push(index(STATION, WindowKind::Hour, NOON, Ok(20.0)));
        made.facts.assessments.push(assessment(STATION, "pm25", Averaging::Hour, NOON, LimitVerdict::Kept));
    }));
    board.apply(&epoch(2, |made| {
        made.facts.indices.push(index(STATION, WindowKind::Hour, NOON + HOUR, Err(NoIndex::NoParticulates)));
        made.facts.assessments.push(assessment(
            STATION,
            "pm25",
            Averaging::Hour,
            NOON + HOUR,
            LimitVerdict::Insufficient,
        ));
    }));
    let picture = board.everything(&Asker::everyone());
    let tile = picture.indices.iter().find(|tile| tile.latest.is_some()).unwrap();
    let latest = tile.latest.as_ref().unwrap();
    assert_eq!((latest.value, latest.reason), (None, Some(NoIndex::NoParticulates)));
    assert_eq!(picture.assessments[0].verdict, LimitVerdict::Insufficient);
}

#[test]
fn a_hydrated_board_goes_on_where_the_store_was_and_tells_old_viewers_all_of_it() {
    let first = board();
    first.apply(&epoch(9, |made| {
        made.facts.indices.push(index(STATION, WindowKind::Day, NOON, Ok(66.0)));
        made.facts.assessments.push(assessment(STATION, "pm25", Averaging::Day, NOON, LimitVerdict::Kept));
        made.facts.alerts.push(alert("aqi-bad", 1, AlertChange::Raised, NOON));
        made.facts.alerts.push(alert("aqi-bad", 1, AlertChange::Acknowledged, NOON + 1));
    }));
    let seen = first.everything(&Asker::everyone());
    let tile = seen.indices.iter().find(|tile| tile.latest.is_some()).unwrap().clone();
    let again = Board::new(&support::pack());
    again.hydrate(Hydration {
        epoch: Epoch(9),
        indices: vec![(tile.index, tile.subject, tile.kind, tile.latest.clone().unwrap())],
        index_points: vec![(tile.index, tile.subject, tile.kind, tile.history[0].clone())],
        stations: vec![state(STATION, StationStatus::Silent)],
        assessments: seen.assessments.clone(),
        alerts: seen.alerts.clone(),
        ..Hydration::default()
    });
    let picture = again.everything(&Asker::everyone());
    assert_eq!((&picture.alerts, &picture.assessments), (&seen.alerts, &seen.assessments));
    assert!(picture.indices.contains(&tile));
    assert!(again.changes(&Asker::everyone(), Epoch(9)).is_empty());
    // Whoever was here before may still show alerts that were closed meanwhile: it is told which are open now.
    let old = again.changes(&Asker::everyone(), Epoch(3));
    assert!(old.alerts_whole);
    assert_eq!(old.alerts.len(), 1);

    again.apply(&epoch(10, |made| {
        let mut cleared = alert("aqi-bad", 1, AlertChange::Cleared, NOON + 2);
        cleared.acknowledged = true;
        made.facts.alerts.push(cleared);
    }));
    let told = again.changes(&Asker::everyone(), Epoch(9));
    assert_eq!((told.alerts[0].active, told.alerts[0].acknowledged, told.alerts_open), (false, true, 0));
    assert_eq!(told.alerts[0].raised_at, Now(NOON), "what the store remembered is not forgotten");
}
