import { Button, Modal, Stack, Text, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Overview } from '../../../src/client/client.ts'
import { client } from '../api/client.ts'
import { FormEnd } from './form-end.tsx'
import { problemText } from './said.ts'

type Asked = Overview['needs_person'][number]
type Action = 'approve' | 'reject' | 'retry' | 'skip' | 'resume' | 'start'

const ON_NODE = { approve: true, reject: true, retry: true, skip: true, resume: false, start: false } as const

/** What can be done about it from here, the likeliest first. */
export function actionsFor(asked: Asked): readonly Action[] {
  const wanted: readonly Action[] =
    asked.kind === 'review'
      ? ['approve', 'reject']
      : asked.kind === 'held'
        ? ['retry', 'skip']
        : asked.kind === 'start'
          ? ['start']
          : asked.kind === 'paused'
            ? ['resume']
            : []
  return wanted.filter((action) =>
    ON_NODE[action] ? asked.allowed.includes(action as 'retry') : asked.run_allowed.includes(action as 'resume'),
  )
}

/** A button that says what will happen before it does it. */
export function ActButton({ asked, action }: { readonly asked: Asked; readonly action: Action }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [opened, setOpened] = useState(false)
  const [comment, setComment] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const label = t(`home.act.${action}`)
  const name = `${asked.run.pipeline_name} #${asked.run.number}`
  const withComment = action === 'approve' || action === 'reject' || action === 'skip'

  const act = async (): Promise<void> => {
    setBusy(true)
    setProblem(null)
    try {
      if (ON_NODE[action] && asked.node !== null) {
        const body = comment === '' ? {} : { comment }
        await client.nodes.act(asked.run.id, asked.node.id, action as 'retry', withComment ? body : {})
      } else await client.runs.act(asked.run.id, action as 'resume')
      setOpened(false)
      notifications.show({ message: t('home.act.done', { what: `${label}, ${name}` }), color: 'teal' })
      await queries.invalidateQueries({ queryKey: ['home'] })
    } catch (error) {
      setProblem(problemText(t, error))
    } finally {
      setBusy(false)
    }
  }

  const main = action !== 'reject' && action !== 'skip'
  return (
    <>
      <Button
        size="xs"
        variant={main ? 'filled' : 'default'}
        onClick={() => setOpened(true)}
        aria-label={`${label}: ${name}`}
      >
        {label}
      </Button>
      <Modal
        opened={opened}
        onClose={() => setOpened(false)}
        title={`${label}: ${name}`}
        closeButtonProps={{ 'aria-label': t('app.confirm.back') }}
      >
        <form
          onSubmit={(event) => {
            event.preventDefault()
            void act()
          }}
        >
          <Stack>
            {asked.review !== null && asked.review.question !== '' && <Text fw={600}>{asked.review.question}</Text>}
            <Text fz="sm">{t(`home.will.${action}`)}</Text>
            {withComment && (
              <Textarea
                label={t('home.act.comment')}
                description={t('home.act.commentHint')}
                maxLength={4_096}
                autosize
                minRows={2}
                maxRows={8}
                value={comment}
                onChange={(event) => setComment(event.currentTarget.value)}
                data-autofocus
              />
            )}
            <FormEnd problem={problem} submit={label} busy={busy} onBack={() => setOpened(false)} />
          </Stack>
        </form>
      </Modal>
    </>
  )
}
