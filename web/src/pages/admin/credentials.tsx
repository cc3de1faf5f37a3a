import { Alert, Button, Table, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { CopyText } from '../../ui/copy-text.tsx'
import { Ago } from '../../ui/time.tsx'
import { MakeForm, Part } from './part.tsx'

export function Credentials() {
  const { t } = useTranslation()
  const query = useQuery({ queryKey: ['keys'], queryFn: () => client.keys.list() })
  const [label, setLabel] = useState('')
  const [issued, setIssued] = useState<string | null>(null)
  const make = async (): Promise<void> => {
    const { token } = await client.tokens.create(label.trim())
    setIssued(token)
    setLabel('')
    await query.refetch()
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
          <MakeForm submit={t('admin.addToken')} onSubmit={make}>
            <TextInput
              label={t('admin.label')}
              required
              value={label}
              onChange={({ currentTarget }) => setLabel(currentTarget.value)}
            />
          </MakeForm>
          {issued !== null && (
            <Alert
              mx="md"
              mb="md"
              title={t('admin.shownOnce')}
              withCloseButton
              closeButtonLabel={t('app.keyboard.close')}
              onClose={() => setIssued(null)}
            >
              <CopyText text={issued} />
            </Alert>
          )}
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
            <Button
              size="xs"
              variant="default"
              aria-label={t('admin.revokeName', { name: key.label === '' ? key.name : key.label })}
              onClick={() => void client.keys.revoke(key.kind, key.name).then(() => query.refetch())}
            >
              {t('admin.revoke')}
            </Button>
          </Table.Td>
        </Table.Tr>
      )}
    />
  )
}
