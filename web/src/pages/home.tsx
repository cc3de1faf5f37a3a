import { ActionIcon, Button, Group, Progress, Text, TextInput } from '@mantine/core'
import { IconMaximize, IconMinimize, IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Overview } from '../../../src/client/client.ts'
import { overviewQuery } from '../api/queries.ts'
import { useShortcuts } from '../app/keyboard.tsx'
import { readHomeSearch } from '../app/search.ts'
import { language } from '../i18n/language.ts'
import { ActButton, actionsFor } from '../ui/act.tsx'
import { PageFrame, Section } from '../ui/page.tsx'
import { ProjectSelect } from '../ui/project-select.tsx'
import { useRowKeys } from '../ui/row-keys.ts'
import { CauseText, RunName } from '../ui/run-name.tsx'
import { failureText } from '../ui/said.ts'
import { StatusChip, StatusMark, type Tone } from '../ui/status.tsx'
import { Failed, Loading, Message } from '../ui/states.tsx'
import { Ago, Elapsed } from '../ui/time.tsx'
import classes from './home.module.css'

const route = getRouteApi('/inside/')
/** The router also thinks of the search of an address above, which has none of these. */
interface HomeSearch {
  readonly project?: string
  readonly text?: string
  readonly wall?: true
}

export function HomePage() {
  const { t } = useTranslation()
  const { project, text, wall } = route.useSearch() as HomeSearch
  const navigate = route.useNavigate()
  const overview = useQuery(overviewQuery({ project, text }))
  useRowKeys()
  const show = (next: { project?: string | undefined; text?: string | undefined; wall?: true | undefined }): void =>
    void navigate({ search: readHomeSearch({ project, text, wall, ...next }), replace: true })
  useShortcuts([
    { keys: 'w', label: t('home.wall.enter'), run: () => show({ wall: wall === true ? undefined : true }) },
  ])
  const filter = (
    <>
      <TextInput
        aria-label={t('home.filter.text')}
        placeholder={t('home.filter.textHint')}
        leftSection={<IconSearch size={16} aria-hidden />}
        data-search
        w={180}
        defaultValue={text ?? ''}
        onChange={({ currentTarget: { value } }) => show({ text: value })}
      />
      <ProjectSelect value={project} onChange={(value) => show({ project: value })} />
    </>
  )
  const wallButton = (
    <ActionIcon
      variant="default"
      size="input-sm"
      onClick={() => show({ wall: wall === true ? undefined : true })}
      aria-label={wall === true ? t('home.wall.leave') : t('home.wall.enter')}
      title={t('home.wall.hint')}
    >
      {wall === true ? <IconMinimize size={18} /> : <IconMaximize size={18} />}
    </ActionIcon>
  )
  return (
    <PageFrame
      title={t('home.title')}
      actions={
        <>
          {wall !== true && filter}
          {wallButton}
        </>
      }
    >
      {overview.isPending && <Loading rows={8} />}
      {overview.isError && overview.data === undefined && (
        <Failed error={overview.error} onRetry={() => void overview.refetch()} />
      )}
      {overview.data !== undefined && (
        <Told overview={overview.data} filtered={project !== undefined || text !== undefined} />
      )}
    </PageFrame>
  )
}

