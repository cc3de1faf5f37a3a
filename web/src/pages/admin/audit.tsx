import { Table } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { Ago } from '../../ui/time.tsx'
import { Part } from './part.tsx'

export function Audit() {
  const { t } = useTranslation()
  const query = useQuery({ queryKey: ['audit'], queryFn: () => client.audit.list({ limit: 100 }), staleTime: 0 })
  return (
    <Part
      title={t('admin.tabs.audit')}
      columns={[t('admin.at'), t('admin.who'), t('admin.what'), t('admin.name'), t('admin.detail')]}
      query={query}
      row={(entry) => (
        <Table.Tr key={entry.number}>
          <Table.Td c="dimmed" style={{ whiteSpace: 'nowrap' }}>
            <Ago at={entry.at} />
          </Table.Td>
          <Table.Td>{entry.actor.name}</Table.Td>
          <Table.Td ff="monospace" fz="xs">
            {entry.action}
          </Table.Td>
          <Table.Td style={{ overflowWrap: 'anywhere' }}>{entry.target}</Table.Td>
          <Table.Td c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {entry.detail}
          </Table.Td>
        </Table.Tr>
      )}
    />
  )
}
