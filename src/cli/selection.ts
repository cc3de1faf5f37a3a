import type { Command } from 'commander'
import { keysOption, type Params, pairsOption } from './params.ts'

/** What a new run may leave out, and what it is called. */
export interface SelectionOptions {
  readonly only?: readonly string[]
  readonly exclude?: readonly string[]
  readonly annotation?: Params
}

export const withSelection = (command: Command): Command =>
  command
    .addOption(keysOption('--only <key>', 'run only this stage or task, leave out the others'))
    .addOption(keysOption('--exclude <key>', 'leave out this stage or task'))
    .addOption(pairsOption('--annotation <key=value>', 'a free name of the run; title is what people call it'))

export const selectionOf = ({ only, exclude, annotation }: SelectionOptions) => ({
  ...(only === undefined ? {} : { only }),
  ...(exclude === undefined ? {} : { exclude }),
  ...(annotation === undefined ? {} : { annotations: annotation }),
})
