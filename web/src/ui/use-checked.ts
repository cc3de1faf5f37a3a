import { useQuery } from '@tanstack/react-query'
import { useDebouncedValue } from '@mantine/hooks'
import type { LocatedError } from '../../../src/client/client.ts'
import { client } from '../api/client.ts'

/** After the last key, before the server is asked. */
const PAUSE_MS = 350

export interface Checked {
  /** null: what stands there now has not been checked yet. */
  readonly errors: readonly LocatedError[] | null
  /** The last that are known, for the marks in the text. */
  readonly shown: readonly LocatedError[]
}

const NONE: readonly LocatedError[] = []

/** What the server says about a definition, a moment after it was last changed. */
export function useChecked(text: string): Checked {
  const [settled] = useDebouncedValue(text, PAUSE_MS)
  const checked = useQuery({
    queryKey: ['validate', settled],
    queryFn: () => client.validate(settled),
    enabled: settled.trim() !== '',
    staleTime: Infinity,
    gcTime: 10_000,
    placeholderData: (before) => before,
  })
  const shown = checked.data?.errors ?? NONE
  return { errors: settled === text && checked.isSuccess && !checked.isPlaceholderData ? shown : null, shown }
}
