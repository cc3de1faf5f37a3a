import { ActionIcon, Group, Tooltip } from '@mantine/core'
import { IconArrowsMaximize, IconChevronsUp, IconMinus, IconPlus } from '@tabler/icons-react'
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Run, Stage, Task } from '../../../src/client/client.ts'
import { layoutRun } from '../../../src/graph/layout.ts'
import { type Box, type Line, SIZES } from '../../../src/graph/shape.ts'
import { fitText, pathOf } from '../../../src/graph/text.ts'
import { STATUS_LOOKS, StatusMark } from '../ui/status.tsx'
import { Elapsed } from '../ui/time.tsx'
import classes from './graph.module.css'
import { isFailure, keyOf, type Node, tasksOf } from './selection.ts'

interface GraphProps {
  readonly run: Run
  /** As in the address. */
  readonly chosen: string | undefined
  readonly onChoose: (key: string | undefined) => void
  /** Of a run as it was: what had not ended then had lasted until this moment. */
  readonly until?: string | undefined
}

const ZOOMS = [0.25, 0.4, 0.5, 0.65, 0.8, 1, 1.25, 1.5] as const
/** Smaller text is for who asks for it. */
const READABLE = 0.86
/** Beyond what is seen, so that scrolling shows no gaps. */
const MARGIN = 300

export function GraphView({ run, chosen, onChoose, until }: GraphProps) {
  const { t } = useTranslation()
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const layout = useMemo(() => layoutRun(run, { open }), [run, open])
  const nodes = useMemo(
    () =>
      new Map(
        run.stages.flatMap((stage): [string, Node][] => [
          [stage.id, stage],
          ...stage.tasks.map((task): [string, Node] => [task.id, task]),
        ]),
      ),
    [run],
  )
  const scroller = useRef<HTMLDivElement>(null)
  const [zoom, setZoom] = useState<number | null>(null)
  const scale = zoom ?? 1
  const seen = useSeen(scroller, scale)
  usePan(scroller)

  const fit = useCallback(() => {
    const element = scroller.current
    if (element === null) return
    setZoom(Math.max(0.25, Math.min(1, element.clientWidth / layout.width, element.clientHeight / layout.height)))
  }, [layout.width, layout.height])
  // At first the whole width, as far as it can be read then.
  useLayoutEffect(() => {
    const element = scroller.current
    if (element !== null && zoom === null) {
      setZoom(Math.max(READABLE, Math.min(1, element.clientWidth / layout.width)))
    }
  }, [zoom, layout.width])
  useWheelZoom(scroller, setZoom)
  // Without a choice: where the run is.
  const [first] = useState(() => whereItIs(run))
  useShown(scroller, layout.boxes, nodes, chosen ?? first, scale)

  const step = (by: 1 | -1): void => {
    const all = by === 1 ? ZOOMS : ZOOMS.toReversed()
    setZoom(all.find((one) => (one - scale) * by > 0.001) ?? scale)
  }
  const visible = (box: { x: number; y: number; width: number; height: number }): boolean =>
    box.x < seen.right && box.x + box.width > seen.left && box.y < seen.bottom && box.y + box.height > seen.top
  const toggle = (key: string): void =>
    setOpen((before) => {
      const next = new Set(before)
      if (!next.delete(key)) next.add(key)
      return next
    })

  return (
    <div className={classes['frame']}>
      <div
        ref={scroller}
        className={classes['scroller']}
        role="region"
        aria-label={t('run.graph.label')}
        tabIndex={0}
        data-testid="graph"
      >
        <div style={{ width: layout.width * scale, height: layout.height * scale }}>
          <div
            className={classes['canvas']}
            style={{ width: layout.width, height: layout.height, transform: `scale(${scale})` }}
          >
            {layout.boxes.map((box) =>
              box.kind === 'stage' && visible(box) ? (
                <StageBox
                  key={box.id}
                  box={box}
                  stage={nodes.get(box.id) as Stage}
                  isChosen={chosen === `~${nodes.get(box.id)?.key ?? ''}`}
                  onChoose={onChoose}
                  until={until}
                  onFold={open.has(nodes.get(box.id)?.key ?? '') ? toggle : null}
                />
              ) : null,
            )}
            <svg className={classes['lines']} width={layout.width} height={layout.height} aria-hidden>
              <defs>
                <marker
                  id="arrow"
                  viewBox="0 0 8 8"
                  refX="7"
                  refY="4"
                  markerWidth="7"
                  markerHeight="7"
                  orient="auto-start-reverse"
                >
                  <path d="M0 0L8 4L0 8z" className={classes['head']} />
                </marker>
              </defs>
              {layout.lines.map((line) => (isLineSeen(line, visible) ? <LinePath key={line.id} line={line} /> : null))}
            </svg>
            {layout.boxes.map((box) => {
              if (box.kind === 'stage' || !visible(box)) return null
              if (box.kind === 'fold') {
                const stage = run.stages.find(({ id }) => id === box.parent)
                return stage === undefined ? null : <FoldBox key={box.id} box={box} onOpen={() => toggle(stage.key)} />
              }
              const task = nodes.get(box.id) as Task
              return (
                <TaskBox
                  key={box.id}
                  box={box}
                  task={task}
                  isChosen={chosen === task.key}
                  onChoose={onChoose}
                  until={until}
                />
              )
            })}
          </div>
        </div>
      </div>
      <Group className={classes['tools']} gap={4}>
        <Tool label={t('run.graph.zoomOut')} onClick={() => step(-1)}>
          <IconMinus size={16} />
        </Tool>
        <Tool label={t('run.graph.zoomIn')} onClick={() => step(1)}>
          <IconPlus size={16} />
        </Tool>
        <Tool label={t('run.graph.fit')} onClick={fit}>
          <IconArrowsMaximize size={16} />
        </Tool>
      </Group>
    </div>
  )
}

