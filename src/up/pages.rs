//! What people look at: pages, the API, metrics.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use ioc_dashboards::{AppState, Behind, LiveLimits, Open, PackStatus};
use ioc_ingest::transport::http::{
    self, Receipts,
    serve::{ServeLimits, serve},
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
    pack_versions::KeptPacks, pulls::Asked,
};

/// HTTP connections beside live ones: pages, the API, metrics.
const BESIDES: usize = 256;

impl House<'_> {
    /// Where they are to be reached. Nobody's data is taken in if they cannot be shown: the address is the operator's to
    /// mend.
    pub(super) async fn page_listener(&self) -> anyhow::Result<TcpListener> {
        let listen = self.config.http.listen;
        TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))
    }

    /// Serves them, and keeps the board's view of the machinery true. Where they are reached.
    pub(super) fn open_pages(
        &self,
        listener: TcpListener,
        instance: &Instance,
        entrance: &Entrance,
        flow: &Flow,
        packs: KeptPacks,
    ) -> anyhow::Result<String> {
        let address = listener.local_addr()?;
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
        let listener = ioc_dashboards::steady(listener, Duration::from_secs(30));
        // Viewers who take all their seats must leave room for pages.
        let connections = self.config.http.max_live + BESIDES;
        let limits = ServeLimits { connections, ..ServeLimits::default() };
        self.go(serve(listener, router, limits, self.stop.clone()));

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
        Ok(address.to_string())
    }
}
