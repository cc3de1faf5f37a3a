import { z } from 'zod'
import { type HttpProblemCode, PROBLEMS } from '../problem.ts'
import type { Route } from './route.ts'
import { names } from './schema/common.ts'

type Schema = Record<string, unknown>

/** Of the API, not of Millrace: the first number is the one in the paths. */
const API_VERSION = '1.0.0'

/** What every route may answer besides its own refusals. */
const EVERYWHERE: readonly HttpProblemCode[] = ['invalid_request', 'unauthenticated', 'forbidden', 'unavailable']
const OPEN: readonly HttpProblemCode[] = ['invalid_request', 'unavailable']
const WITH_BODY: readonly HttpProblemCode[] = ['too_large', 'unsupported_media_type']

/** The OpenAPI 3.1 document of these routes; the same routes give the same document, key for key. */
export function openApiDocument(routes: readonly Route[]): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = (paths[route.path] ??= {})
    path[route.method.toLowerCase()] = operation(route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      version: API_VERSION,
      description:
        'The native API: pipelines, their runs, and what they wait for. Times are UTC; names are snake_case.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: '`mr_<id>_<secret>`' } },
      responses: sharedResponses(),
      schemas: schemas(),
    },
  }
}

/** As it is kept in openapi/native-v1.json. */
export const openApiText = (routes: readonly Route[]): string => `${JSON.stringify(openApiDocument(routes), null, 2)}\n`

function operation(route: Route): Record<string, unknown> {
  const codes = [
    ...(route.open === true ? OPEN : EVERYWHERE),
    ...(route.body === undefined ? [] : WITH_BODY),
    ...route.problems,
  ]
  const parameters = [...pathParameters(route.path), ...queryParameters(route), ...headerParameters(route)]
  return {
    operationId: route.id,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: requestBody(route) }),
    ...(route.open === true ? { security: [] } : {}),
    responses: { [route.status]: success(route), ...rangeResponses(route), ...problemResponses(codes) },
  }
}

function rangeResponses(route: Route): Schema {
  const texts = { 206: 'The range that was asked for', 416: 'Nothing of the range is there' } as const
  return Object.fromEntries(
    (route.ranges ?? []).map((status) => [status, { ...success(route), description: texts[status] }]),
  )
}

const pathParameters = (path: string): Schema[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))

function queryParameters({ query }: Route): Schema[] {
  if (!(query instanceof z.ZodObject)) return []
  const { properties, required } = jsonSchema(query) as { properties: Record<string, Schema>; required?: string[] }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    // A default stands in for what is missing, so it is never required of the sender.
    ...(required?.includes(name) === true && !('default' in schema) ? { required: true } : {}),
    ...(description === undefined ? {} : { description }),
    ...(schema['type'] === 'array' ? { style: 'form', explode: false } : {}),
    schema,
  }))
}

const headerParameters = ({ headers }: Route): Schema[] =>
  Object.entries(headers ?? {}).map(([name, description]) => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
  }))

function requestBody(route: Route): Schema {
  const text = { schema: { type: 'string' } }
  return {
    // What takes `{}` takes nothing, too.
    required: route.body?.safeParse({}).success !== true,
    content: {
      [route.rawBody === true ? '*/*' : 'application/json']: { schema: refTo(route.body) },
      ...(route.textBody === undefined ? {} : { 'text/yaml': text }),
    },
  }
}

function success(route: Route): Schema {
  const description = { 200: 'OK', 201: 'Made', 202: 'Taken', 204: 'Done' }[route.status]
  if (route.answer === 'nothing') return { description }
  if ('bytes' in route.answer) {
    return { description, content: { [route.answer.bytes]: { schema: { type: 'string' } } } }
  }
  return { description, content: { 'application/json': { schema: refTo(route.answer.json) } } }
}

const problemResponses = (codes: readonly HttpProblemCode[]): Schema =>
  Object.fromEntries(codes.map((code) => [PROBLEMS[code].status, { $ref: `#/components/responses/${nameOf(code)}` }]))

/** One response per status, as OpenAPI wants it; its text names the codes that share it. */
function sharedResponses(): Schema {
  const content = { 'application/problem+json': { schema: { $ref: uri('Problem') } } }
  const codes = Object.keys(PROBLEMS) as HttpProblemCode[]
  return Object.fromEntries(
    codes.map((code) => [
      nameOf(code),
      { description: codes.filter((other) => nameOf(other) === nameOf(code)).join(', '), content },
    ]),
  )
}

const nameOf = (code: HttpProblemCode): string => `Problem${PROBLEMS[code].status}`

function refTo(schema: z.ZodType | undefined): Schema {
  const name = schema === undefined ? undefined : names.get(schema)?.id
  if (name === undefined) throw new Error('a body needs a schema with a name (schema/)')
  return { $ref: `#/components/schemas/${name}` }
}

const uri = (id: string): string => `#/components/schemas/${id}`

/** Named schemas by name, referring to each other; `io` is output for answers and for what a checked body holds. */
function schemas(): Schema {
  const made = z.toJSONSchema(names, { uri, io: 'input', override: plainTimes }).schemas as Record<string, Schema>
  return Object.fromEntries(
    Object.entries(made)
      .map(([id, { $schema: _dialect, $id: _id, ...schema }]) => [id, schema] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
}

const jsonSchema = (schema: z.ZodType): Schema => z.toJSONSchema(schema, { io: 'output', override: plainTimes })

/** zod writes the whole calendar as a pattern beside `format: date-time`; the format says it. */
function plainTimes({ jsonSchema }: { jsonSchema: Schema }): void {
  if (jsonSchema['format'] === 'date-time') delete jsonSchema['pattern']
}
