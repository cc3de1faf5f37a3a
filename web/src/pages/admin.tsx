import { Tabs } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { ComponentType } from 'react'
import { useTranslation } from 'react-i18next'
import { meQuery } from '../api/queries.ts'
import { ADMIN_TABS, type AdminTab } from '../app/search.ts'
import { PageFrame } from '../ui/page.tsx'
import { Audit } from './admin/audit.tsx'
import { Credentials } from './admin/credentials.tsx'
import { Notifications } from './admin/notifications.tsx'
import { Projects } from './admin/projects.tsx'
import { Runners } from './admin/runners.tsx'
import { Secrets } from './admin/secrets.tsx'
import { Server } from './admin/server.tsx'
import { Users } from './admin/users.tsx'

const route = getRouteApi('/inside/admin')

const PARTS = {
  runners: Runners,
  projects: Projects,
  secrets: Secrets,
  notifications: Notifications,
  credentials: Credentials,
  users: Users,
  audit: Audit,
  about: Server,
} as const satisfies Record<AdminTab, ComponentType>

/** What only admins may see is left out for others. */
const FOR_ADMINS: readonly AdminTab[] = ['users', 'audit']
const FOR_OPERATORS: readonly AdminTab[] = ['notifications']

export function AdminPage() {
  const { t } = useTranslation()
  const { data: me } = useSuspenseQuery(meQuery)
  const { tab = 'runners' } = route.useSearch()
  const navigate = route.useNavigate()
  const Part = PARTS[tab]
  const isSeen = (one: AdminTab): boolean =>
    me.role === 'admin' || (!FOR_ADMINS.includes(one) && (me.role === 'operator' || !FOR_OPERATORS.includes(one)))
  return (
    <PageFrame title={t('admin.title')}>
      <Tabs value={tab} onChange={(value) => void navigate({ search: { tab: value as AdminTab }, replace: true })}>
        <Tabs.List aria-label={t('admin.tabs.label')} mb="md">
          {ADMIN_TABS.filter(isSeen).map((one) => (
            <Tabs.Tab key={one} value={one}>
              {t(`admin.tabs.${one}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab}>
          <Part />
        </Tabs.Panel>
      </Tabs>
    </PageFrame>
  )
}
