import type { JsonObject } from '../../../model/json.ts'
import { OWN_TRIGGER } from '../definition-text.ts'
import { flagOf, integerOf, objectOf, objectsOf, textOf } from '../fields.ts'

/**
 * Timers of a body: `schedule` of V2, and the items of Zadig, which are cron, a time of a day, or a gap. As its cron
 * service makes one of the other (pkg/microservice/cron, convertCronString). What is none of these is kept and does nothing.
 */
export function schedulesOf(body: JsonObject): readonly JsonObject[] {
  const schedules = objectOf(body, 'schedules')
  const items = flagOf(schedules, 'enabled') === true ? objectsOf(schedules, 'items') : []
  const timers = items
    .filter((item) => flagOf(item, 'enabled') !== false)
    .map((item) => ({ schedule: cronOf(item), ...paramsOf(item) }))
  return [{ schedule: textOf(body, 'schedule') }, ...timers]
    .filter(({ schedule }) => schedule !== '')
    .map((timer, place) => ({ ...timer, name: `${OWN_TRIGGER}-${place + 1}` }))
}

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const

/** Of one item; '': it says no time. */
export function cronOf(item: JsonObject): string {
  const frequency = textOf(item, 'frequency')
  switch (textOf(item, 'type')) {
    case 'timing': {
      const [, hour, minute] = /^(\d{1,2}):(\d{2})$/.exec(textOf(item, 'time')) ?? []
      const day = frequency === 'day' ? '*' : String(DAYS.findIndex((name) => name === frequency))
      if (hour === undefined || minute === undefined || Number(hour) > 23 || Number(minute) > 59 || day === '-1')
        return ''
      return `${Number(minute)} ${Number(hour)} * * ${day}`
    }
    case 'gap': {
      const number = integerOf(item, 'number')
      if (frequency === 'minutes') return number >= 1 && number < 60 ? `*/${number} * * * *` : ''
      return frequency === 'hours' && number >= 1 && number < 24 ? `0 */${number} * * *` : ''
    }
    default:
      return textOf(item, 'cron')
  }
}

/** Where to deploy to; of what else a timer of a workflow says, a trigger here has no words. */
function paramsOf(item: JsonObject): JsonObject {
  const namespace = textOf(objectOf(item, 'workflow_args'), 'namespace')
  return namespace === '' ? {} : { params: { deploy_env: namespace } }
}
