import { Button, Center, Table, Text, TextInput } from '@mantine/core'
import { IconPlayerPlay, IconPlus, IconSearch } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ListedPipeline } from '../../../src/client/client.ts'
import { pipelinePagesQuery } from '../api/queries.ts'
import { readNewPipelineSearch, readPipelinesSearch } from '../app/search.ts'
import { language } from '../i18n/language.ts'
import { durationText } from '../ui/duration.ts'
import { LinkButton } from '../ui/link-button.tsx'
import { PageFrame, Section } from '../ui/page.tsx'
import { ProjectSelect } from '../ui/project-select.tsx'
import { ResultBars } from '../ui/result-bars.tsx'
import { useRowKeys } from '../ui/row-keys.ts'
import { StartForm } from '../ui/start-form.tsx'
import { StatusMark } from '../ui/status.tsx'
import { Empty, Failed, Loading } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { trendOf } from '../ui/trend.ts'
import classes from './pipelines.module.css'

const route = getRouteApi('/inside/pipelines')

export function PipelinesPage() {
  const { t } = useTranslation()
  const { project, text } = route.useSearch()
  const navigate = route.useNavigate()
  const list = useInfiniteQuery(pipelinePagesQuery({ project, text }))
  const [starting, setStarting] = useState<ListedPipeline | null>(null)
  useRowKeys()
  const show = (next: { project?: string | undefined; text?: string }): void =>
    void navigate({ search: readPipelinesSearch({ project, text, ...next }), replace: true })
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <PageFrame
      title={t('pipelines.title')}
      actions={
        <>
          <TextInput
            aria-label={t('home.filter.text')}
            placeholder={t('home.filter.textHint')}
            leftSection={<IconSearch size={16} aria-hidden />}
            data-search
            w={180}
            defaultValue={text ?? ''}
            onChange={({ currentTarget }) => show({ text: currentTarget.value })}
          />
          <ProjectSelect value={project} onChange={(value) => show({ project: value })} />
          <LinkButton
            to="/pipelines/new"
            search={readNewPipelineSearch({ project })}
            leftSection={<IconPlus size={16} />}
          >
            {t('pipelines.new')}
          </LinkButton>
        </>
      }
    >
      <Section title={t('pipelines.title')} headless>
        {list.isPending && <Loading rows={10} />}
        {list.isError && list.data === undefined && <Failed error={list.error} onRetry={() => void list.refetch()} />}
        {list.isSuccess && items.length === 0 && <Empty title={t('pipelines.none')}>{t('pipelines.noneLong')}</Empty>}
        {items.length > 0 && (
          <Table highlightOnHover verticalSpacing={10} horizontalSpacing="md">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('pipelines.columns.pipeline')}</Table.Th>
                <Table.Th visibleFrom="sm">{t('pipelines.columns.recent')}</Table.Th>
                <Table.Th visibleFrom="md" ta="end">
                  {t('pipelines.columns.rate')}
                </Table.Th>
                <Table.Th visibleFrom="md" ta="end" style={{ whiteSpace: 'nowrap' }}>
                  {t('pipelines.columns.usual')}
                </Table.Th>
                <Table.Th visibleFrom="sm">{t('pipelines.columns.last')}</Table.Th>
                <Table.Th aria-label={t('pipelines.start')} />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((pipeline) => (
                <Row key={pipeline.id} pipeline={pipeline} onStart={() => setStarting(pipeline)} />
              ))}
            </Table.Tbody>
          </Table>
        )}
        {list.hasNextPage && (
          <Center p="sm">
            <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
              {t('pipelines.more')}
            </Button>
          </Center>
        )}
      </Section>
      {starting !== null && (
        <StartForm pipelineId={starting.id} name={starting.name} opened onClose={() => setStarting(null)} />
      )}
    </PageFrame>
  )
}

function Row({ pipeline, onStart }: { readonly pipeline: ListedPipeline; readonly onStart: () => void }) {
  const { t } = useTranslation()
  const { latest_run: latest, recent_runs: runs } = pipeline
  const { rate, count, usualMs } = trendOf(runs)
  const percent = new Intl.NumberFormat(language(), { style: 'percent' })
  return (
    <Table.Tr>
      <Table.Td>
        <div className={classes['name']}>
          {latest === null ? <span className={classes['none']} /> : <StatusMark status={latest.status} />}
          <div className={classes['words']}>
            <Link
              to="/pipelines/$pipeline"
              params={{ pipeline: pipeline.id }}
              className={classes['link'] ?? ''}
              data-row
            >
              {pipeline.name}
            </Link>
            <Text fz="xs" c="dimmed" lineClamp={1}>
              {pipeline.description === ''
                ? t('pipelines.inProject', { project: pipeline.project.name })
                : pipeline.description}
            </Text>
          </div>
        </div>
      </Table.Td>
      <Table.Td visibleFrom="sm">{runs.length > 0 && <ResultBars runs={runs} width={160} height={28} />}</Table.Td>
      <Table.Td visibleFrom="md" ta="end" className="numbers">
        {rate !== null && (
          <span title={t('pipelines.rate', { rate: percent.format(rate), count })}>{percent.format(rate)}</span>
        )}
      </Table.Td>
      <Table.Td visibleFrom="md" ta="end" className="numbers">
        {usualMs !== null && durationText(usualMs, language())}
      </Table.Td>
      <Table.Td visibleFrom="sm" c="dimmed">
        {latest === null ? (
          t('pipelines.never')
        ) : (
          <Link to="/runs/$run" params={{ run: latest.id }} className={classes['last'] ?? ''}>
            #{latest.number}, <Ago at={latest.created_at} />
          </Link>
        )}
      </Table.Td>
      <Table.Td ta="end">
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlayerPlay size={14} aria-hidden />}
          onClick={onStart}
          aria-label={t('pipelines.startOf', { name: pipeline.name })}
        >
          {t('pipelines.start')}
        </Button>
      </Table.Td>
    </Table.Tr>
  )
}
