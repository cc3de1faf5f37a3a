import { MissingTool, type ExecOptions, type ExecResult, type StepContext } from '../step.ts'
import type { AttemptResult } from '../../model/command.ts'

/** How a program ended that did not succeed, thrown from deep inside. */
export class ProgramFailed extends Error {
  override readonly name = 'ProgramFailed'
  readonly result: Extract<AttemptResult, { kind: 'failed' }>

  constructor(result: Extract<AttemptResult, { kind: 'failed' }>) {
    super('a program failed')
    this.result = result
  }
}

/**
 * Runs a program that must succeed.
 * @returns its standard output, when `capture` is asked for.
 * @throws ProgramFailed when it ends otherwise, MissingTool when it is not there.
 */
export async function must(
  context: StepContext,
  argv: readonly [string, ...string[]],
  options: ExecOptions = {},
): Promise<string> {
  return succeeded(await context.exec(argv, options))
}

/** The same of one that has ended. */
export function succeeded(ended: ExecResult): string {
  switch (ended.kind) {
    case 'not-found':
      throw new MissingTool(ended.program)
    case 'signalled':
      throw new ProgramFailed({ kind: 'failed', failure: { kind: 'signal', signal: ended.signal }, outputs: null })
    case 'exited':
      if (ended.code === 0) return ended.stdout
      throw new ProgramFailed({ kind: 'failed', failure: { kind: 'exit-code', code: ended.code }, outputs: null })
  }
}
