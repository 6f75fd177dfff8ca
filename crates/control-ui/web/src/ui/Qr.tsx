import { useEffect, useState } from "preact/hooks";
import styles from "./Qr.module.css";
import { type Picture, picture } from "./qr";

type QrProps = {
  /** What a camera reads. It is not repeated in the page: show it beside the picture where people may read it. */
  text: string;
  /** What the picture is for, as a screen reader says it. */
  label: string;
};

/** A QR picture, dark on light in every theme, because cameras want it so. */
export function Qr({ text, label }: QrProps) {
  const [drawn, setDrawn] = useState<Picture | null | undefined>();
  useEffect(() => {
    let current = true;
    setDrawn(undefined);
    picture(text).then(
      (result) => current && setDrawn(result),
      () => current && setDrawn(null),
    );
    return () => {
      current = false;
    };
  }, [text]);
  if (drawn === null)
    return <p class={styles.none}>There is no picture for this one. Use the text instead.</p>;
  if (drawn === undefined) return <div class={styles.picture} aria-hidden="true" />;
  return (
    <svg
      class={styles.picture}
      viewBox={`0 0 ${drawn.side} ${drawn.side}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
    >
      <path d={drawn.path} />
    </svg>
  );
}
