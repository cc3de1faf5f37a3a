// Trees of every form that the editor can draw, made up by chance, on the real engine: each goes through, and shows
// exactly the nodes that its conditions lead to.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openBkClient, type Body } from '../../testing/blueking-client.ts'
import { display, subProcess, webTree, type Line, type TreeSketch } from '../../testing/blueking-trees.ts'
import type { JsonObject } from '../../model/json.ts'

type Block =
  | { readonly kind: 'activity' }
  | { readonly kind: 'sequence'; readonly parts: readonly Block[] }
  | { readonly kind: 'parallel'; readonly branches: readonly Block[]; readonly taken: readonly boolean[] | null }
  /** Its ways come together in a converge gateway, or in whatever follows. */
  | {
      readonly kind: 'choice'
      readonly ways: readonly Block[]
      readonly taken: number
      readonly fallback: boolean
      readonly meets: boolean
    }
  | { readonly kind: 'sub'; readonly inner: Block }
  | { readonly kind: 'nothing' }

const { block } = fc.letrec<{ block: Block }>((tie) => ({
  block: fc.oneof(
    { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
    fc.constant<Block>({ kind: 'activity' }),
    fc.array(tie('block'), { minLength: 1, maxLength: 3 }).map((parts): Block => ({ kind: 'sequence', parts })),
    fc
      .tuple(
        fc.array(fc.oneof(tie('block'), fc.constant<Block>({ kind: 'nothing' })), { minLength: 1, maxLength: 3 }),
        fc.option(fc.array(fc.boolean(), { minLength: 3, maxLength: 3 })),
      )
      .map(([branches, taken]): Block => ({ kind: 'parallel', branches, taken })),
    fc
      .tuple(
        fc.array(fc.oneof(tie('block'), fc.constant<Block>({ kind: 'nothing' })), { minLength: 1, maxLength: 3 }),
        fc.nat(2),
        fc.boolean(),
        fc.boolean(),
      )
      .map(([ways, taken, fallback, meets]): Block => ({
        kind: 'choice',
        ways,
        taken: taken % ways.length,
        fallback,
        meets,
      })),
    tie('block').map((inner): Block => ({ kind: 'sub', inner })),
  ),
}))

/** One level of a tree under way. */
class Drawing {
  readonly lines: Line[] = []
  readonly gateways: Record<string, 'Exclusive' | 'Parallel' | 'ConditionalParallel' | 'Converge'> = {}
  readonly activities: Record<string, JsonObject> = {}
  /** Ids, by the way to them, of what must be shown. */
  readonly shown: string[] = []
  #count = 0

  id(kind: string): string {
    this.#count += 1
    return `${kind}${this.#count}`
  }

  /** @param ways what leads here: where from, with which condition. @returns what leads on. */
  draw(block: Block, ways: readonly Way[], seen: boolean): readonly Way[] {
    switch (block.kind) {
      case 'nothing':
        return ways
      case 'activity':
        return this.#node(this.id('a'), ways, seen)
      case 'sequence':
        return block.parts.reduce((from, part) => this.draw(part, from, seen), ways)
      case 'sub': {
        const id = this.id('s')
        const inner = drawn(block.inner)
        this.activities[id] = subProcess(webTree(inner.sketch))
        const on = this.#node(id, ways, seen)
        if (seen) this.shown.push(...inner.shown.map((name) => `${id}.${name}`))
        return on
      }
      case 'parallel': {
        // None open would be a failure.
        const open = block.taken !== null && block.branches.some((_, at) => block.taken?.[at]) ? block.taken : null
        const fork = this.id('p')
        this.gateways[fork] = open === null ? 'Parallel' : 'ConditionalParallel'
        const [on] = this.#node(fork, ways, seen)
        const join = this.id('c')
        this.gateways[join] = 'Converge'
        const ends = block.branches.flatMap((branch, at) => {
          const condition = open === null ? undefined : open[at] === true ? '1 == 1' : '1 == 2'
          const way = { ...on!, ...(condition === undefined ? {} : { condition }) }
          return this.draw(branch, [way], seen && (open === null || open[at] === true))
        })
        return this.#node(join, ends, seen)
      }
      case 'choice': {
        const gateway = this.id('x')
        this.gateways[gateway] = 'Exclusive'
        const [on] = this.#node(gateway, ways, seen)
        const ends = block.ways.flatMap((way, at) => {
          const chosen = at === block.taken
          const condition = chosen ? (block.fallback ? 'default' : "'a' in ('a', 'b')") : '1 > 2'
          return this.draw(way, [{ ...on!, condition }], seen && chosen)
        })
        if (!block.meets) return ends
        const join = this.id('c')
        this.gateways[join] = 'Converge'
        return this.#node(join, ends, seen)
      }
    }
  }

  #node(id: string, ways: readonly Way[], seen: boolean): readonly Way[] {
    for (const { from, condition } of ways)
      this.lines.push(condition === undefined ? [from, id] : [from, id, condition])
    if (seen) this.shown.push(id)
    if (id.startsWith('a')) this.activities[id] = display
    return [{ from: id }]
  }

  end(ways: readonly Way[]): void {
    this.#node('end', ways, true)
  }
}
interface Way {
  readonly from: string
  readonly condition?: string
}

function drawn(block: Block): { readonly sketch: TreeSketch; readonly shown: readonly string[] } {
  const drawing = new Drawing()
  drawing.shown.push('start')
  // Something stands between the events always.
  const ways = drawing.draw({ kind: 'sequence', parts: [{ kind: 'activity' }, block] }, [{ from: 'start' }], true)
  drawing.end(ways)
  const { lines, gateways, activities, shown } = drawing
  return { sketch: { lines, gateways, activities }, shown }
}

test('a tree that the editor can draw is taken, goes through, and shows what it went through', async () => {
  const client = await openBkClient()
  await fc.assert(
    fc.asyncProperty(block, async (made) => {
      const { sketch, shown } = drawn(made)
      const tree = webTree(sketch)
      const answer = await client.post('fast_create_task', [client.biz], { name: 'x', pipeline_tree: tree })
      expect(answer).toMatchObject({ result: true })
      const { task_id, pipeline_tree } = answer.data
      await client.need(client.post('start_task', [task_id, client.biz]))
      const status = await client.need(client.get('get_task_status', [task_id, client.biz]))
      expect(status.state).toBe('FINISHED')
      expect(new Set(namesOf(status, pipeline_tree, ''))).toEqual(new Set(shown))
    }),
    { numRuns: 80 },
  )
})

/** Ids in the template of everything that a status shows. */
function namesOf(status: Body, tree: Body, prefix: string): string[] {
  const names: string[] = []
  for (const child of Object.values<Body>(status.children)) {
    const node = tree.activities[child.id] ?? tree.gateways[child.id]
    const name =
      child.id === tree.start_event.id ? 'start' : child.id === tree.end_event.id ? 'end' : node.template_node_id
    names.push(prefix + name)
    expect(child).toMatchObject({ state: 'FINISHED', loop: 1, retry: 0, skip: false })
    if (node?.type === 'SubProcess') names.push(...namesOf(child, node.pipeline, `${prefix}${name}.`))
  }
  return names
}
