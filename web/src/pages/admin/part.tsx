import { Alert, Button, Group, Table } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Section } from '../../ui/page.tsx'
import { Empty, Failed, Loading } from '../../ui/states.tsx'

interface Part<Item> {
  readonly title: string
  readonly columns: readonly string[]
  readonly query: UseQueryResult<{ readonly items: readonly Item[] }>
  readonly row: (item: Item) => ReactNode
  /** Above the table: how to make one. */
  readonly form?: ReactNode
}

/** A form, and a table of what there is. */
export function Part<Item>({ title, columns, query, row, form }: Part<Item>) {
  const { t } = useTranslation()
  return (
    <Section title={title} headless>
      {form}
      {query.isPending && <Loading />}
      {query.isError && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {query.data?.items.length === 0 && <Empty title={t('admin.none')} />}
      {query.data !== undefined && query.data.items.length > 0 && (
        <Table.ScrollContainer
          minWidth={columns.length * 110}
          scrollAreaProps={{ viewportProps: { tabIndex: 0, 'aria-label': title, role: 'region' } }}
        >
          <Table highlightOnHover verticalSpacing={8} horizontalSpacing="md">
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
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        setBusy(true)
        setProblem(null)
        onSubmit()
          .catch((error: unknown) => setProblem((error as Error).message))
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
