// The tables of endpoints: fresh, and true. A dialect with a list of endpoints is held to it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isRouted, misstatedRows } from '../testing/dialect-routes.ts'
import { openWorld } from '../testing/world.ts'
import { dialects } from './index.ts'
import { methodsOf, pathsOf, withEndpointTable } from './kit/endpoints.ts'

const ROOT = join(import.meta.dirname, '../..')
const listed = dialects.filter(({ endpoints }) => endpoints !== undefined)

describe.each(listed.map((dialect) => [dialect.name, dialect] as const))('%s', (name, dialect) => {
  const rows = dialect.endpoints ?? []

  test.each([`src/dialects/${name}/README.md`, `docs/dialects/${name}.md`])(
    '%s is fresh (npm run gen:docs)',
    (path) => {
      const page = readFileSync(join(ROOT, path), 'utf8')
      expect(page).toBe(withEndpointTable(page, rows))
    },
  )

  test('what its list says is served is routed, and the rest is not', async () => {
    const world = await openWorld()
    expect(await misstatedRows(dialect, world)).toEqual([])
    // The check sees what is not routed.
    expect(await isRouted(dialect, world, 'GET', `${dialect.prefixes[0]}/no/such/thing/as/this/here`)).toBe(false)
    await world.settled()
  })

  test('its list names every endpoint once, under its own prefixes', () => {
    const addresses = rows.flatMap((row) =>
      methodsOf(row).flatMap((method) => pathsOf(row).map((path) => `${method} ${path}`)),
    )
    expect(new Set(addresses).size).toBe(addresses.length)
    const foreign = rows.flatMap(pathsOf).filter((path) => !dialect.prefixes.some((prefix) => path.startsWith(prefix)))
    expect(foreign).toEqual([])
    expect(rows.some(({ source }) => source === 'seed')).toBe(true)
  })
})
