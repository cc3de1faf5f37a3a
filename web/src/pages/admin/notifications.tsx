import { Anchor, Badge, Button, Checkbox, Group, Select, Stack, Table, Text, TextInput } from '@mantine/core'
import { useInfiniteQuery, useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Delivery, NewNotification, Notification } from '../../../../src/client/client.ts'
import { client } from '../../api/client.ts'
import { meQuery, projectsQuery } from '../../api/queries.ts'
import { ConfirmButton } from '../../ui/confirm-button.tsx'
import { ToneDot, type Tone } from '../../ui/status.tsx'
import { Ago } from '../../ui/time.tsx'
import { Issued, type IssuedPart } from './issued.tsx'
import { MakeForm, Part } from './part.tsx'

type Event = NewNotification['events'][number]
const EVENTS = ['ended', 'failed', 'recovered', 'needs_person'] as const satisfies readonly Event[]
const STATES = ['waiting', 'delivered', 'dead', 'superseded'] as const satisfies readonly Delivery['state'][]
const TONES = { waiting: 'busy', delivered: 'good', dead: 'bad', superseded: 'still' } as const satisfies Record<
  Delivery['state'],
  Tone
>
/** What waits is sent without an event of a run. */
const LOOK_MS = 3_000

/** Who is told of runs of a project, and what became of it. */
export function Notifications() {
  const { t } = useTranslation()
  const { data: me } = useSuspenseQuery(meQuery)
  const projects = useQuery(projectsQuery)
  const names = projects.data?.items.map(({ name }) => name) ?? []
  const [chosen, setChosen] = useState<string | null>(null)
  const project = chosen ?? names[0] ?? ''
  const query = useQuery({
    queryKey: ['notifications', project],
    queryFn: () => client.notifications.list(project),
    enabled: project !== '',
  })
  const [issued, setIssued] = useState<readonly IssuedPart[] | null>(null)
  const changed = (): void => void query.refetch()
  return (
    <Stack gap="lg">
      <Part
        title={t('admin.tabs.notifications')}
        columns={[t('admin.name'), t('admin.notify.to'), t('admin.notify.when'), t('admin.state'), '']}
        query={query}
        form={
          <>
            <Text px="md" pt="md" c="dimmed" fz="sm">
              {t('admin.notify.lead')}
            </Text>
            <NewForm
              key={project}
              project={project}
              projects={names}
              onProject={setChosen}
              mayChange={me.role === 'admin'}
              onMade={(secret) => {
                if (secret !== null) setIssued([{ name: t('admin.notify.secret'), text: secret }])
                changed()
              }}
            />
            <Issued parts={issued} onClose={() => setIssued(null)} />
          </>
        }
        row={(one) => (
          <Row
            key={one.id}
            one={one}
            mayChange={me.role === 'admin'}
            onChange={changed}
            onSecret={(text) => setIssued([{ name: t('admin.notify.secretOf', { name: one.name }), text }])}
          />
        )}
      />
      <Deliveries project={project} notifications={query.data?.items ?? []} />
    </Stack>
  )
}

interface NewFormProps {
  readonly project: string
  readonly projects: readonly string[]
  readonly onProject: (project: string | null) => void
  readonly mayChange: boolean
  readonly onMade: (secret: string | null) => void
}

function NewForm({ project, projects, onProject, mayChange, onMade }: NewFormProps) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const [kind, setKind] = useState<'webhook' | 'email'>('webhook')
  const [to, setTo] = useState('')
  const [events, setEvents] = useState<readonly string[]>(['failed', 'recovered'])
  const make = async (): Promise<void> => {
    const { secret } = await client.notifications.create(project, {
      name: name.trim(),
      events: EVENTS.filter((event) => events.includes(event)),
      to:
        kind === 'webhook'
          ? { kind, url: to.trim() }
          : {
              kind,
              addresses: to
                .split(/[\s,;]+/)
                .map((address) => address.trim())
                .filter((address) => address !== ''),
            },
    })
    setName('')
    setTo('')
    onMade(secret)
  }
  const select = (
    <Select
      label={t('home.filter.project')}
      data={projects}
      value={project}
      onChange={onProject}
      allowDeselect={false}
      w={180}
    />
  )
  if (!mayChange) return <Group p="md">{select}</Group>
  return (
    <MakeForm submit={t('admin.notify.add')} onSubmit={make}>
      {select}
      <TextInput
        label={t('admin.name')}
        required
        maxLength={128}
        w={160}
        value={name}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
      />
      <Select
        label={t('admin.notify.by')}
        w={130}
        allowDeselect={false}
        data={[
          { value: 'webhook', label: t('admin.notify.webhook') },
          { value: 'email', label: t('admin.notify.email') },
        ]}
        value={kind}
        onChange={(value) => setKind(value ?? 'webhook')}
      />
      <TextInput
        label={t(kind === 'webhook' ? 'admin.notify.url' : 'admin.notify.addresses')}
        placeholder={kind === 'webhook' ? 'https://example.com/hook' : 'ops@example.com'}
        required
        miw={260}
        flex="1 1 16rem"
        maxLength={2_048}
        value={to}
        onChange={({ currentTarget }) => setTo(currentTarget.value)}
      />
      <Checkbox.Group label={t('admin.notify.when')} value={[...events]} onChange={setEvents}>
        <Group gap="sm" mih={36}>
          {EVENTS.map((event) => (
            <Checkbox key={event} value={event} label={t(`admin.notify.events.${event}`)} />
          ))}
        </Group>
      </Checkbox.Group>
    </MakeForm>
  )
}

