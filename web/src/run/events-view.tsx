import { ActionIcon, Button, Group, Slider, Text, TextInput, Tooltip } from '@mantine/core'
import { IconHistory, IconPlayerTrackNext, IconPlayerTrackPrev, IconSearch } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Event, Run, Task } from '../../../src/client/client.ts'
import { language } from '../i18n/language.ts'
import { reasonText } from '../i18n/sentences.ts'
import { durationText } from '../ui/duration.ts'
import { failureText } from '../ui/said.ts'
import { Failed, Loading } from '../ui/states.tsx'
import { fullTime } from '../ui/time.tsx'
import classes from './events.module.css'
import { GraphView } from './graph-view.tsx'
import { eventsQuery, pastRunQuery } from './queries.ts'
import { keyOf, type Selection } from './selection.ts'

const ROW = 34

interface EventsProps {
  /** As it is now. */
  readonly run: Run
  readonly selection: Selection
}

/** What happened, and the run as it was after each of it. */
export function EventsView({ run, selection }: EventsProps) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const events = useQuery(eventsQuery(run.id, queries))
  const [text, setText] = useState('')
  const names = useMemo(() => {
    const all = new Map<number, string>()
    for (const stage of run.stages) {
      all.set(stage.index, stage.name)
      for (const task of stage.tasks) all.set(task.index, task.name)
    }
    return all
  }, [run])
  const rows = useMemo(() => {
    const wanted = text.trim().toLowerCase()
    const all = events.data ?? []
    if (wanted === '') return all
    return all.filter((event) =>
      `${names.get(event.node?.index ?? -1) ?? ''} ${t(`run.events.types.${event.type}`)} ${event.actor.name} ${JSON.stringify(event.data)}`
        .toLowerCase()
        .includes(wanted),
    )
  }, [events.data, text, names, t])
  if (events.isPending) return <Loading />
  if (events.data === undefined) return <Failed error={events.error} onRetry={() => void events.refetch()} />
  const total = events.data.length
  const at = Math.min(selection.at ?? total, total)
  return (
    <div className={classes['frame']}>
      <AsOf run={run} at={at} total={total} event={events.data[at - 1]} selection={selection} />
      <Group px="xs" py={6} gap="sm" className={classes['tools'] ?? ''}>
        <TextInput
          data-search
          size="xs"
          leftSection={<IconSearch size={14} />}
          placeholder={t('run.events.search')}
          aria-label={t('run.events.search')}
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
          w={240}
        />
        <Text c="dimmed" fz="xs" className="numbers">
          {rows.length} / {total}
        </Text>
      </Group>
      <List run={run} rows={rows} names={names} at={at} selection={selection} />
    </div>
  )
}

/** How long the slider must rest before the run is asked for: it passes over many. */
const REST_MS = 60

function AsOf({
  run,
  at,
  total,
  event,
  selection,
}: {
  readonly run: Run
  readonly at: number
  readonly total: number
  readonly event: Event | undefined
  readonly selection: Selection
}) {
  const { t } = useTranslation()
  const [drag, setDrag] = useState<number | null>(null)
  const shown = drag ?? at
  const rested = useRested(shown, REST_MS)
  const past = useQuery({ ...pastRunQuery(run.id, rested), enabled: rested < total })
  const seen = shown >= total ? run : (past.data ?? run)
  const go = (seq: number): void => {
    setDrag(null)
    selection.change({ at: seq >= total ? (undefined as never) : Math.max(1, seq) }, { replace: true })
  }
  return (
    <div>
      <div className={classes['picture']}>
        <GraphView
          run={seen}
          chosen={selection.node}
          onChoose={selection.choose}
          until={shown < total ? event?.at : undefined}
        />
      </div>
      <Group gap="sm" px="sm" py={8} wrap="nowrap" className={classes['asOf'] ?? ''}>
        <Tooltip label={t('run.events.before')}>
          <ActionIcon
            variant="default"
            aria-label={t('run.events.before')}
            disabled={shown <= 1}
            onClick={() => go(at - 1)}
          >
            <IconPlayerTrackPrev size={14} />
          </ActionIcon>
        </Tooltip>
        <Slider
          className={classes['slider'] ?? ''}
          min={1}
          max={Math.max(2, total)}
          value={shown}
          onChange={setDrag}
          onChangeEnd={go}
          label={null}
          thumbLabel={t('run.events.slider')}
          size="sm"
        />
        <Tooltip label={t('run.events.after')}>
          <ActionIcon
            variant="default"
            aria-label={t('run.events.after')}
            disabled={shown >= total}
            onClick={() => go(at + 1)}
          >
            <IconPlayerTrackNext size={14} />
          </ActionIcon>
        </Tooltip>
        <Text fz="sm" className={`numbers ${classes['moment'] ?? ''}`} data-testid="as-of">
          {t('run.events.asOf', { seq: shown, total })}
          {event !== undefined && drag === null && (
            <Text span c="dimmed" fz="xs" visibleFrom="sm">
              {' '}
              {fullTime(event.at)}
            </Text>
          )}
        </Text>
        {shown < total && (
          <Button size="compact-sm" variant="light" onClick={() => go(total)}>
            {t('run.events.live')}
          </Button>
        )}
      </Group>
    </div>
  )
}

