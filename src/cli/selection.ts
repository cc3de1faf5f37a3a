import { type Command, Option } from 'commander'
import { PRIORITIES, type Priority } from '../model/priority.ts'
import { keysOption, type Params, pairsOption } from './params.ts'

/** What a new run may leave out, what it is called, and whether it goes before others. */
export interface SelectionOptions {
  readonly only?: readonly string[]
  readonly exclude?: readonly string[]
  readonly annotation?: Params
  readonly priority?: Priority
}

export const withSelection = (command: Command): Command =>
  command
    .addOption(keysOption('--only <key>', 'run only this stage or task, leave out the others'))
    .addOption(keysOption('--exclude <key>', 'leave out this stage or task'))
    .addOption(pairsOption('--annotation <key=value>', 'a free name of the run; title is what people call it'))
    .addOption(
      new Option('--priority <priority>', 'whose tasks go first when there is not room for all').choices(PRIORITIES),
    )

export const selectionOf = ({ only, exclude, annotation, priority }: SelectionOptions) => ({
  ...(only === undefined ? {} : { only }),
  ...(exclude === undefined ? {} : { exclude }),
  ...(annotation === undefined ? {} : { annotations: annotation }),
  ...(priority === undefined ? {} : { priority }),
})