function Row({
  one,
  mayChange,
  onChange,
  onSecret,
}: {
  readonly one: Notification
  readonly mayChange: boolean
  readonly onChange: () => void
  readonly onSecret: (secret: string) => void
}) {
  const { t } = useTranslation()
  const { id, name, to, events, disabled } = one
  return (
    <Table.Tr data-notification={name}>
      <Table.Td fw={600}>{name}</Table.Td>
      <Table.Td style={{ overflowWrap: 'anywhere' }} miw={200}>
        {to.kind === 'webhook' ? to.url : to.addresses.join(', ')}
      </Table.Td>
      <Table.Td>
        <Group gap={4}>
          {events.map((event) => (
            <Badge key={event} variant="light" color="gray" size="sm" tt="none" fw={500}>
              {t(`admin.notify.events.${event}`)}
            </Badge>
          ))}
        </Group>
      </Table.Td>
      <Table.Td title={disabled?.reason}>
        <ToneDot tone={disabled === null ? 'good' : 'bad'} />{' '}
        {disabled === null ? t('admin.active') : t('admin.disabled')}
      </Table.Td>
      <Table.Td ta="end">
        {mayChange && (
          <Group gap={6} justify="flex-end" wrap="nowrap">
            {disabled === null ? (
              <ConfirmButton
                label={t('admin.notify.test')}
                title={t('admin.notify.testName', { name })}
                will={t('admin.notify.testWill')}
                act={() => client.notifications.test(id)}
              />
            ) : (
              <Button
                size="xs"
                variant="default"
                aria-label={t('admin.enableName', { name })}
                onClick={() => void client.notifications.enable(id).then(onChange)}
              >
                {t('admin.enable')}
              </Button>
            )}
            {to.kind === 'webhook' && (
              <ConfirmButton
                label={t('admin.notify.rotate')}
                title={t('admin.notify.rotateName', { name })}
                will={t('admin.notify.rotateWill')}
                act={async () => onSecret((await client.notifications.rotate(id)).secret)}
              />
            )}
            <ConfirmButton
              label={t('admin.remove')}
              title={t('admin.removeName', { name })}
              will={t('admin.notify.removeWill', { name })}
              isDanger
              act={() => client.notifications.remove(id).then(onChange)}
            />
          </Group>
        )}
      </Table.Td>
    </Table.Tr>
  )
}

function Deliveries({
  project,
  notifications,
}: {
  readonly project: string
  readonly notifications: readonly Notification[]
}) {
  const { t } = useTranslation()
  const [state, setState] = useState<Delivery['state'] | null>(null)
  const query = useInfiniteQuery({
    queryKey: ['deliveries', project, state],
    queryFn: ({ pageParam }) =>
      client.notifications.deliveries({ project, cursor: pageParam, ...(state === null ? {} : { state }) }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    enabled: project !== '',
    refetchInterval: LOOK_MS,
  })
  const items = query.data?.pages.flatMap((page) => page.items) ?? []
  const nameOf = ({ target }: Delivery): string => notifications.find(({ id }) => id === target)?.name ?? target
  return (
    <Part
      title={t('admin.notify.deliveries')}
      columns={[
        t('admin.at'),
        t('admin.notify.to'),
        t('admin.state'),
        t('admin.notify.tries'),
        t('admin.notify.came'),
        t('admin.notify.run'),
        '',
      ]}
      query={{ ...query, data: query.data === undefined ? undefined : { items } }}
      none={t(state === null ? 'admin.notify.noDeliveries' : 'admin.notify.noneLikeThat')}
      form={
        <Group p="md" justify="space-between">
          <Text fw={600}>{t('admin.notify.deliveries')}</Text>
          <Select
            aria-label={t('admin.state')}
            placeholder={t('admin.notify.anyState')}
            clearable
            clearButtonProps={{ 'aria-label': t('admin.notify.anyState') }}
            w={180}
            data={STATES.map((value) => ({ value, label: t(`admin.notify.states.${value}`) }))}
            value={state}
            onChange={setState}
          />
        </Group>
      }
      more={query.hasNextPage ? () => void query.fetchNextPage() : undefined}
      row={(one) => (
        <Table.Tr key={one.id} data-state={one.state}>
          <Table.Td c="dimmed" style={{ whiteSpace: 'nowrap' }}>
            <Ago at={one.created_at} />
          </Table.Td>
          <Table.Td style={{ overflowWrap: 'anywhere' }}>{nameOf(one)}</Table.Td>
          <Table.Td style={{ whiteSpace: 'nowrap' }}>
            <ToneDot tone={TONES[one.state]} /> {t(`admin.notify.states.${one.state}`)}
            {one.state === 'waiting' && one.next_at !== null && one.tries > 0 && (
              <Text span fz="xs" c="dimmed">
                {' '}
                <Ago at={one.next_at} />
              </Text>
            )}
          </Table.Td>
          <Table.Td className="numbers">{one.tries}</Table.Td>
          <Table.Td style={{ overflowWrap: 'anywhere' }} fz="sm" c="dimmed">
            {one.error ?? ''}
          </Table.Td>
          <Table.Td>
            {one.run_id === null ? (
              <Text span fz="sm" c="dimmed">
                {t('admin.notify.isTest')}
              </Text>
            ) : (
              <Anchor component={Link} to="/runs/$run" params={{ run: one.run_id } as never} fz="sm">
                {t('admin.notify.openRun')}
              </Anchor>
            )}
          </Table.Td>
          <Table.Td ta="end">
            {(one.state === 'dead' || one.state === 'delivered') && (
              <ConfirmButton
                label={t('admin.notify.replay')}
                title={t('admin.notify.replayName', { name: nameOf(one) })}
                will={t('admin.notify.replayWill')}
                act={() => client.notifications.replay(one.id).then(() => query.refetch())}
              />
            )}
          </Table.Td>
        </Table.Tr>
      )}
    />
  )
}
