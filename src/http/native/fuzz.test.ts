import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type NativeServer, openNative } from '../../../test/support/native-server.ts'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { openWorld } from '../../testing/world.ts'
import { routes } from './routes.ts'

let native: NativeServer
let known: readonly string[]
beforeAll(async () => {
  native = await openNative({
    world: await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) }),
  })
  const { client } = native
  const { id } = await client.pipelines.create({
    project: 'default',
    definition: 'name: fuzzed\nparams: {branch: {default: main}}\ntasks: [{name: compile, script: make}]\n',
  })
  const run = await client.runs.start(id)
  known = [id, run.id, '1', 'fuzzed', 'default', 'compile', 'retry', 'cancel', 'pause', 'skip', 'approve']
})
afterAll(() => native.server.close())

/** What people and their tools put in by mistake or on purpose. */
const oddText = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '-1',
    'null',
    '__proto__',
    'constructor',
    '..',
    '%2e%2e',
    '%00',
    '💥',
    '流水线',
    "' OR 1=1 --",
    '${{ x }}',
  ),
  fc.string({ maxLength: 20 }),
  fc.stringMatching(/^[0-9a-f]{32}$/),
)
const oddValue = fc.oneof(
  oddText,
  fc.constantFrom(null, true, false, 0, -1, 1.5, 1e300, 2 ** 53, 'true', '10'),
  fc.array(oddText, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('branch', 'x', 'constructor', ''), oddText, { maxKeys: 2 }),
)

/** Bodies and queries with the right names and odd values are the ones that get through the first check. */
const shapedLike = (schema: z.ZodType | undefined) =>
  fc.dictionary(
    fc.oneof(fc.constantFrom(...(schema instanceof z.ZodObject ? Object.keys(schema.shape) : ['x']), 'extra')),
    oddValue,
    { maxKeys: 4 },
  )

/** Following is tested where it ends; here nobody would end it. What takes things away comes last. */
const tested = routes
  .filter(({ id }) => id !== 'followEvents')
  .toSorted((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'))

test.each(tested.map((route) => [route.id, route] as const))(
  '%s answers whatever it is asked as its document says, and never with a 5xx',
  async (_id, route) => {
    const request = fc.record({
      parts: fc.array(fc.oneof(fc.constantFrom(...known), oddText), { minLength: 4, maxLength: 4 }),
      query: shapedLike(route.query),
      body: fc.oneof(
        { weight: 4, arbitrary: shapedLike(route.body).map((value) => JSON.stringify(value)) },
        fc.json({ maxDepth: 3 }),
        fc.string({ maxLength: 40 }),
      ),
      type: fc.constantFrom('application/json', 'text/yaml', 'text/plain', ''),
      headers: fc.record(
        { 'if-match': oddText, 'if-none-match': oddText, 'idempotency-key': oddText, 'x-request-id': oddText },
        { requiredKeys: [] },
      ),
    })
    await fc.assert(
      fc.asyncProperty(request, async ({ parts, query, body, type, headers }) => {
        let at = 0
        const path = route.path.replaceAll(/\{\w+\}/g, () =>
          encodeURIComponent(parts[at++] ?? '').replaceAll('.', '%2E'),
        )
        const text = new URLSearchParams(
          Object.entries(query).map(([name, value]): [string, string] => [name, plain(value)]),
        )
        const response = await native.send(route.method, `${path}?${text.toString()}`, {
          ...(route.method === 'GET' ? {} : { body }),
          headers: { ...(type === '' ? {} : { 'content-type': type }), ...printable(headers) },
        })
        await response.body?.cancel()
        expect(response.status).toBeLessThan(500)
      }),
      { numRuns: 40 },
    )
  },
)

const plain = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Header values that fetch itself would refuse never reach a server. */
const printable = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replaceAll(/[^\x20-\x7e]/g, '?')]))
