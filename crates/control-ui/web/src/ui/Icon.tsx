import styles from "./Icon.module.css";

/** Strokes in a 20 × 20 field. */
const SHAPES = {
  overview: "M3 10.5 10 4l7 6.5M5 9v7h10V9",
  devices: "M3 4.5h14v8H3zM7.5 16h5M10 12.5V16",
  connections:
    "M5.5 7.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM14.5 16.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM5.5 7.5v3a2 2 0 0 0 2 2h5",
  config: "M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4",
  logs: "M4 4.5h12M4 8.2h12M4 11.8h8M4 15.5h10",
  chat: "M3.5 4.5h13v9h-7l-3.5 3v-3h-2.5z",
  check: "m4 10.5 4 4 8-9",
  cross: "m5 5 10 10M15 5 5 15",
  copy: "M7 7h9v9H7zM4 13V4h9",
  eye: "M2 10s3-5.5 8-5.5S18 10 18 10s-3 5.5-8 5.5S2 10 2 10ZM10 12.3a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6Z",
  eyeOff:
    "M3 3l14 14M8 5a8 8 0 0 1 2-.3c5 0 8 5.3 8 5.3a14 14 0 0 1-2.3 2.9M5.2 6.6A14 14 0 0 0 2 10s3 5.5 8 5.5a8 8 0 0 0 3.2-.7",
  search: "M9 15a6 6 0 1 0 0-12 6 6 0 0 0 0 12ZM13.3 13.3 17 17",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  more: "M4.5 10h.01M10 10h.01M15.5 10h.01",
  plus: "M10 4v12M4 10h12",
  trash: "M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6",
  edit: "M4 16h3l9-9-3-3-9 9z",
  refresh: "M16 10a6 6 0 1 1-1.8-4.3M16 3v3.5h-3.5",
  warning: "M10 3.5 18 16.5H2zM10 8.5v3.5M10 14.3v.01",
  info: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15ZM10 9v5M10 6.3v.01",
  key: "M6.5 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM10 10h7.5v3M14 10v2",
  qr: "M3.5 3.5h5v5h-5zM11.5 3.5h5v5h-5zM3.5 11.5h5v5h-5zM11.5 11.5h2v2M16.5 11.5v.01M14 16.5h2.5v-2",
  sun: "M10 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1 1M14.7 14.7l1 1M15.7 4.3l-1 1M5.3 14.7l-1 1",
  moon: "M16.5 12A7 7 0 0 1 8 3.5a7 7 0 1 0 8.5 8.5Z",
  screen: "M3 4.5h14v9H3zM7 16.5h6",
  down: "m5 8 5 5 5-5",
  right: "m8 5 5 5-5 5",
  external: "M8 4H4v12h12v-4M11 4h5v5M16 4l-7 7",
  signOut: "M8 4H4v12h4M12.5 6.5 16 10l-3.5 3.5M16 10H8",
  undo: "M7 4 3.5 7.5 7 11M3.5 7.5H12a4.5 4.5 0 0 1 0 9H8",
  shield: "M10 2.5 16.5 5v5c0 4-3 6.5-6.5 7.5C6.5 16.5 3.5 14 3.5 10V5z",
  bolt: "M11 2.5 4.5 11.5H10l-1 6 6.5-9H10z",
  pause: "M7 4.5v11M13 4.5v11",
  play: "m6 4 10 6-10 6z",
  download: "M10 3v9.5M6 9l4 4 4-4M4 16.5h12",
} as const;

export type IconName = keyof typeof SHAPES;

/** A picture beside words, or in a button that has a label: it says nothing of its own. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={styles.icon} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={SHAPES[name]} />
    </svg>
  );
}
