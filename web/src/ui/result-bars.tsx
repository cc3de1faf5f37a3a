import { useTranslation } from 'react-i18next'
import type { RunSummary } from '../../../src/client/client.ts'
import { language } from '../i18n/language.ts'
import { durationText } from './duration.ts'
import classes from './result-bars.module.css'
import { STATUS_LOOKS } from './status.tsx'
import { tookMs } from './trend.ts'

interface ResultBars {
  /** The newest first. */
  readonly runs: readonly RunSummary[]
  readonly width: number
  readonly height: number
}

/** How the last runs ended and how long they took: one bar each, the newest at the right; what has not ended is hollow. */
export function ResultBars({ runs, width, height }: ResultBars) {
  const { t } = useTranslation()
  const shown = runs.toReversed()
  const longest = Math.max(1, ...shown.map((run) => tookMs(run) ?? 0))
  const step = width / Math.max(shown.length, 10)
  const count = (tone: string): number => shown.filter(({ status }) => STATUS_LOOKS[status].tone === tone).length
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      className={classes['bars']}
      aria-label={t('pipelines.bars', { count: shown.length, good: count('good'), bad: count('bad') })}
    >
      {shown.map((run, index) => {
        const ms = tookMs(run)
        const size = Math.max(4, ((ms ?? longest / 3) / longest) * (height - 2))
        return (
          <rect
            key={run.id}
            x={index * step + 1}
            y={height - size}
            width={Math.max(2, step - 2)}
            height={size}
            rx={1.5}
            data-tone={STATUS_LOOKS[run.status].tone}
            data-ended={run.ended}
          >
            <title>
              {t('pipelines.bar', {
                number: run.number,
                status: t(`status.${run.status}`),
                time: ms === null ? '–' : durationText(ms, language()),
              })}
            </title>
          </rect>
        )
      })}
    </svg>
  )
}
