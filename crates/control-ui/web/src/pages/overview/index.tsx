import { may } from "../../gateway/call";
import { useLive } from "../../gateway/live";
import { phase } from "../../gateway/session";
import { PageHead } from "../../shell/PageHead";
import { Busy } from "../../ui";
import { useEvent } from "../connections/useEvent";
import { Problem } from "../Problem";
import { ConnectionsPart, RefusedPart, useHistory } from "./Charts";
import { DoctorPart, useDoctor } from "./DoctorPart";
import { Headline } from "./Headline";
import styles from "./Overview.module.css";
import { GatewayPart, OtherParts, PeoplePart } from "./Parts";
import { verdictOf } from "./verdict";
import type { Overview } from "./wire";

/** Is everything all right? */
export default function OverviewPage() {
  const mayDoctor = may("operator.admin");
  const overview = useLive<Overview>("gateway.overview", {}, { everyMs: 15_000 });
  const examination = useDoctor(mayDoctor);
  const history = useHistory();
  for (const event of [
    "gateway.connections",
    "gateway.refused",
    "device.pair.requested",
    "device.pair.resolved",
  ]) {
    useEvent(event, overview.reload);
  }
  const { data, error, reload } = overview;
  return (
    <>
      <PageHead title="Overview" />
      {error && !data && (
        <Problem what="The overview could not be loaded" trouble={error.trouble} onRetry={reload} />
      )}
      {!data && !error && <Busy what="Looking whether everything is all right" />}
      {data && (
        <>
          {/* Nobody knows whether all is well while the connection is lost; the rest is from before, as the banner says. */}
          {phase.value.at === "open" && <Headline verdict={verdictOf(data, examination.doctor)} />}
          <PeoplePart overview={data} />
          <div class={styles.columns}>
            <div class={styles.column}>
              <RefusedPart history={history} />
              {mayDoctor ? <DoctorPart examination={examination} /> : <GatewayPart overview={data} />}
            </div>
            <div class={styles.column}>
              <ConnectionsPart history={history} />
              {mayDoctor && <GatewayPart overview={data} />}
              <OtherParts overview={data} />
            </div>
          </div>
        </>
      )}
    </>
  );
}
