import { Button, Modal, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FormEnd } from './form-end.tsx'
import { problemText } from './said.ts'
import { WithCode } from './with-code.tsx'

interface ConfirmButton {
  /** On the button. */
  readonly label: string
  /** With what it is about: said to who does not see the row, and over the question. */
  readonly title: string
  /** What will happen, before it does. */
  readonly will: string
  readonly isDanger?: boolean
  readonly act: () => Promise<unknown>
}

/** A button that says what will happen before it does it, and what the server says against it. */
export function ConfirmButton({ label, title, will, isDanger = false, act }: ConfirmButton) {
  const { t } = useTranslation()
  const [opened, setOpened] = useState(false)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const close = (): void => {
    setOpened(false)
    setProblem(null)
  }
  const agree = async (): Promise<void> => {
    setBusy(true)
    setProblem(null)
    try {
      await act()
      close()
    } catch (error) {
      setProblem(problemText(t, error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <Button size="xs" variant="default" aria-label={title} onClick={() => setOpened(true)}>
        {label}
      </Button>
      <Modal opened={opened} onClose={close} title={title} closeButtonProps={{ 'aria-label': t('app.confirm.back') }}>
        <Stack>
          <Text fz="sm" data-testid="what-will-happen">
            <WithCode text={will} />
          </Text>
          <FormEnd
            problem={problem}
            submit={label}
            busy={busy}
            isDanger={isDanger}
            onBack={close}
            onSubmit={() => void agree()}
          />
        </Stack>
      </Modal>
    </>
  )
}
