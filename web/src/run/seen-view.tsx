import { ActionIcon, Button, CopyButton, Group, Text, Tooltip } from '@mantine/core'
import { IconCheck, IconCopy, IconRefresh } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { AsSeenBy, Run } from '../../../src/client/client.ts'
import { Empty, Failed, Loading } from '../ui/states.tsx'
import { seenQuery } from './queries.ts'
import classes from './seen.module.css'
import { useCalm } from './use-run.ts'

/** Five answers are made for every look. */
const CALM_MS = 1_000

/** One run in five wire formats, live. */
export function SeenView({ run }: { readonly run: Run }) {
  const { t } = useTranslation()
  const seq = useCalm(run.seq, CALM_MS)
  const seen = useQuery(seenQuery({ id: run.id, seq }))
  if (seen.isPending) return <Loading />
  if (seen.data === undefined) return <Failed error={seen.error} onRetry={() => void seen.refetch()} />
  if (seen.data.items.length === 0) return <Empty title={t('run.seen.none')} />
  return (
    <div className={classes['frame']}>
      <Group justify="space-between" wrap="nowrap" gap="sm" className={classes['lead'] ?? ''}>
        <Text fz="sm">
          {t('run.seen.lead')}{' '}
          <Text span c="dimmed" fz="sm">
            {t('run.seen.token')}
          </Text>
        </Text>
        <Tooltip label={t('run.seen.refresh')}>
          <ActionIcon
            variant="default"
            aria-label={t('run.seen.refresh')}
            onClick={() => void seen.refetch()}
            loading={seen.isFetching}
          >
            <IconRefresh size={16} />
          </ActionIcon>
        </Tooltip>
      </Group>
      <div className={classes['lanes']}>
        {seen.data.items.map((item) => (
          <Lane key={item.dialect} item={item} />
        ))}
      </div>
    </div>
  )
}

function Lane({ item }: { readonly item: AsSeenBy['items'][number] }) {
  const { t } = useTranslation()
  const { system, request, status, body, about } = item
  const shown = useMemo(() => pretty(body), [body])
  return (
    <section className={classes['lane']} aria-label={t('run.seen.lane', { system })} data-dialect={item.dialect}>
      <Group justify="space-between" wrap="nowrap" gap="xs" className={classes['head'] ?? ''}>
        <Text fw={650} fz="sm" truncate title={system}>
          {system}
        </Text>
        <Text
          c="dimmed"
          fz="xs"
          className={`numbers ${classes['status'] ?? ''}`}
          title={t('run.seen.bytes', { count: new Blob([body]).size })}
        >
          {t('run.seen.status', { status })}
        </Text>
      </Group>
      <p className={classes['word']}>
        <code>{statusWord(item) ?? '—'}</code>
      </p>
      <div className={classes['request']}>
        <code title={request.curl} tabIndex={0} role="textbox" aria-readonly aria-label={t('run.seen.curl')}>
          {request.curl}
        </code>
        <CopyButton value={request.curl}>
          {({ copied, copy }) => (
            <Button
              size="compact-xs"
              variant="default"
              onClick={copy}
              title={t('run.seen.copy')}
              leftSection={copied ? <IconCheck size={13} /> : <IconCopy size={13} />}
            >
              {copied ? t('run.seen.copied') : 'curl'}
            </Button>
          )}
        </CopyButton>
      </div>
      {about === 'newest-run' && (
        <Text c="dimmed" fz="xs" px="sm" pb={4}>
          {t('run.seen.newest')}
        </Text>
      )}
      <pre className={classes['body']} tabIndex={0} aria-label={t('run.seen.lane', { system })}>
        {shown.map((part, index) =>
          part.kind === 'plain' ? (
            part.text
          ) : (
            <span key={index} data-kind={part.kind}>
              {part.text}
            </span>
          ),
        )}
      </pre>
    </section>
  )
}

interface Part {
  readonly kind: 'plain' | 'key' | 'text' | 'word'
  readonly text: string
}

/** What the answer calls the status of the run. */
function statusWord({ dialect, body }: AsSeenBy['items'][number]): string | undefined {
  const pattern = WORDS[dialect]
  const [, name, word] = (pattern === undefined ? null : pattern.exec(body)) ?? []
  return name === undefined || word === undefined ? undefined : `${name}: ${word}`
}

/** The run's own word comes before those of its nodes, but for BlueKing, whose tree comes first. */
const WORDS: Readonly<Record<string, RegExp>> = {
  blueking: /(state)"?: ?"(\w+)"(?![\s\S]*"state": ?")/,
  'codearts-check': /"(task_status)": ?(\d+)/,
  'codearts-pipeline': /"(status)": ?"([^"]+)"/,
  koderover: /"(status)": ?"([^"]+)"/,
  // Of the object `status`, not of the stages in it.
  swr: /^ {2}(status): ?"?([\w-]+)/m,
}

/** More parts than this are not coloured. */
const PARTS_MAX = 1_500

/** JSON in lines, with its keys marked; anything else as it came. */
function pretty(body: string): readonly Part[] {
  let text = body
  try {
    text = JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    // YAML, as SWR answers: it is in lines already.
    return yaml(body)
  }
  return marked(
    text,
    /"(?:[^"\\]|\\.)*"(?=:)|"(?:[^"\\]|\\.)*"|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g,
    (found, next) => (found.startsWith('"') ? (next === ':' ? 'key' : 'text') : 'word'),
  )
}

const yaml = (text: string): readonly Part[] => marked(text, /^[ -]*[\w.]+(?=:)/gm, () => 'key')

function marked(text: string, pattern: RegExp, kindOf: (found: string, next: string) => Part['kind']): readonly Part[] {
  const parts: Part[] = []
  let at = 0
  for (const match of text.matchAll(pattern)) {
    if (parts.length > PARTS_MAX) break
    const [found] = match
    if (match.index > at) parts.push({ kind: 'plain', text: text.slice(at, match.index) })
    at = match.index + found.length
    parts.push({ kind: kindOf(found, text.charAt(at)), text: found })
  }
  return [...parts, { kind: 'plain', text: text.slice(at) }]
}