function useRested(value: number, ms: number): number {
  const [rested, setRested] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return rested
}

function List({
  run,
  rows,
  names,
  at,
  selection,
}: {
  readonly run: Run
  readonly rows: readonly Event[]
  readonly names: ReadonlyMap<number, string>
  readonly at: number
  readonly selection: Selection
}) {
  const { t } = useTranslation()
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 8,
  })
  const place = rows.findIndex(({ seq }) => seq === at)
  useEffect(() => {
    if (place >= 0) virtual.scrollToIndex(place, { align: 'auto' })
    // The list moves when another moment is chosen, not when more happens.
  }, [at])
  const begin = Date.parse(run.created_at)
  return (
    <div ref={scroller} className={classes['scroller']} role="region" aria-label={t('run.events.label')} tabIndex={0}>
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }} role="list">
        {virtual.getVirtualItems().map(({ index, start }) => {
          const event = rows[index]
          if (event === undefined) return null
          const name = event.node === null ? undefined : names.get(event.node.index)
          const words = wordsOf(event)
          return (
            <div
              key={event.seq}
              role="listitem"
              className={classes['row']}
              style={{ transform: `translateY(${start}px)`, height: ROW }}
              data-at={event.seq === at}
              data-later={event.seq > at}
            >
              <span className={classes['seq']}>{event.seq}</span>
              <time dateTime={event.at} title={fullTime(event.at)} className={classes['time']}>
                +{durationText(Math.max(0, Date.parse(event.at) - begin), language())}
              </time>
              <span className={classes['what']}>
                <span className={classes['type']}>{t(`run.events.types.${event.type}`)}</span>
                {name !== undefined && (
                  <button
                    type="button"
                    className={classes['node']}
                    onClick={() => {
                      const node = run.stages
                        .flatMap((stage) => [stage, ...stage.tasks])
                        .find(({ index: place }) => place === event.node?.index)
                      if (node !== undefined) selection.choose(keyOf(node))
                    }}
                  >
                    {name}
                  </button>
                )}
                {words !== '' && (
                  <span className={classes['words']} title={words}>
                    {words}
                  </span>
                )}
              </span>
              <span className={classes['actor']}>
                {t(`run.events.actors.${event.actor.kind}`, { name: event.actor.name })}
              </span>
              <ActionIcon
                variant="subtle"
                color="gray"
                size="sm"
                aria-label={t('run.events.show')}
                title={t('run.events.show')}
                onClick={() => selection.change({ at: event.seq }, { replace: true })}
              >
                <IconHistory size={15} />
              </ActionIcon>
            </div>
          )
        })}
      </div>
    </div>
  )

  function wordsOf({ type, data }: Event): string {
    const text = (name: string): string => (typeof data[name] === 'string' ? data[name] : '')
    if (type === 'review_decided') {
      const decision = data['decision'] === 'approve' ? 'approve' : 'reject'
      return [`${text('by')} ${t(`run.events.decided.${decision}`)}`, text('comment')]
        .filter((one) => one !== '')
        .join(': ')
    }
    if (type === 'run_ended' || type === 'stage_ended') return t(`status.${text('status') as 'failed'}`)
    if (isFailure(data['failure'])) return failureText(t, data['failure'])
    if (typeof data['attempt'] === 'number' && data['attempt'] > 1)
      return t('run.timeline.attempt', { attempt: data['attempt'] })
    return reasonText(t, text('reason'))
  }
}

/** As the API gives it in the data of events. */
function isFailure(value: unknown): value is NonNullable<Task['failure']> {
  return typeof value === 'object' && value !== null && 'kind' in value && 'details' in value
}