const Tool = ({
  label,
  onClick,
  children,
}: {
  readonly label: string
  readonly onClick: () => void
  readonly children: React.ReactNode
}) => (
  <Tooltip label={label}>
    <ActionIcon variant="default" size="md" aria-label={label} onClick={onClick}>
      {children}
    </ActionIcon>
  </Tooltip>
)

function isLineSeen(
  { points }: Line,
  visible: (box: { x: number; y: number; width: number; height: number }) => boolean,
): boolean {
  const xs = points.map(({ x }) => x)
  const ys = points.map(({ y }) => y)
  const [x, y] = [Math.min(...xs), Math.min(...ys)]
  return visible({ x, y, width: Math.max(1, Math.max(...xs) - x), height: Math.max(1, Math.max(...ys) - y) })
}

function LinePath({ line }: { readonly line: Line }) {
  const [from, to] = [line.points[0], line.points[1]]
  return (
    <>
      <path
        d={pathOf(line.points, line.curved)}
        className={classes['line']}
        data-taken={line.taken}
        {...(line.arrow ? { markerEnd: 'url(#arrow)' } : {})}
      />
      {line.name !== '' && from !== undefined && to !== undefined && (
        <text className={classes['lineName']} x={(from.x + to.x) / 2} y={(from.y + to.y) / 2 - 6}>
          {fitText(line.name, 7)}
        </text>
      )}
    </>
  )
}

const place = ({ x, y, width, height }: Box) => ({ left: x, top: y, width, height })

function StageBox({
  box,
  stage,
  isChosen,
  onChoose,
  onFold,
  until,
}: {
  readonly until: string | undefined
  readonly box: Box
  readonly stage: Stage
  readonly isChosen: boolean
  readonly onChoose: (key: string) => void
  readonly onFold: ((key: string) => void) | null
}) {
  const { t } = useTranslation()
  return (
    <div
      className={classes['stage']}
      style={place(box)}
      data-tone={STATUS_LOOKS[stage.status].tone}
      data-chosen={isChosen}
    >
      <button
        type="button"
        className={classes['stageHead']}
        onClick={() => onChoose(keyOf(stage))}
        aria-pressed={isChosen}
        data-node={stage.key}
      >
        <StatusMark status={stage.status} size={16} />
        <span className={classes['stageName']} title={stage.name}>
          {stage.name}
        </span>
        <Spent node={stage} until={until} />
      </button>
      {onFold !== null && (
        <button
          type="button"
          className={classes['foldUp']}
          onClick={() => onFold(stage.key)}
          aria-label={t('run.graph.fold', { name: stage.name })}
        >
          <IconChevronsUp size={14} />
        </button>
      )}
    </div>
  )
}

