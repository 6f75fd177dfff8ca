import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { highest, type Series, sumAt } from "./bucket";
import styles from "./Chart.module.css";
import { countTicks, linear, type Steps, shortCount, stepAt, stepName, timeTicks } from "./scale";
import { useWidth } from "./useWidth";
import { type Said, stepInWords } from "./words";

/** What every chart over time takes. */
export interface ChartProps {
  /** What is counted; read aloud, and the caption of the table behind the picture. */
  title: string;
  steps: Steps;
  rows: readonly Series[];
  said: Said;
  /** Under the picture while nothing is pointed at. */
  summary: string;
  /** In place of the picture when there is nothing to draw. */
  empty: string;
  nowMs: number;
  height?: number;
}

/** Where a drawing goes. */
export interface Field {
  /** Left edge of a step; `count` is the right edge of the last one. */
  readonly x: (step: number) => number;
  readonly y: (value: number) => number;
  readonly stepWidth: number;
  /** The step that is read, or -1. */
  readonly read: number;
  /** The beginning of ids that belong to this drawing alone. */
  readonly id: string;
}

const LEFT = 34;
const RIGHT = 6;
const TOP = 8;
const BOTTOM = 22;

type FrameProps = ChartProps & { stacked: boolean; children: (field: Field) => ComponentChildren };

/** Axis, reading by pointer, finger and keys, legend, and the table that stands behind the picture. */
export function Frame(props: FrameProps) {
  const { title, steps, rows, said, summary, empty, nowMs, stacked, children, height = 160 } = props;
  const id = useId().replace(/[^A-Za-z0-9]/g, "");
  const [ref, width] = useWidth(600);
  const [read, setRead] = useState(-1);
  const most = highest(rows, stacked);
  if (
    steps.count === 0 ||
    rows.length === 0 ||
    !rows.some((row) => row.values.some((value) => value !== null))
  ) {
    return <p class={styles.empty}>{empty}</p>;
  }
  const counts = countTicks(most);
  const x = linear([0, steps.count], [LEFT, Math.max(LEFT + 1, width - RIGHT)]);
  const y = linear([0, counts.at(-1) ?? 1], [height - BOTTOM, TOP]);
  const toMs = steps.fromMs + steps.count * steps.stepMs;
  const place = (at: number) => x((at - steps.fromMs) / steps.stepMs);
  const words = (step: number) => stepInWords(stepName(steps, step, nowMs), rows, step, said);
  const current = Math.min(read, steps.count - 1);

  const point = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / Math.max(1, box.width - LEFT - RIGHT);
    setRead(stepAt(steps, share));
  };
  const press = (event: KeyboardEvent) => {
    const from = current < 0 ? steps.count - 1 : current;
    const to: Record<string, number> = {
      ArrowLeft: from - 1,
      ArrowDown: from - 1,
      ArrowRight: from + 1,
      ArrowUp: from + 1,
      PageDown: from - 10,
      PageUp: from + 10,
      Home: 0,
      End: steps.count - 1,
    };
    const next = to[event.key];
    if (event.key === "Escape") setRead(-1);
    if (next === undefined) return;
    event.preventDefault();
    setRead(Math.min(steps.count - 1, Math.max(0, next)));
  };

  return (
    <figure class={styles.chart}>
      <div
        ref={ref}
        class={styles.plot}
        style={{ height: `${height}px` }}
        role="slider"
        tabIndex={0}
        aria-label={`${title}: read a moment`}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={steps.count - 1}
        aria-valuenow={current < 0 ? steps.count - 1 : current}
        aria-valuetext={current < 0 ? summary : words(current)}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={(event) => event.pointerType === "mouse" && setRead(-1)}
        onFocus={() => setRead((now) => (now < 0 ? steps.count - 1 : now))}
        onBlur={() => setRead(-1)}
        onKeyDown={press}
      >
        <svg
          width={width}
          height={height}
          viewBox={`0 0 ${width} ${height}`}
          aria-hidden="true"
          focusable="false"
        >
          {counts.map((count) => (
            <g key={count}>
              <line class={styles.grid} x1={LEFT} x2={width - RIGHT} y1={y(count)} y2={y(count)} />
              <text class={styles.count} x={LEFT - 6} y={y(count) + 4}>
                {shortCount(count)}
              </text>
            </g>
          ))}
          {timeTicks(steps.fromMs, toMs, Math.max(2, Math.floor(width / 90)))
            .filter((tick) => place(tick.at) > LEFT + 16 && place(tick.at) < width - RIGHT - 16)
            .map((tick) => (
              <text key={tick.at} class={styles.time} x={place(tick.at)} y={height - 5}>
                {tick.label}
              </text>
            ))}
          {current >= 0 && (
            <rect
              class={styles.cursor}
              x={x(current)}
              y={TOP}
              width={Math.max(1, x(1) - x(0))}
              height={height - BOTTOM - TOP}
            />
          )}
          {children({ x, y, stepWidth: x(1) - x(0), read: current, id })}
        </svg>
      </div>
      <p class={styles.readout} aria-hidden="true">
        {current < 0 ? summary : words(current)}
      </p>
      {rows.length > 1 && <Legend rows={rows} />}
      <HiddenTable {...props} />
    </figure>
  );
}

/** Which mark stands for what. */
function Legend({ rows }: { rows: readonly Series[] }) {
  return (
    <ul class={styles.legend} aria-hidden="true">
      {rows.map((row, index) => (
        <li key={row.key}>
          <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" focusable="false">
            <Texture number={textureOf(row, index)} id={`legend-${row.key}`} />
            <rect
              class={styles.mark}
              data-tone={textureOf(row, index)}
              width="12"
              height="12"
              rx="2"
              fill={fillOf(row, index, `legend-${row.key}`)}
            />
          </svg>
          {row.name}
        </li>
      ))}
    </ul>
  );
}

/** The number of a row's colour and pattern; whatever is put together has one of its own. */
export function textureOf(row: Series, index: number): number {
  return row.key === "rest" ? 5 : Math.min(index, 3) + 1;
}

/** What fills a row's area: its pattern. */
export function fillOf(row: Series, index: number, id: string): string {
  return `url(#${id}-${textureOf(row, index)})`;
}

/** A pattern, so that rows can be told apart without their colours. */
export function Texture({ number, id }: { number: number; id: string }) {
  return (
    <defs>
      <pattern id={`${id}-${number}`} width="6" height="6" patternUnits="userSpaceOnUse">
        <rect class={styles.fill} data-tone={number} width="6" height="6" />
        {number === 2 && <path class={styles.texture} d="M-1 7 7 -1M-1 1 1 -1M5 7 7 5" />}
        {number === 3 && <circle class={styles.dot} cx="3" cy="3" r="1.2" />}
        {number === 4 && <path class={styles.texture} d="M0 3h6" />}
        {number === 5 && <path class={styles.texture} d="M3 0v6" />}
      </pattern>
    </defs>
  );
}

/** The same values for those who do not see the picture. Steps in which nothing was are left out. */
function HiddenTable({ title, steps, rows, nowMs }: ChartProps) {
  const known = Array.from({ length: steps.count }, (_, step) => step).filter(
    (step) => (sumAt(rows, step) ?? 0) > 0,
  );
  return (
    <div class="visually-hidden">
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {rows.map((row) => (
              <th key={row.key} scope="col">
                {row.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {known.map((step) => (
            <tr key={step}>
              <th scope="row">{stepName(steps, step, nowMs)}</th>
              {rows.map((row) => (
                <td key={row.key}>{row.values[step] ?? "not known"}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
