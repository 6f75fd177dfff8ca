import type { ReadonlySignal } from "@preact/signals";
import type { ComponentType } from "preact";
import type { IconName } from "../ui";
import { waitingCount } from "./devices/store";

export type Page = {
  path: string;
  title: string;
  icon: IconName;
  /** What the page is for, in the palette. */
  about: string;
  /** Without this scope the page says so instead of showing its parts empty. */
  scope?: string;
  /** How many things wait for a decision there: shown beside its name in the navigation. */
  waiting?: ReadonlySignal<number>;
  load: () => Promise<{ default: ComponentType }>;
};

/** The pages in the order of the navigation. The first is where one arrives. A part that comes brings its page. */
export const pages: readonly Page[] = [
  {
    path: "/overview",
    title: "Overview",
    icon: "overview",
    about: "Is everything all right: the gateway, people and machines, refusals, the doctor",
    scope: "operator.read",
    load: () => import("./overview"),
  },
  {
    path: "/devices",
    title: "Devices",
    icon: "devices",
    about: "Approve, reject, rename, limit and remove devices; pair a new one",
    scope: "operator.pairing",
    waiting: waitingCount,
    load: () => import("./devices/DevicesPage"),
  },
  {
    path: "/connections",
    title: "Connections",
    icon: "connections",
    about: "Who is connected, who was refused and why, and what would happen to somebody else",
    scope: "operator.pairing",
    load: () => import("./connections"),
  },
  {
    path: "/config",
    title: "Config",
    icon: "config",
    about: "Change settings one by one or in the file, with a review and a way back",
    scope: "operator.read",
    load: () => import("./config/Config"),
  },
  {
    path: "/logs",
    title: "Logs",
    icon: "logs",
    about: "What the gateway writes, live",
    scope: "operator.read",
    load: () => import("./logs/Logs"),
  },
];
