import { Button, Center, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { IconCloudOff, IconError404, IconLock, IconMoodEmpty } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ClientError } from '../api/client.ts'
import { problemText } from './said.ts'

interface Message {
  readonly icon: ReactNode
  readonly title: string
  readonly children?: ReactNode
}

/** What stands in the place of something that is not there: one sentence, and what to do about it. */
export function Message({ icon, title, children }: Message) {
  return (
    <Center p="xl" mih={220}>
      <Stack align="center" gap="xs" maw={460} ta="center">
        <Text c="dimmed" component="span" aria-hidden>
          {icon}
        </Text>
        <Title order={2}>{title}</Title>
        {children}
      </Stack>
    </Center>
  )
}

/** Nothing is there, and that is no error. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <Message icon={<IconMoodEmpty size={36} stroke={1.4} />} title={title}>
      {children}
    </Message>
  )
}

/** What a query could not read, in the words of the server. */
export function Failed({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const { t } = useTranslation()
  const code = error instanceof ClientError ? error.code : undefined
  if (code === 'not_found') return <NotFound />
  const away = code === 'unreachable' || code === 'not_millrace'
  const title =
    code === 'forbidden' ? t('app.state.forbidden') : away ? t('app.state.unreachable') : t('app.state.failed')
  const Icon = code === 'forbidden' ? IconLock : IconCloudOff
  return (
    <div role="alert">
      <Message icon={<Icon size={36} stroke={1.4} />} title={title}>
        <Text c="dimmed">{away ? t('app.state.unreachableLong') : problemText(t, error)}</Text>
        {onRetry !== undefined && (
          <Button variant="default" onClick={onRetry}>
            {t('app.state.retry')}
          </Button>
        )}
      </Message>
    </div>
  )
}

export function NotFound() {
  const { t } = useTranslation()
  return (
    <Message icon={<IconError404 size={40} stroke={1.4} />} title={t('app.state.notFound')}>
      <Text c="dimmed">{t('app.state.notFoundLong')}</Text>
      <Group>
        <Button variant="default" component={Link} to="/">
          {t('app.state.home')}
        </Button>
      </Group>
    </Message>
  )
}

/** Grey lines where rows will be. */
export function Loading({ rows = 6 }: { readonly rows?: number }) {
  const { t } = useTranslation()
  return (
    <Stack gap="sm" p="md" role="status" aria-label={t('app.state.loading')}>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={20} radius="sm" />
      ))}
    </Stack>
  )
}
