import { countStatuses, foldedStages } from './fold.ts'
import { layered } from './layered.ts'
import {
  type Box,
  type GraphRun,
  type GraphStage,
  type GraphTask,
  type Layout,
  type Line,
  type Point,
  SIZES,
} from './shape.ts'

export interface LayoutOptions {
  /** Keys of stages that are drawn whole although there is much in them. */
  readonly open?: ReadonlySet<string>
}

/**
 * Where everything of a run is drawn: stages in columns from left to right, those of one row below each other, their
 * tasks in them. Pure: the same run gives the same layout; statuses change no place, so a picture that is live stays
 * still.
 */
export function layoutRun(run: GraphRun, { open = new Set() }: LayoutOptions = {}): Layout {
  const folded = foldedStages(run, open)
  const columns = columnsOf(run, folded)
  const boxes: Box[] = []
  const lines: Line[] = []
  columns.forEach(({ x, width, stages }, index) => {
    for (const { stage, inside, top } of stages) {
      const { id, name, status } = stage
      const height = SIZES.header + inside.height + SIZES.padding
      boxes.push({ id, kind: 'stage', x, y: top, width, height, name, status, parent: null, counts: null })
      const shift = { x: x + (width - inside.width) / 2, y: top + SIZES.header }
      for (const box of inside.boxes) boxes.push(moveBox(box, shift))
      for (const line of inside.lines) lines.push(moveLine(line, shift))
    }
    const next = columns[index + 1]
    if (next !== undefined) lines.push(...joins(columns[index] as Column, next))
  })
  const last = columns.at(-1)
  const height = columns.reduce((most, column) => Math.max(most, column.bottom), 0)
  return {
    width: (last === undefined ? 0 : last.x + last.width) + SIZES.margin,
    height: height + SIZES.margin,
    boxes,
    lines,
  }
}

interface Column {
  readonly x: number
  readonly width: number
  readonly bottom: number
  readonly stages: readonly { readonly stage: GraphStage; readonly inside: Content; readonly top: number }[]
}

function columnsOf(run: GraphRun, folded: ReadonlySet<string>): readonly Column[] {
  let x: number = SIZES.margin
  return rowsOf(run.stages).map((row) => {
    let y: number = SIZES.margin
    const stages = row.map((stage) => {
      const inside = folded.has(stage.key) ? foldOf(stage) : contentOf(stage)
      const top = y
      y += SIZES.header + inside.height + SIZES.padding + SIZES.gap / 2
      return { stage, inside, top }
    })
    const width = Math.max(STAGE_WIDTH_MIN, ...stages.map(({ inside }) => inside.width)) + 2 * SIZES.padding
    const column = { x, width, bottom: y - SIZES.gap / 2, stages }
    x += width + SIZES.gap
    return column
  })
}

/** Wide enough for a name, also of a stage that holds nothing, or two symbols. */
const STAGE_WIDTH_MIN = SIZES.task.width

/** From every stage of a row to a line between the columns, and from there to every stage of the next. */
function joins(column: Column, next: Column): readonly Line[] {
  const right = column.x + column.width
  const bus = right + SIZES.gap / 2
  const axis = SIZES.margin + SIZES.header / 2
  const line = (id: string, { status }: GraphStage, points: readonly Point[], arrow: boolean): Line => ({
    id,
    points: points.filter((point, at) => at === 0 || point.x !== points[at - 1]?.x || point.y !== points[at - 1]?.y),
    curved: false,
    taken: status !== 'pending',
    arrow,
    name: '',
  })
  const out = column.stages.map(({ stage, top }) => {
    const y = top + SIZES.header / 2
    return line(
      `${stage.id}:out`,
      stage,
      [
        { x: right, y },
        { x: bus, y },
        { x: bus, y: axis },
      ],
      false,
    )
  })
  const into = next.stages.map(({ stage, top }) => {
    const y = top + SIZES.header / 2
    return line(
      `${stage.id}:in`,
      stage,
      [
        { x: bus, y: axis },
        { x: bus, y },
        { x: next.x, y },
      ],
      true,
    )
  })
  return [...out, ...into]
}

/** Stages that run together; the first never has one before it. */
export function rowsOf<Stage extends Pick<GraphStage, 'parallel'>>(
  stages: readonly Stage[],
): readonly (readonly Stage[])[] {
  const rows: Stage[][] = []
  for (const stage of stages) {
    const last = rows.at(-1)
    if (stage.parallel && last !== undefined) last.push(stage)
    else rows.push([stage])
  }
  return rows
}

interface Content {
  readonly width: number
  readonly height: number
  readonly boxes: readonly Box[]
  readonly lines: readonly Line[]
}

function foldOf(stage: GraphStage): Content {
  const { width, height } = SIZES.fold
  const box: Box = {
    id: `${stage.id}:fold`,
    kind: 'fold',
    x: 0,
    y: 0,
    width,
    height,
    name: stage.name,
    status: stage.status,
    parent: stage.id,
    counts: countStatuses(stage),
  }
  return { width, height, boxes: [box], lines: [] }
}

const contentOf = (stage: GraphStage): Content =>
  stage.edges === null
    ? staged(stage)
    : flowing(stage, {
        inner: null,
        parent: stage.id,
        byParent: Map.groupBy(stage.tasks, (task) => task.parent),
        edges: stage.edges,
      })

/** At most this many below each other where nothing says who comes first. */
const COLUMN_MAX = 24

