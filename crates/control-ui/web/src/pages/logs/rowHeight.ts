import { useEffect, useState } from "preact/hooks";

/** On a phone a row has two lines. The style sheet of the row breaks at the same width. */
const NARROW = "(max-width: 48rem)";

/** The height of a row in pixels. */
export function useRowHeight(): number {
  const [narrow, setNarrow] = useState(() => window.matchMedia(NARROW).matches);
  useEffect(() => {
    const media = window.matchMedia(NARROW);
    const hear = () => setNarrow(media.matches);
    media.addEventListener("change", hear);
    return () => media.removeEventListener("change", hear);
  }, []);
  return narrow ? 52 : 28;
}
