// Holds requests and answers against GitHub's own description of its REST API; says what does not fit as JSON on standard output.
// Arguments: the folder of node's modules, the name of the description, a file with what was asked and answered.
const fs = require('fs');
const path = require('path');

const [modules, description, recorded] = process.argv.slice(2);
const Ajv = require(path.join(modules, 'ajv')).default;
const addFormats = require(path.join(modules, 'ajv-formats')).default;
const api = JSON.parse(
  fs.readFileSync(path.join(modules, '@octokit/openapi/generated', `${description}.json`), 'utf8'),
);

function resolved(node) {
  while (node && node.$ref) {
    node = node.$ref.slice(2).split('/').reduce((at, key) => at[key.replace(/~1/g, '/')], api);
  }
  return node;
}

// The schema as it is for what is sent. For what is answered a stub gives a part of the fields: each has to be one that GitHub has, and of
// the type it has there; none has to be there.
function schema(node, isAnswer, seen = []) {
  if (node.$ref && seen.includes(node.$ref)) return {};
  const path = node.$ref ? [...seen, node.$ref] : seen;
  node = resolved(node);
  const made = {};
  for (const [key, value] of Object.entries(node)) {
    if (['example', 'examples', 'description', 'title', 'deprecated', 'default', 'readOnly', 'externalDocs'].includes(key)) continue;
    if (key === 'required' && isAnswer) continue;
    if (key === 'properties') {
      made.properties = Object.fromEntries(
        Object.entries(value).map(([name, one]) => [name, schema(one, isAnswer, path)]),
      );
    } else if (key === 'items' || key === 'not' || (key === 'additionalProperties' && typeof value === 'object')) {
      made[key] = schema(value, isAnswer, path);
    } else if (['oneOf', 'anyOf', 'allOf'].includes(key)) {
      // Without what has to be there, one answer may fit several.
      const name = key === 'oneOf' && isAnswer ? 'anyOf' : key;
      made[name] = value.map((one) => schema(one, isAnswer, path));
    } else {
      made[key] = value;
    }
  }
  const isObject = made.properties && !made.allOf && !made.anyOf && !made.oneOf;
  if (isObject && made.additionalProperties === undefined) made.additionalProperties = false;
  // Where null is allowed beside an enumeration, it is one of its values.
  if (made.nullable && made.enum && !made.enum.includes(null)) made.enum = [...made.enum, null];
  if (made.nullable && !made.type) {
    delete made.nullable;
    return { anyOf: [{ type: 'null' }, made] };
  }
  return made;
}

const ajv = new Ajv({ strict: false, allErrors: true, coerceTypes: false, validateFormats: true });
addFormats(ajv);
const compiled = new Map();
function check(key, node, isAnswer, value) {
  if (!compiled.has(key)) compiled.set(key, ajv.compile(schema(node, isAnswer)));
  const validate = compiled.get(key);
  if (validate(value)) return [];
  return validate.errors.map(
    (error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
  );
}

// The paths with the fewest parameters first: what is written out is meant before what may be anything.
const templates = Object.keys(api.paths)
  .map((template) => {
    const names = [];
    const pattern = template.replace(/[.+*?^$()[\]|\\]/g, '\\$&').replace(/\{([^}]+)\}/g, (_, name) => {
      names.push(name);
      // A ref has slashes.
      return name === 'ref' ? '(.+)' : '([^/]+)';
    });
    return { template, names, pattern: new RegExp(`^${pattern}$`) };
  })
  .sort((a, b) => a.names.length - b.names.length);

function problemsOf(pair) {
  const [at, query = ''] = pair.target.split('?');
  const found = templates.find(({ template, pattern }) => pattern.test(at) && api.paths[template][pair.method.toLowerCase()]);
  if (!found) return ['there is no such request'];
  const item = api.paths[found.template];
  const operation = item[pair.method.toLowerCase()];
  const key = `${pair.method} ${found.template}`;
  const problems = [];
  const parameters = [...(item.parameters || []), ...(operation.parameters || [])].map(resolved);
  const given = {
    path: Object.fromEntries(found.pattern.exec(at).slice(1).map((value, index) => [found.names[index], decodeURIComponent(value)])),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
  for (const where of ['path', 'query']) {
    for (const [name, value] of Object.entries(given[where])) {
      const parameter = parameters.find((one) => one.in === where && one.name === name);
      if (!parameter) {
        problems.push(`${key}: there is no parameter ${name} in the ${where}`);
        continue;
      }
      const type = resolved(parameter.schema).type;
      const typed = type === 'integer' && /^\d+$/.test(value) ? Number(value) : value;
      problems.push(...check(`${key} ${where} ${name}`, parameter.schema, false, typed).map((text) => `${key} ${name}: ${text}`));
    }
  }
  const wanted = operation.requestBody && resolved(operation.requestBody).content['application/json'];
  if (pair.body) {
    if (!wanted) problems.push(`${key}: it takes no body`);
    else problems.push(...check(`${key} body`, wanted.schema, false, JSON.parse(pair.body)).map((text) => `${key} body: ${text}`));
    if (!/^application\/json/.test(pair.content_type || '')) problems.push(`${key}: its body is ${pair.content_type}`);
  } else if (wanted && operation.requestBody.required) {
    problems.push(`${key}: it needs a body`);
  }
  if (pair.status < 400) {
    const answer = operation.responses[String(pair.status)];
    if (!answer) return [...problems, `${key}: it is never answered with ${pair.status}`];
    const content = (resolved(answer).content || {})['application/json'];
    if (content && !pair.answer) problems.push(`${key}: an answer without content`);
    if (!content && pair.answer) problems.push(`${key}: an answer with content`);
    if (content && pair.answer) {
      problems.push(
        ...check(`${key} ${pair.status}`, content.schema, true, JSON.parse(pair.answer)).map((text) => `${key} ${pair.status}: ${text}`),
      );
    }
  }
  return problems;
}

// What a client cannot do without has to be there, and not null: `number`, `head.sha`, `[].id`.
function missing(pair) {
  const content = resolved(api.paths[pair.template][pair.method.toLowerCase()].responses[String(pair.status)]).content;
  return pair.needs.filter((needed) => {
    let node = resolved(content['application/json'].schema);
    for (const name of needed.split('.')) {
      const nodes = [node, ...(node.allOf || []), ...(node.anyOf || [])].map(resolved);
      const holder = nodes.find((one) => (name === '[]' ? one.items : one.properties && one.properties[name]));
      if (!holder) return true;
      if (name !== '[]' && !(holder.required || []).includes(name)) return true;
      node = resolved(name === '[]' ? holder.items : holder.properties[name]);
      // Only what may be null may be without what it holds.
      if (node.nullable) return true;
    }
    return false;
  }).map((needed) => `${pair.method} ${pair.template} ${pair.status}: ${needed} may be missing`);
}

const pairs = JSON.parse(fs.readFileSync(recorded, 'utf8'));
process.stdout.write(JSON.stringify(pairs.map((pair) => (pair.needs ? missing(pair) : problemsOf(pair)))));
