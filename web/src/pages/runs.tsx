import { Button, Center, Select, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { RUN_STATUSES, type RunStatus } from '../../../src/model/status.ts'
import { runPagesQuery } from '../api/queries.ts'
import { readRunsSearch } from '../app/search.ts'
import { PageFrame, Section } from '../ui/page.tsx'
import { ProjectSelect } from '../ui/project-select.tsx'
import { useRowKeys } from '../ui/row-keys.ts'
import { RunTable } from '../ui/run-table.tsx'
import { Empty, Failed, Loading } from '../ui/states.tsx'

const route = getRouteApi('/inside/runs')

export function RunsPage() {
  const { t } = useTranslation()
  const { project, text, status, needs } = route.useSearch()
  const navigate = route.useNavigate()
  const known = RUN_STATUSES.find((one) => one === status)
  const filter = {
    project,
    text,
    ...(known === undefined ? {} : { status: [known] as readonly RunStatus[] }),
    ...(needs === undefined ? {} : { needsPerson: true }),
  }
  const runs = useInfiniteQuery(runPagesQuery(filter))
  useRowKeys()
  const show = (next: { project?: string | undefined; text?: string; status?: string | null }): void =>
    void navigate({ search: readRunsSearch({ project, text, status, needs, ...next }), replace: true })
  const items = runs.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <PageFrame
      title={t('runs.title')}
      actions={
        <>
          <TextInput
            aria-label={t('runs.filter.text')}
            placeholder={t('runs.filter.textHint')}
            leftSection={<IconSearch size={16} aria-hidden />}
            data-search
            w={180}
            defaultValue={text ?? ''}
            onChange={({ currentTarget }) => show({ text: currentTarget.value })}
          />
          <Select
            aria-label={t('runs.filter.status')}
            placeholder={needs === true ? t('home.needsYou') : t('runs.filter.any')}
            w={170}
            clearable
            data={RUN_STATUSES.map((value) => ({ value, label: t(`status.${value}`) }))}
            value={known ?? null}
            onChange={(value) => show({ status: value })}
          />
          <ProjectSelect value={project} onChange={(value) => show({ project: value })} />
        </>
      }
    >
      <Section title={t('runs.title')} headless>
        {runs.isPending && <Loading rows={10} />}
        {runs.isError && <Failed error={runs.error} onRetry={() => void runs.refetch()} />}
        {runs.isSuccess && items.length === 0 && <Empty title={t('runs.none')}>{t('runs.noneLong')}</Empty>}
        {items.length > 0 && <RunTable runs={items} />}
        {runs.hasNextPage && (
          <Center p="sm">
            <Button variant="default" loading={runs.isFetchingNextPage} onClick={() => void runs.fetchNextPage()}>
              {t('runs.more')}
            </Button>
          </Center>
        )}
      </Section>
    </PageFrame>
  )
}
