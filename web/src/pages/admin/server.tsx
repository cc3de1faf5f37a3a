import { Anchor, Group, Stack, Table, Text } from '@mantine/core'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { meQuery } from '../../api/queries.ts'
import { Section } from '../../ui/page.tsx'
import { Part } from './part.tsx'

/** What the server says at `/` to programs. */
interface Landing {
  readonly version: string
}

/** Version and documents, and for admins of all projects what the server runs with. */
export function Server() {
  const { t } = useTranslation()
  const { data: me } = useSuspenseQuery(meQuery)
  const landing = useQuery({
    queryKey: ['about'],
    queryFn: async () => (await (await fetch('/', { headers: { accept: 'application/json' } })).json()) as Landing,
    staleTime: Infinity,
  })
  return (
    <Stack gap="lg">
      <Section title={t('admin.about.title')} headless>
        <Group p="md" gap="lg">
          <Text>
            {t('app.name')} {t('admin.about.version')} <b>{landing.data?.version ?? '…'}</b>
          </Text>
          <Anchor href="/openapi.json">{t('admin.about.openapi')}</Anchor>
          <Anchor href="/schema/pipeline.json">{t('admin.about.schema')}</Anchor>
        </Group>
      </Section>
      {me.role === 'admin' && me.project_ids === null && <Settings />}
    </Stack>
  )
}

function Settings() {
  const { t } = useTranslation()
  const server = useQuery({
    queryKey: ['server'],
    queryFn: async ({ signal }) => ({ items: (await client.server({ signal })).settings }),
  })
  return (
    <Part
      title={t('admin.about.settings')}
      columns={[t('admin.about.variable'), t('admin.value'), t('admin.about.standard'), t('admin.about.doc')]}
      query={server}
      form={
        <Text px="md" pt="md" pb="xs" c="dimmed" fz="sm">
          {t('admin.about.settingsLead')}
        </Text>
      }
      row={({ name, value, is_secret: isSecret, standard, doc }) => (
        <Table.Tr key={name}>
          <Table.Td ff="monospace" fz="xs">
            {name}
          </Table.Td>
          <Table.Td fw={600} style={{ overflowWrap: 'anywhere' }} miw={120}>
            {value === null ? (
              <Text span c="dimmed" fw={400} fz="sm">
                {t('admin.about.notSet')}
              </Text>
            ) : isSecret ? (
              t('admin.about.isSet')
            ) : (
              value
            )}
          </Table.Td>
          <Table.Td c="dimmed" fz="sm" lang="en">
            {plain(standard)}
          </Table.Td>
          <Table.Td c="dimmed" fz="sm" lang="en" miw={280}>
            {plain(doc)}
          </Table.Td>
        </Table.Tr>
      )}
    />
  )
}

/** As it reads without its marks of code. */
const plain = (text: string): string => text.replaceAll('`', '')
