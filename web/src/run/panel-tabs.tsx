import { Anchor, Badge, Stack, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Explanation, Run, Task } from '../../../src/client/client.ts'
import { client } from '../api/client.ts'
import { language } from '../i18n/language.ts'
import { failureText, skippedText } from '../ui/said.ts'
import { StatusChip } from '../ui/status.tsx'
import { Ago, Elapsed, fullTime } from '../ui/time.tsx'
import classes from './panel.module.css'
import { artifactsQuery } from './queries.ts'
import type { Node, Selection } from './selection.ts'
import { explanationSentence } from './sentence.ts'

/** Name and value, one under the other on a narrow panel. */
function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}

const Section = ({ title, children }: { readonly title: string; readonly children: ReactNode }) => (
  <section>
    <Title order={3} mb={4}>
      {title}
    </Title>
    {children}
  </section>
)

const Quiet = ({ children }: { readonly children: ReactNode }) => (
  <Text c="dimmed" fz="sm">
    {children}
  </Text>
)

export function About({
  run,
  node,
  explanations,
}: {
  readonly run: Run
  readonly node: Node
  readonly explanations: readonly Explanation[]
}) {
  const { t } = useTranslation()
  const ids = new Set([node.id, ...(node.kind === 'stage' ? node.tasks.map(({ id }) => id) : [])])
  const why = explanations.filter((one) => one.node !== null && ids.has(one.node.id))
  const task = node.kind === 'task' ? node : null
  return (
    <Stack gap="lg">
      {why.length > 0 && (
        <Section title={t('run.panel.why')}>
          <Stack gap={6}>
            {why.slice(0, 20).map((one) => (
              <Text key={one.node?.id} fz="sm">
                {explanationSentence(t, run, one)}
              </Text>
            ))}
          </Stack>
        </Section>
      )}
      {node.skipped !== null && (
        <Section title={t('run.panel.skipped')}>
          <Text fz="sm">{skippedText(t, node.skipped)}</Text>
        </Section>
      )}
      {node.description !== '' && (
        <Section title={t('run.panel.description')}>
          <Text fz="sm" className={classes['prose'] ?? ''}>
            {node.description}
          </Text>
        </Section>
      )}
      {task?.review != null && <ReviewFacts task={task} />}
      <dl className={classes['facts']}>
        {task !== null && (
          <Fact name={t('run.panel.kind')}>
            {task.uses ?? task.work}{' '}
            {task.role !== 'other' && (
              <Badge variant="light" color="gray" size="sm" tt="none">
                {task.role}
              </Badge>
            )}
          </Fact>
        )}
        {task !== null && task.needs.length > 0 && <Fact name={t('run.panel.needs')}>{task.needs.join(', ')}</Fact>}
        {task !== null && task.labels.length > 0 && <Fact name={t('run.panel.labels')}>{task.labels.join(', ')}</Fact>}
        {task?.runner != null && <Fact name={t('run.panel.runner')}>{task.runner}</Fact>}
        {task?.queued_at != null && <Fact name={t('run.panel.queued')}>{fullTime(task.queued_at)}</Fact>}
        {node.started_at !== null && <Fact name={t('run.panel.started')}>{fullTime(node.started_at)}</Fact>}
        {node.ended_at !== null && <Fact name={t('run.panel.ended')}>{fullTime(node.ended_at)}</Fact>}
        {node.started_at !== null && (
          <Fact name={t('run.panel.took')}>
            <Elapsed from={node.started_at} to={node.ended_at} />
          </Fact>
        )}
        {task?.retry_at != null && (
          <Fact name={t('run.panel.nextTry')}>
            <Ago at={task.retry_at} />
          </Fact>
        )}
        {task?.deadline_at != null && (
          <Fact name={t('run.panel.deadline')}>
            <Ago at={task.deadline_at} />
          </Fact>
        )}
        {task?.child_run != null && (
          <Fact name={t('run.panel.child')}>
            <Anchor component={Link} to="/runs/$run" params={{ run: task.child_run } as never} underline="always">
              {t('run.panel.childOpen')}
            </Anchor>
          </Fact>
        )}
        {node.kind === 'stage' && <Fact name={t('run.panel.tasks')}>{node.tasks.length}</Fact>}
        {Object.entries(node.annotations).map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </dl>
      {node.kind === 'stage' && node.triggers !== null && (
        <Section title={t('run.panel.triggers')}>
          {node.triggers.list.map(({ name, kind, fired_at }) => (
            <Text key={name} fz="sm">
              {name} ({kind}): {fired_at === null ? t('run.panel.notFired') : <Ago at={fired_at} />}
            </Text>
          ))}
        </Section>
      )}
    </Stack>
  )
}

function ReviewFacts({ task }: { readonly task: Task }) {
  const { t } = useTranslation()
  const { review } = task
  if (review === null) return null
  return (
    <Section title={t('run.panel.review')}>
      {review.question !== '' && (
        <Text className={classes['question'] ?? ''} component="blockquote">
          {review.question}
        </Text>
      )}
      <dl className={classes['facts']}>
        <Fact name={t('run.panel.reviewers')}>
          {review.reviewers.length === 0 ? t('run.say.anyone') : review.reviewers.join(', ')}
        </Fact>
        <Fact name={t('run.panel.decisions')}>
          {review.decisions.length === 0 ? t('run.panel.noDecisions') : <Decisions of={review.decisions} />}
        </Fact>
      </dl>
    </Section>
  )
}

function Decisions({ of }: { readonly of: Task['earlier'][number]['decisions'] }) {
  const { t } = useTranslation()
  return of.map(({ by, decision, comment, at }) => (
    <span key={`${by}${at}`} className={classes['decision']}>
      {t(decision === 'approve' ? 'run.panel.approved' : 'run.panel.rejected', { by })}
      {comment !== '' && `: ${comment}`}{' '}
      <Text span c="dimmed" fz="xs">
        <Ago at={at} />
      </Text>
    </span>
  ))
}

export function Attempts({ task, selection }: { readonly task: Task; readonly selection: Selection }) {
  const { t } = useTranslation()
  const present = task.attempt === 0 ? [] : [{ ...task, decisions: task.review?.decisions ?? [] }]
  const all = [...present, ...task.earlier.toReversed()]
  if (all.length === 0) return <Quiet>{t('run.log.notBegun')}</Quiet>
  return (
    <Stack gap="xs">
      {all.map(({ attempt, status, started_at, ended_at, runner, failure, decisions }) => (
        <button
          type="button"
          key={attempt}
          className={classes['attempt']}
          onClick={() =>
            selection.change({ attempt: attempt === task.attempt ? (undefined as never) : attempt, tab: 'log' })
          }
        >
          <span className={classes['attemptHead']}>
            <strong>{t('run.panel.attemptOf', { attempt })}</strong>
            <StatusChip status={status} />
            {started_at !== null && <Elapsed from={started_at} to={ended_at} />}
            {runner !== null && <span>{runner}</span>}
          </span>
          {failure !== null && <span className={classes['why']}>{failureText(t, failure)}</span>}
          <Decisions of={decisions} />
        </button>
      ))}
    </Stack>
  )
}

export function Data({ run, task, attempt }: { readonly run: Run; readonly task: Task; readonly attempt: number }) {
  const { t } = useTranslation()
  const earlier = task.earlier.find((one) => one.attempt === attempt)
  const { inputs, outputs } = earlier ?? task
  return (
    <Stack gap="lg">
      <Section title={t('run.panel.inputs')}>
        {inputs === null ? <Quiet>{t('run.panel.noInputs')}</Quiet> : <Json value={inputs} />}
      </Section>
      <Section title={t('run.panel.outputs')}>
        {Object.keys(outputs).length === 0 ? <Quiet>{t('run.panel.noOutputs')}</Quiet> : <Json value={outputs} />}
      </Section>
      <Section title={t('run.panel.environment')}>
        <Quiet>{t('run.panel.environmentLong')}</Quiet>
        <dl className={classes['facts']}>
          {run.params.map(({ name, value }) => (
            <Fact key={name} name={name}>
              <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
            </Fact>
          ))}
        </dl>
      </Section>
    </Stack>
  )
}

const Json = ({ value }: { readonly value: unknown }) => (
  <pre className={classes['json']} tabIndex={0}>
    {JSON.stringify(value, null, 2)}
  </pre>
)

export function Artifacts({ run, task }: { readonly run: Run; readonly task: Task }) {
  const { t } = useTranslation()
  const { data } = useQuery(artifactsQuery(run))
  const own = data?.items.filter(({ node }) => node.id === task.id) ?? []
  if (own.length === 0) return <Quiet>{t('run.panel.noArtifacts')}</Quiet>
  const size = new Intl.NumberFormat(language(), {
    notation: 'compact',
    style: 'unit',
    unit: 'byte',
    unitDisplay: 'narrow',
  })
  return (
    <Table>
      <Table.Tbody>
        {own.map((one) => (
          <Table.Tr key={one.name}>
            <Table.Td>
              <Anchor
                href={`/api/v1/runs/${run.id}/artifacts/${encodeURIComponent(one.name)}`}
                download
                underline="always"
              >
                {one.name}
              </Anchor>
              <Text fz="xs" c="dimmed" className={classes['hash'] ?? ''}>
                sha256 {one.sha256}
              </Text>
            </Table.Td>
            <Table.Td ta="right" className="numbers">
              {size.format(one.size)}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

export function Tests({ run, task }: { readonly run: Run; readonly task: Task }) {
  const { t } = useTranslation()
  const { data } = useQuery({
    queryKey: ['run-tests', run.id, task.id, task.attempt, task.status],
    queryFn: ({ signal }) => client.tests.list(run.id, { node: task.id, limit: 200, signal }),
  })
  if (data === undefined || data.items.length === 0) return <Quiet>{t('run.panel.noTests')}</Quiet>
  return (
    <Stack gap={4}>
      {data.items.map((one, index) => (
        <div key={index} className={classes['test']} data-status={one.status}>
          <Badge
            variant="light"
            size="sm"
            tt="none"
            color={one.status === 'passed' ? 'teal' : one.status === 'skipped' ? 'gray' : 'red'}
          >
            {one.status}
          </Badge>
          <Text fz="sm" span>
            {one.name}
          </Text>
        </div>
      ))}
    </Stack>
  )
}

export function Findings({ run, task }: { readonly run: Run; readonly task: Task }) {
  const { t } = useTranslation()
  const { data } = useQuery({
    queryKey: ['run-findings', run.id, task.id, task.attempt, task.status],
    queryFn: ({ signal }) => client.findings.list(run.id, { node: task.id, limit: 200, signal }),
  })
  if (data === undefined || data.items.length === 0) return <Quiet>{t('run.panel.noFindings')}</Quiet>
  return (
    <Stack gap={6}>
      {data.items.map((one, index) => (
        <div key={index} className={classes['test']}>
          <Badge variant="light" size="sm" tt="none" color="gray">
            {one.severity}
          </Badge>
          <Text fz="sm" span>
            {one.message}{' '}
            <Text span c="dimmed" fz="xs">
              {one.file}
              {one.line > 0 && `:${one.line}`}
            </Text>
          </Text>
        </div>
      ))}
    </Stack>
  )
}
