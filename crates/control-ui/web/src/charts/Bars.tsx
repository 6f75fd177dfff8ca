import { highest } from "./bucket";
import styles from "./Chart.module.css";
import { type ChartProps, Frame, fillOf, Texture, textureOf } from "./Frame";

/** Bars over time; the parts of a bar are stacked, the first row at the bottom. */
export function Bars(props: ChartProps) {
  if (highest(props.rows, true) === 0) return <p class={styles.empty}>{props.empty}</p>;
  return (
    <Frame {...props} stacked>
      {({ x, y, stepWidth, id }) => {
        const gap = Math.min(2, stepWidth * 0.2);
        return (
          <>
            {props.rows.map((row, index) => (
              <Texture key={row.key} number={textureOf(row, index)} id={id} />
            ))}
            {Array.from({ length: props.steps.count }, (_, step) => {
              let below = 0;
              return props.rows.map((row, index) => {
                const value = row.values[step] ?? 0;
                if (value === 0) return null;
                const [top, bottom] = [y(below + value), y(below)];
                below += value;
                return (
                  <rect
                    key={`${step}-${row.key}`}
                    class={styles.mark}
                    data-tone={textureOf(row, index)}
                    x={x(step) + gap / 2}
                    y={top}
                    width={Math.max(1.5, stepWidth - gap)}
                    // Every part can be seen, however high the highest bar is.
                    height={Math.max(1.5, bottom - top)}
                    fill={fillOf(row, index, id)}
                  />
                );
              });
            })}
          </>
        );
      }}
    </Frame>
  );
}
