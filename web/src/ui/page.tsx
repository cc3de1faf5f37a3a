import { Group, Stack, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'
import classes from './page.module.css'

interface PageFrame {
  readonly title: string
  /** Beside the title: what can be done here. */
  readonly actions?: ReactNode
  readonly children: ReactNode
}

/** Title, actions, content; the title is also the tab's. */
export function PageFrame({ title, actions, children }: PageFrame) {
  useTitle(title)
  return (
    <Stack className={classes['page'] ?? ''} gap="lg">
      <Group justify="space-between" gap="sm">
        <Title order={1}>{title}</Title>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  )
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Millrace`
  }, [title])
}

interface Section {
  readonly title: string
  readonly count?: number
  /** The title is that of the page: it is not said twice. */
  readonly headless?: true
  readonly actions?: ReactNode
  readonly children: ReactNode
}

/** A surface with a heading. */
export function Section({ title, count, headless, actions, children }: Section) {
  return (
    <section className={classes['section']} aria-label={title}>
      {headless !== true && (
        <header className={classes['head']}>
          <Title order={2}>{title}</Title>
          {count !== undefined && count > 0 && <span className={classes['count']}>{count}</span>}
          {actions !== undefined && <span className={classes['actions']}>{actions}</span>}
        </header>
      )}
      {children}
    </section>
  )
}
