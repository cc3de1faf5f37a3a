import {
  ActionIcon,
  Anchor,
  AppShell,
  Burger,
  Group,
  Menu,
  NavLink,
  Text,
  UnstyledButton,
  useMantineColorScheme,
} from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import {
  IconCheck,
  IconDeviceDesktop,
  IconHome,
  IconKeyboard,
  IconListDetails,
  IconLogout,
  IconMoon,
  IconRoute,
  IconSettings,
  IconSun,
  IconUserCircle,
} from '@tabler/icons-react'
import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../api/client.ts'
import { startLive } from '../api/live.ts'
import { meQuery } from '../api/queries.ts'
import { changeLanguage, language, LANGUAGES, type Language } from '../i18n/language.ts'
import { KeyboardHelp, useKeyboard, useShortcuts } from './keyboard.tsx'
import { LiveBadge, LiveBar } from './live-badge.tsx'
import { Logo } from './logo.tsx'
import classes from './shell.module.css'

/** What is around every page of somebody who is signed in. */
export function Shell() {
  const { t } = useTranslation()
  const [menuOpened, menu] = useDisclosure()
  const [helpOpened, help] = useDisclosure()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const path = useRouterState({ select: (state) => state.location.pathname })
  const wall = useRouterState({ select: (state) => 'wall' in state.location.search })
  useEffect(() => {
    document.documentElement.dataset['wall'] = String(wall)
  }, [wall])

  useEffect(
    () =>
      startLive({
        queries,
        onSignedOut: () => {
          queries.clear()
          void navigate({ to: '/sign-in', search: { to: path } })
        },
      }),
    // Where we are when the session ends does not begin the stream anew.
    [queries, navigate],
  )
  useKeyboard()
  useShortcuts([
    { keys: '?', label: t('app.keyboard.help'), run: help.open, everywhere: true },
    { keys: '/', label: t('app.keyboard.search'), run: focusSearch, everywhere: true },
    { keys: 'g h', label: t('app.keyboard.goHome'), run: () => void navigate({ to: '/' }), everywhere: true },
    {
      keys: 'g p',
      label: t('app.keyboard.goPipelines'),
      run: () => void navigate({ to: '/pipelines' }),
      everywhere: true,
    },
    { keys: 'g r', label: t('app.keyboard.goRuns'), run: () => void navigate({ to: '/runs' }), everywhere: true },
  ])

  const links = [
    { to: '/', label: t('app.nav.home'), Icon: IconHome },
    { to: '/pipelines', label: t('app.nav.pipelines'), Icon: IconRoute },
    { to: '/runs', label: t('app.nav.runs'), Icon: IconListDetails },
    { to: '/admin', label: t('app.nav.admin'), Icon: IconSettings },
  ] as const

  return (
    <AppShell
      disabled={wall}
      header={{ height: 52 }}
      navbar={{ width: 208, breakpoint: 'sm', collapsed: { mobile: !menuOpened } }}
      className={classes['shell'] ?? ''}
    >
      <AppShell.Header className={classes['header'] ?? ''}>
        <a className={classes['skip']} href="#content">
          {t('app.skipToContent')}
        </a>
        <Group h="100%" px="md" gap="sm" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger
              opened={menuOpened}
              onClick={menu.toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={menuOpened ? t('app.nav.close') : t('app.nav.open')}
            />
            <Anchor component={Link} to="/" underline="never" c="inherit" aria-label={t('app.name')}>
              <Group gap={8} wrap="nowrap">
                <Logo size={26} />
                <Text fw={700} fz="lg" lts={-0.2}>
                  {t('app.name')}
                </Text>
              </Group>
            </Anchor>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <LiveBadge />
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              onClick={help.open}
              aria-label={t('app.account.keyboard')}
              title={t('app.account.keyboard')}
              visibleFrom="sm"
            >
              <IconKeyboard size={20} stroke={1.6} />
            </ActionIcon>
            <Account />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" className={classes['navbar'] ?? ''} aria-label={t('app.nav.label')}>
        {links.map(({ to, label, Icon }) => {
          const here = to === '/' ? path === '/' : path.startsWith(to)
          return (
            <NavLink
              key={to}
              component={Link}
              to={to}
              label={label}
              leftSection={<Icon size={18} stroke={1.7} />}
              active={here}
              aria-current={here ? 'page' : undefined}
              className={classes['link'] ?? ''}
              onClick={menu.close}
            />
          )
        })}
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <LiveBar />
        <Outlet />
      </AppShell.Main>
      <KeyboardHelp opened={helpOpened} onClose={help.close} />
    </AppShell>
  )
}

/** The field of the page that is shown; pages mark it with `data-search`. */
function focusSearch(): void {
  document.querySelector<HTMLInputElement>('input[data-search]')?.focus()
}

const SCHEMES = [
  { scheme: 'light', Icon: IconSun },
  { scheme: 'dark', Icon: IconMoon },
  { scheme: 'auto', Icon: IconDeviceDesktop },
] as const

function Account() {
  const { t } = useTranslation()
  const { data: me } = useSuspenseQuery(meQuery)
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const signOut = async (): Promise<void> => {
    await client.session.end()
    queries.clear()
    await navigate({ to: '/sign-in' })
  }
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <UnstyledButton className={classes['account'] ?? ''} aria-label={t('app.account.menu', { name: me.user.name })}>
          <IconUserCircle size={22} stroke={1.6} aria-hidden />
          <Text span visibleFrom="sm" fz="sm" fw={550}>
            {me.user.name}
          </Text>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('app.account.language')}</Menu.Label>
        {Object.entries(LANGUAGES).map(([tag, name]) => (
          <Menu.Item
            key={tag}
            lang={tag}
            leftSection={<Chosen when={language() === tag} />}
            onClick={() => void changeLanguage(tag as Language)}
          >
            {name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Label>{t('app.account.scheme')}</Menu.Label>
        {SCHEMES.map(({ scheme, Icon }) => (
          <Menu.Item
            key={scheme}
            leftSection={<Icon size={16} />}
            rightSection={<Chosen when={colorScheme === scheme} />}
            onClick={() => setColorScheme(scheme)}
          >
            {t(`app.account.${scheme}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
          {t('app.account.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

const Chosen = ({ when }: { readonly when: boolean }) =>
  when ? <IconCheck size={16} aria-hidden /> : <span className={classes['noMark']} />
