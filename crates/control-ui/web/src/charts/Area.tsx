import type { Series } from "./bucket";
import styles from "./Chart.module.css";
import { type ChartProps, type Field, Frame } from "./Frame";

/** A line with the area under it, for one row, or lines for several. Where nothing is known there is a gap. */
export function Area(props: ChartProps) {
  return (
    <Frame {...props} stacked={false}>
      {(field) =>
        props.rows.map((row, index) => (
          <g key={row.key} data-line={index + 1} class={styles.line}>
            {stretches(row).map(({ from, values }) => (
              <Stretch
                key={from}
                from={from}
                values={values}
                field={field}
                filled={props.rows.length === 1}
              />
            ))}
            <Point row={row} field={field} />
          </g>
        ))
      }
    </Frame>
  );
}

/** The parts of a row that are known without a break. */
export function stretches(row: Series): { from: number; values: number[] }[] {
  const found: { from: number; values: number[] }[] = [];
  row.values.forEach((value, step) => {
    if (value === null) return;
    const last = found.at(-1);
    if (last && last.from + last.values.length === step) last.values.push(value);
    else found.push({ from: step, values: [value] });
  });
  return found;
}

type StretchProps = { from: number; values: number[]; field: Field; filled: boolean };

function Stretch({ from, values, field: { x, y }, filled }: StretchProps) {
  // Values hold for their whole step: the line is one of stairs, which a count of connections is.
  const path = values
    .map((value, index) => `${index === 0 ? "M" : "L"}${x(from + index)} ${y(value)}H${x(from + index + 1)}`)
    .join("");
  const [left, right] = [x(from), x(from + values.length)];
  return (
    <>
      {filled && <path class={styles.area} d={`${path}V${y(0)}H${left}Z`} />}
      <path class={styles.stroke} d={path} />
      {right - left < 2 && <circle class={styles.point} cx={left} cy={y(values[0] ?? 0)} r="2" />}
    </>
  );
}

function Point({ row, field: { x, y, read, stepWidth } }: { row: Series; field: Field }) {
  const value = read < 0 ? null : row.values[read];
  if (value === null || value === undefined) return null;
  return <circle class={styles.point} cx={x(read) + stepWidth / 2} cy={y(value)} r="4" />;
}
