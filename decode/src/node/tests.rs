use super::*;

const NOW: Now = Now(1_000_000);

fn topic(address: &'static str) -> Topic<'static> {
    Topic::of(address).unwrap()
}

fn nbirth() -> Topic<'static> {
    topic("spBv1.0/G/NBIRTH/gw")
}

fn dbirth() -> Topic<'static> {
    topic("spBv1.0/G/DBIRTH/gw/a")
}

fn ddata() -> Topic<'static> {
    topic("spBv1.0/G/DDATA/gw/a")
}

fn said(seq: u64, session: Option<u64>) -> Said {
    Said { seq: Some(seq), session, at: Some(seq), again: false }
}

fn float(name: &str, alias: u64) -> Declared<'_> {
    Declared { name, alias: Some(alias), of: 9, is_integer: false }
}

/// Takes a message that came at that second.
fn take(node: &mut Node, topic: Topic<'_>, said: Said, second: i64, metrics: &[Declared<'_>]) -> usize {
    node.take(&topic, said, ReceivedAt(second * 1_000), metrics.iter().copied()).len()
}

/// A node with a device `a` whose metric 1 is `pm25`.
fn born() -> Node {
    let mut node = Node::default();
    node.allow(LARGEST);
    let _ = take(&mut node, nbirth(), said(0, Some(7)), 0, &[float("load", 1)]);
    let _ = take(&mut node, dbirth(), said(1, None), 0, &[float("pm25", 1)]);
    node
}

fn name(node: &Node, device: Option<&str>, alias: u64) -> Option<String> {
    match node.declared(device, alias) {
        Named::So(name, _) => Some(name.to_owned()),
        Named::Undeclared | Named::Unborn => None,
    }
}

#[test]
fn a_topic_says_whose_a_message_is() {
    let of = |address| Topic::of(address).map(|topic| (topic.group, topic.node, topic.device));
    assert_eq!(of("spBv1.0/G/DDATA/gw/a"), Some(("G", "gw", Some("a"))));
    assert_eq!(of("bridge/spBv1.0/G/NDEATH/gw"), Some(("G", "gw", None)));
    for none in [
        "spBv1.0/STATE/host",
        "spBv1.0/G/NCMD/gw",
        "spBv1.0/G/DDATA/gw",
        "spBv1.0/G/NDATA/gw/a",
        "spBv1.0/G/DDATA/gw/a/b",
        "spBv1.0/G/DDATA/gw/",
        "spBv1.0//NDATA/gw",
        "tram/a",
    ] {
        assert_eq!(of(none), None, "{none}");
    }
    assert_eq!(topic("spBv1.0/G/NDEATH/gw").of_data(Some("a")), "spBv1.0/G/DDATA/gw/a");
}

#[test]
fn each_birth_takes_the_place_of_what_was_declared_before() {
    let mut node = born();
    assert_eq!(name(&node, Some("a"), 1).as_deref(), Some("pm25"));
    assert_eq!(name(&node, None, 1).as_deref(), Some("load"), "a node's numbers and its devices' are apart");
    let _ = take(&mut node, dbirth(), said(2, None), 1, &[float("pm10", 2)]);
    assert_eq!((name(&node, Some("a"), 1), name(&node, Some("a"), 2).as_deref()), (None, Some("pm10")));
    let _ = take(&mut node, nbirth(), said(0, Some(7)), 2, &[]);
    assert_eq!((name(&node, Some("a"), 2), node.declared(Some("a"), 2)), (None, Named::Unborn));
    assert_eq!(node.declared(None, 1), Named::Undeclared);
}

#[test]
fn a_birth_that_was_sent_before_and_comes_again_ends_nothing() {
    let mut node = born();
    let again = Said { again: true, ..said(0, Some(7)) };
    let _ = take(&mut node, nbirth(), again, 1, &[float("load", 1)]);
    assert_eq!(name(&node, Some("a"), 1).as_deref(), Some("pm25"));
    let _ = take(&mut node, ddata(), said(2, None), 1, &[]);
    assert_eq!(node.wants(NOW), None);
    // One of a later moment is another one, whoever may have sent it before.
    let later = Said { at: Some(9_000), ..again };
    let _ = take(&mut node, nbirth(), later, 2, &[float("load", 1)]);
    assert_eq!(node.declared(Some("a"), 1), Named::Unborn);
}

#[test]
fn a_birth_is_wanted_once_and_again_when_data_goes_on_without_it() {
    let mut node = Node::default();
    node.allow(LARGEST);
    assert_eq!(node.wants(Now(0)), None);
    let _ = take(&mut node, ddata(), said(4, None), 5, &[]);
    assert_eq!(node.wants(Now(5_000)), Some((Why::Unborn, ReceivedAt(5_000))));
    for second in 6..600 {
        let _ = take(&mut node, ddata(), said(5, None), second, &[]);
        assert_eq!(node.wants(Now(second * 1_000)), None, "not at each message");
    }
    assert_eq!(node.wants(Now(605_000)), Some((Why::Unborn, ReceivedAt(5_000))));
    assert_eq!(node.wants(Now(9_000_000)), None, "nothing came since");
    let _ = take(&mut node, nbirth(), said(0, Some(7)), 9_001, &[]);
    let _ = take(&mut node, dbirth(), said(1, None), 9_001, &[]);
    let _ = take(&mut node, ddata(), said(2, None), 9_001, &[]);
    assert_eq!(node.wants(Now(19_000_000)), None);
}

