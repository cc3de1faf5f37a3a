import { Table, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { projectsQuery } from '../../api/queries.ts'
import { Ago } from '../../ui/time.tsx'
import { MakeForm, Part } from './part.tsx'

export function Projects() {
  const { t } = useTranslation()
  const query = useQuery(projectsQuery)
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const make = async (): Promise<void> => {
    await client.projects.create({ name: name.trim(), description })
    setName('')
    setDescription('')
    await query.refetch()
  }
  return (
    <Part
      title={t('admin.tabs.projects')}
      columns={[t('admin.name'), t('admin.description'), t('admin.made')]}
      query={query}
      form={
        <MakeForm submit={t('admin.addProject')} onSubmit={make}>
          <TextInput
            label={t('admin.name')}
            required
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          <TextInput
            label={t('admin.description')}
            value={description}
            onChange={({ currentTarget }) => setDescription(currentTarget.value)}
          />
        </MakeForm>
      }
      row={(project) => (
        <Table.Tr key={project.id}>
          <Table.Td fw={600}>
            <Link to="/pipelines" search={{ project: project.name }}>
              {project.name}
            </Link>
          </Table.Td>
          <Table.Td>{project.description}</Table.Td>
          <Table.Td c="dimmed">
            <Ago at={project.created_at} />
          </Table.Td>
        </Table.Tr>
      )}
    />
  )
}
