// Who belongs to one project learns nothing of another, by any route. Each dialect asks all of its own beside it
// (fuzz.test.ts); here stands that none is left out, that the asking sees what is wrong, and our own API.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { silent } from '../http/logger.ts'
import { nativeMounts } from '../http/native/index.ts'
import { routes } from '../http/native/routes.ts'
import { servedEndpoints } from '../testing/dialect-fuzz.ts'
import { intrusions, openNeighbours } from '../testing/dialect-isolation.ts'
import { openWorld } from '../testing/world.ts'
import type { Dialect } from './dialect.ts'
import { dialects } from './index.ts'
import type { EndpointRow } from './kit/endpoints.ts'

/** Whether these tests ask what {@link intrusions} asks, of the dialect beside them, and expect nothing of it. */
const asksAll = (text: string): boolean => {
  const own = /import \{ (\w+) \} from '\.\/index\.ts'/.exec(text)?.[1]
  return (
    own !== undefined &&
    text.includes(`await intrusions(${own}, neighbours`) &&
    text.includes('expect(leaks).toEqual([])') &&
    !/\.(?:skip|only|todo)\(/.test(text)
  )
}

describe('every dialect is asked', () => {
  test.each(dialects.map((dialect) => [dialect.name, dialect] as const))('%s', (name, dialect) => {
    expect(asksAll(readFileSync(`${import.meta.dirname}/${name}/fuzz.test.ts`, 'utf8'))).toBe(true)
    expect(servedEndpoints(dialect).length).toBeGreaterThan(10)
  })

  test('and one that was not would be found', () => {
    expect(asksAll("import { swr } from './index.ts'\ntest('x', () => {})")).toBe(false)
    expect(asksAll('await intrusions(swr, neighbours)\nexpect(leaks).toEqual([])')).toBe(false)
  })
})

const row = (method: EndpointRow['method'], path: string, also: readonly string[] = []): EndpointRow => ({
  method,
  path,
  also,
  family: '',
  source: 'sibling',
  from: '',
  served: true,
})

/** Answers whoever asks, whatever about. */
const careless = (rows: readonly EndpointRow[], answer: Dialect['create']): Dialect => ({
  name: 'careless',
  prefixes: ['/careless'],
  endpoints: rows,
  create: answer,
})

describe('the asking sees', () => {
  test('what is told, also at another address of the same', async () => {
    const neighbours = await openNeighbours(await openWorld())
    const { world, pipeline } = neighbours
    const dialect = careless([row('GET', '/careless/{id}', ['/careless/other/{id}'])], (app) => async (request) => {
      const found = await app.pipelines.get(world.admin, { id: pipeline.id })
      return Response.json(
        request.url.includes('/other/') && found.ok ? { is: found.value.definition.description } : {},
      )
    })
    const { leaks } = await intrusions(dialect, neighbours)
    expect(leaks.length).toBeGreaterThan(0)
    expect(leaks.filter((leak) => !leak.includes('/careless/other/'))).toEqual([])
  })

  test('what is changed', async () => {
    const neighbours = await openNeighbours(await openWorld())
    const { world, runs } = neighbours
    const dialect = careless([row('POST', '/careless')], (app) => async () => {
      await app.runs.act(world.admin, { id: runs[1]!.id }, { action: 'pause' })
      return Response.json({})
    })
    expect((await intrusions(dialect, neighbours)).leaks).toEqual(['POST /careless changed something of A'])
  })
})

/** Our own API as the tests of dialects ask: with its routes for endpoints, and the token where it looks for it. */
const native: Dialect = {
  name: 'native',
  prefixes: ['/api/v1'],
  endpoints: routes.map(({ method, path }) => row(method, path)),
  create: (app, { baseUrl, bodyMaxBytes }) => {
    // Streams end with what is there.
    const closing = AbortSignal.abort()
    const mounts = nativeMounts({ version: '0.0.0', pipelineSchema: {} })
    const [api] = mounts({ app, baseUrl, bodyMaxBytes, closing, logger: silent })
    if (api?.name !== 'native') throw new Error('the native API is not the first')
    return (request) => {
      const headers = new Headers(request.headers)
      const token = headers.get('authorization')?.replace('X-API-KEY', 'Bearer')
      if (token !== undefined) headers.set('authorization', token)
      headers.set('content-type', 'application/json')
      return api.handle(new Request(request, { headers }))
    }
  },
}

test('our own API is asked the same, by every route', async () => {
  const neighbours = await openNeighbours(await openWorld())
  const { project, runs } = neighbours
  const text = 'name: pipeline-of-a\ntasks: [{name: x, script: make}]\n'
  const { leaks, seenByOwner } = await intrusions(native, neighbours, ({ path }) => {
    if (path.endsWith('/batch')) return [{ runs: runs.map(({ id }) => id) }]
    if (path.endsWith('/projects')) return [{ name: project.name }]
    if (path.endsWith('/tokens')) return [{ name: 'x', projects: [project.id] }]
    if (path.includes('/pipelines')) return [{}, { project: project.id, definition: text }, { definition: text }]
    return [{}, { params: {} }, { comment: 'x' }]
  })
  expect(leaks).toEqual([])
  expect(seenByOwner).toBeGreaterThan(20)
}, 120_000)
