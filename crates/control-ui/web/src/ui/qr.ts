// A QR picture as the path of an SVG. The encoder is loaded when a picture is first wanted.

/** A square picture: its side in modules, the quiet zone included, and the dark ones as a path. */
export interface Picture {
  side: number;
  path: string;
}

/** Draws a text; `null` when it is too long for a picture. */
export async function picture(text: string): Promise<Picture | null> {
  const { encode } = await import("uqr");
  try {
    const { data, size } = encode(text, { ecc: "M", border: 4 });
    return { side: size, path: pathOf(data) };
  } catch {
    return null;
  }
}

/** Dark modules as rectangles, one for each run in a row: a fifth of the length of one for each module. */
export function pathOf(rows: readonly (readonly boolean[])[]): string {
  let path = "";
  rows.forEach((row, y) => {
    let x = 0;
    while (x < row.length) {
      let end = x;
      while (row[end]) end += 1;
      if (end > x) path += `M${x} ${y}h${end - x}v1h-${end - x}z`;
      x = end + 1;
    }
  });
  return path;
}
