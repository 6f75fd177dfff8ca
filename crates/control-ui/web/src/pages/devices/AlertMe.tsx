import { Switch } from "../../ui";
import { alerting, blocked, canAlert, setAlerting } from "./alerts";

/** The wish for notifications of the browser, where it can show any. */
export function AlertMe() {
  if (!canAlert()) return null;
  return (
    <Switch
      label="Alert me when a device waits"
      hint={
        blocked.value
          ? "This browser was told to show no notifications of this page. Its settings for this site change that."
          : "A notification of this browser while this page is in the background."
      }
      on={alerting.value}
      disabled={blocked.value}
      onChange={(on) => void setAlerting(on)}
    />
  );
}
