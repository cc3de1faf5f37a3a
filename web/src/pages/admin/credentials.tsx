import { PasswordInput, Select, Table, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Key } from '../../../../src/client/client.ts'
import { client, clientWith } from '../../api/client.ts'
import { ConfirmButton } from '../../ui/confirm-button.tsx'
import { Ago } from '../../ui/time.tsx'
import { Issued, type IssuedPart } from './issued.tsx'
import { MakeForm, Part } from './part.tsx'

const KINDS = ['token', 'aksk', 'bk-app'] as const satisfies readonly Key['kind'][]

/** What programs sign in with: made here, and shown once. */
export function Credentials() {
  const { t } = useTranslation()
  const query = useQuery({ queryKey: ['keys'], queryFn: () => client.keys.list() })
  const [kind, setKind] = useState<Key['kind']>('token')
  const [label, setLabel] = useState('')
  const [code, setCode] = useState('')
  const [token, setToken] = useState('')
  const [issued, setIssued] = useState<readonly IssuedPart[] | null>(null)
  const make = async (): Promise<void> => {
    setIssued(await issue())
    setLabel('')
    setCode('')
    setToken('')
    await query.refetch()
  }
  const issue = async (): Promise<readonly IssuedPart[]> => {
    const about = label.trim()
    const asked = token.trim() === '' ? client : clientWith(token.trim())
    switch (kind) {
      case 'token':
        return [{ name: t('admin.kinds.token'), text: (await asked.tokens.create(about)).token }]
      case 'aksk': {
        const pair = await asked.keys.createAccessKey(about)
        return [
          { name: 'AK', text: pair.access_key },
          { name: 'SK', text: pair.secret_key },
        ]
      }
      case 'bk-app': {
        const app = await asked.keys.createApp(code.trim(), about)
        return [
          { name: 'bk_app_code', text: app.code },
          { name: 'bk_app_secret', text: app.secret },
        ]
      }
    }
  }
  return (
    <Part
      title={t('admin.tabs.credentials')}
      columns={[
        t('admin.label'),
        t('admin.kind'),
        t('admin.name'),
        t('admin.owner'),
        t('admin.made'),
        t('admin.expires'),
        '',
      ]}
      query={query}
      form={
        <>
          <MakeForm submit={t('admin.addKey')} onSubmit={make}>
            <Select
              label={t('admin.kind')}
              allowDeselect={false}
              w={170}
              data={KINDS.map((value) => ({ value, label: t(`admin.kinds.${value}`) }))}
              value={kind}
              onChange={(value) => setKind(value ?? 'token')}
            />
            {kind === 'bk-app' && (
              <TextInput
                label={t('admin.appCode')}
                required
                maxLength={64}
                value={code}
                onChange={({ currentTarget }) => setCode(currentTarget.value)}
              />
            )}
            <TextInput
              label={t('admin.label')}
              required
              maxLength={128}
              value={label}
              onChange={({ currentTarget }) => setLabel(currentTarget.value)}
            />
            <PasswordInput
              label={t('admin.endlessToken')}
              required={kind !== 'token'}
              w={220}
              autoComplete="off"
              placeholder="mr_…"
              value={token}
              onChange={({ currentTarget }) => setToken(currentTarget.value)}
            />
          </MakeForm>
          <Text px="md" pb="sm" c="dimmed" fz="sm">
            {t(kind === 'token' ? 'admin.endsWithSession' : 'admin.endless')}
          </Text>
          <Issued parts={issued} onClose={() => setIssued(null)} />
        </>
      }
      row={(key) => (
        <Table.Tr key={`${key.kind} ${key.name}`}>
          <Table.Td fw={600}>{key.label}</Table.Td>
          <Table.Td>{t(`admin.kinds.${key.kind}`)}</Table.Td>
          <Table.Td ff="monospace" fz="xs">
            {key.name}
          </Table.Td>
          <Table.Td>{key.user.name}</Table.Td>
          <Table.Td c="dimmed">
            <Ago at={key.created_at} />
          </Table.Td>
          <Table.Td c="dimmed">{key.expires_at === null ? t('admin.never') : <Ago at={key.expires_at} />}</Table.Td>
          <Table.Td ta="end">
            <ConfirmButton
              label={t('admin.revoke')}
              title={t('admin.revokeName', { name: key.label === '' ? key.name : key.label })}
              will={t('admin.revokeWill')}
              isDanger
              act={() => client.keys.revoke(key.kind, key.name).then(() => query.refetch())}
            />
          </Table.Td>
        </Table.Tr>
      )}
    />
  )
}
