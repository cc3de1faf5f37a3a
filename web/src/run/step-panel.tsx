import { ActionIcon, Group, Select, Tabs, Text, Title } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Explanation, Run, Task } from '../../../src/client/client.ts'
import { failureText, hintText } from '../ui/said.ts'
import { StatusChip } from '../ui/status.tsx'
import { Elapsed } from '../ui/time.tsx'
import { WithCode } from '../ui/with-code.tsx'
import { ActionBar } from './action-bar.tsx'
import { nodeChoices } from './actions.ts'
import { LogView } from './log-view.tsx'
import { About, Artifacts, Attempts, Data, Findings, Tests } from './panel-tabs.tsx'
import classes from './panel.module.css'
import { type Node, type Selection, type Tab, TABS } from './selection.ts'

interface PanelProps {
  readonly run: Run
  readonly node: Node
  readonly explanations: readonly Explanation[]
  readonly selection: Selection
  readonly mayOperate: boolean
}

export function StepPanel({ run, node, explanations, selection, mayOperate }: PanelProps) {
  const { t } = useTranslation()
  const task = node.kind === 'task' ? node : null
  const tabs = tabsOf(task)
  const tab = selection.tab !== undefined && tabs.includes(selection.tab) ? selection.tab : firstTab(task)
  const attempt = selection.attempt ?? task?.attempt ?? 0
  return (
    <aside className={classes['panel']} aria-label={t('run.panel.label', { name: node.name })}>
      <div className={classes['head']}>
        <Group justify="space-between" wrap="nowrap" gap="xs">
          <Group gap="xs" wrap="nowrap" miw={0}>
            <StatusChip status={node.status} />
            <Title order={2} className={classes['name'] ?? ''} title={node.name}>
              {node.name}
            </Title>
          </Group>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t('run.panel.close')}
            onClick={() => selection.choose(undefined)}
          >
            <IconX size={18} />
          </ActionIcon>
        </Group>
        <Group gap="xs" mt={4} justify="space-between">
          <Text fz="xs" c="dimmed" component="div">
            {task === null ? t('run.panel.stageKind') : (task.uses ?? task.work)}
            {node.started_at !== null && (
              <>
                {' · '}
                <Elapsed from={node.started_at} to={node.ended_at} />
              </>
            )}
            {task?.runner != null && ` · ${task.runner}`}
          </Text>
          {task !== null && task.attempt > 1 && <AttemptSwitch task={task} attempt={attempt} selection={selection} />}
        </Group>
        {task?.failure != null && attempt === task.attempt && (
          <div className={classes['failure']} role="note">
            {failureText(t, task.failure)}
            <span className={classes['hint']}>
              <WithCode text={hintText(t, task.failure)} />
            </span>
          </div>
        )}
        <div className={classes['actions']}>
          <ActionBar run={run} choices={nodeChoices(t, run, node, mayOperate)} max={3} />
        </div>
      </div>
      <Tabs
        value={tab}
        onChange={(next) => selection.change({ tab: (next ?? 'about') as Tab }, { replace: true })}
        className={classes['tabs'] ?? ''}
        keepMounted={false}
      >
        <Tabs.List className={classes['list'] ?? ''}>
          {tabs.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {t(`run.panel.tabs.${one}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab} className={classes['body'] ?? ''} data-flush={tab === 'log'}>
          {content(tab)}
        </Tabs.Panel>
      </Tabs>
    </aside>
  )

  function content(shown: Tab) {
    switch (shown) {
      case 'log':
        return task === null ? null : <LogView run={run.id} task={task} attempt={attempt} selection={selection} />
      case 'about':
        return <About run={run} node={node} explanations={explanations} />
      case 'attempts':
        return task === null ? null : <Attempts task={task} selection={selection} />
      case 'data':
        return task === null ? null : <Data run={run} task={task} attempt={attempt} />
      case 'artifacts':
        return task === null ? null : <Artifacts run={run} task={task} />
      case 'tests':
        return task === null ? null : <Tests run={run} task={task} />
      case 'findings':
        return task === null ? null : <Findings run={run} task={task} />
    }
  }
}

function tabsOf(task: Task | null): readonly Tab[] {
  if (task === null) return ['about']
  if (task.work !== 'runner') return ['about', 'attempts', 'data']
  return TABS.filter(
    (one) =>
      (one !== 'findings' || task.role === 'check') &&
      (one !== 'tests' || task.role === 'test' || task.uses === 'test'),
  )
}

const firstTab = (task: Task | null): Tab => (task?.work === 'runner' ? 'log' : 'about')

function AttemptSwitch({
  task,
  attempt,
  selection,
}: {
  readonly task: Task
  readonly attempt: number
  readonly selection: Selection
}) {
  const { t } = useTranslation()
  const numbers = [...task.earlier.map((one) => one.attempt), task.attempt].toReversed()
  return (
    <Select
      size="xs"
      w={120}
      aria-label={t('run.panel.attempt')}
      allowDeselect={false}
      data={numbers.map((one) => ({
        value: String(one),
        label: one === task.attempt ? t('run.panel.now', { attempt: one }) : t('run.panel.attemptOf', { attempt: one }),
      }))}
      value={String(attempt)}
      onChange={(next) =>
        selection.change({
          attempt: next === null || Number(next) === task.attempt ? (undefined as never) : Number(next),
          line: undefined as never,
        })
      }
    />
  )
}
