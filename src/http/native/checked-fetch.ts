import { type HttpProblemCode, PROBLEMS } from '../problem.ts'
import { routes } from './routes.ts'
import type { Route } from './route.ts'
import { Problem } from './schema.ts'

/**
 * `fetch` that holds every answer of the native API against the schemas and the refusals of its route, so that the
 * OpenAPI document cannot promise what the server does not do. For tests: all of them go through it.
 * @throws Error when an answer is not what the document says.
 */
export async function checkedFetch(input: string | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init)
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  // A stream is passed on as it is: reading it here would wait for its end.
  const text = isJson ? await response.clone().text() : ''
  const body: unknown = text === '' ? undefined : JSON.parse(text)
  checkAnswer(init?.method ?? 'GET', new URL(input).pathname, response, body)
  return response
}

function checkAnswer(method: string, path: string, response: Response, body: unknown): void {
  const { status, headers } = response
  const name = `${method} ${path} -> ${status}`
  const route = routes.find((one) => one.method === method && matches(one.path, path))
  if (headers.get('x-request-id') === null) throw new Error(`${name}: no X-Request-Id`)
  if (headers.has('millrace-depends') || headers.has('millrace-fresh-ms')) throw new Error(`${name}: a hint got out`)
  if (method === 'HEAD') return
  if (route?.ranges?.some((one) => one === status) === true) return
  if (status >= 400) return checkProblem(name, status, route, body)
  if (route === undefined || status === 304) return
  if (status !== route.status) throw new Error(`${name}: ${route.id} documents ${route.status}`)
  if (route.answer === 'nothing' || 'bytes' in route.answer) return
  const checked = route.answer.json.safeParse(body)
  if (!checked.success) throw new Error(`${name}: not as documented: ${checked.error.message}`)
}

function checkProblem(name: string, status: number, route: Route | undefined, body: unknown): void {
  const problem = Problem.parse(body)
  const { status: documented } = PROBLEMS[problem.code as HttpProblemCode]
  if (problem.status !== status || documented !== status) throw new Error(`${name}: the problem is ${problem.code}`)
  if (route === undefined || EVERYWHERE.includes(problem.code)) return
  if (!(route.problems as readonly string[]).includes(problem.code)) {
    throw new Error(`${name}: ${route.id} does not document ${problem.code}: ${problem.detail}`)
  }
}

const EVERYWHERE = [
  'invalid_request',
  'unauthenticated',
  'forbidden',
  'unavailable',
  'too_large',
  'unsupported_media_type',
]

function matches(pattern: string, path: string): boolean {
  const [wanted, found] = [pattern.split('/'), path.split('/')]
  return wanted.length === found.length && wanted.every((part, index) => part.startsWith('{') || part === found[index])
}
