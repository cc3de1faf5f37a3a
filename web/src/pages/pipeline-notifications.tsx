import { Anchor, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { Pipeline } from '../../../src/client/client.ts'
import { Told } from './told.tsx'

/** Who is told of runs of this pipeline: of it alone, or because they are told of all of the project. */
export function PipelineNotifications({ pipeline }: { readonly pipeline: Pipeline }) {
  const { t } = useTranslation()
  return (
    <>
      <Told project={pipeline.project.name} pipeline={pipeline.id} lead={t('pipelines.notify.lead')} />
      <Text fz="sm" c="dimmed" mt="sm">
        <Anchor component={Link} to="/admin" search={{ tab: 'notifications' } as never} fz="sm">
          {t('pipelines.notify.all')}
        </Anchor>
      </Text>
    </>
  )
}
