import { Alert, Button, Group, Table, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import classes from '../../ui/page.module.css'
import { Section } from '../../ui/page.tsx'
import { problemText } from '../../ui/said.ts'
import { Failed, Loading } from '../../ui/states.tsx'

/** Of a query, what is needed here. */
interface Read<Item> {
  readonly isPending: boolean
  readonly isError: boolean
  readonly error: unknown
  readonly data: { readonly items: readonly Item[] } | undefined
  readonly refetch: () => unknown
}

interface Part<Item> {
  readonly title: string
  readonly columns: readonly string[]
  readonly query: Read<Item>
  readonly row: (item: Item) => ReactNode
  /** Above the table: how to make one. */
  readonly form?: ReactNode
  /** Said where there is nothing. */
  readonly none?: string
  /** There are more of them than are shown. */
  readonly more?: (() => void) | undefined
}

/** A form, and a table of what there is. */
export function Part<Item>({ title, columns, query, row, form, none, more }: Part<Item>) {
  const { t } = useTranslation()
  return (
    <Section title={title} headless>
      {form}
      {query.isPending && <Loading />}
      {query.isError && query.data === undefined && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {query.data?.items.length === 0 && (
        <Text c="dimmed" px="md" pt="xs" pb="lg">
          {none ?? t('admin.none')}
        </Text>
      )}
      {query.data !== undefined && query.data.items.length > 0 && (
        <Table.ScrollContainer
          minWidth={columns.length * 110}
          scrollAreaProps={{ viewportProps: { tabIndex: 0, 'aria-label': title, role: 'region' } }}
        >
          <Table highlightOnHover verticalSpacing={8} horizontalSpacing="md" className={classes['table'] ?? ''}>
            <Table.Thead>
              <Table.Tr>
                {columns.map((column, index) => (
                  <Table.Th
                    key={column === '' ? index : column}
                    aria-label={column === '' ? t('admin.what') : undefined}
                  >
                    {column}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>{query.data.items.map(row)}</Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {more !== undefined && (
        <Button m="sm" variant="default" onClick={more}>
          {t('admin.more')}
        </Button>
      )}
    </Section>
  )
}

interface MakeForm {
  readonly submit: string
  readonly onSubmit: () => Promise<void>
  readonly children: ReactNode
}

/** Fields in a line, a button, and what the server says against it. */
export function MakeForm({ submit, onSubmit, children }: MakeForm) {
  const { t } = useTranslation()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        setBusy(true)
        setProblem(null)
        onSubmit()
          .catch((error: unknown) => setProblem(problemText(t, error)))
          .finally(() => setBusy(false))
      }}
    >
      <Group p="md" align="flex-end" gap="sm">
        {children}
        <Button type="submit" loading={busy}>
          {submit}
        </Button>
      </Group>
      {problem !== null && (
        <Alert color="red" variant="light" mx="md" mb="md" role="alert">
          {problem}
        </Alert>
      )}
    </form>
  )
}
