import { Alert, Button, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Pipeline } from '../../../src/client/client.ts'
import { client, ClientError } from '../api/client.ts'
import { pipelineQuery, versionQuery } from '../api/queries.ts'
import { Editor } from '../editor/editor.tsx'
import { CheckLine, ErrorList } from '../ui/check-line.tsx'
import { Section } from '../ui/page.tsx'
import { problemText } from '../ui/said.ts'
import { Failed, Loading } from '../ui/states.tsx'
import { useChecked } from '../ui/use-checked.ts'
import classes from './pipelines.module.css'

export function Definition({ pipeline }: { readonly pipeline: Pipeline }) {
  // The version that is edited stays, also when somebody saves another meanwhile: saving says so then.
  const [base, setBase] = useState(pipeline.version)
  const version = useQuery(versionQuery(pipeline.id, base))
  if (version.isPending) return <Loading />
  if (version.isError) return <Failed error={version.error} onRetry={() => void version.refetch()} />
  return <Edited key={base} pipeline={pipeline} base={base} saved={version.data.definition} onSaved={setBase} />
}

interface Edited {
  readonly pipeline: Pipeline
  readonly base: number
  readonly saved: string
  readonly onSaved: (version: number) => void
}

function Edited({ pipeline, base, saved, onSaved }: Edited) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [shown, setShown] = useState(saved)
  const [text, setText] = useState(saved)
  const [round, setRound] = useState(0)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ClientError | null>(null)
  const checked = useChecked(text)
  const changed = text !== saved

  const save = async (): Promise<void> => {
    setBusy(true)
    setProblem(null)
    try {
      const next = await client.pipelines.update(pipeline.id, { definition: text }, base)
      queries.setQueryData(pipelineQuery(pipeline.id).queryKey, next)
      notifications.show({ message: t('pipelines.editor.saved', { version: next.version }), color: 'teal' })
      onSaved(next.version)
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  const stale = problem?.code === 'stale_version'
  return (
    <Section title={t('pipelines.tabs.definition')} headless>
      <div className={classes['bar']}>
        <CheckLine checked={checked} />
        <Text fz="xs" c="dimmed" visibleFrom="md">
          {t('pipelines.editor.keys')}
        </Text>
        <div style={{ marginLeft: 'auto', display: 'flex', gap: 8, alignItems: 'center' }}>
          {changed && (
            <>
              <Text fz="sm" c="dimmed">
                {t('pipelines.editor.unsaved')}
              </Text>
              <Button
                variant="default"
                size="xs"
                onClick={() => {
                  setShown(saved)
                  setText(saved)
                  setRound(round + 1)
                }}
              >
                {t('pipelines.editor.discard')}
              </Button>
            </>
          )}
          <Button
            size="xs"
            disabled={!changed || (checked.errors?.length ?? 1) > 0}
            loading={busy}
            onClick={() => void save()}
          >
            {t('pipelines.editor.save', { version: base + 1 })}
          </Button>
        </div>
      </div>
      {problem !== null && (
        <Alert color="red" variant="light" m="sm" role="alert">
          {stale ? t('pipelines.editor.stale') : problemText(t, problem)}
          {stale && (
            <Button size="xs" ml="sm" onClick={() => onSaved(pipeline.version)}>
              {t('pipelines.editor.reload')}
            </Button>
          )}
        </Alert>
      )}
      <Editor key={round} label={t('pipelines.editor.label')} text={shown} onChange={setText} errors={checked.shown} />
      <ErrorList checked={checked} />
    </Section>
  )
}
