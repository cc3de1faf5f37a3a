import { Anchor, Badge, Button, Checkbox, Group, Select, Table, Text, TextInput } from '@mantine/core'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { NewNotification, Notification } from '../../../src/client/client.ts'
import { client } from '../api/client.ts'
import { meQuery, pipelineQuery } from '../api/queries.ts'
import { ConfirmButton } from '../ui/confirm-button.tsx'
import { ToneDot } from '../ui/status.tsx'
import { WithCode } from '../ui/with-code.tsx'
import { Issued, type IssuedPart } from './admin/issued.tsx'
import { MakeForm, Part } from './admin/part.tsx'

type Event = NewNotification['events'][number]
const EVENTS = ['ended', 'failed', 'recovered', 'needs_person'] as const satisfies readonly Event[]

export const notificationsQuery = (project: string) => ({
  queryKey: ['notifications', project],
  queryFn: () => client.notifications.list(project),
  enabled: project !== '',
})

interface ToldProps {
  readonly project: string
  /** Only what is about this pipeline, and those who are told of it are told of no other; null: all of the project. */
  readonly pipeline: string | null
  readonly lead: string
  /** What stands before the fields: which project it is about. */
  readonly children?: ReactNode
}

/** Who is told of runs, and how to have somebody told. */
export function Told({ project, pipeline, lead, children }: ToldProps) {
  const { t } = useTranslation()
  const { data: me } = useSuspenseQuery(meQuery)
  const query = useQuery(notificationsQuery(project))
  const [issued, setIssued] = useState<readonly IssuedPart[] | null>(null)
  const changed = (): void => void query.refetch()
  const items = query.data?.items.filter(({ pipeline_id: of }) => pipeline === null || of === null || of === pipeline)
  const mayChange = me.role === 'admin'
  return (
    <Part
      title={t('admin.tabs.notifications')}
      columns={[
        t('admin.name'),
        t('admin.notify.to'),
        t('admin.notify.when'),
        t('admin.notify.of'),
        t('admin.state'),
        '',
      ]}
      query={{ ...query, data: items === undefined ? undefined : { items } }}
      form={
        <>
          <Text px="md" pt="md" c="dimmed" fz="sm">
            <WithCode text={lead} />
          </Text>
          {mayChange ? (
            <NewForm
              key={project}
              project={project}
              pipeline={pipeline}
              onMade={(secret) => {
                if (secret !== null) setIssued([{ name: t('admin.notify.secret'), text: secret }])
                changed()
              }}
            >
              {children}
            </NewForm>
          ) : (
            <Group p="md">{children}</Group>
          )}
          <Issued parts={issued} onClose={() => setIssued(null)} />
        </>
      }
      row={(one) => (
        <Row
          key={one.id}
          one={one}
          here={pipeline}
          // What holds for all pipelines is changed where all are seen.
          mayChange={mayChange && (pipeline === null || one.pipeline_id === pipeline)}
          onChange={changed}
          onSecret={(text) => setIssued([{ name: t('admin.notify.secretOf', { name: one.name }), text }])}
        />
      )}
    />
  )
}

interface NewFormProps {
  readonly project: string
  readonly pipeline: string | null
  readonly children: ReactNode
  readonly onMade: (secret: string | null) => void
}

function NewForm({ project, pipeline, children, onMade }: NewFormProps) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const [kind, setKind] = useState<'webhook' | 'email'>('webhook')
  const [to, setTo] = useState('')
  const [events, setEvents] = useState<readonly string[]>(['failed', 'recovered'])
  const make = async (): Promise<void> => {
    const { secret } = await client.notifications.create(project, {
      name: name.trim(),
      pipeline,
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
  return (
    <MakeForm submit={t('admin.notify.add')} onSubmit={make}>
      {children}
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
  here,
  mayChange,
  onChange,
  onSecret,
}: {
  readonly one: Notification
  /** The pipeline whose page this is. */
  readonly here: string | null
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
      <Table.Td>
        <Of pipeline={one.pipeline_id} here={here} />
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

function Of({ pipeline, here }: { readonly pipeline: string | null; readonly here: string | null }) {
  const { t } = useTranslation()
  const { data } = useQuery({ ...pipelineQuery(pipeline ?? ''), enabled: pipeline !== null && pipeline !== here })
  if (pipeline === null) return t('admin.ofProject')
  if (pipeline === here) return t('admin.notify.ofThis')
  return (
    <Anchor component={Link} to="/pipelines/$pipeline" params={{ pipeline } as never} fz="sm">
      {data?.name ?? '…'}
    </Anchor>
  )
}
