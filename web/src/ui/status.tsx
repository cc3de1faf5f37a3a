import {
  IconAlertTriangleFilled,
  IconArrowBackUp,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconCircleX,
  IconCircleXFilled,
  IconClock,
  IconClockX,
  IconHandStop,
  IconPlayerPauseFilled,
  IconPlayerSkipForwardFilled,
  IconProgress,
  IconUserQuestion,
  type TablerIcon,
} from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { NodeStatus } from '../../../src/model/status.ts'
import classes from './status.module.css'

/** What a status looks like: never by colour alone, so every mark has a shape of its own. */
export const STATUS_LOOKS = {
  waiting: { tone: 'still', Icon: IconClock },
  queued: { tone: 'still', Icon: IconCircleDashed },
  running: { tone: 'busy', Icon: IconProgress },
  reviewing: { tone: 'ask', Icon: IconUserQuestion },
  paused: { tone: 'ask', Icon: IconPlayerPauseFilled },
  held: { tone: 'held', Icon: IconHandStop },
  succeeded: { tone: 'good', Icon: IconCircleCheckFilled },
  failed: { tone: 'bad', Icon: IconCircleXFilled },
  errored: { tone: 'bad', Icon: IconAlertTriangleFilled },
  timed_out: { tone: 'bad', Icon: IconClockX },
  cancelled: { tone: 'still', Icon: IconCircleX },
  rolling_back: { tone: 'back', Icon: IconArrowBackUp },
  rolled_back: { tone: 'back', Icon: IconArrowBackUp },
  rollback_failed: { tone: 'bad', Icon: IconArrowBackUp },
  rollback_errored: { tone: 'bad', Icon: IconArrowBackUp },
  pending: { tone: 'still', Icon: IconCircleDashed },
  skipped: { tone: 'still', Icon: IconPlayerSkipForwardFilled },
} as const satisfies Record<NodeStatus, { readonly tone: Tone; readonly Icon: TablerIcon }>

/** The names of the colours in app/styles.css. */
export type Tone = 'good' | 'bad' | 'busy' | 'ask' | 'held' | 'still' | 'back'

/** A colour beside the word that says the same. */
export const ToneDot = ({ tone }: { readonly tone: Tone }) => (
  <span className={classes['dot']} data-tone={tone} aria-hidden />
)

/** The mark alone; its word is read to whoever does not see it. */
export function StatusMark({ status, size = 18 }: { readonly status: NodeStatus; readonly size?: number }) {
  const { t } = useTranslation()
  const { tone, Icon } = STATUS_LOOKS[status]
  const word = t(`status.${status}`)
  return (
    <span className={classes['mark']} data-tone={tone} data-status={status} role="img" aria-label={word} title={word}>
      <Icon size={size} stroke={2} aria-hidden />
    </span>
  )
}

/** Mark and word. */
export function StatusChip({ status }: { readonly status: NodeStatus }) {
  const { t } = useTranslation()
  const { tone, Icon } = STATUS_LOOKS[status]
  return (
    <span className={classes['chip']} data-tone={tone} data-status={status}>
      <Icon size={14} stroke={2.2} aria-hidden />
      {t(`status.${status}`)}
    </span>
  )
}
