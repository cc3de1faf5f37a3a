import { useTranslation } from 'react-i18next'
import { useLiveState } from '../api/live.ts'
import classes from './shell.module.css'

/** Whether what is shown is what is. */
export function LiveBadge() {
  const { t } = useTranslation()
  const state = useLiveState()
  return (
    <span className={classes['live']} data-state={state} role="status">
      {t(`app.live.${state}`)}
    </span>
  )
}

export function LiveBar() {
  const { t } = useTranslation()
  if (useLiveState() !== 'down') return null
  return (
    <div className={classes['lost']} role="alert">
      {t('app.live.downLong')}
    </div>
  )
}
