import { Button, Tabs, Text } from '@mantine/core'
import { IconBinaryTree, IconHistory, IconLayoutList, IconTimeline, IconWorld } from '@tabler/icons-react'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useEffect, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Run } from '../../../src/client/client.ts'
import { meQuery } from '../api/queries.ts'
import { type Shortcut, useShortcuts } from '../app/keyboard.tsx'
import { Failed, Loading } from '../ui/states.tsx'
import { fullTime } from '../ui/time.tsx'
import { Attention } from './attention.tsx'
import { EventsView } from './events-view.tsx'
import { GraphView } from './graph-view.tsx'
import { RunHeader } from './header.tsx'
import classes from './page.module.css'
import { explainQuery, pastRunQuery } from './queries.ts'
import { SeenView } from './seen-view.tsx'
import { isFailure, nodeOf, type Selection, tasksOf, useSelection, type View, VIEWS } from './selection.ts'
import { StepPanel } from './step-panel.tsx'
import { TableView } from './table-view.tsx'
import { TimelineView } from './timeline-view.tsx'
import { useCalm, useRun } from './use-run.ts'

export function RunPage() {
  const { run: ref } = useParams({ from: '/inside/runs/$run' })
  const run = useRun(ref)
  const navigate = useNavigate()
  const id = run.data?.id
  // Events name a run by its id: an address with a serial becomes one with it.
  useEffect(() => {
    if (id !== undefined && id !== ref) {
      void navigate({ to: '/runs/$run', params: { run: id }, search: (before) => before as never, replace: true })
    }
  }, [id, ref, navigate])
  if (run.isPending) return <Loading />
  if (run.data === undefined) return <Failed error={run.error} onRetry={() => void run.refetch()} />
  return <Shown run={run.data} key={run.data.id} />
}

const ICONS = {
  graph: IconBinaryTree,
  timeline: IconTimeline,
  table: IconLayoutList,
  events: IconHistory,
  seen: IconWorld,
} as const satisfies Record<View, unknown>

const CALM_MS = 300

function Shown({ run }: { readonly run: Run }) {
  const { t } = useTranslation()
  const selection = useSelection()
  const { data: me } = useSuspenseQuery(meQuery)
  const mayOperate = me.role !== 'viewer'
  const seq = useCalm(run.seq, CALM_MS)
  const { data: explained } = useQuery(explainQuery({ id: run.id, seq }))
  const explanations = explained?.items ?? NONE
  const view = selection.view ?? 'graph'
  // The events show the past by themselves; the other views show it when the address says so.
  const isPast = selection.at !== undefined && selection.at < run.seq
  const past = useQuery({ ...pastRunQuery(run.id, selection.at ?? 1), enabled: isPast })
  const seen = isPast ? (past.data ?? run) : run
  const node = nodeOf(run, selection.node)
  useKeys(run, selection, view)
  useEffect(() => {
    document.title = `${run.pipeline.name} #${run.number}: ${t(`status.${run.status}`)}`
    return () => {
      document.title = 'Millrace'
    }
  }, [run.pipeline.name, run.number, run.status, t])

  return (
    <div className={classes['page']} data-panel={node !== undefined}>
      <RunHeader run={run} explanations={explanations} mayOperate={mayOperate} />
      <Attention run={run} selection={selection} mayOperate={mayOperate} />
      <Tabs
        value={view}
        onChange={(next) => selection.change({ view: next as View })}
        keepMounted={false}
        className={classes['tabs'] ?? ''}
      >
        <Tabs.List aria-label={t('run.views.label')} className={classes['list'] ?? ''}>
          {VIEWS.map((one) => {
            const Icon = ICONS[one]
            return (
              <Tabs.Tab key={one} value={one} leftSection={<Icon size={16} stroke={1.7} />}>
                {t(`run.views.${one}`)}
              </Tabs.Tab>
            )
          })}
        </Tabs.List>
        <div className={classes['both']}>
          <Tabs.Panel value={view} className={classes['view'] ?? ''}>
            {isPast && view !== 'events' && (
              <div className={classes['past']} role="status">
                <Text fz="sm">{t('run.events.past', { time: fullTime(seen.updated_at) })}</Text>
                <Button size="compact-xs" onClick={() => selection.change({ at: undefined as never })}>
                  {t('run.events.live')}
                </Button>
              </div>
            )}
            <div className={classes['fill']}>{shown()}</div>
          </Tabs.Panel>
          {node !== undefined && (
            <div className={classes['panel']}>
              <StepPanel
                run={run}
                node={node}
                explanations={explanations}
                selection={selection}
                mayOperate={mayOperate}
                key={node.id}
              />
            </div>
          )}
        </div>
      </Tabs>
    </div>
  )

  function shown() {
    switch (view) {
      case 'graph':
        return (
          <GraphView
            run={seen}
            chosen={selection.node}
            onChoose={selection.choose}
            until={isPast ? seen.updated_at : undefined}
          />
        )
      case 'timeline':
        return <TimelineView run={run} chosen={selection.node} onChoose={selection.choose} />
      case 'table':
        return <TableView run={seen} chosen={selection.node} onChoose={selection.choose} />
      case 'events':
        return <EventsView run={run} selection={selection} />
      case 'seen':
        return <SeenView run={run} />
    }
  }
}

const NONE: readonly never[] = []

/** `j` and `k` go through the tasks, `f` through those that failed, `1` to `5` change the view. */
function useKeys(run: Run, selection: Selection, view: View): void {
  const { t } = useTranslation()
  const { node, choose, change } = selection
  useShortcuts(
    useMemo<readonly Shortcut[]>(() => {
      const go = (by: 1 | -1, only: (task: ReturnType<typeof tasksOf>[number]) => boolean): void => {
        const tasks = tasksOf(run)
        const at = tasks.findIndex(({ key }) => key === node)
        const count = tasks.length
        for (let step = 1; step <= count; step += 1) {
          const place = at === -1 && by === -1 ? count - step : (at + by * step + count * 2) % count
          const task = tasks[place]
          if (task !== undefined && only(task)) return choose(task.key)
        }
      }
      return [
        { keys: 'j', label: t('run.keys.next'), run: () => go(1, () => true) },
        { keys: 'k', label: t('run.keys.previous'), run: () => go(-1, () => true) },
        {
          keys: 'f',
          label: t('run.keys.failure'),
          run: () => go(1, (task) => isFailure(task) || task.held || task.failure !== null),
        },
        { keys: 'Escape', label: t('run.keys.close'), run: () => choose(undefined) },
        ...VIEWS.map((one, at) => ({
          keys: String(at + 1),
          label: t(`run.views.${one}`),
          run: () => change({ view: one }),
        })),
      ]
    }, [run, node, choose, change, t, view]),
  )
}
