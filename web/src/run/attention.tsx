import { Anchor, Text } from '@mantine/core'
import { IconUserExclamation } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Run } from '../../../src/client/client.ts'
import { failureText } from '../ui/said.ts'
import { Ago } from '../ui/time.tsx'
import { ActionBar } from './action-bar.tsx'
import { nodeChoices } from './actions.ts'
import classes from './attention.module.css'
import { keyOf, nodeOf, type Selection, tasksOf } from './selection.ts'

/** What belongs to each thing that waits for a person. */
const ACTIONS: Readonly<Record<Run['attention'][number]['kind'], readonly string[]>> = {
  review: ['approve', 'reject'],
  held: ['retry', 'skip', 'choose'],
  callback: ['callback'],
  'paused-node': ['resume'],
  start: [],
  paused: [],
  trigger: [],
}

/** More than this would hide the run. */
const SHOWN_MAX = 2

/** What a person is asked for, with what they can answer, so that nobody has to look for it in the graph. */
export function Attention({
  run,
  selection,
  mayOperate,
}: {
  readonly run: Run
  readonly selection: Selection
  readonly mayOperate: boolean
}) {
  const { t } = useTranslation()
  const asked = run.attention.flatMap((one) => {
    const task = tasksOf(run).find(({ id }) => id === one.node?.id)
    return task === undefined || ACTIONS[one.kind].length === 0 ? [] : [{ ...one, task }]
  })
  // Its panel has the same buttons.
  const chosen = nodeOf(run, selection.node)
  const shown = asked.filter(({ task }) => task.id !== chosen?.id)
  if (shown.length === 0) return null
  return (
    <ul className={classes['list']} aria-label={t('run.attention.label')}>
      {shown.slice(0, SHOWN_MAX).map(({ kind, task, since }) => (
        <li key={task.id} className={classes['item']} data-kind={kind}>
          <IconUserExclamation size={18} aria-hidden />
          <div className={classes['text']}>
            <Anchor
              component="button"
              type="button"
              fw={650}
              fz="sm"
              c="inherit"
              underline="always"
              onClick={() => selection.choose(keyOf(task))}
            >
              {task.name}
            </Anchor>
            <Text span fz="sm" className={classes['question'] ?? ''}>
              {task.review?.question ?? (task.failure === null ? '' : failureText(t, task.failure))}
            </Text>
            <Text span fz="xs" className={classes['since'] ?? ''}>
              <Ago at={since} />
            </Text>
          </div>
          <ActionBar
            run={run}
            max={2}
            choices={nodeChoices(t, run, task, mayOperate).filter(
              ({ on }) => on.kind === 'node' && ACTIONS[kind].includes(on.action),
            )}
          />
        </li>
      ))}
      {shown.length > SHOWN_MAX && (
        <li>
          <Text fz="sm" c="dimmed">
            {t('run.attention.more', { count: shown.length - SHOWN_MAX })}
          </Text>
        </li>
      )}
    </ul>
  )
}
