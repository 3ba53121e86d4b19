//! LOUD: a database that is not ours or not fit is found before the first row goes there.

use ioc_bus::LogId;
use ioc_model::{epoch::Generation, instance::InstanceId, position::LogNumber};
use ioc_storage::{Class, Store, StoreError, Topology, schema};
use uuid::Uuid;

use crate::server::{INSTANCE, TestServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_run_once_and_describe_every_table_and_column() {
    let server = TestServer::start().await;
    assert_eq!(server.store.migrate(&Topology::Single, "UTC").await.unwrap(), Vec::<u32>::new());
    let applied = server.ask("SELECT number FROM migration ORDER BY number").await;
    let _ = server.ask("ALTER TABLE migration DELETE WHERE 1 SETTINGS mutations_sync = 1").await;
    let again: Vec<String> =
        server.store.migrate(&Topology::Single, "UTC").await.unwrap().iter().map(u32::to_string).collect();
    assert_eq!(again, applied.lines().collect::<Vec<_>>(), "every statement can be run again");
    assert!(again.len() >= 4);
    let silent = server
        .ask("SELECT name FROM system.tables WHERE database = 'ioc' AND comment = '' ORDER BY name")
        .await;
    assert_eq!(silent, "");
    let silent = server
        .ask(
            "SELECT table, name FROM system.columns WHERE database = 'ioc' AND comment = '' AND table NOT IN \
             (SELECT name FROM system.tables WHERE database = 'ioc' AND engine = 'View') ORDER BY table, name",
        )
        .await;
    assert_eq!(silent, "");
    server.store.finish_views(&Topology::Single).await.unwrap();
    let silent = server
        .ask("SELECT table, name FROM system.columns WHERE database = 'ioc' AND comment = '' ORDER BY table, name")
        .await;
    assert_eq!(silent, "", "columns of views say what they are, too");
    let (of, told) = ("table = 'observation_current' AND name = 'received_at'", "DISTINCT comment");
    let told = format!(
        "SELECT {told} FROM system.columns WHERE {of} OR table = 'observation' AND name = 'received_at'"
    );
    assert_eq!(server.ask(&told).await.lines().count(), 1, "a view has the words of its table");
    let made = "SELECT groupArray(metadata_modification_time) FROM system.tables WHERE database = 'ioc'";
    let before = server.ask(made).await;
    server.store.finish_views(&Topology::Single).await.unwrap();
    assert_eq!(server.ask(made).await, before, "nothing is made again that is as it should be");
    let _ = server.ask("INSERT INTO migration (number, name) VALUES (999, 'from the future')").await;
    assert!(matches!(server.store.migrate(&Topology::Single, "UTC").await, Err(StoreError::Unfit(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tables_of_a_cluster_are_valid_sql() {
    let server = TestServer::start().await;
    for statement in schema::script(&Topology::Cluster("province".to_owned())).unwrap() {
        let parsed = server.ask(&format!("EXPLAIN AST {statement}")).await;
        let is_one = ["Create", "Alter", "Insert", "Drop", "Rename"].iter().any(|kind| parsed.contains(kind));
        assert!(is_one, "{statement}\n{parsed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loud_another_instances_database_is_refused() {
    let server = TestServer::start().await;
    server.store.check(INSTANCE, 1_000).await.unwrap();
    server.store.claim_instance(INSTANCE).await.unwrap();
    assert_eq!(server.count("instance").await, 1);

    let stranger = InstanceId(Uuid::from_u128(2));
    server.store.check_foreign(INSTANCE).await.unwrap();
    let refused = [
        server.store.check(stranger, 1_000).await,
        server.store.claim_instance(stranger).await,
        server.store.check_foreign(stranger).await,
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
        assert_eq!(error.class(), Class::Refused);
        assert!(error.to_string().contains("IOC_CLICKHOUSE_DATABASE"));
    }
    assert_eq!(server.count("instance").await, 1);
    // One without tables is nobody's, and can be asked before there are any.
    for table in ["instance", "epoch"] {
        let _ = server.ask(&format!("DROP TABLE {table} SYNC")).await;
    }
    server.store.check_foreign(stranger).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loud_tables_that_forget_inserts_or_do_not_fsync_or_are_missing_are_refused() {
    let server = TestServer::start().await;
    let unfit = async |store: &Store, window: u64| {
        let error = store.check(INSTANCE, window).await.unwrap_err();
        assert!(matches!(error, StoreError::Unfit(_)), "{error}");
        error.to_string()
    };
    assert!(unfit(&server.store, schema::DEDUPLICATION_WINDOW + 1).await.contains("ALTER TABLE"));

    let _ = server.ask("ALTER TABLE reject MODIFY SETTING non_replicated_deduplication_window = 0").await;
    assert!(unfit(&server.store, 1).await.contains("table reject remembers 0 inserts"));
    let _ = server.ask("ALTER TABLE reject MODIFY SETTING non_replicated_deduplication_window = 10000").await;
    server.store.check(INSTANCE, 1).await.unwrap();

    let _ = server.ask("ALTER TABLE epoch MODIFY SETTING fsync_after_insert = 0").await;
    assert!(unfit(&server.store, 1).await.contains("fsync_after_insert"));
    let _ = server.ask("ALTER TABLE epoch MODIFY SETTING fsync_after_insert = 1").await;

    let _ = server.ask("DROP TABLE window SYNC").await;
    assert!(unfit(&server.store, 1).await.contains("restore the database"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_keeps_its_number_over_restarts_and_no_other_gets_it() {
    let server = TestServer::start().await;
    let [first, second] = [11_u128, 12].map(|number| LogId::from_bytes(number.to_be_bytes()));
    assert_eq!(server.store.register_log(first, "disk").await.unwrap(), LogNumber(1));
    assert_eq!(server.store.register_log(second, "kafka").await.unwrap(), LogNumber(2));
    let (scratch, listen) = server.stop().await;
    let server = TestServer::start_in(scratch, listen).await;
    assert_eq!(server.store.register_log(first, "disk").await.unwrap(), LogNumber(1));
    assert_eq!(server.store.register_log(second, "kafka").await.unwrap(), LogNumber(2));
    assert_eq!(server.count("log").await, 2);
    assert_eq!(server.store.last_committed(INSTANCE, Generation(0)).await.unwrap(), None);
}
