import type { ComponentType } from "preact";
import type { IconName } from "../ui";

export type Page = {
  path: string;
  title: string;
  icon: IconName;
  /** What the page is for, in the palette. */
  about: string;
  /** Without this scope the page says so instead of showing its parts empty. */
  scope?: string;
  load: () => Promise<{ default: ComponentType }>;
};

/** The pages in the order of the navigation. The first is where one arrives. A part that comes brings its page. */
export const pages: readonly Page[] = [];
