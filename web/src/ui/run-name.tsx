import { Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { RunSummary } from '../../../src/client/client.ts'
import classes from './run-name.module.css'

/** `release #12`, what people call it, and the way to it. */
export function RunName({ run }: { readonly run: RunSummary }) {
  const title = run.annotations['title']
  return (
    <span className={classes['name']}>
      <Link to="/runs/$run" params={{ run: run.id }} className={classes['link'] ?? ''} data-row>
        {run.pipeline_name} <span className="numbers">#{run.number}</span>
      </Link>
      {title !== undefined && title !== '' && (
        <Text span c="dimmed" fz="sm" truncate>
          {title}
        </Text>
      )}
    </span>
  )
}

/** "by admin", "schedule nightly". */
export function CauseText({ cause }: { readonly cause: RunSummary['cause'] }) {
  const { t } = useTranslation()
  return <>{t(`runs.cause.${cause.kind}`, { by: cause.by })}</>
}
