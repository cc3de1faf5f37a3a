import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NODE_STATUSES } from '../model/status.ts'
import { layoutRun } from './layout.ts'
import type { Box, GraphEdge, GraphRun, GraphStage, GraphTask, Layout } from './shape.ts'
import { svgOf } from './svg.ts'

const task = (key: string, changes: Partial<GraphTask> = {}): GraphTask => ({
  id: `t:${key}`,
  key,
  name: `Task ${key}`,
  status: 'pending',
  needs: [],
  parent: null,
  work: 'runner',
  ...changes,
})
const stage = (key: string, changes: Partial<GraphStage> = {}): GraphStage => ({
  id: `s:${key}`,
  key,
  name: `Stage ${key}`,
  status: 'pending',
  parallel: false,
  tasks: [],
  edges: null,
  ...changes,
})
const edge = (from: string, to: string): GraphEdge => ({ key: `${from}-${to}`, name: '', from, to, taken: false })

const status = fc.constantFrom(...NODE_STATUSES)

/** Tasks that need earlier ones, as a definition has them; the first need of a circle would be refused. */
const stagedTasks = (name: string, max: number) =>
  fc.array(fc.record({ status, needs: fc.array(fc.nat(), { maxLength: 3 }) }), { maxLength: max }).map((list) =>
    list.map((one, at) =>
      task(`${name}-${at}`, {
        status: one.status,
        needs: [...new Set(at === 0 ? [] : one.needs.map((need) => `${name}-${need % at}`))],
      }),
    ),
  )

/** Any nodes with any edges between those of one sub-flow: loops, islands and doubles, too. */
const flow = (name: string) =>
  fc
    .record({
      nodes: fc.array(
        fc.record({ status, work: fc.constantFrom('runner', 'gateway', 'start', 'end', 'subflow'), inside: fc.nat() }),
        { minLength: 1, maxLength: 24 },
      ),
      edges: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40 }),
    })
    .map(({ nodes, edges }) => {
      const tasks: GraphTask[] = []
      nodes.forEach((node, at) => {
        const subflows = tasks.filter(({ work }) => work === 'subflow')
        const parent =
          node.inside % 3 === 0 ? (subflows[node.inside % Math.max(1, subflows.length)]?.key ?? null) : null
        tasks.push(task(`${name}-${at}`, { status: node.status, work: node.work, parent }))
      })
      const drawn = edges.flatMap(([from, to]) => {
        const begin = tasks[from % tasks.length]
        const end = tasks[to % tasks.length]
        return begin === undefined || end === undefined || begin.parent !== end.parent ? [] : [edge(begin.key, end.key)]
      })
      return { tasks, edges: [...new Map(drawn.map((one) => [one.key, one])).values()] }
    })

const anyRun: fc.Arbitrary<GraphRun> = fc
  .array(fc.record({ parallel: fc.boolean(), status, tasks: stagedTasks('t', 40), flow: fc.option(flow('f')) }), {
    maxLength: 8,
  })
  .map((list) => ({
    stages: list.map((one, at) => {
      const key = `stage${at}`
      const own = (name: string): string => `${key}.${name}`
      const rename = (tasks: readonly GraphTask[]): GraphTask[] =>
        tasks.map((each) => ({
          ...each,
          id: `t:${own(each.key)}`,
          key: own(each.key),
          needs: each.needs.map(own),
          parent: each.parent === null ? null : own(each.parent),
        }))
      const { parallel, status: given } = one
      if (one.flow === null) return stage(key, { parallel, status: given, tasks: rename(one.tasks) })
      const edges = one.flow.edges.map((each) => ({ ...each, from: own(each.from), to: own(each.to) }))
      return stage(key, { parallel, status: given, tasks: rename(one.flow.tasks), edges })
    }),
  }))

function overlaps({ boxes }: Layout): string[] {
  const wrong: string[] = []
  for (const group of Map.groupBy(boxes, ({ parent }) => parent).values()) {
    const sorted = group.toSorted((left, right) => left.x - right.x)
    sorted.forEach((left, at) => {
      for (const right of sorted.slice(at + 1)) {
        if (right.x >= left.x + left.width) break
        if (right.y < left.y + left.height && left.y < right.y + right.height) wrong.push(`${left.id} and ${right.id}`)
      }
    })
  }
  return wrong
}

