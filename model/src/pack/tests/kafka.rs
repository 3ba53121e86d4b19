//! Feeds that are read from topics of a Kafka cluster (LOUD).

use super::*;
use crate::pack::KafkaStart;

const TRANSPORT: &str = "transport = { kind = \"mqtt\", topics = [\"ioc/air/+\"] }";
const READ: &str = "brokers = [\"k1.example.vn:9093\", \"k2.example.vn:9093\"], topics = [\"air\", \"air.more\"], \
    group = \"ioc-tay-ninh\"";

fn read_so(transport: &str) -> PackFiles {
    replaced("feeds.toml", TRANSPORT, &format!("transport = {{ kind = \"kafka\", {transport} }}"))
}

#[test]
fn a_feed_says_which_topics_it_reads_and_as_whom() {
    let pack = Pack::parse(&read_so(READ)).unwrap_or_else(|faults| panic!("{faults}"));
    let Transport::Kafka(of) = &pack.feeds["air"].transport else { panic!() };
    assert_eq!(of.address(), "kafka://k1.example.vn:9093,k2.example.vn:9093");
    assert_eq!((of.topics.len(), of.group.as_str(), of.start), (2, "ioc-tay-ninh", KafkaStart::First));
    let pack = Pack::parse(&read_so(&format!("{READ}, start = \"new\""))).unwrap();
    let Transport::Kafka(of) = &pack.feeds["air"].transport else { panic!() };
    assert_eq!(of.start, KafkaStart::New);
}

#[test]
fn what_cannot_be_read_of_a_cluster_is_said_before_anything_is() {
    for (from, to, fault) in [
        ("k1.example.vn:9093", "u:secret@k1.example.vn:9093", "is no broker: write host:port"),
        ("k2.example.vn:9093", "k1.example.vn:9093", "'k1.example.vn:9093' is named twice"),
        ("[\"k1.example.vn:9093\", \"k2.example.vn:9093\"]", "[]", "'brokers' must name at least a broker"),
        ("\"air\"", "\"^air.*\"", "'^air.*' is no name of a topic"),
        ("[\"air\", \"air.more\"]", "[]", "'topics' must name at least a topic"),
        ("\"ioc-tay-ninh\"", "\"ioc tay ninh\"", "'group' is a name without blanks"),
        ("group =", "start = \"latest\", group =", "'start' is \"first\""),
    ] {
        assert!(READ.contains(from), "{from}");
        let Err(faults) = Pack::parse(&read_so(&READ.replacen(from, to, 1))) else { panic!("{to}") };
        assert!(faults.to_string().contains(fault), "{to}: {faults}");
    }
}

#[test]
fn a_format_of_the_moment_a_message_came_is_not_taken_where_it_waits_unseen() {
    let with = |transport: &str, format: &str| {
        let mut files = replaced("feeds.toml", TRANSPORT, transport);
        let text = files.get_mut("feeds.toml").unwrap();
        *text = text.replacen("\"json_observation\"", &format!("\"{format}\""), 1);
        Pack::parse(&files)
    };
    let kafka = format!("transport = {{ kind = \"kafka\", {READ} }}");
    for format in ["senml", "chirpstack", "zigbee2mqtt", "tasmota", "sparkplug_b"] {
        assert!(with(&kafka, format).is_ok() && with(TRANSPORT, format).is_ok(), "{format}");
        let folder = "transport = { kind = \"files\", folder = \"own\" }";
        let Err(faults) = with(folder, format) else { panic!("{format}") };
        assert!(faults.to_string().contains("is of the moment it came"), "{faults}");
    }
}

#[test]
fn a_topic_is_read_by_one_feed_and_a_group_is_of_one_feed() {
    let other = |transport: &str| {
        let mut files = read_so(READ);
        let text = files.get_mut("feeds.toml").unwrap();
        let second = text.replace("[air", "[more").replace(READ, transport);
        text.push_str(&second);
        Pack::parse(&files)
    };
    for (transport, fault) in [
        (READ.replace("ioc-tay-ninh", "other"), "topic 'air' is read by feed 'air' already"),
        (READ.replace("\"air\", \"air.more\"", "\"water\""), "is the group of feed 'air'"),
    ] {
        let Err(faults) = other(&transport) else { panic!("{transport}") };
        assert!(faults.to_string().contains(fault), "{faults}");
    }
}
