import "./style.css";
import "uplot/dist/uPlot.min.css";
import { render } from "preact";
import { App } from "./app";
import { startClock } from "./clock";
import { followLanguage } from "./language";
import { stayConnected } from "./live";
import { followAddress } from "./selection";

const page = document.getElementById("page");
if (page) {
  followLanguage();
  followAddress();
  startClock();
  render(<App />, page);
  void stayConnected();
}
