import { Alert, Button, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../api/client.ts'
import { projectsQuery } from '../api/queries.ts'
import { Editor } from '../editor/editor.tsx'
import { CheckLine, ErrorList } from '../ui/check-line.tsx'
import { PageFrame, Section } from '../ui/page.tsx'
import { problemText } from '../ui/said.ts'
import { useChecked } from '../ui/use-checked.ts'
import classes from './pipelines.module.css'

const route = getRouteApi('/inside/pipelines/new')

/** Something that runs everywhere, and shows a review. */
const FIRST = `name: hello
description: Greets, when somebody says so.
params:
  who: world
stages:
  - name: Build
    tasks:
      - key: greet
        script: |
          echo "Hello, $who!" > greeting.txt
  - name: Ship
    tasks:
      - key: gate
        approval: Greet \${{ params.who }}?
      - key: ship
        needs: gate
        script: cat greeting.txt
`

export function NewPipelinePage() {
  const { t } = useTranslation()
  const { project: wanted } = route.useSearch()
  const navigate = useNavigate()
  const projects = useQuery(projectsQuery)
  const names = projects.data?.items.map(({ name }) => name) ?? []
  const [chosen, setChosen] = useState<string | null>(wanted ?? null)
  const project = chosen ?? names[0] ?? null
  const [text, setText] = useState(FIRST)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const checked = useChecked(text)

  const create = async (): Promise<void> => {
    if (project === null) return
    setBusy(true)
    setProblem(null)
    try {
      const { id } = await client.pipelines.create({ project, definition: text })
      await navigate({ to: '/pipelines/$pipeline', params: { pipeline: id } })
    } catch (error) {
      setProblem(problemText(t, error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <PageFrame
      title={t('pipelines.new')}
      actions={
        <>
          <Select
            aria-label={t('home.filter.project')}
            w={190}
            data={names}
            value={project}
            onChange={setChosen}
            allowDeselect={false}
          />
          <Button
            loading={busy}
            disabled={project === null || (checked.errors?.length ?? 1) > 0}
            onClick={() => void create()}
          >
            {t('pipelines.editor.create')}
          </Button>
        </>
      }
    >
      <Section title={t('pipelines.new')} headless>
        <div className={classes['bar']}>
          <CheckLine checked={checked} />
        </div>
        {problem !== null && (
          <Alert color="red" variant="light" m="sm" role="alert">
            {problem}
          </Alert>
        )}
        <Editor label={t('pipelines.editor.label')} text={FIRST} onChange={setText} errors={checked.shown} />
        <ErrorList checked={checked} />
      </Section>
    </PageFrame>
  )
}