function staged(stage: GraphStage): Content {
  const { tasks } = stage
  const places = new Map(tasks.map(({ key }, at) => [key, at]))
  const needs = tasks.flatMap(({ key, needs: names }, to) =>
    names.flatMap((name) => {
      const from = places.get(name)
      return from === undefined ? [] : [{ from, to, id: `${stage.id}:${name}:${key}` }]
    }),
  )
  if (needs.length === 0) return grid(stage)
  const placed = layered(
    tasks.map(() => SIZES.task),
    needs,
    SIZES,
  )
  return {
    width: placed.width,
    height: placed.height,
    boxes: tasks.map((task, at) => boxOf(task, stage.id, placed.at[at] ?? ORIGIN, SIZES.task)),
    lines: needs.map(({ from, id }, at) => ({
      id,
      points: placed.ways[at] ?? [],
      curved: true,
      taken: isPassed(tasks[from]),
      arrow: true,
      name: '',
    })),
  }
}

const isPassed = (task: GraphTask | undefined): boolean => task?.status === 'succeeded' || task?.status === 'skipped'

const ORIGIN: Point = { x: 0, y: 0 }

function grid(stage: GraphStage): Content {
  const { tasks } = stage
  const { width, height } = SIZES.task
  const columns = Math.max(1, Math.ceil(tasks.length / COLUMN_MAX), Math.round(Math.sqrt(tasks.length / 8)))
  const rows = Math.max(1, Math.ceil(tasks.length / columns))
  const used = Math.max(1, Math.ceil(tasks.length / rows))
  return {
    width: used * width + (used - 1) * SIZES.between,
    height: tasks.length === 0 ? 0 : rows * height + (rows - 1) * SIZES.between,
    boxes: tasks.map((task, at) => {
      const place = { x: Math.floor(at / rows) * (width + SIZES.between), y: (at % rows) * (height + SIZES.between) }
      return boxOf(task, stage.id, place, SIZES.task)
    }),
    lines: [],
  }
}

interface FlowPart {
  /** Key of the sub-flow whose nodes these are; null: the flow's own. */
  readonly inner: string | null
  /** Id of the box that they are in. */
  readonly parent: string
  readonly byParent: ReadonlyMap<string | null, readonly GraphTask[]>
  readonly edges: NonNullable<GraphStage['edges']>
}

/** Nodes of a flow, and in its sub-flows theirs. */
function flowing(stage: GraphStage, { inner, parent, byParent, edges }: FlowPart): Content {
  const tasks = byParent.get(inner) ?? []
  const contents = tasks.map((task) =>
    task.work === 'subflow' && byParent.has(task.key)
      ? flowing(stage, { inner: task.key, parent: task.id, byParent, edges })
      : null,
  )
  const items = tasks.map((task, at) => sizeOf(task, contents[at] ?? null))
  const places = new Map(tasks.map(({ key }, at) => [key, at]))
  const arrows = edges.flatMap((edge) => {
    const from = places.get(edge.from)
    const to = places.get(edge.to)
    return from === undefined || to === undefined ? [] : [{ from, to, edge }]
  })
  const placed = layered(items, arrows, SIZES)
  return {
    width: placed.width,
    height: placed.height,
    boxes: tasks.flatMap((task, at) => {
      const place = placed.at[at] ?? ORIGIN
      const own = boxOf(task, parent, place, items[at] ?? SIZES.task)
      const content = contents[at] ?? null
      if (content === null) return [own]
      return [own, ...content.boxes.map((one) => moveBox(one, inSubflow(place)))]
    }),
    lines: [
      ...arrows.map(({ edge, from, to }, at) => ({
        id: `${stage.id}:${edge.key}`,
        points: fromShape(placed.ways[at] ?? [], tasks[from], tasks[to]),
        curved: true,
        taken: edge.taken,
        arrow: true,
        name: edge.name,
      })),
      ...contents.flatMap((content, at) =>
        (content?.lines ?? []).map((one) => moveLine(one, inSubflow(placed.at[at] ?? ORIGIN))),
      ),
    ],
  }
}

const inSubflow = ({ x, y }: Point): Point => ({ x: x + SIZES.padding, y: y + SIZES.header })

function sizeOf(
  task: GraphTask,
  content: Content | null,
): { readonly width: number; readonly height: number; readonly port?: number } {
  if (content !== null) {
    return { width: content.width + 2 * SIZES.padding, height: content.height + SIZES.header + SIZES.padding }
  }
  if (task.work === 'gateway') return { ...SIZES.gateway, port: SIZES.gateway.diamond / 2 }
  return task.work === 'start' || task.work === 'end' ? SIZES.event : SIZES.task
}

/** A diamond is narrower than its box, which has its name below. */
function fromShape(points: readonly Point[], from: GraphTask | undefined, to: GraphTask | undefined): readonly Point[] {
  const inset = (SIZES.gateway.width - SIZES.gateway.diamond) / 2
  const last = points.length - 1
  return points.map((point, at) => {
    if (at === 0 && from?.work === 'gateway') return { x: point.x - inset, y: point.y }
    return at === last && to?.work === 'gateway' ? { x: point.x + inset, y: point.y } : point
  })
}

function boxOf(
  { id, name, status, work }: GraphTask,
  parent: string,
  { x, y }: Point,
  { width, height }: { readonly width: number; readonly height: number },
): Box {
  const kind =
    work === 'gateway' || work === 'subflow' ? work : work === 'start' || work === 'end' ? ('event' as const) : 'task'
  return { id, kind, x, y, width, height, name, status, parent, counts: null }
}

const moveBox = (box: Box, by: Point): Box => ({ ...box, x: box.x + by.x, y: box.y + by.y })
const moveLine = (line: Line, by: Point): Line => ({
  ...line,
  points: line.points.map(({ x, y }) => ({ x: x + by.x, y: y + by.y })),
})
