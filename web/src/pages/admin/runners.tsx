import { Badge, Button, Group, Progress, Table, Text, TextInput } from '@mantine/core'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Runner } from '../../../../src/client/client.ts'
import { client } from '../../api/client.ts'
import { meQuery } from '../../api/queries.ts'
import { ConfirmButton } from '../../ui/confirm-button.tsx'
import { Ago } from '../../ui/time.tsx'
import { ToneDot, type Tone } from '../../ui/status.tsx'
import { Issued, type IssuedPart } from './issued.tsx'
import { MakeForm, Part } from './part.tsx'

/** Runners come and go without an event of a run. */
const LOOK_MS = 5_000

const TONES = { online: 'good', silent: 'held', draining: 'ask', offline: 'still' } as const satisfies Record<
  Runner['status'],
  Tone
>

export function Runners() {
  const { t } = useTranslation()
  const { data: me } = useSuspenseQuery(meQuery)
  const query = useQuery({
    queryKey: ['runners'],
    queryFn: ({ signal }) => client.runners.list({ signal }),
    refetchInterval: LOOK_MS,
  })
  const [name, setName] = useState('')
  const [issued, setIssued] = useState<readonly IssuedPart[] | null>(null)
  const mayChange = me.role === 'admin' && me.project_ids === null
  const add = async (): Promise<void> => {
    const { token } = await client.runners.create(name.trim())
    setIssued([
      { name: t('admin.runners.command'), text: commandOf(token) },
      { name: t('admin.runners.token'), text: token },
    ])
    setName('')
    await query.refetch()
  }
  return (
    <Part
      title={t('admin.tabs.runners')}
      columns={[
        t('admin.name'),
        t('admin.state'),
        t('admin.runners.load'),
        t('admin.runners.labels'),
        t('admin.runners.seen'),
        t('admin.about.version'),
        '',
      ]}
      query={query}
      form={
        <>
          <Text px="md" pt="md" c="dimmed" fz="sm">
            {t('admin.runners.lead')}
          </Text>
          {mayChange && (
            <MakeForm submit={t('admin.runners.add')} onSubmit={add}>
              <TextInput
                label={t('admin.name')}
                placeholder="builder-1"
                required
                maxLength={64}
                autoComplete="off"
                value={name}
                onChange={({ currentTarget }) => setName(currentTarget.value)}
              />
            </MakeForm>
          )}
          <Issued parts={issued} onClose={() => setIssued(null)} />
        </>
      }
      row={(runner) => (
        <Row key={runner.id} runner={runner} mayChange={mayChange} onChange={() => void query.refetch()} />
      )}
    />
  )
}

/** Ready to be pasted on the other machine; the token is in the environment, where other users do not see it. */
const commandOf = (token: string): string =>
  `MILLRACE_RUNNER_TOKEN=${token} millrace runner --url ${window.location.origin} --slots 2`

function Row({
  runner,
  mayChange,
  onChange,
}: {
  readonly runner: Runner
  readonly mayChange: boolean
  readonly onChange: () => void
}) {
  const { t } = useTranslation()
  const { name, kind, labels, slots, busy, status, paused } = runner
  const state = paused ? t('admin.runners.paused') : t(`admin.runners.states.${status}`)
  const load = t('admin.runners.of', { busy, slots })
  const change = (act: () => Promise<unknown>) => async (): Promise<void> => {
    await act()
    onChange()
  }
  return (
    <Table.Tr data-runner={name}>
      <Table.Td fw={600}>
        {name}
        <Text fz="xs" c="dimmed" fw={400}>
          {t(`admin.runners.kinds.${kind}`)}
        </Text>
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <ToneDot tone={paused ? 'ask' : TONES[status]} /> {state}
      </Table.Td>
      <Table.Td miw={110}>
        <Text fz="sm" className="numbers">
          {load}
        </Text>
        <Progress value={(100 * busy) / slots} size="sm" aria-label={`${name}: ${load}`} />
      </Table.Td>
      <Table.Td maw={320}>
        <Group gap={4}>
          {labels.map((label) => (
            <Badge key={label} variant="light" color="gray" size="sm" tt="none" fw={500}>
              {label}
            </Badge>
          ))}
        </Group>
      </Table.Td>
      <Table.Td c="dimmed" style={{ whiteSpace: 'nowrap' }}>
        {runner.last_seen_at === null ? t('admin.never') : <Ago at={runner.last_seen_at} />}
      </Table.Td>
      <Table.Td c="dimmed">{runner.version ?? ''}</Table.Td>
      <Table.Td ta="end">
        {mayChange && (
          <Group gap={6} justify="flex-end" wrap="nowrap">
            {paused ? (
              <Button
                size="xs"
                aria-label={t('admin.runners.resumeName', { name })}
                onClick={() => void change(() => client.runners.resume(runner.id))()}
              >
                {t('admin.runners.resume')}
              </Button>
            ) : (
              <ConfirmButton
                label={t('admin.runners.pause')}
                title={t('admin.runners.pauseName', { name })}
                will={t('admin.runners.pauseWill', { name })}
                act={change(() => client.runners.pause(runner.id))}
              />
            )}
            {kind === 'remote' && (
              <ConfirmButton
                label={t('admin.remove')}
                title={t('admin.removeName', { name })}
                will={t(busy === 0 ? 'admin.runners.removeWill' : 'admin.runners.removeBusyWill', {
                  name,
                  count: busy,
                })}
                isDanger
                act={change(() => client.runners.remove(runner.id))}
              />
            )}
          </Group>
        )}
      </Table.Td>
    </Table.Tr>
  )
}
