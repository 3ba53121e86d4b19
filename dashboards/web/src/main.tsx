import "./style/base.css";
import "uplot/dist/uPlot.min.css";
import "./style/frame.css";
import "./style/overview.css";
import "./style/kpis.css";
import "./style/map.css";
import "./style/alerts.css";
import "./style/trend.css";
import "./style/feeds.css";
import "./style/security.css";
import "./style/reports.css";
import "./style/ledger.css";
import "./style/origin.css";
import "./style/wall.css";
import "./style/phone.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { followAddress } from "./address";
import { App } from "./app";
import { startClock } from "./clock";
import { followLanguage } from "./language";
import { stayConnected } from "./live";
import { epoch } from "./store";
import { followWall } from "./wall";

const page = document.getElementById("page");
if (page) {
  followWall();
  followLanguage();
  followAddress();
  startClock();
  render(<App />, page);
  // What is on screen is of this epoch: for whoever looks from outside, a test or a bench.
  effect(() => {
    document.documentElement.dataset.epoch = String(epoch.value);
  });
  void stayConnected();
}
