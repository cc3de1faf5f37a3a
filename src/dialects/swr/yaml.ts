import { stringify } from 'yaml'
import type { ScalarTag } from 'yaml'
import { WireTime } from './time.ts'

const timeTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:timestamp',
  default: true,
  identify: (value) => value instanceof WireTime,
  resolve: (text) => text,
  stringify: ({ value }) => (value as WireTime).text,
}

/**
 * The vendor's YAML (go-yaml's): keys sorted at every level, sequences at the column of their key, literal blocks
 * for text of several lines, no document markers. Text that a YAML 1.1 reader would take for a number, a boolean or
 * a time is quoted.
 */
export const toYaml = (value: unknown): string =>
  stringify(value, {
    sortMapEntries: true,
    indentSeq: false,
    lineWidth: 0,
    blockQuote: 'literal',
    compat: 'yaml-1.1',
    aliasDuplicateObjects: false,
    customTags: [timeTag],
  })
