import { Anchor, Group, Progress, Text, Title, Tooltip } from '@mantine/core'
import { IconBolt, IconBraces, IconHourglass, IconPhoto } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { Estimate, Explanation, Run } from '../../../src/client/client.ts'
import { language } from '../i18n/language.ts'
import { useNow } from '../ui/clock.ts'
import { durationText } from '../ui/duration.ts'
import { StatusChip } from '../ui/status.tsx'
import { Ago, Elapsed } from '../ui/time.tsx'
import { ActionBar } from './action-bar.tsx'
import { runChoices } from './actions.ts'
import { Commit } from './commit.tsx'
import classes from './header.module.css'
import { estimateQuery } from './queries.ts'
import { progressOf, runSentence } from './sentence.ts'
import { useCalm } from './use-run.ts'

interface HeaderProps {
  readonly run: Run
  readonly explanations: readonly Explanation[]
  readonly mayOperate: boolean
}

/** Where it is, why, and what can be done now. */
export function RunHeader({ run, explanations, mayOperate }: HeaderProps) {
  const { t } = useTranslation()
  const title = run.annotations['title'] ?? ''
  return (
    <header className={classes['header']}>
      <div className={classes['main']}>
        <Group gap="sm" wrap="wrap">
          <Title order={1} className={classes['title'] ?? ''}>
            <Anchor component={Link} to="/runs" search={{ text: run.pipeline.name } as never} inherit c="inherit">
              {run.pipeline.name}
            </Anchor>{' '}
            <span className={classes['number']}>#{run.number}</span>
          </Title>
          <StatusChip status={run.status} />
          {title !== '' && (
            <Text c="dimmed" fz="sm" truncate maw={420}>
              {title}
            </Text>
          )}
        </Group>
        <Sentence run={run} explanations={explanations} />
      </div>
      <div className={classes['side']}>
        <ActionBar run={run} choices={runChoices(t, run, mayOperate)} max={3} />
      </div>
      <Facts run={run} />
    </header>
  )
}

function Sentence({ run, explanations }: { readonly run: Run; readonly explanations: readonly Explanation[] }) {
  const { t } = useTranslation()
  const now = useNow()
  return (
    <p className={classes['sentence']} data-testid="sentence">
      {runSentence(t, run, explanations, now)}
    </p>
  )
}

function Facts({ run }: { readonly run: Run }) {
  const { t } = useTranslation()
  const { done, total } = progressOf(run)
  const cause = run.cause.origin?.as === 'rerun' ? 'rerun' : run.cause.kind
  return (
    <div className={classes['facts']}>
      <Tooltip label={t('run.progress.of', { done, total })}>
        <span className={classes['progress']}>
          <Progress
            value={total === 0 ? 0 : (done / total) * 100}
            size="sm"
            w={90}
            aria-label={t('run.progress.label')}
            color={run.failure === null ? 'mill' : 'red.8'}
          />
          <span className="numbers">
            {done}/{total}
          </span>
        </span>
      </Tooltip>
      <span>
        <IconBolt size={14} aria-hidden /> {t(`run.cause.${cause}`, { by: run.cause.by })} · <Ago at={run.created_at} />
      </span>
      {run.started_at !== null && (
        <span>
          <IconHourglass size={14} aria-hidden /> {run.ended ? t('run.facts.took') : t('run.facts.runs')}{' '}
          <Elapsed from={run.started_at} to={run.ended_at} />
        </span>
      )}
      {!run.ended && run.started_at !== null && <Eta run={run} />}
      <Commit run={run} />
      <span>{t('run.facts.version', { version: run.version })}</span>
      {run.pass > 1 && <span>{t('run.facts.pass', { pass: run.pass })}</span>}
      {run.parent !== null && (
        <Anchor
          component={Link}
          to="/runs/$run"
          params={{ run: run.parent.run_id } as never}
          fz="xs"
          underline="always"
        >
          {t('run.facts.parent')}
        </Anchor>
      )}
      <span className={classes['spring']} />
      <Anchor
        href={`/api/v1/runs/${run.id}/graph.svg`}
        fz="xs"
        c="dimmed"
        underline="hover"
        target="_blank"
        rel="noreferrer"
      >
        <IconPhoto size={14} aria-hidden /> {t('run.facts.svg')}
      </Anchor>
      <Anchor href={`/api/v1/runs/${run.id}`} fz="xs" c="dimmed" underline="hover" target="_blank" rel="noreferrer">
        <IconBraces size={14} aria-hidden /> {t('run.facts.json')}
      </Anchor>
    </div>
  )
}

const CALM_MS = 1_000

function Eta({ run }: { readonly run: Run }) {
  const { t } = useTranslation()
  const seq = useCalm(run.seq, CALM_MS)
  const { data } = useQuery(estimateQuery({ id: run.id, seq }))
  const now = useNow()
  if (data === undefined || data.ends_at === null) return null
  const waits = run.attention.length > 0
  return (
    <Tooltip label={`${rangeOf(data, now)} (${t('run.eta.from', { count: data.samples })})`}>
      <span className={classes['eta']} data-testid="eta">
        {t('run.eta.label')} {etaText(data, now, waits)}
      </span>
    </Tooltip>
  )

  function etaText({ ends_at, remaining_ms }: Estimate, at: number, forPerson: boolean): string {
    const left = Date.parse(ends_at?.likely ?? '') - at
    if (forPerson) return t('run.eta.person', { time: durationText(remaining_ms?.p50 ?? 0, language()) })
    return left <= 1_000 ? t('run.eta.due') : t('run.eta.likely', { time: durationText(left, language()) })
  }

  function rangeOf({ ends_at }: Estimate, at: number): string {
    const text = (instant: string | undefined): string =>
      durationText(Math.max(0, Date.parse(instant ?? '') - at), language())
    return t('run.eta.range', { early: text(ends_at?.early), late: text(ends_at?.late) })
  }
}
