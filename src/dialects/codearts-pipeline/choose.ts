import type { PipelineDefinition } from '../../model/definition.ts'
import { quote } from '../kit/query.ts'
import { AT, originalOf } from './original.ts'
import { BadValue } from './read.ts'

/**
 * Which tasks a run is to do: those of the chosen jobs, with what comes before and after all jobs of their stage; of all
 * jobs, when none are chosen, but those that are never to run by themselves. Where stages are chosen it is only what is in
 * them: jobs of others are not, and of a stage with no chosen job it is all (SDKs: "`choose_stages` goes before
 * `choose_jobs`: jobs of a stage that is not chosen are ignored").
 * @throws BadValue
 */
export function chosenTasks(
  definition: PipelineDefinition,
  { chosenStages, chosenJobs }: { readonly chosenStages: readonly string[]; readonly chosenJobs: readonly string[] },
): { readonly only?: readonly string[]; readonly exclude?: readonly string[] } {
  const places = placesOf(definition)
  if (chosenStages.length > 0) {
    checkKnown('choose_stages', chosenStages, new Set(places.map(({ stage }) => stage)))
    const inStages = places.filter(({ stage }) => chosenStages.includes(stage))
    const isNamed = ({ job }: Place): boolean => job !== null && chosenJobs.includes(job)
    const withNamed = new Set(inStages.filter(isNamed).map(({ stage }) => stage))
    const isChosen = (place: Place): boolean =>
      place.job === null || (withNamed.has(place.stage) ? isNamed(place) : place.isSelected)
    return { only: inStages.filter(isChosen).map(({ key }) => key) }
  }
  if (chosenJobs.length > 0) {
    checkKnown('choose_jobs', chosenJobs, new Set(places.flatMap(({ job }) => job ?? [])))
    const stages = new Set(
      places.filter(({ job }) => job !== null && chosenJobs.includes(job)).map(({ stage }) => stage),
    )
    const isChosen = ({ job, stage }: Place): boolean => (job === null ? stages.has(stage) : chosenJobs.includes(job))
    return { only: places.filter(isChosen).map(({ key }) => key) }
  }
  const never = places.filter(({ isSelected }) => !isSelected).map(({ key }) => key)
  return never.length === 0 ? {} : { exclude: never }
}

interface Place {
  readonly key: string
  /** Identifiers, as the vendor's clients know them. */
  readonly stage: string
  /** null: before or after all jobs. */
  readonly job: string | null
  readonly isSelected: boolean
}

function placesOf(definition: PipelineDefinition): readonly Place[] {
  const original = originalOf(definition)
  return definition.stages.flatMap((stage) =>
    stage.tasks.map(({ key, annotations }): Place => {
      const [at = '', part = ''] = (annotations[AT] ?? '').split('.')
      const doc = original?.stages[Number(at)]
      if (doc === undefined) return { key, stage: stage.key, job: key, isSelected: true }
      const job = doc.jobs[Number(part)]
      return { key, stage: doc.identifier, job: job?.identifier ?? null, isSelected: job?.isSelected ?? true }
    }),
  )
}

function checkKnown(name: string, chosen: readonly string[], known: ReadonlySet<string>): void {
  const missing = chosen.find((identifier) => !known.has(identifier))
  if (missing !== undefined)
    throw new BadValue(`${name}: expected identifiers of the pipeline, found ${quote(missing)}`)
}
