import {
  Alert,
  Button,
  Checkbox,
  Group,
  JsonInput,
  Modal,
  NumberInput,
  Radio,
  Stack,
  Text,
  Textarea,
} from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconInfoCircle } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { NodeActionBody, Run } from '../../../src/client/client.ts'
import type { JsonObject } from '../../../src/model/json.ts'
import { client } from '../api/client.ts'
import { refusalText } from '../ui/said.ts'
import type { Choice } from './actions.ts'
import { runQuery } from './queries.ts'
import { stageOf } from './selection.ts'

/** Says what will happen, asks for what is needed, and does it. */
export function ActionDialog({
  run,
  choice,
  onClose,
}: {
  readonly run: Run
  readonly choice: Choice | null
  readonly onClose: () => void
}) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={choice !== null}
      onClose={onClose}
      title={choice === null ? '' : choice.on.kind === 'node' ? `${choice.name}: ${choice.on.node.name}` : choice.name}
      closeButtonProps={{ 'aria-label': t('run.act.cancelDialog') }}
      size="md"
    >
      {choice !== null && <Form run={run} choice={choice} onClose={onClose} key={choice.name} />}
    </Modal>
  )
}

function Form({ run, choice, onClose }: { readonly run: Run; readonly choice: Choice; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [comment, setComment] = useState('')
  const [json, setJson] = useState(() => initialJson(run, choice))
  const [mode, setMode] = useState('stop')
  const [succeeded, setSucceeded] = useState('true')
  const [edges, setEdges] = useState<string[]>([])
  const [minutes, setMinutes] = useState<string | number>(10)
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState<string | null>(null)
  const { on } = choice
  const wants = wantsOf(choice)
  const task = on.kind === 'node' && on.node.kind === 'task' ? on.node : null
  const stage = task === null ? undefined : stageOf(run, task)
  const ways = stage?.edges?.filter(({ from }) => from === task?.key) ?? []

  const submit = async (): Promise<void> => {
    const read = readJson(json)
    if (wants.json !== null && !read.ok) return setWrong(t('run.act.badJson', { message: read.message }))
    if (wants.edges && edges.length === 0) return setWrong(t('run.act.edgeMissing'))
    const value = wants.json !== null && read.ok ? read.value : null
    setBusy(true)
    setWrong(null)
    try {
      if (on.kind === 'run' && on.action === 'rerun') {
        const made = await client.runs.rerun(run.id, {})
        onClose()
        return void navigate({ to: '/runs/$run', params: { run: made.id } })
      }
      const next =
        on.kind === 'run'
          ? await client.runs.act(run.id, on.action as Exclude<typeof on.action, 'rerun'>, {
              ...(on.action === 'cancel' ? { mode: mode as 'stop' | 'force' | 'after-current' } : {}),
              ...(on.action === 'cancel' && comment !== '' ? { reason: comment } : {}),
              ...(on.action === 'modify' && value !== null ? { params: value as never } : {}),
            })
          : await client.nodes.act(run.id, on.node.id, on.action, nodeBody(value))
      queries.setQueryData(runQuery(run.id).queryKey, (known) =>
        known !== undefined && known.seq > next.seq ? known : next,
      )
      onClose()
      notifications.show({ message: `${choice.name}: ${t('run.act.done')}`, color: 'teal', autoClose: 3_000 })
    } catch (error) {
      setWrong(refusalText(t, error))
      setBusy(false)
    }
  }

  function nodeBody(value: JsonObject | null): NodeActionBody {
    const said = comment === '' ? {} : { comment }
    if (on.kind !== 'node') return said
    if (on.action === 'retry') return value === null ? said : { ...said, inputs: value }
    if (on.action === 'callback') {
      return { ...said, succeeded: succeeded === 'true', ...(value === null ? {} : { outputs: value }) }
    }
    if (on.action === 'choose') return { ...said, edges }
    return on.action === 'delay' ? { ...said, by_ms: Math.round(Number(minutes) * 60_000) } : said
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <Stack gap="md">
        <Alert variant="light" icon={<IconInfoCircle size={18} />} title={t('run.act.what')} color="gray">
          <Text fz="sm" data-testid="what-will-happen">
            {choice.will}
          </Text>
        </Alert>
        {wants.mode && (
          <Radio.Group label={t('run.act.mode.label')} value={mode} onChange={setMode}>
            <Stack gap={6} mt={6}>
              <Radio value="stop" label={t('run.act.mode.stop')} />
              <Radio value="after-current" label={t('run.act.mode.afterCurrent')} />
              <Radio value="force" label={t('run.act.mode.force')} />
            </Stack>
          </Radio.Group>
        )}
        {wants.succeeded && (
          <Radio.Group value={succeeded} onChange={setSucceeded} aria-label={choice.name}>
            <Group mt={6}>
              <Radio value="true" label={t('run.act.succeeded')} />
              <Radio value="false" label={t('run.act.saidNo')} />
            </Group>
          </Radio.Group>
        )}
        {wants.edges && (
          <Checkbox.Group label={t('run.act.edges')} value={edges} onChange={setEdges}>
            <Stack gap={6} mt={6}>
              {ways.map(({ key, name, to }) => (
                <Checkbox
                  key={key}
                  value={key}
                  label={name === '' ? `→ ${stage?.tasks.find((one) => one.key === to)?.name ?? to}` : name}
                />
              ))}
            </Stack>
          </Checkbox.Group>
        )}
        {wants.minutes && (
          <NumberInput label={t('run.act.minutes')} value={minutes} onChange={setMinutes} min={1} max={525_600} />
        )}
        {wants.json !== null && (
          <JsonInput
            label={t(`run.act.${wants.json}`)}
            value={json}
            onChange={setJson}
            autosize
            minRows={3}
            maxRows={14}
            spellCheck={false}
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
          />
        )}
        {wants.comment && (
          <Textarea
            label={on.kind === 'run' ? t('run.act.reason') : t('run.act.comment')}
            value={comment}
            onChange={({ currentTarget }) => setComment(currentTarget.value)}
            maxLength={4_096}
            autosize
            minRows={2}
            data-autofocus
          />
        )}
        {wrong !== null && (
          <Text c="var(--bad)" role="alert" fz="sm">
            {wrong}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('run.act.cancelDialog')}
          </Button>
          <Button type="submit" loading={busy} {...(choice.tone === 'danger' ? { color: 'red.8' } : {})}>
            {choice.name}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function wantsOf({ on }: Choice) {
  const node = on.kind === 'node' ? on.action : null
  const runAction = on.kind === 'run' ? on.action : null
  return {
    comment:
      runAction === 'cancel' ||
      (node !== null && !['retry', 'pause', 'resume', 'delay', 'expire', 'rollback'].includes(node)),
    mode: runAction === 'cancel',
    edges: node === 'choose',
    succeeded: node === 'callback',
    minutes: node === 'delay',
    json:
      runAction === 'modify'
        ? ('params' as const)
        : node === 'callback'
          ? ('outputs' as const)
          : node === 'retry' && on.kind === 'node' && on.node.kind === 'task' && on.node.work === 'runner'
            ? ('inputs' as const)
            : null,
  }
}

/** What is changed begins as what it is. */
function initialJson(run: Run, { on }: Choice): string {
  if (on.kind === 'run' && on.action === 'modify') {
    const own = run.params.filter(({ system }) => !system)
    return JSON.stringify(Object.fromEntries(own.map(({ name, value }) => [name, value])), null, 2)
  }
  if (on.kind === 'node' && on.node.kind === 'task' && on.node.inputs !== null)
    return JSON.stringify(on.node.inputs, null, 2)
  return ''
}

/** A JSON object; nothing: null. */
function readJson(
  text: string,
): { readonly ok: true; readonly value: JsonObject | null } | { readonly ok: false; readonly message: string } {
  if (text.trim() === '') return { ok: true, value: null }
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { ok: true, value: value as JsonObject }
    return { ok: false, message: text.slice(0, 40) }
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) }
  }
}
