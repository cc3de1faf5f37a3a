import { PasswordInput, Select, Table, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { projectsQuery } from '../../api/queries.ts'
import { ConfirmButton } from '../../ui/confirm-button.tsx'
import { Ago } from '../../ui/time.tsx'
import { MakeForm, Part } from './part.tsx'

export function Secrets() {
  const { t } = useTranslation()
  const projects = useQuery(projectsQuery)
  const names = projects.data?.items.map(({ name }) => name) ?? []
  const [chosen, setChosen] = useState<string | null>(null)
  const project = chosen ?? names[0] ?? ''
  const pipelines = useQuery({
    queryKey: ['pipeline-names', project],
    queryFn: ({ signal }) => client.pipelines.list({ project, limit: 100, signal }),
    enabled: project !== '',
  })
  /** Id; null: of the whole project. */
  const [pipeline, setPipeline] = useState<string | null>(null)
  const owner = pipeline === null ? { project } : { pipeline, project }
  const query = useQuery({
    queryKey: ['secrets', project, pipeline],
    queryFn: () => client.secrets.list(owner),
    enabled: project !== '',
  })
  const [name, setName] = useState('')
  const [value, setValue] = useState('')
  const set = async (): Promise<void> => {
    await client.secrets.set(owner, name.trim(), value)
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
            {t(pipeline === null ? 'admin.secretLead' : 'admin.secretPipelineLead')}
          </Text>
          <MakeForm submit={t('admin.setSecret')} onSubmit={set}>
            <Select
              label={t('home.filter.project')}
              data={names}
              value={project}
              onChange={(next) => {
                setChosen(next)
                setPipeline(null)
              }}
              allowDeselect={false}
            />
            <Select
              label={t('admin.ofPipeline')}
              placeholder={t('admin.ofProject')}
              data={(pipelines.data?.items ?? []).map(({ id, name: label }) => ({ value: id, label }))}
              value={pipeline}
              onChange={setPipeline}
              searchable
              clearable
              clearButtonProps={{ 'aria-label': t('admin.ofProject') }}
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
            <ConfirmButton
              label={t('admin.remove')}
              title={t('admin.removeName', { name: secret.name })}
              will={t('admin.removeSecretWill', { name: secret.name })}
              isDanger
              act={() => client.secrets.remove(owner, secret.name).then(() => query.refetch())}
            />
          </Table.Td>
        </Table.Tr>
      )}
    />
  )
}
