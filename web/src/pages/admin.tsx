import { Tabs } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { ComponentType } from 'react'
import { useTranslation } from 'react-i18next'
import { meQuery } from '../api/queries.ts'
import { ADMIN_TABS, type AdminTab } from '../app/search.ts'
import { PageFrame } from '../ui/page.tsx'
import { About } from './admin/about.tsx'
import { Audit } from './admin/audit.tsx'
import { Credentials } from './admin/credentials.tsx'
import { Projects } from './admin/projects.tsx'
import { Secrets } from './admin/secrets.tsx'
import { Users } from './admin/users.tsx'

const route = getRouteApi('/inside/admin')

const PARTS = {
  projects: Projects,
  secrets: Secrets,
  credentials: Credentials,
  users: Users,
  audit: Audit,
  about: About,
} as const satisfies Record<AdminTab, ComponentType>

/** What only admins may see is left out for others. */
const FOR_ADMINS: readonly AdminTab[] = ['users', 'audit']

export function AdminPage() {
  const { t } = useTranslation()
  const { data: me } = useSuspenseQuery(meQuery)
  const { tab = 'projects' } = route.useSearch()
  const navigate = route.useNavigate()
  const Part = PARTS[tab]
  return (
    <PageFrame title={t('admin.title')}>
      <Tabs value={tab} onChange={(value) => void navigate({ search: { tab: value as AdminTab }, replace: true })}>
        <Tabs.List aria-label={t('admin.tabs.label')} mb="md">
          {ADMIN_TABS.filter((one) => me.role === 'admin' || !FOR_ADMINS.includes(one)).map((one) => (
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
