use ioc_model::position::Offset;

use super::*;

fn at(partition: u16, offset: u64) -> Position {
    Position { log: LogNumber(1), partition: Partition(partition), offset: Offset(offset) }
}

fn ordered(messages: &[(Position, i64)]) -> Vec<Position> {
    let mut messages = messages.to_vec();
    let order = in_order(&mut messages, |(position, at)| (*position, ReceivedAt(*at)));
    order.into_iter().map(|at| messages[at].0).collect()
}

#[test]
fn messages_of_a_partition_keep_their_order_also_when_the_clock_went_back() {
    let messages = [(at(0, 3), 40), (at(1, 1), 50), (at(0, 1), 100), (at(1, 2), 120), (at(0, 2), 30)];
    let expected = [at(1, 1), at(0, 1), at(0, 2), at(0, 3), at(1, 2)];
    assert_eq!(ordered(&messages), expected);
    let split: Vec<Position> = [&messages[2..3], &messages[4..5], &messages[..1]].map(ordered).concat();
    assert_eq!(split, [at(0, 1), at(0, 2), at(0, 3)], "as in epochs of their own");
}

fn key(sender: &str, node: usize) -> NodeKey {
    NodeKey::new(Source { feed: "sparkplug".into(), sender: sender.into() }, "G", &format!("gw-{node}"))
}

#[test]
fn bound_a_sender_that_makes_up_nodes_takes_its_own_room() {
    let shards = Shards(4);
    let (mut nodes, mut told) = (Nodes::new(shards), NodesTold::default());
    let made_up = 8 * MOST_NODES;
    let held =
        (0..made_up).filter(|node| nodes.read(key("flood", *node), Now(0), &mut told, |node| node.is_some()));
    assert_eq!(held.count(), 4 * MOST_NODES);
    assert_eq!(told.cut[&Name::from("flood")], (4 * MOST_NODES) as u64);
    assert!(nodes.read(key("honest", 0), Now(0), &mut told, |node| node.is_some()));
    assert_eq!(told.cut.len(), 1);
    // Loaded by workers that share the shards otherwise they are as many.
    let mut loaded = Nodes::new(shards);
    for record in nodes.records() {
        loaded.load(postcard::from_bytes(&record.unwrap()).unwrap());
    }
    assert!(!loaded.read(key("flood", made_up + 1), Now(0), &mut told, |node| node.is_some()));
    let kept = |nodes: &Nodes| nodes.records().collect::<Result<Vec<_>, _>>().unwrap();
    assert!(kept(&loaded) == kept(&nodes));
    // What said nothing for long makes room.
    let later = Now(FORGOTTEN.0 + 2 * HOUR);
    assert!(loaded.read(key("flood", made_up + 1), later, &mut told, |node| node.is_some()));
    assert_eq!(loaded.held.len(), 1);
}
