//! What the stand-in stations' gateways publish: each speaks the way of another maker, and the units of the record.

use ioc_model::{
    calendar::Calendar,
    time::{EventTime, Millis},
};
use serde_json::{Value, json};

use super::{
    record::Hour,
    stand_in::{Gateway, STAND_INS, StandIn},
};

const WIND_FEED: &str = "replay-wind";

/// The feeds of all of them.
pub(crate) fn feeds() -> Vec<String> {
    STAND_INS.iter().map(|station| station.gateway.feed()).chain([WIND_FEED]).map(str::to_owned).collect()
}

/// A message of a station.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Of the demo's pack, which its topic belongs to.
    pub(super) feed: &'static str,
    pub(super) topic: String,
    pub(super) payload: String,
}

/// The messages of an hour: all gases in one, in the way of the station's gateway, and the wind in one for each value,
/// as its vane publishes it. What is missing in the record is not sent.
pub(super) fn messages(station: &StandIn, hour: &Hour, calendar: &Calendar) -> Vec<Message> {
    let gases = [
        ("no2", hour.no2, "ppb"),
        ("o3", hour.o3, "ppb"),
        ("so2", hour.so2, "ppb"),
        ("nox", hour.nox, "ppb"),
        ("co", hour.co, "ppm"),
    ];
    let gases: Vec<Gas> = gases.into_iter().filter_map(Gas::known).collect();
    let wind = [("wind_speed", hour.wind_speed, "m/s"), ("wind_direction", hour.wind_direction, "deg")];
    let gases = (!gases.is_empty()).then(|| station.gateway.says(station, hour.start, &gases, calendar));
    let wind = wind.into_iter().filter_map(|(indicator, value, unit)| {
        let observation = json!({
            "subject": station.subject,
            "indicator": indicator,
            "time": hour.start.rfc3339(),
            "value": value?,
            "unit": unit,
        });
        Some(Message {
            feed: WIND_FEED,
            topic: format!("ioc/replay/{}/observation", station.subject),
            payload: observation.to_string(),
        })
    });
    gases.into_iter().chain(wind).collect()
}

/// A gas that was measured.
struct Gas {
    symbol: &'static str,
    value: f64,
    unit: &'static str,
}

impl Gas {
    fn known((symbol, value, unit): (&'static str, Option<f64>, &'static str)) -> Option<Gas> {
        Some(Gas { symbol, value: value?, unit })
    }
}

impl Gateway {
    fn feed(self) -> &'static str {
        match self {
            Gateway::Senml => "replay-senml",
            Gateway::Logger => "replay-logger",
            Gateway::NgsiLd => "replay-ngsi-ld",
            Gateway::SensorThings => "replay-sensorthings",
        }
    }

    fn says(self, station: &StandIn, start: EventTime, gases: &[Gas], calendar: &Calendar) -> Message {
        let (word, payload) = match self {
            Gateway::Senml => ("senml", senml(station, start, gases)),
            Gateway::Logger => ("logger", logger(station, start, gases, calendar)),
            Gateway::NgsiLd => ("ngsi-ld", ngsi_ld(station, start, gases)),
            Gateway::SensorThings => ("sensorthings", sensorthings(station, start, gases)),
        };
        Message {
            feed: self.feed(),
            topic: format!("ioc/replay/{}/{word}", station.subject),
            payload: payload.to_string(),
        }
    }
}

/// RFC 8428, 5: base name and base time in the first record.
fn senml(station: &StandIn, start: EventTime, gases: &[Gas]) -> Value {
    let records = gases.iter().enumerate().map(|(at, gas)| {
        let mut record = json!({ "n": gas.symbol, "u": gas.unit, "v": gas.value });
        if at == 0 {
            record["bn"] = station.device().into();
            record["bt"] = (start.0 / 1_000).into();
        }
        record
    });
    records.collect()
}

/// A cycle of a data logger; its time is local.
fn logger(station: &StandIn, start: EventTime, gases: &[Gas], calendar: &Calendar) -> Value {
    let said = |gas: &Gas| (gas.symbol.to_owned(), json!({ "v": gas.value, "u": gas.unit, "st": "00" }));
    json!({
        "station": station.device(),
        "time": calendar.local(start).map(|local| local.strftime("%Y%m%d%H%M%S").to_string()),
        "data": gases.iter().map(said).collect::<serde_json::Map<_, _>>(),
    })
}

/// An entity of the smart data model AirQualityObserved; units are codes of UN/CEFACT.
fn ngsi_ld(station: &StandIn, start: EventTime, gases: &[Gas]) -> Value {
    let mut entity = json!({
        "id": station.device(),
        "type": "AirQualityObserved",
        "@context": ["https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"],
    });
    for gas in gases {
        let unit = if gas.unit == "ppm" { "59" } else { "61" };
        entity[gas.symbol] = json!({
            "type": "Property",
            "value": gas.value,
            "unitCode": unit,
            "observedAt": start.rfc3339(),
        });
    }
    entity
}

/// An observation a datastream, with the datastream expanded.
fn sensorthings(station: &StandIn, start: EventTime, gases: &[Gas]) -> Value {
    let end = start.plus(Millis::hours(1));
    let observations = gases.iter().map(|gas| {
        json!({
            "phenomenonTime": format!("{}/{}", start.rfc3339(), end.rfc3339()),
            "result": gas.value,
            "Datastream": {
                "@iot.selfLink": format!("{}/Datastreams('{}')", station.device(), gas.symbol),
                "unitOfMeasurement": { "name": gas.unit, "symbol": gas.unit, "definition": "" },
            },
        })
    });
    observations.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::record::hours;

    #[test]
    fn a_missing_cell_is_not_sent_and_the_others_are_as_they_stand_in_the_record() {
        let record = hours().unwrap();
        let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap();
        for station in &STAND_INS {
            assert_eq!(messages(station, &record[0], &calendar).len(), 3);
            let third = messages(station, &record[2], &calendar);
            let [gases, speed, direction] = third.as_slice() else { panic!("{third:?}") };
            assert!(!gases.payload.contains("no2") && !gases.payload.contains("nox"), "{gases:?}");
            assert!(gases.payload.contains("1.2") && gases.payload.contains("so2"), "{gases:?}");
            assert!(speed.payload.contains("2003-01-01T02:00:00.000Z") && direction.payload.contains("deg"));
        }
    }
}
