import { Button, PasswordInput, Select, Table, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { Ago } from '../../ui/time.tsx'
import { MakeForm, Part } from './part.tsx'

const ROLES = ['viewer', 'operator', 'admin'] as const
type Role = (typeof ROLES)[number]

export function Users() {
  const { t } = useTranslation()
  const query = useQuery({ queryKey: ['users'], queryFn: () => client.users.list() })
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [role, setRole] = useState<Role>('operator')
  const roles = ROLES.map((value) => ({ value, label: t(`admin.roles.${value}`) }))
  const make = async (): Promise<void> => {
    await client.users.create({ name: name.trim(), password, role })
    setName('')
    setPassword('')
    await query.refetch()
  }
  return (
    <Part
      title={t('admin.tabs.users')}
      columns={[t('admin.name'), t('admin.role'), t('admin.state'), t('admin.made'), '']}
      query={query}
      form={
        <MakeForm submit={t('admin.addUser')} onSubmit={make}>
          <TextInput
            label={t('admin.name')}
            required
            autoComplete="off"
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          <PasswordInput
            label={t('admin.password')}
            required
            w={200}
            autoComplete="new-password"
            value={password}
            onChange={({ currentTarget }) => setPassword(currentTarget.value)}
          />
          <Select
            label={t('admin.role')}
            data={roles}
            value={role}
            allowDeselect={false}
            onChange={(value) => setRole(value ?? 'operator')}
          />
        </MakeForm>
      }
      row={(user) => {
        const off = user.disabled_at !== null
        const act = off ? 'enable' : 'disable'
        return (
          <Table.Tr key={user.id}>
            <Table.Td fw={600}>{user.name}</Table.Td>
            <Table.Td>{t(`admin.roles.${user.role}`)}</Table.Td>
            <Table.Td>{off ? t('admin.disabled') : t('admin.active')}</Table.Td>
            <Table.Td c="dimmed">
              <Ago at={user.created_at} />
            </Table.Td>
            <Table.Td ta="end">
              <Button
                size="xs"
                variant="default"
                aria-label={t(`admin.${act}Name`, { name: user.name })}
                onClick={() => void client.users.change(user.id, { disabled: !off }).then(() => query.refetch())}
              >
                {t(`admin.${act}`)}
              </Button>
            </Table.Td>
          </Table.Tr>
        )
      }}
    />
  )
}
