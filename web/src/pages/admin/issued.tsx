import { Alert, Stack, Text } from '@mantine/core'
import { IconKey } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { CopyText } from '../../ui/copy-text.tsx'

export interface IssuedPart {
  readonly name: string
  readonly text: string
}

/** What the server tells only once; it stays until somebody says that they have it. */
export function Issued({
  parts,
  onClose,
}: {
  readonly parts: readonly IssuedPart[] | null
  readonly onClose: () => void
}) {
  const { t } = useTranslation()
  if (parts === null) return null
  return (
    <Alert
      mx="md"
      mb="md"
      color="teal"
      variant="light"
      icon={<IconKey size={18} />}
      title={t('admin.shownOnce')}
      withCloseButton
      closeButtonLabel={t('app.keyboard.close')}
      onClose={onClose}
      data-testid="issued"
    >
      <Stack gap={6}>
        {parts.map(({ name, text }) => (
          <div key={name}>
            <Text fz="xs" fw={600}>
              {name}
            </Text>
            <CopyText text={text} />
          </div>
        ))}
      </Stack>
    </Alert>
  )
}
