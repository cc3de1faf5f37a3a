import { Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'

export function AdminPage() {
  const { t } = useTranslation()
  return (
    <Title order={1} p="lg">
      {t('app.nav.admin')}
    </Title>
  )
}
