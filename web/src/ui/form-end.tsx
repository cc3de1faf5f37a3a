import { Alert, Button, Group } from '@mantine/core'
import { useTranslation } from 'react-i18next'

interface FormEnd {
  /** What the server, or the page, says against it. */
  readonly problem: string | null
  readonly submit: string
  readonly busy: boolean
  readonly isDanger?: boolean
  readonly onBack: () => void
  /** Without it the button submits its form. */
  readonly onSubmit?: () => void
}

/** Under what is asked in a dialog: what is wrong, the way back, and the way on. */
export function FormEnd({ problem, submit, busy, isDanger = false, onBack, onSubmit }: FormEnd) {
  const { t } = useTranslation()
  return (
    <>
      {problem !== null && (
        <Alert color="red" variant="light" role="alert">
          {problem}
        </Alert>
      )}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onBack}>
          {t('app.confirm.back')}
        </Button>
        <Button
          type={onSubmit === undefined ? 'submit' : 'button'}
          loading={busy}
          {...(onSubmit === undefined ? {} : { onClick: onSubmit })}
          {...(isDanger ? { color: 'red.8' } : {})}
        >
          {submit}
        </Button>
      </Group>
    </>
  )
}
