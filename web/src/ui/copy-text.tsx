import { ActionIcon, Code, Group } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

/** Text to take elsewhere, with a button that copies it. */
export function CopyText({ text }: { readonly text: string }) {
  const { t } = useTranslation()
  const clipboard = useClipboard({ timeout: 2_000 })
  const label = clipboard.copied ? t('app.copy.copied') : t('app.copy.copy')
  return (
    <Group gap={6} wrap="nowrap" align="center">
      <Code style={{ overflowWrap: 'anywhere' }}>{text}</Code>
      <ActionIcon variant="subtle" color="gray" onClick={() => clipboard.copy(text)} aria-label={label} title={label}>
        {clipboard.copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
      </ActionIcon>
    </Group>
  )
}
