import { Checkbox, Group, Text } from '@mantine/core'
import { IconRoute2 } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Run, Task, Timeline } from '../../../src/client/client.ts'
import { SEGMENT_KINDS } from '../../../src/graph/timeline.ts'
import { language } from '../i18n/language.ts'
import { useNow } from '../ui/clock.ts'
import { durationText } from '../ui/duration.ts'
import { Empty, Failed, Loading } from '../ui/states.tsx'
import { StatusMark } from '../ui/status.tsx'
import { timelineQuery } from './queries.ts'
import { keyOf, type Node } from './selection.ts'
import classes from './timeline.module.css'
import { useCalm } from './use-run.ts'

const ROW = 32
/** Reading all events of a large run again for each of them would be too much. */
const CALM_MS = 1_000

interface Row {
  readonly node: Node
  readonly bars: Timeline['tasks'][number]['attempts']
  readonly critical: boolean
}

export function TimelineView({
  run,
  chosen,
  onChoose,
}: {
  readonly run: Run
  readonly chosen: string | undefined
  readonly onChoose: (key: string) => void
}) {
  const { t } = useTranslation()
  const seq = useCalm(run.seq, CALM_MS)
  const timeline = useQuery(timelineQuery({ id: run.id, seq }))
  const [onlyCritical, setOnlyCritical] = useState(false)
  const rows = useMemo(
    () => (timeline.data === undefined ? [] : rowsOf(run, timeline.data, onlyCritical)),
    [run, timeline.data, onlyCritical],
  )
  if (timeline.isPending) return <Loading />
  if (timeline.data === undefined) return <Failed error={timeline.error} onRetry={() => void timeline.refetch()} />
  if (timeline.data.tasks.length === 0) return <Empty title={t('run.timeline.empty')} />
  return (
    <div className={classes['frame']}>
      <Group justify="space-between" gap="md" className={classes['legend'] ?? ''}>
        <Group gap="md">
          {SEGMENT_KINDS.map((kind) => (
            <span key={kind} className={classes['key']}>
              <span className={classes['segment']} data-kind={kind} />
              {t(`run.timeline.kinds.${kind}`)}
            </span>
          ))}
          <span className={classes['key']} title={t('run.timeline.criticalLong')}>
            <IconRoute2 size={15} aria-hidden /> {t('run.timeline.critical')}
          </span>
        </Group>
        <Checkbox
          size="xs"
          label={t('run.timeline.onlyCritical')}
          checked={onlyCritical}
          onChange={({ currentTarget }) => setOnlyCritical(currentTarget.checked)}
        />
      </Group>
      <Bars run={run} timeline={timeline.data} rows={rows} chosen={chosen} onChoose={onChoose} />
    </div>
  )
}

function rowsOf(run: Run, timeline: Timeline, onlyCritical: boolean): readonly Row[] {
  const bars = new Map(timeline.tasks.map(({ id, attempts }) => [id, attempts]))
  const spans = new Map(timeline.stages.map(({ id, spans: list }) => [id, list]))
  const critical = new Set(timeline.critical)
  return run.stages.flatMap((stage): Row[] => {
    const tasks = stage.tasks
      .filter(({ id }) => bars.has(id) && (!onlyCritical || critical.has(id)))
      .map((task): Row => ({ node: task, bars: bars.get(task.id) ?? [], critical: critical.has(task.id) }))
    const whole = (spans.get(stage.id) ?? []).map(({ from, to }, at) => ({
      attempt: at + 1,
      segments: [{ kind: 'running' as const, from, to }],
    }))
    return tasks.length === 0 ? [] : [{ node: stage, bars: whole, critical: false }, ...tasks]
  })
}

function Bars({
  run,
  timeline,
  rows,
  chosen,
  onChoose,
}: {
  readonly run: Run
  readonly timeline: Timeline
  readonly rows: readonly Row[]
  readonly chosen: string | undefined
  readonly onChoose: (key: string) => void
}) {
  const { t } = useTranslation()
  const clock = useNow()
  const scroller = useRef<HTMLDivElement>(null)
  const begin = Date.parse(run.started_at ?? run.created_at)
  const end = run.ended_at === null ? Math.max(clock, Date.parse(timeline.at)) : Date.parse(run.ended_at)
  const span = Math.max(1, end - begin)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 8,
  })
  return (
    <div ref={scroller} className={classes['scroller']} role="region" aria-label={t('run.timeline.label')} tabIndex={0}>
      <div className={classes['axis']} aria-hidden>
        <span className={classes['name']} />
        <span className={classes['track']}>
          {ticksOf(span).map((at) => (
            <span key={at} className={classes['tick']} style={{ left: `${(at / span) * 100}%` }}>
              {at === 0 ? '0' : durationText(at, language())}
            </span>
          ))}
        </span>
      </div>
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = rows[index]
          if (row === undefined) return null
          const { node } = row
          const key = keyOf(node)
          return (
            <button
              type="button"
              key={node.id}
              className={classes['row']}
              style={{ transform: `translateY(${start}px)`, height: ROW }}
              data-kind={node.kind}
              data-chosen={chosen === key}
              data-node={key}
              aria-pressed={chosen === key}
              onClick={() => onChoose(key)}
            >
              <span className={classes['name']}>
                <StatusMark status={node.status} size={15} />
                <span className={classes['text']}>{node.name}</span>
                {row.critical && (
                  <span
                    title={t('run.timeline.critical')}
                    role="img"
                    aria-label={t('run.timeline.critical')}
                    className={classes['criticalMark']}
                  >
                    <IconRoute2 size={14} aria-hidden />
                  </span>
                )}
              </span>
              <span className={classes['track']} data-critical={row.critical}>
                {row.bars.map((bar) =>
                  bar.segments.map(({ kind, from, to }) => {
                    const left = Date.parse(from) - begin
                    const length = (to === null ? end : Date.parse(to)) - begin - left
                    const words = `${(node as Task).attempt > 1 ? `${t('run.timeline.attempt', { attempt: bar.attempt })}, ` : ''}${t(`run.timeline.kinds.${kind}`)}: ${durationText(Math.max(0, length), language())}`
                    return (
                      <span
                        key={`${bar.attempt}${from}${kind}`}
                        className={classes['segment']}
                        data-kind={kind}
                        data-open={to === null}
                        data-stage={node.kind === 'stage'}
                        data-bad={node.kind === 'task' && isBad(node, bar.attempt)}
                        style={{
                          left: `${(Math.max(0, left) / span) * 100}%`,
                          width: `max(2px, ${(Math.max(0, length) / span) * 100}%)`,
                        }}
                        title={words}
                      />
                    )
                  }),
                )}
              </span>
            </button>
          )
        })}
      </div>
      {rows.length === 0 && <Text p="md">{t('run.timeline.empty')}</Text>}
    </div>
  )
}

/** Whether this attempt failed. */
function isBad(task: Task, attempt: number): boolean {
  const failed = task.attempt === attempt ? task.failure : task.earlier.find((one) => one.attempt === attempt)?.failure
  return failed !== null && failed !== undefined
}

const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
  900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 43_200_000, 86_400_000,
]

function ticksOf(span: number): readonly number[] {
  const step = STEPS.find((one) => span / one <= 7) ?? Math.ceil(span / 7 / 86_400_000) * 86_400_000
  return Array.from({ length: Math.floor(span / step) + 1 }, (_, at) => at * step).filter((at) => at / span < 0.92)
}
