import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    store: { type: 'string', default: 'sqlite' },
    runs: { type: 'string', default: '100000' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const { store, runs } = values
if (store !== 'sqlite' && store !== 'postgres') {
  throw new TypeError(`--store: expected sqlite or postgres, found ${store}`)
}
if (!Number.isSafeInteger(Number(runs))) throw new TypeError(`--runs: expected a whole number, found ${runs}`)

/** What `npm run bench` was asked for (main.ts). */
export const options = { ...values, store, runs: Number(runs), names: positionals }
