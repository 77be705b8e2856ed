// Bundles the page into one file without any request: node build.mjs SOURCE_FOLDER OUTPUT.
// Run where node_modules is; the sources may lie elsewhere.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const [source, output] = process.argv.slice(2);

const bundle = await build({
  entryPoints: [join(source, "src/main.js")],
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome108", "firefox115", "safari16.4"],
  charset: "ascii",
  legalComments: "none",
  nodePaths: [resolve("node_modules")],
  write: false,
});
// "</script" cannot stand in a script; between quotes "<\/script" means the same.
const script = bundle.outputFiles[0].text.replaceAll("</script", "<\\/script");
const hash = createHash("sha256").update(script).digest("base64");

const parts = {
  "@STYLE@": readFileSync(join(source, "src/style.css"), "utf8"),
  // Nothing but this very script runs, and nothing is loaded from anywhere.
  "@POLICY@": `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data: blob:`,
  "@SCRIPT@": script,
};
let page = readFileSync(join(source, "src/page.html"), "utf8");
for (const [place, text] of Object.entries(parts)) page = page.replace(place, () => text);
writeFileSync(output, page);
