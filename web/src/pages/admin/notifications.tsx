import { Anchor, Group, Select, Stack, Table, Text } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Delivery, Notification } from '../../../../src/client/client.ts'
import { client } from '../../api/client.ts'
import { projectsQuery } from '../../api/queries.ts'
import { ConfirmButton } from '../../ui/confirm-button.tsx'
import { ToneDot, type Tone } from '../../ui/status.tsx'
import { Ago } from '../../ui/time.tsx'
import { notificationsQuery, Told } from '../told.tsx'
import { Part } from './part.tsx'

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
  const projects = useQuery(projectsQuery)
  const names = projects.data?.items.map(({ name }) => name) ?? []
  const [chosen, setChosen] = useState<string | null>(null)
  const project = chosen ?? names[0] ?? ''
  const query = useQuery(notificationsQuery(project))
  return (
    <Stack gap="lg">
      <Told project={project} pipeline={null} lead={t('admin.notify.lead')}>
        <Select
          label={t('home.filter.project')}
          data={names}
          value={project}
          onChange={setChosen}
          allowDeselect={false}
          w={180}
        />
      </Told>
      <Deliveries project={project} notifications={query.data?.items ?? []} />
    </Stack>
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
