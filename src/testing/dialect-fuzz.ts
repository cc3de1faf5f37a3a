import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { Dialect } from '../dialects/dialect.ts'
import { type EndpointMethod, type EndpointRow, methodsOf, pathsOf } from '../dialects/kit/endpoints.ts'
import { credentialHeaders, DIALECT_OPTIONS, examplePath } from './dialect-routes.ts'
import type { World } from './world.ts'

/** An answer as its reader has it. */
export interface DialectAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** What a dialect's fuzz test has to say of its vendor. */
export interface FuzzSubject {
  readonly dialect: Dialect
  readonly world: World
  /** Values that mean something, for the varying parts of a path, for queries and for fields of bodies. */
  readonly known: readonly string[]
  /** Names of the fields and query parameters that its endpoints read. */
  readonly fields: readonly string[]
  /** undefined: the answer is a refusal in the vendor's own form; else what is wrong with that. */
  readonly notTheirError: (answer: DialectAnswer) => string | undefined
  /** Refusals of this vendor that are not a status of 400 or more, e.g. a 200 with `result: false`. */
  readonly isRefusal?: (answer: DialectAnswer) => boolean
  /** Endpoints that ask for no credential. */
  readonly isOpen?: (row: EndpointRow) => boolean
  /** For each endpoint; 40 by default. */
  readonly requests?: number
}

/** More of them than a suite has time for: FUZZ_TIMES=20, and FUZZ_SEED to have the same again. */
const TIMES = Number(process.env['FUZZ_TIMES'] ?? 1)
const SEED = process.env['FUZZ_SEED']

type HttpMethod = Exclude<EndpointMethod, 'WS'>

/** Rows to be fuzzed, what takes things away last. */
export function servedEndpoints({ endpoints }: Dialect): readonly Endpoint[] {
  const served: Endpoint[] = []
  for (const row of endpoints ?? []) {
    for (const method of row.served === true ? methodsOf(row) : []) {
      if (method !== 'WS') served.push([`${method} ${row.path}`, method, row])
    }
  }
  return served.toSorted((a, b) => Number(a[1] === 'DELETE') - Number(b[1] === 'DELETE'))
}
/** Its title for a test, and what it is. */
type Endpoint = readonly [title: string, method: HttpMethod, row: EndpointRow]

const oddText = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '-1',
    '1.5',
    '99999999999999999999',
    'null',
    '__proto__',
    'constructor',
    '..',
    '../../../../etc/passwd',
    '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    '%00',
    '\u0000',
    '\ud800',
    '💥',
    '流水线',
    "' OR 1=1 --",
    '${{ params.x }}',
    '$(id)',
    '@every 0s',
    'x'.repeat(3_000),
  ),
  fc.string({ maxLength: 20 }),
  fc.stringMatching(/^[0-9a-f]{24}$|^[0-9a-f]{32}$/),
)

/** Of every type, for fields that expect one. */
const oddValue = (known: readonly string[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.constantFrom(...known),
    oddText,
    fc.constantFrom<unknown>(null, true, false, 0, 1, -1, 1.5, 1e300, 2 ** 53, [], {}),
    fc.array(oddText, { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('name', 'id', 'constructor', ''), oddText, { maxKeys: 2 }),
    fc.array(fc.dictionary(fc.constantFrom('name', 'key', 'value', 'type'), oddText, { maxKeys: 3 }), { maxLength: 2 }),
  )

const shaped = ({ known, fields }: FuzzSubject): fc.Arbitrary<Record<string, unknown>> =>
  fc.dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...fields) }, fc.constant('extra')), oddValue(known), {
    maxKeys: 8,
  })

const body = (subject: FuzzSubject): fc.Arbitrary<Uint8Array<ArrayBuffer> | string> =>
  fc.oneof(
    { weight: 6, arbitrary: shaped(subject).map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: shaped(subject).map((value) => JSON.stringify(value).slice(0, -1)) },
    { weight: 1, arbitrary: shaped(subject).map((value) => new URLSearchParams(asTexts(value)).toString()) },
    { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => new Uint8Array(bytes)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('', 'null', '[]', '{"__proto__":{"a":1}}', '['.repeat(5_000), 'x'.repeat(30_000)),
    },
    { weight: 1, arbitrary: doubled(subject) },
    { weight: 1, arbitrary: compressed(subject) },
  )

/** A field twice, of two types; a number that no double holds; a value deeper than any that is meant. */
const doubled = ({ known, fields }: FuzzSubject): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...fields),
      oddValue(known),
      fc.constantFrom(
        '1e999999',
        '-1e999999',
        '123456789012345678901234567890',
        `${'{"a":'.repeat(300)}1${'}'.repeat(300)}`,
      ),
    )
    .map(([field, value, odd]) => `{"${field}":${JSON.stringify(value)},"${field}":${odd}}`)

const compressed = (subject: FuzzSubject): fc.Arbitrary<Uint8Array<ArrayBuffer>> =>
  shaped(subject).map((value) => new Uint8Array(gzipSync(JSON.stringify(value))))

/** Said of a body, whatever it is: nothing, what is right, what is not, and what cannot be. */
const said = fc.constantFrom<Readonly<Record<string, string>>>(
  {},
  { 'content-type': 'application/json' },
  { 'content-type': 'application/json; charset=gb18030' },
  { 'content-type': 'application/x-www-form-urlencoded' },
  { 'content-type': 'multipart/form-data; boundary=' },
  { 'content-type': 'text/xml' },
  { 'content-type': ';;' },
  { 'content-encoding': 'gzip' },
  { 'content-encoding': 'br, gzip', 'content-type': 'application/yaml' },
)

