import { Group, Select, Text, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useVirtualizer } from '@tanstack/react-virtual'
import type { TFunction } from 'i18next'
import { useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Run, Stage, Task } from '../../../src/client/client.ts'
import { NODE_STATUSES } from '../../../src/model/status.ts'
import { failureText } from '../ui/said.ts'
import { StatusMark } from '../ui/status.tsx'
import { Ago, Elapsed } from '../ui/time.tsx'
import classes from './table.module.css'

const ROW = 38

export function TableView({
  run,
  chosen,
  onChoose,
}: {
  readonly run: Run
  readonly chosen: string | undefined
  readonly onChoose: (key: string) => void
}) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const [status, setStatus] = useState<string | null>(null)
  const all = useMemo(() => run.stages.flatMap((stage) => stage.tasks.map((task) => ({ stage, task }))), [run])
  const there = NODE_STATUSES.filter((one) => all.some(({ task }) => task.status === one))
  const rows = useMemo(() => {
    const wanted = text.trim().toLowerCase()
    return all.filter(
      ({ stage, task }) =>
        (status === null || task.status === status) &&
        (wanted === '' || [task.name, task.key, stage.name].some((one) => one.toLowerCase().includes(wanted))),
    )
  }, [all, text, status])
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 8,
  })
  return (
    <div className={classes['frame']}>
      <Group gap="sm" p="xs" className={classes['tools'] ?? ''}>
        <TextInput
          data-search
          leftSection={<IconSearch size={16} />}
          placeholder={t('run.table.search')}
          aria-label={t('run.table.search')}
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
          w={220}
        />
        <Select
          aria-label={t('run.table.status')}
          placeholder={t('run.table.all')}
          data={there.map((one) => ({ value: one, label: t(`status.${one}`) }))}
          value={status}
          onChange={setStatus}
          clearable
          clearButtonProps={{ 'aria-label': t('run.table.all') }}
          w={160}
        />
        <Text c="dimmed" fz="sm" className="numbers">
          {rows.length} / {all.length}
        </Text>
      </Group>
      <div ref={scroller} className={classes['scroller']} tabIndex={0} role="region" aria-label={t('run.table.label')}>
        <div
          role="table"
          aria-label={t('run.table.label')}
          aria-rowcount={rows.length + 1}
          className={classes['table']}
        >
          <div role="rowgroup" className={classes['head']}>
            <div role="row" className={classes['row']}>
              {(['name', 'stage', 'attempt', 'started', 'took', 'runner', 'why'] as const).map((column) => (
                <span key={column} role="columnheader" data-column={column}>
                  {t(`run.table.${column}`)}
                </span>
              ))}
            </div>
          </div>
          <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
            {virtual.getVirtualItems().map(({ index, start }) => {
              const row = rows[index]
              return row === undefined ? null : (
                <TaskRow
                  key={row.task.id}
                  {...row}
                  index={index}
                  top={start}
                  isChosen={row.task.key === chosen}
                  onChoose={onChoose}
                />
              )
            })}
          </div>
        </div>
        {rows.length === 0 && <Text p="md">{t('run.table.none')}</Text>}
      </div>
    </div>
  )
}

function TaskRow({
  stage,
  task,
  index,
  top,
  isChosen,
  onChoose,
}: {
  readonly stage: Stage
  readonly task: Task
  readonly index: number
  readonly top: number
  readonly isChosen: boolean
  readonly onChoose: (key: string) => void
}) {
  const { t } = useTranslation()
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isChosen}
      className={classes['row']}
      style={{ position: 'absolute', transform: `translateY(${top}px)`, height: ROW }}
      data-chosen={isChosen}
      onClick={() => onChoose(task.key)}
    >
      <span role="cell" data-column="name">
        <StatusMark status={task.status} size={16} />
        <button type="button" className={classes['open']} data-node={task.key}>
          {task.name}
        </button>
      </span>
      <span role="cell" data-column="stage">
        {stage.name}
      </span>
      <span role="cell" data-column="attempt">
        {task.attempt === 0 ? '' : task.attempt}
      </span>
      <span role="cell" data-column="started">
        {task.started_at === null ? '' : <Ago at={task.started_at} />}
      </span>
      <span role="cell" data-column="took">
        {task.started_at === null ? '' : <Elapsed from={task.started_at} to={task.ended_at} />}
      </span>
      <span role="cell" data-column="runner">
        {task.runner ?? ''}
      </span>
      <span role="cell" data-column="why" title={wordsOf(t, task)}>
        {wordsOf(t, task)}
      </span>
    </div>
  )
}

const wordsOf = (t: TFunction, { failure, skipped, review }: Task): string =>
  failure === null ? (skipped?.reason ?? review?.question ?? '') : failureText(t, failure)
