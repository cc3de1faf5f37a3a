import { Table, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { RunSummary } from '../../../src/client/client.ts'
import { CauseText, RunName } from './run-name.tsx'
import { StatusChip } from './status.tsx'
import { Ago, Elapsed } from './time.tsx'

interface RunTable {
  readonly runs: readonly RunSummary[]
}

export function RunTable({ runs }: RunTable) {
  const { t } = useTranslation()
  return (
    <Table highlightOnHover verticalSpacing={8} horizontalSpacing="md">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={130}>{t('runs.columns.status')}</Table.Th>
          <Table.Th>{t('runs.columns.run')}</Table.Th>
          <Table.Th visibleFrom="sm">{t('runs.columns.cause')}</Table.Th>
          <Table.Th visibleFrom="xs">{t('runs.columns.created')}</Table.Th>
          <Table.Th visibleFrom="sm" ta="end">
            {t('runs.columns.took')}
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {runs.map((run) => (
          <Table.Tr key={run.id}>
            <Table.Td>
              <StatusChip status={run.status} />
            </Table.Td>
            <Table.Td>
              <RunName run={run} />
              <Text fz="xs" c="dimmed" hiddenFrom="xs">
                <Ago at={run.created_at} />
              </Text>
            </Table.Td>
            <Table.Td visibleFrom="sm" c="dimmed">
              <CauseText cause={run.cause} />
            </Table.Td>
            <Table.Td visibleFrom="xs" c="dimmed">
              <Ago at={run.created_at} />
            </Table.Td>
            <Table.Td visibleFrom="sm" ta="end">
              {run.started_at !== null && <Elapsed from={run.started_at} to={run.ended_at} />}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