function Told({ overview, filtered }: { readonly overview: Overview; readonly filtered: boolean }) {
  const { t } = useTranslation()
  const { counters, needs_person: asking, running, queued, failed } = overview
  const quiet = Object.values(counters).every((count) => count === 0) && failed.length === 0
  if (quiet && !filtered) return <FirstSteps />
  return (
    <>
      <Counters counters={counters} />
      <Section title={t('home.needsYou')} count={counters.needs_person}>
        <Rows none={t('home.noneNeeded')}>
          {fewOfEach(asking).map(({ asked, more }) => (
            <AskedRow key={`${asked.run.id} ${asked.node?.id ?? ''} ${asked.kind}`} asked={asked} more={more} />
          ))}
        </Rows>
      </Section>
      <div className={classes['columns']}>
        <Section title={t('home.running')} count={counters.running}>
          <Rows none={t('home.noneRunning')}>
            {running.map((one) => (
              <RunningRow key={one.run.id} one={one} />
            ))}
          </Rows>
        </Section>
        <Section title={t('home.queued')} count={counters.queued}>
          <Rows none={t('home.noneQueued')}>
            {queued.map((one) => (
              <QueuedRow key={one.run.id} one={one} />
            ))}
          </Rows>
        </Section>
      </div>
      <Section title={t('home.recentlyFailed')}>
        <Rows none={t('home.noneFailed')}>
          {failed.map(({ run, failure }) => (
            <li key={run.id} className={classes['row']}>
              <StatusMark status={run.status} />
              <div className={classes['main']}>
                <RunName run={run} />
                {failure !== null && (
                  <Text fz="sm" className={classes['quiet'] ?? ''} lineClamp={2}>
                    {failure.node.name}: {failureText(t, failure.failure)}
                  </Text>
                )}
              </div>
              <Text fz="sm" className={classes['aside'] ?? ''}>
                <CauseText cause={run.cause} /> · <Ago at={run.ended_at ?? run.updated_at} />
              </Text>
            </li>
          ))}
        </Rows>
      </Section>
    </>
  )
}

function FirstSteps() {
  const { t } = useTranslation()
  return (
    <Message icon={null} title={t('home.fresh.title')}>
      <Text c="dimmed">{t('home.fresh.lead')}</Text>
      <Button component={Link} to="/pipelines">
        {t('home.fresh.action')}
      </Button>
    </Message>
  )
}

const NUMBERS = [
  { name: 'needsYou', field: 'needs_person', tone: 'ask', status: undefined },
  { name: 'running', field: 'running', tone: 'busy', status: 'running' },
  { name: 'queued', field: 'queued', tone: 'still', status: 'queued' },
  { name: 'failed', field: 'failed_24h', tone: 'bad', status: 'failed' },
  { name: 'succeeded', field: 'succeeded_24h', tone: 'good', status: 'succeeded' },
] as const satisfies readonly { readonly tone: Tone; readonly [key: string]: unknown }[]

function Counters({ counters }: { readonly counters: Overview['counters'] }) {
  const { t } = useTranslation()
  const number = new Intl.NumberFormat(language())
  return (
    <ul className={classes['counters']} aria-label={t('home.counters')}>
      {NUMBERS.map(({ name, field, tone, status }) => (
        <li key={name}>
          <Link
            to="/runs"
            search={status === undefined ? { needs: true } : { status }}
            className={classes['counter'] ?? ''}
            data-tone={counters[field] > 0 ? tone : 'none'}
          >
            <span className={classes['number']}>{number.format(counters[field])}</span>
            <span className={classes['label']}>{t(`home.${name}`)}</span>
          </Link>
        </li>
      ))}
    </ul>
  )
}

function Rows({ none, children }: { readonly none: string; readonly children: readonly ReactNode[] }) {
  if (children.length === 0) {
    return (
      <Text fz="sm" px="md" py="sm" className={classes['quiet'] ?? ''}>
        {none}
      </Text>
    )
  }
  return <ul className={classes['rows']}>{children}</ul>
}

type Asked = Overview['needs_person'][number]

/** Of one run so many: the rest of what it asks stands on its own page, and hides no other run here. */
const OF_A_RUN_MAX = 3

/** `more`: how many of the same run are left out after it. */
function fewOfEach(asking: readonly Asked[]): readonly { readonly asked: Asked; readonly more: number }[] {
  const counts = new Map<string, number>()
  for (const { run } of asking) counts.set(run.id, (counts.get(run.id) ?? 0) + 1)
  const seen = new Map<string, number>()
  return asking.flatMap((asked) => {
    const place = (seen.get(asked.run.id) ?? 0) + 1
    seen.set(asked.run.id, place)
    if (place > OF_A_RUN_MAX) return []
    return [{ asked, more: place === OF_A_RUN_MAX ? (counts.get(asked.run.id) ?? 0) - OF_A_RUN_MAX : 0 }]
  })
}

