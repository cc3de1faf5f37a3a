import type { FlowSpec } from '../model/definition.ts'
import type { EdgeView, FlowView } from '../model/view.ts'

const WIDTH = 64

/** Some edges of a flow: as many as {@link WIDTH}, the last part may have fewer. */
interface Part {
  /** Each edge as a view has it: not taken, and taken. */
  readonly views: readonly (readonly [EdgeView, EdgeView])[]
  readonly none: readonly EdgeView[]
  readonly all: readonly EdgeView[]
  /** What was shown last of those that are neither. */
  last: readonly EdgeView[]
}

/** Of each flow, made once for all views of all its runs. */
const partsOf = new WeakMap<FlowSpec, readonly Part[]>()

const NO_EDGES: readonly EdgeView[] = []

/** @param taken by the place of the edge in its flow: 1 when a token has gone along it. */
export function flowView(flow: FlowSpec, taken: Uint8Array): FlowView {
  let known = partsOf.get(flow)
  if (known === undefined) partsOf.set(flow, (known = makeParts(flow)))
  const parts = known.map((part, index) => shownOf(part, taken, index * WIDTH))
  return { edges: NO_EDGES.concat(...parts), parts }
}

function makeParts({ edges }: FlowSpec): readonly Part[] {
  const parts: Part[] = []
  for (let start = 0; start < edges.length; start += WIDTH) {
    const views = edges.slice(start, start + WIDTH).map(
      (edge) =>
        [
          { ...edge, taken: false },
          { ...edge, taken: true },
        ] as const,
    )
    const none = views.map(([view]) => view)
    parts.push({ views, none, all: views.map(([, view]) => view), last: none })
  }
  return parts
}

function shownOf(part: Part, taken: Uint8Array, start: number): readonly EdgeView[] {
  const { views, none, all, last } = part
  let count = 0
  let isLast = true
  for (let place = 0; place < views.length; place += 1) {
    const isTaken = taken[start + place] === 1
    if (isTaken) count += 1
    if (last[place]?.taken !== isTaken) isLast = false
  }
  if (count === 0) return none
  if (count === views.length) return all
  if (!isLast) part.last = views.map((pair, place) => pair[taken[start + place] === 1 ? 1 : 0])
  return part.last
}
