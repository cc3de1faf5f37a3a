import type { z } from 'zod'
import { expectedOf, narrowed, type SchemaIssue } from '../../model/schema-issue.ts'
import { accept, type LocatedError, type Result } from '../../model/problem.ts'
import type { HttpProblem } from '../problem.ts'

export type HttpResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: HttpProblem }

const refuse = (problem: HttpProblem): { readonly ok: false; readonly problem: HttpProblem } => ({ ok: false, problem })

const ERRORS_MAX = 20

/** Bytes of a body as text: UTF-8 (a byte order mark is dropped), not compressed, not too long. */
export async function readText(request: Request, maxBytes: number): Promise<HttpResult<string>> {
  const encoding = request.headers.get('content-encoding')
  if (encoding !== null && encoding.toLowerCase() !== 'identity') {
    return refuse({
      code: 'unsupported_media_type',
      message: `A body must not be compressed, found Content-Encoding ${JSON.stringify(encoding)}`,
    })
  }
  const charset = /charset="?([^\s;"]+)/i.exec(request.headers.get('content-type') ?? '')?.[1]
  if (charset !== undefined && !/^(?:utf-?8|us-ascii)$/i.test(charset)) {
    return refuse({
      code: 'unsupported_media_type',
      message: `A body must be UTF-8, found charset ${JSON.stringify(charset)}`,
    })
  }
  const bytes = await request.arrayBuffer()
  if (bytes.byteLength > maxBytes) {
    return refuse({ code: 'too_large', message: `A body may have ${maxBytes} bytes, this one has more` })
  }
  try {
    return accept(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return refuse({ code: 'invalid_request', message: 'The body must be UTF-8, found bytes that are not' })
  }
}

/** What JSON can say and nothing here can keep. */
class Unstorable extends Error {}

/** An empty body is `{}`: what needs nothing may be asked for with nothing. */
export function parseJson(text: string): Result<unknown> {
  if (text.trim() === '') return accept({})
  try {
    return accept(
      JSON.parse(text, (key, value: unknown) => {
        if (key === '__proto__') throw new Unstorable('no field may be called __proto__')
        // Half a surrogate pair has no UTF-8: it would come back as another character.
        if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed())) {
          throw new Unstorable('a text has half a surrogate pair')
        }
        return value
      }),
    )
  } catch (error) {
    const message = `The body must be JSON: ${reasonOf(error)}`
    return { ok: false, problem: { code: 'invalid_request', message } }
  }
}

/** V8 repeats the text around the place; 200 characters of that are enough. */
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message.slice(0, 200) : 'it is not')

/** All that is wrong, each with its place below `where` (`body`, `query`). */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): Result<z.output<Schema>> {
  const parsed = schema.safeParse(value, { reportInput: true })
  if (parsed.success) return accept(parsed.data)
  const errors = parsed.error.issues
    .flatMap(narrowed)
    .slice(0, ERRORS_MAX)
    .map((issue): LocatedError => {
      const keys = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
      const path = keys.reduce<string>((to, key) => to + (typeof key === 'number' ? `[${key}]` : `.${key}`), where)
      return { file: null, line: null, column: null, path, message: sentence(issue) }
    })
  const [first] = errors
  return {
    ok: false,
    problem: {
      code: 'invalid_request',
      message: first === undefined ? `The ${where} is not valid` : `${first.path}: ${first.message}`,
      errors,
    },
  }
}

function sentence(issue: SchemaIssue): string {
  const expected = expectedOf(issue)
  if (issue.code === 'unrecognized_keys' || /\bfound\b/.test(expected)) return expected
  return `${expected}, found ${isOfLength(issue) ? issue.input.length : describe(issue.input)}`
}

/** Its length is what is wrong; and a text may be a password, which is not sent back. */
const isOfLength = (issue: SchemaIssue): issue is SchemaIssue & { readonly input: string | readonly unknown[] } =>
  (issue.code === 'too_small' || issue.code === 'too_big') &&
  (typeof issue.input === 'string' || Array.isArray(issue.input))

/** What was there, for people; of a long text its beginning. */
function describe(found: unknown): string {
  if (found === undefined || found === null) return 'nothing'
  if (Array.isArray(found)) return 'a list'
  if (typeof found === 'object') return 'a mapping'
  return JSON.stringify(typeof found === 'string' ? found.slice(0, FOUND_MAX).toWellFormed() : found)
}

const FOUND_MAX = 60

/**
 * Whether a body that may be JSON or plain text is JSON. A type that says nothing (none, or what curl says of
 * everything) leaves it to the first character.
 */
export function isJson(contentType: string | null, text: string): boolean {
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (type === '' || type === 'application/x-www-form-urlencoded') return /^\s*(?:\{|$)/.test(text)
  return /(?:^|[/+])json$/.test(type)
}
