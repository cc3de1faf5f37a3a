import type { Attention, Client, Run, Task } from '../client/client.ts'
import type { Local } from '../compose.ts'
import { quoted, tasksOf } from './names.ts'
import { safe } from './output.ts'
import type { Terminal } from './terminal.ts'

/** What is done about the things that only a person can decide, in a run that nobody else can see. */
export interface Person {
  readonly client: Client
  readonly local: Pick<Local, 'decide'>
  readonly terminal: Terminal
  readonly say: (line: string) => void
  /** Yes to every review. */
  readonly approve: boolean
  /** Aborted when the run is being cancelled: nothing is asked any more. */
  readonly cancelling: AbortSignal
}

/**
 * Decides what the run waits for, as far as it can be decided here. Questions are asked only when nothing else is at
 * work, so that nothing is printed into them.
 * @returns false when a person is needed and none is there.
 */
export async function decide(person: Person, run: Run): Promise<boolean> {
  const { terminal, approve, cancelling } = person
  if (run.ended || run.cancelling !== null || cancelling.aborted) return true
  if (approve) {
    const reviews = run.attention.filter(({ kind }) => kind === 'review')
    for (const review of reviews) await approveAs(person, run, review)
    if (reviews.length > 0) return true
  }
  const [first] = run.attention
  if (first === undefined || !isStuck(run)) return true
  if (!terminal.inIsTty) return false
  return ask(person, run, first)
}

const isStuck = ({ status }: Run): boolean => status === 'reviewing' || status === 'held' || status === 'waiting'

async function ask(person: Person, run: Run, attention: Attention): Promise<boolean> {
  const { client, terminal, say, cancelling } = person
  const { node, kind } = attention
  if (node === null) return false
  const task = tasksOf(run).find(({ id }) => id === node.id)
  const question = safe(task?.review?.question ?? '')
  const [text, words] =
    kind === 'review'
      ? [`${safe(node.name)}${question === '' ? '' : `: ${question}`}`, ['approve', 'reject', 'cancel'] as const]
      : [`${safe(node.name)} has failed`, ['retry', 'skip', 'cancel'] as const]
  const word = await askWord(terminal, text, words, cancelling)
  switch (word) {
    case undefined:
      return true
    case 'approve':
      await approveAs(person, run, attention)
      return true
    case 'reject':
      await person.local.decide(run.id, node.id, 'reject', reviewersOf(task)[0] ?? 'local')
      return true
    case 'retry':
    case 'skip':
      await client.nodes.act(run.id, node.id, word)
      return true
    case 'cancel':
      say('cancelling')
      await client.runs.act(run.id, 'cancel', { reason: `cancelled at ${quoted(node.name)}` })
      return true
  }
}

/** The first letter is enough. undefined: the run is being cancelled, or nobody answers any more. */
async function askWord<Word extends string>(
  terminal: Terminal,
  text: string,
  words: readonly Word[],
  signal: AbortSignal,
): Promise<Word | 'cancel' | undefined> {
  for (;;) {
    const answer = await terminal.ask(`${text}? [${words.join('/')}] `, signal)
    if (answer === undefined) return signal.aborted ? undefined : 'cancel'
    const typed = answer.trim().toLowerCase()
    const found = typed === '' ? undefined : words.find((word) => word.startsWith(typed))
    if (found !== undefined) return found
  }
}

/** In the name of as many reviewers as it takes. */
async function approveAs({ local, say }: Person, run: Run, { node }: Attention): Promise<void> {
  const task = tasksOf(run).find(({ id }) => id === node?.id)
  const { review } = task ?? {}
  if (task === undefined || review === null || review === undefined) return
  const decided = new Set(review.decisions.map(({ by }) => by))
  const names = reviewersOf(task).filter((name) => !decided.has(name))
  for (const name of names.slice(0, review.required - review.decisions.length)) {
    const result = await local.decide(run.id, task.id, 'approve', name)
    if (!result.ok) return
    say(`  approved as ${safe(name)}`)
  }
}

/** Where anybody may decide, somebody is made up. */
const reviewersOf = (task: Task | undefined): readonly string[] => {
  const { reviewers = [], required = 1 } = task?.review ?? {}
  return reviewers.length > 0
    ? reviewers
    : Array.from({ length: required }, (_, index) => (index === 0 ? 'local' : `local ${index + 1}`))
}
