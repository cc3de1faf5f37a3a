import {
  Alert,
  Button,
  Center,
  Paper,
  PasswordInput,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client, ClientError } from '../api/client.ts'
import { meQuery } from '../api/queries.ts'
import { Logo } from '../app/logo.tsx'
import { problemText } from '../ui/said.ts'
import classes from './sign-in.module.css'

const route = getRouteApi('/sign-in')

type By = 'password' | 'token'

const isWrong = (error: unknown): boolean => error instanceof ClientError && error.code === 'unauthenticated'

/** The token of the link that the server's first start prints; taken out of the address at once. */
function takeLinkToken(): string | undefined {
  const token = new URLSearchParams(window.location.hash.slice(1)).get('token')
  if (token === null) return undefined
  window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search)
  return token
}

export function SignInPage() {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const { to } = route.useSearch()
  const [linkToken] = useState(takeLinkToken)
  const [by, setBy] = useState<By>('password')
  const [fields, setFields] = useState({ user: '', password: '', token: '' })
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState(linkToken !== undefined)

  const signIn = async (credential: Parameters<typeof client.session.begin>[0]): Promise<void> => {
    setBusy(true)
    setProblem(null)
    try {
      const me = await client.session.begin(credential)
      queries.clear()
      queries.setQueryData(meQuery.queryKey, me)
      await navigate({ to: to ?? '/', replace: true })
    } catch (error) {
      setProblem(isWrong(error) ? t(by === 'password' ? 'signIn.wrong' : 'signIn.wrongToken') : problemText(t, error))
    } finally {
      setBusy(false)
    }
  }
  useEffect(() => {
    document.title = `${t('signIn.title')} · Millrace`
  }, [t])
  useEffect(() => {
    if (linkToken !== undefined) void signIn({ token: linkToken })
    // Once: a token in a link is not tried again.
  }, [linkToken])

  const submit = (event: FormEvent): void => {
    event.preventDefault()
    void signIn(
      by === 'password' ? { user: fields.user.trim(), password: fields.password } : { token: fields.token.trim() },
    )
  }
  const field = (name: keyof typeof fields) => ({
    name,
    label: t(`signIn.${name}`),
    value: fields[name],
    required: true,
    onChange: (event: { currentTarget: { value: string } }) =>
      setFields({ ...fields, [name]: event.currentTarget.value }),
  })

  return (
    <Center component="main" mih="100dvh" p="md" className={classes['page'] ?? ''}>
      <Paper component="form" onSubmit={submit} withBorder shadow="sm" p="xl" w="100%" maw={400} radius="lg">
        <Stack gap="md">
          <Stack gap={6} align="center" ta="center">
            <Logo size={48} />
            <Title order={1}>{t('app.name')}</Title>
            <Text c="dimmed">{t('signIn.lead')}</Text>
          </Stack>
          <SegmentedControl
            fullWidth
            aria-label={t('signIn.how')}
            value={by}
            onChange={setBy}
            data={[
              { value: 'password', label: t('signIn.byPassword') },
              { value: 'token', label: t('signIn.byToken') },
            ]}
          />
          {by === 'password' ? (
            <>
              <TextInput {...field('user')} autoComplete="username" autoFocus />
              <PasswordInput {...field('password')} autoComplete="current-password" />
            </>
          ) : (
            <PasswordInput {...field('token')} description={t('signIn.tokenHint')} autoComplete="off" autoFocus />
          )}
          {problem !== null && (
            <Alert color="red" variant="light" role="alert">
              {problem}
            </Alert>
          )}
          <Button type="submit" loading={busy} fullWidth>
            {t('signIn.submit')}
          </Button>
        </Stack>
      </Paper>
    </Center>
  )
}
