import { useTranslation } from 'react-i18next'
import { useShortcuts } from '../app/keyboard.tsx'

/** `j` and `k` go through the links of a list that are marked with `data-row`; Enter then follows the chosen one. */
export function useRowKeys(): void {
  const { t } = useTranslation()
  useShortcuts([
    { keys: 'j', label: t('app.keyboard.next'), run: () => step(1) },
    { keys: 'k', label: t('app.keyboard.previous'), run: () => step(-1) },
  ])
}

function step(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')]
  const here = rows.indexOf(document.activeElement as HTMLElement)
  const next = here === -1 ? (by === 1 ? 0 : rows.length - 1) : here + by
  rows[Math.min(rows.length - 1, Math.max(0, next))]?.focus()
}