const holds = (outer: Box, inner: Box): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height

const everyKey = (run: GraphRun): ReadonlySet<string> => new Set(run.stages.map(({ key }) => key))

describe('the layout of any run', () => {
  test('has no two boxes of one parent over each other, and what is in a box inside of it', () => {
    fc.assert(
      fc.property(anyRun, fc.boolean(), (run, whole) => {
        const layout = layoutRun(run, whole ? { open: everyKey(run) } : {})
        expect(overlaps(layout)).toEqual([])
        const byId = new Map(layout.boxes.map((box) => [box.id, box]))
        for (const box of layout.boxes) {
          expect(
            box.x >= 0 && box.y >= 0 && box.x + box.width <= layout.width && box.y + box.height <= layout.height,
          ).toBe(true)
          const parent = box.parent === null ? undefined : byId.get(box.parent)
          if (box.parent !== null) expect([box.id, parent !== undefined && holds(parent, box)]).toEqual([box.id, true])
        }
      }),
    )
  })

  test('shows every node once, or counts it in the fold of its stage', () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        const { boxes } = layoutRun(run)
        const ids = boxes.map(({ id }) => id)
        expect(new Set(ids).size).toBe(ids.length)
        for (const { id, tasks } of run.stages) {
          expect(ids).toContain(id)
          const fold = boxes.find((box) => box.id === `${id}:fold`)
          const counted = (fold?.counts ?? []).reduce((sum, { count }) => sum + count, 0)
          if (fold === undefined) for (const each of tasks) expect(ids).toContain(each.id)
          else
            expect([counted, ids.some((one) => tasks.some((each) => each.id === one))]).toEqual([tasks.length, false])
        }
      }),
    )
  })

  test('is the same again, and statuses move nothing', () => {
    fc.assert(
      fc.property(anyRun, status, (run, other) => {
        const open = everyKey(run)
        const places = ({ boxes, lines }: Layout) => [
          boxes.map(({ id, x, y, width, height }) => ({ id, x, y, width, height })),
          lines.map(({ id, points }) => ({ id, points })),
        ]
        expect(layoutRun(run, { open })).toEqual(layoutRun(run, { open }))
        const changed = {
          stages: run.stages.map((one) => ({
            ...one,
            status: other,
            tasks: one.tasks.map((each) => ({ ...each, status: other })),
          })),
        }
        expect(places(layoutRun(changed, { open }))).toEqual(places(layoutRun(run, { open })))
      }),
    )
  })

  test('has an arrow for every need and every edge, each with a name of its own', () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        const { lines } = layoutRun(run, { open: everyKey(run) })
        const ids = new Set(lines.map(({ id }) => id))
        expect(ids.size).toBe(lines.length)
        for (const { id, tasks, edges } of run.stages) {
          for (const { key } of edges ?? []) expect(ids).toContain(`${id}:${key}`)
          if (edges === null)
            for (const { key, needs } of tasks) for (const need of needs) expect(ids).toContain(`${id}:${need}:${key}`)
        }
        for (const { points } of lines) {
          expect(points.length).toBeGreaterThan(1)
          for (const { x, y } of points) expect(Number.isFinite(x) && Number.isFinite(y)).toBe(true)
        }
      }),
    )
  })
})

