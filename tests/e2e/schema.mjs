// Reads the schema as the SchemaStore does, with ajv in strict mode, and holds documents to it.
// node schema.mjs MODULES SCHEMA DOCUMENT…; prints a line for each document that does not fit.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, schema, ...documents] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const Ajv = require("ajv").default;
const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const validate = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true }).compile(read(schema));
for (const document of documents) {
  if (!validate(read(document))) {
    for (const { instancePath, message, params } of validate.errors) {
      console.log(`${document}: ${instancePath} ${message} ${JSON.stringify(params)}`);
    }
  }
}
