// Prism as a proxy in front of what answers as GitHub does, with GitHub's own description of its API: what is asked or answered
// and is not in the description is answered with an error that says what it is.
// node prism.mjs MODULES_OF_PRISM DESCRIPTION UPSTREAM SCRATCH; says on standard output where it listens.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, description, upstream, scratch] = process.argv.slice(2);

// What the suite asks of GitHub for pull requests. Of the 13 MB of the description the rest is left out, with which Prism takes
// a minute to start; what is asked and is not here is answered with 404.
const repository = "/repos/{owner}/{repo}";
const paths = [
  "/user",
  `${repository}/actions/artifacts/{artifact_id}/{archive_format}`,
  `${repository}/actions/runs/{run_id}`,
  `${repository}/actions/runs/{run_id}/artifacts`,
  `${repository}/issues/comments/{comment_id}`,
  `${repository}/issues/{issue_number}/comments`,
  `${repository}/pulls`,
  `${repository}/pulls/{pull_number}`,
];

const whole = JSON.parse(readFileSync(description, "utf8"));
const cut = { openapi: whole.openapi, info: whole.info, paths: {}, components: {} };

function resolved(reference) {
  const parts = reference.slice(2).split("/");
  return parts.reduce((node, part) => node[part.replace(/~1/g, "/").replace(/~0/g, "~")], whole);
}

// The name that a component has in what is left of the description. One that is both sent and answered is there twice.
function kept(reference, isAnswer) {
  const [kind, name] = reference.split("/").slice(2);
  const called = isAnswer ? `answer-${name}` : name;
  const components = (cut.components[kind] ??= {});
  if (!(called in components)) {
    components[called] = {}; // Some hold themselves.
    components[called] = kind === "schemas" ? schema(resolved(reference), isAnswer) : copied(resolved(reference), isAnswer);
  }
  return { $ref: `#/components/${kind}/${called}` };
}

// Whatever is no schema.
function copied(node, isAnswer) {
  if (Array.isArray(node)) return node.map((one) => copied(one, isAnswer));
  if (node === null || typeof node !== "object") return node;
  if (typeof node.$ref === "string") return kept(node.$ref, isAnswer);
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => !["example", "examples", "links"].includes(key))
      .map(([key, value]) => {
        if (key === "schema") return [key, schema(value, isAnswer)];
        return [key, copied(value, isAnswer || key === "responses")];
      }),
  );
}

// A request is held to its schema as it is. Of an answer a fake gives a part of the fields: none has to be there, and each that is
// there has to be one that GitHub has, and of the type it has there. Without what has to be there, one answer may fit several.
function schema(node, isAnswer) {
  if (typeof node.$ref === "string") return kept(node.$ref, isAnswer);
  const made = {};
  for (const [key, value] of Object.entries(node)) {
    if (["example", "examples", "externalDocs", "default"].includes(key)) continue;
    if (key === "required" && isAnswer) continue;
    if (key === "properties") {
      made.properties = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, schema(one, isAnswer)]));
    } else if (["items", "not"].includes(key) || (key === "additionalProperties" && typeof value === "object")) {
      made[key] = schema(value, isAnswer);
    } else if (["oneOf", "anyOf", "allOf"].includes(key)) {
      made[key === "oneOf" && isAnswer ? "anyOf" : key] = value.map((one) => schema(one, isAnswer));
    } else {
      made[key] = value;
    }
  }
  const isClosed = made.properties && !made.allOf && !made.anyOf && !made.oneOf;
  if (isClosed && made.additionalProperties === undefined) made.additionalProperties = false;
  return made;
}

for (const path of paths) cut.paths[path] = copied(whole.paths[path], false);
// GraphQL is no part of the description: it has a schema of its own. By it the client asks who the token is, and nothing else.
const json = { content: { "application/json": { schema: { type: "object" } } } };
cut.paths["/graphql"] = { post: { requestBody: json, responses: { 200: { description: "whatever it is", ...json } } } };
const file = `${scratch}/description.json`;
writeFileSync(file, JSON.stringify(cut));

const require = createRequire(`${modules}/`);
// Prism follows redirects and takes the token along, and then judges what was behind them. GitHub's answer is the redirect itself.
const forwarder = createRequire(require.resolve("@stoplight/prism-http"));
const path = forwarder.resolve("node-fetch");
const fetch = forwarder("node-fetch");
const manual = (url, options) => fetch(url, { ...options, redirect: "manual" });
forwarder.cache[path].exports = Object.assign(manual, fetch, { default: manual });

process.argv = [process.argv[0], "prism", "proxy", "--errors", file, upstream, "--port", "0"];
require("@stoplight/prism-cli/dist/index.js");
