import { ActionIcon, Button, Group, Menu, Text, TextInput, Tooltip } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import {
  IconArrowBarToDown,
  IconArrowDown,
  IconArrowUp,
  IconCheck,
  IconClock,
  IconDownload,
  IconLink,
  IconSearch,
} from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Task } from '../../../src/client/client.ts'
import { client } from '../api/client.ts'
import { type Shortcut, useShortcuts } from '../app/keyboard.tsx'
import { language } from '../i18n/language.ts'
import { elementsOf, fewPieces, type Piece, piecesOf } from './ansi.ts'
import { LINE_TIMES, lineTime, type LineTimes, TIME_WIDTHS, useLineTimes } from './line-times.ts'
import { type LogOf, type LogState, useLogLines } from './log-lines.ts'
import classes from './log.module.css'
import type { Selection } from './selection.ts'
import { problemText } from '../ui/said.ts'

const LINE = 18
/** A browser cannot make an element of any height: more lines than this are shown a piece at a time. */
const PIECE_LINES = 500_000
/** Elements for colours on a screen of lines; the lines themselves and what is around them come to some fifty. */
const COLOURS_MAX = 90

interface LogProps {
  readonly run: string
  readonly task: Task
  readonly attempt: number
  readonly selection: Selection
}

export function LogView({ run, task, attempt, selection }: LogProps) {
  const { t } = useTranslation()
  if (task.work !== 'runner') return <Note>{t('run.log.noLog')}</Note>
  if (task.attempt === 0) return <Note>{t('run.log.notBegun')}</Note>
  return (
    <Log
      key={`${task.id}/${attempt}`}
      of={{ run, node: task.id, attempt }}
      name={task.name}
      began={beganAt(task, attempt)}
      selection={selection}
    />
  )
}

function beganAt(task: Task, attempt: number): number {
  const { started_at: at } = task.earlier.find((one) => one.attempt === attempt) ?? task
  return at === null ? 0 : Date.parse(at)
}

const Note = ({ children }: { readonly children: string }) => (
  <Text c="dimmed" p="md" fz="sm">
    {children}
  </Text>
)

interface OneLogProps {
  readonly of: LogOf
  readonly name: string
  /** When the attempt did, in ms. */
  readonly began: number
  readonly selection: Selection
}

function Log({ of, name, began, selection }: OneLogProps) {
  const { t } = useTranslation()
  const [times, setTimes] = useLineTimes()
  const log = useLogLines(of)
  const { extent } = log
  const [follow, setFollow] = useState(selection.line === undefined)
  const search = useSearchIn(of, extent?.size ?? 0)
  const target = search.match?.number ?? selection.line
  useShortcuts(
    useMemo<readonly Shortcut[]>(() => [{ keys: 'l', label: t('run.keys.follow'), run: () => setFollow(true) }], [t]),
  )
  return (
    <div className={classes['frame']}>
      <Group gap={6} px="xs" py={6} wrap="nowrap" className={classes['tools'] ?? ''}>
        <SearchField search={search} onUse={() => setFollow(false)} />
        <span className={classes['spring']} />
        {extent !== null && (
          <Text c="dimmed" fz="xs" className="numbers" visibleFrom="xs" data-testid="log-lines">
            {t('run.log.lines', {
              count: extent.total,
              replace: { count: new Intl.NumberFormat(language()).format(extent.total) },
            })}
          </Text>
        )}
        {selection.line !== undefined && (
          <Tooltip label={t('run.log.copyLink')}>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={t('run.log.copyLink')}
              onClick={() => {
                void navigator.clipboard?.writeText(window.location.href)
                notifications.show({ message: t('run.log.copied'), autoClose: 2_000 })
              }}
            >
              <IconLink size={16} />
            </ActionIcon>
          </Tooltip>
        )}
        <TimesMenu times={times} onChange={setTimes} />
        <Tooltip label={t('run.log.download')}>
          <ActionIcon
            component="a"
            variant="subtle"
            color="gray"
            href={`/api/v1/runs/${of.run}/nodes/${of.node}/log?attempt=${of.attempt}`}
            download={`${name}-${of.attempt}.log`}
            aria-label={t('run.log.download')}
          >
            <IconDownload size={16} />
          </ActionIcon>
        </Tooltip>
        <Button
          size="compact-xs"
          variant={follow ? 'light' : 'default'}
          aria-pressed={follow}
          leftSection={<IconArrowBarToDown size={14} />}
          onClick={() => setFollow(!follow)}
        >
          {t('run.log.follow')}
        </Button>
      </Group>
      {log.failed && (
        <Text c="var(--bad)" fz="xs" px="sm" py={4} role="status">
          {t('run.log.failed')}
        </Text>
      )}
      {extent !== null && extent.total === 0 && (
        <Note>{extent.ended ? t('run.log.empty') : t('run.log.emptyYet')}</Note>
      )}
      {extent !== null && extent.total > 0 && (
        <Lines
          log={log}
          total={extent.total}
          label={t('run.log.label', { name, attempt: of.attempt })}
          target={target}
          chosen={selection.line}
          times={times}
          began={began}
          follow={follow && search.match === undefined}
          onFollow={setFollow}
          onChoose={(line) => {
            setFollow(false)
            selection.change({ line }, { replace: true })
          }}
        />
      )}
    </div>
  )
}

