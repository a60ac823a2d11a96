// Replays recorded REST exchanges through Prism in proxy mode: Prism checks each request and the answer behind it
// against GitHub's OpenAPI description, with its own reader and its own validator. `node prism.mjs FILE|FOLDER...`.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { exchanges, is_graphql, package_file, Description } from "./description.mjs";

const description = new Description("api.github.com.json");
const distinct = new Map();
for (const call of exchanges(process.argv.slice(2))) {
  // What a test asked to be faulty or GitHub refuses is no example of the description.
  if (is_graphql(call) || call.fault || call.status >= 400) continue;
  const found = description.operation(call.method, call.path.replace(/^\/api\/v3/, ""));
  const shape = JSON.stringify([call.method, found?.template, call.status, Object.keys(call.request ?? {}), call.query.map(([name]) => name)]);
  if (!distinct.has(shape)) distinct.set(shape, { call, found });
}
const calls = [...distinct.values()];

const upstream = createServer((request, response) => {
  const { call } = calls[Number(request.headers["x-exchange"])];
  request.resume();
  request.on("end", () => {
    response.writeHead(call.status, { "content-type": "application/json; charset=utf-8" });
    response.end(call.status === 204 ? undefined : JSON.stringify(call.response));
  });
});
await new Promise((done) => upstream.listen(0, "127.0.0.1", done));
const free = createServer();
await new Promise((done) => free.listen(0, "127.0.0.1", done));
const port = free.address().port;
await new Promise((done) => free.close(done));

const prism = spawn(process.execPath, [
  package_file("@stoplight/prism-cli/dist/index.js"), "proxy", package_file("@octokit/openapi/generated/api.github.com.json"),
  `http://127.0.0.1:${upstream.address().port}`, "-h", "127.0.0.1", "-p", String(port), "--errors",
], { stdio: ["ignore", "pipe", "pipe"] });
let said = "";
const ready = new Promise((done, failed) => {
  const hear = (bytes) => {
    said += bytes;
    if (said.includes("Prism is listening")) done();
  };
  prism.stdout.on("data", hear);
  prism.stderr.on("data", hear);
  prism.on("exit", () => failed(new Error(said)));
  setTimeout(() => failed(new Error(`Prism does not start: ${said}`)), 240_000).unref();
});

let problems = 0;
try {
  await ready;
  for (const [at, { call, found }] of calls.entries()) {
    // Prism takes a parameter for one segment; GitHub's `{ref}` and `{path}` are several.
    const path = (found?.template ?? call.path).replace(/\{([^}]+)\}/g, (_, name) => encodeURIComponent(found.values[name]));
    const query = call.query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
    const response = await fetch(`http://127.0.0.1:${port}${path}${query && `?${query}`}`, {
      method: call.method,
      headers: { "x-exchange": String(at), accept: "application/json", ...(call.request === null ? {} : { "content-type": "application/json" }) },
      body: call.request === null ? undefined : JSON.stringify(call.request),
    });
    const text = await response.text();
    const violations = response.headers.get("sl-violations");
    if (response.status !== call.status || violations) {
      problems += 1;
      console.error(`${call.method} ${call.path}: ${response.status}: ${violations ?? text.slice(0, 1500)}`);
    }
  }
} finally {
  prism.removeAllListeners("exit");
  prism.kill();
  upstream.close();
}
console.log(`Prism: ${calls.length} distinct exchanges, ${problems} objections`);
process.exitCode = problems > 0 || calls.length === 0 ? 1 : 0;
