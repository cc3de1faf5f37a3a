import {
  Alert,
  Button,
  Checkbox,
  Group,
  Modal,
  NumberInput,
  Select,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { NewRun, Pipeline } from '../../../src/client/client.ts'
import { PRIORITIES } from '../../../src/model/priority.ts'
import { client } from '../api/client.ts'
import { pipelineQuery } from '../api/queries.ts'
import { problemText } from './said.ts'
import { Failed, Loading } from './states.tsx'

interface StartForm {
  readonly pipelineId: string
  readonly name: string
  readonly opened: boolean
  readonly onClose: () => void
}

/** Asks for the params of a pipeline, as its definition has them, and starts it. */
export function StartForm({ pipelineId, name, opened, onClose }: StartForm) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('pipelines.form.title', { name })}
      closeButtonProps={{ 'aria-label': t('pipelines.form.back') }}
      size="lg"
    >
      <Loaded pipelineId={pipelineId} onClose={onClose} />
    </Modal>
  )
}

function Loaded({ pipelineId, onClose }: Pick<StartForm, 'pipelineId' | 'onClose'>) {
  const pipeline = useQuery(pipelineQuery(pipelineId))
  if (pipeline.isPending) return <Loading rows={3} />
  if (pipeline.isError) return <Failed error={pipeline.error} onRetry={() => void pipeline.refetch()} />
  return <Fields pipeline={pipeline.data} onClose={onClose} />
}

type Param = Pipeline['params'][number]
type Params = NonNullable<NewRun['params']>
type Values = Readonly<Record<string, string | boolean | number>>

function Fields({ pipeline, onClose }: { readonly pipeline: Pipeline; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [values, setValues] = useState<Values>(() =>
    Object.fromEntries(pipeline.params.map((one) => [one.name, first(one)])),
  )
  const [priority, setPriority] = useState(pipeline.priority)
  const [wait, setWait] = useState(false)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)

  const start = async (): Promise<void> => {
    setBusy(true)
    setProblem(null)
    try {
      const run = await client.runs.start(pipeline.id, {
        params: paramsOf(pipeline.params, values),
        // That of the definition is left to it.
        ...(priority === pipeline.priority ? {} : { priority }),
        wait,
      })
      notifications.show({
        message: t('pipelines.form.started', { name: pipeline.name, number: run.number }),
        color: 'teal',
      })
      onClose()
      await navigate({ to: '/runs/$run', params: { run: run.id } })
    } catch (error) {
      setProblem(error instanceof SyntaxError ? t('pipelines.form.notJson') : problemText(t, error))
    } finally {
      setBusy(false)
    }
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void start()
      }}
    >
      <Stack>
        <Text c="dimmed" fz="sm">
          {pipeline.params.length === 0 ? t('pipelines.form.none') : t('pipelines.form.lead')}
        </Text>
        {pipeline.params.map((param) => (
          <Field
            key={param.name}
            param={param}
            value={values[param.name] ?? ''}
            onChange={(value) => setValues({ ...values, [param.name]: value })}
          />
        ))}
        <Select
          label={t('pipelines.form.priority')}
          description={t('pipelines.form.first')}
          data={PRIORITIES.map((one) => ({ value: one, label: t(`pipelines.form.priorities.${one}`) }))}
          value={priority}
          onChange={(next) => setPriority(next ?? pipeline.priority)}
          allowDeselect={false}
        />
        <Checkbox
          label={t('pipelines.form.wait')}
          checked={wait}
          onChange={(event) => setWait(event.currentTarget.checked)}
        />
        {problem !== null && (
          <Alert color="red" variant="light" role="alert">
            {problem}
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('pipelines.form.back')}
          </Button>
          <Button type="submit" loading={busy} data-autofocus>
            {t('pipelines.form.start')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

interface Field {
  readonly param: Param
  readonly value: string | boolean | number
  readonly onChange: (value: string | boolean | number) => void
}

function Field({ param, value, onChange }: Field) {
  const shared = { label: param.name, description: param.description || undefined, required: param.required }
  switch (param.type) {
    case 'boolean':
      return (
        <Switch
          label={param.name}
          description={param.description || undefined}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      )
    case 'choice':
      return (
        <Select
          {...shared}
          data={[...param.options]}
          value={String(value)}
          onChange={(next) => onChange(next ?? '')}
          allowDeselect={!param.required}
          searchable={param.options.length > 10}
        />
      )
    case 'number':
      return <NumberInput {...shared} value={value as string | number} onChange={onChange} />
    case 'json':
      return (
        <Textarea
          {...shared}
          autosize
          minRows={2}
          maxRows={12}
          ff="monospace"
          value={String(value)}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      )
    case 'string':
      return <TextInput {...shared} value={String(value)} onChange={(event) => onChange(event.currentTarget.value)} />
    default:
      return param.type satisfies never
  }
}

/** What a field begins with. */
function first({ type, default: value }: Param): string | boolean | number {
  if (type === 'boolean') return value === true
  if (type === 'json') return value === null ? '' : JSON.stringify(value, null, 2)
  return value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : value
}

/** What was left empty is not given, so that the default of the definition holds. @throws SyntaxError when JSON is none. */
function paramsOf(params: readonly Param[], values: Values): Params {
  const given: Params = {}
  for (const { name, type } of params) {
    const value = values[name]
    if (value === undefined || value === '') continue
    given[name] = type === 'json' ? (JSON.parse(String(value)) as Params[string]) : value
  }
  return given
}
