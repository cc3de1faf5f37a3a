import { Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { projectsQuery } from '../api/queries.ts'

interface ProjectSelect {
  readonly value: string | undefined
  readonly onChange: (name: string | undefined) => void
}

/** One project, or all; not there while there is only one. */
export function ProjectSelect({ value, onChange }: ProjectSelect) {
  const { t } = useTranslation()
  const { data } = useQuery(projectsQuery)
  const names = data?.items.map(({ name }) => name) ?? []
  if (names.length < 2 && value === undefined) return null
  return (
    <Select
      aria-label={t('home.filter.project')}
      placeholder={t('home.filter.all')}
      w={170}
      clearable
      searchable={names.length > 8}
      data={names.includes(value ?? '') || value === undefined ? names : [...names, value]}
      value={value ?? null}
      onChange={(name) => onChange(name ?? undefined)}
    />
  )
}
