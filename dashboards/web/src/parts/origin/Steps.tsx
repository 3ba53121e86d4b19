import type { Step } from "../../address";
import { AlertStep, AlertsStep } from "./Alerts";
import { EnvelopeStep } from "./Envelope";
import { KpiStep } from "./KpiOrigin";
import { AssessmentStep, IndexStep } from "./Results";
import { StationStep } from "./StationOrigin";
import { WindowStep } from "./Window";

/** What a step shows. */
export function Steps({ step: [kind, ...ids] }: { step: Step }) {
  const [first = "", second = "", third = "", fourth = "", fifth = ""] = ids;
  switch (kind) {
    case "alerts":
      return <AlertsStep />;
    case "alert":
      return <AlertStep id={first} />;
    case "station":
      return <StationStep id={first} />;
    case "kpi":
      return <KpiStep id={first} />;
    case "index":
      return <IndexStep index={first} subject={second} kind={third} start={fourth} revision={fifth} />;
    case "assessment":
      return <AssessmentStep limit={first} subject={second} averaging={third} start={fourth} revision={fifth} />;
    case "window":
      return <WindowStep indicator={first} subject={second} kind={third} start={fourth} revision={fifth} />;
    case "envelope":
      return <EnvelopeStep position={first} row={second === "" ? null : Number(second)} />;
  }
}
