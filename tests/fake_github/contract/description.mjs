// GitHub's published descriptions, from the npm packages below TOLLGATE_OCTOKIT, and the exchanges that the fake
// recorded: one JSON object a line with method, path, query, request, status, raw, response, fault.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const root = resolve(process.env.TOLLGATE_OCTOKIT ?? "target/ci-tools/npm");
export const load = createRequire(join(root, "x.js"));
export const package_file = (name) => join(root, "node_modules", name);

/** All exchanges of files and folders. */
export function exchanges(paths) {
  const files = paths.flatMap((path) =>
    statSync(path).isDirectory()
      ? readdirSync(path).filter((name) => name.endsWith(".jsonl")).map((name) => join(path, name))
      : [path]);
  const lines = files.flatMap((file) => readFileSync(file, "utf8").split("\n").filter(Boolean));
  // Tests repeat themselves: one of each is enough.
  return [...new Set(lines)].map((line) => JSON.parse(line));
}

export const is_graphql = (call) => /^(\/api)?\/graphql$/.test(call.path);

/** An OpenAPI 3.0 document whose schemas are made plain JSON Schema: `nullable` becomes a type. */
export class Description {
  constructor(file) {
    this.file = file;
    this.document = JSON.parse(readFileSync(package_file(`@octokit/openapi/generated/${file}`), "utf8"));
    plain(this.document.components);
    plain(this.document.paths);
  }

  resolve(node) {
    while (node?.$ref) {
      node = node.$ref.slice(2).split("/").reduce((at, key) => at[key.replaceAll("~1", "/").replaceAll("~0", "~")], this.document);
    }
    return node;
  }

  /** The operation of a path: of several templates that fit, the one with most literal segments. */
  operation(method, path) {
    const parts = path.replace(/^\/api\/v3/, "").split("/");
    const verb = method.toLowerCase();
    let best;
    for (const [template, item] of Object.entries(this.document.paths)) {
      if (!item[verb]) continue;
      const segments = template.split("/");
      // These stand for several segments at the end of a path.
      const open = ["{path}", "{ref}"].includes(segments.at(-1));
      if (open ? parts.length < segments.length : parts.length !== segments.length) continue;
      if (!segments.every((segment, at) => segment.startsWith("{") || segment === parts[at])) continue;
      const literal = segments.filter((segment) => !segment.startsWith("{")).length;
      if (!best || literal > best.literal) {
        const values = Object.fromEntries(segments.flatMap((segment, at) => {
          if (!segment.startsWith("{")) return [];
          const text = open && at === segments.length - 1 ? parts.slice(at).join("/") : parts[at];
          return [[segment.slice(1, -1), decodeURIComponent(text)]];
        }));
        best = { template, literal, operation: item[verb], shared: item.parameters ?? [], values };
      }
    }
    return best;
  }

  /** The JSON pointer of a response's schema below the document, and the schema. */
  response(found, method, status) {
    const response = this.resolve(found.operation.responses[String(status)]);
    return response && { schema: response.content?.["application/json"]?.schema };
  }
}

function plain(node) {
  if (node === null || typeof node !== "object") return;
  for (const child of Object.values(node)) plain(child);
  if (node.nullable === true) {
    delete node.nullable;
    if (typeof node.type === "string") {
      node.type = [node.type, "null"];
      if (Array.isArray(node.enum) && !node.enum.includes(null)) node.enum.push(null);
    } else {
      const rest = { ...node };
      for (const key of Object.keys(node)) delete node[key];
      node.anyOf = [{ type: "null" }, rest];
    }
  }
}
