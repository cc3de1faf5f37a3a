import { Kbd, Modal, Stack, Table, Text, Title } from '@mantine/core'
import { useLayoutEffect, useRef, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'

/** A key or two pressed one after the other (`g h`), what it does, and its name for the help. */
export interface Shortcut {
  readonly keys: string
  readonly label: string
  readonly run: () => void
  /** Of the whole page, not of what is shown now. */
  readonly everywhere?: boolean
}

let active: readonly (readonly Shortcut[])[] = []
const listeners = new Set<() => void>()
const setActive = (next: typeof active): void => {
  active = next
  for (const listener of listeners) listener()
}

/**
 * Takes these keys while the component is shown, from the moment on where it can be seen. What they do may change with
 * every drawing, which keys they are may not.
 */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts)
  useLayoutEffect(() => {
    latest.current = shortcuts
  })
  const names = shortcuts.map(({ keys, label }) => `${keys} ${label}`).join('\n')
  useLayoutEffect(() => {
    const mine = latest.current.map((shortcut, index) => ({ ...shortcut, run: () => latest.current[index]?.run() }))
    setActive([...active, mine])
    return () => setActive(active.filter((one) => one !== mine))
  }, [names])
}

/** Between the keys of a pair. */
const PAIR_MS = 1_200

/** Listens to the keys of the whole page; called once. */
export function useKeyboard(): void {
  useLayoutEffect(() => {
    let before = { key: '', at: 0 }
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return
      // Behind a dialog nothing is steered.
      if (document.querySelector('[role=dialog][aria-modal=true]') !== null) return
      const pair = event.timeStamp - before.at < PAIR_MS ? `${before.key} ${event.key}` : ''
      const all = active.flat().toReversed()
      const found = all.find(({ keys }) => keys === pair) ?? all.find(({ keys }) => keys === event.key)
      before = { key: event.key, at: event.timeStamp }
      if (found === undefined) return
      event.preventDefault()
      found.run()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))

export function KeyboardHelp({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const all = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => active,
  ).flat()
  const here = all.filter(({ everywhere }) => everywhere !== true)
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('app.keyboard.title')}
      closeButtonProps={{ 'aria-label': t('app.keyboard.close') }}
      size="md"
    >
      <Stack>
        {here.length > 0 && <Keys title={t('app.keyboard.here')} shortcuts={here} />}
        <Keys title={t('app.keyboard.everywhere')} shortcuts={all.filter(({ everywhere }) => everywhere === true)} />
      </Stack>
    </Modal>
  )
}

function Keys({ title, shortcuts }: { readonly title: string; readonly shortcuts: readonly Shortcut[] }) {
  const { t } = useTranslation()
  return (
    <div>
      <Title order={3} mb={4}>
        {title}
      </Title>
      <Table>
        <Table.Tbody>
          {shortcuts.map(({ keys, label }) => (
            <Table.Tr key={keys}>
              <Table.Td w={120}>
                {keys.split(' ').map((key, index) => (
                  <span key={key}>
                    {index > 0 && <Text span c="dimmed" size="xs">{` ${t('app.keyboard.between')} `}</Text>}
                    <Kbd>{key}</Kbd>
                  </span>
                ))}
              </Table.Td>
              <Table.Td>{label}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}
