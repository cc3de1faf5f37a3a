import { Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'

export function PipelinesPage() {
  const { t } = useTranslation()
  return (
    <Title order={1} p="lg">
      {t('app.nav.pipelines')}
    </Title>
  )
}