#[test]
fn a_message_that_is_overtaken_is_waited_for_and_one_that_never_comes_is_told_once() {
    let mut node = born();
    for seq in [2, 3, 5] {
        let _ = take(&mut node, ddata(), said(seq, None), 10, &[]);
    }
    assert_eq!((node.due(), node.wants(Now(14_999))), (Some(Now(15_000)), None));
    let _ = take(&mut node, ddata(), said(4, None), 11, &[]);
    assert_eq!((node.due(), node.wants(NOW)), (None, None));
    let _ = take(&mut node, ddata(), said(7, None), 20, &[]);
    assert_eq!(node.wants(Now(25_000)), Some((Why::Gap, ReceivedAt(20_000))));
    let _ = take(&mut node, ddata(), said(8, None), 26, &[]);
    assert_eq!(node.wants(Now(26_000)), None);
    assert_eq!(name(&node, Some("a"), 1).as_deref(), Some("pm25"), "its table holds on");
}

#[test]
fn a_number_that_no_birth_has_wants_one_and_the_devices_will_do() {
    let mut node = born();
    node.undeclared(Some("a"), ReceivedAt(3_000));
    assert_eq!(node.wants(Now(3_000)), Some((Why::Undeclared, ReceivedAt(3_000))));
    let _ = take(&mut node, dbirth(), said(2, None), 4, &[float("pm25", 9)]);
    let _ = take(&mut node, ddata(), said(3, None), 5, &[]);
    assert_eq!(node.wants(NOW), None);
}

#[test]
fn silent_a_death_ends_the_session_it_is_of_and_no_other() {
    let death = topic("spBv1.0/G/NDEATH/gw");
    let of = |session| Said { session, ..Said::default() };
    let mut node = born();
    assert_eq!(take(&mut node, death, of(Some(6)), 1, &[]), 0, "a will of the session before");
    assert_eq!(take(&mut node, death, of(None), 1, &[]), 0, "it may be one");
    assert_eq!(name(&node, Some("a"), 1).as_deref(), Some("pm25"));
    let ended = node.take(&death, of(Some(7)), ReceivedAt(2_000), std::iter::empty());
    assert_eq!(ended, [None, Some("a".into())]);
    assert_eq!(node.declared(Some("a"), 1), Named::Unborn);
    assert_eq!(node.wants(NOW), None, "who is dead is not asked");
    assert_eq!(take(&mut node, death, of(Some(7)), 3, &[]), 0, "once");
    let _ = take(&mut node, ddata(), said(2, None), 4, &[]);
    assert_eq!(node.wants(Now(4_000)), Some((Why::Dead, ReceivedAt(4_000))));
}

#[test]
fn silent_the_death_of_a_device_is_its_own() {
    let mut node = born();
    let _ = take(&mut node, topic("spBv1.0/G/DBIRTH/gw/b"), said(2, None), 0, &[float("no2", 1)]);
    let death = topic("spBv1.0/G/DDEATH/gw/a");
    let ended = node.take(&death, said(3, None), ReceivedAt(1_000), std::iter::empty());
    assert_eq!(ended, [Some("a".into())]);
    assert_eq!(name(&node, Some("b"), 1).as_deref(), Some("no2"));
    let _ = take(&mut node, topic("spBv1.0/G/DDATA/gw/b"), said(4, None), 2, &[]);
    assert_eq!(node.wants(NOW), None);
    let _ = take(&mut node, ddata(), said(5, None), 3, &[]);
    assert_eq!(node.wants(NOW), Some((Why::Dead, ReceivedAt(3_000))));
}

#[test]
fn bound_a_node_takes_no_more_than_its_room_whatever_is_born() {
    let mut node = Node::default();
    node.allow(10_000);
    let names: Vec<String> = (0..1_000).map(|number| format!("metric {number}")).collect();
    let metrics: Vec<Declared<'_>> = names.iter().zip(0..).map(|(name, alias)| float(name, alias)).collect();
    let _ = take(&mut node, nbirth(), said(0, Some(1)), 0, &metrics);
    for device in 0..1_000 {
        let address = format!("spBv1.0/G/DBIRTH/gw/device-{device}");
        let _ = take(&mut node, Topic::of(&address).unwrap(), said(1, None), 0, &metrics);
        let address = format!("spBv1.0/G/DDEATH/gw/device-{device}");
        let _ = take(&mut node, Topic::of(&address).unwrap(), said(1, None), 0, &[]);
    }
    assert!(node.size() <= 10_000, "{}", node.size());
    assert!(node.take_not_kept() > 1_000_000 - 200);
}
