//! What people look at: pages, the API, metrics.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use ioc_dashboards::{AppState, Behind, LiveLimits, Open, PackStatus};
use ioc_ingest::transport::{
    http::{self, ByTls, HTTP_BY_TLS, Receipts, ServeLimits, serve, serve_by_tls},
    tls::{TlsCounts, TlsDoor},
};

use tokio::{net::TcpListener, sync::watch};

use super::{
    House,
    entrance::Entrance,
    flow::Flow,
    province::{Orders, Province},
    watch::Watcher,
};
use crate::{
    archive::Archivist, clients::AtTheDoor, history::StoreHistory, instance::Instance, operator::Desk,
    pack_versions::KeptPacks, pulls::Asked, say::ToNodes,
};

/// HTTP connections beside live ones: pages, the API, metrics.
const BESIDES: usize = 256;
/// What counts as theirs, among metrics and where it is told who was not let in.
const PART: &str = "pages";

/// Where they listen.
pub(super) struct PageListeners {
    plain: TcpListener,
    by_tls: Option<(TcpListener, Arc<TlsDoor>)>,
}

/// Where they are reached.
pub(super) struct PageAddresses {
    pub(super) plain: String,
    pub(super) by_tls: Option<String>,
}

impl House<'_> {
    /// Where they are to be reached. Nobody's data is taken in if they cannot be shown: the address is the operator's to
    /// mend.
    pub(super) async fn page_listeners(&self) -> anyhow::Result<PageListeners> {
        let listen_at = async |address| {
            TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
        };
        let plain = listen_at(self.config.http.listen).await?;
        let counts = TlsCounts::default();
        self.metrics.counters(PART, None, counts.counters.clone())?;
        self.metrics.counters_by_label(PART, counts.failed.clone())?;
        let door = self.config.pages_tls.door(HTTP_BY_TLS, &counts).context("the pages have no TLS")?;
        let by_tls = match self.config.pages_by_tls().zip(door) {
            Some((address, door)) => Some((listen_at(address).await?, door)),
            None => None,
        };
        Ok(PageListeners { plain, by_tls })
    }

    /// Serves them, and keeps the board's view of the machinery true. Where they are reached.
    pub(super) fn open_pages(
        &self,
        listeners: PageListeners,
        instance: &Instance,
        entrance: &Entrance,
        flow: &Flow,
        packs: KeptPacks,
    ) -> anyhow::Result<PageAddresses> {
        let PageListeners { plain, by_tls } = listeners;
        let address = plain.local_addr()?;
        let originals = flow.originals.clone();
        let history = Arc::new(StoreHistory::new(
            (flow.store.store.clone(), instance.generation),
            flow.log,
            entrance.bus.clone(),
            flow.driver.clone(),
            flow.desk.clone(),
            originals.clone(),
            flow.rereader.clone(),
        ));
        let _before = entrance.receipts.send_replace(Some(history.clone() as Arc<dyn Receipts>));
        let operator = Arc::new(Desk::new(entrance.intake.clone(), flow.log));
        let live = LiveLimits { connections: self.config.http.max_live, ..LiveLimits::default() };
        let clients = Arc::new(AtTheDoor(entrance.intake.clients().clone()));
        let pulls = Arc::new(Asked(entrance.intake.pulls().clone()));
        let (orders, ordered) = Orders::new();
        let behind = Behind {
            access: Arc::new(Open),
            history,
            operator,
            originals,
            arrivals: flow.arrivals.clone(),
            clients,
            pulls,
            reload: Arc::new(orders),
            nodes: Arc::new(ToNodes(entrance.voice.clone())),
        };
        let (pack, board) = (entrance.pack.clone(), flow.board.clone());
        let state =
            AppState::new(pack, board.clone(), behind, self.metrics.registry(), &live, self.stop.clone())?;
        let pushes = entrance.ways_in.address(http::KIND.word).unwrap_or_default();
        let version = packs.pack().version.clone();
        let (pack_status, pack_told) = watch::channel(PackStatus { version, ..PackStatus::default() });
        let province = Province {
            choice: self.config.pack.clone(),
            packs,
            store: flow.store.store.clone(),
            routes: entrance.routes.clone(),
            intake: entrance.intake.clone(),
            data: self.data.path().to_owned(),
            pages: state.clone(),
            clock: self.clock,
            status: pack_status,
            orders: ordered,
        };
        self.go(province.run(self.stop.clone()));
        let router = ioc_dashboards::router(state)
            .merge(ioc_dashboards::routes::pushed_elsewhere(pushes))
            .fallback(ioc_dashboards::routes::nothing_here);
        let stall = Duration::from_secs(30);
        // Viewers who take all their seats must leave room for pages.
        let connections = self.config.http.max_live + BESIDES;
        let limits = ServeLimits { connections, ..ServeLimits::default() };
        let mut addresses = PageAddresses { plain: address.to_string(), by_tls: None };
        if let Some((listener, door)) = by_tls {
            addresses.by_tls = Some(format!("https://{}/", listener.local_addr()?));
            let listener = ioc_dashboards::steady(listener, stall);
            let by_tls = ByTls { door, clients: entrance.intake.clients().clone(), transport: PART };
            self.go(serve_by_tls(listener, by_tls, router.clone(), limits, self.stop.clone()));
        }
        self.go(serve(ioc_dashboards::steady(plain, stall), router, limits, self.stop.clone()));

        let watcher = Watcher {
            driver: flow.driver.clone(),
            bus: entrance.bus.clone(),
            board,
            clock: self.clock,
            sink: flow.sink.clone(),
            metrics: self.metrics.clone(),
            shares: entrance.intake.shares().clone(),
            clients: entrance.intake.clients().clone(),
            pack: pack_told,
            archive: flow.archivist.as_ref().map(Archivist::snapshot),
        };
        self.go(watcher.run(self.stop.clone()));
        Ok(addresses)
    }
}