interface LinesProps {
  readonly log: LogState
  readonly total: number
  readonly label: string
  /** A line to be brought into sight. */
  readonly target: number | undefined
  readonly chosen: number | undefined
  readonly times: LineTimes
  readonly began: number
  readonly follow: boolean
  readonly onFollow: (follow: boolean) => void
  readonly onChoose: (line: number) => void
}

function Lines({ log, total, label, target, chosen, times, began, follow, onFollow, onChoose }: LinesProps) {
  const { t } = useTranslation()
  const scroller = useRef<HTMLDivElement>(null)
  const lastBase = Math.max(0, total - PIECE_LINES)
  const [piece, setPiece] = useState<number | null>(null)
  /** Lines before the piece that is shown. */
  const base = Math.min(follow ? lastBase : (piece ?? lastBase), lastBase)
  const count = Math.min(total - base, PIECE_LINES)
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE,
    overscan: 2,
  })
  const items = virtual.getVirtualItems()
  const first = items[0]
  const last = items.at(-1)
  const { need, round } = log
  useEffect(() => {
    if (first !== undefined && last !== undefined) need(base + first.index + 1, base + last.index + 1)
  }, [need, round, base, first?.index, last?.index, total])

  useLayoutEffect(() => {
    if (follow) virtual.scrollToIndex(count - 1, { align: 'end' })
  }, [follow, count, virtual])
  useLayoutEffect(() => {
    if (target === undefined || target > total) return
    if (target <= base || target > base + count) {
      setPiece(Math.max(0, Math.min(lastBase, target - PIECE_LINES / 2)))
      return
    }
    virtual.scrollToIndex(target - base - 1, { align: 'center' })
  }, [target, base, target !== undefined && target <= total])

  // Whoever scrolls up wants to read; at the end it follows again.
  const onScroll = (): void => {
    const element = scroller.current
    if (element === null) return
    const left = element.scrollHeight - element.scrollTop - element.clientHeight
    if (follow && left > 4 * LINE && userMoved.current) onFollow(false)
  }
  const userMoved = useRef(false)
  const moved = (): void => {
    userMoved.current = true
    setTimeout(() => (userMoved.current = false), 300)
  }

  // Where every word of every line has a colour, each line keeps its first ones.
  const wanted = items.reduce((sum, { index }) => sum + elementsOf(piecesOf(log.line(base + index + 1)?.text ?? '')), 0)
  const colours = wanted <= COLOURS_MAX ? COLOURS_MAX : Math.floor(COLOURS_MAX / Math.max(1, items.length))
  const digits = String(total).length
  const choose = (event: React.MouseEvent<HTMLDivElement>): void => {
    const row = (event.target as Element).closest<HTMLElement>('[data-n]')
    const number = Number(row?.dataset['n'])
    const gutter = (digits + 2 + (times === 'off' ? 0 : TIME_WIDTHS[times] + 1)) * 7.5 + 8
    if (row !== null && Number.isSafeInteger(number) && event.clientX - row.getBoundingClientRect().left < gutter)
      onChoose(number)
  }
  return (
    <div
      ref={scroller}
      className={classes['scroller']}
      role="log"
      aria-label={label}
      aria-live="off"
      tabIndex={0}
      onScroll={onScroll}
      onWheel={moved}
      onTouchMove={moved}
      onKeyDown={moved}
      onPointerDown={moved}
      onClick={choose}
      data-testid="log"
      style={{ '--digits': digits + (times === 'off' ? 0 : TIME_WIDTHS[times] + 1) } as React.CSSProperties}
    >
      {base > 0 && (
        <button type="button" className={classes['turn']} onClick={() => setPiece(Math.max(0, base - PIECE_LINES / 2))}>
          {t('run.log.earlier', { line: base + 1 })}
        </button>
      )}
      <div className={classes['lines']} style={{ height: virtual.getTotalSize() }}>
        {items.map(({ index, start }) => {
          const number = base + index + 1
          const line = log.line(number)
          return (
            <Row
              key={number}
              number={number}
              text={line?.text}
              pieces={fewPieces(piecesOf(line?.text ?? ''), colours)}
              time={lineTime(times, line?.at ?? null, began)}
              bytes={line?.bytes ?? 0}
              top={start}
              isChosen={number === chosen}
              isFound={number === target}
            />
          )
        })}
      </div>
      {base + count < total && (
        <button
          type="button"
          className={classes['turn']}
          onClick={() => setPiece(Math.min(lastBase, base + PIECE_LINES / 2))}
        >
          {t('run.log.later', { line: base + count })}
        </button>
      )}
    </div>
  )
}

