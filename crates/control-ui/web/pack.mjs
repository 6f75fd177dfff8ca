// Compresses a built app and writes the table by which the program embeds it:
//
//   node pack.mjs <folder of the built app> <Rust file>
//
// The Rust file is included by `crates/control-ui/src/lib.rs`, which has the type `Packed`.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [folder, table] = process.argv.slice(2);

const COMPRESSIBLE = /\.(?:js|css|html|svg|json|webmanifest|txt)$/;
// Vite puts files whose name has a hash of their content there, and nothing else.
const HASHED = /^assets\//;

function compressed(path, content) {
  const parameters = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  const versions = {
    gz: gzipSync(content, { level: constants.Z_BEST_COMPRESSION }),
    br: brotliCompressSync(content, { params: parameters }),
  };
  const include = (extension) => {
    const bytes = versions[extension];
    if (bytes.length >= content.length) return "None";
    writeFileSync(join(folder, `${path}.${extension}`), bytes);
    return `Some(${included(`${path}.${extension}`)})`;
  };
  // The page itself is written anew for each request.
  const fixed = COMPRESSIBLE.test(path) && path !== "index.html";
  return fixed ? { gzip: include("gz"), brotli: include("br") } : { gzip: "None", brotli: "None" };
}

const quoted = (text) => JSON.stringify(text);
const included = (path) => `include_bytes!(concat!(env!("OUT_DIR"), ${quoted(`/ui/${path}`)}))`;

const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
  .filter((path) => !path.startsWith("."))
  .sort();

const rows = paths.map((path) => {
  const content = readFileSync(join(folder, path));
  const { gzip, brotli } = compressed(path, content);
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 24);
  const fields = [
    `path: ${quoted(path)}`,
    `hash: ${quoted(hash)}`,
    `hashed_name: ${HASHED.test(path)}`,
    `identity: ${included(path)}`,
    `gzip: ${gzip}`,
    `brotli: ${brotli}`,
  ];
  return `    Packed { ${fields.join(", ")} },\n`;
});

writeFileSync(table, `static APP: Result<&[Packed], Absence> = Ok(&[\n${rows.join("")}]);\n`);
