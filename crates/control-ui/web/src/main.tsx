import { render } from "preact";
import { root } from "./base";
import { Door } from "./door/Door";
import { start } from "./gateway/session";
import { targetAt } from "./gateway/target";
import { App } from "./shell/App";
import { followTheme } from "./shell/theme";
import "./ui/base.css";

followTheme();
const target = targetAt(root.href);
if (target) void start(target);
const place = document.getElementById("app");
if (place) render(<App door={Door} notices={[]} />, place);