const query = (subject: FuzzSubject): fc.Arbitrary<string> =>
  fc.oneof(
    shaped(subject).map((value) => new URLSearchParams(asTexts(value)).toString()),
    fc.constantFrom('', '&=&&', 'a=%zz&%ff', 'page=%', '='),
  )

/** A path of the row whose varying parts are known values, odd ones, or what no URL may hold. */
const path = (row: EndpointRow, { known }: FuzzSubject): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...pathsOf(row)),
      fc.array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, { weight: 2, arbitrary: oddText }), {
        minLength: 6,
        maxLength: 6,
      }),
    )
    .map(([form, values]) => {
      let next = 0
      // Half a surrogate pair has no percent form, and a segment of dots is taken out by every client.
      const value = (): string => (values[next++ % values.length] ?? '').toWellFormed()
      return examplePath(form, value).replaceAll(/\/\.{1,2}(?=\/|$)/g, (dots) => dots.replaceAll('.', '%2E'))
    })

const asTexts = (value: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, typeof one === 'string' ? one : JSON.stringify(one)]),
  )

/**
 * Odd requests of every kind with a good credential: each gets an answer below 500, and what is refused is refused in
 * the vendor's form.
 * @throws Error with the request that got another.
 */
export async function fuzzRequests(subject: FuzzSubject, method: HttpMethod, row: EndpointRow): Promise<void> {
  const send = sender(subject)
  const headers = credentialHeaders(subject.world)
  await fc.assert(
    fc.asyncProperty(path(row, subject), query(subject), said, body(subject), async (to, search, about, content) => {
      const answer = await send(method, `${to}?${search}`, { ...about, ...headers }, content)
      const told = `${JSON.stringify(about)} ${typeof content === 'string' ? content : 'bytes'}`
      checkAnswer(subject, answer, `${method} ${to}?${search} ${told}`)
    }),
    { numRuns: (subject.requests ?? 40) * TIMES, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
  )
  await subject.world.settled()
}

/** Each is nobody's. */
const badCredentials: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['none', {}],
  ['an empty token', { 'X-Auth-Token': '', Authorization: '' }],
  ['a token of 100,000 characters', { 'X-Auth-Token': 'x'.repeat(100_000) }],
  ['an Authorization of 100,000 characters', { Authorization: `X-API-KEY ${'x'.repeat(100_000)}` }],
  ['a Bearer of 100,000 characters', { Authorization: `Bearer mr_${'x'.repeat(100_000)}` }],
  ['a signature of 100,000 characters', { Authorization: 'SDK-HMAC-SHA256 Access='.padEnd(100_000, ' a') }],
  ['a broken gateway header', { 'X-Bkapi-Authorization': '{"bk_app_code":' }],
  ['a gateway header of wrong types', { 'X-Bkapi-Authorization': '{"bk_app_code":[],"bk_app_secret":{}}' }],
  ['a token that looks like one', { 'X-Auth-Token': 'mr_0_0', Authorization: 'Bearer mr_0_0' }],
  ['a cookie of 100,000 characters', { Cookie: `session=${'x'.repeat(100_000)}` }],
  ['another scheme', { Authorization: 'Basic Y2k6Y2k=' }],
]

/**
 * Wrong and missing credentials of every kind: all are refused in the vendor's form, and none gets what is meant for
 * those who are let in.
 * @throws Error with the request that was let in.
 */
export async function fuzzCredentials(subject: FuzzSubject, method: HttpMethod, row: EndpointRow): Promise<void> {
  const send = sender(subject)
  const open = subject.isOpen?.(row) === true
  let next = 0
  const to = examplePath(row.path, () => subject.known[next++ % subject.known.length] ?? '1')
  for (const [name, headers] of badCredentials) {
    const answer = await send(method, to, headers, '{}')
    const told = `${method} ${to} with ${name}`
    checkAnswer(subject, answer, told)
    if (!open && !isRefused(subject, answer)) throw new Error(`${told} was let in: ${brief(answer)}`)
  }
}

const isRefused = (subject: FuzzSubject, answer: DialectAnswer): boolean =>
  answer.status >= 400 || subject.isRefusal?.(answer) === true

function checkAnswer(subject: FuzzSubject, answer: DialectAnswer, request: string): void {
  const told = (what: string): Error => new Error(`${request.slice(0, 2_000)}\n${what}: ${brief(answer)}`)
  if (answer.status >= 500) throw told('is a fault of ours')
  if (/\bat \S+ \(?\S*\.ts:\d+/.test(answer.text)) throw told('shows a stack')
  const wrong = isRefused(subject, answer) ? subject.notTheirError(answer) : undefined
  if (wrong !== undefined) throw told(wrong)
}

const brief = ({ status, text }: DialectAnswer): string => `${status} ${text.slice(0, 500)}`

type Send = (
  method: HttpMethod,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array<ArrayBuffer> | string,
) => Promise<DialectAnswer>

/** Requests to the dialect itself; of a stream the first chunk is read, and then the reader goes away. */
export function sender({ dialect, world }: Pick<FuzzSubject, 'dialect' | 'world'>): Send {
  const handle = dialect.create(world.app, DIALECT_OPTIONS)
  return async (method, to, headers, content) => {
    const init = method === 'GET' || method === 'HEAD' ? { method, headers } : { method, headers, body: content }
    const response = await handle(new Request(`${DIALECT_OPTIONS.baseUrl}${to}`, init))
    return { status: response.status, headers: response.headers, text: await readSome(response) }
  }
}

async function readSome(response: Response): Promise<string> {
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  if (!isStream || response.body === null) return await response.text()
  const reader = response.body.getReader()
  const { value } = (await reader.read()) as { readonly value?: Uint8Array }
  await reader.cancel()
  return new TextDecoder().decode(value)
}
