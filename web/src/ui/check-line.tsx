import { Text } from '@mantine/core'
import { IconCircleCheckFilled, IconCircleXFilled, IconLoader2 } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Checked } from './use-checked.ts'
import classes from '../pages/pipelines.module.css'

/** Whether a definition is good, in one line. */
export function CheckLine({ checked: { errors } }: { readonly checked: Checked }) {
  const { t } = useTranslation()
  const [Icon, colour, text] =
    errors === null
      ? ([IconLoader2, 'var(--text-quiet)', t('pipelines.editor.checking')] as const)
      : errors.length === 0
        ? ([IconCircleCheckFilled, 'var(--good)', t('pipelines.editor.valid')] as const)
        : ([IconCircleXFilled, 'var(--bad)', t('pipelines.editor.errors', { count: errors.length })] as const)
  return (
    <Text fz="sm" fw={600} c={colour} role="status" component="span" display="inline-flex" style={{ gap: 6 }}>
      <Icon size={18} aria-hidden />
      {text}
    </Text>
  )
}

export function ErrorList({ checked: { shown } }: { readonly checked: Checked }) {
  const { t } = useTranslation()
  if (shown.length === 0) return null
  return (
    <ul className={classes['errors']}>
      {shown.slice(0, 20).map((error) => (
        <li key={`${error.path} ${error.message}`}>
          {error.line !== null && <b>{t('pipelines.editor.line', { line: error.line })}: </b>}
          {error.message}
        </li>
      ))}
    </ul>
  )
}
