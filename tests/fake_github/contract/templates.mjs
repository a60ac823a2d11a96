// Makes templates.json: the fields that GitHub always sends and that no test is about, so that the fake's answers
// are whole. `node templates.mjs FILE|FOLDER... > templates.json`, from recorded exchanges, whose `raw` is what the
// fake itself says.
//
// In a template, `"name"` is a value for a field that the fake leaves out; `"?name"` is the template of a field that
// it sends; `"[]"` is the template of an array's items.
import { readFileSync } from "node:fs";
import { Description, exchanges, is_graphql } from "./description.mjs";

const description = new Description("api.github.com.json");
const known = JSON.parse(readFileSync(new URL("../templates.json", import.meta.url), "utf8"));
const templates = {};

/** A schema without references and `allOf`, and the alternative that fits the value. */
function flat(schema, value) {
  schema = description.resolve(schema) ?? {};
  if (schema.allOf) {
    const parts = schema.allOf.map((part) => flat(part, value));
    return {
      ...schema,
      properties: Object.assign({}, schema.properties, ...parts.map((part) => part.properties ?? {})),
      required: [...(schema.required ?? []), ...parts.flatMap((part) => part.required ?? [])],
      type: schema.type ?? parts.find((part) => part.type)?.type,
    };
  }
  const options = schema.oneOf ?? schema.anyOf;
  if (options) {
    const flatted = options.map((option) => flat(option, value));
    return { ...flatted.find((option) => fits(option, value)) ?? flatted[0], nullable: flatted.some((one) => one.type === "null") };
  }
  return schema;
}

function fits(schema, value) {
  const types = [schema.type].flat();
  if (value === undefined) return true;
  if (value === null) return types.includes("null");
  if (Array.isArray(value)) return types.includes("array");
  if (typeof value !== "object") return !types.includes("object") && !types.includes("array") && !types.includes("null");
  if (!schema.properties) return false;
  return Object.entries(value).every(([name, member]) => {
    const property = schema.properties[name] && flat(schema.properties[name], member);
    return property && (!property.enum || typeof member === "object" || property.enum.includes(member));
  });
}

function minimal(schema) {
  const whole = flat(schema);
  const types = [whole.type].flat();
  if (types.includes("null") || whole.nullable) return null;
  if (whole.enum) return whole.enum[0];
  if (whole.const !== undefined) return whole.const;
  if (whole.properties || types.includes("object")) {
    return Object.fromEntries((whole.required ?? []).map((name) => [name, minimal(whole.properties?.[name] ?? {})]));
  }
  if (types.includes("array")) return [];
  if (types.includes("integer") || types.includes("number")) return whole.minimum ?? 1;
  if (types.includes("boolean")) return false;
  const formats = { uri: "https://github.invalid/x", "date-time": "2026-03-01T12:00:00Z", email: "x@example.org" };
  return formats[whole.format] ?? "x";
}

/** What a value lacks. */
function lacking(schema, value) {
  if (Array.isArray(value)) {
    const items = value.map((item) => lacking(flat(schema, value).items ?? {}, item)).reduce(merged, {});
    return Object.keys(items).length ? { "[]": items } : {};
  }
  if (value === null || typeof value !== "object") return {};
  const whole = flat(schema, value);
  const template = {};
  for (const name of whole.required ?? []) {
    if (!(name in value)) template[name] = minimal(whole.properties?.[name] ?? {});
  }
  for (const [name, member] of Object.entries(value)) {
    const inner = lacking(whole.properties?.[name] ?? {}, member);
    if (Object.keys(inner).length) template[`?${name}`] = inner;
  }
  return template;
}

function merged(one, other) {
  const all = { ...one };
  for (const [name, member] of Object.entries(other)) {
    const both = name in all && (name.startsWith("?") || name === "[]");
    all[name] = both ? merged(all[name], member) : member;
  }
  return all;
}

for (const call of exchanges(process.argv.slice(2))) {
  if (is_graphql(call) || call.fault || call.status >= 400) continue;
  const found = description.operation(call.method, call.path);
  const schema = found && description.response(found, call.method, call.status)?.schema;
  if (!schema) continue;
  const key = `${call.method} ${found.template} ${call.status}`;
  templates[key] = merged(templates[key] ?? known[key] ?? {}, lacking(schema, call.raw));
}
const all = { ...known, ...templates };
const sorted = Object.keys(all).sort().filter((key) => Object.keys(all[key]).length);
const lines = sorted.map((key) => `${JSON.stringify(key)}: ${JSON.stringify(all[key])}`);
console.log(`{\n${lines.join(",\n")}\n}`);
