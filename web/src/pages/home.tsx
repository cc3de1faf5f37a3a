import { Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { runsQuery } from '../api/queries.ts'
import { StatusChip, StatusMark } from '../ui/status.tsx'
import { Empty, Failed, Loading } from '../ui/states.tsx'
import { Ago, Elapsed } from '../ui/time.tsx'

export function HomePage() {
  const { t } = useTranslation()
  const runs = useQuery(runsQuery({}))
  return (
    <Stack p="lg">
      <Title order={1}>{t('app.nav.home')}</Title>
      {runs.isPending && <Loading />}
      {runs.isError && <Failed error={runs.error} onRetry={() => void runs.refetch()} />}
      {runs.data?.items.length === 0 && <Empty title={t('app.state.notFound')} />}
      {runs.data?.items.map((run) => (
        <Paper key={run.id} withBorder p="sm">
          <Group>
            <StatusMark status={run.status} />
            <Link to="/runs/$run" params={{ run: run.id }}>
              {run.pipeline_name} #{run.number}
            </Link>
            <StatusChip status={run.status} />
            <Text c="dimmed" fz="sm">
              <Elapsed from={run.created_at} to={run.ended_at} /> · <Ago at={run.created_at} />
            </Text>
          </Group>
        </Paper>
      ))}
    </Stack>
  )
}
