//! Where the lines come from: the stream of the running process, and the place to go on from.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    time::Duration,
};

use anyhow::{Context, anyhow};
use ioc_dashboards::tap::{Line, Outcome};
use ioc_model::position::{Offset, Partition, Position};
use serde::Deserialize;

use super::Args;
use crate::{config::Config, status::Run};

const CONNECTS_WITHIN: Duration = Duration::from_secs(5);
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);
/// So many lines wait for whoever reads them; the rest waits where they come from (invariant BOUND).
const WAITING: usize = 16;

/// The process that is asked.
pub(super) struct Source {
    config: Config,
    url: Option<String>,
    query: Vec<(&'static str, String)>,
    since: Option<i128>,
    agent: ureq::Agent,
}

/// What is heard: lines, and at last why there are no more.
pub(super) struct Heard {
    pub(super) lines: Receiver<Result<Line, String>>,
}

/// Why nothing is heard.
pub(super) struct Refusal {
    pub(super) why: anyhow::Error,
    /// Asking again does not help.
    pub(super) is_final: bool,
}

#[derive(Deserialize)]
struct Problem {
    detail: String,
    #[serde(default)]
    detail_vi: Option<String>,
}

impl Source {
    pub(super) fn new(config: &Config, args: &Args) -> Source {
        let of = |name: &'static str, words: &[String]| -> Vec<(&'static str, String)> {
            words.iter().map(|word| (name, word.clone())).collect()
        };
        let mut query = of("feed", &args.feed);
        query.extend(of("sender", &args.sender));
        query.extend(of("topic", &args.topic));
        query.extend(of("only", &args.only));
        query.extend(args.raw.then(|| ("raw", "true".to_owned())));
        query.extend(args.now.then(|| ("now", "true".to_owned())));
        let agent = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECTS_WITHIN))
            .timeout_recv_response(Some(ANSWERS_WITHIN))
            .http_status_as_error(false)
            .build()
            .into();
        let since = args.since.map(|since| since.as_millis());
        Source { config: config.clone(), url: args.url.clone(), query, since, agent }
    }

    /// Listens, from those places on if there are any.
    pub(super) fn listen(&self, places: &Places) -> Result<Heard, Refusal> {
        let later = |why| Refusal { why, is_final: false };
        // What is started anew may have another address.
        let base = match &self.url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", Run::of(&self.config).map_err(later)?.http),
        };
        let url = format!("{base}/api/tap");
        let mut request = self.agent.get(&url);
        for (name, text) in &self.query {
            request = request.query(name, text);
        }
        if let Some(since) = self.since.filter(|_| places.0.is_empty()) {
            request = request.query("since", since.to_string());
        }
        for place in places.0.values() {
            request = request.query("next", place.to_string());
        }
        let answer = request.call().with_context(|| format!("no answer at {url}")).map_err(later)?;
        let status = answer.status();
        if !status.is_success() {
            let problem: Option<Problem> = answer.into_body().read_json().ok();
            let why = match problem {
                Some(Problem { detail, detail_vi: Some(vi) }) => anyhow!("{vi}\n{detail}"),
                Some(Problem { detail, .. }) => anyhow!(detail),
                None => anyhow!("{url} answers {status}"),
            };
            return Err(Refusal { why, is_final: status.is_client_error() });
        }
        let (tell, lines): (SyncSender<_>, _) = sync_channel(WAITING);
        let body = BufReader::new(answer.into_body().into_reader());
        // The thread ends with the connection or with whoever listens.
        drop(std::thread::spawn(move || read(body, &tell)));
        Ok(Heard { lines })
    }
}

/// Reads server-sent events: of this stream each has one line of data.
fn read(body: impl BufRead, tell: &SyncSender<Result<Line, String>>) {
    for line in body.lines() {
        let told = match line {
            Ok(line) => match line.strip_prefix("data: ") {
                Some(data) => serde_json::from_str(data).map_err(|_| "not of this version".to_owned()),
                None => continue,
            },
            Err(error) => Err(error.to_string()),
        };
        let is_last = told.is_err();
        if tell.send(told).is_err() || is_last {
            return;
        }
    }
    let _unheard = tell.send(Err("closed".to_owned()));
}

/// What is told next, by partition.
#[derive(Debug, Default)]
pub(super) struct Places(BTreeMap<u16, Position>);

impl Places {
    /// Takes what a line says of it.
    pub(super) fn passed(&mut self, line: &Line) {
        match line {
            Line::Hello(hello) => hello.next.iter().for_each(|place| self.put(place)),
            Line::Heartbeat(heartbeat) => heartbeat.next.iter().for_each(|place| self.put(place)),
            Line::Missed(missed) => self.put(&missed.to),
            Line::Message(message) if message.became != [Outcome::Pending] => {
                if let Ok(position) = message.position.parse::<Position>() {
                    self.go_on(Position { offset: Offset(position.offset.0 + 1), ..position });
                }
            }
            Line::Message(_) | Line::Door(_) => {}
        }
    }

    fn put(&mut self, place: &str) {
        if let Ok(place) = place.parse() {
            self.go_on(place);
        }
    }

    fn go_on(&mut self, place: Position) {
        let Partition(number) = place.partition;
        let _before = self.0.insert(number, place);
    }
}

#[cfg(test)]
mod tests {
    use ioc_dashboards::tap::{Heartbeat, Hello};
    use ioc_model::time::Now;

    use super::*;

    #[test]
    fn it_goes_on_behind_what_was_told_last_of_each_partition() {
        let mut places = Places::default();
        let next = vec!["1-0-5".to_owned(), "1-1-7".to_owned()];
        places.passed(&Line::Hello(Hello { now: Now(0), timezone: String::new(), next }));
        let next = vec!["1-0-9".to_owned()];
        places.passed(&Line::Heartbeat(Heartbeat { now: Now(0), next, trouble: None }));
        let told: Vec<String> = places.0.values().map(ToString::to_string).collect();
        assert_eq!(told, ["1-0-9", "1-1-7"]);
    }

    #[test]
    fn every_line_of_data_is_an_event_and_the_end_says_why() {
        let (tell, lines) = sync_channel(8);
        let body = "event: heartbeat\ndata: {\"kind\":\"heartbeat\",\"now\":1,\"next\":[],\"trouble\":null}\n\ndata: ?\n";
        read(body.as_bytes(), &tell);
        assert!(matches!(lines.recv().unwrap(), Ok(Line::Heartbeat(_))));
        assert_eq!(lines.recv().unwrap().unwrap_err(), "not of this version");
        assert!(lines.try_recv().is_err());
    }
}
