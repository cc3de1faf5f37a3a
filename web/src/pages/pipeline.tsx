import { Button, Tabs, Text } from '@mantine/core'
import { IconPlayerPlay } from '@tabler/icons-react'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Pipeline } from '../../../src/client/client.ts'
import { pipelineQuery, runPagesQuery } from '../api/queries.ts'
import { PIPELINE_TABS, type PipelineTab } from '../app/search.ts'
import { language } from '../i18n/language.ts'
import { durationText } from '../ui/duration.ts'
import { PageFrame, Section, useTitle } from '../ui/page.tsx'
import { ResultBars } from '../ui/result-bars.tsx'
import { useRowKeys } from '../ui/row-keys.ts'
import { RunTable } from '../ui/run-table.tsx'
import { StartForm } from '../ui/start-form.tsx'
import { Empty, Failed, Loading } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { trendOf } from '../ui/trend.ts'
import classes from './pipelines.module.css'

const route = getRouteApi('/inside/pipelines/$pipeline')

const Definition = lazy(async () => ({ default: (await import('./pipeline-definition.tsx')).Definition }))
const Versions = lazy(async () => ({ default: (await import('./pipeline-versions.tsx')).Versions }))
const Triggers = lazy(async () => ({ default: (await import('./pipeline-triggers.tsx')).Triggers }))
const Notifications = lazy(async () => ({
  default: (await import('./pipeline-notifications.tsx')).PipelineNotifications,
}))

export function PipelinePage() {
  const { pipeline: id } = route.useParams()
  const pipeline = useQuery(pipelineQuery(id))
  if (pipeline.isPending) return <Loading rows={8} />
  if (pipeline.isError) return <Failed error={pipeline.error} onRetry={() => void pipeline.refetch()} />
  return <Shown pipeline={pipeline.data} />
}

function Shown({ pipeline }: { readonly pipeline: Pipeline }) {
  const { t } = useTranslation()
  const { tab = 'runs' } = route.useSearch()
  const navigate = route.useNavigate()
  const [starting, setStarting] = useState(false)
  useTitle(pipeline.name)
  return (
    <PageFrame
      title={pipeline.name}
      actions={
        <Button leftSection={<IconPlayerPlay size={16} aria-hidden />} onClick={() => setStarting(true)}>
          {t('pipelines.start')}
        </Button>
      }
    >
      <div>
        {pipeline.description !== '' && <Text mb={4}>{pipeline.description}</Text>}
        <div className={classes['facts']}>
          <span>{t('pipelines.inProject', { project: pipeline.project.name })}</span>
          <span>{t('pipelines.version', { version: pipeline.version })}</span>
          <span>
            {t('pipelines.changed', { name: pipeline.created_by.name })}, <Ago at={pipeline.updated_at} />
          </span>
        </div>
      </div>
      <Tabs
        value={tab}
        onChange={(value) =>
          void navigate({ search: value === 'runs' ? {} : { tab: value as PipelineTab }, replace: true })
        }
        keepMounted={false}
      >
        <Tabs.List aria-label={t('pipelines.tabs.label')} mb="md">
          {PIPELINE_TABS.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {t(`pipelines.tabs.${one}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="runs">
          <History pipeline={pipeline} />
        </Tabs.Panel>
        <Suspense fallback={<Loading />}>
          <Tabs.Panel value="definition">
            <Definition key={pipeline.id} pipeline={pipeline} />
          </Tabs.Panel>
          <Tabs.Panel value="versions">
            <Versions pipeline={pipeline} />
          </Tabs.Panel>
          <Tabs.Panel value="triggers">
            <Triggers pipeline={pipeline} />
          </Tabs.Panel>
          <Tabs.Panel value="notifications">
            <Notifications pipeline={pipeline} />
          </Tabs.Panel>
        </Suspense>
      </Tabs>
      <StartForm pipelineId={pipeline.id} name={pipeline.name} opened={starting} onClose={() => setStarting(false)} />
    </PageFrame>
  )
}

function History({ pipeline }: { readonly pipeline: Pipeline }) {
  const { t } = useTranslation()
  const runs = useInfiniteQuery(runPagesQuery({ pipeline: pipeline.id }))
  useRowKeys()
  if (runs.isPending) return <Loading />
  if (runs.isError) return <Failed error={runs.error} onRetry={() => void runs.refetch()} />
  const items = runs.data.pages.flatMap((page) => page.items)
  if (items.length === 0) {
    return (
      <Section title={t('pipelines.tabs.runs')} headless>
        <Empty title={t('pipelines.noRuns')}>{t('pipelines.noRunsLong')}</Empty>
      </Section>
    )
  }
  const { rate, count, usualMs } = trendOf(items)
  const percent = new Intl.NumberFormat(language(), { style: 'percent' })
  return (
    <Section title={t('pipelines.tabs.runs')} headless>
      <div className={classes['bar']}>
        <ResultBars runs={items.slice(0, 50)} width={360} height={44} />
        {rate !== null && (
          <Text fz="sm" c="dimmed">
            {t('pipelines.columns.rate')}: {t('pipelines.rate', { rate: percent.format(rate), count })}
            {usualMs !== null && ` · ${t('pipelines.columns.usual')}: ${durationText(usualMs, language())}`}
          </Text>
        )}
      </div>
      <RunTable runs={items} />
      {runs.hasNextPage && (
        <Button m="sm" variant="default" loading={runs.isFetchingNextPage} onClick={() => void runs.fetchNextPage()}>
          {t('pipelines.more')}
        </Button>
      )}
    </Section>
  )
}