function FoldBox({ box, onOpen }: { readonly box: Box; readonly onOpen: () => void }) {
  const { t } = useTranslation()
  const counts = box.counts ?? []
  const total = counts.reduce((sum, { count }) => sum + count, 0)
  return (
    <button
      type="button"
      className={classes['fold']}
      style={place(box)}
      onClick={onOpen}
      aria-label={t('run.graph.folded', { name: box.name, count: total })}
    >
      <span className={classes['bar']} aria-hidden>
        {counts.map(({ status, count }) => (
          <span key={status} data-tone={STATUS_LOOKS[status].tone} style={{ flexGrow: count }} />
        ))}
      </span>
      <span className={classes['counts']}>
        {counts.slice(0, 4).map(({ status, count }) => (
          <span key={status}>
            <StatusMark status={status} size={14} /> {count}
          </span>
        ))}
      </span>
      <span className={classes['unfold']}>{t('run.graph.whole', { count: total })}</span>
    </button>
  )
}

function TaskBox({
  box,
  task,
  isChosen,
  onChoose,
  until,
}: {
  readonly until: string | undefined
  readonly box: Box
  readonly task: Task
  readonly isChosen: boolean
  readonly onChoose: (key: string) => void
}) {
  const { t } = useTranslation()
  const { tone } = STATUS_LOOKS[task.status]
  const shared = {
    type: 'button',
    style: place(box),
    'data-tone': tone,
    'data-chosen': isChosen,
    'data-node': task.key,
    'data-status': task.status,
    'aria-pressed': isChosen,
    onClick: () => onChoose(task.key),
    title: task.name,
  } as const
  if (box.kind === 'gateway') {
    return (
      <button {...shared} className={classes['gateway']} aria-label={`${task.name}, ${t(`status.${task.status}`)}`}>
        <span
          className={classes['diamond']}
          style={{ width: SIZES.gateway.diamond * 0.72, height: SIZES.gateway.diamond * 0.72 }}
        />
        <span className={classes['gatewayMark']} style={{ height: SIZES.gateway.diamond }}>
          <StatusMark status={task.status} size={14} />
        </span>
        <span className={classes['gatewayName']}>{task.name}</span>
      </button>
    )
  }
  if (box.kind === 'event') {
    return (
      <button {...shared} className={classes['event']} aria-label={`${task.name}, ${t(`status.${task.status}`)}`}>
        <StatusMark status={task.status} size={18} />
      </button>
    )
  }
  return (
    <button {...shared} className={box.kind === 'subflow' ? classes['subflow'] : classes['task']} data-work={task.work}>
      <span className={classes['taskLine']}>
        <StatusMark status={task.status} size={18} />
        <span className={classes['taskName']}>{task.name}</span>
        {task.attempt > 1 && (
          <span className={classes['attempt']} title={t('run.graph.attempts', { attempt: task.attempt })}>
            ×{task.attempt}
          </span>
        )}
        <Spent node={task} until={until} />
      </span>
    </button>
  )
}

function Spent({ node, until }: { readonly node: Node; readonly until: string | undefined }) {
  if (node.started_at === null || node.status === 'skipped') return null
  return (
    <span className={classes['spent']}>
      <Elapsed from={node.started_at} to={node.ended_at ?? until ?? null} />
    </span>
  )
}

interface Seen {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}
const EVERYTHING: Seen = { left: -Infinity, top: -Infinity, right: 3_000, bottom: 3_000 }

/** The part of the canvas that is in sight, in its own pixels. */
function useSeen(scroller: React.RefObject<HTMLDivElement | null>, scale: number): Seen {
  const [seen, setSeen] = useState<Seen>(EVERYTHING)
  useEffect(() => {
    const element = scroller.current
    if (element === null) return undefined
    let frame = 0
    const look = (): void => {
      frame = 0
      const { scrollLeft, scrollTop, clientWidth, clientHeight } = element
      setSeen({
        left: (scrollLeft - MARGIN) / scale,
        top: (scrollTop - MARGIN) / scale,
        right: (scrollLeft + clientWidth + MARGIN) / scale,
        bottom: (scrollTop + clientHeight + MARGIN) / scale,
      })
    }
    const soon = (): void => {
      if (frame === 0) frame = requestAnimationFrame(look)
    }
    look()
    element.addEventListener('scroll', soon, { passive: true })
    const sizes = new ResizeObserver(soon)
    sizes.observe(element)
    return () => {
      cancelAnimationFrame(frame)
      element.removeEventListener('scroll', soon)
      sizes.disconnect()
    }
  }, [scroller, scale])
  return seen
}

