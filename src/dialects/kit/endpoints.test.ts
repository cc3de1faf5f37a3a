import { describe, expect, test } from 'vitest'
import { type EndpointRow, methodsAt, methodsOf, withEndpointTable } from './endpoints.ts'

const rows: readonly EndpointRow[] = [
  { method: 'GET', path: '/a/:id', family: 'V1', source: 'seed', from: 'one a', served: true },
  {
    method: ['GET', 'POST'],
    path: '/b',
    also: ['/x/b'],
    family: 'V2',
    source: 'sibling',
    from: 'page 3 | 4',
    served: true,
  },
  { method: 'WS', path: '/a/ws', family: 'V1', source: 'sibling', from: 'live', served: { reason: 'no WebSocket' } },
]
const markers = withMarkers('')

/** As a page has them before its table is written for the first time. */
function withMarkers(between: string): string {
  return [
    '<!-- endpoints: written by `npm run gen:docs` from the list of routes; a test fails when it is stale -->',
    between,
    '<!-- endpoints: end -->',
  ].join('\n')
}

describe('the table of endpoints', () => {
  test('stands between the markers, by family, with the reason for what is not served', () => {
    expect(withEndpointTable(`# Page\n\n${markers}\n\nThe rest.\n`, rows)).toBe(
      `# Page\n\n${withMarkers(
        [
          '',
          '**V1**: 1 of 2 served',
          '',
          '| method and path | from | served | what, and where it is written |',
          '|---|---|---|---|',
          '| `GET /a/:id` | seed | yes | one a |',
          '| `WS /a/ws` | sibling | no: no WebSocket | live |',
          '',
          '**V2**: 1 of 1 served',
          '',
          '| method and path | from | served | what, and where it is written |',
          '|---|---|---|---|',
          '| `GET, POST /b`, `/x/b` | sibling | yes | page 3 \\| 4 |',
          '',
        ].join('\n'),
      )}\n\nThe rest.\n`,
    )
  })

  test('is written again over an older one', () => {
    const once = withEndpointTable(markers, rows)
    expect(withEndpointTable(withEndpointTable(markers, rows.slice(1)), rows)).toBe(once)
  })

  test.each(['', markers.slice(0, -5), `${markers}${markers}`])(
    'has its place marked once, or is refused: %#',
    (page) => expect(() => withEndpointTable(page, rows)).toThrow('once each'),
  )

  test('a row with one method and a row with several read alike', () => {
    expect(rows.map(methodsOf)).toEqual([['GET'], ['GET', 'POST'], ['WS']])
  })
})

test('what may be asked at a path is told by the list, not what is not served', () => {
  const at = methodsAt(rows)
  expect(['/a/1', '/a/1/', '/b', '/x/b', '/a', '/a//', '/a/1/2', '/a/ws', '', '/'].map(at)).toEqual([
    ['GET', 'HEAD'],
    ['GET', 'HEAD'],
    ['GET', 'HEAD', 'POST'],
    ['GET', 'HEAD', 'POST'],
    [],
    ['GET', 'HEAD'],
    [],
    ['GET', 'HEAD'],
    [],
    [],
  ])
  expect(methodsAt([{ ...rows[0]!, path: '/{project}/a', served: { reason: 'no' } }])('/p/a')).toEqual([])
})
