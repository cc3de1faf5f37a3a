import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openApiText } from './openapi.ts'
import { routes } from './routes.ts'

test('the OpenAPI document in the repository is the one that the routes make (npm run gen:openapi)', () => {
  expect(readFileSync(`${import.meta.dirname}/../../../openapi/native-v1.json`, 'utf8')).toBe(openApiText(routes))
})

test('every route has a name of its own, and no two answer the same request', () => {
  expect(routes.length).toBeGreaterThan(25)
  expect(new Set(routes.map(({ id }) => id)).size).toBe(routes.length)
  expect(new Set(routes.map(({ method, path }) => `${method} ${path}`)).size).toBe(routes.length)
})

test('a fixed path stands before the path with a parameter that would take its requests', () => {
  const taken = routes.flatMap((later, index) =>
    routes
      .slice(0, index)
      .filter((earlier) => earlier.method === later.method && shadows(earlier.path, later.path))
      .map((earlier) => `${earlier.path} takes what is for ${later.path}`),
  )
  expect(taken).toEqual([])
  expect(shadows('/runs/{run}', '/runs/batch')).toBe(true)
})

function shadows(earlier: string, later: string): boolean {
  const [wanted, found] = [earlier.split('/'), later.split('/')]
  return wanted.length === found.length && wanted.every((part, index) => part.startsWith('{') || part === found[index])
}

test('every reference in the document leads somewhere', () => {
  const text = openApiText(routes)
  const document = JSON.parse(text) as { components: Record<string, Record<string, unknown>> }
  const references = [...text.matchAll(/"\$ref": "#\/components\/(\w+)\/(\w+)"/g)]
  expect(references.length).toBeGreaterThan(100)
  expect(references.filter(([, kind = '', name = '']) => document.components[kind]?.[name] === undefined)).toEqual([])
})
