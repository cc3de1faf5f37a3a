import { Anchor } from '@mantine/core'
import { IconGitCommit } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Run } from '../../../src/client/client.ts'

/** What a run is of: the commit, and where it is from. Of a run that no forge has told of, what its annotations say. */
export function Commit({ run }: { readonly run: Run }) {
  const { t } = useTranslation()
  const { change } = run.cause
  const sha = change?.sha ?? run.annotations['commit'] ?? run.annotations['sha'] ?? run.annotations['git/commit'] ?? ''
  if (sha === '') return null
  const text = (
    <>
      <IconGitCommit size={14} aria-hidden /> {change === undefined ? '' : `${placeOf(change)} `}
      {sha.slice(0, 12)}
    </>
  )
  const title = `${t('run.facts.commit')} ${sha}${change === undefined ? '' : `\n${change.message}`}`
  // The server takes nothing but http(s) addresses from a forge.
  if (change === undefined || change.url === '') return <span title={title}>{text}</span>
  return (
    <Anchor href={change.url} title={title} fz="xs" c="inherit" underline="always" target="_blank" rel="noreferrer">
      {text}
    </Anchor>
  )
}

function placeOf({ kind, branch, tag, source_branch, number }: NonNullable<Run['cause']['change']>): string {
  if (kind === 'merge_request') return `#${number ?? '?'} ${source_branch ?? ''} → ${branch ?? ''}`
  return (kind === 'tag' ? tag : branch) ?? ''
}