describe('a staged run', () => {
  test('goes from left to right, and stages of one row stand below each other', () => {
    const { boxes } = layoutRun({
      stages: [stage('build'), stage('unit', { tasks: [task('a')] }), stage('lint', { parallel: true }), stage('ship')],
    })
    const [build, unit, , lint, ship] = boxes
    expect([build?.id, unit?.id, lint?.id, ship?.id]).toEqual(['s:build', 's:unit', 's:lint', 's:ship'])
    expect(lint?.x).toBe(unit?.x)
    expect(lint?.y).toBeGreaterThan((unit?.y ?? 0) + (unit?.height ?? 0))
    expect(unit?.x).toBeGreaterThan((build?.x ?? 0) + (build?.width ?? 0))
    expect(ship?.x).toBeGreaterThan((lint?.x ?? 0) + (lint?.width ?? 0))
  })

  test('draws a task to the right of what it needs', () => {
    const tasks = [task('compile'), task('test', { needs: ['compile'] }), task('pack', { needs: ['compile', 'test'] })]
    const { boxes } = layoutRun({ stages: [stage('build', { tasks })] })
    const [, compile, tested, pack] = boxes
    expect(tested?.x).toBeGreaterThan((compile?.x ?? 0) + (compile?.width ?? 0))
    expect(pack?.x).toBeGreaterThan((tested?.x ?? 0) + (tested?.width ?? 0))
  })
})

test('a loop goes back below what it goes around', () => {
  const tasks = [
    task('start', { work: 'start' }),
    task('try'),
    task('good', { work: 'gateway' }),
    task('end', { work: 'end' }),
  ]
  const edges = [edge('start', 'try'), edge('try', 'good'), edge('good', 'try'), edge('good', 'end')]
  const { boxes, lines } = layoutRun({ stages: [stage('flow', { tasks, edges })] })
  const back = lines.find(({ id }) => id === 's:flow:good-try')
  const bottom = Math.max(...boxes.filter(({ kind }) => kind !== 'stage').map(({ y, height }) => y + height))
  expect(Math.max(...(back?.points ?? []).map(({ y }) => y))).toBeGreaterThan(bottom)
})

describe('a run of many tasks', () => {
  const many = (count: number, needs: (at: number) => readonly string[] = () => []): GraphRun => ({
    stages: [
      stage('few', { tasks: [task('one')] }),
      stage('many', { tasks: Array.from({ length: count }, (_, at) => task(`m${at}`, { needs: needs(at) })) }),
    ],
  })

  test('is folded above 150 of them, the largest stage first, until someone unfolds it', () => {
    expect(layoutRun(many(149)).boxes.some(({ kind }) => kind === 'fold')).toBe(false)
    const { boxes } = layoutRun(many(150))
    expect(boxes.map(({ id }) => id)).toEqual(['s:few', 't:one', 's:many', 's:many:fold'])
    expect(boxes.at(-1)?.counts).toEqual([{ status: 'pending', count: 150 }])
    expect(layoutRun(many(150), { open: new Set(['many']) }).boxes).toHaveLength(153)
  })

  test('10,000 of them are laid out whole, side by side and one after the other', () => {
    const open = new Set(['many'])
    const wide = layoutRun(many(10_000), { open })
    expect([wide.boxes.length, overlaps(wide)]).toEqual([10_003, []])
    const deep = layoutRun(
      many(10_000, (at) => (at === 0 ? [] : at % 3 === 0 ? [`m${at - 1}`, `m${at >> 1}`] : [`m${at - 1}`])),
      { open },
    )
    expect([deep.boxes.length, overlaps(deep)]).toEqual([10_003, []])
  })
})

describe('the picture', () => {
  test('holds names as text, whatever signs are in them', () => {
    const name = '<script>alert("1")</script> & \u0000\u001b[31m 构建'
    const svg = svgOf(layoutRun({ stages: [stage('a', { name, tasks: [task('x', { name })] })] }), name)
    expect(svg).not.toContain('<script')
    expect(svg).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; [31m 构建')
    // oxlint-disable-next-line no-control-regex
    expect(svg).not.toMatch(/[\u0000\u001b]/)
  })

  test('says every status in words and is dark where its reader is', () => {
    const tasks = NODE_STATUSES.map((one) => task(one, { status: one }))
    const svg = svgOf(layoutRun({ stages: [stage('a', { tasks })] }), 'All')
    for (const one of NODE_STATUSES) expect(svg).toContain(`<title>Task ${one}: ${one.replaceAll('_', ' ')}</title>`)
    expect(svg).toContain('@media (prefers-color-scheme:dark)')
  })
})
