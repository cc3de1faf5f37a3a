import { Button, Group, Menu, Tooltip } from '@mantine/core'
import { IconDots } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Run } from '../../../src/client/client.ts'
import { ActionDialog } from './action-dialog.tsx'
import type { Choice } from './actions.ts'

/** What can be done now, the most likely first; what cannot is grey and says why when it is pointed at or reached by Tab. */
export function ActionBar({
  run,
  choices,
  max,
}: {
  readonly run: Run
  readonly choices: readonly Choice[]
  readonly max: number
}) {
  const { t } = useTranslation()
  const [asked, setAsked] = useState<Choice | null>(null)
  const sorted = [
    ...choices.filter(({ whyNot }) => whyNot === null),
    ...choices.filter(({ whyNot }) => whyNot !== null),
  ]
  const shown = sorted.slice(0, max)
  const rest = sorted.slice(max)
  if (choices.length === 0) return null
  return (
    <Group gap={6}>
      {shown.map((choice) => (
        <Action key={choice.name} choice={choice} onAsk={setAsked} />
      ))}
      {rest.length > 0 && (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button size="compact-sm" variant="default" aria-label={t('run.act.more')} px={8}>
              <IconDots size={16} />
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {rest.map((choice) => (
              <Menu.Item
                key={choice.name}
                onClick={() => setAsked(choice)}
                disabled={choice.whyNot !== null}
                title={choice.whyNot ?? choice.will}
              >
                {choice.name}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
      <ActionDialog run={run} choice={asked} onClose={() => setAsked(null)} />
    </Group>
  )
}

function Action({ choice, onAsk }: { readonly choice: Choice; readonly onAsk: (choice: Choice) => void }) {
  const { name, whyNot, will, tone } = choice
  const look =
    whyNot !== null || tone === 'plain'
      ? { variant: 'default' }
      : tone === 'danger'
        ? { variant: 'light', color: 'red' }
        : { variant: 'filled' }
  return (
    <Tooltip label={whyNot ?? will} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
      <Button
        size="compact-sm"
        {...look}
        // Not `disabled`: who cannot use it must be able to read why.
        aria-disabled={whyNot !== null}
        aria-description={whyNot ?? will}
        {...(whyNot === null ? {} : { 'data-disabled': true })}
        onClick={() => whyNot === null && onAsk(choice)}
      >
        {name}
      </Button>
    </Tooltip>
  )
}
