import { Button, PasswordInput, Select, Table, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { projectsQuery } from '../../api/queries.ts'
import { Ago } from '../../ui/time.tsx'
import { MakeForm, Part } from './part.tsx'

export function Secrets() {
  const { t } = useTranslation()
  const projects = useQuery(projectsQuery)
  const names = projects.data?.items.map(({ name }) => name) ?? []
  const [chosen, setChosen] = useState<string | null>(null)
  const project = chosen ?? names[0] ?? ''
  const query = useQuery({
    queryKey: ['secrets', project],
    queryFn: () => client.secrets.list({ project }),
    enabled: project !== '',
  })
  const [name, setName] = useState('')
  const [value, setValue] = useState('')
  const set = async (): Promise<void> => {
    await client.secrets.set({ project }, name.trim(), value)
    setName('')
    setValue('')
    await query.refetch()
  }
  return (
    <Part
      title={t('admin.tabs.secrets')}
      columns={[t('admin.name'), t('admin.changed'), t('admin.used'), '']}
      query={query}
      form={
        <>
          <Text px="md" pt="md" c="dimmed" fz="sm">
            {t('admin.secretLead')}
          </Text>
          <MakeForm submit={t('admin.setSecret')} onSubmit={set}>
            <Select
              label={t('home.filter.project')}
              data={names}
              value={project}
              onChange={setChosen}
              allowDeselect={false}
            />
            <TextInput
              label={t('admin.name')}
              placeholder={t('admin.secretHint')}
              required
              value={name}
              onChange={({ currentTarget }) => setName(currentTarget.value)}
              autoComplete="off"
            />
            <PasswordInput
              label={t('admin.value')}
              required
              w={220}
              value={value}
              onChange={({ currentTarget }) => setValue(currentTarget.value)}
              autoComplete="new-password"
            />
          </MakeForm>
        </>
      }
      row={(secret) => (
        <Table.Tr key={secret.name}>
          <Table.Td fw={600} ff="monospace">
            {secret.name}
          </Table.Td>
          <Table.Td c="dimmed">
            {secret.updated_by.name}, <Ago at={secret.updated_at} />
          </Table.Td>
          <Table.Td c="dimmed">
            {secret.last_used_at === null ? t('admin.never') : <Ago at={secret.last_used_at} />}
          </Table.Td>
          <Table.Td ta="end">
            <Button
              size="xs"
              variant="default"
              aria-label={t('admin.removeName', { name: secret.name })}
              onClick={() => void client.secrets.remove({ project }, secret.name).then(() => query.refetch())}
            >
              {t('admin.remove')}
            </Button>
          </Table.Td>
        </Table.Tr>
      )}
    />
  )
}