interface RowProps {
  readonly number: number
  /** undefined: not there yet. */
  readonly text: string | undefined
  readonly pieces: readonly Piece[]
  /** Beside its number; empty: none. */
  readonly time: string
  readonly bytes: number
  readonly top: number
  readonly isChosen: boolean
  readonly isFound: boolean
}

const Row = memo(function Row({ number, text, pieces, time, bytes, top, isChosen, isFound }: RowProps) {
  const { t } = useTranslation()
  const isCut = text !== undefined && bytes > 8_192
  return (
    <div
      className={classes['row']}
      style={{ transform: `translateY(${top}px)` }}
      data-n={number}
      data-gutter={time === '' ? number : `${number} ${time}`}
      data-chosen={isChosen}
      data-found={isFound}
      data-missing={text === undefined}
    >
      {pieces.map(({ text: piece, look }, index) =>
        look === '' ? (
          piece
        ) : (
          <span key={index} className={lookClasses(look)}>
            {piece}
          </span>
        ),
      )}
      {isCut && <i>{t('run.log.cut', { size: sizeText(bytes) })}</i>}
    </div>
  )
})

function TimesMenu({ times, onChange }: { readonly times: LineTimes; readonly onChange: (times: LineTimes) => void }) {
  const { t } = useTranslation()
  useShortcuts(
    useMemo<readonly Shortcut[]>(
      () => [
        {
          keys: 't',
          label: t('run.keys.times'),
          run: () => onChange(LINE_TIMES[(LINE_TIMES.indexOf(times) + 1) % LINE_TIMES.length] ?? 'off'),
        },
      ],
      [t, times, onChange],
    ),
  )
  return (
    <Menu position="bottom-end" width={210}>
      <Menu.Target>
        <ActionIcon
          variant={times === 'off' ? 'subtle' : 'light'}
          color={times === 'off' ? 'gray' : 'mill'}
          aria-label={t('run.log.times.label')}
          title={t('run.log.times.label')}
        >
          <IconClock size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {LINE_TIMES.map((one) => (
          <Menu.Item
            key={one}
            leftSection={<IconCheck size={16} aria-hidden visibility={one === times ? 'visible' : 'hidden'} />}
            onClick={() => onChange(one)}
          >
            {t(`run.log.times.${one}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

const lookClasses = (look: string): string =>
  look
    .split(' ')
    .map((name) => classes[name] ?? '')
    .join(' ')

const sizeText = (bytes: number): string =>
  new Intl.NumberFormat(language(), {
    style: 'unit',
    unit: bytes < 1_000_000 ? 'kilobyte' : 'megabyte',
    maximumFractionDigits: 1,
  }).format(bytes < 1_000_000 ? bytes / 1_000 : bytes / 1_000_000)

const MATCHES = 1_000
const TYPING_MS = 250

interface SearchIn {
  readonly text: string
  readonly setText: (text: string) => void
  readonly match: { readonly number: number } | undefined
  readonly at: number
  readonly count: number
  readonly more: boolean
  /** The answer is on its way. */
  readonly isSearching: boolean
  /** Why there is none. */
  readonly problem: Error | null
  readonly step: (by: 1 | -1) => void
}

/** @param size of the log: what grew is looked at again when somebody asks for the next place. */
function useSearchIn({ run, node, attempt }: LogOf, size: number): SearchIn {
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const [wanted] = useDebouncedValue(text, TYPING_MS)
  const found = useQuery({
    queryKey: ['log-search', run, node, attempt, wanted],
    queryFn: ({ signal }) => client.logs.search(run, node, wanted, { attempt, limit: MATCHES, signal } as never),
    enabled: wanted !== '' && size > 0,
    gcTime: 10_000,
  })
  useEffect(() => setAt(0), [wanted])
  const items = wanted === '' || text === '' ? [] : (found.data?.items ?? [])
  return {
    text,
    setText,
    match: items[at],
    at,
    count: items.length,
    more: found.data?.next != null,
    isSearching: text !== wanted || found.isPending,
    problem: found.error,
    step: (by) => setAt((before) => (items.length === 0 ? 0 : (before + by + items.length) % items.length)),
  }
}

function SearchField({ search, onUse }: { readonly search: SearchIn; readonly onUse: () => void }) {
  const { t } = useTranslation()
  const { text, count, at, more, isSearching, problem } = search
  const said = (): string => {
    if (isSearching) return t('run.log.searching')
    if (problem !== null) return problemText(t, problem)
    if (count === 0) return t('run.log.noMatch')
    return t(more ? 'run.log.countMore' : 'run.log.count', { at: at + 1, count })
  }
  return (
    <>
      <TextInput
        data-search
        size="xs"
        w={200}
        leftSection={<IconSearch size={14} />}
        placeholder={t('run.log.search')}
        aria-label={t('run.log.search')}
        value={text}
        maxLength={256}
        onChange={({ currentTarget }) => {
          onUse()
          search.setText(currentTarget.value)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') search.step(event.shiftKey ? -1 : 1)
          if (event.key === 'Escape') {
            search.setText('')
            event.currentTarget.blur()
          }
        }}
      />
      {text !== '' && (
        <>
          <Text c="dimmed" fz="xs" className="numbers" role="status" data-testid="log-matches">
            {said()}
          </Text>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={t('run.log.previous')}
            disabled={count === 0}
            onClick={() => search.step(-1)}
          >
            <IconArrowUp size={14} />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={t('run.log.next')}
            disabled={count === 0}
            onClick={() => search.step(1)}
          >
            <IconArrowDown size={14} />
          </ActionIcon>
        </>
      )}
    </>
  )
}
