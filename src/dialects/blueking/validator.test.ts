// The flows of bamboo-engine's own validator tests, read 2026-11-22: what it takes is taken here, what it refuses is refused.
import { describe, expect, test } from 'vitest'
import { openBkClient, type Body } from '../../testing/blueking-client.ts'
import { webTree, type Line, type TreeSketch } from '../../testing/blueking-trees.ts'

/** `a > b c` is two lines; out of an exclusive or conditional gateway each has a condition. */
function sketch(gateways: TreeSketch['gateways'] & object, text: string): TreeSketch {
  const lines = text
    .trim()
    .split('\n')
    .flatMap((row): Line[] => {
      const [source = '', targets = ''] = row.trim().split(' > ')
      const kind = gateways[source]
      const chooses = kind === 'Exclusive' || kind === 'ConditionalParallel'
      return targets.split(' ').map((target, at): Line => (chooses ? [source, target, `${at} == 1`] : [source, target]))
    })
  return { gateways, lines }
}

const whole = sketch(
  {
    p1: 'Parallel', p2: 'Parallel', p3: 'ConditionalParallel',
    x1: 'Exclusive', x2: 'Exclusive', x3: 'Exclusive', x4: 'Exclusive',
    x5: 'Exclusive', x6: 'Exclusive', x7: 'Exclusive', x8: 'Exclusive',
    c1: 'Converge', c2: 'Converge', c3: 'Converge', c4: 'Converge',
  }, // prettier-ignore
  `
    start > a1
    a1 > p1
    p1 > p2 a5 a6
    p2 > a2 a3 a4
    a2 > c1
    a3 > c1
    a4 > c1
    c1 > a7
    a7 > x1
    x1 > p2 c3
    a5 > x7
    x7 > c3 a8
    a8 > x8
    x8 > a8 a11
    a11 > c3
    a6 > x2
    x2 > a9 a10 a6
    a9 > c2
    a10 > c2
    c2 > a12
    a12 > x6
    x6 > a6 c3 c2
    c3 > a13
    a13 > x3
    x3 > end a14 p3 a1
    a14 > x4
    x4 > a13 c4
    p3 > a15 a16 a17
    a15 > a18
    a18 > c4
    a16 > c4
    a17 > x5
    x5 > a19 a20
    a19 > c4
    a20 > c4
    c4 > end
  `,
)

const make = async (given: TreeSketch): Promise<Body> => {
  const client = await openBkClient()
  return await client.post('create_template', [client.biz], { name: 'x', pipeline_tree: webTree(given) })
}

describe('is taken', () => {
  test.each<[string, TreeSketch]>([
    ['everything at once', whole],
    [
      'a gateway that leads back to two places',
      sketch({ x: 'Exclusive' }, 'start > a1\na1 > a2\na2 > x\nx > a1 a2 a3\na3 > end'),
    ],
    [
      'a branch with nothing in it',
      sketch({ p: 'Parallel', c: 'Converge' }, 'start > p\np > a1 a2 c\na1 > c\na2 > c\nc > end'),
    ],
    [
      'gateways alone, that lead back to themselves within branches',
      sketch(
        { x1: 'Exclusive', x2: 'Exclusive', x3: 'Exclusive', x4: 'Exclusive', p: 'Parallel', c: 'Converge' },
        'start > x1\nx1 > p end\np > x2 x3\nx2 > x2 c\nx3 > x4 x4\nx4 > x4 c\nc > end',
      ),
    ],
    [
      'a branch that is a gateway which leads back to itself',
      sketch({ p: 'Parallel', x: 'Exclusive', c: 'Converge' }, 'start > p\np > c x\nx > x c\nc > end'),
    ],
    ['a converge gateway that leads back', sketch({ x: 'Exclusive', c: 'Converge' }, 'start > x\nx > c c end\nc > x')],
  ])('%s', async (_, given) => {
    expect(await make(given)).toMatchObject({ result: true })
  })
})

describe('is refused, by the name of its node', () => {
  test.each<[string, TreeSketch, string]>([
    [
      'a way from one branch into another',
      sketch(
        { p: 'Parallel', x: 'Exclusive', c: 'Converge' },
        'start > a1\na1 > p\np > a2 a3 x\nx > a3 a4\na2 > c\na3 > c\na4 > c\nc > end',
      ),
      'a3',
    ],
    [
      'a way into a branch',
      sketch(
        { p: 'Parallel', x: 'Exclusive', c: 'Converge' },
        'start > a1\na1 > x\nx > a3 a2\na2 > p\np > a3 a4\na3 > c\na4 > c\nc > end',
      ),
      'a3',
    ],
    [
      'branches that do not meet',
      sketch({ p: 'Parallel' }, 'start > p\np > a1 a2 a3\na1 > end\na2 > end\na3 > end'),
      'p',
    ],
    [
      'branches that meet in two places',
      sketch(
        { p: 'Parallel', c1: 'Converge', c2: 'Converge', x: 'Exclusive' },
        'start > p\np > a1 a2 a3 a4\na1 > c1\na2 > c1\na3 > c2\na4 > c2\nc1 > x\nc2 > x\nx > end',
      ),
      'p',
    ],
    [
      'branches of two gateways that meet in one place',
      sketch(
        { p1: 'ConditionalParallel', p2: 'Parallel', c: 'Converge' },
        'start > p1\np1 > a1 a2 p2\np2 > a3 a4\na1 > c\na2 > c\na3 > c\na4 > c\nc > end',
      ),
      'c',
    ],
    [
      'a way out of a branch to the end',
      sketch({ p: 'Parallel', x: 'Exclusive', c: 'Converge' }, 'start > p\np > a1 x\na1 > c\nx > c end\nc > end'),
      'p',
    ],
  ])('%s', async (_, given, node) => {
    const answer = await make(given)
    expect(answer).toMatchObject({ result: false })
    expect(JSON.stringify(answer.message)).toContain(node)
  })
})
