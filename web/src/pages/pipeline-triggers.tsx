import { Badge, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { NextFires, Pipeline } from '../../../src/client/client.ts'
import { nextFiresQuery } from '../api/queries.ts'
import { CopyText } from '../ui/copy-text.tsx'
import { Section } from '../ui/page.tsx'
import { Empty } from '../ui/states.tsx'
import { Ago, fullTime } from '../ui/time.tsx'
import classes from './pipelines.module.css'

type Group = NonNullable<Pipeline['triggers']>
type Trigger = Group['list'][number]

export function Triggers({ pipeline }: { readonly pipeline: Pipeline }) {
  const { t } = useTranslation()
  const next = useQuery(nextFiresQuery(pipeline.id))
  const groups = [
    { title: t('pipelines.tabs.triggers'), triggers: pipeline.triggers },
    ...pipeline.stages.map(({ name, triggers }) => ({
      title: t('pipelines.triggers.stage', { stage: name }),
      triggers,
    })),
  ].flatMap(({ title, triggers }) => (triggers === null || triggers.list.length === 0 ? [] : [{ title, triggers }]))
  if (groups.length === 0) {
    return (
      <Section title={t('pipelines.tabs.triggers')} headless>
        <Empty title={t('pipelines.triggers.none')}>{t('pipelines.triggers.noneLong')}</Empty>
      </Section>
    )
  }
  return groups.map(({ title, triggers }) => (
    <Section
      key={title}
      title={title}
      actions={
        triggers.list.length > 1 && (
          <Text fz="sm" c="dimmed">
            {t(`pipelines.triggers.${triggers.operator}`)}
          </Text>
        )
      }
    >
      {triggers.list.map((trigger) => (
        <TriggerRow key={trigger.name} trigger={trigger} next={next.data} />
      ))}
    </Section>
  ))
}

function TriggerRow({ trigger, next }: { readonly trigger: Trigger; readonly next: NextFires | undefined }) {
  const { t } = useTranslation()
  const fires = next?.fires.find((one) => one.trigger === trigger.name)
  const refusal = next?.refusals.find((one) => one.trigger === trigger.name)
  return (
    <div className={classes['trigger']}>
      <div>
        <Badge variant="light" tt="none">
          {t(`pipelines.triggers.${trigger.kind}`)}
        </Badge>
      </div>
      <div>
        <Text fw={600}>{trigger.name}</Text>
        {trigger.schedule !== null && (
          <Text fz="sm">
            <span className={classes['code']}>{trigger.schedule.cron}</span>{' '}
            {t('pipelines.triggers.zone', { zone: trigger.schedule.timezone })}
          </Text>
        )}
        {trigger.kind === 'schedule' && next !== undefined && (
          <Text fz="sm">
            {t('pipelines.triggers.next')}:{' '}
            {fires === undefined ? (
              t('pipelines.triggers.noNext')
            ) : (
              <>
                {fullTime(fires.at)} (<Ago at={fires.at} />)
              </>
            )}
          </Text>
        )}
        {trigger.path !== null && <CopyText text={`${window.location.origin}${trigger.path}`} />}
        {trigger.signed && <Text fz="sm">{t('pipelines.triggers.signed')}</Text>}
        {trigger.channel !== null && <span className={classes['code']}>{trigger.channel}</span>}
        {trigger.upstream !== null && (
          <Text fz="sm">{t('pipelines.triggers.after', { pipeline: trigger.upstream.pipeline })}</Text>
        )}
        {refusal !== undefined && (
          <Text fz="sm" c="var(--bad)">
            {t('pipelines.triggers.refused', { time: fullTime(refusal.at), message: refusal.message })}
          </Text>
        )}
      </div>
    </div>
  )
}
