// Asks an installed iam-simulate, one simulation a line in, one answer a line out:
// {"result": "allowed" | "explicit" | "implicit", "ignored": [context keys it took out]}, or {"error": "..."}.
//
//   node tests/oracle/simulate.mjs DIRECTORY < simulations.jsonl
//
// DIRECTORY holds node_modules/@cloud-copilot/iam-simulate. That program is not part of tollgate.
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readFileSync } from 'node:fs'

const home = join(process.argv[2], 'node_modules/@cloud-copilot/iam-simulate')
const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
const entry = join(home, manifest.exports?.['.']?.import ?? manifest.module ?? manifest.main)
const { runSimulation } = await import(pathToFileURL(entry))

const words = { Allowed: 'allowed', ExplicitlyDenied: 'explicit', ImplicitlyDenied: 'implicit' }
const out = [JSON.stringify({ version: manifest.version })]
for await (const line of createInterface({ input: process.stdin })) {
  let answer
  try {
    const outcome = await runSimulation(JSON.parse(line), {})
    answer =
      outcome.resultType === 'single'
        ? { result: words[outcome.overallResult], ignored: outcome.result.ignoredContextKeys ?? [] }
        : { error: outcome.errors?.message ?? outcome.resultType }
  } catch (error) {
    answer = { error: String(error.message ?? error).split('\n')[0] }
  }
  out.push(JSON.stringify(answer))
}
process.stdout.write(out.join('\n') + '\n')