/** The mouse takes the canvas by its ground; a finger scrolls by itself. */
function usePan(scroller: React.RefObject<HTMLDivElement | null>): void {
  useEffect(() => {
    const element = scroller.current
    if (element === null) return undefined
    let from: { x: number; y: number; left: number; top: number } | undefined
    const down = (event: PointerEvent): void => {
      if (event.pointerType !== 'mouse' || event.button !== 0 || (event.target as Element).closest('button') !== null)
        return
      from = { x: event.clientX, y: event.clientY, left: element.scrollLeft, top: element.scrollTop }
      element.setPointerCapture(event.pointerId)
    }
    const move = (event: PointerEvent): void => {
      if (from === undefined) return
      element.scrollLeft = from.left + from.x - event.clientX
      element.scrollTop = from.top + from.y - event.clientY
    }
    const up = (): void => {
      from = undefined
    }
    element.addEventListener('pointerdown', down)
    element.addEventListener('pointermove', move)
    element.addEventListener('pointerup', up)
    element.addEventListener('pointercancel', up)
    return () => {
      element.removeEventListener('pointerdown', down)
      element.removeEventListener('pointermove', move)
      element.removeEventListener('pointerup', up)
      element.removeEventListener('pointercancel', up)
    }
  }, [scroller])
}

/** With Ctrl, as maps do; without it the wheel scrolls. */
function useWheelZoom(
  scroller: React.RefObject<HTMLDivElement | null>,
  setZoom: (change: (zoom: number | null) => number) => void,
): void {
  useEffect(() => {
    const element = scroller.current
    if (element === null) return undefined
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      setZoom((zoom) => Math.max(0.25, Math.min(1.5, (zoom ?? 1) * Math.exp(-event.deltaY / 400))))
    }
    element.addEventListener('wheel', wheel, { passive: false })
    return () => element.removeEventListener('wheel', wheel)
  }, [scroller, setZoom])
}

/** The task that a reader looks for first; undefined: the beginning. */
function whereItIs(run: Run): string | undefined {
  const tasks = tasksOf(run)
  const [about] = run.attention.flatMap(({ node }) => tasks.find(({ id }) => id === node?.id) ?? [])
  return (about ?? tasks.find(({ status }) => status === 'running' || status === 'reviewing') ?? tasks.find(isFailure))
    ?.key
}

const isStageOf = (node: Node, task: Task): boolean =>
  node.kind === 'stage' && node.tasks.some(({ id }) => id === task.id)

/** What is chosen elsewhere is brought into sight. */
function useShown(
  scroller: React.RefObject<HTMLDivElement | null>,
  boxes: readonly Box[],
  nodes: ReadonlyMap<string, Node>,
  chosen: string | undefined,
  scale: number,
): void {
  useEffect(() => {
    const element = scroller.current
    const task = [...nodes.values()].find((node) => keyOf(node) === chosen)
    // One that is folded is where its stage is.
    const stage = task?.kind === 'task' ? [...nodes.values()].find((node) => isStageOf(node, task)) : undefined
    const box = boxes.find(({ id }) => id === task?.id) ?? boxes.find(({ id }) => id === stage?.id)
    if (element === null || box === undefined) return
    const left = box.x * scale
    const top = box.y * scale
    const outX = left < element.scrollLeft || left + box.width * scale > element.scrollLeft + element.clientWidth
    const outY =
      top < element.scrollTop || top + Math.min(box.height, 80) * scale > element.scrollTop + element.clientHeight
    if (outX) element.scrollLeft = left - element.clientWidth / 3
    if (outY) element.scrollTop = top - element.clientHeight / 3
    // The layout changes with every event; only a new choice moves the picture.
  }, [chosen, scale])
}
