import styles from "./Chart.module.css";
import { linear } from "./scale";

type SparkProps = { values: readonly (number | null)[]; label: string; width?: number; height?: number };

/** A line as small as a word, beside the number that it belongs to. */
export function Spark({ values, label, width = 96, height = 24 }: SparkProps) {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2) return null;
  const x = linear([0, values.length - 1], [1, width - 1]);
  const y = linear([0, Math.max(1, ...known)], [height - 2, 2]);
  let pen = "M";
  const path = values
    .map((value, index) => {
      if (value === null) {
        pen = "M";
        return "";
      }
      const piece = `${pen}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
      return piece;
    })
    .join("");
  return (
    <svg
      class={styles.spark}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      <path class={styles.stroke} d={path} />
    </svg>
  );
}
