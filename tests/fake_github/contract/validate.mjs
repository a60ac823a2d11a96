// Holds recorded exchanges against GitHub's published descriptions: `node validate.mjs FILE|FOLDER...`.
//
// REST: the route, its parameters and the request's body in whole (required fields, types, formats, enumerations,
// nothing unknown), the status, and the answer in whole; against github.com and two releases of Enterprise Server.
// GraphQL: the query and its variables against the schema, and the data by executing the query over it.
// Answers that a test asked to be faulty are left out.
import { readFileSync } from "node:fs";
import { Description, exchanges, is_graphql, load, package_file } from "./description.mjs";

const Ajv = load("ajv").default;
const add_formats = load("ajv-formats").default;
const graphql = load("graphql");

const calls = exchanges(process.argv.slice(2));
const problems = new Map();
const routes = new Set();
const problem = (call, text) => {
  const key = `${call.method} ${call.path} ${call.status}: ${text}`;
  problems.set(key, (problems.get(key) ?? 0) + 1);
};

// Sent by github.com since 2023, and in no published description: the environment's switch for administrators.
const UNPUBLISHED = /^\/environments\/\d+\/can_admins_bypass$/;

/** Names in a value that no schema knows; JSON Schema allows them, GitHub ignores or never sends them. */
function unknown(description, schema, value, place = "") {
  schema = description.resolve(schema);
  if (!schema || value === null || typeof value !== "object") return [];
  const options = [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])];
  const all = schema.allOf ?? [];
  if (Array.isArray(value)) {
    const found = schema.items ? value.flatMap((item, at) => unknown(description, schema.items, item, `${place}/${at}`)) : [];
    const inner = options.map((option) => unknown(description, option, value, place));
    return [...found, ...(inner.find((names) => names.length === 0) ? [] : inner[0] ?? [])];
  }
  const known = names(description, schema);
  if (!known) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const schemas = known.get(name);
    if (!schemas) return [`${place}/${name}`];
    const inner = schemas.map((one) => unknown(description, one, member, `${place}/${name}`));
    return inner.find((found) => found.length === 0) ?? inner[0];
  });
}

/** Member names with their schemas; undefined where any name goes. */
function names(description, schema) {
  schema = description.resolve(schema);
  const known = new Map();
  let any = !schema.properties && !schema.allOf && !schema.oneOf && !schema.anyOf;
  if (schema.additionalProperties && schema.additionalProperties !== false) any = true;
  const add = (name, one) => known.set(name, [...(known.get(name) ?? []), one]);
  for (const [name, one] of Object.entries(schema.properties ?? {})) add(name, one);
  for (const part of [...(schema.allOf ?? []), ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])]) {
    if (description.resolve(part).type === "null") continue;
    // An alternative may only say which fields are required.
    const bare = Object.keys(description.resolve(part)).every((key) => key === "required" || key === "not");
    if (bare) continue;
    const inner = names(description, part);
    if (!inner) any ||= description.resolve(part).type === "object";
    else for (const [name, schemas] of inner) for (const one of schemas) add(name, one);
  }
  return any ? undefined : known;
}

// `basic-error`.
const ERROR = { type: "object", required: ["message"], properties: { message: { type: "string" }, documentation_url: { type: "string" }, url: { type: "string" }, status: { type: "string" } } };

