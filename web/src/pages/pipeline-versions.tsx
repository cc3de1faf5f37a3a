import { Text, UnstyledButton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { Pipeline } from '../../../src/client/client.ts'
import { versionQuery, versionsQuery } from '../api/queries.ts'
import { Diff } from '../editor/diff.tsx'
import { Section } from '../ui/page.tsx'
import { Failed, Loading } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import classes from './pipelines.module.css'

const route = getRouteApi('/inside/pipelines/$pipeline')

export function Versions({ pipeline }: { readonly pipeline: Pipeline }) {
  const { t } = useTranslation()
  const { version = pipeline.version } = route.useSearch()
  const navigate = route.useNavigate()
  const versions = useQuery(versionsQuery(pipeline.id, pipeline.version))
  return (
    <Section title={t('pipelines.tabs.versions')} headless>
      <div className={classes['split']}>
        <div className={classes['side']} tabIndex={0} role="group" aria-label={t('pipelines.tabs.versions')}>
          {versions.isPending && <Loading />}
          {versions.data?.items.map((one) => (
            <UnstyledButton
              key={one.version}
              className={classes['version'] ?? ''}
              aria-current={one.version === version}
              onClick={() => void navigate({ search: { tab: 'versions', version: one.version }, replace: true })}
            >
              <Text fw={600}>{t('pipelines.version', { version: one.version })}</Text>
              <Text fz="xs" c="dimmed">
                {one.created_by.name}, <Ago at={one.created_at} />
              </Text>
            </UnstyledButton>
          ))}
        </div>
        <Compared pipeline={pipeline} version={version} />
      </div>
    </Section>
  )
}

function Compared({ pipeline, version }: { readonly pipeline: Pipeline; readonly version: number }) {
  const { t } = useTranslation()
  const after = useQuery(versionQuery(pipeline.id, version))
  const before = useQuery({ ...versionQuery(pipeline.id, version - 1), enabled: version > 1 })
  if (after.isError) return <Failed error={after.error} onRetry={() => void after.refetch()} />
  if (after.data === undefined || (version > 1 && before.data === undefined)) return <Loading />
  const title = version === 1 ? t('pipelines.versions.first') : t('pipelines.versions.compare', { version })
  return (
    <div style={{ minWidth: 0 }}>
      <div className={classes['bar']}>
        <Text fw={600} fz="sm">
          {title}
        </Text>
        {version > 1 && (
          <Text fz="sm" c="dimmed">
            {t('pipelines.versions.against', { version: version - 1 })}
          </Text>
        )}
      </div>
      <Diff label={title} before={before.data?.definition ?? null} after={after.data.definition} />
    </div>
  )
}
