import type { Run, Task } from '../client/client.ts'

/** How people call a run: `release#12`. */
export const runName = ({ pipeline, number }: Pick<Run, 'pipeline' | 'number'>): string => `${pipeline.name}#${number}`

/** A word for a shell, as it is where it can be. */
export const quoted = (text: string): string =>
  /^[\w./:@%+=,#-]+$/.test(text) && !text.startsWith('#') ? text : `'${text.replaceAll("'", "'\\''")}'`

export const tasksOf = (run: Run): readonly Task[] => run.stages.flatMap(({ tasks }) => tasks)