function rest(description) {
  const ajv = new Ajv({ strict: false, allErrors: false, unicodeRegExp: false, coerceTypes: false, logger: false });
  add_formats(ajv);
  ajv.addSchema(description.document, "github");
  const compiled = new Map();
  const check = (call, what, schema, value) => {
    if (!schema) return;
    // References inside point into the document.
    let validate = compiled.get(schema);
    if (!validate) {
      validate = ajv.compile(relocated(schema));
      compiled.set(schema, validate);
    }
    if (!validate(value)) problem(call, `${description.file}: ${what}: ${ajv.errorsText(validate.errors, { separator: "; " })}`);
    for (const name of unknown(description, schema, value).filter((name) => !UNPUBLISHED.test(name))) problem(call, `${description.file}: ${what}: unknown ${name}`);
  };
  for (const call of calls.filter((call) => !is_graphql(call))) {
    const found = description.operation(call.method, call.path);
    if (!found) {
      problem(call, `${description.file}: no such route`);
      continue;
    }
    routes.add(`${call.method} ${found.template}`);
    const parameters = [...found.shared, ...(found.operation.parameters ?? [])].map((one) => description.resolve(one));
    const query = Object.fromEntries(call.query);
    for (const one of parameters) {
      const given = one.in === "path" ? found.values[one.name] : one.in === "query" ? query[one.name] : undefined;
      if (given === undefined) {
        if (one.required && one.in === "query") problem(call, `${description.file}: \`${one.name}\` is missing`);
        continue;
      }
      const kind = description.resolve(one.schema)?.type;
      const number = [kind].flat().some((type) => type === "integer" || type === "number");
      check(call, `parameter ${one.name}`, one.schema, number && /^\d+$/.test(given) ? Number(given) : given);
    }
    for (const name of Object.keys(query)) {
      if (!parameters.some((one) => one.in === "query" && one.name === name)) problem(call, `${description.file}: unknown parameter \`${name}\``);
    }
    const body = description.resolve(found.operation.requestBody);
    const schema = body?.content?.["application/json"]?.schema;
    // A request that GitHub itself would refuse is a test of the refusal.
    if (call.request !== null && call.status < 400) {
      if (!schema) problem(call, `${description.file}: takes no body`);
      else check(call, "request", schema, call.request);
    } else if (call.request === null && body?.required && call.status < 400) {
      problem(call, `${description.file}: the body is missing`);
    }
    if (call.fault) continue;
    const response = description.response(found, call.method, call.status);
    // What holds for every route is not written at each: authentication, rights, limits.
    if (!response && ![401, 403, 404, 429].includes(call.status)) {
      problem(call, `${description.file}: never answers ${call.status}`);
    } else if (call.status >= 400) {
      check(call, "refusal", response?.schema ?? ERROR, call.response);
    } else if (response.schema) {
      check(call, "answer", response.schema, call.response);
    } else if (call.response !== null) {
      problem(call, `${description.file}: ${call.status} has no body`);
    }
  }
}

/** The schema with its references made absolute. */
function relocated(schema) {
  const text = JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"github#/');
  return JSON.parse(text);
}

const PATTERNS = {
  DateTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
  BigInt: /^\d+$/,
  GitObjectID: /^[0-9a-f]{40}$/,
  URI: /^https?:\/\//,
};

function graph() {
  const schema = graphql.buildSchema(readFileSync(package_file("@octokit/graphql-schema/schema.graphql"), "utf8"), { assumeValidSDL: true });
  for (const [name, pattern] of Object.entries(PATTERNS)) {
    const type = schema.getType(name);
    if (type) type.serialize = (value) => {
      if (typeof value !== "string" || !pattern.test(value)) throw new Error(`${JSON.stringify(value)} is no ${name}`);
      return value;
    };
  }
  // Where a query does not ask for the type, any of the possible ones will do: it reads common fields only.
  const any = (value, _, info, abstract) => value.__typename ?? schema.getPossibleTypes(abstract)[0].name;
  let queries = 0;
  for (const call of calls.filter(is_graphql)) {
    const document = graphql.parse(call.request.query);
    for (const error of graphql.validate(schema, document)) problem(call, `query: ${error.message}`);
    const extra = Object.keys(call.request).filter((name) => !["query", "variables", "operationName"].includes(name));
    if (extra.length) problem(call, `request: unknown ${extra}`);
    queries += 1;
    if (call.fault || call.status !== 200) continue;
    const { data, errors } = call.response;
    if (errors) {
      if (!Array.isArray(errors) || errors.some((error) => typeof error.message !== "string")) problem(call, "errors have no message");
      continue;
    }
    const result = graphql.executeSync({ schema, document, rootValue: data, variableValues: call.request.variables, typeResolver: any });
    for (const error of result.errors ?? []) problem(call, `answer: ${error.message} at ${error.path?.join(".")}`);
    if (!result.errors && canonical(result.data) !== canonical(data)) problem(call, "answer: it holds fields that were not asked for");
  }
  return queries;
}

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)}}`;
}

for (const file of ["api.github.com.json", "ghes-3.17.json", "ghes-3.19.json"]) rest(new Description(file));
const queries = graph();
const faults = calls.filter((call) => call.fault).length;
console.log(`${calls.length} distinct exchanges (${queries} GraphQL, ${faults} with a faulty answer), ${routes.size} routes, ${problems.size} problems`);
for (const route of [...routes].sort()) console.log(`  ${route}`);
for (const [text, times] of problems) console.error(`${text}${times > 1 ? ` (${times} times)` : ""}`);
process.exitCode = problems.size > 0 || calls.length === 0 ? 1 : 0;
