import { Anchor, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Section } from '../../ui/page.tsx'

/** What the server says at `/` to programs. */
interface Landing {
  readonly version: string
}

export function About() {
  const { t } = useTranslation()
  const landing = useQuery({
    queryKey: ['about'],
    queryFn: async () => (await (await fetch('/', { headers: { accept: 'application/json' } })).json()) as Landing,
    staleTime: Infinity,
  })
  return (
    <Section title={t('admin.tabs.about')} headless>
      <Stack p="lg" gap="xs">
        <Text>
          {t('app.name')} {t('admin.about.version')} <b>{landing.data?.version ?? '…'}</b>
        </Text>
        <Text>{t('admin.about.api')}:</Text>
        <Anchor href="/openapi.json">{t('admin.about.openapi')}</Anchor>
        <Anchor href="/schema/pipeline.json">{t('admin.about.schema')}</Anchor>
      </Stack>
    </Section>
  )
}