function AskedRow({ asked, more }: { readonly asked: Asked; readonly more: number }) {
  const { t } = useTranslation()
  const { run, kind, node, review, failure, reviewers, since, until } = asked
  const headline = t(`home.asks.${kind}`, { node: node?.name ?? '' })
  const approved = review?.decisions.filter(({ decision }) => decision === 'approve').length ?? 0
  return (
    <li className={classes['row']} data-kind={kind}>
      <StatusMark status={MARKS[kind]} size={22} />
      <div className={classes['main']}>
        <RunName run={run} />
        <Text fz="sm">
          <b>{headline}</b>
          {review !== null && node !== null && ` ${node.name}`}
          {review !== null && review.question !== '' && `: ${review.question}`}
          {failure !== null && `: ${node?.name ?? ''} · ${failureText(t, failure)}`}
        </Text>
        <Text fz="xs" className={classes['quiet'] ?? ''}>
          {review !== null && (
            <>
              {t('home.approvals', { done: approved, required: review.required })}{' '}
              {t('home.by', { names: reviewers.length === 0 ? t('home.anyone') : reviewers.join(', ') })}
              {' · '}
            </>
          )}
          {t('home.since')} <Elapsed from={since} to={null} />
          {until !== null && (
            <span className={classes['deadline']}>
              {' · '}
              {t('home.ends')} <Ago at={until} />
            </span>
          )}
        </Text>
        {more > 0 && (
          <Link
            to="/runs/$run"
            params={{ run: run.id }}
            search={{ view: 'table' } as never}
            className={classes['more'] ?? ''}
          >
            {t('home.moreOfRun', { count: more })}
          </Link>
        )}
      </div>
      <Group gap={6} className={classes['actions'] ?? ''}>
        {actionsFor(asked).map((action) => (
          <ActButton key={action} asked={asked} action={action} />
        ))}
      </Group>
    </li>
  )
}

const MARKS = {
  start: 'waiting',
  review: 'reviewing',
  held: 'held',
  paused: 'paused',
  'paused-node': 'paused',
  callback: 'waiting',
  trigger: 'waiting',
} as const satisfies Record<Overview['needs_person'][number]['kind'], string>

function RunningRow({ one: { run, done, total, nodes } }: { readonly one: Overview['running'][number] }) {
  const { t } = useTranslation()
  const text = t('home.progress', { done, total })
  return (
    <li className={classes['row']}>
      <StatusMark status={run.status} />
      <div className={classes['main']}>
        <Group justify="space-between" gap="xs" wrap="nowrap">
          <RunName run={run} />
          <Text fz="sm" className={classes['quiet'] ?? ''}>
            <Elapsed from={run.started_at ?? run.created_at} to={null} />
          </Text>
        </Group>
        <Group gap="sm" wrap="nowrap">
          <Progress
            value={total === 0 ? 0 : (100 * done) / total}
            flex={1}
            size="sm"
            aria-label={`${run.pipeline_name} #${run.number}: ${text}`}
          />
          <Text fz="xs" className={classes['quiet'] ?? ''} style={{ whiteSpace: 'nowrap' }}>
            {text}
          </Text>
        </Group>
        {nodes.length > 0 && (
          <Text fz="xs" className={classes['quiet'] ?? ''} truncate>
            {nodes.map(({ name }) => name).join(', ')}
          </Text>
        )}
      </div>
    </li>
  )
}

function QueuedRow({ one: { run, reason } }: { readonly one: Overview['queued'][number] }) {
  const { t } = useTranslation()
  return (
    <li className={classes['row']}>
      <StatusMark status={run.status} />
      <div className={classes['main']}>
        <Group justify="space-between" gap="xs" wrap="nowrap">
          <RunName run={run} />
          <Text fz="sm" className={classes['quiet'] ?? ''}>
            <Elapsed from={run.created_at} to={null} />
          </Text>
        </Group>
        {reason !== null && (
          <Text fz="sm" className={classes['quiet'] ?? ''} title={reason.sentence}>
            {language() === 'en' ? reason.sentence : t(`reason.${reason.code}`)}
            {reason.position !== null &&
              language() !== 'en' &&
              `，${t('reason.position', { position: reason.position })}`}
          </Text>
        )}
      </div>
      {run.status === 'waiting' && <StatusChip status={run.status} />}
    </li>
  )
}
