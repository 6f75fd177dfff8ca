// First of all: what is secret in the address bar leaves it before any other code looks there.
import "./door/intake";

import { render } from "preact";
import { Door } from "./door/Door";
import { AccessNotice, LostBanner } from "./door/Notices";
import { openDoor } from "./door/open";
import { RequestNotice } from "./pages/devices/notice/RequestNotice";
import { App } from "./shell/App";
import { followTheme } from "./shell/theme";
import "./ui/base.css";

openDoor();
followTheme();
const place = document.getElementById("app");
if (place) render(<App door={Door} notices={[LostBanner, AccessNotice, RequestNotice]} />, place);
