import { Button, Group, Modal, MultiSelect, PasswordInput, Select, Stack, Table, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { UserAccount } from '../../../../src/client/client.ts'
import { client } from '../../api/client.ts'
import { projectsQuery } from '../../api/queries.ts'
import { ConfirmButton } from '../../ui/confirm-button.tsx'
import { FormEnd } from '../../ui/form-end.tsx'
import { problemText } from '../../ui/said.ts'
import { Ago } from '../../ui/time.tsx'
import { MakeForm, Part } from './part.tsx'

const ROLES = ['viewer', 'operator', 'admin'] as const
type Role = (typeof ROLES)[number]

function useRoles() {
  const { t } = useTranslation()
  return ROLES.map((value) => ({ value, label: t(`admin.roles.${value}`) }))
}

export function Users() {
  const { t } = useTranslation()
  const query = useQuery({ queryKey: ['users'], queryFn: () => client.users.list() })
  const projects = useQuery(projectsQuery)
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [role, setRole] = useState<Role>('operator')
  const [changing, setChanging] = useState<UserAccount | null>(null)
  const roles = useRoles()
  const make = async (): Promise<void> => {
    await client.users.create({ name: name.trim(), password, role })
    setName('')
    setPassword('')
    await query.refetch()
  }
  const nameOf = (id: string): string => projects.data?.items.find((one) => one.id === id)?.name ?? id
  return (
    <>
      <Part
        title={t('admin.tabs.users')}
        columns={[t('admin.name'), t('admin.role'), t('admin.tabs.projects'), t('admin.state'), t('admin.made'), '']}
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
            <Table.Tr key={user.id} data-user={user.name}>
              <Table.Td fw={600}>{user.name}</Table.Td>
              <Table.Td>{t(`admin.roles.${user.role}`)}</Table.Td>
              <Table.Td c="dimmed">
                {user.project_ids === null ? t('admin.allProjects') : user.project_ids.map(nameOf).join(', ')}
              </Table.Td>
              <Table.Td>{off ? t('admin.disabled') : t('admin.active')}</Table.Td>
              <Table.Td c="dimmed">
                <Ago at={user.created_at} />
              </Table.Td>
              <Table.Td ta="end">
                <Group gap={6} justify="flex-end" wrap="nowrap">
                  <Button
                    size="xs"
                    variant="default"
                    aria-label={t('admin.changeName', { name: user.name })}
                    onClick={() => setChanging(user)}
                  >
                    {t('admin.change')}
                  </Button>
                  <ConfirmButton
                    label={t(`admin.${act}`)}
                    title={t(`admin.${act}Name`, { name: user.name })}
                    will={t(`admin.${act}Will`, { name: user.name })}
                    isDanger={!off}
                    act={() => client.users.change(user.id, { disabled: !off }).then(() => query.refetch())}
                  />
                </Group>
              </Table.Td>
            </Table.Tr>
          )
        }}
      />
      <Modal
        opened={changing !== null}
        onClose={() => setChanging(null)}
        title={t('admin.changeName', { name: changing?.name ?? '' })}
        closeButtonProps={{ 'aria-label': t('app.confirm.back') }}
      >
        {changing !== null && (
          <Change
            key={changing.id}
            user={changing}
            projects={projects.data?.items ?? []}
            onClose={() => setChanging(null)}
            onChanged={() => void query.refetch()}
          />
        )}
      </Modal>
    </>
  )
}

interface ChangeProps {
  readonly user: UserAccount
  readonly projects: readonly { readonly id: string; readonly name: string }[]
  readonly onClose: () => void
  readonly onChanged: () => void
}

/** Role, projects and password of somebody; what is left as it was is not sent. */
function Change({ user, projects, onClose, onChanged }: ChangeProps) {
  const { t } = useTranslation()
  const roles = useRoles()
  const [role, setRole] = useState<Role>(user.role)
  const [chosen, setChosen] = useState<string[]>([...(user.project_ids ?? [])])
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const before = [...(user.project_ids ?? [])]
  const save = async (): Promise<void> => {
    setBusy(true)
    setProblem(null)
    try {
      await client.users.change(user.id, {
        ...(role === user.role ? {} : { role }),
        ...(chosen.join() === before.join() ? {} : { projects: chosen.length === 0 ? null : chosen }),
        ...(password === '' ? {} : { password }),
      })
      onChanged()
      onClose()
    } catch (error) {
      setProblem(problemText(t, error))
      setBusy(false)
    }
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <Stack>
        <Select
          label={t('admin.role')}
          description={t(`admin.roleMay.${role}`)}
          data={roles}
          value={role}
          allowDeselect={false}
          onChange={(value) => setRole(value ?? user.role)}
        />
        <MultiSelect
          label={t('admin.tabs.projects')}
          placeholder={chosen.length === 0 ? t('admin.allProjects') : ''}
          data={projects.map(({ id, name }) => ({ value: id, label: name }))}
          value={chosen}
          onChange={setChosen}
          clearable
          clearButtonProps={{ 'aria-label': t('admin.allProjects') }}
        />
        <PasswordInput
          label={t('admin.newPassword')}
          description={t('admin.newPasswordHint')}
          autoComplete="new-password"
          value={password}
          onChange={({ currentTarget }) => setPassword(currentTarget.value)}
        />
        <Text fz="sm" c="dimmed">
          {t('admin.changeWill')}
        </Text>
        <FormEnd problem={problem} submit={t('admin.save')} busy={busy} onBack={onClose} />
      </Stack>
    </form>
  )
}
